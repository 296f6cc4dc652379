"""A nested query as the pairs of a URL or a form: APIs agree on scalars, and on nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from fanfold.errors import RequestError
from fanfold.integrations.declaration import ArrayFormat

MAX_DEPTH = 16


def written(query: Mapping[str, Any], arrays: ArrayFormat) -> str:
    """The query of a URL. A space is %20, which every server reads as one; as + only those that take it for a form."""
    return urlencode(pairs(query, arrays), quote_via=quote)


def pairs(query: Mapping[str, Any], arrays: ArrayFormat) -> list[tuple[str, str]]:
    """One pair for each scalar; null and empty objects give none. Objects are ``a[b]``, arrays as ``arrays`` says.

    Raises ``RequestError`` where it is nested too deeply, or an array holds what cannot stand between commas.
    """
    found: list[tuple[str, str]] = []
    for name, value in query.items():
        if isinstance(value, str):
            found.append((name, value))
        else:
            found += _pairs(name, value, arrays, MAX_DEPTH)
    return found


def _pairs(name: str, value: Any, arrays: ArrayFormat, depth: int) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if depth == 0:
        raise RequestError(f"query: {name[:100]} is nested too deeply")
    if isinstance(value, Mapping):
        for inner, one in value.items():
            yield from _pairs(f"{name}[{inner}]", one, arrays, depth - 1)
    elif isinstance(value, list | tuple):
        if arrays == "comma":
            if value:
                yield name, ",".join([_element(name, one) for one in value])
            return
        for index, one in enumerate(value):
            key = {"brackets": f"{name}[]", "indices": f"{name}[{index}]"}.get(arrays, name)
            yield from _pairs(key, one, arrays, depth - 1)
    else:
        yield name, scalar(value)


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping | list | tuple):
        raise RequestError(f"query: {name[:100]} holds what cannot stand in a list with commas; write text or numbers")
    return scalar(value)


def scalar(value: Any) -> str:
    """A scalar as text: ``true`` and ``false`` as JSON has them, null as nothing."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
