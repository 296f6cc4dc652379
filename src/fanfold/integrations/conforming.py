"""Whether a value has the shape of a struct: every mistake at once, where a decoder stops at the first.

What is right is kept, so that further checks can go on with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from msgspec import Struct, inspect

from fanfold.integrations.places import Place

WRONG: Any = object()
"""Stands for what cannot be kept."""

_SHOWN = 40

MOST = 100
"""Mistakes that are told; what has more is another kind of document."""

_LONGEST_NAME = 64


class Finding(Struct, frozen=True):
    """Something that is wrong, or looks so, with its place."""

    place: Place
    message: str


class Findings:
    """What was found while looking through a document."""

    def __init__(self) -> None:
        self.mistakes: list[Finding] = []
        self.doubts: list[Finding] = []

    @property
    def full(self) -> bool:
        """Whether no more mistakes are noted."""
        return len(self.mistakes) > MOST

    def wrong(self, place: Place, message: str) -> None:
        """Note a mistake, once."""
        finding = Finding(place, message)
        if self.full or finding in self.mistakes:
            return
        if len(self.mistakes) == MOST:
            finding = Finding((), f"there are further mistakes; {MOST} are told.")
        self.mistakes.append(finding)

    def doubtful(self, place: Place, message: str) -> None:
        """Note what is allowed and yet seldom meant."""
        if len(self.doubts) < MOST:
            self.doubts.append(Finding(place, message))


def conformed(value: Any, kind: type[Struct], place: Place, findings: Findings) -> Any:
    """What of ``value`` has the shape of ``kind``, ``WRONG`` if it is no object at all. Mistakes are noted."""
    return _conform(value, _shape(kind), place, findings)


@cache
def _shape(kind: type[Struct]) -> inspect.Type:
    return inspect.type_info(kind)


def _conform(value: Any, shape: inspect.Type, place: Place, findings: Findings) -> Any:
    check = _CHECKS.get(type(shape))
    return value if check is None else check(value, shape, place, findings)


def _struct(value: Any, shape: inspect.StructType, place: Place, findings: Findings) -> Any:
    if not isinstance(value, dict):
        return _refuse(value, "an object with fields", place, findings)
    known = {field.encode_name: field for field in shape.fields}
    kept = {}
    for name, member in value.items():
        if name not in known:
            if not findings.full:
                findings.wrong((*place, name), f"there is no such field.{nearest(name, known)}")
            continue
        found = _conform(member, known[name].type, (*place, name), findings)
        if found is not WRONG:
            kept[name] = found
    for name, field in known.items():
        if field.required and name not in value:
            findings.wrong((*place, name), "is missing; it has to be there.")
    return kept


def _dict(value: Any, shape: inspect.DictType, place: Place, findings: Findings) -> Any:
    if not isinstance(value, dict):
        return _refuse(value, "an object", place, findings)
    found = {name: _conform(member, shape.value_type, (*place, name), findings) for name, member in value.items()}
    return {name: member for name, member in found.items() if member is not WRONG}


def _list(value: Any, shape: inspect.VarTupleType | inspect.ListType, place: Place, findings: Findings) -> Any:
    if not isinstance(value, list | tuple):
        return _refuse(value, "a list", place, findings)
    if shape.min_length and len(value) < shape.min_length:
        findings.wrong(place, "expected a list that is not empty.")
    found = [_conform(each, shape.item_type, (*place, number), findings) for number, each in enumerate(value)]
    return [each for each in found if each is not WRONG]


def _union(value: Any, shape: inspect.UnionType, place: Place, findings: Findings) -> Any:
    if value is None and any(isinstance(each, inspect.NoneType) for each in shape.types):
        return None
    others = [each for each in shape.types if not isinstance(each, inspect.NoneType)]
    if len(others) == 1:
        return _conform(value, others[0], place, findings)
    trials = []
    for each in others:
        trial = Findings()
        found = _conform(value, each, place, trial)
        if not trial.mistakes:
            return found
        trials.append(trial)
    nested = [trial for trial in trials if any(finding.place != place for finding in trial.mistakes)]
    if nested:
        for finding in nested[0].mistakes:
            findings.wrong(finding.place, finding.message)
        return WRONG
    return _refuse(value, " or ".join(_spoken(each) for each in others), place, findings)


def _literal(value: Any, shape: inspect.LiteralType, place: Place, findings: Findings) -> Any:
    if isinstance(value, str) and value in shape.values:
        return value
    hint = nearest(value.lower(), map(str, shape.values)) if isinstance(value, str) and not findings.full else ""
    expected = ", ".join(map(str, shape.values))
    findings.wrong(place, f"expected one of {expected}, not {brief(value)}.{hint}")
    return WRONG


def _text(value: Any, shape: inspect.StrType, place: Place, findings: Findings) -> Any:
    if not isinstance(value, str):
        return _refuse(value, "text", place, findings)
    if shape.min_length is not None and len(value) < shape.min_length:
        return _refuse(value, "text that is not empty", place, findings)
    if shape.pattern is not None and not re.search(shape.pattern, value):
        return _refuse(value, f"text that fits {shape.pattern}", place, findings)
    return value


def _number(value: Any, shape: inspect.IntType | inspect.FloatType, place: Place, findings: Findings) -> Any:
    whole = isinstance(shape, inspect.IntType)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        return _refuse(value, "a whole number" if whole else "a number", place, findings)
    if shape.ge is not None and value < shape.ge:
        return _refuse(value, f"at least {shape.ge}", place, findings)
    if shape.gt is not None and value <= shape.gt:
        return _refuse(value, f"more than {shape.gt}", place, findings)
    if shape.le is not None and value > shape.le:
        return _refuse(value, f"at most {shape.le}", place, findings)
    return value


def _truth(value: Any, _shape: inspect.BoolType, place: Place, findings: Findings) -> Any:
    return value if isinstance(value, bool) else _refuse(value, "true or false", place, findings)


_CHECKS: dict[type[inspect.Type], Callable[[Any, Any, Place, Findings], Any]] = {
    inspect.StructType: _struct,
    inspect.DictType: _dict,
    inspect.VarTupleType: _list,
    inspect.ListType: _list,
    inspect.UnionType: _union,
    inspect.LiteralType: _literal,
    inspect.StrType: _text,
    inspect.IntType: _number,
    inspect.FloatType: _number,
    inspect.BoolType: _truth,
}

_SPOKEN: Mapping[type[inspect.Type], str] = {
    inspect.StructType: "an object",
    inspect.DictType: "an object",
    inspect.VarTupleType: "a list",
    inspect.ListType: "a list",
    inspect.StrType: "text",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.BoolType: "true or false",
}


def _spoken(shape: inspect.Type) -> str:
    return _SPOKEN.get(type(shape), "something else")


def _refuse(value: Any, expected: str, place: Place, findings: Findings) -> Any:
    findings.wrong(place, f"expected {expected}, not {brief(value)}.")
    return WRONG


def brief(value: Any) -> str:
    """A value in a few words, for a sentence about it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list | tuple):
        return "an object" if isinstance(value, dict) else "a list"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def nearest(name: object, known: Iterable[str]) -> str:
    """A sentence that proposes the known name most like ``name``; empty where none is like it."""
    text = str(name)
    found = get_close_matches(text, list(known), n=1, cutoff=0.6) if len(text) <= _LONGEST_NAME else []
    return f" Did you mean {found[0]}?" if found else ""
