"""Users: the people who act. A user is seen by those who share a workspace with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work.routes import crud
from fanfold.work.schema import Document, Kind, Ref, computed, obj, text

if TYPE_CHECKING:
    from fanfold.work.shape import Sheet


def _workspaces(sheet: Sheet, gid: int, _: Document) -> list[Ref]:
    links = sheet.links(gid, "<workspace.members")
    return [Ref(link.gid) for link in links if link.gid in sheet.view.workspaces]


user = Kind(
    "user",
    fields=(
        text("name"),
        text("email", access="read"),
        obj("photo", access="read"),
        computed("workspaces", _workspaces, needs=("<workspace.members",), of="list"),
    ),
)
crud(user, "read", "update")
