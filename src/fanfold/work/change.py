"""One record being created, changed or deleted, and everything that belongs to that.

A rule reads a ``Change`` and sets fields or raises; what tells others about it (stories, events) looks at it after it
was written, inside the same savepoint, so that there is never one without the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from fanfold.errors import RequestError
from fanfold.work.request import Request, encode
from fanfold.work.schema import Document, Kind
from fanfold.work.shape import decode
from fanfold.work.store import Row
from fanfold.work.validate import Given, read_kind

if TYPE_CHECKING:
    from fanfold.work.store import Store
    from fanfold.work.view import View


_PARTED = frozenset((dict, list))


class Relation(Struct, frozen=True):
    """A link that a change made or took away: ``field`` is the name shown, such as ``followers``."""

    action: Literal["added", "removed"]
    field: str
    target: int


@dataclass(eq=False)
class Change:
    """One record on its way from ``before`` to ``after``.

    ``given`` is what the client set; ``hung_on`` is what a deleted record had hung on (owner, link field and note).
    """

    view: View
    kind: Kind
    moment: Literal["create", "update", "delete"]
    gid: int
    workspace: int
    before: Document
    given: Given
    private: int = 0
    after: Document = field(init=False)
    relations: list[Relation] = field(default_factory=list)
    hung_on: list[tuple[int, str, int | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.after = dict(self.before)

    @property
    def store(self) -> Store:
        """Where it is written."""
        return self.view.store

    def moved(self, name: str) -> bool:
        """Whether the value of a field changes."""
        return self.before.get(name) != self.after.get(name)

    def add(self, name: str, target: int, *, position: int | None = None, note: int | None = None) -> bool:
        """Link a record by a relation of this kind, at the end unless told; False if it was linked already."""
        link = self.kind.fields[name].link
        if self.store.linked(self.gid, link, target):
            return False
        if position is None:
            position = self.store.end(self.gid, link)
        self.store.link(self.gid, link, target, position, note)
        self.relations.append(Relation("added", name, target))
        return True

    def remove(self, name: str, target: int) -> bool:
        """Unlink a record; False if it was not linked."""
        if not self.store.unlink(self.gid, self.kind.fields[name].link, target):
            return False
        self.relations.append(Relation("removed", name, target))
        return True

    def write(self) -> None:
        """Apply the kind's rules, store the record and tell those who follow changes."""
        for rule in self.kind.rules[self.moment]:
            rule(self)
        self.keep()

    def keep(self) -> None:
        """Store the record as it is, whatever the rules say, and tell those who follow changes."""
        if self.moment == "delete":
            self.hung_on = self.store.delete(self.gid)
        else:
            self._store()
        for observe in self.view.observers:
            observe(self)

    def _store(self) -> None:
        after = self.after
        if self.moment == "create":
            if not self.workspace and self.kind.name != "user":
                raise RequestError(f"{self.kind.workspace_from}: Missing input")
            if "created_at" in self.kind.fields:
                after["created_at"] = self.view.now
        elif after == self.before and not self.relations:
            return
        if "modified_at" in self.kind.fields:
            after["modified_at"] = self.view.now
        parts = {name: in_order(value) for name, value in after.items() if type(value) in _PARTED}
        document = encode({**after, **parts} if parts else after)
        if b"\\u0000" in document:
            self._refuse_nul()
        row = Row(self.gid, self.kind.name, self.workspace, self.private, document, compact(self.kind, self.gid, after))
        if self.moment == "create":
            self.store.insert(row)
        else:
            self.store.rewrite(row)

    def _refuse_nul(self) -> None:
        """No text may hold the character NUL: there are databases that cannot keep it."""
        for name, value in self.after.items():
            if holds_nul(value) and value != self.before.get(name):
                raise RequestError(f"{name}: Text must not hold the character NUL")


def in_order(value: Any) -> Any:
    """A value of JSON with the members of objects in one order, short names first: that of PostgreSQL."""
    if isinstance(value, dict):
        names = sorted(value)
        names.sort(key=len if "".join(names).isascii() else lambda name: (len(name.encode()), name.encode()))
        return {name: in_order(value[name]) if type(value[name]) in _PARTED else value[name] for name in names}
    if isinstance(value, list):
        return [in_order(part) if type(part) in _PARTED else part for part in value]
    return value


def holds_nul(value: object) -> bool:
    """Whether the character NUL is anywhere in a value of JSON."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(holds_nul(part) for part in value)


def compact(kind: Kind, gid: int, document: Document) -> bytes:
    """The short form of a record as JSON bytes; empty where it holds relations and is put together when shown."""
    if kind.composed:
        return b""
    short: dict[str, Any] = {"gid": str(gid), "resource_type": kind.name} if kind.typed else {"gid": str(gid)}
    for name in kind.compact:
        short[name] = document.get(name, kind.defaults.get(name))
    return encode(short)


def creation(request: Request, kind: Kind, /, **preset: Any) -> Change:
    """A new record with what the client gave; ``preset`` values come from the path and win."""
    given = read_kind(request, kind)
    given.values.update(preset)
    return new(request.view, kind, given)


def new(view: View, kind: Kind, given: Given) -> Change:
    """A new record that nothing was written of yet."""
    change = Change(view, kind, "create", view.store.new_gid(), 0, {}, given)
    change.after = kind.defaults | given.values
    workspace = given.values.get(kind.workspace_from)
    if workspace is not None:
        change.workspace = int(workspace)
    return change


def born(view: View, kind: str, workspace: int, /, **values: Any) -> Change:
    """Create a record on the system's own account: written at once, values as given."""
    change = new(view, view.kinds[kind], Given(values, {}, {}))
    change.workspace = workspace
    change.write()
    return change


def copy_of(view: View, row: Row, /, **values: Any) -> Change:
    """A copy of a record under a gid of its own, with other ``values``; nothing was written of it yet."""
    kind = view.kinds[row.kind]
    change = Change(view, kind, "create", view.store.new_gid(), row.workspace, {}, Given({}, {}, {}), row.private)
    change.after = decode(row.document) | values
    return change


def modification(request: Request, row: Row) -> Change:
    """An existing record with what the client gave."""
    kind = request.view.kinds[row.kind]
    change = touching(request.view, row, read_kind(request, kind, creating=False))
    change.after.update(change.given.values)
    return change


def touching(view: View, row: Row, given: Given | None = None) -> Change:
    """An existing record that nothing was changed of yet."""
    given = given or Given({}, {}, {})
    return Change(
        view, view.kinds[row.kind], "update", row.gid, row.workspace, decode(row.document), given, row.private
    )


def deletion(view: View, row: Row) -> Change:
    """A record about to be deleted."""
    kind = view.kinds[row.kind]
    return Change(view, kind, "delete", row.gid, row.workspace, decode(row.document), Given({}, {}, {}), row.private)
