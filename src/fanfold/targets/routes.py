"""Which routes of an application may be called in a batch: allowed by name, or denied in whatever dress.

What is allowed is compared with the path exactly as the application will see it. What is denied is compared with every
reading that a lax router might make of the path, so that no spelling leads past the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote

from fanfold.errors import SetupError
from fanfold.readings import readings

_PATTERN = re.compile(r"(?:(?P<methods>[A-Za-z]+(?:\|[A-Za-z]+)*)\s+)?(?P<path>/\S*)")
_PATHS = 2000
"""Paths of which it is remembered whether they may be called."""

_SHORT = 200
"""Characters of a path that is worth remembering."""

_PLAIN = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
"""A path that no two readers read differently, but for upper and lower case."""


class Routes:
    """``allow`` and ``deny`` hold patterns such as ``/users/*``, ``GET /orders/**`` or ``POST|PUT /orders``.

    ``*`` stands for one segment and ``**``, at the end, for any number of them, none included. Without ``allow``
    everything is allowed; ``deny`` wins. Raises ``SetupError`` for a pattern that is none.
    """

    def __init__(self, allow: Iterable[str] = (), deny: Iterable[str] = ()) -> None:
        self._allow = [_compile(pattern) for pattern in allow]
        self._deny = [_compile(pattern.casefold()) for pattern in deny]
        self._remembered = lru_cache(maxsize=_PATHS)(self._look)

    def admits(self, method: str, path: str) -> bool:
        """Whether the route may be called; ``path`` is percent-encoded."""
        return self._remembered(method, path) if len(path) <= _SHORT else self._look(method, path)

    def _look(self, method: str, path: str) -> bool:
        if self._allow and not _is_among(self._allow, method, unquote(path)):
            return False
        return not self._deny or not _is_among(self._deny, method.casefold(), bare(path))


def bare(path: str) -> str:
    """A path without anything that readers disagree about: decoded, in lower case, no parameters, no empty segments."""
    return path.lower() if _PLAIN.fullmatch(path) else "/" + "/".join(next(readings(path)))


def _compile(written: str) -> tuple[frozenset[str], re.Pattern[str]]:
    found = _PATTERN.fullmatch(written.strip())
    if found is None or "**" in found["path"].removesuffix("/**"):
        raise SetupError(
            f"The route {written!r} is not understood: write a path such as /users/* or GET /orders/**, where * is one "
            "segment and ** at the end any number of them."
        )
    path = found["path"]
    rest = path.endswith("/**")
    segments = path.removesuffix("/**").rstrip("/").split("/")
    body = "/".join("[^/]+".join(map(re.escape, segment.split("*"))) for segment in segments)
    methods = frozenset((found["methods"] or "").split("|")) - {""}
    return methods, re.compile(f"{body}(?:/.*)?" if rest else f"{body}/?")


def _is_among(patterns: Iterable[tuple[frozenset[str], re.Pattern[str]]], method: str, path: str) -> bool:
    for methods, paths in patterns:  # noqa: SIM110 - asked for each action, and a generator takes as long as the match
        if (not methods or method in methods) and paths.fullmatch(path) is not None:
            return True
    return False
