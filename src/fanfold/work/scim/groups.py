"""A directory's groups, which are an organization's teams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import json
from scim2_models import Group, InvalidValueException, MutabilityException, ScimFilter

from fanfold.work import filters
from fanfold.work.change import deletion, new, touching
from fanfold.work.kinds.team_memberships import join_team, leave_team
from fanfold.work.people import is_organization
from fanfold.work.shape import decode
from fanfold.work.validate import Given
from fanfold.work.view import MEMBERS, gid_of

if TYPE_CHECKING:
    from fanfold.work.schema import Document
    from fanfold.work.view import View

_OURS = ("id", "meta", "members", "displayName")
_ALL = 1_000_000


class Groups:
    """The shelf of groups."""

    endpoint = "Groups"
    model = Group

    def gids(self, view: View) -> list[int]:
        """All teams of the organization."""
        return [held.gid for held in view.store.page_kind(view.service, "team", None, _ALL)]

    def has(self, view: View, gid: int) -> bool:
        """Whether this is one of them."""
        row = view.store.record(gid)
        return row is not None and row.kind == "team" and row.workspace == view.service

    def narrow(self, _: View, __: ScimFilter[Any], gids: list[int]) -> list[int]:
        """There are few teams; all are looked at."""
        return gids

    def show(self, view: View, gid: int) -> Group:
        """A team as the standard describes a group."""
        row = view.store.record(gid)
        document: Document = {} if row is None else decode(row.document)
        members = view.store.targets(gid, "team.members")
        names = {user.gid: decode(user.document)["name"] for user in view.store.records(members).values()}
        payload = document.get("scim", {}) | {
            "id": str(gid),
            "displayName": document["name"],
            "meta": {"resourceType": "Group", "location": f"{view.base}/scim/Groups/{gid}"},
        }
        if members:
            payload["members"] = [
                {"value": str(user), "type": "User", "display": names[user], "$ref": f"{view.base}/scim/Users/{user}"}
                for user in members
            ]
        return Group.model_validate({"schemas": [str(Group.__schema__)], **payload})

    def add(self, view: View, given: Group) -> int:
        """Make a team. Whoever asks for it is a program and does not join."""
        if not is_organization(view, view.service):
            raise InvalidValueException(detail="This workspace is no organization and has no teams")
        values = {"name": given.display_name, "organization": str(view.service)}
        change = new(view, view.kinds["team"], Given(values, {}, {}))
        change.keep()
        self.put(view, change.gid, given)
        return change.gid

    def put(self, view: View, gid: int, given: Group) -> None:
        """Have a team be as the directory says."""
        row = view.store.record(gid)
        if row is None:
            raise LookupError(gid)
        change = touching(view, row)
        change.after["name"] = (given.display_name or change.after["name"])[:1024]
        payload = json.decode(given.model_dump_json())
        change.after["scim"] = {name: value for name, value in payload.items() if name not in _OURS}
        change.keep()
        wanted = [self._member(view, member.value) for member in given.members or ()]
        present = view.store.targets(gid, "team.members")
        for user in present:
            if user not in wanted:
                leave_team(view, gid, user)
        for user in wanted:
            join_team(view, gid, view.service, user)

    def _member(self, view: View, value: str | None) -> int:
        gid = gid_of(value)
        if gid is None or not view.store.linked(view.service, MEMBERS, gid):
            raise InvalidValueException(detail=f"members: There is no active user with the id {str(value)[:100]}")
        return gid

    def remove(self, view: View, gid: int) -> None:
        """Dissolve a team that has no projects left."""
        if view.store.page_kind(view.service, "project", None, 1, filters.equals("team", str(gid))):
            raise MutabilityException(detail="This team has projects: move or delete them first")
        for user in view.store.targets(gid, "team.members"):
            leave_team(view, gid, user)
        row = view.store.record(gid)
        if row is not None:
            deletion(view, row).keep()
