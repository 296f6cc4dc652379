"""The people whom a directory keeps in a workspace.

What the standard knows of people beyond name and address is kept with the user, apart for each workspace, so that no
directory sees another's. Somebody who is in other workspaces too is theirs as well: their name and address stay.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import json
from scim2_models import (
    EnterpriseUser,
    InvalidValueException,
    MutabilityException,
    ScimFilter,
    UniquenessException,
    User,
)
from scim2_models.path import CompareOperator, Comparison

from fanfold.work.change import born, touching
from fanfold.work.kinds.workspace_memberships import join_workspace, leave_workspace
from fanfold.work.shape import decode
from fanfold.work.view import MEMBERS, SERVICE_ACCOUNTS, gid_of

if TYPE_CHECKING:
    from fanfold.work.schema import Document
    from fanfold.work.view import View

PROVISIONED = "workspace.provisioned_users"
"""Link field: users whom a directory knows, members or not."""

_EMAIL = re.compile(r"[^@\s]{1,64}@[\w-]+(\.[\w-]+)+")
_OURS = ("id", "meta", "groups", "active", "password")


class Users:
    """The shelf of users."""

    endpoint = "Users"
    model = User[EnterpriseUser]

    def gids(self, view: View) -> list[int]:
        """All whom the workspace's directory may see."""
        store = view.store
        return sorted({*store.targets(view.service, MEMBERS), *store.targets(view.service, PROVISIONED)})

    def has(self, view: View, gid: int) -> bool:
        """Whether this is one of them."""
        return any(view.store.linked(view.service, field, gid) for field in (MEMBERS, PROVISIONED))

    def narrow(self, view: View, condition: ScimFilter[Any], gids: list[int]) -> list[int]:
        """Those of ``gids`` that can fulfil a condition, if that is quickly told: directories ask for one by name."""
        wanted = condition.ast
        if not isinstance(wanted, Comparison) or wanted.op != CompareOperator.eq or not isinstance(wanted.value, str):
            return gids
        attribute = str(wanted.attr_path).lower()
        if attribute == "username" and "@" in wanted.value:
            found = view.store.user_by_email(wanted.value)
        elif attribute == "id":
            found = gid_of(wanted.value)
        else:
            return gids
        return [] if found is None or not self.has(view, found) else [found]

    def show(self, view: View, gid: int) -> User[Any]:
        """A user as the standard describes one."""
        row = view.store.record(gid)
        document = {} if row is None else decode(row.document)
        payload: Document = dict(document.get("scim", {}).get(str(view.service), {}))
        email, name = document["email"], document["name"]
        kept = self._read(payload)
        if not payload or _email(kept) != email:
            payload |= {"userName": email, "emails": [{"value": email, "type": "work", "primary": True}]}
        if not payload or _name(kept, email) != name:
            payload |= {"displayName": name, "name": {"formatted": name}}
        payload |= {
            "id": str(gid),
            "active": view.store.linked(view.service, MEMBERS, gid),
            "meta": {"resourceType": "User", "location": f"{view.base}/scim/Users/{gid}"},
        }
        teams = self._teams(view, gid)
        return self._read(payload | ({"groups": teams} if teams else {}))

    def add(self, view: View, given: User[Any]) -> int:
        """Take somebody in, whom other workspaces may know already."""
        email = _email(given)
        if email is None:
            raise InvalidValueException(detail="userName, or one of emails, has to be an e-mail address")
        gid = view.store.user_by_email(email)
        if gid is None:
            gid = born(view, "user", 0, name=_name(given, email), email=email).gid
        elif self.has(view, gid) or view.store.owners(gid, SERVICE_ACCOUNTS):
            raise UniquenessException(detail=f"There is a user with the address {email} already")
        view.store.link(view.service, PROVISIONED, gid, gid)
        self.put(view, gid, given)
        return gid

    def put(self, view: View, gid: int, given: User[Any]) -> None:
        """Have a user be as the directory says."""
        store, workspace = view.store, view.service
        row = store.record(gid)
        if row is None:
            raise LookupError(gid)
        change = touching(view, row)
        theirs = {owner for owner, _ in store.owners(gid, MEMBERS)} <= {workspace}
        email = _email(given) or change.after["email"]
        if email.lower() != change.after["email"].lower():
            if not theirs:
                raise MutabilityException(detail="This user is in another workspace too: the address has to stay")
            if store.user_by_email(email) is not None:
                raise UniquenessException(detail=f"There is a user with the address {email} already")
            change.after["email"] = email
        if theirs:
            change.after["name"] = _name(given, email)
        payload = json.decode(given.model_dump_json())
        kept = {name: value for name, value in payload.items() if name not in _OURS}
        change.after["scim"] = change.after.get("scim", {}) | {str(workspace): kept}
        change.keep()
        if not store.linked(workspace, PROVISIONED, gid):
            store.link(workspace, PROVISIONED, gid, gid)
        if given.active is False:
            leave_workspace(view, workspace, gid)
        else:
            join_workspace(view, workspace, gid)

    def remove(self, view: View, gid: int) -> None:
        """Let somebody go; what they did in the workspace stays."""
        leave_workspace(view, view.service, gid)
        view.store.unlink(view.service, PROVISIONED, gid)
        row = view.store.record(gid)
        if row is not None:
            change = touching(view, row)
            kept = change.after.get("scim", {})
            change.after["scim"] = {place: payload for place, payload in kept.items() if place != str(view.service)}
            change.keep()

    def _teams(self, view: View, gid: int) -> list[Document]:
        owners = [owner for owner, _ in view.store.owners(gid, "team.members")]
        return [
            {
                "value": str(row.gid),
                "display": decode(row.document)["name"],
                "$ref": f"{view.base}/scim/Groups/{row.gid}",
            }
            for row in view.store.records(owners).values()
            if row.workspace == view.service
        ]

    def _read(self, payload: Document) -> User[Any]:
        return self.model.model_validate({"schemas": [str(User.__schema__)], **payload})


def _email(given: User[Any]) -> str | None:
    """The address that a user is known by here: the user name if it is one, the primary or first address otherwise."""
    listed = sorted(given.emails or (), key=lambda email: not email.primary)
    for found in (given.user_name, *(email.value for email in listed)):
        if found and len(found) <= 254 and _EMAIL.fullmatch(found):
            return str(found)
    return None


def _name(given: User[Any], email: str) -> str:
    """What a user is called here."""
    parts = given.name
    made = " ".join(part for part in (parts.given_name, parts.family_name) if part) if parts else ""
    name = given.display_name or (parts.formatted if parts else "") or made or email.partition("@")[0]
    return str(name)[:1024]
