"""What a workflow says about failure, as far as a plan can say it: trying again, after which statuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fanfold.integrations.drafting.description import elements, fields, text

_STATUS = re.compile(r"\$statusCode\s*==\s*(\d{3})")
_GOOD = re.compile(
    r"\$statusCode\s*(==\s*2\d\d|<\s*[34]00|>=\s*200)(\s*(&&|\|\|)\s*\$statusCode\s*(==\s*2\d\d|<\s*[34]00|>=\s*200))*"
)
_MOST = 10


def retrying(actions: list[dict[str, Any]], note: Callable[[str], None]) -> dict[str, Any]:
    """``retry`` of an entry, from what is done on failure."""
    found: dict[str, Any] = {}
    for action in actions:
        kind = text(action.get("type"))
        if kind == "retry" and not found:
            found = _retry(action, note)
        elif kind != "end":
            note(f"what follows failure is left out: {kind or 'an action'}.")
    return {"retry": found} if found else {}


def _retry(action: dict[str, Any], note: Callable[[str], None]) -> dict[str, Any]:
    limit = action.get("retryLimit", 1)
    after = action.get("retryAfter", 0)
    attempts = (limit if isinstance(limit, int) and limit >= 0 else 1) + 1
    if attempts > _MOST:
        note(f"it is tried {_MOST} times, not {attempts}.")
    found = {"attempts": min(attempts, _MOST), "pause": after if isinstance(after, int | float) and after >= 0 else 0}
    statuses = []
    for criterion in map(fields, elements(action.get("criteria"))):
        condition = text(criterion.get("condition"))
        named = [int(each) for each in _STATUS.findall(condition)]
        if named and not _STATUS.sub("", condition).replace("||", "").strip():
            statuses += named
        else:
            note(f"a criterion for trying again is left out: {condition or 'without condition'}.")
    if text(action.get("stepId")) or text(action.get("workflowId")):
        note("before trying again nothing else is done.")
    return {**found, "statuses": statuses} if statuses else found


def unspoken(criteria: list[Any]) -> list[str]:
    """The criteria of success that are more than that the status is a good one."""
    conditions = [text(fields(each).get("condition")) for each in criteria]
    return [each for each in conditions if each and not _GOOD.fullmatch(each)]
