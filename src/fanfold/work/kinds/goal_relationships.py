"""Goal relationships: that a goal is supported by another goal, or by a project, task or portfolio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work import filters
from fanfold.work.change import born, deletion
from fanfold.work.kinds.goal_support import SUPPORT, SUPPORTING
from fanfold.work.pages import page
from fanfold.work.places import position
from fanfold.work.request import EMPTY, Request, brief
from fanfold.work.routes import PAGING, crud
from fanfold.work.schema import Document, Kind, Ref, choice, number, one
from fanfold.work.store import Where
from fanfold.work.validate import read, value_of

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.store import Row

SUBTYPES = ("subgoal", "supporting_work")


def _weight(_: Request, value: Any) -> float | int:
    given: float | int = value_of(number("contribution_weight"), value)
    if not 0 <= given <= 1:
        raise RequestError(f"contribution_weight: Must be a number between 0 and 1, not: {brief(value)}")
    return given


def _supporting(_: Any, __: int, document: Document) -> Ref:
    return Ref(int(document["supporting_resource"]), named=True)


_WEIGHT = number("contribution_weight", default=0, nullable=False, parse=_weight)

goal_relationship = Kind(
    "goal_relationship",
    compact=("resource_subtype", "supporting_resource", "contribution_weight"),
    fields=(
        choice("resource_subtype", *SUBTYPES, access="read"),
        one("supporting_resource", "", access="read", compute=_supporting),
        one("supported_goal", "goal", access="read"),
        _WEIGHT,
    ),
    within="supported_goal",
)
crud(goal_relationship, "read", "update")


@goal_relationship.rule("delete")
def is_link_no_longer(change: Change) -> None:
    """The goal's list follows the record."""
    supported, supporting = (int(change.before[name]) for name in ("supported_goal", "supporting_resource"))
    change.store.unlink(supported, SUPPORT, supporting)


@goal_relationship.verb(
    "GET",
    "/goal_relationships",
    "getGoalRelationships",
    query=(one("supported_goal", "goal", required=True), choice("resource_subtype", *SUBTYPES), *PAGING),
    answers="list",
    paged=True,
)
def list_of_goal(request: Request) -> Answer:
    """List what supports a goal."""
    goal, store = request.require("supported_goal", "goal").gid, request.view.store
    subtype = request.query.get("resource_subtype")
    where = Where()
    if subtype:
        where = filters.equals("resource_subtype", value_of(goal_relationship.fields["resource_subtype"], subtype))
    return page(request, goal_relationship, lambda after, limit: store.page_notes(goal, SUPPORT, after, limit, where))


_RESOURCE = one("supporting_resource", "", required=True, nullable=False)
_ANCHORS = (one("insert_before", "goal"), one("insert_after", "goal"))


@goal_relationship.verb(
    "POST",
    "/goals/{goal_gid}/addSupportingRelationship",
    "addSupportingRelationship",
    subject="goal",
    takes=(_RESOURCE, *_ANCHORS, _WEIGHT),
)
def add(request: Request) -> Answer:
    """Have a goal supported by another goal, or by a project, task or portfolio."""
    store, goal = request.view.store, request.row
    given = read(request, request.route.takes)
    resource = given.rows[int(given.values["supporting_resource"])]
    _check(request, goal, resource)
    where = position(store, goal.gid, SUPPORT, given)
    relationship = born(
        request.view,
        "goal_relationship",
        goal.workspace,
        resource_subtype="subgoal" if resource.kind == "goal" else "supporting_work",
        supporting_resource=str(resource.gid),
        supported_goal=str(goal.gid),
        contribution_weight=given.values.get("contribution_weight", 0),
    ).gid
    store.link(goal.gid, SUPPORT, resource.gid, where, relationship)
    return request.reread(relationship)


def _check(request: Request, goal: Row, resource: Row) -> None:
    store = request.view.store
    if resource.kind not in SUPPORTING:
        raise RequestError(f"supporting_resource: Not a valid GID type: {resource.kind}")
    if resource.workspace != goal.workspace:
        raise RequestError(f"supporting_resource: Not in the same workspace: {resource.gid}")
    if store.linked(goal.gid, SUPPORT, resource.gid):
        raise RequestError(f"supporting_resource: Supports the goal already: {resource.gid}")
    if resource.kind == "goal" and store.reaches(resource.gid, SUPPORT, goal.gid):
        raise RequestError(f"supporting_resource: A goal cannot support itself: {resource.gid}")


@goal_relationship.verb(
    "POST",
    "/goals/{goal_gid}/removeSupportingRelationship",
    "removeSupportingRelationship",
    subject="goal",
    takes=(_RESOURCE,),
    answers="empty",
)
def remove(request: Request) -> Answer:
    """Have a goal no longer supported by something."""
    store, goal = request.view.store, request.row
    resource = int(read(request, request.route.takes).values["supporting_resource"])
    relationship = next((note for gid, note in store.owners(resource, SUPPORT) if gid == goal.gid), None)
    row = None if relationship is None else store.record(relationship)
    if row is None:
        raise RequestError(f"supporting_resource: Does not support the goal: {resource}")
    deletion(request.view, row).write()
    return EMPTY
