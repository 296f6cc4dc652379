"""What may begin when: the runs of a recipe's entries, handed out call by call as others are settled.

It decides nothing by the time at which something came: what stands where in the result, and what is run for what,
follows from the recipe and from what was answered alone.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from fanfold.engine.fetching.asks import fetch_of, is_true, records_of
from fanfold.engine.fetching.caps import Taken, cap_of, capped
from fanfold.engine.fetching.jobs import EVALUATION, Batch, Job, Ran, Shared
from fanfold.engine.fetching.plan import FetchPlan
from fanfold.engine.fetching.progress import Progress, stopped
from fanfold.engine.fetching.sharing import Sharing
from fanfold.engine.fetching.sources import bound
from fanfold.engine.means import RecordWatch
from fanfold.engine.plan import Step
from fanfold.engine.runs import PENDING, FanOut, Run
from fanfold.entries import Fetch, Mishap, Page
from fanfold.errors import Crashed, FailedDependency, RequestError
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
        self._fan = FanOut(runs[0], [], {}, deque(), 0) if runs else None
        self._going: deque[Job] = deque()
        self._at_once = 0
        self._taken = Taken(self._caps)
        self._sharing = Sharing()
        self._progress = Progress(plan, runs, watch)

    # -- what dispatch asks ------------------------------------------------------------------------------------------

    def first(self) -> list[Run]:
        """The calls that may begin at once."""
        for state in self._progress.states:
            self._progress.open(state)
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

    def ended(self, run: Run) -> list[Run]:
        """None: what was given up holds no place here."""
        del run
        return []

    def about_to_begin(self, runs: list[Run]) -> Iterator[Run]:
        """The runs, which may grow more meanwhile."""
        yield from runs

    def elements(self, fan: FanOut) -> list[Run]:
        """None: entries fan out by themselves, and nothing has to be admitted for that."""
        del fan
        return []

    def unfinished(self, run: Run, seconds: float) -> Result:
        """What becomes of an entry for which there is no time any more; it knows itself how long it ran."""
        del seconds
        state = self._progress.states[run.place]
        if not state.finished:
            self._progress.give_up(state)
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
        return [*self._progress.taken(), *out]

    def _next_job(self) -> Job | None:
        """The next run that has something to do: one that is under way first, then one of the deepest entry."""
        looking = True
        while looking:
            if self._going:
                return self._going.popleft()
            looking = False
            for state in self._progress.deepest:
                while state.sources:
                    job = next(state.sources[0], None)
                    if job is not None:
                        state.live[id(job)] = job
                        return job
                    state.sources.popleft()
                    self._progress.check(state)
                    looking = True  # the end of this one may have opened others
        return None

    # -- one run -----------------------------------------------------------------------------------------------------

    def _begin(self, job: Job) -> Run | None:
        """The next call of a run; None where it needs none, or has to wait for another that asks the same."""
        state = job.state
        try:
            if self._progress.stopped_by:
                raise FailedDependency(stopped(self._progress.stopped_by))
            if job.refused is not None:
                raise job.refused
            if not job.begun:
                job.begun = True
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
        self._progress.feed(state, job.batches)
        self._share(job, None)
        self._progress.check(state)

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
            self._progress.cut(state)
        if not cap or cap not in state.told:
            self._progress.note(state, job.key, Mishap(error, element=job.element, parent=job.parent, page=page))
            state.told |= {cap}
        if not ignored:
            self._progress.blame(state, job.key)
        self._share(job, error)
        if entry.on_error == "stop" and not self._progress.stopped_by:
            self._progress.stop(entry.title)
        self._progress.check(state)

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

    def _truncate(self, job: Job, cap: str, value: int) -> None:
        """Tell of what is not fetched, of the first run that it is so for; what there is goes on all the same."""
        known = job.state.truncated.get(cap)
        if known is None or job.key < known[0]:
            error = capped(cap, value, {"truncated": True})
            job.state.truncated[cap] = job.key, Mishap(error, element=job.element, parent=job.parent)
