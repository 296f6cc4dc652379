"""Which declared method a step of a workflow asks, and where in its records a part of its answer is."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from fanfold.integrations.declaration import Declaration, Method

_PLACEHOLDER = re.compile(r"\{\{.*?\}\}")
_STEP = re.compile(r"`[^`]*`|\w+")
_PARAMETER = re.compile(r"\{[^{}]*\}")


class Operation(Struct, frozen=True):
    """A method of a resource."""

    resource: str
    name: str
    method: Method

    @property
    def writes(self) -> bool:
        """Whether it may change anything."""
        return self.name not in ("list", "get") and self.method.method not in ("get", "head")


class Operations:
    """The methods of a declaration by the operations that they were drafted from."""

    def __init__(self, declaration: Declaration) -> None:
        self._all = [
            Operation(resource, name, method)
            for resource, methods in declaration.resources.items()
            for name, method in methods.items()
        ]
        self._by_id = {each.method.operation: each for each in self._all if each.method.operation}
        self._by_lower = {name.lower(): each for name, each in self._by_id.items()}

    def find(self, step: dict[str, Any]) -> Operation | None:
        """The one that a step names by ``operationId`` or ``operationPath``."""
        named = step.get("operationId")
        if isinstance(named, str):
            plain = re.sub(r"^\{?\$sourceDescriptions\.[^.]+\.(.+?)\}?$", r"\1", named)
            return self._by_id.get(named) or self._by_id.get(plain) or self._by_lower.get(plain.lower())
        written = step.get("operationPath")
        found = re.search(r"#/paths/([^/]+)(?:/(\w+))?$", written) if isinstance(written, str) else None
        if found is None:
            return None
        path = found[1].replace("~1", "/").replace("~0", "~")
        there = [each for each in self._all if _alike(each.method.path, path)]
        if found[2]:
            there = [each for each in there if each.method.method == found[2].lower()]
        return there[0] if len(there) == 1 else None


def _alike(declared: str, path: str) -> bool:
    return _PLACEHOLDER.sub("{}", declared).rstrip("/") == _PARAMETER.sub("{}", path).rstrip("/")


def in_record(method: Method, pointer: tuple[str, ...]) -> tuple[str, ...] | None:
    """What is left of a pointer into an answer below the place where its records are; None where it leads elsewhere."""
    parts = _STEP.findall(method.response_path)
    if ".".join(parts) != method.response_path:
        return None
    before = tuple(part.strip("`") for part in parts)
    if pointer[: len(before)] != before:
        return None
    return pointer[len(before) :]


def place_of(method: Method, name: str) -> str:
    """Where a parameter of the path goes: ``id``, or ``query`` where the path takes it from there alone."""
    return "query" if re.search(rf"\{{\{{\s*query\.{re.escape(name)}\s*\}}\}}", method.path) else "id"
