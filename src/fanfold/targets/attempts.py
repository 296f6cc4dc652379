"""One attempt at a request, watched by a breaker: what everything that asks other servers does between its pauses."""

from __future__ import annotations

import logging

from fanfold.errors import RequestError
from fanfold.model import Answer
from fanfold.targets.exchange import SAFE, Exchanges, NoAnswer, Request
from fanfold.targets.persistence import FAILED, Breaker

logger = logging.getLogger("fanfold")


class Attempts:
    """Asks over ``exchanges``. ``place`` is what the log calls the upstream: its host, never a path or a credential."""

    def __init__(self, exchanges: Exchanges, place: str) -> None:
        self._exchanges = exchanges
        self._place = place

    async def make(self, request: Request, breaker: Breaker) -> Answer | NoAnswer:
        """The answer, or why there is none; raises ``RequestError`` (503) while the upstream is being left alone.

        A request that met a connection that had been closed meanwhile is sent once more as if nothing had happened,
        once in all its attempts: an upstream that always closes looks the same.
        """
        outcome = await self._once(request, breaker)
        if _may_be_renewed(request, outcome):
            request.renewed = True
            outcome = await self._once(request, breaker)
        return outcome

    async def _once(self, request: Request, breaker: Breaker) -> Answer | NoAnswer:
        wait = breaker.wait()
        if wait:
            raise RequestError(
                f"The upstream is not answering and is left alone; try again in {wait:.0f} seconds", status=503
            )
        trial = breaker.enter()
        try:
            answer = await self._exchanges.ask(request)
        except NoAnswer as error:
            self._note(request, error, breaker)
            return error
        finally:
            breaker.leave(trial=trial)
        if answer.status in FAILED:
            breaker.failed()
        else:
            breaker.succeeded()
        return answer

    def _note(self, request: Request, failure: NoAnswer, breaker: Breaker) -> None:
        """Count what tells of an upstream in trouble: not what is to be put right, nor a connection that was closed."""
        if not (failure.stale or failure.unsent or failure.lasting):
            breaker.failed()
        if not failure.stale:
            logger.warning("%s %s failed: %s", self._place, request.method, failure.reason)


def _may_be_renewed(request: Request, outcome: Answer | NoAnswer) -> bool:
    """Whether a request may be sent at once and once more, as if it had not been sent: a write only if it was not."""
    if isinstance(outcome, Answer) or outcome.lasting or request.renewed:
        return False
    return outcome.unsent or (outcome.stale and request.method in SAFE)
