"""Searching the tasks of a workspace: each parameter is a condition, and all of them have to hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from fanfold.work import task_conditions as conditions
from fanfold.work.kinds.custom_search import custom_field_conditions, custom_type_conditions
from fanfold.work.pages import MAX_LIMIT, listing
from fanfold.work.schema import Field, boolean, choice, date, datetime, integer, text
from fanfold.work.search import Condition, Find, Order, ahead, found, ranked, tasks
from fanfold.work.searched import gids_in, is_true
from fanfold.work.validate import value_of
from fanfold.work.words import all_words

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.schema import Waiting

SORTED_BY = {
    "due_date": "due",
    "created_at": "created_at",
    "completed_at": "completed_at",
    "likes": "likes",
    "modified_at": "modified_at",
    "relevance": "modified_at",
}
"""Columns by what a client sorts by; without words to match all tasks are equally relevant."""

_WORDS = text("text", max_length=1000)
_SORT = choice("sort_by", *SORTED_BY)
_SUBTYPE = choice("resource_subtype", "default_task", "milestone", "approval", "custom")

_DAYS = ("due_on", "start_on", "created_on", "completed_on", "modified_on")
_MOMENTS = ("due_at", "created_at", "completed_at", "modified_at")
_COLUMNS = {"created_on": "created_at", "completed_on": "completed_at", "modified_on": "modified_at"}

_PEOPLE = ("assignee", "created_by", "assigned_by")
_FLAGS = ("is_blocking", "is_blocked", "has_attachment", "completed", "is_subtask")

_LISTS = (
    *(f"{name}.{how}" for name in ("projects", "sections", "tags") for how in ("any", "not", "all")),
    *(f"{name}.{how}" for name in ("followers", *_PEOPLE) for how in ("any", "not")),
    *("portfolios.any", "teams.any", "liked_by.not", "commented_on_by.not"),
)

SEARCH: tuple[Field, ...] = (
    _WORDS,
    _SUBTYPE,
    *(text(name) for name in _LISTS),
    *(text(name) for name in _DAYS),  # a day, or "null"
    *(date(f"{name}{bound}") for name in _DAYS for bound in (".before", ".after")),
    *(datetime(f"{name}{bound}") for name in _MOMENTS for bound in (".before", ".after")),
    *(boolean(name, default=None) for name in _FLAGS),
    _SORT,
    boolean("sort_ascending", default=None),
)
"""The query parameters of a search, beside those whose names hold gids."""

_LIMIT = integer("limit", low=1, high=MAX_LIMIT)


def look(request: Request) -> Waiting:
    """Find the tasks, without holding up other requests."""
    return ahead(_find(request))


def search(request: Request) -> Answer:
    """Search the tasks of a workspace."""
    return listing(request, request.kind, found(request, _find))


def _find(request: Request) -> Find:
    view, query, workspace = request.view, request.query, request.row.gid
    limit = value_of(_LIMIT, query.get("limit") or MAX_LIMIT)
    by = value_of(_SORT, query.get("sort_by") or "modified_at")
    ascending = bool(is_true(query, "sort_ascending"))
    narrowed = list(_conditions(request))
    if query.get("text"):
        words = all_words(value_of(_WORDS, query["text"]))
        match = view.store.idiom.match(words)
        if words and by == "relevance":
            return ranked(view, workspace, match, narrowed, limit, best_last=ascending)
        narrowed.append(conditions.has_words(match))
    return tasks(view, workspace, narrowed, Order(SORTED_BY[by], descending=not ascending), limit)


def _conditions(request: Request) -> Iterator[Condition]:
    query = request.query
    yield from _on_flags(query, request.row.gid)
    yield from _on_people(request)
    yield from _on_places(request)
    yield from _on_lists(request)
    yield from _on_dates(query, request.row.gid)
    yield from custom_type_conditions(request)
    yield from custom_field_conditions(request)


def _on_flags(query: Mapping[str, str], workspace: int) -> Iterator[Condition]:
    if query.get("resource_subtype"):
        yield conditions.has_subtype(workspace, value_of(_SUBTYPE, query["resource_subtype"]))
    completed = is_true(query, "completed")
    if completed is not None:
        yield conditions.is_completed(wanted=completed)
    for name in ("is_blocking", "is_blocked", "has_attachment", "is_subtask"):
        wanted = is_true(query, name)
        if wanted is not None:
            make: Callable[..., Condition] = getattr(conditions, name)
            yield make(workspace, wanted=wanted)


def _on_people(request: Request) -> Iterator[Condition]:
    workspace = request.row.gid
    for column in _PEOPLE:
        for name, some in ((f"{column}.any", True), (f"{column}.not", False)):
            users, none = _people_or_none(request, name)
            if users or none:
                yield (
                    conditions.is_among(workspace, column, users, none=none)
                    if some
                    else conditions.is_not_among(column, users, none=none)
                )
    for name, make, link in (
        ("followers.any", conditions.has_one_of, "task.followers"),
        ("followers.not", conditions.has_none_of, "task.followers"),
        ("liked_by.not", conditions.has_none_of, "task.likes"),
    ):
        users = gids_in(request, name, "user")
        if users:
            yield make(link, users)
    users = gids_in(request, "commented_on_by.not", "user")
    if users:
        yield conditions.has_no_comment_by(users)


def _people_or_none(request: Request, name: str) -> tuple[list[int], bool]:
    """The users that a parameter names, and whether it names nobody: ``null``."""
    words = request.words(name)
    none = "null" in words
    return gids_in(request, name, "user", leave_out="null"), none


def _on_places(request: Request) -> Iterator[Condition]:
    projects, sections = gids_in(request, "projects.any", "project"), gids_in(request, "sections.any", "section")
    if projects or sections:
        yield conditions.is_placed_in(projects, sections)
    for gid in gids_in(request, "projects.all", "project"):
        yield conditions.is_placed_in([gid], [])
    for gid in gids_in(request, "sections.all", "section"):
        yield conditions.is_placed_in([], [gid])
    projects, sections = gids_in(request, "projects.not", "project"), gids_in(request, "sections.not", "section")
    if projects:
        yield conditions.is_not_placed_in("note", projects)
    if sections:
        yield conditions.is_not_placed_in("owner", sections)


def _on_lists(request: Request) -> Iterator[Condition]:
    for gid in gids_in(request, "tags.all", "tag"):
        yield conditions.has_one_of("task.tags", [gid])
    for name, make in (("tags.any", conditions.has_one_of), ("tags.not", conditions.has_none_of)):
        tags = gids_in(request, name, "tag")
        if tags:
            yield make("task.tags", tags)
    for name, kind, link in (
        ("teams.any", "team", "team.projects"),
        ("portfolios.any", "portfolio", "portfolio.items"),
    ):
        owners = gids_in(request, name, kind)
        if owners:
            yield conditions.is_below(link, owners)


def _on_dates(query: Mapping[str, str], workspace: int) -> Iterator[Condition]:
    for name in _DAYS:
        column = _COLUMNS.get(name, name)
        if name in query:
            if query[name] == "null":
                yield conditions.is_empty(workspace, column)
            else:
                yield conditions.is_on_day(workspace, column, value_of(date(name), query[name]))
        for bound, on_days in ((".before", conditions.is_before_day), (".after", conditions.is_after_day)):
            if name + bound in query:
                yield on_days(workspace, column, value_of(date(name + bound), query[name + bound]))
    for name in _MOMENTS:
        for bound, side in ((".before", "<"), (".after", ">")):
            if name + bound in query:
                at = value_of(datetime(name + bound), query[name + bound])
                yield conditions.is_on_side(workspace, name, "<" if side == "<" else ">", at)
