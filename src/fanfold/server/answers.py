"""The ledger's answers in the work API's own database, so that they are there after a restart, and for every worker.

Each verb is a transaction of its own. What an action wrote is committed before its answer is kept here: if the process
dies in between, the entry stays begun, and its key is refused rather than carried out twice.
"""

from __future__ import annotations

from msgspec import json

from fanfold.idempotency import Kept
from fanfold.model import Answer, Pairs
from fanfold.work.api import Api
from fanfold.work.session import Session
from fanfold.work.store import Store
from fanfold.work.store.answers import KeptRow

STEP = 100
"""How many entries whose time is over each ``begin`` forgets at most: more than it adds, so that they shrink away."""

LANES = 8


class StoredAnswers:
    """An answer store over the database of a work API.

    Where that never waits, nothing may be written and not yet committed when one of its verbs is called: it would be
    committed with it.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    async def begin(self, name: bytes, fingerprint: bytes, now: float, until: float) -> Kept | None:
        """Note a beginning, or tell what stands there."""

        def begin(session: Session) -> KeptRow | None:
            session.store.drop_answers(now, STEP)
            row = session.store.kept_answer(name, now)
            if row is None:
                session.store.begin_answer(name, fingerprint, until)
            return row

        row = await self._api.write(begin, _lane(name))
        return None if row is None else _read(row)

    async def finish(self, name: bytes, fingerprint: bytes, answer: Answer, until: float) -> None:
        """Keep an answer."""
        await self._api.write(lambda session: keep(session.store, name, fingerprint, answer, until), _lane(name))

    async def forget(self, name: bytes) -> None:
        """Take back a beginning."""
        await self._api.write(lambda session: session.store.forget_answer(name), _lane(name))


def kept(store: Store, name: bytes, now: float) -> Kept | None:
    """In the open action: what stands under a name."""
    row = store.kept_answer(name, now)
    return None if row is None else _read(row)


def keep(store: Store, name: bytes, fingerprint: bytes, answer: Answer, until: float) -> None:
    """In the open action: keep an answer."""
    row = answer.status, json.encode(answer.headers), answer.body, int(answer.trusted)
    store.finish_answer(name, fingerprint, until, row)


def _read(row: KeptRow) -> Kept:
    if row.status is None:
        return Kept(row.fingerprint)
    headers = json.decode(row.headers, type=Pairs)
    return Kept(row.fingerprint, done=True, answer=Answer(row.status, row.body, headers, bool(row.trusted)))


def _lane(name: bytes) -> int:
    """What is done about one name is done one after the other; there are some lanes, so that not all wait for each."""
    return -1 - name[0] % LANES
