"""The ledger: what was asked under which key, so that asking again is answered and not carried out again.

A client that sends a write and loses the answer cannot know whether it was done. With a key of its own making it may
ask again: one that was done is answered from the ledger, one that is under way is waited for, and one of which nobody
saw the end is refused rather than done twice.

What is begun goes on in a task of the ledger, whoever gives up waiting for it: its end has to be seen, as there is
somebody who will ask for it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from fanfold.errors import Crashed, RequestError, TimedOut, Undecided
from fanfold.idempotency.answers import AnswerStore, Kept
from fanfold.idempotency.fingerprint import fingerprint_of
from fanfold.idempotency.memory import MemoryAnswers
from fanfold.idempotency.telling import NOTHING_DONE, End, Ends
from fanfold.model import Answer, Call, Caller

logger = logging.getLogger("fanfold")

ASK_AGAIN = frozenset({401, 408, 425, 429, 503})
"""Statuses that say that nothing was done, or that asking again is right: an answer that has one is not kept."""

DAY = 86_400.0

_KEY = re.compile(r"[!-~]{1,255}")

_NO_KEY = "idempotency key: Must be 1 to 255 visible ASCII characters"
_REUSED = (
    "idempotency key: It was sent before with another request. Send that request again just as it was, or choose a new "
    "key for this one"
)
_UNSEEN = (
    "idempotency key: The request that it was first sent with was begun, and how that ended is not known. It is not "
    "carried out again: look whether it was done, and if it was not, send it with a new key"
)
_TOO_LARGE = (
    "idempotency key: The request that it was first sent with was carried out, but its answer was too large to be "
    "kept. It is not carried out again: look at what became of it"
)


class _Running(NamedTuple):
    """A request that is looked up, and carried out once it has ``begun``."""

    fingerprint: bytes
    task: asyncio.Task[tuple[Answer, bool]]
    begun: asyncio.Future[None]


class Ledger:
    """Answers by caller and key, in ``store`` (by default in memory), for ``seconds``, on ``clock`` (since 1970).

    What is carried out may take ``longest`` seconds; it is stopped then, and what came of it is not known. Where other
    processes have the same store, a request that one of them has begun is waited for, ``elsewhere`` seconds at most.
    """

    def __init__(
        self,
        store: AnswerStore | None = None,
        *,
        seconds: float = DAY,
        longest: float = 300.0,
        elsewhere: float = 0.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store: AnswerStore = MemoryAnswers() if store is None else store
        self._seconds = seconds
        self._longest = longest
        self._elsewhere = elsewhere
        self._clock = clock
        self._running: dict[bytes, _Running] = {}
        self._ends = Ends(self._store)

    def __len__(self) -> int:
        """How many requests are being carried out."""
        return len(self._running)

    async def carry_out(self, call: Call, key: str, run: Callable[[], Awaitable[Answer]]) -> tuple[Answer, bool]:
        """``once`` for a call."""
        fingerprint = fingerprint_of(call.method, call.path, call.query, call.body)
        return await self.once(call.caller, key, fingerprint, run)

    async def once(
        self, caller: Caller, key: str, fingerprint: bytes, run: Callable[[], Awaitable[Answer]]
    ) -> tuple[Answer, bool]:
        """What ``run`` answers, run once for each key of a caller; True where the answer had been given before.

        What ``run`` did has to be durable when it returns. An exception of it is raised here and forgotten, and
        whoever asks next runs again; so is an answer that says that nothing was done (``ASK_AGAIN``), but those who
        waited for it are given it too. An exception that only lost the answer (``lost``) is not: whoever asks next is
        given that. Cancelling ``once`` ends the wait and not the run.

        Raises ``RequestError``: 400 for what is no key, 422 for a key that was used for a request of another
        ``fingerprint``, 409 where the run was begun and its end was not seen.
        """
        name = name_of(caller, key)
        while (running := self._running.get(name)) is not None:
            if running.fingerprint != fingerprint:
                known: list[asyncio.Future[Any]] = [running.begun, running.task]
                await asyncio.wait(known, return_when=asyncio.FIRST_COMPLETED)
                if running.begun.done():
                    raise RequestError(_REUSED, status=422)
                continue
            await asyncio.wait([running.task])
            if not running.task.cancelled() and running.task.exception() is None:
                return running.task.result()[0], True
        return await self._first(name, fingerprint, run)

    async def drain(self, seconds: float | None = None) -> None:
        """Wait until nothing is being carried out, but ``seconds`` at most. Call it before the store is closed.

        What is not done by then is stopped, and how far it had come is not known.
        """
        await self._drain(seconds)
        await self._ends.close()

    async def _drain(self, seconds: float | None) -> None:
        until = None if seconds is None else asyncio.get_running_loop().time() + seconds
        while self._running:
            tasks = [running.task for running in self._running.values()]
            left = None if until is None else until - asyncio.get_running_loop().time()
            if left is not None and left <= 0:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks, timeout=1)
                return
            await asyncio.wait(tasks, timeout=left)

    async def _first(
        self, name: bytes, fingerprint: bytes, run: Callable[[], Awaitable[Answer]]
    ) -> tuple[Answer, bool]:
        """Have a task carry it out, which is held here, as the event loop holds its tasks only weakly."""
        loop = asyncio.get_running_loop()
        begun: asyncio.Future[None] = loop.create_future()
        task = loop.create_task(self._look_up(name, fingerprint, run, begun))
        self._running[name] = _Running(fingerprint, task, begun)
        # Before all who wait for the task, as each of them looks next whether there is another.
        task.add_done_callback(lambda _: self._running.pop(name))
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            task.add_done_callback(_note_crash)
            raise
        return task.result()

    async def _look_up(
        self, name: bytes, fingerprint: bytes, run: Callable[[], Awaitable[Answer]], begun: asyncio.Future[None]
    ) -> tuple[Answer, bool]:
        """What is kept, or what ``run`` answers where nothing is."""
        if (end := self._ends.of(name)) is not None:
            if end.answer is not None:
                return answer_again(Kept(end.fingerprint, done=True, answer=end.answer), fingerprint), True
            await self._ends.tell(name, end)
        kept = await self._begin(name, fingerprint)
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + self._elsewhere, 0.05
        while kept is not None and not kept.done and loop.time() < until:
            await asyncio.sleep(pause)
            pause = min(2 * pause, 1.0)
            kept = await self._begin(name, fingerprint)
        if kept is not None:
            return answer_again(kept, fingerprint), True
        begun.set_result(None)
        return await self._carry_out(name, fingerprint, run), False

    async def _begin(self, name: bytes, fingerprint: bytes) -> Kept | None:
        now = self._clock()
        return await self._store.begin(name, fingerprint, now, now + self._seconds)

    async def _carry_out(self, name: bytes, fingerprint: bytes, run: Callable[[], Awaitable[Answer]]) -> Answer:
        """What ``run`` answers, kept before anybody sees it."""
        try:
            async with asyncio.timeout(self._longest) as bound:
                answer = await run()
        except TimeoutError:
            if not bound.expired():
                await self._ends.note(name, NOTHING_DONE)
                raise
            raise TimedOut from None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            # Stopped from outside, with the process most likely: how far it had come is not known.
            if task is None or not task.cancelling():
                await self._ends.note(name, NOTHING_DONE)
            raise
        except SystemExit as crash:
            # It would end the event loop, and is a crash of this request only.
            await self._ends.note(name, NOTHING_DONE)
            raise Crashed from crash
        except Undecided:
            raise
        except Exception as error:
            lost = getattr(error, "lost", None)
            if lost is None:
                await self._ends.note(name, NOTHING_DONE)
            else:
                await self._keep(name, fingerprint, lost)
            raise
        await self._keep(name, fingerprint, answer)
        return answer

    async def _keep(self, name: bytes, fingerprint: bytes, answer: Answer) -> None:
        """Keep an answer, unless it says that nothing was done. It may be that it was, so this raises nothing."""
        again = answer.status in ASK_AGAIN
        await self._ends.note(name, NOTHING_DONE if again else End(fingerprint, answer, self._clock() + self._seconds))


def name_of(caller: Caller, key: str) -> bytes:
    """A digest of who asks and the key; each field's length goes before it, so that no two pairs look alike."""
    if not _KEY.fullmatch(key):
        raise RequestError(_NO_KEY)
    name = hashlib.sha256()
    for field in (caller.key, caller.user, key):
        raw = field.encode("utf-8", "surrogatepass")
        name.update(len(raw).to_bytes(8, "big") + raw)
    return name.digest()


def answer_again(kept: Kept, fingerprint: bytes) -> Answer:
    """The answer that was given before."""
    if kept.fingerprint != fingerprint:
        raise RequestError(_REUSED, status=422)
    if kept.answer is None:
        raise RequestError(_TOO_LARGE if kept.done else _UNSEEN, status=409)
    return kept.answer


def _note_crash(task: asyncio.Task[tuple[Answer, bool]]) -> None:
    """Nobody is left to be told how it ended."""
    crash = None if task.cancelled() else task.exception()
    if crash is not None and not isinstance(crash, RequestError):
        logger.error("a request with an idempotency key crashed after its client had gone", exc_info=crash)
