"""A rule for kinds whose relations stay within one workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.view import MEMBERS

if TYPE_CHECKING:
    from fanfold.work.change import Change
    from fanfold.work.store import Row


def in_one_workspace(change: Change) -> None:
    """Whatever a client refers to is in the record's workspace: people as members, everything else as a part of it."""
    rows = change.given.rows
    if not rows:
        return
    for gid, row in rows.items():
        if not belongs(change, row) and not _is_leaving(change, gid):
            where = "Not a user in Workspace" if row.kind == "user" else "Not in the same workspace"
            raise RequestError(f"{_label(change, gid)}: {where}: {gid}")


def _is_leaving(change: Change, gid: int) -> bool:
    return any(relation.action == "removed" and relation.target == gid for relation in change.relations)


def belongs(change: Change, row: Row) -> bool:
    """Whether a record may be referred to from the one that is changing."""
    workspace = change.workspace
    if row.kind != "user":
        return row.workspace == workspace
    view = change.view
    if row.gid == view.user:
        return workspace in view.workspaces
    return view.store.linked(workspace, MEMBERS, row.gid)


def _label(change: Change, gid: int) -> str:
    given = change.given
    for name, gids in given.lists.items():
        if gid in gids:
            return f"{name}: [{gids.index(gid)}]"
    return next((name for name, value in given.values.items() if value == str(gid)), change.kind.name)
