"""All data at once: what a server starts with, snapshots of it, and putting other data in place of those there are.

New data are made in a database in memory and copied over the running one in one step, so that nothing is ever half
there. Tokens and registered apps are not data: tokens that were valid before are valid afterwards, for the user of the
same address.
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
from fanfold.work import SqliteStore
from fanfold.work.seed import first_user
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from fanfold.work.store.sqlite import TokenRow

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")


class Data:
    """The data of one server: its store, its uploaded files, and snapshots of both."""

    def __init__(self, settings: Settings, store: SqliteStore, files: Path) -> None:
        self._store = store
        self._files = files
        self._made: dict[str, SqliteStore] = {}
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._where = None if settings.db == ":memory:" else Path(f"{settings.db}-snapshots")

    def begin_anew(self, which: str) -> None:
        """Start again with ``demo``, ``empty`` or a seed file; the first two are made once and copied after that."""
        source = self._made.get(which)
        if source is None:
            source = first_data(which)
            if which in ("demo", "empty"):
                self._made[which] = source
        self.replace(source)

    def replace(self, source: SqliteStore, files: Path | None = None) -> None:
        """Put the data of ``source``, and the files that belong to them, in place of those there are."""
        copy = SqliteStore()
        try:
            copy.take_over(source)
            kept = _carried_over(self._store, copy)
            copy.begin_action()
            copy.keep_tokens(kept)
            _keep_apps(self._store, copy)
            copy.end_action()
            self._store.take_over(copy)
        finally:
            copy.close()
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

    def save(self, name: str) -> None:
        """Keep a snapshot; one of the same name is replaced."""
        goal = self._path(name)
        making = goal.with_name(f".{goal.name}")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        self._store.copy_to(making / "data.db")
        if self._files.is_dir():
            shutil.copytree(self._files, making / "files", ignore=shutil.ignore_patterns(INCOMING))
        shutil.rmtree(goal, ignore_errors=True)
        making.rename(goal)

    def restore(self, name: str) -> None:
        """Go back to a snapshot."""
        snapshot = self._found(name)
        try:
            source = SqliteStore(snapshot / "data.db")
        except SetupError as error:
            raise RequestError(f"snapshot: {error.message}", status=409) from None
        try:
            self.replace(source, snapshot / "files")
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


def _keep_apps(old: SqliteStore, new: SqliteStore) -> None:
    """Have the apps of ``old`` registered and no others; what they were allowed belongs to the data."""
    registered = {app.client: app for app in old.apps()}
    for app in new.apps():
        if registered.pop(app.client, None) is None:
            new.delete_app(app.client)
    for app in registered.values():
        new.add_app(app.client, app.secret, app.name, app.redirects, app.created_at)


def _carried_over(old: SqliteStore, new: SqliteStore) -> list[TokenRow]:
    """The tokens of ``old`` for the users of ``new``, and those that only ``new`` knows.

    A token goes with its user's address. The first user's go to the first user, whoever that is, and what was revoked
    stays so. Others of people who are not there any more are forgotten.
    """
    emails = {
        row.gid: decode(row.document).get("email", "") for row in old.records({t.user for t in old.digests()}).values()
    }
    first, heir = first_user(old), first_user(new)
    kept = []
    for token in old.digests():
        user = new.user_by_email(emails.get(token.user, ""))
        if user is None and token.user == first:
            user = heir
        if user is not None or token.revoked_at is not None:
            kept.append(token._replace(user=user or 0))
    known = {token.digest for token in kept}
    return [*kept, *(token for token in new.digests() if token.digest not in known)]
