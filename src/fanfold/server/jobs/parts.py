"""The parts that jobs are made of, put together once for a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.dialects import AsanaDialect
from fanfold.limits import profile
from fanfold.server.jobs.actions import Means
from fanfold.server.jobs.batch import AT_ONCE, BatchWork
from fanfold.server.jobs.desk import Bounds, JobDesk, shown
from fanfold.server.jobs.jobs import Jobs, Terms
from fanfold.server.jobs.pace import Pace
from fanfold.server.jobs.records import Job, Kind, Settled
from fanfold.server.jobs.telling import Teller
from fanfold.server.jobs.work import Make, Work

if TYPE_CHECKING:
    from fanfold.server.app import App


def put_together(app: App) -> tuple[Jobs, Teller, JobDesk]:
    """What carries jobs on, who tells of their end, and who answers those who ask for them."""
    settings = app.settings
    dialect = AsanaDialect(
        max_actions=max(settings.max_actions, settings.max_job_actions),
        max_parallel=AT_ONCE,
        lenient_paths=settings.lenient_paths,
        extended=settings.extended,
    )
    means = Means(
        app.api,
        lambda: app.engine.target,
        lambda: app.engine.admission,
        app.watched,
        app.ledger,
        app.tokens.is_still_let_in,
        timeout=settings.action_timeout,
        most=settings.max_job_results,
        fan_out=max(settings.max_fan_out, settings.max_job_actions),
        pace=Pace(),
    )
    terms = Terms(profile(settings.limits, settings.action_timeout).jobs, settings.job_results)

    async def make_batch(job: Job, body: bytes, found: dict[str, Settled], until: float) -> Work:
        return BatchWork(means, dialect, job, body, found, until)

    async def make_plan(job: Job, body: bytes, _: dict[str, Settled], until: float) -> Work:
        return await app.connect().plan_work(job, body, until)  # type: ignore[no-any-return]

    teller = Teller(app.api, app.poster, shown)
    make: dict[Kind, Make] = {"batch": make_batch, "plan": make_plan}
    jobs = Jobs(app.api, make, terms, teller, app.observing, lambda: app.log)
    bounds = Bounds(settings.max_body, settings.body_timeout, settings.job_deadline, settings.job_results)
    return jobs, teller, JobDesk(jobs, teller, app.api, app.engine, dialect, bounds, app.caller)
