"""Placeholders such as ``{{args.id}}``: compiled once, filled for each run, and never looked at twice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from fanfold.errors import RequestError

Path = tuple[str, ...]

_PLACEHOLDER = re.compile(r"{{\s*([\w./-]+)\s*(?::\s*(\w+)\s*)?}}")
_MISSING = object()


class Unresolved(RequestError):
    """A placeholder stands for nothing"""


class Template(Struct, frozen=True):
    """A JSON value with placeholders somewhere inside. ``paths`` are those that they look up, split at dots.

    Of ``a/b.c`` the path is ``("a/b", "c")``.
    """

    source: Any
    paths: tuple[Path, ...] = ()


def compile_template(value: Any) -> Template:
    """A template of decoded JSON; raises ``RequestError`` for a cast that there is not."""
    return Template(value, tuple(_paths(value)))


def fill(template: Template, context: Mapping[str, Any], *, strict: bool = False) -> Any:
    """The value with everything filled in.

    What cannot be resolved is left as written, and raises ``Unresolved`` where ``strict``.
    """
    return _fill(template.source, context, strict=strict)


def fill_path(template: Template, context: Mapping[str, Any]) -> str:
    """A URL path, each value as one segment of it; raises ``RequestError`` for what can be none."""

    def segment(found: re.Match[str]) -> str:
        value = _text(found, context, strict=True)
        if value in {"", ".", ".."} or len(value) > 2048:
            raise RequestError(f"{found[1]} cannot stand in a path")
        return quote(value, safe="")

    return _PLACEHOLDER.sub(segment, template.source)


def fill_host(template: Template, context: Mapping[str, Any]) -> str:
    """A base URL, with labels only where its host is, and segments in its path."""
    scheme, _, rest = template.source.partition("://")
    host, slash, path = rest.partition("/")

    def label(found: re.Match[str]) -> str:
        value = _text(found, context, strict=True)
        if not re.fullmatch(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", value):
            raise RequestError(f"{found[1]} cannot stand in the name of a host")
        return value

    return f"{scheme}://{_PLACEHOLDER.sub(label, host)}{slash}{fill_path(Template(path), context)}"


def _paths(value: Any) -> list[Path]:
    if isinstance(value, str):
        return [tuple(found[1].split(".")) for found in _PLACEHOLDER.finditer(value)]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [path for one in inner for path in _paths(one)]


def _look(path: str, context: Any) -> Any:
    for name in path.split("."):
        if not isinstance(context, dict) or name not in context:
            return _MISSING
        context = context[name]
    return context


def _text(found: re.Match[str], context: Mapping[str, Any], *, strict: bool) -> str:
    value = _look(found[1], context)
    if value is _MISSING:
        if strict:
            raise Unresolved(f"There is no {found[1]}")
        return found[0]
    if strict and (value is None or isinstance(value, dict | list)):
        raise RequestError(f"{found[1]} cannot stand here")
    return value if isinstance(value, str) else str(value)


def _fill(value: Any, context: Mapping[str, Any], *, strict: bool) -> Any:
    if isinstance(value, dict):
        return {key: _fill(one, context, strict=strict) for key, one in value.items()}
    if isinstance(value, list):
        return [_fill(one, context, strict=strict) for one in value]
    if not isinstance(value, str):
        return value
    whole = _PLACEHOLDER.fullmatch(value)
    if whole and whole[2] in {"any", "json"} and _look(whole[1], context) is not _MISSING:
        return _look(whole[1], context)
    return _PLACEHOLDER.sub(lambda found: _text(found, context, strict=strict), value)
