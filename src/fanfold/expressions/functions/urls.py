"""Queries and URLs, taken apart and put together; brackets in names stand for objects and arrays."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from fanfold.expressions.casts import text
from fanfold.expressions.functions.arguments import Unsuitable, members, string

_NAME = re.compile(r"([^\[\]]*+)((?:\[[^\[\]]*+\])*+)")
_BRACKETS = re.compile(r"\[([^\[\]]*+)\]")
_MAX_DEPTH = 5
_MAX_PARAMETERS = 1000
_MAX_INDEX = 20
_PORTS = {"http": 80, "https": 443, "ftp": 21, "ws": 80, "wss": 443}


def parse_query(value: Any = None) -> dict[str, Any]:
    """A query as an object: ``a[b]=1&c[]=2&c[]=3``; what comes twice is an array."""
    result: dict[str, Any] = {}
    if value is None:
        return result
    pairs = parse_qsl(string(value, "parseQuery"), keep_blank_values=True)
    for name, member in pairs[:_MAX_PARAMETERS]:
        found = _NAME.fullmatch(name)
        steps = [found[1], *_BRACKETS.findall(found[2])] if found and found[1] else [name]
        _put(result, steps if len(steps) <= _MAX_DEPTH + 1 else [name], member)
    return {name: _arrays(member) for name, member in result.items()}


def _put(into: dict[str, Any], steps: list[str], value: str) -> None:
    *above, last = steps
    for step in above:
        below = into.get(step or str(len(into)))
        if not isinstance(below, dict):
            below = {} if below is None else {"0": below}
            into[step or str(len(into))] = below
        into = below
    name = last or str(len(into))
    if name not in into:
        into[name] = value
    elif isinstance(into[name], list):
        into[name].append(value)
    else:
        into[name] = [into[name], value]


def _arrays(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    below = {name: _arrays(member) for name, member in value.items()}
    indices = [name for name in below if name.isascii() and name.isdigit() and len(name) <= 2]
    if below and len(indices) == len(below) and max(map(int, indices)) <= max(_MAX_INDEX, len(below)):
        return [below[name] for name in sorted(below, key=int)]
    return below


def stringify_query(value: Any = None, options: Any = None) -> str:
    """An object as a query. ``arrayFormat`` is indices, brackets, repeat or comma; ``encode`` may be false."""
    given = options if isinstance(options, dict) else {}
    form = given.get("arrayFormat", "indices")
    if form not in ("indices", "brackets", "repeat", "comma"):
        raise Unsuitable("arrayFormat is indices, brackets, repeat or comma")
    pairs: list[tuple[str, str]] = []
    for name, member in members(value, "stringifyQuery").items():
        _flatten(name, member, form, pairs, 0)
    written = (
        (lambda part: part)
        if given.get("encode") is False
        else (lambda part: quote(part, safe="-._~", errors="replace"))
    )
    query = "&".join([f"{written(name)}={written(part)}" for name, part in pairs])
    return f"?{query}" if query and given.get("addQueryPrefix") else query


def _flatten(name: str, value: Any, form: str, pairs: list[tuple[str, str]], depth: int) -> None:
    if depth > 50:
        raise Unsuitable("$stringifyQuery was given what is nested too deeply")
    if isinstance(value, dict):
        for key, member in value.items():
            _flatten(f"{name}[{key}]", member, form, pairs, depth + 1)
    elif isinstance(value, list) and form == "comma":
        if value:
            pairs.append((name, ",".join(["" if element is None else text(element) for element in value])))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            below = {"indices": f"{name}[{index}]", "brackets": f"{name}[]", "repeat": name}[form]
            _flatten(below, element, form, pairs, depth + 1)
    else:
        pairs.append((name, "" if value is None else text(value)))


def parse_url(value: Any = None) -> dict[str, Any]:
    """The parts of an absolute URL under their names in browsers; ``searchParams`` is an object."""
    written = string(value, "parseUrl")
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        raise Unsuitable("$parseUrl takes an absolute URL") from None
    if not (parts.scheme and parts.hostname):
        raise Unsuitable("$parseUrl takes an absolute URL")
    shown = "" if port is None or port == _PORTS.get(parts.scheme) else str(port)
    host = parts.hostname + (f":{shown}" if shown else "")
    return {
        "href": written,
        "protocol": parts.scheme + ":",
        "username": parts.username or "",
        "password": parts.password or "",
        "host": host,
        "hostname": parts.hostname,
        "port": shown,
        "origin": f"{parts.scheme}://{host}",
        "pathname": parts.path or "/",
        "search": f"?{parts.query}" if parts.query else "",
        "hash": f"#{parts.fragment}" if parts.fragment else "",
        "searchParams": dict(parse_qsl(parts.query, keep_blank_values=True)),
    }


FUNCTIONS = {"parseQuery": parse_query, "stringifyQuery": stringify_query, "parseUrl": parse_url}
