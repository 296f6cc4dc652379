"""Which resource and method an operation becomes: by its verb and the shape of its path, else by its own name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from fanfold.integrations.drafting.answers import is_list
from fanfold.integrations.drafting.description import Asked, Description

USUAL = ("list", "get", "create", "update", "delete")

_PARAMETER = re.compile(r"\{([^{}]*)\}")
_ODD = re.compile(r"[^A-Za-z0-9_-]+")


class Named:
    """Names for operations, each once. ``collections`` are the words after which records are found."""

    def __init__(self, description: Description, operations: Iterable[Asked]) -> None:
        self._description = description
        self._taken: dict[tuple[str, str], Asked] = {}
        self._verbs: dict[str, set[str]] = {}
        self._collections: set[str] = set()
        for asked in operations:
            parts = segments(asked.path)
            self._verbs.setdefault(asked.path, set()).add(asked.verb)
            for before, after in pairwise(parts):
                if parameter(after) and not parameter(before) and after == parts[-1]:
                    self._collections.add(before)
            if asked.verb == "get" and parts and not parameter(parts[-1]) and is_list(description, asked):
                self._collections.add(parts[-1])

    def of(self, asked: Asked) -> tuple[str, str]:
        """The resource and the method that an operation becomes."""
        resource, method = self._guess(asked)
        if (resource, method) in self._taken:
            method = _word(asked.operation) or f"{asked.verb}_{method}"
        plain, count = method, 1
        while (resource, method) in self._taken:
            count += 1
            method = f"{plain}_{count}"
        self._taken[resource, method] = asked
        return resource, method

    def _guess(self, asked: Asked) -> tuple[str, str]:
        parts = segments(asked.path)
        words = [_word(part) for part in parts if not parameter(part) and _word(part)]
        resource = "-".join(words) or "root"
        own = _word(asked.operation)
        last = parts[-1] if parts else ""
        if parameter(last):
            usual = {"get": "get", "put": "update", "patch": "update", "delete": "delete"}.get(asked.verb)
            if asked.verb == "put" and "patch" in self._verbs[asked.path]:
                usual = None
            return resource, usual or own or f"{asked.verb}_one"
        if asked.verb == "get":
            return resource, "list" if is_list(self._description, asked) else "get"
        if asked.verb == "post" and (len(words) == 1 or last in self._collections):
            return resource, "create"
        if "get" not in self._verbs[asked.path] and last not in self._collections and len(words) > 1:
            return "-".join(words[:-1]), own or words[-1]
        usual = {"post": "create", "put": "update", "patch": "update", "delete": "delete"}.get(asked.verb)
        if last in self._collections or (asked.verb == "put" and "patch" in self._verbs[asked.path]):
            usual = None
        return resource, usual or own or f"{asked.verb}_all"


def segments(path: str) -> list[str]:
    """The segments of a path."""
    return [part for part in path.split("/") if part]


def parameter(segment: str) -> bool:
    """Whether a segment is a parameter and nothing else."""
    return bool(_PARAMETER.fullmatch(segment))


def templated(path: str, method: str) -> str:
    """A path with placeholders: the last parameter is the id, those before are in the query.

    What is a list or an action below a record may have its id in the query, too.
    """
    names = _PARAMETER.findall(path)
    seen = 0

    def fill(found: re.Match[str]) -> str:
        nonlocal seen
        seen += 1
        name = _ODD.sub("_", found[1]) or "id"
        if seen < len(names):
            return f"{{{{query.{name}}}}}"
        return "{{id}}" if method in ("get", "update", "delete") else f"{{{{query.{name}|id}}}}"

    whole = "/" + _PARAMETER.sub(fill, path.partition("?")[0].partition("#")[0]).lstrip("/")
    return re.sub(r"[\s\\]", "_", whole) if re.search(r"[\s\\]", whole) else whole


def _word(name: str) -> str:
    return _ODD.sub("_", _PARAMETER.sub("", name)).strip("_")[:60]
