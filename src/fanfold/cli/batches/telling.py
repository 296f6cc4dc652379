"""What became of a batch, in words and as JSON, and the exit code that says it to programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import json

from fanfold.cli.batches.carrying import Alone, Carried, Where, plainly
from fanfold.cli.batches.inert import inert, inert_json
from fanfold.cli.batches.timeline import Timeline, is_good
from fanfold.cli.batches.written import BatchFile
from fanfold.client import ApiError, BadAnswer, ClientError, NotAuthorized, Reply, TransportError

Outcomes = Sequence[Reply | ClientError]

GOOD, FAILED, UNUSABLE = 0, 1, 2
"""Exit codes: all succeeded; some action failed; nothing could be made of what was told or answered."""

_SHOWN = 70


def exit_code(outcomes: Outcomes) -> int:
    """The worst that happened."""
    if any(isinstance(one, ClientError) or is_foreign(one) for one in outcomes):
        return UNUSABLE
    return GOOD if all(isinstance(one, Reply) and is_good(one.status) for one in outcomes) else FAILED


def is_foreign(reply: Reply) -> bool:
    """Whether a refusal is that of something else than an API, such as a page in HTML."""
    kind = str(reply.headers.get("content-type", "json"))
    return not reply.ok and reply.body is None and "json" not in kind


def is_empty(outcomes: Outcomes) -> bool:
    """Whether no action has a result, so that there is nothing to show."""
    return all(isinstance(one, ClientError) or is_foreign(one) for one in outcomes)


def why_unusable(outcomes: Outcomes, at: Where) -> str:
    """One sentence about the actions that have no result; empty if all have one."""
    reasons: dict[str, None] = {}
    missing = unsure = 0
    for one in outcomes:
        if isinstance(one, ClientError):
            reasons[_reason(one, at)] = None
            missing += 1
            unsure += isinstance(one, BadAnswer | TransportError) and not _was_not_sent(one)
        elif is_foreign(one):
            kind = str(one.headers.get("content-type", "")).partition(";")[0]
            reasons[f"{at.url} answers {one.status} with {kind}, not JSON: is it the API?"] = None
    if not reasons:
        return ""
    told = " ".join(inert(reason) for reason in reasons)
    if missing and (unsure or missing < len(outcomes)):
        told += f" {missing} of {len(outcomes)} actions have no result"
        told += ", and may have been carried out." if unsure else "."
    return told


def _reason(error: ClientError, at: Where) -> str:
    message = error.message.rstrip(".")
    if isinstance(error, NotAuthorized):
        return f"The server does not know the token ({message}): --token, or FANFOLD_TOKEN."
    if isinstance(error, ApiError):
        return f"The server refused the batch with {error.status}{f': {message}' if message else ''}."
    if isinstance(error, TransportError):
        return f"{at.url} does not answer: {plainly(error)}."
    return f"{message}."


def _was_not_sent(error: ClientError) -> bool:
    if isinstance(error, TransportError):
        return not error.sent
    return "no batch endpoint" in error.message


# -- figures ---------------------------------------------------------------------------------------------------------


def summary(carried: Carried, timeline: Timeline) -> str:
    """How many, in which time, and what is known of how long they would take one by one."""
    outcomes = carried.outcomes
    failed = sum(not (isinstance(one, Reply) and is_good(one.status)) for one in outcomes)
    requests = [_counted(timeline.batches, "batch", "batches")] if timeline.batches else []
    requests += [_counted(timeline.lone, "request", "requests") + " alone"] if timeline.lone else []
    count = _counted(len(outcomes), "action", "actions")
    parts = [f"{count}, {failed} failed, in {' and '.join(requests) or 'no request'}."]
    parts.append(f"This took {spoken(timeline.took)}.")
    alone = carried.alone
    if alone is not None:
        parts += _compared(alone, timeline)
    else:
        told = [one.ms for one in outcomes if isinstance(one, Reply) and one.ms is not None]
        if len(told) == len(outcomes):
            parts.append(f"The server says that it worked {spoken(sum(told) / 1000)} on the actions, added up.")
        parts.append(
            "How long they would take one by one is not known; --compare sends the reads singly to measure it."
        )
    return " ".join(parts)


def interrupted(timeline: Timeline) -> str:
    """How far a batch had come that somebody ended."""
    sent = [attempts for attempts in timeline.attempts if attempts]
    settled = sum(attempts[-1].status > 0 for attempts in sent)
    told = f"Interrupted: {settled} of {len(timeline.attempts)} actions had been carried out"
    return f"{told}; {len(sent) - settled} were under way, and may be carried out all the same."


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _compared(alone: Alone, timeline: Timeline) -> list[str]:
    if not alone.places:
        return ["Nothing could be sent one by one: only reads that need no other action are."]
    count = len(alone.places)
    reads = f"its {_counted(count, 'read', 'reads')}" if alone.left or alone.failed else "the same actions"
    parts = [f"One by one {reads} took {spoken(alone.seconds)}, measured on an open connection"]
    there = [timeline.ended(place) for place in alone.places]
    known = [each for each in there if each is not None]
    parts[0] += f"; in the batch they were there after {spoken(max(known))}." if len(known) == count else "."
    if alone.left:
        parts.append(
            f"{alone.left} {'was' if alone.left == 1 else 'were'} not sent again, as they write or need other actions; "
            "what these would take alone is not known."
        )
    if alone.failed:
        parts.append(f"{alone.failed} got no answer alone.")
    return parts


def spoken(seconds: float) -> str:
    """A time as people say it."""
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


# -- results ---------------------------------------------------------------------------------------------------------


def as_json(batch: BatchFile, carried: Carried) -> str:
    """The results in the order of the actions, as a batch endpoint writes them, however many batches they came in.

    An action without a result has the status null, and an ``error`` that says why.
    """
    results = [_result(name, one) for name, one in zip(batch.names, carried.outcomes, strict=True)]
    return inert_json(json.format(json.encode({"data": results}), indent=2).decode())


def _result(name: str, outcome: Reply | ClientError) -> dict[str, Any]:
    named = {"id": name} if name else {}
    if isinstance(outcome, ClientError):
        return {**named, "status_code": None, "error": outcome.message}
    return {**named, "status_code": outcome.status, "headers": outcome.headers, "body": outcome.body}


def in_brief(outcome: Reply | ClientError | None) -> str:
    """A result in a few words, inert."""
    if outcome is None:
        return ""
    if isinstance(outcome, ClientError):
        return _cut(inert(outcome.message))
    if not outcome.ok:
        error = outcome.error
        return inert(error.message if error is not None else "") or "no reason told"
    data = outcome.data
    if isinstance(data, list):
        return _cut(inert(f"{len(data)} {'record' if len(data) == 1 else 'records'}"))
    if isinstance(data, dict):
        return _cut(inert(" ".join(str(data[name]) for name in ("gid", "name", "text") if data.get(name) is not None)))
    return _cut(inert("" if data is None else str(data)))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


__all__ = [
    "FAILED",
    "GOOD",
    "UNUSABLE",
    "Outcomes",
    "as_json",
    "exit_code",
    "in_brief",
    "interrupted",
    "is_empty",
    "is_foreign",
    "spoken",
    "summary",
    "why_unusable",
]
