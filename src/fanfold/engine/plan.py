"""What a batch will do and what it will cost, decided before anything is done.

Planning is pure: no I/O, no clock. What cannot be called is settled here, as an error at its own place; every other
action leaves with its route resolved, so that what was checked is what is called.
"""

from __future__ import annotations

import logging

from msgspec import Struct

from fanfold.errors import Crashed, NotBatchable, RequestError
from fanfold.model import Action, Batch, Call, Caller, Endpoint, Target

logger = logging.getLogger("fanfold")


class Step(Struct, frozen=True):
    """One action on its way: a call to be sent, or an error that already settles it. Never both, never neither."""

    action: Action
    call: Call | None = None
    error: RequestError | None = None


class Plan(Struct, frozen=True):
    """The steps in request order, and what they cost in units of each limit. Times are those of the batch."""

    steps: tuple[Step, ...]
    costs: dict[str, int]
    timeout: float | None = None
    deadline: float | None = None


def make_plan(batch: Batch, caller: Caller, target: Target) -> Plan:
    """Resolve every action of ``batch`` and add up the costs. Raises nothing of its own."""
    in_batch = not batch.single
    steps = tuple([_make_step(action, caller, target, in_batch=in_batch) for action in batch.actions])
    return Plan(steps, _add_costs(steps), batch.timeout, batch.deadline)


def _make_step(action: Action, caller: Caller, target: Target, *, in_batch: bool) -> Step:
    if action.error is not None:
        return Step(action, None, action.error)
    endpoint: Endpoint | None = action.endpoint
    params = action.params
    if endpoint is None:
        try:
            endpoint, params = target.resolve(action.method, action.path)
        except RequestError as error:
            return Step(action, None, error.alone())
        except Exception:
            logger.exception("no route could be looked up for %s %r", action.method, action.path)
            return Step(action, None, Crashed())
    if in_batch and not endpoint.batchable:
        return Step(action, None, NotBatchable())
    call = Call(action.method, action.path, action.query, action.body, action.headers, caller, endpoint, params)
    return Step(action, call)


def _add_costs(steps: tuple[Step, ...]) -> dict[str, int]:
    """Every action counts as a request, also one that is refused; only what is called takes a slot."""
    writes = 0
    further: dict[str, int] = {}
    endpoints = [step.call.endpoint for step in steps if step.call is not None]
    for endpoint in endpoints:
        if endpoint.write:
            writes += 1
        if endpoint.costs:
            for name in endpoint.costs:
                further[name] = further.get(name, 0) + 1
    costs = {"requests": len(steps), **further}
    if writes:
        costs["writes"] = writes
    if writes < len(endpoints):
        costs["reads"] = len(endpoints) - writes
    return costs
