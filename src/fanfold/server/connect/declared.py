"""Integrations: those that came with the server or its directory, and those that users added, kept beside accounts.

One that a user added is seen, changed and used by that user alone: whoever could change where it leads could have the
credentials of all who use it. What takes a store is called in the work of a session, and is part of its transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fanfold.errors import RequestError, SetupError
from fanfold.integrations.declaration import Declaration
from fanfold.server.connect.store import Sealing
from fanfold.work import Store
from fanfold.work.store.shelves import Shelved

SHELF = "integration"
MAX_OF_USER = 200
"""Integrations that one user may add."""

MAX_REMEMBERED = 1000
"""Integrations that are kept open in memory, and as many that were read for calls."""

_NAMESPACE = uuid.UUID("4f6f3a55-6a86-4c55-9d0a-2f1d3f5d2b61")
_OWN = ("name", "category", "label", "description", "logo", "icon")
"""What stands beside the ``config`` of an integration rather than in it."""

_encode = msgspec.json.Encoder().encode

Reader = Callable[[Any], Declaration]
"""A declaration of decoded JSON; raises ``RequestError`` 400 with all that is wrong."""


class Base(Protocol):
    """Declarations that nobody changes while the server runs."""

    def get(self, name: str) -> Declaration | None:
        """The declaration of that name, or None."""

    def names(self) -> list[str]:
        """All names."""


class Integration(Struct, frozen=True, kw_only=True):
    """``document`` is the declaration as it was written, ``owner`` the gid of who added it, empty for the server's."""

    id: str
    name: str
    document: dict[str, Any]
    owner: str = ""
    version: int = 1
    created_at: str = ""
    updated_at: str = ""

    @property
    def config(self) -> dict[str, Any]:
        """The declaration without what stands beside it."""
        return {name: value for name, value in self.document.items() if name not in _OWN}


class Row(Struct, frozen=True):
    """One that was added, as it is stored under its name."""

    id: str
    version: int
    created_at: str
    updated_at: str
    sealed: bytes


_read = msgspec.json.Decoder(Row).decode


class Integrations:
    """All integrations. What was opened and read once is remembered while its row is the same."""

    def __init__(self, base: Base, sealing: Callable[[], Sealing], read: Reader) -> None:
        self._base = base
        self._sealing = sealing
        self._read = read
        self._known: dict[str, tuple[Shelved, Declaration]] = {}
        self._seen: dict[str, tuple[Shelved, Integration]] = {}
        self._of_base: dict[str, Integration] = {}

    # -- for calls ---------------------------------------------------------------------------------------------------

    def get(self, store: Store, name: str) -> Declaration | None:
        """The declaration of that name, or None."""
        found = self._base.get(name)
        if found is not None:
            return found
        row = store.shelved(SHELF, name)
        if row is None:
            return None
        known = self._known.get(name)
        if known is not None and known[0] == row:
            return known[1]
        declaration = self._read(self._opened(row).document)
        if len(self._known) >= MAX_REMEMBERED:
            self._known.clear()
        self._known[name] = row, declaration
        return declaration

    # -- for users ---------------------------------------------------------------------------------------------------

    def of(self, store: Store, user: str) -> Iterator[Integration]:
        """Those that a user may use: the server's by name, then their own in the order in which they were added."""
        for name in self._base.names():
            declaration = self._base.get(name)
            if declaration is not None:
                yield self._of_server(name, declaration)
        for row in store.shelved_of(SHELF, int(user)):
            yield self._opened(row)

    def find(self, store: Store, key: str, user: str) -> Integration:
        """The one of an id or name; raises ``RequestError`` 404."""
        declaration = self._base.get(key)
        if declaration is not None:
            return self._of_server(key, declaration)
        row = store.shelved(SHELF, key)
        if row is not None and str(row.owner) == user:
            return self._opened(row)
        there = list(self.of(store, user))
        for one in there:
            if key == one.id:
                return one
        known = ", ".join(one.name for one in there)
        raise RequestError(f"There is no integration {key[:100]!r}; there are: {known[:1000]}", status=404)

    def add(self, store: Store, document: dict[str, Any], user: str, now: str) -> Integration:
        """Take one more; raises ``RequestError`` where it is not right or its name is taken."""
        declaration = self._read(document)
        if self.get(store, declaration.name) is not None:
            raise RequestError(f"There is an integration {declaration.name!r} already; choose another name", status=409)
        if len(store.shelved_of(SHELF, int(user))) >= MAX_OF_USER:
            raise RequestError(f"There may be {MAX_OF_USER} integrations of one user", status=409)
        added = Integration(
            id=str(uuid.uuid4()),
            name=declaration.name,
            document=document,
            owner=user,
            created_at=now,
            updated_at=now,
        )
        self._keep(store, added)
        return added

    def change(self, store: Store, before: Integration, document: dict[str, Any], now: str) -> Integration:
        """Put a new declaration in place of one; raises ``RequestError`` where it is not right or that may not be."""
        self._must_be_own(before)
        declaration = self._read(document)
        if declaration.name != before.name:
            raise RequestError("name: The name of an integration cannot be changed, as its accounts know it by that")
        changed = replace(before, document=document, version=before.version + 1, updated_at=now)
        self._keep(store, changed)
        return changed

    def remove(self, store: Store, integration: Integration) -> None:
        """Forget one; raises ``RequestError`` where that may not be."""
        self._must_be_own(integration)
        self._known.pop(integration.name, None)
        self._seen.pop(integration.name, None)
        store.unshelve(SHELF, integration.name)

    def _must_be_own(self, integration: Integration) -> None:
        if not integration.owner:
            raise RequestError(
                f"The integration {integration.name!r} came with the server and cannot be changed; "
                "add one of your own under another name",
                status=409,
            )

    def _keep(self, store: Store, integration: Integration) -> None:
        sealed = self._sealing().seal(integration.document, integration.name)
        row = Row(integration.id, integration.version, integration.created_at, integration.updated_at, sealed)
        store.shelve(SHELF, Shelved(integration.name, int(integration.owner), None, _encode(row)))

    def _of_server(self, name: str, declaration: Declaration) -> Integration:
        found = self._of_base.get(name)
        if found is None:
            document: dict[str, Any] = msgspec.to_builtins(declaration)
            found = Integration(id=str(uuid.uuid5(_NAMESPACE, name)), name=name, document=document)
            self._of_base[name] = found
        return found

    def _opened(self, row: Shelved) -> Integration:
        known = self._seen.get(row.name)
        if known is not None and known[0] == row:
            return known[1]
        found = self._open(row)
        if len(self._seen) >= MAX_REMEMBERED:
            self._seen.clear()
        self._seen[row.name] = row, found
        return found

    def _open(self, row: Shelved) -> Integration:
        stored = _read(row.document)
        try:
            document = self._sealing().open(stored.sealed, row.name)
        except SetupError as error:
            raise RequestError(f"The integration {row.name} cannot be opened. {error.message}", status=503) from None
        return Integration(
            id=stored.id,
            name=row.name,
            document=document,
            owner=str(row.owner),
            version=stored.version,
            created_at=stored.created_at,
            updated_at=stored.updated_at,
        )


def merged(old: Any, new: Any) -> Any:
    """Objects merged into each other all the way down; null takes a member away."""
    if not isinstance(new, Mapping):
        return new
    found = dict(old) if isinstance(old, Mapping) else {}
    for name, value in new.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), value)
    return found
