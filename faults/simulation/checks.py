"""What has to hold of every batch, whatever happened to it."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from fanfold.engine import has_failed
from fanfold.model import Batch, Result, Standing
from faults.simulation.journal import Journal
from faults.simulation.requests import Asked
from faults.simulation.target import Ground, Seen

_decode = msgspec.json.Decoder().decode


class Watching:
    """Looks on while a batch runs: each action is settled once, and stays as it was told."""

    def __init__(self, attempt: int, ground: Ground, now: float) -> None:
        self.attempt = attempt
        self.asked_at = now
        self.admitted_at: float | None = None
        self.told: dict[int, tuple[int, Result]] = {}
        self._ground = ground

    def admitted(self, standing: tuple[Standing, ...]) -> None:
        """The batch runs."""
        journal = self._ground.journal
        journal.note("admitted", self.attempt, *[(stand.limit, stand.left) for stand in standing])
        journal.demand(self.admitted_at is None, "admitted twice", self.attempt)
        self.admitted_at = journal.now()

    def settled(self, place: int, result: Result) -> None:
        """One more result."""
        journal = self._ground.journal
        number = journal.note("settled", self.attempt, place, result.status)
        journal.demand(place not in self.told, "an action was settled twice", self.attempt, place)
        self.told[place] = number, result


class Attempt(Struct, eq=False):
    """A batch as it was sent once.

    ``left_at``: when whoever asked had gone; ``busy``: how long others held the loop; ``watched``: somebody looks on.
    """

    number: int
    asked: Asked
    batch: Batch
    caller: str
    watching: Watching
    ground: Ground
    left_at: float | None = None
    busy: float = 0.0
    watched: bool = True
    results: list[Result] = []
    snapshot: object = None

    @property
    def journal(self) -> Journal:
        """Where all of it is written down."""
        return self.ground.journal


def check_answered(attempt: Attempt, results: list[Result]) -> None:
    """Everything that can be said when the results are there."""
    _check_places(attempt, results)
    for place, result in enumerate(results):
        _check_result(attempt.journal, attempt, place, result)
        _check_key(attempt, result)
        _check_effect(attempt, place, result)
    if attempt.watched:
        _check_watched(attempt.journal, attempt, results)
        _check_times(attempt.journal, attempt)
    if attempt.batch.conduct is not None:
        _check_order(attempt, results)
    attempt.results = results
    attempt.snapshot = shown(results)


def check_refused(attempt: Attempt) -> None:
    """Nothing of a batch was carried out that was not admitted."""
    calls = attempt.ground.calls.get(attempt.number, [])
    attempt.journal.demand(not calls, "a refused batch was carried out", attempt.number, len(calls))
    attempt.journal.demand(not attempt.watching.told, "a refused batch has results", attempt.number)


def check_left(attempt: Attempt) -> None:
    """What only read was cancelled when nobody waited for it any more; what has a key goes on, as it may be asked."""
    for seen in attempt.ground.calls.get(attempt.number, []):
        over = seen.ended or seen.told or seen.write or seen.key
        attempt.journal.demand(over, "a read goes on that nobody waits for", attempt.number, seen.nonce)


def check_unchanged(attempt: Attempt) -> None:
    """What was given stays as it was."""
    same = attempt.snapshot is None or attempt.snapshot == shown(attempt.results)
    attempt.journal.demand(same, "results changed after they were given", attempt.number)


def shown(results: list[Result]) -> list[object]:
    """All of the results that anybody can see."""
    return [
        (result.status, result.answer and result.answer.body, None if result.parts is None else shown([*result.parts]))
        for result in results
    ]


def _check_places(attempt: Attempt, results: list[Result]) -> None:
    actions = attempt.batch.actions
    same = len(results) == len(actions) and all(
        result.action.method == action.method and result.action.wiring is action.wiring
        for result, action in zip(results, actions, strict=True)
    )
    attempt.journal.demand(same, "the results are not those of the actions", attempt.number)


def _check_result(journal: Journal, attempt: Attempt, place: int, result: Result) -> None:
    nonce = attempt.asked.nonces[place]
    one = (result.answer is None) != (result.error is None)
    journal.demand(one, "neither an answer nor an error, or both", attempt.number, nonce)
    if result.parts is not None:
        each = attempt.asked.each[place]
        journal.demand(len(result.parts) == each, "not a result for each element", nonce, len(result.parts), each)
        for number, part in enumerate(result.parts):
            _check_nonce(journal, attempt, f"{nonce}.{number}", part)
    else:
        _check_nonce(journal, attempt, nonce, result)


def _check_key(attempt: Attempt, result: Result) -> None:
    """Nobody is told of a mistake that they did not make."""
    for part in result.parts or (result,):
        refused = part.status == 422 and not attempt.ground.mistakes
        attempt.journal.demand(not refused, "a key was refused that was used once", attempt.number, part.action.path)


def _check_nonce(journal: Journal, attempt: Attempt, nonce: str, result: Result) -> None:
    if result.answer is None or result.answer.status >= 300:
        return
    data: dict[str, Any] = _decode(result.answer.body)["data"]
    told = data["nonce"], data["caller"]
    journal.demand(told == (nonce, attempt.caller), "the answer to something else", told, nonce, attempt.caller)


def _check_effect(attempt: Attempt, place: int, result: Result) -> None:
    if result.action.method == "GET":
        return
    nonce = attempt.asked.nonces[place]
    parts = [(nonce, result)]
    if result.parts is not None:
        parts = [(f"{nonce}.{number}", part) for number, part in enumerate(result.parts)]
    for element, part in parts:
        done = part.answer is not None and part.answer.status < 300
        holds = not done or attempt.ground.nonces[element]
        attempt.journal.demand(holds, "reported done and not done", attempt.number, element)


def _check_watched(journal: Journal, attempt: Attempt, results: list[Result]) -> None:
    told = attempt.watching.told
    same = len(told) == len(results) and all(told[place][1] is result for place, result in enumerate(results))
    journal.demand(same, "what was told is not what was given", attempt.number)


def _check_times(journal: Journal, attempt: Attempt) -> None:
    """No batch takes longer than it may, nor goes on when nobody waits for it."""
    begun = attempt.watching.admitted_at
    if begun is None:
        journal.wrong(f"answered and not admitted: {attempt.number}")
        return
    now = journal.now()
    bounds = [attempt.batch.deadline, attempt.batch.timeout if attempt.batch.conduct is None else None]
    for bound in bounds:
        late = bound is not None and now > begun + bound + attempt.busy + 1e-6
        journal.demand(not late, "answered after the deadline", attempt.number, now - begun, bound)
    if attempt.left_at is not None:
        left = max(attempt.left_at, begun + 0.02)
        journal.demand(now <= left + attempt.busy + 1e-6, "went on for nobody", attempt.number, now - left)


# -- actions that hang together --------------------------------------------------------------------------------------


def _check_order(attempt: Attempt, results: list[Result]) -> None:
    journal, conduct = attempt.journal, attempt.batch.conduct
    calls = _calls_by_place(attempt)
    for place, seen in ((place, seen) for place, mine in calls.items() for seen in mine):
        for need in attempt.asked.needs[place]:
            failed = has_failed(results[need]) and not _was_taken_back(results[need])
            journal.demand(not failed, "carried out though what it needs failed", attempt.number, place, need)
            _check_after(journal, calls.get(need, []), seen)
        ref = attempt.asked.refs[place]
        if ref is not None and not attempt.ground.closing:
            fans = attempt.asked.each[ref] is not None
            _check_told(journal, seen, f"{attempt.asked.nonces[ref]}.0" if fans else attempt.asked.nonces[ref])
    if conduct is not None and conduct.serial:
        _check_serial(journal, calls, results)
    if conduct is not None and conduct.stop and attempt.watched:
        _check_stopped(journal, attempt, calls, results)


def _was_taken_back(result: Result) -> bool:
    """Whether it may have been a success until a commit failed."""
    return result.status == 500


def _calls_by_place(attempt: Attempt) -> dict[int, list[Seen]]:
    """The calls of an attempt, left out what several places ask alike."""
    nonces = attempt.asked.nonces
    places = {nonce: place for place, nonce in enumerate(nonces) if nonces.count(nonce) == 1}
    found: dict[int, list[Seen]] = {}
    for seen in attempt.ground.calls.get(attempt.number, []):
        place = places.get(seen.nonce.partition(".")[0])
        if place is not None:
            found.setdefault(place, []).append(seen)
    return found


def _check_after(journal: Journal, before: list[Seen], seen: Seen) -> None:
    for other in before:
        in_order = other.ended and other.ended < seen.began
        journal.demand(in_order, "begun before what it needs was done", seen.nonce, other.nonce)


def _check_told(journal: Journal, seen: Seen, nonce: str) -> None:
    told = seen.extra[seen.extra.index("told") + 1] if "told" in seen.extra else _told_in_body(seen)
    journal.demand(told == nonce, "told of another nonce", seen.nonce, told, nonce)


def _told_in_body(seen: Seen) -> object:
    return seen.body.get("told") if isinstance(seen.body, dict) else None


def _check_serial(journal: Journal, calls: dict[int, list[Seen]], results: list[Result]) -> None:
    for place in sorted(calls):
        for earlier in range(place):
            if results[earlier].status == 504 or results[earlier].parts is not None:
                continue
            for one in calls.get(earlier, []):
                apart = one.ended and all(one.ended < seen.began for seen in calls[place])
                journal.demand(apart, "two at once of a batch that is serial", one.nonce, place)


def _check_stopped(journal: Journal, attempt: Attempt, calls: dict[int, list[Seen]], results: list[Result]) -> None:
    """Nothing begins at a later moment than the first failure, but for what waited for another with its key."""
    failed = [attempt.watching.told[place] for place, result in enumerate(results) if has_failed(result)]
    if not failed:
        return
    first = journal.time_of(min(number for number, _ in failed))
    for seen in (seen for mine in calls.values() for seen in mine):
        journal.demand(seen.key or seen.began_at <= first, "begun after a failure that stops the batch", seen.nonce)
