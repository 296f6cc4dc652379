"""What may begin when: the runs of a recipe's entries, handed out call by call as others are settled.

It decides nothing by the time at which something came: what stands where in the result, and what is run for what,
follows from the recipe and from what was answered alone.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from itertools import chain
from time import perf_counter
from typing import Any

from msgspec.structs import replace

from fanfold.engine.fetching.asks import fetch_of, is_true, records_of
from fanfold.engine.fetching.caps import Taken, cap_of, capped
from fanfold.engine.fetching.jobs import EVALUATION, ONCE, Batch, Job, Key, Ran, Shared, State
from fanfold.engine.fetching.outcomes import blamed_runs, result_of
from fanfold.engine.fetching.plan import FetchPlan, path_of
from fanfold.engine.fetching.scope import Scope
from fanfold.engine.fetching.sharing import Sharing
from fanfold.engine.fetching.sources import alone, bound, for_all, for_batch, joined, once, unit_key
from fanfold.engine.means import RecordWatch
from fanfold.engine.plan import Step
from fanfold.engine.runs import PENDING, FanOut, Run
from fanfold.entries import Fetch, Mishap, Page
from fanfold.errors import Crashed, FailedDependency, RequestError, TimedOut
from fanfold.expressions.placeholders import fill
from fanfold.model import Action, Answer, Call, Result

logger = logging.getLogger("fanfold")

_TAKEN = Result(Action("", ""), Answer(200))
"""Stands in a run whose answer has been taken in, so that nothing holds the answer any longer."""


class Course:
    """Hands out the calls of one recipe; is told of each that is settled."""

    def __init__(self, plan: FetchPlan, runs: list[Run], watch: RecordWatch | None = None) -> None:
        self._plan = plan
        self._caps = plan.recipe.caps
        self._watch = watch
        self._begun = perf_counter()
        self._states = [
            State(node, run, path=path_of(plan.recipe, node.entry.resource))
            for node, run in zip(plan.nodes, runs, strict=True)
        ]
        self._fan = FanOut(runs[0], [], {}, deque(), 0) if runs else None
        self._base: Scope = {**plan.recipe.context, "args": plan.recipe.args, "resources": {}}
        self._going: deque[Job] = deque()
        self._over: list[Run] = []
        self._at_once = 0
        self._taken = Taken(self._caps)
        self._sharing = Sharing()
        self._stopped_by = ""
        self._connect()
        self._deepest = sorted(self._states, key=lambda state: -state.node.wave)
        self._behind: dict[int, tuple[tuple[str, ...], ...]] = {}
        for state in reversed(self._deepest):
            self._behind[state.node.index] = self._paths_behind(state)

    def _connect(self) -> None:
        asked: dict[tuple[str, str], int] = {}
        for state, found in zip(self._states, self._plan.found, strict=True):
            if isinstance(found, RequestError):
                state.refused = found
            elif found is not None:
                state.endpoint, state.params = found
            node = state.node
            state.feeding, state.gates = len(node.fan), len(node.after)
            for place in node.fan:
                self._states[place].feeds.append(state)
                self._states[place].stores |= not state.flows
            for place in node.after:
                self._states[place].opens.append(state)
            asked[state.path, node.entry.method] = asked.get((state.path, node.entry.method), 0) + 1
        for state in self._states:
            entry = state.entry
            state.stores |= entry.included and not self._streams(state)
            many = bool(state.node.fan) or state.node.loops or entry.recurse is not None
            reads = state.endpoint is not None and not state.endpoint.write
            state.shares = reads and (many or asked[state.path, entry.method] > 1)

    def _paths_behind(self, state: State) -> tuple[tuple[str, ...], ...]:
        """The paths at which what an entry was run for is bound."""
        above = [self._states[place].node for place in state.node.fan] if not state.node.whole else []
        return tuple(dict.fromkeys(path for one in above for path in (*self._behind[one.index], *one.binds)))

    def _streams(self, state: State) -> bool:
        return self._watch is not None and state.entry.included

    # -- what dispatch asks ------------------------------------------------------------------------------------------

    def first(self) -> list[Run]:
        """The calls that may begin at once."""
        for state in self._states:
            self._open(state)
        return self.go_on()

    def settled(self, run: Run) -> list[Run]:
        """Take in what became of a call; those that may begin because of it."""
        job, result = run.job, run.result
        if not isinstance(job, Job):
            return []
        run.result, run.job = _TAKEN, None
        call = run.step.call
        run.step = run.step.without_call()
        self._at_once -= 1
        try:
            self._take(job, call, result)
            return self.go_on()
        except Exception:
            logger.exception("an entry of a recipe cannot go on")
            self._failed(job, Crashed())
            return self.go_on()

    def about_to_begin(self, runs: list[Run]) -> Iterator[Run]:
        """The runs, which may grow more meanwhile."""
        yield from runs

    def elements(self, fan: FanOut) -> list[Run]:
        """There is no other kind of fan-out here."""
        raise NotImplementedError

    def unfinished(self, run: Run) -> Result:
        """What becomes of an entry for which there is no time any more."""
        state = self._states[run.place]
        if not state.finished:
            for job in state.live.values():
                self._note(state, job.key, Mishap(TimedOut(), element=job.element, parent=job.parent))
            if not state.live:
                self._note(state, None, Mishap(TimedOut()))
            self._mark(state)
        return state.run.given or PENDING

    def go_on(self) -> list[Run]:
        """As many calls as may be under way at once, and entries that are over."""
        out: list[Run] = []
        while self._at_once < self._caps.at_once:
            if self._watch is not None and self._watch.full():
                break
            job = self._next_job()
            if job is None:
                break
            run = self._begin(job)
            if run is not None:
                out.append(run)
        over, self._over = self._over, []
        return [*over, *out]

    def _next_job(self) -> Job | None:
        """The next run that has something to do: one that is under way first, then one of the deepest entry."""
        looking = True
        while looking:
            if self._going:
                return self._going.popleft()
            looking = False
            for state in self._deepest:
                while state.sources:
                    job = next(state.sources[0], None)
                    if job is not None:
                        state.live[id(job)] = job
                        return job
                    state.sources.popleft()
                    self._check(state)
                    looking = True  # the end of this one may have opened others
        return None

    # -- one run -----------------------------------------------------------------------------------------------------

    def _begin(self, job: Job) -> Run | None:
        """The next call of a run; None where it needs none, or has to wait for another that asks the same."""
        state = job.state
        try:
            if self._stopped_by:
                raise FailedDependency(_stopped(self._stopped_by))
            if job.refused is not None:
                raise job.refused
            self._taken.run()
            if job.stage < len(state.node.texts.asked):
                _, expression = state.node.texts.asked[job.stage]
                body = expression, job.scope
                return self._out(job, Call("evaluate", state.path, (), body, (), self._plan.caller, EVALUATION, ()))
            if job.fetch is None:
                job.fetch = fetch_of(job)
                shared = self._sharing.join(job) if state.shares else None
                if shared is not None:
                    if shared.over:
                        self._give(job, shared)
                    return None
            return self._out(job, self._call(job, job.fetch))
        except RequestError as error:
            self._failed(job, error.alone())
        except Exception:
            logger.exception("a run of an entry crashed")
            self._failed(job, Crashed())
        return None

    def _call(self, job: Job, fetch: Fetch) -> Call:
        state = job.state
        if state.endpoint is None:
            raise Crashed
        self._taken.call()
        state.calls += 1
        caller = self._plan.caller
        return Call(state.entry.method, state.path, (), fetch, (), caller, state.endpoint, state.params)

    def _out(self, job: Job, call: Call) -> Run:
        self._at_once += 1
        return Run(Step(job.state.run.step.action, call), job.state.run.place, fan=self._fan, job=job)

    def _give(self, job: Job, shared: Shared) -> None:
        """What another run was answered, taken for this one."""
        error = shared.error
        try:
            for records in shared.pages if error is None else ():
                self._hold(job, records, 0)
        except RequestError as refused:
            error = refused.alone()
        if error is None:
            self._done(job)
        else:
            self._failed(job, error)

    # -- what comes back ---------------------------------------------------------------------------------------------

    def _take(self, job: Job, call: Call | None, result: Result) -> None:
        answer = result.answer
        if answer is None:
            self._failed(job, result.error or Crashed())
            return
        page = answer.page or Page()
        if call is not None and call.endpoint is EVALUATION:
            self._worked_out(job, page.value)
            return
        try:
            records = records_of(job.state.entry.method, page.value)
            self._sharing.note(job, records)
            self._hold(job, records, page.size)
        except RequestError as error:
            self._failed(job, error.alone())
            return
        if page.cursor and job.fetch is not None:
            if job.page < self._caps.pages:
                job.fetch = replace(job.fetch, cursor=page.cursor)
                self._going.append(job)
                return
            self._truncate(job, "max_pages", self._caps.pages)
        self._done(job)

    def _worked_out(self, job: Job, value: Any) -> None:
        name, _ = job.state.node.texts.asked[job.stage]
        job.stage += 1
        if name == "run_if":
            if not value:
                self._done(job)
                return
        elif name == "expression":
            if value is not None:
                self._hold(job, [value], 0, one=True)
            self._done(job)
            return
        else:
            job.worked_out[name] = {} if value is None and name == "query" else value
        self._going.append(job)

    def _hold(self, job: Job, records: list[Any], size: int, *, one: bool = False) -> None:
        """Take in a page: tell of it, and keep it for whoever needs it."""
        state, page = job.state, job.page
        job.page += 1
        if job.lent:
            records = [{**record, **job.lent} if isinstance(record, dict) else record for record in records]
        state.records += len(records)
        if self._watch is not None and state.entry.included and records:
            self._watch.records(state.run.place, records)
        needed = bool(state.feeds) or state.node.texts.condition is not None
        if not (state.stores or needed):
            return
        self._taken.hold(len(records), size)
        batch = Batch(job.batch_key(page), job.scope, records, one)
        job.batches.append(batch)
        if state.stores:
            state.batches.append(batch)

    # -- the end of a run --------------------------------------------------------------------------------------------

    def _done(self, job: Job) -> None:
        """A run went well: what it gave goes on to those that wait for it."""
        state = job.state
        state.live.pop(id(job), None)
        state.ran.append(Ran(job.key, good=True))
        self._again(job)
        self._feed(state, job.batches)
        self._share(job, None)
        self._check(state)

    def _failed(self, job: Job, error: RequestError) -> None:
        """A run went wrong: what it gave stays in the result, and feeds nobody."""
        state, entry = job.state, job.state.entry
        state.live.pop(id(job), None)
        for batch in job.batches:
            batch.good = False
        ignored = entry.on_error == "ignore"
        state.ran.append(Ran(job.key, good=ignored))
        page = job.page + 1 if job.page else None
        cap = cap_of(error)
        if cap:
            self._cut(state)
        if not cap or cap not in state.told:
            self._note(state, job.key, Mishap(error, element=job.element, parent=job.parent, page=page))
            state.told |= {cap}
        if not ignored:
            self._blame(state, job.key)
        self._share(job, error)
        if entry.on_error == "stop" and not self._stopped_by:
            self._stop(entry.title)
        self._check(state)

    def _share(self, job: Job, error: RequestError | None) -> None:
        """Tell those that wait for the same what came of it."""
        over = self._sharing.over(job, error)
        if over is not None:
            for other in over[1]:
                self._give(other, over[0])

    def _again(self, job: Job) -> None:
        """Begin one more run for each record that asks for it."""
        state = job.state
        condition = state.node.texts.condition
        if condition is None:
            return
        deeper: list[Job] = []
        for batch in job.batches:
            for place, record in enumerate(batch.records):
                scope = bound(state.node, batch.scope, record)
                if is_true(fill(condition, scope)):
                    deeper.append(job.deeper(batch, place, scope))
        if not deeper:
            return
        if job.level >= self._caps.depth:
            self._truncate(job, "recursion_depth", self._caps.depth)
        elif state.open and not state.cut:
            state.sources.append(iter(deeper))

    def _feed(self, state: State, batches: list[Batch]) -> None:
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

    def _blame(self, state: State, key: Key) -> None:
        """Skip what would have been run for records of a run that went wrong, all the way down."""
        for child in state.feeds:
            if child.flows and child.entry.kind == "request" and not child.finished:
                self._skip(child, state, key)

    def _skip(self, child: State, parent: State, key: Key) -> None:
        own: Key = ((unit_key(parent, key, -1),), 0, 0, ())
        child.ran.append(Ran(own, good=False, blamed=(parent, key)))
        self._blame(child, own)

    def _note(self, state: State, key: Key | None, mishap: Mishap) -> None:
        if state.entry.on_error != "ignore":
            state.mishaps.append((key, mishap))

    def _truncate(self, job: Job, cap: str, value: int) -> None:
        """Tell of what is not fetched, of the first run that it is so for; what there is goes on all the same."""
        known = job.state.truncated.get(cap)
        if known is None or job.key < known[0]:
            error = capped(cap, value, {"truncated": True})
            job.state.truncated[cap] = job.key, Mishap(error, element=job.element, parent=job.parent)

    def _cut(self, state: State) -> None:
        """Begin no more runs of an entry."""
        state.cut = True
        state.sources.clear()
        state.held.clear()

    def _stop(self, title: str) -> None:
        """Begin nothing any more, of any entry."""
        self._stopped_by = title
        for state in self._states:
            if not state.finished and not state.live and (state.sources or state.held or not state.ran):
                self._note(state, None, Mishap(FailedDependency(_stopped(title))))
            self._cut(state)
        for state in self._states:
            self._check(state)

    # -- the end of an entry -----------------------------------------------------------------------------------------

    def _open(self, state: State) -> None:
        """Begin an entry, if all that has to be finished before it is."""
        if state.open or state.gates or (state.feeding and not state.flows):
            return
        state.open = True
        node = state.node
        before = [self._states[place] for place in node.after]
        parents = [self._states[place] for place in node.fan]
        blamed = [one for one in before if one.failed]
        if node.whole or node.crossed:
            needs_all = node.entry.kind != "request"
            blamed += [one for one in parents if one.failed or (not needs_all and not all(ran.good for ran in one.ran))]
        stopped = (
            any(one.failed for one in (*before, *parents)) if not state.flows else any(one.failed for one in before)
        )
        for parent, key in blamed_runs(blamed):
            self._skip(state, parent, key)
        if self._stopped_by or stopped:
            self._cut(state)
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
        self._check(state)

    def _refuse(self, state: State, error: RequestError) -> None:
        """Settle an entry that leads nowhere, once, whatever it would have been run for."""
        state.held.clear()
        state.cut = True
        key: Key = (ONCE, 0, 0, ())
        state.ran.append(Ran(key, good=False))
        self._note(state, key, Mishap(error))
        self._blame(state, key)

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
        self._feed(state, [batch])

    def _check(self, state: State) -> None:
        """See whether an entry is over, and tell those that waited for that."""
        fed = not state.feeding or (state.cut and state.open)
        if state.finished or not state.idle or (not self._stopped_by and not (state.open and fed)):
            return
        self._mark(state)
        self._over.append(state.run)
        for child in state.feeds:
            child.feeding -= 1
            if not child.feeding and child.flows and child.entry.kind == "transform" and state.failed:
                for parent, key in blamed_runs([state]):
                    self._skip(child, parent, key)
            self._open(child)
            self._check(child)
        for child in state.opens:
            child.gates -= 1
            self._open(child)

    def _mark(self, state: State) -> None:
        state.finished = True
        seconds = perf_counter() - self._begun
        state.run.given = result_of(state, streamed=self._streams(state), seconds=seconds)
        if not any(not child.flows and not child.finished for child in chain(state.feeds)):
            state.batches = []


def _stopped(title: str) -> str:
    return f"Not carried out: {title!r} failed, and it stops the batch"
