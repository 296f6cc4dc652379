"""Typeahead: records in which some word of the name begins with what has been typed so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.name_search import names, task_names
from fanfold.work.request import encode
from fanfold.work.schema import choice, integer, text
from fanfold.work.search import ahead, found
from fanfold.work.shape import shape
from fanfold.work.validate import value_of

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.schema import Document, Waiting
    from fanfold.work.search import Find
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


def look(request: Request) -> Waiting:
    """Find the records, without holding up other requests."""
    return ahead(_find(request))


def typeahead(request: Request) -> Answer:
    """List the first records in a workspace that match; a single page without end would be no help while typing."""
    request.query.setdefault("opt_fields", "resource_type,name")
    held = found(request, _find, _count(request))
    return request.answer(b'{"data":%b}' % encode(_shown(request, held)))


def _count(request: Request) -> int:
    count: int = value_of(COUNT, request.query.get("count") or DEFAULT_COUNT)
    return count


def _find(request: Request) -> Find:
    query, view, workspace = request.query, request.view, request.row.gid
    named = query.get("resource_type")
    former = value_of(TYPE, query["type"]) if "type" in query else None
    wanted = former if named is None else value_of(RESOURCE_TYPE, named)
    if not wanted:
        raise RequestError("resource_type: Missing input")
    typed, count = value_of(QUERY, query.get("query", "")).strip(), _count(request)
    if wanted == "task":
        return task_names(view, workspace, typed, count)
    return names(view, ("user", "agent") if wanted == "actor" else (wanted,), workspace, typed)


def _shown(request: Request, held: list[Held]) -> list[Document]:
    """What is shown of records that need not be of one kind."""
    view, selection = request.view, request.selection(full=False)
    shown: dict[int, Document] = {}
    for kind in {item.kind for item in held}:
        rows = [(item.gid, item.document) for item in held if item.kind == kind]
        shown |= zip([gid for gid, _ in rows], shape(view, view.kinds[kind], rows, selection), strict=True)
    return [shown[item.gid] for item in held]
