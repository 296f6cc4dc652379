"""Runtime expressions of Arazzo, such as ``$steps.find.outputs.id``: what they lead to, written our two ways."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

_WHOLE = re.compile(
    r"\$(url|method|statusCode|(request|response|inputs|outputs|steps|workflows|sourceDescriptions|components)\..+)",
    re.DOTALL,
)
_WITHIN = re.compile(r"\{(\$[^{}]+)\}")
_PLAIN = re.compile(r"[\w/-]+")

Path = tuple[str | int, ...]
"""A way through what placeholders and expressions see, such as ``("args", "site")``."""


class Runtime(Struct, frozen=True):
    """An expression: what it is about, the names after that, and the parts of its JSON Pointer."""

    about: str
    names: tuple[str, ...] = ()
    pointer: tuple[str, ...] = ()


def runtime(text: str) -> Runtime | None:
    """The expression that a whole text is, None where it is none."""
    if not _WHOLE.fullmatch(text):
        return None
    names, mark, pointer = text[1:].partition("#")
    about, *rest = names.split(".")
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    return Runtime(about, tuple(rest), tuple(parts) if mark else ())


def placeholder(path: Path, cast: str = "any") -> str:
    """A path as a placeholder; empty where a part of it cannot stand in one."""
    parts = [str(part) for part in path]
    if not all(_PLAIN.fullmatch(part) for part in parts):
        return ""
    return f"{{{{{'.'.join(parts)}{f':{cast}' if cast else ''}}}}}"


def expression(path: Path) -> str:
    """A path as JSONata."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if re.fullmatch(r"[A-Za-z_]\w*", part) else f"`{part.replace('`', '')}`"
            text += f".{name}" if text else name
    return text


def rewritten(value: Any, resolve: Callable[[Runtime], Path | None], unresolved: Callable[[str], None]) -> Any:
    """A value with placeholders in place of runtime expressions. What leads nowhere is told, and left as it is."""
    if isinstance(value, dict):
        return {name: rewritten(member, resolve, unresolved) for name, member in value.items()}
    if isinstance(value, list):
        return [rewritten(element, resolve, unresolved) for element in value]
    if not isinstance(value, str):
        return value
    # One in braces and nothing around is meant as its value, too: an object would be of no use as text.
    alone = _WITHIN.fullmatch(value)
    whole = runtime(alone[1] if alone else value)
    if whole is not None:
        return _placed(value, whole, "any", resolve, unresolved)

    def fill(found: re.Match[str]) -> str:
        inner = runtime(found[1])
        return found[0] if inner is None else _placed(found[0], inner, "", resolve, unresolved)

    return _WITHIN.sub(fill, value)


def _placed(
    text: str, found: Runtime, cast: str, resolve: Callable[[Runtime], Path | None], unresolved: Callable[[str], None]
) -> str:
    path = resolve(found)
    written = placeholder(path, cast) if path is not None else ""
    if not written:
        unresolved(text)
    return written or text


def as_expression(value: Any, resolve: Callable[[Runtime], Path | None], unresolved: Callable[[str], None]) -> str:
    """A value as JSONata, with paths in place of runtime expressions."""
    if isinstance(value, dict):
        members = [f"{json.dumps(name)}: {as_expression(each, resolve, unresolved)}" for name, each in value.items()]
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(as_expression(each, resolve, unresolved) for each in value) + "]"
    whole = runtime(value) if isinstance(value, str) else None
    if whole is None:
        return json.dumps(value, ensure_ascii=False)
    path = resolve(whole)
    if path is None:
        unresolved(str(value))
        return "null"
    return expression(path)
