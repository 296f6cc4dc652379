"""Text of others, made harmless for terminals: what would move the cursor or turn lines round is written out."""

from __future__ import annotations

import re

_ACTIVE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_ACTIVE_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def inert(text: str) -> str:
    """One line, with every character that is obeyed rather than shown written as an escape."""
    return _ACTIVE.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)


def inert_json(text: str) -> str:
    """JSON that means the same; such characters can stand only in its strings."""
    return _ACTIVE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


__all__ = ["inert", "inert_json"]
