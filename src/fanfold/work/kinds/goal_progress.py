"""How far goals have come, worked out from what supports them whenever it is shown, so that it is never out of date.

A level of goals costs a fixed number of queries, however many goals and however much work there is on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from msgspec import Struct

from fanfold.work.kinds.goal_support import SUPPORT
from fanfold.work.kinds.portfolio_items import ITEMS
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from fanfold.work.schema import Document
    from fanfold.work.store import Row, Store

SUPPORTED_BY = {
    "subgoal_progress": ("goal",),
    "project_task_completion": ("project", "portfolio"),
    "project_milestone_completion": ("project", "portfolio"),
    "task_completion": ("task",),
}
"""The kinds whose progress is that of the goal, by where its metric has its progress from."""


class _Part(Struct, frozen=True):
    """What supports a goal, and with what weight."""

    row: Row
    weight: float


class _Work(Struct):
    """All that the progress of some goals depends on: documents and parts of goals, counts of projects by portfolio."""

    goals: dict[int, Document] = {}
    parts: dict[int, list[_Part]] = {}
    projects: dict[int, set[int]] = {}
    counts: dict[int, tuple[int, int, int, int]] = {}


def progress(store: Store, gids: Sequence[int]) -> dict[int, float]:
    """How much of each goal is done, from 0 to 1."""
    work = _gather(store, gids)
    below = {gid: [part.row.gid for part in parts if part.row.kind == "goal"] for gid, parts in work.parts.items()}
    done: dict[int, float] = {}
    for gid in TopologicalSorter(below).static_order():
        done[gid] = _of_goal(work, gid, done)
    return done


def _gather(store: Store, gids: Iterable[int]) -> _Work:
    work = _Work()
    level = set(gids)
    while level:
        found = {gid: decode(document) for gid, document in store.documents(list(level)).items()}
        work.goals |= found
        parts = _parts(store, found)
        work.parts |= parts
        level = {part.row.gid for members in parts.values() for part in members if part.row.kind == "goal"}
        level -= work.goals.keys()
    rows = {part.row.gid: part.row for members in work.parts.values() for part in members}
    portfolios = [gid for gid, row in rows.items() if row.kind == "portfolio"]
    work.projects = {gid: {gid} for gid, row in rows.items() if row.kind == "project"}
    work.projects |= _inside(store, portfolios)
    work.counts = store.task_counts(list(set().union(*work.projects.values())))
    return work


def _inside(store: Store, portfolios: Iterable[int]) -> dict[int, set[int]]:
    """What each portfolio holds, with what the portfolios hold that are in it."""
    items: dict[int, list[int]] = {}
    level = set(portfolios)
    while level:
        links = store.links(list(level), (ITEMS,), ())
        items |= {gid: [link.gid for link in links.get((gid, ITEMS), ())] for gid in level}
        level = {item for gid in level for item in items[gid]} - items.keys()
    inside = {}
    for gid in portfolios:
        found: set[int] = set()
        left = [gid]
        while left:
            below = set(items[left.pop()]) - found
            found |= below
            left += below
        inside[gid] = found
    return inside


def _parts(store: Store, goals: dict[int, Document]) -> dict[int, list[_Part]]:
    """What each goal's progress comes from; what has no weight does not count."""
    metrics = {gid: document["metric"] for gid, document in goals.items() if is_worked_out(document)}
    links = store.links(list(metrics), (SUPPORT,), ()) if metrics else {}
    everything = [link for members in links.values() for link in members]
    rows = store.records({link.gid for link in everything})
    weights = {
        gid: decode(document)["contribution_weight"]
        for gid, document in store.documents([link.note for link in everything if link.note is not None]).items()
    }
    parts: dict[int, list[_Part]] = {gid: [] for gid in goals}
    for gid, metric in metrics.items():
        for link in links.get((gid, SUPPORT), ()):
            weight, row = weights.get(link.note or 0, 0), rows[link.gid]
            if weight > 0 and row.kind in SUPPORTED_BY[metric["progress_source"]]:
                parts[gid].append(_Part(row, weight if metric["is_custom_weight"] else 1))
    return parts


def is_worked_out(goal: Document) -> bool:
    """Whether the value of a goal's metric comes from what supports the goal."""
    metric = goal.get("metric")
    return metric is not None and metric["progress_source"] in SUPPORTED_BY


def _of_goal(work: _Work, gid: int, done: dict[int, float]) -> float:
    goal = work.goals[gid]
    metric = goal.get("metric")
    if metric is None:
        return float(goal.get("status") == "achieved")
    if not is_worked_out(goal):
        start, end = metric["initial_number_value"], metric["target_number_value"]
        share: float = (metric["current_number_value"] - start) / (end - start)
        return min(1.0, max(0.0, share))
    parts = work.parts[gid]
    total = sum(part.weight for part in parts)
    milestones = metric["progress_source"] == "project_milestone_completion"
    return (
        sum(part.weight * _of_part(work, part, done, milestones=milestones) for part in parts) / total if total else 0.0
    )


def _of_part(work: _Work, part: _Part, done: dict[int, float], *, milestones: bool) -> float:
    row = part.row
    if row.kind == "goal":
        return done[row.gid]
    if row.kind == "task":
        return float(decode(row.document)["completed"])
    counts = [work.counts[project] for project in work.projects[row.gid] if project in work.counts]
    first = 2 if milestones else 0
    number = sum(count[first] for count in counts)
    return sum(count[first + 1] for count in counts) / number if number else 0.0
