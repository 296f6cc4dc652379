"""A target around another one that tells observers of each call: when it begins and how it ended.

Traces and metrics are such observers. They see every call, of a batch or single, where it is really made: with the
route that was found for it, and for as long as it really took. Where nobody observes this target is not there at all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from time import perf_counter
from typing import Any, Protocol, cast

from fanfold.errors import RequestError
from fanfold.model import Answer, Call, EarlyTarget, Ending, InlineTarget, Leave, Target

logger = logging.getLogger("fanfold")


def observed(target: Target, *observers: CallObserver) -> Target:
    """``target`` with every call told to ``observers``; itself where there are none."""
    return Observed(target, *observers) if observers else target


class Observation(Protocol):
    """One call, as an observer follows it."""

    def ended(self, ending: Ending) -> None:
        """The answer, or that there is none, has just become known. It may be told from another task."""

    def left(self) -> None:
        """The target is through with the call. Told last, in the task in which the call began."""


class CallObserver(Protocol):
    """Somebody who is told of calls. What it raises is logged once and changes nothing for the call."""

    def begun(self, call: Call, route: str, *, remote: bool) -> tuple[Call, Observation] | None:
        """A call begins: the call as it is to be made instead, and what follows it; None where nothing does.

        ``route`` is its template or the mount it is below, empty where that is not known yet; ``remote`` says that
        the call leaves this process.
        """


class Observed:
    """``target``, with every call told to ``observers``. Answers inline, or early, exactly where ``target`` does."""

    def __init__(self, target: Target, *observers: CallObserver) -> None:
        self._target = target
        self._observers = observers
        self._complained: set[type] = set()
        self.resolve = target.resolve
        if hasattr(target, "answer"):
            self._inline = cast("InlineTarget", target)
            self.answer = self._answer
            self.commit = self._inline.commit
        if hasattr(target, "serve"):
            self._early = cast("EarlyTarget", target)
            self.serve = self._serve

    def send(self, call: Call) -> Coroutine[Any, Any, Answer]:
        """What the target answers."""
        watch = self._begin(call)
        return self._target.send(call) if watch is None else self._watched_send(watch)

    async def _watched_send(self, watch: _Watch) -> Answer:
        try:
            answer = await self._target.send(watch.call)
            watch.answered(answer)
        except BaseException as error:
            watch.broken(error)
            raise
        else:
            return answer
        finally:
            watch.left()

    def _answer(self, call: Call) -> Answer:
        watch = self._begin(call)
        if watch is None:
            return self._inline.answer(call)
        try:
            answer = self._inline.answer(watch.call)
            watch.answered(answer)
        except BaseException as error:
            watch.broken(error)
            raise
        else:
            return answer
        finally:
            watch.left()

    def _serve(
        self, call: Call, settle: Callable[[Answer], None], begun: Callable[[Leave], None] | None = None
    ) -> Coroutine[Any, Any, None]:
        watch = self._begin(call)
        if watch is None:
            return self._early.serve(call, settle, begun)
        return self._watched_serve(watch, settle, begun)

    async def _watched_serve(
        self, watch: _Watch, settle: Callable[[Answer], None], begun: Callable[[Leave], None] | None
    ) -> None:
        def settled(answer: Answer) -> None:
            watch.answered(answer)
            settle(answer)

        try:
            await self._early.serve(watch.call, settled, begun)
        except BaseException as error:
            watch.broken(error)
            raise
        finally:
            watch.left()

    def _begin(self, call: Call) -> _Watch | None:
        """Tell all observers that a call begins; None where none of them follows it."""
        endpoint = call.endpoint
        route: str = getattr(endpoint, "template", "")
        remote: bool = getattr(endpoint, "remote", False)
        observations: list[Observation] = []
        for observer in self._observers:
            try:
                begun = observer.begun(call, route, remote=remote)
                if begun is not None:
                    call, observation = begun
                    observations.append(observation)
            except Exception as error:  # noqa: BLE001 - no observer is a reason for a call to fail
                self._complain(observer, error)
        return _Watch(call, route, observations, self._complain) if observations else None

    def _complain(self, observer: object, error: Exception) -> None:
        """Log what an observer raised, unless one of its type has raised before."""
        if type(observer) not in self._complained:
            self._complained.add(type(observer))
            name = type(observer).__qualname__
            logger.error("%s, which observes calls, failed; it will not be said again", name, exc_info=error)


class _Watch:
    """One call with all that observers make of it."""

    __slots__ = ("_complain", "_ended", "_observations", "_route", "_started", "call")

    def __init__(
        self, call: Call, route: str, observations: list[Observation], complain: Callable[[object, Exception], None]
    ) -> None:
        self.call = call
        self._route = route
        self._observations = observations
        self._complain = complain
        self._ended = False
        self._started = perf_counter()

    def answered(self, answer: Answer) -> None:
        # Whether it is an answer at all is for the dispatcher to say.
        self._end(getattr(answer, "status", 500), getattr(answer, "route", "") or self._route)

    def broken(self, error: BaseException) -> None:
        if isinstance(error, RequestError):
            status = error.status
        else:
            status = 0 if isinstance(error, asyncio.CancelledError) else 500
        self._end(status, self._route, error)

    def left(self) -> None:
        if not self._ended:
            self._end(500, self._route)
        for observation in reversed(self._observations):
            try:
                observation.left()
            except Exception as error:  # noqa: BLE001 - as above
                self._complain(observation, error)

    def _end(self, status: int, route: str, cause: BaseException | None = None) -> None:
        """Tell how the call ended, once: an application may still fail after it has answered."""
        if self._ended:
            return
        self._ended = True
        ending = Ending(self.call, status, route, perf_counter() - self._started, cause)
        for observation in self._observations:
            try:
                observation.ended(ending)
            except Exception as error:  # noqa: BLE001 - as above
                self._complain(observation, error)
