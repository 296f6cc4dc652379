"""What a recipe would do, for whoever asks before it is done: its graph, and the calls that can be named already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from fanfold.engine.fetching.asks import fetch_of
from fanfold.engine.fetching.graph import Node
from fanfold.engine.fetching.jobs import Job, State
from fanfold.engine.fetching.plan import FetchPlan, path_of
from fanfold.engine.fetching.sources import once
from fanfold.engine.plan import Step
from fanfold.engine.runs import Run
from fanfold.entries import Fetch
from fanfold.errors import RequestError
from fanfold.model import Action, Call, Endpoint

MAX_NAMED = 100
"""Calls of one entry that are named."""

Describe = Callable[[Call], Mapping[str, Any]]


def preview(plan: FetchPlan, describe: Describe | None = None) -> dict[str, Any]:
    """The graph, and the calls that depend on nothing that is not known yet. Nothing is called.

    ``describe`` says of a call which request it would be.
    """
    named = [_named(node, plan, describe) for node in plan.nodes]
    calls = [call for calls, _ in named for call in calls]
    return {
        "resources": [_shown(node, plan) for node in plan.nodes],
        "waves": plan.waves if plan.nodes else 0,
        "calls": calls,
        "cost": {
            "requests": 1,
            "calls": {"at_least": sum(number for _, number in named), "at_most": plan.recipe.caps.calls},
        },
    }


def _shown(node: Node, plan: FetchPlan) -> dict[str, Any]:
    entry = node.entry
    shown: dict[str, Any] = {"index": entry.index, "type": entry.kind}
    if entry.name:
        shown["name"] = entry.name
    if entry.kind == "request":
        shown |= {"resource": entry.resource, "method": entry.method}
    found = plan.found[_place(node, plan)]
    shown |= {
        "runs": _runs(node, plan),
        "depends_on": [plan.nodes[place].entry.title for place in (*node.fan, *node.after)],
        "wave": node.wave,
        "included": entry.included,
    }
    if isinstance(found, RequestError):
        shown["error"] = {"statusCode": found.status, "message": found.message}
    return shown


def _runs(node: Node, plan: FetchPlan) -> str:
    """How often an entry is run, in words."""
    entry = node.entry
    of = " and ".join(repr(plan.nodes[place].entry.title) for place in node.fan)
    if entry.group is not None:
        return f"once for each {entry.group.size} values" + (f" of {of}" if of else "")
    if not of:
        words = "once"
    elif node.whole:
        words = f"once with all of {of}"
    elif entry.kind == "transform" and not plan.nodes[node.fan[0]].bare:
        words = f"once for each page of {of}"
    elif entry.kind == "transform":
        words = f"once with what {of} gives"
    else:
        words = f"once for each record of {of}"
    return f"{words}, for each element of {entry.loop_on}" if node.loops else words


def _place(node: Node, plan: FetchPlan) -> int:
    return next(place for place, one in enumerate(plan.nodes) if one is node)


def _named(node: Node, plan: FetchPlan, describe: Describe | None) -> tuple[list[dict[str, Any]], int]:
    """The calls of an entry that can be named, and how many it makes at least."""
    found = plan.found[_place(node, plan)]
    entry = node.entry
    if entry.kind != "request" or node.fan or isinstance(found, RequestError) or found is None:
        return [], 0
    scope = {**plan.recipe.context, "args": plan.recipe.args, "resources": {}}
    state = State(node, Run(Step(Action("", "")), 0), path=path_of(plan.recipe, entry.resource))
    calls = [_call(job, plan, found, describe) for job in islice(once(state, scope), MAX_NAMED)]
    sure = not any(name == "run_if" for name, _ in node.texts.asked)
    return calls, sum("error" not in call for call in calls) if sure else 0


def _call(
    job: Job, plan: FetchPlan, found: tuple[Endpoint, tuple[str, ...]], describe: Describe | None
) -> dict[str, Any]:
    node = job.state.node
    entry = node.entry
    named: dict[str, Any] = {"index": entry.index, "resource": entry.resource, "method": entry.method}
    later = [name for name, _ in node.texts.asked if name != "run_if"]
    try:
        if job.refused is not None:
            raise job.refused
        fetch = Fetch() if later else fetch_of(job)
    except RequestError as error:
        return {**named, "error": {"statusCode": error.status, "message": error.message}}
    if later:
        return {**named, "known_later": later}
    if fetch.id:
        named["id"] = fetch.id
    if fetch.query:
        named["query"] = fetch.query
    if fetch.body is not None:
        named["body"] = fetch.body
    if describe is not None:
        request = describe(Call(entry.method, job.state.path, (), fetch, (), plan.caller, *found))
        if request:
            named["request"] = dict(request)
    return named
