"""Access requests: somebody asks to be let in on a private project or portfolio, and its admins decide.

They are made by those who do not see what they ask for, so of that nothing is shown but its gid and kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.change import born, touching
from fanfold.work.membership import governs, join
from fanfold.work.pages import listing
from fanfold.work.request import EMPTY, Request, brief
from fanfold.work.schema import Document, Kind, choice, computed, one, text
from fanfold.work.shape import decode
from fanfold.work.store import Held
from fanfold.work.validate import read
from fanfold.work.view import gid_of

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.membership import Owner
    from fanfold.work.shape import Sheet
    from fanfold.work.store import Row
    from fanfold.work.view import View

REQUESTABLE = ("project", "portfolio")
"""The kinds that access may be asked to."""


def requests_link(kind: str) -> str:
    """Link field: the requests for access to a record of ``kind``, placed by their gids."""
    return f"{kind}.access_requests"


def _target(_: Sheet, __: int, document: Document) -> Document:
    return {"gid": document["target"], "resource_type": document["target_type"]}


access_request = Kind(
    "access_request",
    compact=("message", "approval_status", "requester", "target"),
    fields=(
        text("message", default=""),
        choice("approval_status", "pending", "approved", "denied", access="read", default="pending", nullable=False),
        one("requester", "user", access="read"),
        computed("target", _target),
    ),
)

_MESSAGE = access_request.fields["message"]
_TARGET = text("target", required=True, nullable=False)


@access_request.rule("create")
def is_between_them(change: Change) -> None:
    """It concerns whoever asks and whoever is asked."""
    change.private = 1


@access_request.verb(
    "GET",
    "/access_requests",
    "getAccessRequests",
    query=(text("target", required=True), text("user")),
    answers="list",
)
def list_of_target(request: Request) -> Answer:
    """List the pending access requests for a project or portfolio.

    Whoever cannot decide on them sees their own.
    """
    view = request.view
    target, user = _requestable(view, request.query.get("target")), request.named("user", "user")
    rows = view.store.records(view.store.targets(target.gid, requests_link(target.kind)))
    wanted = None if user is None else str(user.gid)
    own = None if _decides(view, target) else str(view.user)
    held = []
    for gid, row in sorted(rows.items()):
        document = decode(row.document)
        fits = all(who is None or who == document["requester"] for who in (wanted, own))
        if fits and document["approval_status"] == "pending":
            held.append(Held(gid, *row))
    return listing(request, access_request, held)


@access_request.verb("POST", "/access_requests", "createAccessRequest", takes=(_TARGET, _MESSAGE), status=201)
def create(request: Request) -> Answer:
    """Ask for access to a private project or portfolio."""
    view = request.view
    given = read(request, (_TARGET, _MESSAGE)).values
    target = _requestable(view, given["target"])
    if view.sees(target):
        raise RequestError(f"target: You have access to this object already: {target.gid}")
    link = requests_link(target.kind)
    for row in view.store.records(view.store.targets(target.gid, link)).values():
        document = decode(row.document)
        if document["requester"] == str(view.user) and document["approval_status"] == "pending":
            raise RequestError(f"target: You have asked for access to this object already: {target.gid}")
    values = {"target": str(target.gid), "target_type": target.kind, "requester": str(view.user)}
    message = given.get("message") or ""
    gid = born(view, "access_request", target.workspace, message=message, **values).gid
    view.store.link(target.gid, link, gid, gid)
    return request.reread(gid, status=201)


@access_request.verb(
    "POST",
    "/access_requests/{access_request_gid}/approve",
    "approveAccessRequest",
    subject="access_request",
    answers="empty",
)
def approve(request: Request) -> Answer:
    """Approve an access request: who asked becomes a member.

    The owner and the admins of what was asked for decide.
    """
    target, requester = _decide(request, "approved")
    change = touching(request.view, target)
    join(change, requester)
    change.write()
    return EMPTY


@access_request.verb(
    "POST",
    "/access_requests/{access_request_gid}/reject",
    "rejectAccessRequest",
    subject="access_request",
    answers="empty",
)
def reject(request: Request) -> Answer:
    """Reject an access request.

    The owner and the admins of what was asked for decide.
    """
    _decide(request, "denied")
    return EMPTY


def _decide(request: Request, status: str) -> tuple[Row, int]:
    """Note a decision if the caller may make it; what was asked for, and who asked."""
    view, change = request.view, touching(request.view, request.row)
    target = view.store.record(int(change.before["target"]))
    if target is None or not _decides(view, target):
        raise RequestError("You do not have access to decide on this access request.", status=403)
    if change.before["approval_status"] != "pending":
        raise RequestError(f"access_request: Decided on already: {change.gid}")
    change.after["approval_status"] = status
    change.write()
    return target, int(change.before["requester"])


def _decides(view: View, target: Row) -> bool:
    of: Owner = "project" if target.kind == "project" else "portfolio"
    return view.sees(target) and governs(view, of, target.gid, decode(target.document))


def _requestable(view: View, text: str | None) -> Row:
    """What the client names as a target, whether they see it or not; it is in one of their workspaces."""
    if not text:
        raise RequestError("target: Missing input")
    gid = gid_of(text)
    if gid is None:
        raise RequestError(f"target: Not a recognized ID: {brief(text)}")
    row = view.store.record(gid)
    if row is None or row.workspace not in view.workspaces or (row.kind not in REQUESTABLE and not view.sees(row)):
        raise RequestError(f"target: Unknown object: {text}")
    if row.kind not in REQUESTABLE:
        raise RequestError(f"target: Not a valid GID type: {row.kind}")
    return row
