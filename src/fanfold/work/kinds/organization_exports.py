"""Organization exports: everything that a workspace holds, for those who answer for it.

The file has a line for each record, in JSON: kind after kind, each oldest first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.background import CHUNK, State, start
from fanfold.work.change import touching
from fanfold.work.kinds.export_files import append, completed, download_url, is_private, lines, note, started
from fanfold.work.people import is_admin
from fanfold.work.request import encode
from fanfold.work.routes import read as read_one
from fanfold.work.schema import Kind, choice, datetime, one
from fanfold.work.selection import select
from fanfold.work.shape import decode, shape
from fanfold.work.validate import read
from fanfold.work.view import MEMBERS

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.schema import Document
    from fanfold.work.shape import Sheet
    from fanfold.work.store import Held
    from fanfold.work.view import View

STATES = ("pending", "started", "finished", "error")

PASSING = frozenset(("job", "graph_export", "export_request", "organization_export"))
"""Kinds that are no part of what a workspace holds."""


def _state(sheet: Sheet, _: int, document: Document) -> str:
    """As stored, unless the job that makes the export has broken."""
    row = sheet.view.store.record(int(document.get("job") or 0))
    broken = row is not None and decode(row.document)["status"] == "failed"
    return "error" if broken else str(document["state"])


organization_export = Kind(
    "organization_export",
    compact=("created_at", "download_url", "state", "organization"),
    fields=(
        datetime("created_at", access="read"),
        download_url(),
        choice("state", *STATES, access="read", default="pending", nullable=False, compute=_state),
        one("organization", "workspace", access="read"),
    ),
)
organization_export.route(
    "GET",
    "/organization_exports/{organization_export_gid}",
    "getOrganizationExport",
    read_one,
    subject="organization_export",
    batchable=False,
    summary="Get an organization export",
)
organization_export.rule("create")(is_private)

_ORGANIZATION = one("organization", "workspace", required=True, nullable=False)


@organization_export.verb(
    "POST",
    "/organization_exports",
    "createOrganizationExport",
    takes=(_ORGANIZATION,),
    status=201,
    batchable=False,
    costs=("jobs",),
)
def create(request: Request) -> Answer:
    """Export everything that an organization holds."""
    view = request.view
    workspace = int(read(request, (_ORGANIZATION,)).values["organization"])
    if view.service != workspace and not is_admin(view, workspace, view.user):
        raise RequestError("Only a service account or an admin of an organization may export it.", status=403)
    export = started(view, "organization_export", workspace, "json", organization=str(workspace), state="pending")
    kinds = [name for name in view.kinds if name not in PASSING]
    state = {"export": export.gid, "size": 0, "kinds": kinds, "after": None}
    job = start(view, "organization_export", "organization_export", state, workspace, request.call.caller.key)
    row = view.store.record(export.gid)
    if row is None:
        raise LookupError(export.gid)
    change = touching(view, row)
    change.after["job"] = str(job)
    change.keep()
    location = (("location", f"/api/1.0/organization_exports/{export.gid}"),)
    return request.record(export.gid, encode(export.after), status=201, headers=location)


def export_organization(job: Change, state: State) -> State | None:
    """A step: export some more records of the first of the kinds that are left."""
    view = replace(job.view, service=job.workspace, workspaces=frozenset((job.workspace,)))
    kind, *rest = state["kinds"]
    held = _held(view, job.workspace, kind, state["after"])
    rows = view.store.records([item.gid for item in held])
    some = [(item.gid, rows[item.gid].document) for item in held]
    shown = shape(view, view.kinds[kind], some, select("", "", full=True))
    size = append(view, state["export"], state["size"], lines(shown))
    if len(held) == CHUNK:
        rest, after = state["kinds"], held[-1].border
    else:
        after = None
    if not rest:
        completed(job, state["export"], state="finished")
        return None
    note(job, state["export"], state="started")
    return {**state, "size": size, "after": after, "kinds": rest}


def _held(view: View, workspace: int, kind: str, after: int | None) -> list[Held]:
    """The next records of a kind; users stand above workspaces, so these are found as members."""
    store = view.store
    if kind == "user":
        return store.page_linked(workspace, MEMBERS, after, CHUNK)
    return store.page_kind(workspace, kind, after, CHUNK)
