"""Sends what the batcher has put together, and sees to it that every call is answered: by its result, or by an error.

One task carries one request to the server. Whatever becomes of it, each of its calls is answered once, or goes back
into the queue to be made again.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping

from msgspec import Struct

from fanfold.client.batching import Batcher, Unit
from fanfold.client.calls import Call, Refusals, is_refused
from fanfold.client.errors import (
    BadAnswer,
    ClientClosed,
    ClientError,
    TransportError,
    api_error,
    seconds_of,
)
from fanfold.client.limits import told_by_headers
from fanfold.client.loads import Load
from fanfold.client.offers import PLAIN, Offer
from fanfold.client.pacing import Pacer, Permit
from fanfold.client.replies import JSON, LINES, Collected, Reply, Results
from fanfold.client.retrying import AGAIN, Budget, Retries
from fanfold.client.transport import Transport, Wire
from fanfold.errors import SetupError

logger = logging.getLogger("fanfold")

_UNTOLD = 1.0
"""Seconds that are waited after a first refusal which does not say how long."""


class Way(Struct, frozen=True):
    """Where to and how: ``base`` is the API's URL, ``headers`` go with every request, ``timeout`` is for each.

    ``most``: bytes that an answer may have. ``streaming``: results are taken as they finish, where the server can.
    """

    base: str
    headers: Mapping[str, str]
    timeout: float = 60.0
    most: int = 256 * 1024 * 1024
    streaming: bool = True


class Sending:
    """Sends units over ``transport``. ``batcher`` takes those that are to be sent again; whoever makes both sets it."""

    batcher: Batcher

    def __init__(self, transport: Transport, way: Way, pacer: Pacer, retries: Retries) -> None:
        self._transport = transport
        self._way = way
        self.offer: Offer = PLAIN
        self.refusals = Refusals()
        self.batches = 0
        self._pacer = pacer
        self._retries = retries
        self.budget = Budget(retries)
        self._tasks: set[asyncio.Task[None]] = set()
        self._pauses: dict[asyncio.TimerHandle, Unit] = {}
        self._heads: dict[str, Mapping[str, str]] = {}

    def send(self, units: list[Unit], permit: Permit) -> None:
        """Begin to carry units to the server."""
        task = asyncio.get_running_loop().create_task(self._carry(units, permit))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End everything that is under way; calls that wait fail."""
        waiting = list(self._pauses.items())
        self._pauses.clear()
        for handle, unit in waiting:
            handle.cancel()
            _fail([unit], ClientClosed())
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- one request -------------------------------------------------------------------------------------------------

    async def _carry(self, units: list[Unit], permit: Permit) -> None:
        try:
            first = units[0].calls[0]
            if len(units) == 1 and units[0].count == 1 and self._goes_alone(first):
                await self._ask(units[0], first)
            else:
                await self._ask_together(units)
        except asyncio.CancelledError:
            _fail(units, ClientClosed())
            raise
        except ClientError as error:
            _fail(units, error)
        except SetupError as error:
            _fail(units, TransportError(error.message, sent=False))
        except Exception as error:
            logger.exception("a request broke off in a way that nobody foresaw")
            _fail(units, TransportError(f"{type(error).__name__}: {error}"))
        finally:
            self._pacer.settle(permit)
            self.batcher.ended()

    def _goes_alone(self, call: Call) -> bool:
        """Whether it goes as the plain request that it is; what needs its key, or a word of the batch, does not."""
        if call.alone:
            return True
        return not call.request.wired and not (self._is_keyed(call) and not call.safe)

    async def _ask(self, unit: Unit, call: Call) -> None:
        request = call.request
        call.batch = None
        call.spread = random.random()  # noqa: S311 - nothing secret
        answer = Collected(self._way.most)
        body = request.body()
        wire = Wire(
            request.method,
            self._way.base + request.target(),
            {**self._head(JSON, bodied=body is not None and not request.files), **request.headers},
            None if request.files else body,
            self._way.timeout,
            request.files,
            {name: str(value) for name, value in (request.data or {}).items()} if request.files else {},
        )
        try:
            await self._transport.send(wire, answer)
            reply = answer.reply()
        except TransportError as error:
            if not self._lost(unit, error):
                call.fail(error)
            return
        if reply.status == 429:
            self._refused([unit], reply)
        else:
            self._settle(unit, call, reply)

    async def _ask_together(self, units: list[Unit]) -> None:
        self.batches += 1
        load = Load(units, self.batches, self._settle)
        answer = Results(len(load.calls), load.settle, self._way.most, load.names)
        head = self._head(self._wanted(load.calls))
        wire = Wire("POST", f"{self._way.base}/batch", head, self._write(units), self._way.timeout)
        try:
            await self._transport.send(wire, answer)
            if answer.status != 200:
                self._refused_whole(units, answer)
                return
            self._pacer.learn(told_by_headers(answer.headers))
            answer.finish()
        except TransportError as error:
            for unit in load.unanswered():
                if not self._lost(unit, error):
                    load.give_up(unit, error)
            return
        except ClientError as error:
            for unit in load.unanswered():
                load.give_up(unit, error)
            return
        for unit in load.groups():
            replies = load.replies(unit)
            again = any(reply.status == 429 or reply.status in AGAIN for reply in replies)
            if again and self._is_repeatable(unit) and self._may_try(unit.calls):
                self._again(unit, self._pause(unit.calls[0]))
            else:
                load.answer(unit)

    # -- what becomes of it ------------------------------------------------------------------------------------------

    def _settle(self, unit: Unit, call: Call, reply: Reply) -> None:
        """The answer to a call, which may not be its last."""
        status = reply.status
        if status < 400:
            call.answer(reply)
        elif call.batch is not None and is_refused(reply):
            self.refusals.note(call.request)
            call.alone = True
            self._again(unit, 0)
        elif self._is_worth_it(unit, reply) and (
            self._may_refuse(call) if status == 429 else self._may_try(unit.calls)
        ):
            self._again(unit, self._pause(call) + (_wished(reply) or 0))
        else:
            call.answer(reply)

    def _refused_whole(self, units: list[Unit], answer: Results) -> None:
        """The answer to a batch of which nothing was done, or nobody knows what."""
        status, body = answer.status, answer.decoded()
        reply = Reply(status, body, dict(answer.headers))
        if status == 429:
            self._refused(units, reply)
        elif status in AGAIN:
            for unit in units:
                if self._is_worth_it(unit, reply) and self._may_try(unit.calls):
                    self._again(unit, self._pause(unit.calls[0]) + (_wished(reply) or 0))
                else:
                    _fail([unit], api_error(status, body, reply.headers))
        elif status in {404, 405} or 200 <= status < 400:
            _fail(units, BadAnswer(f"There is no batch endpoint at {self._way.base}/batch: it answers {status}"))
        else:
            _fail(units, api_error(status, body, reply.headers))

    def _refused(self, units: list[Unit], reply: Reply) -> None:
        """Nothing of it was done: all of it is sent again when the server wishes, in parts if it is too much."""
        self._pacer.learn(told_by_headers(reply.headers))
        wished = _wished(reply)
        self.batcher.slow_down()
        most = max(call.refused for unit in units for call in unit.calls)
        self._pacer.refused(min(60.0, _UNTOLD * 2.0**most) if wished is None else wished)
        for unit in units:
            if self._is_worth_it(unit, reply) and all(self._may_refuse(call) for call in unit.calls):
                unit.apart = unit.apart or (wished is None and len(units) > 1)
                self._again(unit, 0)
            elif unit.count == 1:
                unit.calls[0].answer(reply)
            else:
                _fail([unit], api_error(reply.status, reply.body, reply.headers))

    def _lost(self, unit: Unit, error: TransportError) -> bool:
        """No answer came; whether it is made again."""
        again = (not error.sent or self._is_repeatable(unit)) and self._may_try(unit.calls)
        if again:
            self._again(unit, self._pause(unit.calls[0]))
        return again

    def _is_worth_it(self, unit: Unit, reply: Reply) -> bool:
        """Whether the same may be asked again after such a reply, and is likely to be answered in time."""
        if (_wished(reply) or 0) > self._retries.patience:
            return False
        return reply.status == 429 or (reply.status in AGAIN and self._is_repeatable(unit))

    def _is_repeatable(self, unit: Unit) -> bool:
        return all(call.safe or (self._is_keyed(call) and not call.alone) for call in unit.calls)

    def _is_keyed(self, call: Call) -> bool:
        return bool(call.key) and self.offer.has("idempotency_key")

    def _pause(self, call: Call) -> float:
        return self._retries.pause(call.tried + call.refused, call.spread)

    def _may_refuse(self, call: Call) -> bool:
        call.refused += 1
        return call.refused <= self._retries.refusals

    def _may_try(self, calls: list[Call]) -> bool:
        for call in calls:
            call.tried += 1
        return calls[0].tried < self._retries.attempts and self.budget.spend(len(calls))

    def _again(self, unit: Unit, pause: float) -> None:
        """Put a unit back into the queue, after so many seconds."""
        call = unit.calls[0]
        unit = Unit(unit.calls, unit.costs, unit.order, unit.size, apart=unit.apart or call.alone, options=unit.options)

        def add() -> None:
            self._pauses.pop(handle, None)
            self.batcher.add(unit)

        handle = asyncio.get_running_loop().call_later(pause, add)
        self._pauses[handle] = unit

    # -- the bytes ---------------------------------------------------------------------------------------------------

    def _write(self, units: list[Unit]) -> bytes:
        lines = [self._line(call) for unit in units for call in unit.calls]
        options = units[0].options
        tail = b'],"options":' + options + b"}}" if options else b"]}}"
        return b'{"data":{"actions":[' + b",".join(lines) + tail

    def _line(self, call: Call) -> bytes:
        if call.safe or not self._is_keyed(call):
            return call.line
        return b'%b,"idempotency_key":"%b"}' % (call.line[:-1], _escaped(call.key))

    def _wanted(self, calls: list[Call]) -> str:
        return LINES if len(calls) > 1 and self._way.streaming and self.offer.has("ndjson") else JSON

    def _head(self, accept: str, *, bodied: bool = True) -> Mapping[str, str]:
        name = accept if bodied else ""
        if name not in self._heads:
            more = {"Content-Type": JSON} if bodied else {}
            self._heads[name] = {**self._way.headers, "Accept": accept, **more}
        return self._heads[name]


def _fail(units: list[Unit], error: ClientError) -> None:
    for unit in units:
        for call in unit.calls:
            call.fail(error)


def _wished(reply: Reply) -> float | None:
    return seconds_of(reply.headers.get("retry-after"))


def _escaped(key: str) -> bytes:
    return key.replace("\\", "\\\\").replace('"', '\\"').encode()


__all__ = ["Sending", "Way"]
