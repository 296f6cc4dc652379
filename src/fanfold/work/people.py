"""Who may be named where: people act in the workspaces that they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.change import born
from fanfold.work.membership import membership
from fanfold.work.shape import decode
from fanfold.work.view import MEMBERS, SERVICE_ACCOUNTS

if TYPE_CHECKING:
    from fanfold.work.view import View


def is_organization(view: View, workspace: int) -> bool:
    """Whether a workspace is an organization, which has teams."""
    row = view.store.record(workspace)
    return row is not None and bool(decode(row.document).get("is_organization"))


def is_guest(view: View, workspace: int, user: int) -> bool:
    """Whether a user has an address outside the e-mail domains of an organization."""
    rows = view.store.records((workspace, user))
    domains = decode(rows[workspace].document)["email_domains"]
    domain = decode(rows[user].document)["email"].rpartition("@")[2]
    return bool(domains) and domain.lower() not in domains


def service_account(view: View, workspace: int, name: str) -> int:
    """Make a service account: a user who is a program, is no member, and sees all that is in the workspace."""
    email = f"service-account-{view.store.peek_gid()}@{workspace}.invalid"
    gid = born(view, "user", 0, name=name, email=email).gid
    view.store.link(workspace, SERVICE_ACCOUNTS, gid, gid, None)
    return gid


def is_admin(view: View, workspace: int, user: int) -> bool:
    """Whether a user is an admin of a workspace."""
    gid = membership(view, "workspace", workspace, user)
    row = None if gid is None else view.store.record(gid)
    return row is not None and bool(decode(row.document)["is_admin"])


def must_be_admin(view: View, workspace: int, what: str) -> None:
    """Refuse callers who are no admins of a workspace; ``what`` is what only those do."""
    if view.user and not view.service and not is_admin(view, workspace, view.user):
        raise RequestError(f"Only an admin of the workspace may {what}.", status=403)


def must_be_or_manage(view: View, workspace: int, user: int, what: str) -> None:
    """Refuse callers who are neither the user nor an admin of the workspace; ``what`` is what only those do."""
    if view.user not in (0, user) and not view.service and not is_admin(view, workspace, view.user):
        raise RequestError(f"Only the user and an admin of the workspace may {what}.", status=403)


def must_belong(view: View, workspace: int, users: Iterable[int], label: str) -> None:
    """Refuse users who are not in the workspace; ``label`` is the field that names them."""
    for user in users:
        if not view.store.linked(workspace, MEMBERS, user):
            where = "Organization" if is_organization(view, workspace) else "Workspace"
            raise RequestError(f"{label}: Not a user in {where}: {user}")
