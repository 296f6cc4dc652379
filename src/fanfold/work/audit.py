"""The audit log: what those who answer for a workspace want to be able to look up later.

An observer of changes, like stories and events; kinds never call it. An entry is kept as it is shown, with names as
they were then, because what it tells of may be gone or called otherwise by the time somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from fanfold.work.clock import stamp
from fanfold.work.request import encode
from fanfold.work.schema import Document
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from fanfold.work.change import Change
    from fanfold.work.view import View

KEPT = timedelta(days=90)
"""How long entries are kept."""

PRUNE_EVERY = 1000
"""Entries after which those that are too old are removed."""

Told = tuple[str, str, int, Document]
"""What an entry says: type, category, gid of the record it is about, details."""

_DELETED = {
    kind: f"{kind}_deleted"
    for kind in (
        *("task", "project", "portfolio", "goal", "custom_field", "team", "attachment", "status_update"),
        *("task_template", "project_template"),
    )
}

_CREATED = {
    "team": ("team_created", "creation"),
    "attachment": ("attachment_uploaded", "creation"),
    "organization_export": ("workspace_export_started", "content_export"),
    "export_request": ("project_csv_export_started", "content_export"),
}

_PRIVACY = {"team": "visibility", "project": "privacy_setting"}
"""The field that says who sees a record of a kind."""


def audit(change: Change) -> None:
    """Note a change in the audit log of its workspace, if it is one of those that are."""
    tell = _TELLERS.get((change.kind.name, change.moment))
    if tell is None or not change.workspace:
        return
    for told in tell(change):
        _write(change, *told)


def _write(change: Change, event: str, category: str, resource: int, details: Document) -> None:
    view, store = change.view, change.store
    shown = {
        "created_at": view.now,
        "event_type": event,
        "event_category": category,
        "actor": _actor(view),
        "resource": _resource(change, resource),
        "details": details,
        "context": _context(view),
    }
    number = store.add_audit(change.workspace, view.now, event, view.user, resource, encode(shown))
    if number % PRUNE_EVERY == 0:
        store.prune_audit(stamp(datetime.fromisoformat(view.now) - KEPT))


def _context(view: View) -> Document:
    if not view.user:
        return {"context_type": "asana"}
    method = "service_account" if view.service else "personal_access_token"
    return {"context_type": "api", "api_authentication_method": method}


def _actor(view: View) -> Document:
    row = view.store.record(view.user) if view.user else None
    if row is None:
        return {"actor_type": "asana"}
    user = decode(row.document)
    return {"actor_type": "user", "gid": str(row.gid), "name": user["name"], "email": user["email"]}


def _resource(change: Change, gid: int) -> Document:
    if gid == change.gid:
        kind, document = change.kind.name, change.after
    else:
        row = change.store.record(gid)
        if row is None:  # about to be made: whoever makes a team belongs to it before it is there
            return {"resource_type": change.kind.name.removesuffix("_membership"), "gid": str(gid), "name": None}
        kind, document = row.kind, decode(row.document)
    shown: dict[str, Any] = {"resource_type": kind, "gid": str(gid), "name": document.get("name")}
    for name in ("resource_subtype", "email"):
        if document.get(name):
            shown[name] = document[name]
    return shown


# -- what is told of -------------------------------------------------------------------------------------------------


def _deletion(change: Change) -> Iterator[Told]:
    yield _DELETED[change.kind.name], "deletion", change.gid, {}


def _creation(change: Change) -> Iterator[Told]:
    event, category = _CREATED[change.kind.name]
    about = change.workspace if event == "workspace_export_started" else change.gid
    yield event, category, about, {}


def _comment_deletion(change: Change) -> Iterator[Told]:
    if change.before.get("resource_subtype") == "comment_added":
        yield "comment_deleted", "deletion", change.gid, {}


def _privacy(change: Change) -> Iterator[Told]:
    kind = change.kind.name
    name = _PRIVACY[kind]
    if change.moved(name):
        values = {"old_value": change.before.get(name), "new_value": change.after.get(name)}
        yield f"{kind}_privacy_settings_changed", "access_control", change.gid, values


def _coming(of: str, user: str) -> Callable[[Change], Iterator[Told]]:
    """Somebody joins or leaves a team or project; ``of`` and ``user`` are the fields that name the two."""

    def tell(change: Change) -> Iterator[Told]:
        kind = change.kind.name.removesuffix("_membership")
        done = "added" if change.moment == "create" else "removed"
        member = _resource(change, int(change.after[user]))
        yield f"{kind}_member_{done}", "access_control", int(change.after[of]), {"user": member}

    return tell


def _invited(change: Change) -> Iterator[Told]:
    yield "user_invited", "user_updates", int(change.after["user"]), {}


def _deprovisioned(change: Change) -> Iterator[Told]:
    yield "user_deprovisioned", "user_updates", int(change.before["user"]), {}


def _role(change: Change) -> Iterator[Told]:
    if change.moved("is_admin"):
        old, new = ("admin" if was else "member" for was in (change.before["is_admin"], change.after["is_admin"]))
        group = _resource(change, change.workspace)
        values = {"old_value": old, "new_value": new, "group": group}
        yield "user_workspace_admin_role_changed", "roles", int(change.after["user"]), values


_TELLERS: dict[tuple[str, str], Callable[[Change], Iterator[Told]]] = {
    **{(kind, "delete"): _deletion for kind in _DELETED},
    **{(kind, "create"): _creation for kind in _CREATED},
    **{(kind, "update"): _privacy for kind in _PRIVACY},
    ("story", "delete"): _comment_deletion,
    ("team_membership", "create"): _coming("team", "user"),
    ("team_membership", "delete"): _coming("team", "user"),
    ("project_membership", "create"): _coming("parent", "member"),
    ("project_membership", "delete"): _coming("parent", "member"),
    ("workspace_membership", "create"): _invited,
    ("workspace_membership", "update"): _role,
    ("workspace_membership", "delete"): _deprovisioned,
}
