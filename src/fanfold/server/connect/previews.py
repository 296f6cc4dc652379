"""What a recipe would do, for whoever asks before it is done: its entries in their order, and what they would ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from fanfold.engine import Plan
from fanfold.engine.fetching.graph import Node
from fanfold.engine.fetching.plan import FetchPlan, path_of
from fanfold.entries import Fetch
from fanfold.errors import RequestError
from fanfold.expressions.placeholders import Template, fill
from fanfold.model import Answer, Call, Refusal

Describe = Callable[[Call], Mapping[str, Any]]
"""What would go out for a call, without credentials; empty where that cannot be known."""

_encode = msgspec.json.Encoder().encode


def preview_of(plan: Plan, refusals: Sequence[Refusal], describe: Describe) -> Answer:
    """The plan of a recipe as JSON. How often an entry is run is known only when its parents have given something."""
    fetch = plan.fetch
    if fetch is None:
        raise TypeError("this is no plan of a recipe")
    shown = {
        "entries": [_entry(node, fetch, describe) for node in fetch.nodes],
        "waves": fetch.waves,
        "caps": msgspec.to_builtins(fetch.recipe.caps),
        "refused_by": [{"limit": one.limit, "retry_after": one.retry_after} for one in refusals],
    }
    return Answer(200, _encode({"plan": shown}), trusted=True)


def _entry(node: Node, fetch: FetchPlan, describe: Describe) -> dict[str, Any]:
    entry = node.entry
    titles = [one.entry.title for one in fetch.nodes]
    shown: dict[str, Any] = {"name": entry.title, "type": entry.kind}
    if entry.kind == "request":
        shown |= {"resource": entry.resource, "method": entry.method}
    shown |= {
        "wave": node.wave,
        "depends_on": [titles[place] for place in (*node.fan, *node.after)],
        "for_each": [titles[place] for place in node.fan],
        "loops": node.loops,
        "recurses": entry.recurse is not None,
        "included": entry.included,
    }
    found = fetch.found[node.index]
    if isinstance(found, RequestError):
        shown["error"] = {"statusCode": found.status, "message": found.message}
    elif found is not None:
        request = describe(_call(node, fetch, *found))
        if request:
            shown["request"] = dict(request)
    return shown


def _call(node: Node, fetch: FetchPlan, endpoint: Any, params: tuple[str, ...]) -> Call:
    """The call as far as it is known now: what comes of other entries stands in it as it was written."""
    recipe, entry = fetch.recipe, node.entry
    scope = {**recipe.context, "args": recipe.args, "resources": {}}
    query = _filled(node.texts.query, scope)
    asked = Fetch(str(_filled(node.texts.id, scope) or ""), query or {}, _filled(node.texts.body, scope))
    path = path_of(recipe, entry.resource)
    return Call(entry.method, path, (), asked, (), fetch.caller, endpoint, params)


def _filled(template: Template | None, scope: Mapping[str, Any]) -> Any:
    return None if template is None else fill(template, scope)
