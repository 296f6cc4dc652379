"""The log of what happened: an entry for each change, read by event streams as long as somebody asks in time.

Entries hold gids, not names: what is shown of them is looked up when it is read. A change is one entry, however many
events it is shown as, so that the log costs a write as little as can be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.json import Decoder

from fanfold.work.bubbling import above
from fanfold.work.request import encode
from fanfold.work.schema import Ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fanfold.work.change import Change
    from fanfold.work.schema import Document, Kind

PLACES = frozenset(("memberships", "projects"))
"""Relations that say where a record is: gaining one is being added there, not a change of the record."""

SILENT = frozenset(("attachments", "stories"))
"""Relations of which the events of the related records tell."""

_TOLD = ("assignee", "created_by", "owner")
"""Fields that name people who may know of a private record's end."""

_WORKED_OUT = ("custom_fields", "metric")
"""Fields that are shown otherwise than they are kept, but whose changes are told of."""


class Entry(Struct, array_like=True, frozen=True, gc=False):
    """What became of one record: ``places`` it was added to or removed from, ``changes`` of fields, or its end.

    A place is an action and a gid, or 0 for none; a change is a field, an action and the gid of a value that is a
    record, or 0. ``parent``: what it is a part of, or 0. ``name``, ``subtype`` and ``told``, people who may know of it
    though it is private, are kept where the record is no longer there to ask. ``above``: what it bubbles up to.
    """

    user: int
    at: str
    kind: str
    private: int
    parent: int
    places: tuple[tuple[str, int], ...] = ()
    changes: tuple[tuple[str, str, int], ...] = ()
    deleted: bool = False
    name: str = ""
    told: tuple[int, ...] = ()
    subtype: str = ""
    above: tuple[int, ...] = ()


read_entry = Decoder(Entry).decode


@lru_cache(maxsize=256)
def _reported(kind: Kind) -> tuple[tuple[str, bool], ...]:
    """The fields whose changes are told of, and whether their values are records."""
    return tuple(
        (field.name, field.type == "one")
        for field in kind.fields.values()
        if (field.stored and field.access != "read" and field.compute is None) or field.name in _WORKED_OUT
    )


def log_change(change: Change) -> None:
    """Append a change to the log; users stand above workspaces and have none, webhooks are nobody else's business."""
    workspace = change.workspace
    if not workspace:
        _tell_the_index(change)
        return
    if change.kind.name == "webhook":
        return
    entry = _TELL[change.moment](change)
    if entry is not None:
        # Nobody can have followed what is only just there.
        subjects = entry.above if change.moment == "create" else (change.gid, *entry.above)
        change.store.add_event(workspace, change.gid, encode(entry), subjects)


def _tell_the_index(change: Change) -> None:
    """Note that a user changed, which is told to nobody but the search index (see ``store/index.py``)."""
    if change.kind.name == "user":
        entry = Entry(change.view.user, change.view.now, "user", 0, 0)
        change.store.add_event(0, change.gid, encode(entry), ())


def _begun(change: Change) -> Entry:
    view, kind = change.view, change.kind
    parent = int(change.after.get(kind.within or "parent") or 0)
    places = [("added", relation.target) for relation in change.relations if relation.field == "projects"]
    if not places:
        places = [("added", parent)]
    return Entry(view.user, view.now, kind.name, change.private, parent, tuple(places), above=tuple(above(change)))


def _moved(change: Change) -> Entry | None:
    view, kind, before, after = change.view, change.kind, change.before, change.after
    changes: list[tuple[str, str, int]] = []
    for name, is_record in _reported(kind):
        value = after.get(name)
        if value != before.get(name):
            changes.append((name, "changed", int(value or 0) if is_record else 0))
    places: list[tuple[str, int]] = []
    for relation in change.relations:
        if relation.field in PLACES:
            places.append((relation.action, relation.target))
        elif relation.field not in SILENT:
            changes.append((relation.field, relation.action, relation.target))
    if not places and not changes:
        return None
    parent = int(after.get(kind.within or "parent") or 0)
    over = tuple(above(change))
    return Entry(view.user, view.now, kind.name, change.private, parent, tuple(places), tuple(changes), above=over)


def _ended(change: Change) -> Entry:
    view, kind, before = change.view, change.kind, change.before
    return Entry(
        view.user,
        view.now,
        kind.name,
        change.private,
        int(before.get(kind.within or "parent") or 0),
        deleted=True,
        name=before.get("name") or "",
        told=tuple(int(before[name]) for name in _TOLD if before.get(name)),
        subtype=before.get("resource_subtype") or "",
        above=tuple(above(change)),
    )


_TELL: Mapping[str, Callable[[Change], Entry | None]] = {"create": _begun, "update": _moved, "delete": _ended}


def events_of(entry: Entry, resource: Ref | Document) -> Iterator[Document]:
    """The events that an entry is shown as; ``resource`` is what is shown of its record."""
    for action, place in entry.places:
        yield _event(entry, resource, action, parent=Ref(place) if place else None)
    for field, action, value in entry.changes:
        changed: Document = {"field": field, "action": action}
        if value:
            changed["new_value" if action == "changed" else f"{action}_value"] = Ref(value)
        yield _event(entry, resource, "changed", change=changed)
    if entry.deleted:
        yield _event(entry, resource, "deleted")


def _event(entry: Entry, resource: Ref | Document, action: str, parent: Ref | None = None, **more: Any) -> Document:
    return {
        "user": Ref(entry.user) if entry.user else None,
        "resource": resource,
        "type": entry.kind,
        "action": action,
        "parent": parent,
        "created_at": entry.at,
        **more,
    }
