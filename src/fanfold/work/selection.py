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
"""Characters in which they are named; what was read is remembered, so this bounds memory too."""

MAX_GROUPS = 16
"""How many groups one path may hold."""


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


@lru_cache(maxsize=2048)
def select(fields: str, expand: str, *, full: bool) -> Selection:
    """The tree for ``opt_fields`` and ``opt_expand``; ``full`` is what the operation shows by default.

    The same strings give the same object: do not change it. Raises ``ValueError`` with what to write instead.
    """
    root = Selection(full=full and not _paths(fields), fields={})
    for path in _paths(fields):
        node = root
        for step in path.split(".")[:16]:
            if step != "this":
                node = node.fields.setdefault(step, Selection(fields={}))
    for path in _paths(expand):
        node = root
        for step in path.split(".")[:16]:
            if step != "this":
                node = node.fields.setdefault(step, Selection(fields={}))
        node.full = True
    return root
