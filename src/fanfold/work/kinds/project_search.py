"""Searching the projects of a workspace: every parameter narrows what the database looks at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fanfold.work import filters
from fanfold.work.pages import listing
from fanfold.work.schema import Field, boolean, choice, date, datetime, text
from fanfold.work.searched import gids_in, is_true
from fanfold.work.validate import value_of

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.store import Held, Where

MAX_FOUND = 100
"""Most projects that one search answers with."""

MAX_LOOKED_AT = 2000
"""Most matches that one search goes through for those that the caller may see."""

SORTED_BY = {
    "due_date": "due_on",
    "created_at": "created_at",
    "completed_at": "completed_at",
    "modified_at": "modified_at",
    "relevance": "modified_at",
}

_DAYS = {"completed_on": "completed_at", "created_on": "created_at", "due_on": "due_on", "start_on": "start_on"}
_MOMENTS = {"completed_at": "completed_at", "created_at": "created_at", "due_at": "due_on"}

_LISTS = ("teams.any", "owner.any", "members.any", "members.not", "portfolios.any")

_WORDS = text("text", max_length=1000)

SEARCH: tuple[Field, ...] = (
    _WORDS,
    choice("sort_by", *SORTED_BY),
    boolean("sort_ascending", default=None),
    boolean("completed", default=None),
    *(text(name) for name in _LISTS),
    *(text(name) for name in _DAYS),  # a day, or "null"
    *(date(f"{name}{bound}") for name in _DAYS for bound in (".before", ".after")),
    *(datetime(f"{name}{bound}") for name in _MOMENTS for bound in (".before", ".after")),
)
"""The query parameters of a search."""


def search(request: Request) -> Answer:
    """Search the projects of a workspace."""
    query, view = request.query, request.view
    where = filters.every(_conditions(request))
    by = value_of(choice("sort_by", *SORTED_BY), query.get("sort_by") or "modified_at")
    order = filters.order(SORTED_BY[by], descending=not is_true(query, "sort_ascending"))
    found: list[Held] = []
    for start in range(0, MAX_LOOKED_AT, MAX_FOUND):
        held = view.store.found(request.row.gid, "project", where, order, MAX_FOUND, start)
        found += [item for item in held if not item.private or view.sees_gid(item.gid)]
        if len(held) < MAX_FOUND or len(found) >= MAX_FOUND:
            break
    return listing(request, request.kind, found[:MAX_FOUND])


def _conditions(request: Request) -> Iterator[Where]:
    query = request.query
    if query.get("text"):
        yield filters.contains("name", value_of(_WORDS, query["text"]))
    completed = is_true(query, "completed")
    if completed is not None:
        yield filters.equals("completed", completed)
    yield from _on_relations(request)
    for name, field in _DAYS.items():
        yield from _on_days(query, name, field)
    for name, field in _MOMENTS.items():
        for bound, condition in ((".before", filters.before), (".after", filters.after)):
            if name + bound in query:
                yield condition(field, value_of(datetime(name + bound), query[name + bound]))


def _on_relations(request: Request) -> Iterator[Where]:
    for name, field, kind in (("teams.any", "team", "team"), ("owner.any", "owner", "user")):
        if request.query.get(name):
            yield filters.among(field, [str(gid) for gid in gids_in(request, name, kind)])
    for name, negated in (("members.any", False), ("members.not", True)):
        if request.query.get(name):
            yield filters.linked("project.members", gids_in(request, name, "user"), negated=negated)
    if request.query.get("portfolios.any"):
        yield filters.listed("portfolio.items", gids_in(request, "portfolios.any", "portfolio"))


def _on_days(query: dict[str, str], name: str, field: str) -> Iterator[Where]:
    if name in query:
        if query[name] == "null":
            yield filters.absent(field)
        else:
            yield filters.starts(field, value_of(date(name), query[name]))
    for bound, condition in ((".before", filters.day_before), (".after", filters.day_after)):
        if name + bound in query:
            yield condition(field, value_of(date(name + bound), query[name + bound]))
