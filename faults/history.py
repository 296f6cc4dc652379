"""What clients know: for every operation when it was asked for, when it was answered, and how it ended.

``ok`` was acknowledged, ``fail`` was refused and must have done nothing, ``info`` got no answer: it may have happened
or not, and both are right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import Literal

State = Literal["asked", "ok", "fail", "info"]


@dataclass(slots=True)
class Operation:
    """One thing asked for. ``key`` is what it is about, ``value`` its nonce or, of a read, what was read."""

    what: str
    key: str
    value: str
    gid: str = ""
    status: int = 0
    state: State = "asked"
    began: float = 0.0
    ended: float = inf
    about: dict[str, str] = field(default_factory=dict)


class History:
    """All operations of one run, in the order in which they were asked for."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.wrong: list[str] = []
        """Answers that nobody may give: of another's action, in the wrong number, a 5xx."""

        self.acknowledged = 0

    def ask(self, operation: Operation) -> Operation:
        """Note that something is asked for now."""
        operation.began = monotonic()
        self.operations.append(operation)
        return operation

    def end(self, operation: Operation, state: State, status: int = 0, gid: str = "") -> None:
        """Note how it ended."""
        operation.state, operation.status = state, status
        operation.gid = gid or operation.gid
        if state != "info":
            operation.ended = monotonic()
        if state == "ok":
            self.acknowledged += 1

    def of(self, what: str, *states: State) -> Iterator[Operation]:
        """Operations of a sort that ended in one of these ways."""
        return (found for found in self.operations if found.what == what and (not states or found.state in states))


def settle(operations: Iterable[Operation]) -> None:
    """What was never answered has happened by now or never will, as whoever could have done it is dead."""
    now = monotonic()
    for one in operations:
        if one.state == "asked":
            one.state = "info"
        one.ended = min(one.ended, now)


def linear(operations: Iterable[Operation], first: str) -> str:
    """Why reads and writes of one register cannot be put in any order that real time allows; nothing where they can.

    Wing and Gong's search: next may be any operation that was asked for before any other was over, if a register that
    holds what was written last would have answered as it did. A write that was never answered may be left out.
    """
    known = [one for one in operations if one.state == "ok" or (one.state == "info" and one.what == "write")]
    seen = {one.value for one in known if one.what == "read"}
    known = [one for one in known if one.state == "ok" or one.value in seen]  # what nobody saw need not have happened
    may_hold = {first}
    for span in _spans(sorted(known, key=lambda one: one.began)):
        may_hold = _ends(span, may_hold)
        if not may_hold:
            told = ", ".join(f"{one.what} {one.value!r} ({one.state})" for one in span)
            return f"no order explains what {span[0].key} answered: {told}"[:1000]
    return ""


def _spans(known: list[Operation]) -> Iterator[list[Operation]]:
    """Pieces between which nothing was under way, so that each can be put in order by itself."""
    span: list[Operation] = []
    until = -inf
    for one in known:
        if span and one.began > until:
            yield span
            span = []
        span.append(one)
        until = max(until, one.ended)
    if span:
        yield span


def _ends(span: list[Operation], may_hold: set[str]) -> set[str]:
    """What the register may hold after a span, for each thing that it may have held before."""
    needed = sum(1 << place for place, one in enumerate(span) if one.state == "ok")
    begun = [(0, value) for value in may_hold]
    seen = set(begun)
    ends: set[str] = set()
    while begun:
        done, value = begun.pop()
        if done & needed == needed:
            ends.add(value)
        left = [(place, one) for place, one in enumerate(span) if not done >> place & 1]
        soonest = min((one.ended for _, one in left if one.state == "ok"), default=inf)
        for place, one in left:
            if one.began > soonest or (one.what == "read" and one.value != value):
                continue
            if one.state == "info" and any(done >> n & 1 and other.began > one.ended for n, other in enumerate(span)):
                continue
            after = (done | 1 << place, value if one.what == "read" else one.value)
            if after not in seen:
                seen.add(after)
                begun.append(after)
    return ends
