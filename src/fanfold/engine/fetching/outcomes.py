"""What became of an entry, in the order of results: what it gave, and what went wrong with which of its runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from fanfold.engine.fetching.jobs import Key, State
from fanfold.engine.fetching.sources import flattened, in_order
from fanfold.entries import Mishap, Outcome
from fanfold.errors import FailedDependency
from fanfold.model import Answer, Result


def outcome_of(state: State, *, streamed: bool) -> Outcome:
    """What stands in the result of an entry that is over, and its mishaps with the numbers of their runs."""
    keys = sorted(ran.key for ran in state.ran)
    state.places = {key: place for place, key in enumerate(keys)}
    told = [(key, mishap) for key, mishap in state.mishaps if key is not None]
    told += state.truncated.values() if _tells(state) else ()
    told += [(ran.key, _skipped(*ran.blamed)) for ran in state.ran if ran.blamed is not None and _tells(state)]
    told.sort(key=lambda pair: pair[0])
    mishaps = [replace(mishap, index=state.places.get(key, len(keys))) for key, mishap in told]
    mishaps += [replace(mishap, index=len(keys)) for key, mishap in state.mishaps if key is None]
    bare = state.node.bare
    value: Any = None
    if state.entry.included and not streamed:
        ordered = in_order(state.batches)
        value = (ordered[0].value if ordered else []) if bare else flattened(ordered)
    return Outcome(value, bare, tuple(mishaps), state.calls, state.records)


def result_of(state: State, *, streamed: bool, seconds: float) -> Result:
    """The result of an entry: 200, or 207 where something went wrong."""
    outcome = outcome_of(state, streamed=streamed)
    answer = Answer(207 if outcome.mishaps else 200, trusted=True)
    return Result(state.run.step.action, answer, None, seconds, outcome=outcome)


def _tells(state: State) -> bool:
    return state.entry.on_error != "ignore"


def _skipped(parent: State, key: Key) -> Mishap:
    title = parent.entry.title
    error = FailedDependency(f"Skipped: parent {title!r} failed")
    return Mishap(error, details={"skipped": True, "parent": title, "parent_index": parent.places.get(key, 0)})


def blamed_runs(parents: Iterable[State]) -> list[tuple[State, Key]]:
    """The runs of parents that went wrong, whether they ran or not."""
    return [(parent, ran.key) for parent in parents for ran in parent.ran if not ran.good]
