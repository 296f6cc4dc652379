"""Telling the store how something ended, again and again if it is away just then.

Whoever asked is told how it ended anyhow, and may ask again at any time: until the store knows it, it is known here.
"""

from __future__ import annotations

import asyncio
import logging
from typing import NamedTuple

from fanfold.errors import RequestError, Unavailable, Undecided
from fanfold.idempotency.answers import AnswerStore
from fanfold.model import Answer

logger = logging.getLogger("fanfold")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
"""Seconds between two attempts."""

MAX_UNTOLD = 10_000
"""Ends that are known here; of more nobody knows the end."""


class End(NamedTuple):
    """How something ended: with an answer to a request of this fingerprint, to be kept until then, or with nothing."""

    fingerprint: bytes = b""
    answer: Answer | None = None
    until: float = 0.0


NOTHING_DONE = End()


class Ends:
    """What has ended, on its way to ``store``."""

    def __init__(self, store: AnswerStore) -> None:
        self._store = store
        self._untold: dict[bytes, End] = {}
        self._telling: asyncio.Task[None] | None = None

    def of(self, name: bytes) -> End | None:
        """How it ended what the store does not know yet."""
        return self._untold.get(name)

    async def note(self, name: bytes, end: End) -> None:
        """Tell the store, now or later."""
        try:
            await self.tell(name, end)
        except RequestError as error:
            logger.warning("how a request with a key ended could not be kept yet: %s", error.message)

    async def tell(self, name: bytes, end: End) -> None:
        """Tell the store now. Where it cannot be reached that raises, and it is told later."""
        self._untold.pop(name, None)
        try:
            if end.answer is None:
                await self._store.forget(name)
            else:
                await self._store.finish(name, end.fingerprint, end.answer, end.until)
        except (Unavailable, Undecided) as error:
            # What may have been taken back may have been begun again by others since: that must not be taken back.
            if end.answer is not None or not isinstance(error, Undecided):
                self._tell_later(name, end)
            raise

    def _tell_later(self, name: bytes, end: End) -> None:
        if len(self._untold) < MAX_UNTOLD:
            self._untold[name] = end
        if self._telling is None or self._telling.done():
            self._telling = asyncio.get_running_loop().create_task(self._tell_all())

    async def _tell_all(self) -> None:
        """Tell all that is left to be told, one after the other."""
        pause = FIRST_PAUSE
        while self._untold:
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            for name, end in list(self._untold.items()):
                if self._untold.get(name) is not end:
                    continue  # told by whoever asked again
                try:
                    await self.tell(name, end)
                except RequestError:
                    break
                except Exception:
                    logger.exception("how a request with a key ended cannot be kept")
                    if end.answer is not None:
                        self._untold[name] = end
                    break
                pause = FIRST_PAUSE

    async def close(self) -> None:
        """Try no more."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.wait([self._telling])
