"""What a batch request would do, for whoever asks before it is done."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fanfold.engine import Plan
from fanfold.engine.fetching.preview import Describe, preview
from fanfold.model import Answer, Refusal

_encode = msgspec.json.Encoder().encode


def preview_of(plan: Plan, refusals: Sequence[Refusal], describe: Describe) -> Answer:
    """The plan of a recipe as JSON; ``describe`` says of a call which request it would be, without credentials."""
    if plan.fetch is None:
        raise TypeError("this is no plan of a recipe")
    refused_by = [{"limit": refusal.limit, "retry_after": refusal.retry_after} for refusal in refusals]
    return Answer(200, _encode({**preview(plan.fetch, describe), "refused_by": refused_by}), trusted=True)
