"""What the stores have in common, whatever database is behind them: transactions, gids, settings, and how to ask.

Writes collect in one transaction until ``commit`` (the dispatcher calls it once a batch), each action in a savepoint of
its own, so that a failed action leaves nothing behind and ten actions pay for one commit.
"""

from __future__ import annotations

import hmac
import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from fanfold.errors import NO_ROOM, NoRoom
from fanfold.work.store.idioms import Idiom
from fanfold.work.store.queries import Queries
from fanfold.work.store.remembered import Compact, Remembered
from fanfold.work.store.tables import Content, FilledError, copy

T = TypeVar("T")

VERSION = 5
"""Layout of the tables; written into each database. Newer ones are refused, older ones get what they lack."""

FIRST_GID = 1001


class Connection(ABC):
    """One open database. Who opens it has set what is declared here."""

    far: ClassVar[bool] = False
    """Whether asking takes time."""

    path: str
    """Where it is, as it may be shown."""

    signing_key: bytes
    _sql: Queries
    _cursor: Any
    """Has ``execute(sql, values)``, which gives rows, and ``executemany``."""

    def __init__(self) -> None:
        self._remembered = Remembered()
        self.compacts_at_hand: Mapping[int, Compact] = self._remembered.compacts
        """Compact forms that need not be looked up: a live view, true for the transaction that is open."""

    def sign(self, text: str) -> str:
        """A signature that only this database can make."""
        return hmac.digest(self.signing_key, text.encode(), "sha256").hex()

    def _lasting_key(self, name: str) -> bytes:
        key = self.setting(name)
        if key is None:
            key = secrets.token_bytes(32)
            self.set(name, key)
        return key

    # -- transactions ------------------------------------------------------------------------------------------------

    @abstractmethod
    def begin_read(self) -> None:
        """Read what is committed until ``commit``."""

    @abstractmethod
    def begin_action(self) -> None:
        """Open a savepoint for one action's writes, and the transaction around it if there is none yet."""

    @abstractmethod
    def end_action(self) -> None:
        """Keep the action's writes until the next ``commit``."""

    @abstractmethod
    def undo_action(self) -> None:
        """Take back all that the action wrote."""

    @abstractmethod
    def commit(self) -> None:
        """Make everything written since the last commit durable; on failure nothing of it is kept."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A block whose writes are durable at its end, all of them or none.

        Nothing may be written and not yet committed when it begins: that would be committed with it.
        """
        self.begin_action()
        try:
            yield
        except BaseException:
            self.undo_action()
            raise
        else:
            self.end_action()
        finally:
            self.commit()

    @abstractmethod
    def close(self) -> None:
        """Commit and close."""

    def in_words(self, error: Exception) -> Exception:
        """What to tell whoever asked for something that failed: an ``Unavailable`` where that says enough.

        Everything else is given back as it is.
        """
        return NoRoom() if isinstance(error, OSError) and error.errno in NO_ROOM else error

    def hurry(self) -> None:  # noqa: B027 - most wait without holding up anybody
        """From now on others have to wait as long as this does: give up soon where somebody else has it locked."""

    def expect(self, *gids: int) -> None:  # noqa: B027 - most need not be prepared
        """These records are going to be asked for: where asking takes time, have them come with the next answer."""

    # -- reading at length -------------------------------------------------------------------------------------------

    @abstractmethod
    def look(self, work: Callable[[Any], T]) -> T:
        """What ``work`` makes of a cursor that it only reads with, here and now."""

    @abstractmethod
    def look_aside(self, work: Callable[[Any], T]) -> Awaitable[T]:
        """The same of what is committed, without holding up anybody. Raises ``RequestError`` if it takes too long."""

    @abstractmethod
    def _prepare_index(self) -> None:
        """Make the tables that searches look at."""

    # -- copies ------------------------------------------------------------------------------------------------------

    @abstractmethod
    def content(self) -> Content:
        """All that is in it, to be read or replaced as a whole."""

    def take_over(self, other: Connection) -> None:
        """Become a copy of another database, in one step. What was here is forgotten, and its signatures end."""
        copy(other.content(), self.content(), without=("answer",))
        self._renew()

    def take_over_once(self, other: Connection, setting: str) -> None:
        """The same where a setting is not there yet, which other processes may be about to make just now too."""
        with suppress(FilledError):
            copy(other.content(), self.content(), without=("answer",), unless=setting)

    def _renew(self) -> None:
        """Have another key to sign with, and forget what was here."""
        self.use_key(secrets.token_bytes(32))
        self._taken_over()

    def use_key(self, key: bytes) -> None:
        """Sign with this key from now on."""
        self.signing_key = key
        with self.transaction():
            self.set("signing_key", key)

    def _taken_over(self) -> None:
        """Other data are here now: called at the end of ``take_over``."""
        self._remembered.clear()

    @abstractmethod
    def copy_to(self, path: Path) -> None:
        """Write a copy of what is committed to a new SQLite file."""

    # -- what is remembered ------------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """Grows whenever something changed that may be remembered elsewhere: who belongs where."""
        return self._remembered.epoch

    @abstractmethod
    def changes_elsewhere(self) -> int:
        """A number that differs from the last one if another process has written since."""

    # -- gids --------------------------------------------------------------------------------------------------------

    @abstractmethod
    def peek_gid(self) -> int:
        """The gid that ``new_gid`` will give next."""

    @abstractmethod
    def new_gid(self) -> int:
        """The next gid: ascending, never reused, also not after a crash."""

    # -- words -------------------------------------------------------------------------------------------------------

    @property
    def idiom(self) -> Idiom:
        """How conditions are said to this database."""
        return self._sql.idiom

    def query(self, name: str) -> str:
        """What stands under a name, to be part of a query: conditions on what stands there before them."""
        return self._sql[name]

    # -- settings ----------------------------------------------------------------------------------------------------

    def setting(self, name: str) -> bytes | None:
        """A stored setting."""
        value = self._one("setting", name)
        return None if value is None else bytes(value)

    def set(self, name: str, value: bytes) -> None:
        """Store a setting."""
        self._cursor.execute(self._sql["set"], (name, value))

    # -- plumbing ----------------------------------------------------------------------------------------------------

    def _one(self, name: str, *values: Any) -> Any:
        found = self._cursor.execute(self._sql[name], values).fetchone()
        return found[0] if found else None

    def _rows(self, name: str, *values: Any) -> list[Any]:
        found: list[Any] = self._cursor.execute(self._sql[name], values).fetchall()
        return found

    def _in(self, name: str, gids: Sequence[int], *more: Any) -> Iterator[Any]:
        found: Iterator[Any] = self._cursor.execute(self._sql.filled(name, len(gids)), (*self._among(gids), *more))
        return found

    def _among(self, values: Sequence[Any]) -> Sequence[Any]:
        """The values for ``{in}``."""
        return values

    @abstractmethod
    def _add(self, name: str, *values: Any) -> int:
        """Insert a row whose number the database gives; that number."""

    @abstractmethod
    def _change(self, name: str, *values: Any) -> int:
        """Change or remove rows; how many."""
