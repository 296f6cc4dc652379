"""Status updates: how a project, portfolio or goal is going, told to those who follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from fanfold.errors import RequestError
from fanfold.work import filters
from fanfold.work.change import creation, deletion, touching
from fanfold.work.kinds.current_status import CURRENT, STATUSES
from fanfold.work.kinds.likes import like_fields
from fanfold.work.kinds.reactions import reaction_summary, takes_reactions_along
from fanfold.work.request import EMPTY, brief
from fanfold.work.richtext import show, twins
from fanfold.work.routes import PAGING, linked_page
from fanfold.work.schema import Document, Kind, Ref, choice, computed, datetime, one, text
from fanfold.work.shape import decode
from fanfold.work.store import Where
from fanfold.work.validate import moment

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.store import Row

_OF_WORK = ("on_track", "at_risk", "off_track", "on_hold", "complete", "dropped")
TYPES = {
    "project": _OF_WORK,
    "portfolio": _OF_WORK,
    "goal": ("on_track", "at_risk", "off_track", "achieved", "partial", "missed", "dropped"),
}
"""How each kind that has status updates may be going."""

GOAL_STATUS = {"on_track": "green", "at_risk": "yellow", "off_track": "red"}
"""What goals call these types; all others they call the same."""

LIKES = "status_update.likes"


def _parent(_: Any, __: int, document: Document) -> Ref:
    return Ref(int(document["parent"]), named=True)


def _author(_: Any, __: int, document: Document) -> Ref:
    return Ref(int(document["created_by"]))


status_update = Kind(
    "status_update",
    compact=("title", "resource_subtype"),
    fields=(
        text("title", default="", nullable=False, max_length=1024),
        choice("resource_subtype", *(f"{kind}_status_update" for kind in TYPES), access="read"),
        text("text", default="", nullable=False),
        text("html_text", nullable=False, opt_in=True, compute=show("text", "html_text")),
        choice("status_type", *dict.fromkeys((*_OF_WORK, *TYPES["goal"])), required=True, nullable=False),
        one("parent", "", access="create", required=True, nullable=False, compute=_parent),
        computed("author", _author, kind="user"),
        one("created_by", "user", access="read"),
        datetime("created_at", access="read"),
        datetime("modified_at", access="read"),
        *(structs.replace(field, access="read") for field in like_fields(LIKES)),
        reaction_summary(),
    ),
    within="parent",
)


def _with_status_updates(row: Row | None) -> Row:
    if row is None:
        raise RequestError("parent: Missing input")
    if row.kind not in TYPES:
        raise RequestError(f"parent: Not a valid GID type: {row.kind}")
    return row


@status_update.rule("create")
def says_how_its_parent_is_going(change: Change) -> None:
    """Each kind has words of its own for that; there is no update without words."""
    parent = _with_status_updates(change.given.row("parent"))
    change.workspace = parent.workspace
    types, given = TYPES[parent.kind], change.after["status_type"]
    if given not in types:
        raise RequestError(f"status_type: Must be one of {', '.join(types)}, not: {brief(given)}")
    change.after |= {"resource_subtype": f"{parent.kind}_status_update", "created_by": str(change.view.user)}


status_update.rule("create")(twins("text", "html_text"))
status_update.rule("delete")(takes_reactions_along)


@status_update.rule("create")
def is_the_latest(change: Change) -> None:
    """It comes before all others of its parent, which shows it from now on."""
    store, parent = change.store, _with_status_updates(change.given.row("parent"))
    for former in store.targets(parent.gid, CURRENT):
        store.unlink(parent.gid, CURRENT, former)
    store.link(parent.gid, STATUSES, change.gid, -change.gid)
    store.link(parent.gid, CURRENT, change.gid)
    _tell_goal(change, parent, change.after["status_type"])


@status_update.rule("delete")
def gives_way_to_the_one_before(change: Change) -> None:
    """Without the latest update, its parent shows the one before."""
    store = change.store
    parent = store.record(int(change.before["parent"]))
    if parent is None or not store.linked(parent.gid, CURRENT, change.gid):
        return
    former = next((gid for gid in store.targets(parent.gid, STATUSES) if gid != change.gid), None)
    row = None if former is None else store.record(former)
    store.unlink(parent.gid, CURRENT, change.gid)
    if row is not None:
        store.link(parent.gid, CURRENT, row.gid)
    _tell_goal(change, parent, None if row is None else decode(row.document)["status_type"])


def _tell_goal(change: Change, parent: Row, status_type: str | None) -> None:
    """A goal shows how it is going in a field of its own too."""
    if parent.kind == "goal":
        goal = touching(change.view, parent)
        goal.after["status"] = GOAL_STATUS.get(status_type or "", status_type)
        goal.write()


_TAKES = tuple(status_update.fields[name] for name in ("title", "text", "html_text", "status_type", "parent"))


@status_update.verb("POST", "/status_updates", "createStatusForObject", query=PAGING, takes=_TAKES, status=201)
def create(request: Request) -> Answer:
    """Post a status update on a project, portfolio or goal."""
    if "text" not in request.data and "html_text" not in request.data:
        raise RequestError("text: Missing input")
    change = creation(request, status_update)
    change.write()
    return request.reread(change.gid, status=201)


@status_update.verb(
    "GET",
    "/status_updates",
    "getStatusesForObject",
    query=(one("parent", "", required=True), datetime("created_since"), *PAGING),
    answers="list",
    paged=True,
)
def list_of_parent(request: Request) -> Answer:
    """List the status updates of a project, portfolio or goal, newest first."""
    parent = _with_status_updates(request.named("parent", ""))
    since = request.query.get("created_since")
    where = filters.since("created_at", moment("created_since", since)) if since else Where()
    return linked_page(request, parent.gid, STATUSES, where)


_ONE = "/status_updates/{status_update_gid}"


@status_update.verb("GET", _ONE, "getStatus", subject="status_update")
def read(request: Request) -> Answer:
    """Get a status update."""
    return request.record(request.row.gid, request.row.document)


@status_update.verb("DELETE", _ONE, "deleteStatus", subject="status_update", answers="empty")
def delete(request: Request) -> Answer:
    """Delete a status update."""
    deletion(request.view, request.row).write()
    return EMPTY
