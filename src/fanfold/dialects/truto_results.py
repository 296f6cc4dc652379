"""Putting together what became of a recipe: records by resource, errors by resource, both as the recipe has them.

All of it is encoded once. What the encoder refuses (there is little) costs its own entry and not the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from fanfold.dialects.truto_envelopes import details_of, error_members
from fanfold.entries import Entry, Mishap, Outcome
from fanfold.errors import RequestError
from fanfold.model import Result

_encode = msgspec.json.Encoder().encode

UNWRITABLE = "What was fetched holds something that cannot be written as JSON"

REFUSED = (ValueError, OverflowError, RecursionError, TypeError)
"""What the encoder raises: lone surrogates, integers beyond 64 bits, what is nested too deep, what is no JSON."""


def encode_results(entries: Sequence[Entry], results: Sequence[Result]) -> bytes:
    """The answer to a batch request: ``{"result": {...}, "errors": {...}}``."""
    outcomes = [outcome_of(result) for result in results]
    answer = {"result": merged(entries, outcomes), "errors": errors_of(entries, outcomes)}
    try:
        return _encode(answer)
    except REFUSED:
        writable = [_writable(outcome) for outcome in outcomes]
        return _encode({"result": merged(entries, writable), "errors": errors_of(entries, writable)})


def outcome_of(result: Result) -> Outcome:
    """What became of an entry, also where it never came to a run."""
    if result.outcome is not None:
        return result.outcome
    if result.error is not None:
        return Outcome(mishaps=(Mishap(result.error),))
    return Outcome()


def key_of(entry: Entry) -> str:
    """Where in the result an entry's records stand."""
    return entry.resource if entry.kind == "request" else entry.name


def merged(entries: Sequence[Entry], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What included entries gave, by key: what has one key is one array, in the order of the entries."""
    found: dict[str, Any] = {}
    own: set[str] = set()  # arrays that were made here, to which more may be added
    for entry, outcome in zip(entries, outcomes, strict=True):
        if not entry.included:
            continue
        key = key_of(entry)
        value = [] if outcome.value is None else outcome.value
        if key not in found:
            found[key] = value
            continue
        if key not in own:
            found[key] = _as_list(found[key])
            own.add(key)
        found[key] += _as_list(value)
    return found


def errors_of(entries: Sequence[Entry], outcomes: Sequence[Outcome]) -> dict[str, list[dict[str, Any]]]:
    """Errors by resource, and by name for transforms: an empty array where there were none."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry, outcome in zip(entries, outcomes, strict=True):
        if entry.kind == "spool" and not outcome.mishaps:
            continue
        elements = [error_element(entry, mishap) for mishap in outcome.mishaps]
        found.setdefault(key_of(entry), []).extend(elements)
    return found


def error_element(entry: Entry, mishap: Mishap) -> dict[str, Any]:
    """An error of one run: its envelope, and where it comes from."""
    element = error_members(mishap.error)
    if mishap.details:
        element["details"] = {**details_of(mishap.error), **mishap.details}
    if entry.kind == "request":
        element["resource"] = entry.resource
    element["name"] = entry.title
    element["index"] = mishap.index
    if mishap.element is not None:
        element["loop_element"] = mishap.element[0]
    if mishap.parent is not None:
        element["parent_id"] = mishap.parent
    if mishap.page is not None:
        element["page"] = mishap.page
    return element


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _writable(outcome: Outcome) -> Outcome:
    """The same without what the encoder refuses, and with an error that says so."""
    mishaps = tuple([_writable_mishap(mishap) for mishap in outcome.mishaps])
    records = outcome.value
    refused = 0
    if isinstance(records, list) and not outcome.bare:
        kept = [record for record in records if _is_writable(record)]
        refused = len(records) - len(kept)
        records = kept
    elif not _is_writable(records):
        records, refused = None, 1
    if refused:
        told = RequestError(UNWRITABLE, status=422, extra={"details": {"records": refused}})
        mishaps = (*mishaps, Mishap(told))
    return msgspec.structs.replace(outcome, value=records, mishaps=mishaps)


def _writable_mishap(mishap: Mishap) -> Mishap:
    if _is_writable((mishap.error.extra, mishap.error.message, mishap.element, mishap.parent, mishap.details)):
        return mishap
    error = RequestError("It failed, and why cannot be written as JSON", status=mishap.error.status)
    return Mishap(error, mishap.index, page=mishap.page)


def _is_writable(value: Any) -> bool:
    try:
        # As deep as it will stand in the answer.
        _encode([[[[value]]]])
    except REFUSED:
        return False
    return True


def count_by_key(entries: Iterable[Entry], outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many records included entries gave, by key."""
    found: dict[str, int] = {}
    for entry, outcome in zip(entries, outcomes, strict=True):
        if entry.included:
            found[key_of(entry)] = found.get(key_of(entry), 0) + outcome.records
    return found
