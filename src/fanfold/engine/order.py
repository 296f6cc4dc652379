"""What may begin when: the actions of a batch that hang together, one settled after another.

A run becomes ready when all it waits for is settled. It is then filled in and handed out, or fans out into several, or
is settled without being carried out because something that it needs has failed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

import msgspec
from msgspec.structs import replace

from fanfold.engine.graph import Node, name_of
from fanfold.engine.plan import Plan, Step, add_costs, twin_key
from fanfold.engine.references import INDEX, ITEM, Filling, Lookup, Reference, Room, follow
from fanfold.engine.runs import PENDING, FanOut, Run
from fanfold.errors import FailedDependency, RequestError, TimedOut
from fanfold.model import Action, Answer, Endpoint, Result

FAN_OUT_WIDTH = 10
"""Elements of one fan-out that are carried out at once at most."""

_decode = msgspec.json.Decoder().decode


class Order:
    """Hands out the runs of one plan as they become ready; is told of each that is settled.

    ``most``: into how many elements the actions of the batch may fan out, all together.
    """

    def __init__(self, plan: Plan, runs: list[Run], most: int, shuffle: Random | None = None) -> None:
        if plan.conduct is None or plan.resolve is None:
            raise TypeError("a plain plan needs no order")
        self._conduct = plan.conduct
        self._resolve = plan.resolve
        self._runs = runs
        self._most = self._left_to_fan = most
        self._shuffle = shuffle
        self._width = 1 if plan.conduct.serial else plan.conduct.max_parallel
        self._running = 0
        self._queue: deque[Run] = deque()
        self._fans: list[FanOut] = []
        self._stopped_by = ""
        self._values: dict[int, Any] = {}
        self._room = Room()
        self._firsts: dict[tuple[object, ...], Run] = {}
        self._twins: dict[int, list[Run]] = {}
        self._ids = {
            wiring.id.casefold(): run.place
            for run in runs
            if (wiring := run.step.action.wiring) is not None and wiring.id
        }
        self._left: list[int] = []
        self._followers: list[list[Run]] = [[] for _ in runs]
        for run in runs:
            node = _node_of(run)
            places = {*node.needs, *node.after}
            self._left.append(len(places))
            for place in places:
                self._followers[place].append(run)

    def first(self) -> list[Run]:
        """The runs that may begin at once."""
        return self._ready([run for run in self._runs if not self._left[run.place]])

    def settled(self, run: Run) -> list[Run]:
        """Take note of what became of a run; the runs that may begin because of it."""
        if not run.lingers:
            self._free(run)
        out: list[Run] = []
        for twin in self._twins.pop(id(run), ()):
            _give(twin, run.result)
            out.append(twin)
        if self._conduct.stop and not self._stopped_by and has_failed(run.result):
            named = run if run.fan is None else run.fan.parent
            self._stopped_by = name_of(named.step.action, named.place)
        if run.fan is not None:
            out += self._fold(run.fan)
            return [*out, *self._hand_out()]
        freed = []
        for follower in self._followers[run.place]:
            self._left[follower.place] -= 1
            if not self._left[follower.place]:
                freed.append(follower)
        return [*out, *self._ready(freed)]

    def ended(self, run: Run) -> list[Run]:
        """The place of a run that lingered is free; the runs that may begin because of it."""
        self._free(run)
        return self._hand_out()

    def _free(self, run: Run) -> None:
        if run.counted:
            run.counted = False
            self._running -= 1
            if run.fan is not None:
                run.fan.running -= 1

    # -- from ready to handed out ------------------------------------------------------------------------------------

    def _ready(self, runs: list[Run]) -> list[Run]:
        """Prepare runs that wait for nothing any more; those that may begin, of these and of all others."""
        out: list[Run] = []
        for run in runs if self._shuffle is None else self._shuffle.sample(runs, len(runs)):
            self._prepare(run)
            self._line_up(run, out, self._queue)
        return [*out, *self._hand_out()]

    def _line_up(self, run: Run, out: list[Run], queue: deque[Run]) -> None:
        """Let a run that is prepared stand where it belongs: what calls nothing holds up nobody."""
        if run.step.call is None:
            out.append(run)
            return
        node = _node_of(run)
        key = twin_key(run.step.call, node) if self._conduct.coalesce else None
        first = self._firsts.setdefault(key, run) if key is not None else run
        if first is run:
            queue.append(run)
        elif first.result is PENDING:
            self._twins.setdefault(id(first), []).append(run)
        else:
            _give(run, first.result)
            out.append(run)

    def _hand_out(self) -> list[Run]:
        """As many of the runs that are ready as may be carried out at once."""
        out: list[Run] = []
        for fan in self._fans:
            while fan.waiting and fan.running < FAN_OUT_WIDTH and self._has_room():
                fan.running += 1
                out.append(self._count(fan.waiting.popleft()))
        while self._queue and self._has_room():
            out.append(self._count(self._queue.popleft()))
        return out

    def _has_room(self) -> bool:
        return not self._width or self._running < self._width

    def _count(self, run: Run) -> Run:
        self._running += 1
        run.counted = True
        return run

    def about_to_begin(self, runs: list[Run]) -> Iterator[Run]:
        """The runs, which may grow more meanwhile, with a last look at each."""
        for run in runs:
            self._look(run)
            yield run

    def _look(self, run: Run) -> None:
        """Nothing begins any more once the batch has stopped."""
        if self._stopped_by and run.given is None and run.step.error is None:
            self._refuse(run, f"Not carried out: {self._stopped_by} failed, and the batch stops at a failure")

    def _refuse(self, run: Run, message: str, name: str = "") -> None:
        extra = {"failed_dependency": name} if name else {}
        run.step = Step(run.step.action, None, FailedDependency(message, extra=extra), node=run.step.node)
        run.spreads = None

    def _prepare(self, run: Run) -> None:
        """Fill in what is known now; a step that comes out of it calls something, spreads, or is settled."""
        node = _node_of(run)
        for place in node.needs:
            if has_failed(self._runs[place].result):
                other = self._runs[place]
                name = name_of(other.step.action, place)
                status = other.result.status if other.result.parts is None else "some of its elements"
                self._refuse(
                    run, f"Not carried out: {name}, which this action needs, failed with {status}", name.strip('"')
                )
                return
        step = run.step
        if step.error is not None:
            return
        if self._stopped_by:
            self._look(run)
        elif node.each is not None:
            self._spread(run, node, node.each)
        else:
            if node.templates is not None:
                run.step = self._resolve(step, Filling(self._lookup(), self._room))
                run.extra = _still_to_take(run.step)
            run.waits = run.extra is not None or bool(key_of(run))

    # -- fanning out -------------------------------------------------------------------------------------------------

    def _spread(self, run: Run, node: Node, each: Reference) -> None:
        try:
            elements = self._lookup()(each)
            if not isinstance(elements, list):
                raise RequestError(f"for_each: {each.written} is not an array")
            if len(elements) > self._left_to_fan:
                raise RequestError(
                    f"for_each: {len(elements)} elements; a batch may make {self._most} of all it fans out"
                )
        except RequestError as error:
            run.step = Step(run.step.action, None, error.alone(), node=node)
            return
        self._left_to_fan -= len(elements)
        children = [
            Run(
                self._resolve(
                    Step(_element(run.step.action, place), node=node), Filling(self._lookup(element, place), self._room)
                ),
                place,
            )
            for place, element in enumerate(elements)
        ]
        if not children:
            run.given = folded(run, ())
            return
        fan = FanOut(run, children, {}, deque(), len(children))
        calling: list[Endpoint] = []
        seen: set[tuple[object, ...]] = set()
        free = 0
        for child in children:
            child.fan = fan
            child.waits = bool(key_of(child))
            call = child.step.call
            key = twin_key(call, node) if call is not None and self._conduct.coalesce else None
            if key is not None and (key in seen or key in self._firsts):
                free += 1
            elif call is not None:
                calling.append(call.endpoint)
                seen.add(key or (child.place,))
        width = min(FAN_OUT_WIDTH, self._width or FAN_OUT_WIDTH)
        fan.costs = add_costs(calling, len(children) - free, width)
        run.spreads = fan

    def elements(self, fan: FanOut) -> list[Run]:
        """Line up the elements of a fan-out that was admitted; those that may begin."""
        fan.begun = True
        out: list[Run] = []
        for child in fan.children:
            self._line_up(child, out, fan.waiting)
        self._fans.append(fan)
        return [*out, *self._hand_out()]

    def go_on(self) -> list[Run]:
        """Nothing is ever held back here for want of room elsewhere."""
        return []

    def unfinished(self, run: Run, seconds: float) -> Result:
        """What becomes of an action without time left; of one that fanned out the elements that are done are kept."""
        timed_out = Result(run.step.action, None, TimedOut(), seconds)
        if run.spreads is None or not run.spreads.begun:
            return timed_out
        parts = [timed_out if child.result is PENDING else child.result for child in run.spreads.children]
        return folded(run, tuple(parts))

    def _fold(self, fan: FanOut) -> list[Run]:
        """An element is settled; the action itself when it was the last."""
        fan.left -= 1
        if fan.left:
            return []
        self._fans.remove(fan)
        fan.parent.given = folded(fan.parent, tuple([child.result for child in fan.children]))
        return [fan.parent]

    # -- what references stand for -----------------------------------------------------------------------------------

    def _lookup(self, item: Any = None, place: int = 0) -> Lookup:
        def look(reference: Reference) -> Any:
            if reference.source == ITEM:
                return follow(reference, item)
            if reference.source == INDEX:
                return place
            index = self._ids[reference.source.casefold()]
            result = self._runs[index].result
            if reference.part == "status_code":
                return result.status
            if reference.part == "headers":
                return follow(reference, _headers_of(result, reference.path[0]))
            if index not in self._values:
                self._values[index] = _value_of(result, reference.source, self._room)
            return follow(reference, self._values[index])

        return look


def has_failed(result: Result) -> bool:
    """Whether an action did not succeed; one that fanned out has failed if any of its elements has."""
    if result.parts is not None:
        return any(map(has_failed, result.parts))
    return result.answer is None or result.answer.status >= 400


def _node_of(run: Run) -> Node:
    node = run.step.node
    if node is None:
        raise TypeError("a step of a plain plan has no place in an order")
    return node


def key_of(run: Run) -> str:
    """The idempotency key of a run that calls something, if it has one."""
    wiring = run.step.action.wiring
    return "" if run.step.call is None or wiring is None else wiring.key


def _element(action: Action, place: int) -> Action:
    """The action for one element; where it has an idempotency key, each element has one of its own."""
    wiring = action.wiring
    if wiring is None or not wiring.key:
        return action
    return replace(action, wiring=replace(wiring, key=f"{wiring.key}/{place}"))


def _give(run: Run, result: Result) -> None:
    """Settle a read with what became of another that is the same."""
    run.given = Result(run.step.action, result.answer, result.error, result.seconds)
    run.step = run.step.without_call()


def folded(run: Run, parts: tuple[Result, ...]) -> Result:
    """What became of an action that fanned out: 200 if all of its elements succeeded, else 207."""
    failed = any(map(has_failed, parts))
    seconds = max([part.seconds for part in parts], default=0.0)
    return Result(run.step.action, Answer(207 if failed else 200, trusted=True), None, seconds, parts)


def _still_to_take(step: Step) -> dict[str, int] | None:
    """What a step costs beyond what was charged for it when less was known."""
    if step.call is None:
        return None
    charged = step.charged or {}
    costs = add_costs([step.call.endpoint], 1)
    more = {name: amount - charged.get(name, 0) for name, amount in costs.items() if amount > charged.get(name, 0)}
    return more or None


def _headers_of(result: Result, wanted: str) -> dict[str, str]:
    """The named header, under the name as it was written."""
    pairs: Iterable[tuple[str, str]] = result.answer.headers if result.answer is not None else ()
    values = [value for name, value in pairs if name == wanted.lower()]
    return {wanted: ", ".join(values)} if values else {}


def _value_of(result: Result, source: str, room: Room) -> Any:
    """The body of a result, decoded."""
    if result.parts is not None:
        return {
            "data": [
                {
                    "status_code": part.status,
                    "headers": dict(part.answer.headers) if part.answer is not None else {},
                    "body": _value_of(part, source, room) if part.answer is not None else None,
                }
                for part in result.parts
            ]
        }
    body = result.answer.body if result.answer is not None else b""
    if not body:
        return None
    room.decode(len(body))
    try:
        return _decode(body)
    except (ValueError, RecursionError):
        raise RequestError(f"The body of {source!r} is not JSON, so that nothing in it can be referred to") from None
