"""The audit log, as those may read it who answer for a workspace: always in pages, and never at an end.

The last page too says where to go on, so that whoever comes back later gets what was noted meanwhile.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.audit import KEPT
from fanfold.work.clock import stamp
from fanfold.work.pages import border_of_offset, next_page, read_limit
from fanfold.work.people import is_admin
from fanfold.work.request import Request, brief
from fanfold.work.validate import moment
from fanfold.work.view import gid_of

if TYPE_CHECKING:
    from fanfold.model import Answer

MAX_LISTED = 1000
"""Entries on a page unless the client says how many."""

FIRST = 900_000_000_000_000_000
"""Gids of entries are counted from here, apart from those of records, which come out the same whatever was noted."""

ACTORS = ("user", "asana", "asana_support", "anonymous", "external_administrator")


def list_of_workspace(request: Request) -> Answer:
    """Get the audit log of a workspace.

    Oldest first, of the last 90 days, for the workspace's admins and service accounts.
    """
    view, workspace = request.view, request.row.gid
    _must_answer_for(request, workspace)
    after = border_of_offset(request) or 0
    limit = read_limit(request) or MAX_LISTED
    found = view.store.audited(
        workspace,
        after,
        (
            _from(request),
            _moment(request, "end_at") or "9999",
            request.query.get("event_type") or None,
            _actor(request),
            _gid(request, "resource_gid"),
        ),
        limit,
    )
    shown = b",".join([b'{"gid":"%d",' % (FIRST + number) + document[1:] for number, document in found])
    tail = b',"next_page":null'
    if found or after:
        tail = next_page(request, found[-1][0] if found else after)
    return request.answer(b'{"data":[%b]%b}' % (shown, tail))


def _must_answer_for(request: Request, workspace: int) -> None:
    if request.view.service != workspace and not is_admin(request.view, workspace, request.view.user):
        raise RequestError("You do not have access to the audit log of this workspace.", status=403)


def _from(request: Request) -> str:
    oldest = stamp(datetime.fromisoformat(request.view.now) - KEPT)
    return max(_moment(request, "start_at") or "", oldest)


def _moment(request: Request, name: str) -> str | None:
    value = request.query.get(name)
    return None if value is None else moment(name, value)


def _gid(request: Request, name: str) -> int | None:
    value = request.query.get(name)
    if not value:
        return None
    gid = gid_of(value)
    if gid is None:
        raise RequestError(f"{name}: Not a recognized ID: {brief(value)}")
    return gid


def _actor(request: Request) -> int | None:
    """The actor whose entries are wanted: a user, 0 for the system itself, None for whoever it was."""
    kind = request.query.get("actor_type")
    if kind and kind not in ACTORS:
        raise RequestError(f"actor_type: Must be one of {', '.join(ACTORS)}, not: {brief(kind)}")
    gid = _gid(request, "actor_gid")
    if gid is not None or not kind:
        return gid
    return {"user": -1, "asana": 0}.get(kind, -2)
