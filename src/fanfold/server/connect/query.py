"""Query strings with brackets: ``foo[bar]=x&foo[list][]=1&foo[each][][k]=v`` as the object that they stand for."""

from __future__ import annotations

import re
from typing import Any

from fanfold.errors import RequestError
from fanfold.serving.bodies import read_query

MAX_DEPTH = 8
"""Brackets behind one name."""

MAX_INDEX = 1000
"""The largest place that an array may be written with, as in ``a[3]=x``."""

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")

Tree = dict[str, Any]


def nested_query(query: bytes) -> Tree:
    """The object that a query string stands for; all values are text.

    A name that is there twice is an array. What is no proper name with brackets is taken as it is. Raises
    ``RequestError`` for what is nested too deep, or written in two ways that do not go together.
    """
    tree: Tree = {}
    for name, value in read_query(query) if query else ():
        found = _KEY.fullmatch(name)
        if found is None:
            _put(tree, [name], value, name)
            continue
        parts = [found[1], *_PART.findall(found[2])]
        if len(parts) > MAX_DEPTH + 1:
            raise RequestError(f"query: {name[:100]} is nested more than {MAX_DEPTH} levels deep")
        _put(tree, parts, value, name)
    return {name: _settled(value) for name, value in tree.items()}


def _put(tree: Tree, parts: list[str], value: str, name: str) -> None:
    """Put a value in its place. Arrays are lists where written ``[]``, and objects by place where ``[0]``."""
    at: Any = tree
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        if isinstance(at, list):
            at = _in_list(at, part, following, value, name)
        elif isinstance(at, dict):
            at = _in_object(at, part, following, value, name)
        if at is None:
            return


def _in_object(at: Tree, part: str, following: str | None, value: str, name: str) -> Any:
    there = at.get(part)
    if following is None:
        if part not in at:
            at[part] = value
        elif isinstance(there, list):
            there.append(value)
        elif isinstance(there, str):
            at[part] = [there, value]
        else:
            raise _twofold(name)
        return None
    wanted: type = list if following == "" else dict
    if part not in at:
        at[part] = wanted()
    elif not isinstance(there, wanted):
        raise _twofold(name)
    return at[part]


def _in_list(at: list[Any], part: str, following: str | None, value: str, name: str) -> Any:
    """``part`` is empty here. What follows belongs to the last element, unless that has it already."""
    if part != "":
        raise _twofold(name)
    if following is None:
        at.append(value)
        return None
    last = at[-1] if at else None
    if following == "":
        at.append([])
    elif not isinstance(last, dict) or following in last:
        at.append({})
    return at[-1]


def _settled(value: Any) -> Any:
    """Objects whose names are all places become arrays, in the order of these."""
    if isinstance(value, list):
        return [_settled(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value and all(name.isascii() and name.isdecimal() and len(name) <= 4 for name in value):
        places = {int(name): one for name, one in value.items()}
        if max(places) <= MAX_INDEX and len(places) == len(value):
            return [_settled(places[place]) for place in sorted(places)]
    return {name: _settled(one) for name, one in value.items()}


def _twofold(name: str) -> RequestError:
    return RequestError(f"query: {name[:100]} does not go together with what else is there of that name")
