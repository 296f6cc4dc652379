"""All data at once: what a server starts with, snapshots of it, and putting other data in place of those there are.

New data are made in a database in memory and copied over the running one in one step, so that nothing is ever half
there. Tokens, registered apps and what stands on shelves are not data: tokens that were valid before are valid
afterwards, for the user of the same address, and what a user had on a shelf they have still.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError, SetupError
from fanfold.server.seed_source import first_data
from fanfold.server.uploads import INCOMING, remove_files
from fanfold.settings import Settings
from fanfold.work import SqliteStore, Store
from fanfold.work.api import Api
from fanfold.work.seed import first_user
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from fanfold.work.store.shelves import Shelved
    from fanfold.work.store.store import TokenRow

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")


class Data:
    """The data of one server: its store, its uploaded files, and snapshots of both."""

    def __init__(self, settings: Settings, api: Api, files: Path) -> None:
        self._api = api
        self._files = files
        self._made: dict[str, SqliteStore] = {}
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._where = None if settings.beside is None else Path(f"{settings.beside}-snapshots")

    async def begin_anew(self, which: str) -> None:
        """Start again with ``demo``, ``empty`` or a seed file; the first two are made once and copied after that."""
        source = self._made.get(which)
        if source is None:
            source = first_data(which)
            if which in ("demo", "empty"):
                self._made[which] = source
        await self.replace(source)

    async def replace(self, source: SqliteStore, files: Path | None = None) -> None:
        """Put the data of ``source``, and the files that belong to them, in place of those there are."""
        await self._api.renew(lambda store: _replace(store, source))
        self._replace_files(files)

    def _replace_files(self, files: Path | None) -> None:
        remove_files(self._files)
        if files is not None and files.is_dir():
            shutil.copytree(files, self._files, dirs_exist_ok=True)

    def close(self) -> None:
        """Remove what was only kept for this server."""
        for store in self._made.values():
            store.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    # -- snapshots ---------------------------------------------------------------------------------------------------

    async def save(self, name: str) -> None:
        """Keep a snapshot; one of the same name is replaced."""
        goal = self._path(name)
        making = goal.with_name(f".{goal.name}")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        await self._api.copy_to(making / "data.db")
        if self._files.is_dir():
            shutil.copytree(self._files, making / "files", ignore=shutil.ignore_patterns(INCOMING))
        shutil.rmtree(goal, ignore_errors=True)
        making.rename(goal)

    async def restore(self, name: str) -> None:
        """Go back to a snapshot."""
        snapshot = self._found(name)
        try:
            source = SqliteStore(snapshot / "data.db")
        except SetupError as error:
            raise RequestError(f"snapshot: {error.message}", status=409) from None
        try:
            await self.replace(source, snapshot / "files")
        finally:
            source.close()

    def snapshots(self) -> list[dict[str, Any]]:
        """Name and size in bytes of each, by name."""
        found = [path for path in self._directory().glob("[!.]*") if (path / "data.db").is_file()]
        return [{"name": path.name, "bytes": _size(path)} for path in sorted(found)]

    def discard(self, name: str) -> None:
        """Remove a snapshot."""
        shutil.rmtree(self._found(name))

    def _directory(self) -> Path:
        if self._where is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="fanfold-snapshots-")
            self._where = Path(self._temporary.name)
        return self._where

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise RequestError("name: Must be 1 to 64 letters, digits, dots, dashes or underscores")
        return self._directory() / name

    def _found(self, name: str) -> Path:
        path = self._path(name)
        if not (path / "data.db").is_file():
            raise RequestError(f"snapshot: Unknown object: {name}", status=404)
        return path


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def _replace(store: Store, source: SqliteStore) -> None:
    copy = SqliteStore()
    try:
        copy.take_over(source)
        heirs = _Heirs(store, copy)
        copy.begin_action()
        copy.keep_tokens(heirs.tokens())
        copy.keep_shelved(heirs.shelved())
        _keep_apps(store, copy)
        copy.end_action()
        store.take_over(copy)
    finally:
        copy.close()


def _keep_apps(old: Store, new: Store) -> None:
    """Have the apps of ``old`` registered and no others; what they were allowed belongs to the data."""
    registered = {app.client: app for app in old.apps()}
    for app in new.apps():
        if registered.pop(app.client, None) is None:
            new.delete_app(app.client)
    for app in registered.values():
        new.add_app(app.client, app.secret, app.name, app.redirects, app.created_at)


class _Heirs:
    """Who of the users of ``new`` has what a user of ``old`` had: whoever has their address.

    What the first user had goes to the first user, whoever that is. What others had who are not there any more is
    forgotten.
    """

    def __init__(self, old: Store, new: Store) -> None:
        self._old = old
        self._new = new
        self._found: dict[int, int | None] = {}

    def of(self, user: int) -> int | None:
        """The heir of one user."""
        if user not in self._found:
            self._found[user] = self._find(user)
        return self._found[user]

    def _find(self, user: int) -> int | None:
        row = self._old.records({user}).get(user)
        heir = self._new.user_by_email(decode(row.document).get("email", "")) if row is not None else None
        return first_user(self._new) if heir is None and user == first_user(self._old) else heir

    def tokens(self) -> list[TokenRow]:
        """The tokens of ``old``, and those that only ``new`` knows; what was revoked stays so."""
        kept = []
        for token in self._old.digests():
            user = self.of(token.user)
            if user is not None or token.revoked_at is not None:
                kept.append(token._replace(user=user or 0))
        known = {token.digest for token in kept}
        return [*kept, *(token for token in self._new.digests() if token.digest not in known)]

    def shelved(self) -> list[tuple[str, Shelved]]:
        """What stands on the shelves of ``old``."""
        heirs = [(shelf, thing, self.of(thing.owner)) for shelf, thing in self._old.all_shelved()]
        return [(shelf, thing._replace(owner=heir)) for shelf, thing, heir in heirs if heir is not None]
