"""What a batch will do and what it will cost, decided before anything is done.

Planning is pure: no I/O, no clock. What cannot be called is settled here, as an error at its own place; every other
action leaves with its route resolved, so that what was checked is what is called. An action that needs something of
another's result is resolved by the same function when that is known.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from msgspec import Struct

from fanfold.engine.fetching.plan import FetchPlan, make_fetch_plan
from fanfold.engine.graph import Node, connect
from fanfold.engine.references import Filling, Reference
from fanfold.errors import Crashed, NotBatchable, RequestError
from fanfold.expressions.evaluator import Evaluator
from fanfold.model import Action, Batch, Call, Caller, Conduct, Endpoint, Pairs, Resolve, Target

logger = logging.getLogger("fanfold")

STAND_IN = "0"
"""Stands in a path for what is not known yet, to see where it may lead and what that would cost."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Step(Struct, frozen=True, gc=False):
    """One action on its way: a call to be sent, or an error that already settles it.

    Where its ``node`` says so, it is templates that become one of these; in a plain batch there is no node.

    ``charged``: what the plan's costs hold for it, where that may have to be corrected once more is known.
    """

    action: Action
    call: Call | None = None
    error: RequestError | None = None
    node: Node | None = None
    charged: dict[str, int] | None = None

    def without_call(self) -> Step:
        """The same action, which is not going to be called."""
        return Step(self.action, node=self.node)


class Plan(Struct, frozen=True):
    """The steps in request order, and what they cost in units of each limit. Times are those of the batch.

    ``resolve`` makes a step of a filled action; ``conduct`` is None for a plain batch. ``fetch`` is set where the steps
    are the entries of a recipe.
    """

    steps: tuple[Step, ...]
    costs: dict[str, int]
    timeout: float | None = None
    deadline: float | None = None
    conduct: Conduct | None = None
    resolve: Callable[[Step, Filling], Step] | None = None
    fetch: FetchPlan | None = None


def make_plan(batch: Batch, caller: Caller, target: Target, evaluator: Evaluator | None = None) -> Plan:
    """Resolve every action of ``batch`` and add up the costs. Raises ``RequestError`` for a graph that is none."""
    resolve = batch.resolve or target.resolve
    if batch.recipe is not None:
        fetch = make_fetch_plan(batch.recipe, caller, resolve, evaluator)
        steps = tuple([Step(action) for action in batch.actions])
        return Plan(steps, {"requests": 1}, batch.timeout, batch.recipe.caps.deadline, fetch=fetch)
    if batch.conduct is not None:
        return _make_wired(batch, batch.conduct, caller, resolve)
    in_batch, inherited = not batch.single, batch.inherited
    steps = tuple([_make_step(action, caller, resolve, inherited, in_batch=in_batch) for action in batch.actions])
    endpoints = [step.call.endpoint for step in steps if step.call is not None]
    return Plan(steps, add_costs(endpoints, len(steps)), batch.timeout, batch.deadline)


def _make_step(action: Action, caller: Caller, find: Resolve, inherited: Pairs, *, in_batch: bool) -> Step:
    if action.error is not None:
        return Step(action, None, action.error)
    endpoint: Endpoint | None = action.endpoint
    params = action.params
    if endpoint is None:
        try:
            endpoint, params = find(action.method, action.path)
        except RequestError as error:
            return Step(action, None, error.alone())
        except Exception:
            logger.exception("no route could be looked up for %s %r", action.method, action.path)
            return Step(action, None, Crashed())
    if in_batch and not endpoint.batchable:
        return Step(action, None, NotBatchable())
    headers = _headers_of(action, inherited) if inherited or action.wiring else action.headers
    call = Call(action.method, action.path, action.query, action.body, headers, caller, endpoint, params)
    return Step(action, call)


def _headers_of(action: Action, inherited: Pairs) -> Pairs:
    headers = action.headers
    if action.wiring is not None and action.wiring.key:
        # Whoever is called may know what the key is for, and can see to it where we cannot.
        headers = _merged((("idempotency-key", action.wiring.key),), headers)
    return _merged(inherited, headers)


def _merged(inherited: Pairs, own: Pairs) -> Pairs:
    """The headers of a call: what the action sets itself goes before what it inherits."""
    if not own or not inherited:
        return own or inherited
    names = {name for name, _ in own}
    return (*(pair for pair in inherited if pair[0].lower() not in names), *own)


def add_costs(endpoints: Iterable[Endpoint], requests: int, width: int = 0) -> dict[str, int]:
    """Every action counts as a request, also one that is refused; only what is called takes a slot.

    ``width`` is how many run at once at most, 0 for all.
    """
    writes = reads = 0
    further: dict[str, int] = {}
    for endpoint in endpoints:
        if endpoint.write:
            writes += 1
        else:
            reads += 1
        if endpoint.costs:
            for name in endpoint.costs:
                further[name] = further.get(name, 0) + 1
    costs = {"requests": requests, **further} if requests else further
    if writes:
        costs["writes"] = min(writes, width or writes)
    if reads:
        costs["reads"] = min(reads, width or reads)
    return costs


# -- actions that hang together --------------------------------------------------------------------------------------


def _make_wired(batch: Batch, conduct: Conduct, caller: Caller, find: Resolve) -> Plan:
    def resolve(step: Step, filling: Filling) -> Step:
        try:
            action = _fill(step.action, step.node, filling, batch)
        except RequestError as error:
            return Step(step.action, None, error.alone(), node=step.node)
        made = _make_step(action, caller, find, batch.inherited, in_batch=not batch.single)
        return Step(made.action, made.call, made.error, node=step.node, charged=step.charged)

    steps = []
    charged: list[Endpoint] = []
    requests = 0
    seen: set[tuple[object, ...]] = set()
    for action, node in zip(batch.actions, connect(batch.actions, conduct), strict=True):
        if action.error is not None:
            steps.append(Step(action, None, action.error, node=node))
            requests += 1
            continue
        if node.templates is None and node.each is None:
            made = _make_step(action, caller, find, batch.inherited, in_batch=not batch.single)
            endpoint = made.call.endpoint if made.call is not None else None
            key = twin_key(made.call, node) if conduct.coalesce and made.call is not None else None
            steps.append(Step(action, made.call, made.error, node=node))
            if key is not None and key in seen:
                continue
            seen.add(key or (node.index,))
        elif node.each is not None:
            steps.append(Step(action, node=node))
            continue
        else:
            endpoint = _likely(action, node, batch, find)
            steps.append(Step(action, node=node, charged=add_costs([endpoint], 1)))
        requests += 1
        if endpoint is not None:
            charged.append(endpoint)
    width = 1 if conduct.serial else conduct.max_parallel
    return Plan(tuple(steps), add_costs(charged, requests, width), batch.timeout, batch.deadline, conduct, resolve)


def twin_key(call: Call, node: Node) -> tuple[object, ...] | None:
    """What two reads have in common that may be one; None for a write.

    That they wait for the same actions is part of it: what reads after a write must not be given what was read before.
    """
    if call.method != "GET":
        return None
    return call.path, call.query, call.headers, node.needs


def _fill(action: Action, node: Node | None, filling: Filling, batch: Batch) -> Action:
    templates = node.templates if node is not None else None
    if templates is None:
        return action
    path = action.path
    query = tuple([(name, filling.parameter(value)) for name, value in templates.query])
    if templates.path is not None:
        path, written = _read_path(batch, action.method, filling.path(templates.path))
        query = (*written, *query)
    headers = tuple([(name, filling.parameter(value)) for name, value in templates.headers])
    return Action(action.method, path, query, filling.value(templates.body), headers, wiring=action.wiring)


def _read_path(batch: Batch, method: str, path: str) -> tuple[str, Pairs]:
    return (path, ()) if batch.read_path is None else batch.read_path(method, path)


class _Likely(Struct, frozen=True):
    """What is charged for an action of which only the method is known."""

    write: bool
    batchable: bool = True
    inline: bool = False
    costs: tuple[str, ...] = ()


def _likely(action: Action, node: Node, batch: Batch, find: Resolve) -> Endpoint:
    """The endpoint that an action will probably lead to, whatever its references stand for."""
    path = action.path
    if node.templates is not None and node.templates.path is not None:
        path = Filling(_stand_in).path(node.templates.path)
    try:
        read, _ = _read_path(batch, action.method, path) if path is not action.path else (path, ())
        endpoint, _ = find(action.method, read)
    except Exception:  # noqa: BLE001 - whatever is wrong is found out, and told, when the path is known
        return _Likely(action.method not in _SAFE)
    return endpoint


def _stand_in(_reference: Reference) -> str:
    return STAND_IN
