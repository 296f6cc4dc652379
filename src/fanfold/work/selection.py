"""Which fields an answer shows: ``opt_fields`` and ``opt_expand``, read into a tree.

Paths are separated by commas (or come as a list's text, as one client sends it), steps by dots; ``this`` is the record
itself; ``(a|b)`` stands for either. Unknown names are ignored when the tree is applied.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product
from typing import Any

from msgspec import Struct

MAX_PATHS = 1000
"""How many paths one request may name, groups multiplied out."""

MAX_LENGTH = 20_000
"""Characters in which they are named."""

MAX_GROUPS = 16
"""How many groups one path may hold."""

MAX_STEPS = 50_000
"""Steps of all trees that are remembered, some 500 bytes each."""


class Selection(Struct, eq=False):
    """What to show of one record: nothing named means its compact form, ``full`` its full form, else what is named.

    ``plans`` remembers, by kind, how the selection is carried out.
    """

    full: bool = False
    fields: dict[str, Selection] = {}
    plans: dict[str, Any] = {}

    @property
    def compact(self) -> bool:
        """Whether this asks for the compact form and no more."""
        return not self.full and not self.fields


COMPACT = Selection()

NAMED = Selection(fields={name: Selection() for name in ("resource_type", "name")})
"""No more than the name."""

_GROUP = re.compile(r"\(([^()]*)\)")


def _paths(text: str) -> list[str]:
    if len(text) > MAX_LENGTH:
        raise ValueError(f"opt_fields: Must be at most {MAX_LENGTH} characters long")
    if text.startswith("[") and text.endswith("]"):
        text = re.sub(r"[\"']", "", text[1:-1])
    found: list[str] = []
    for part in text.split(","):
        path = part.strip()
        if not path:
            continue
        groups = [group.split("|") for group in _GROUP.findall(path)]
        if len(groups) > MAX_GROUPS:
            raise ValueError(f"opt_fields: Must hold at most {MAX_GROUPS} groups in a path")
        pattern = _GROUP.sub("\0", path)
        for words in product(*groups):
            filled = pattern
            for word in words:
                filled = filled.replace("\0", word.strip(), 1)
            found.append(filled.removeprefix("this.").strip("."))
            if len(found) > MAX_PATHS:
                raise ValueError(f"opt_fields: Must name at most {MAX_PATHS} fields")
    return found


class _Bound:
    """Has all trees forgotten when they have grown too large: a few characters can ask for a thousand paths."""

    steps = 0

    def add(self, steps: int) -> None:
        self.steps += steps
        if self.steps > MAX_STEPS:
            select.cache_clear()
            self.steps = steps


_bound = _Bound()


@lru_cache(maxsize=2048)
def select(fields: str, expand: str, *, full: bool) -> Selection:
    """The tree for ``opt_fields`` and ``opt_expand``; ``full`` is what the operation shows by default.

    The same strings give the same object: do not change it. Raises ``ValueError`` with what to write instead.
    """
    paths = _paths(fields)
    root = Selection(full=full and not paths, fields={})
    for path in paths:
        _grow(root, path)
    for path in _paths(expand):
        _grow(root, path).full = True
    _bound.add(_size(root))
    return root


def _grow(root: Selection, path: str) -> Selection:
    """The node that a path leads to, made where it is not there yet."""
    node = root
    for step in path.split(".")[:16]:
        if step != "this":
            node = node.fields.setdefault(step, Selection(fields={}))
    return node


def _size(node: Selection) -> int:
    return 1 + sum(map(_size, node.fields.values()))
