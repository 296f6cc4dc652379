"""What clients would like but do not insist on: the ``Prefer`` header (RFC 7240)."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PREFERENCE = re.compile(
    r"""\s*(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*
        (?:=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s;,"]*)))?
        (?:\s*;(?:"(?:[^"\\]|\\.)*"|[^,"])*)?\s*(?:,|$)""",
    re.VERBOSE,
)

RESPOND_ASYNC = "respond-async"
WAIT = "wait"


def preferences(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """What is preferred, names in lower case; of what is said twice the first holds. What cannot be read is ignored."""
    found: dict[str, str] = {}
    for header, value in headers:
        if header != b"prefer":
            continue
        text = value.decode("latin-1")
        place = 0
        while place < len(text) and (read := _PREFERENCE.match(text, place)) is not None:
            quoted = read["quoted"]
            said = read["word"] or "" if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            found.setdefault(read["name"].lower(), said)
            place = read.end()
    return found


def seconds_to_wait(preferred: dict[str, str], most: float) -> float:
    """For how many seconds a client would like to wait, at most ``most``; 0 where it does not say."""
    said = preferred.get(WAIT, "")
    return min(float(said), most) if said.isascii() and said.isdigit() and len(said) < 10 else 0.0
