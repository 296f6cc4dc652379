"""What a batch would do, for whoever asks before it is done: its steps, their order, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from fanfold.engine import Plan, Step
from fanfold.model import Answer, Refusal

_encode = msgspec.json.Encoder().encode


def preview_answer(plan: Plan, refusals: Sequence[Refusal]) -> Answer:
    """The plan as JSON. ``cost`` is what is known: what ``for_each`` makes of an action is known only when it runs."""
    nodes = [step.node for step in plan.steps if step.node is not None]
    data = {
        "actions": [_step(place, step, plan.steps) for place, step in enumerate(plan.steps)],
        "waves": max([node.wave for node in nodes], default=0) + 1,
        "cost": plan.costs,
        "refused_by": [{"limit": refusal.limit, "retry_after": refusal.retry_after} for refusal in refusals],
    }
    return Answer(200, _encode({"data": data}), trusted=True)


def _step(place: int, step: Step, steps: Sequence[Step]) -> dict[str, Any]:
    action, node = step.action, step.node
    shown: dict[str, Any] = {"index": place, "method": action.method.lower(), "relative_path": action.path}
    if action.wiring is not None and action.wiring.id:
        shown["id"] = action.wiring.id
    if node is not None:
        shown |= {"depends_on": [_name(needed, steps) for needed in node.needs], "wave": node.wave}
        if node.each is not None:
            shown["for_each"] = node.each.written
    if step.error is not None:
        shown["error"] = {"status_code": step.error.status, "message": step.error.message}
    return shown


def _name(place: int, steps: Sequence[Step]) -> str | int:
    wiring = steps[place].action.wiring
    return wiring.id if wiring is not None and wiring.id else place
