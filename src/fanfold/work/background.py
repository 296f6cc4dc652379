"""Work that goes on after the answer: jobs, carried out in steps.

A step and the note of how far its job has come are one transaction, so that no step's effect is ever doubled or lost,
however often the process dies. The first steps are done with the request that starts the job; what they can do needs
nobody else. For what is left an engine outside of this package calls ``WorkApi.carry_on`` until it says that no more is
to do.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from fanfold.work.change import Change, born, touching
from fanfold.work.request import encode
from fanfold.work.schema import Document

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.view import View

State = Document
"""How far a job has come: whatever its steps need, as JSON."""

Step = Callable[[Change, State], State | None]
"""Carries a job one bounded step further.

Gets the job as an open ``Change`` (its ``view`` is that of who started it) and its state, and gives the new state, or
None at the end. It may set ``new_…`` fields in ``job.after``; an exception ends the job as failed.
"""

PATIENCE = 0.01
"""Seconds for which the request that starts a job goes on with it: most are small, and done when it is answered."""

CHUNK = 200
"""Records that one step may write: some 20 ms on the event loop."""


def begin(request: Request, subtype: str, step: str, state: State, workspace: int = 0, **made: int) -> Answer:
    """Start a job whose steps are ``work[step]``, do the first one, and show the job as under way.

    ``made`` are the gids of what is there already, by field name. What the first step raises refuses the whole request.
    """
    view = request.view
    key = request.call.caller.key
    gid = start(view, subtype, step, state, workspace or request.row.workspace, caller=key, **made)
    row = view.store.record(gid)
    if row is None:
        raise LookupError(gid)
    body = encode({**touching(view, row).after, "status": "in_progress"})
    return request.record(gid, body, status=201, headers=(("location", f"/api/1.0/jobs/{gid}"),), kind="job")


def start(view: View, subtype: str, step: str, state: State, workspace: int, caller: str = "", **made: int) -> int:
    """Start a job whose steps are ``work[step]`` and do the first ones; the gid of the job.

    ``caller``: the key of the caller among whose jobs it counts, if anybody asked for it as such.
    """
    values: dict[str, Any] = {name: str(gid) for name, gid in made.items()}
    if caller:
        values["caller"] = caller
    values |= {"resource_subtype": subtype, "status": "in_progress", "step": step, "state": state}
    job = born(view, "job", workspace, **values)
    until = perf_counter() + PATIENCE
    while advance(view, job.gid):
        if perf_counter() >= until:
            view.begun(job.gid)
            break
    return job.gid


def advance(view: View, gid: int) -> bool:
    """Do one step of a job inside the open action; whether there is more to do."""
    row = view.store.record(gid)
    if row is None or row.kind != "job":
        return False
    job = touching(view, row)
    if job.after["status"] != "in_progress":
        return False
    state = view.steps[job.after["step"]](job, job.after["state"])
    job.after["state"] = state
    if state is None:
        job.after["status"] = "succeeded"
    job.write()
    return state is not None


def fail(view: View, gid: int) -> None:
    """End a job that cannot go on, inside the open action."""
    row = view.store.record(gid)
    if row is not None:
        job = touching(view, row)
        job.after |= {"status": "failed", "state": None}
        job.write()
