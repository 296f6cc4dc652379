"""What searches look at, kept beside the records and brought up to date when somebody searches or nobody writes.

Writing costs nothing for it: what has changed stands in the log of events anyway, and is read from there in steps that
are short enough to be done between two requests. A database that was never searched is gone through once, record by
record. What hangs on a task (projects, tags, followers) is not kept here: the links are at hand and always true.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar
from zlib import crc32

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from fanfold.work.store.events import Events
from fanfold.work.store.rows import Row

T = TypeVar("T")

NAMED = (*("agent", "custom_field", "goal", "portfolio", "project", "project_template", "tag", "task", "team", "user"),)
"""Kinds that are found by their name."""

STEP = 20
"""Records that one step looks at, unless the database is far away: one to three milliseconds."""

_STATE = "search"


class _State(Struct):
    """How far the index has come: the last event seen, and the last gid of the first round, or None after it."""

    seq: int
    gid: int | None


_read_state = Decoder(_State).decode
_encode = Encoder().encode
_decode = Decoder().decode


class Index(Events):
    """The tables of ``search.sql``."""

    step: ClassVar[int] = STEP

    # -- bringing it up to date --------------------------------------------------------------------------------------

    def index_step(self, until: str = "") -> bool:
        """Bring the index a step further, in the open action; whether more is to do.

        ``until``: leave out what happened after that moment.
        """
        state = self._index_state()
        begun = state.gid is not None
        if begun:
            query = self._sql.filled("searchable", len(NAMED))
            gids = [gid for (gid,) in self._cursor.execute(query, (state.gid, *self._among(NAMED), self.step))]
            state.gid = gids[-1] if len(gids) == self.step else None
            more = True
        else:
            name, bounds = ("events_since_until", (until, self.step)) if until else ("events_since", (self.step,))
            events = self._rows(name, state.seq, *bounds)
            if not events:
                return False
            gids = list({int(gid) for _, *touched in events for gid in touched if gid})
            state.seq = events[-1][0]
            more = len(events) == self.step
        self._index(gids)
        if begun and state.gid is None:
            self._indexed_all()
        self.set(_STATE, _encode(state))
        return more

    def index_is_behind(self) -> bool:
        """Whether ``index_step`` has anything to do, events that are too young apart."""
        stored, first, last = self._index_bounds()
        if stored is None:
            return True
        state = _read_state(stored)
        return state.gid is not None or last != state.seq or first > state.seq + 1

    def index_upto(self) -> int | None:
        """Up to which entry of the log the index has seen what happened; None where nobody ever searched."""
        stored = self.setting(_STATE)
        return None if stored is None else _read_state(stored).seq

    def index_backlog(self) -> int:
        """How many entries of the log the index has not seen; 0 where nobody ever searched."""
        upto = self.index_upto()
        return 0 if upto is None else self.last_event() - upto

    def _index_bounds(self) -> tuple[bytes | None, int, int]:
        """How far it has come, as that is stored, and the first and last event that there is."""
        found: tuple[bytes | None, int, int] = self._cursor.execute(self._sql["index_bounds"], (_STATE,)).fetchone()
        return found

    def _index_state(self) -> _State:
        """Where to go on: at the beginning if there is no index yet, or if the log no longer tells what it lacks."""
        stored, first, last = self._index_bounds()
        if stored is None:
            self._prepare_index()
            return _State(last, 0)
        state = _read_state(stored)
        return _State(last, 0) if last < state.seq or first > state.seq + 1 else state

    # -- records -----------------------------------------------------------------------------------------------------

    def _index(self, gids: list[int]) -> None:
        rows = {gid: row for gid, row in self.records(gids).items() if row.kind in NAMED}
        known = dict(
            self._cursor.execute(self._sql.filled("digests", len(gids)), (*self._among(gids), *self._among(gids)))
        )
        for gid in gids:
            if gid in known and gid not in rows:
                self._forget(gid)
        tasks = {gid: row for gid, row in rows.items() if row.kind == "task"}
        counts = {(owner, field): count for owner, field, count in self._in("count_linked", tuple(tasks))}
        for gid, row in rows.items():
            document = _decode(row.document)
            if row.kind == "task":
                self._index_task(row, document, known.get(gid), counts)
            else:
                self._index_named(row, document, known.get(gid))

    def _forget(self, gid: int) -> None:
        for name in ("facts", "values", "named", "words", "task_names", "names"):
            self._cursor.execute(self._sql[f"drop_{name}"], (gid,))

    def _index_task(
        self, row: Row, document: dict[str, Any], known: int | None, counts: dict[tuple[int, str], int]
    ) -> None:
        get, gid, run = document.get, row.gid, self._cursor.execute
        name, notes = get("name") or "", get("notes") or ""
        digest = crc32(f"{name}\0{notes}".encode())
        run(
            self._sql["keep_facts"],
            (
                *(gid, row.workspace, int(bool(get("completed"))), get("resource_subtype") or "default_task"),
                *(_gid(get(field)) for field in ("assignee", "assigned_by", "created_by", "parent")),
                *(get(field) for field in ("start_on", "due_on", "due_at")),
                get("due_at") or get("due_on"),
                *(get(field) for field in ("created_at", "completed_at", "modified_at")),
                *(_gid(get(field)) for field in ("custom_type", "custom_type_status_option")),
                *(counts.get((gid, field), 0) for field in ("task.likes", "attachments", "task.dependencies")),
                digest,
            ),
        )
        if digest != known:
            for table, texts in (("words", (name, notes)), ("task_names", (name,))):
                if known is not None:
                    run(self._sql[f"drop_{table}"], (gid,))
                run(self._sql[f"keep_{table}"], (gid, *self._words(*texts)))
        if known is not None:
            run(self._sql["drop_values"], (gid,))
        for field, value in (get("custom_fields") or {}).items():
            run(self._sql["keep_value"], (int(field), gid, *self._value(_searchable(value))))

    def _index_named(self, row: Row, document: dict[str, Any], known: int | None) -> None:
        run, name = self._cursor.execute, document.get("name") or ""
        digest = crc32(name.encode())
        run(self._sql["keep_named"], (row.gid, row.workspace, row.kind, document.get("modified_at"), digest))
        if digest != known:
            if known is not None:
                run(self._sql["drop_names"], (row.gid,))
            run(self._sql["keep_names"], (row.gid, *self._words(name)))

    def _indexed_all(self) -> None:
        """All records have been gone through for the first time."""

    def _words(self, *texts: str) -> tuple[str, ...]:
        """What is kept of texts whose words are searched for."""
        return texts

    def _value(self, value: str | float | None) -> tuple[Any, ...]:
        """What is kept of a value that is searched for."""
        return (value,)


def _gid(text: str | None) -> int | None:
    return None if text is None else int(text)


def _searchable(value: Any) -> str | float | None:
    """The value of a custom field as it is searched for: text, a number, an option's gid or a day."""
    if isinstance(value, dict):
        value = value.get("date")
    if isinstance(value, int):
        return value if abs(value) < 1 << 63 else float(value)
    return value if isinstance(value, (str, float)) else None
