"""What a project, portfolio or goal shows of its status updates: the latest of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from fanfold.work import richtext
from fanfold.work.schema import Document, Field, Ref, obj
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.shape import Sheet

STATUSES = "status_updates"
"""Link field: the status updates of a record, newest first."""

CURRENT = "current_status_update"
"""Link field: the newest of the status updates of a record."""

COLORS = {
    "on_track": "green",
    "at_risk": "yellow",
    "off_track": "red",
    "on_hold": "blue",
    "complete": "complete",
    "dropped": "red",
}
"""What the former form of status updates, which projects still have, calls their types; it has no word for dropped."""


def color_of(document: Document) -> str:
    """The color that stands for the type of a status update."""
    return COLORS[document["status_type"]]


def _ignored(_: Request, __: Any) -> None:
    """Clients that send back what they read are not refused, but a status is posted, not set."""


def _update(sheet: Sheet, gid: int, _: Document) -> Ref | None:
    return next((Ref(link.gid) for link in sheet.links(gid, CURRENT)), None)


def current_status_update(*, access: Literal["write", "read"] = "write") -> Field:
    """The field of that name; ``write`` where clients may send it, which has no effect."""
    return obj(
        "current_status_update",
        kind="status_update",
        of="object",
        access=access,
        parse=_ignored,
        compute=_update,
        needs=(CURRENT,),
        blank=None,
    )


def current_status() -> Field:
    """The field in which projects show the same in its former form."""
    return obj("current_status", parse=_ignored, compute=_former, needs=(CURRENT,), blank=None)


def _documents(sheet: Sheet) -> dict[int, Document]:
    gids = [link.gid for gid in sheet.gids for link in sheet.links(gid, CURRENT)]
    return {gid: decode(document) for gid, document in sheet.view.store.documents(gids).items()}


def _former(sheet: Sheet, gid: int, _: Document) -> Document | None:
    found = sheet.once(CURRENT, _documents)
    for link in sheet.links(gid, CURRENT):
        document = found[link.gid]
        author = Ref(int(document["created_by"]))
        shown = {"gid": str(link.gid), "resource_type": "project_status", "author": author, "created_by": author}
        shown |= {name: document[name] for name in ("title", "text", "created_at", "modified_at")}
        shown["color"] = color_of(document)
        named = sheet.selection.fields.get("current_status")
        if named is not None and "html_text" in named.fields:
            shown["html_text"] = richtext.show("text", "html_text")(sheet, link.gid, document)
        return shown
    return None


def status_is_not_set(change: Change) -> None:
    """A rule: what was sent of a status leaves no trace."""
    change.after.pop("current_status", None)
    change.after.pop("current_status_update", None)
