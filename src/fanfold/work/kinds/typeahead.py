"""Typeahead: records in which some word of the name begins with what has been typed so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work import filters
from fanfold.work.pages import listing
from fanfold.work.schema import choice, integer, text
from fanfold.work.validate import value_of
from fanfold.work.view import MEMBERS

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.schema import Kind
    from fanfold.work.store import Held

RESOURCE_TYPE = choice(
    "resource_type",
    *("actor", "agent", "custom_field", "goal", "project", "project_template", "portfolio", "tag", "task", "team"),
    "user",
    required=True,
)
TYPE = choice("type", "custom_field", "portfolio", "project", "tag", "task", "user")
QUERY = text("query", max_length=1000)
COUNT = integer("count", low=1, high=100)

DEFAULT_COUNT = 20

MAX_LOOKED_AT = 2000
"""Most matches that one call goes through for those that the caller may see."""

ORDERS = {
    "user": filters.order_of_following(),
    "project": filters.order("modified_at", descending=True),
}
"""Users in whose tasks something happened last, and projects changed last, come first; everything else goes by gid."""


def typeahead(request: Request) -> Answer:
    """List the first records in a workspace that match; a single page without end would be no help while typing."""
    query = request.query
    named = query.get("resource_type")
    wanted = value_of(RESOURCE_TYPE, named) if named else query.get("type") and value_of(TYPE, query["type"])
    if not wanted:
        raise RequestError("resource_type: Missing input")
    typed = value_of(QUERY, query.get("query", "")).strip()
    count = value_of(COUNT, query.get("count") or DEFAULT_COUNT)
    kind = request.view.kinds.get("user" if wanted == "actor" else wanted)
    if kind is None:
        return request.value([])
    if kind.compact != ("name",):
        query.setdefault("opt_fields", "resource_type,name")
    return listing(request, kind, _matches(request, kind, typed, count))


def _matches(request: Request, kind: Kind, typed: str, count: int) -> list[Held]:
    view, workspace = request.view, request.row.gid
    where = filters.word_starts("name", typed, short=not kind.composed)
    if kind.name == "user":
        where = filters.every((filters.listed(MEMBERS, [workspace]), where))
        workspace = 0
    order = ORDERS.get(kind.name, "r.gid")
    seen: list[Held] = []
    for start in range(0, MAX_LOOKED_AT, count):
        held = view.store.found(workspace, kind.name, where, order, count, start)
        seen += [item for item in held if not item.private or view.sees_gid(item.gid)]
        if len(held) < count or len(seen) >= count:
            break
    return seen[:count]
