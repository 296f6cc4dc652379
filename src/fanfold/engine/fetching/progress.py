"""How far the entries of one recipe have come: which may begin, what goes from one to the next, when one is over."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import Any

from fanfold.engine.fetching.jobs import ONCE, Batch, Job, Key, Ran, State
from fanfold.engine.fetching.outcomes import blamed_runs, result_of
from fanfold.engine.fetching.plan import FetchPlan, path_of
from fanfold.engine.fetching.scope import Scope
from fanfold.engine.fetching.sources import alone, for_all, for_batch, joined, once, unit_key
from fanfold.engine.means import RecordWatch
from fanfold.engine.runs import Run
from fanfold.entries import Mishap
from fanfold.errors import FailedDependency, RequestError, TimedOut


class Progress:
    """The states of all entries, in the order written; ``deepest`` has those first that others are waited for by.

    ``stopped_by`` names the entry whose failure stopped all of it.
    """

    def __init__(self, plan: FetchPlan, runs: list[Run], watch: RecordWatch | None) -> None:
        self.states = [
            State(node, run, path=path_of(plan.recipe, node.entry.resource))
            for node, run in zip(plan.nodes, runs, strict=True)
        ]
        self.stopped_by = ""
        self._begun = perf_counter()
        self._watch = watch
        self._over: list[Run] = []
        self._base: Scope = {**plan.recipe.context, "args": plan.recipe.args, "resources": {}}
        self._connect(plan.found)
        self.deepest = sorted(self.states, key=lambda state: -state.node.wave)
        self._behind: dict[int, tuple[tuple[str, ...], ...]] = {}
        for state in reversed(self.deepest):
            self._behind[state.node.index] = self._paths_behind(state)

    def taken(self) -> list[Run]:
        """Entries that are over since this was asked last."""
        over, self._over = self._over, []
        return over

    def _connect(self, found_of: tuple[Any, ...]) -> None:
        asked: dict[tuple[str, str], int] = {}
        for state, found in zip(self.states, found_of, strict=True):
            if isinstance(found, RequestError):
                state.refused = found
            elif found is not None:
                state.endpoint, state.params = found
            node = state.node
            state.feeding, state.gates = len(node.fan), len(node.after)
            for place in node.fan:
                self.states[place].feeds.append(state)
                self.states[place].stores |= not state.flows
            for place in node.after:
                self.states[place].opens.append(state)
            asked[state.path, node.entry.method] = asked.get((state.path, node.entry.method), 0) + 1
        for state in self.states:
            entry = state.entry
            state.stores |= entry.included and not self._streams(state)
            many = bool(state.node.fan) or state.node.loops or entry.recurse is not None
            reads = state.endpoint is not None and not state.endpoint.write
            state.shares = reads and (many or asked[state.path, entry.method] > 1)

    def _paths_behind(self, state: State) -> tuple[tuple[str, ...], ...]:
        """The paths at which what an entry was run for is bound."""
        above = [self.states[place].node for place in state.node.fan] if not state.node.whole else []
        return tuple(dict.fromkeys(path for one in above for path in (*self._behind[one.index], *one.binds)))

    def _streams(self, state: State) -> bool:
        return self._watch is not None and state.entry.included

    def give_up(self, state: State) -> None:
        """End an entry for which there is no time any more."""
        for job in state.live.values():
            self.note(state, job.key, Mishap(TimedOut(), element=job.element, parent=job.parent))
        if not state.live:
            self.note(state, None, Mishap(TimedOut()))
        self._mark(state)

    def feed(self, state: State, batches: list[Batch]) -> None:
        """Hand on what a run of an entry gave to those that take it as it comes."""
        for child in state.feeds:
            if child.flows and not child.finished:
                for batch in batches:
                    source = self._of_batch(child, state, batch)
                    if source is None:
                        continue
                    if child.open and not child.cut:
                        child.sources.append(source)
                    elif not child.open:
                        child.held.append(source)

    def _of_batch(self, child: State, state: State, batch: Batch) -> Iterator[Job] | None:
        if child.entry.kind == "spool":
            return None
        return for_batch(child, state, batch)

    def blame(self, state: State, key: Key) -> None:
        """Skip what would have been run for records of a run that went wrong, all the way down."""
        for child in state.feeds:
            if child.flows and child.entry.kind == "request" and not child.finished:
                self._skip(child, state, key)

    def _skip(self, child: State, parent: State, key: Key) -> None:
        own: Key = ((unit_key(parent, key, -1),), 0, 0, ())
        child.ran.append(Ran(own, good=False, blamed=(parent, key)))
        self.blame(child, own)

    def note(self, state: State, key: Key | None, mishap: Mishap) -> None:
        """Keep what went wrong with a run, or with the entry as a whole."""
        if state.entry.on_error != "ignore":
            state.mishaps.append((key, mishap))

    def cut(self, state: State) -> None:
        """Begin no more runs of an entry."""
        state.cut = True
        state.sources.clear()
        state.held.clear()

    def stop(self, title: str) -> None:
        """Begin nothing any more, of any entry."""
        self.stopped_by = title
        for state in self.states:
            if not state.finished and not state.live and (state.sources or state.held or not state.ran):
                self.note(state, None, Mishap(FailedDependency(stopped(title))))
            self.cut(state)
        for state in self.states:
            self.check(state)

    # -- the end of an entry -----------------------------------------------------------------------------------------

    def open(self, state: State) -> None:
        """Begin an entry, if all that has to be finished before it is."""
        if state.open or state.gates or (state.feeding and not state.flows):
            return
        state.open = True
        node = state.node
        before = [self.states[place] for place in node.after]
        parents = [self.states[place] for place in node.fan]
        blamed = [one for one in before if one.failed]
        if node.whole or node.crossed:
            needs_all = node.entry.kind != "request"
            blamed += [one for one in parents if one.failed or (not needs_all and not all(ran.good for ran in one.ran))]
        stopped = (
            any(one.failed for one in (*before, *parents)) if not state.flows else any(one.failed for one in before)
        )
        for parent, key in blamed_runs(blamed):
            self._skip(state, parent, key)
        if self.stopped_by or stopped:
            self.cut(state)
        elif state.refused is not None:
            self._refuse(state, state.refused)
        elif node.entry.kind == "spool":
            self._spool(state, parents)
        elif not node.fan:
            state.sources.append(once(state, self._base))
        elif not state.flows:
            state.sources.append(for_all(state, parents, self._base, self._behind))
        else:
            state.sources.extend(state.held)
            state.held.clear()
        self.check(state)

    def _refuse(self, state: State, error: RequestError) -> None:
        """Settle an entry that leads nowhere, once, whatever it would have been run for."""
        state.held.clear()
        state.cut = True
        key: Key = (ONCE, 0, 0, ())
        state.ran.append(Ran(key, good=False))
        self.note(state, key, Mishap(error))
        self.blame(state, key)

    def _spool(self, state: State, parents: list[State]) -> None:
        """All that its parent gave, as one array; a resource of several entries is one parent."""
        value = joined(parents)
        records = value if isinstance(value, list) else [value]
        batch = Batch((ONCE, 0, 0, ()), alone(parents, self._base), [records], one=True)
        state.batches.append(batch)
        state.records = len(records)
        state.ran.append(Ran((ONCE, 0, 0, ()), good=True))
        if self._watch is not None and state.entry.included and records:
            self._watch.records(state.run.place, records)
        self.feed(state, [batch])

    def check(self, state: State) -> None:
        """See whether an entry is over, and tell those that waited for that."""
        fed = not state.feeding or (state.cut and state.open)
        if state.finished or not state.idle or (not self.stopped_by and not (state.open and fed)):
            return
        self._mark(state)
        self._over.append(state.run)
        for child in state.feeds:
            child.feeding -= 1
            if not child.feeding and child.flows and child.entry.kind == "transform":
                parents = [self.states[place] for place in child.node.fan]
                if all(parent.failed for parent in parents):
                    for parent, key in blamed_runs(parents):
                        self._skip(child, parent, key)
            self.open(child)
            self.check(child)
        for child in state.opens:
            child.gates -= 1
            self.open(child)

    def _mark(self, state: State) -> None:
        state.finished = True
        seconds = perf_counter() - self._begun
        state.run.given = result_of(state, streamed=self._streams(state), seconds=seconds)
        if not any(not child.flows and not child.finished for child in state.feeds):
            state.batches = []


def stopped(title: str) -> str:
    """What is said of what is not begun because an entry has failed."""
    return f"Not carried out: {title!r} failed, and it stops the batch"
