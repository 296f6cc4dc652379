"""Cursors as clients see them: what a strategy has to know to go on, said so that nobody reads meaning into it.

They are not signed: a client could ask for any of it anyway, as the account is its own. So whatever comes back is
checked like any other input, and a link above all (see ``links``).
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from fanfold.errors import RequestError

LONGEST = 16 * 1024
"""Characters."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[str, Any]).decode


def sealed(kind: str, value: Any) -> str:
    """A cursor. ``kind`` says which strategy made it."""
    return base64.urlsafe_b64encode(_encode((kind, value))).rstrip(b"=").decode()


def opened(cursor: str, kind: str) -> Any:
    """What ``sealed`` was given; raises ``RequestError`` for what is no cursor of this kind."""
    if len(cursor) <= LONGEST and cursor.isascii():
        try:
            found, value = _decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
            found = ""
        if found == kind:
            return value
    raise unknown()


def unknown() -> RequestError:
    """The error for a cursor that is none of this list."""
    return RequestError("next_cursor: is not one that this list gave; leave it out to begin at the first page")


def whole_number(cursor: str, kind: str, least: int) -> int:
    """The number in a cursor."""
    value = opened(cursor, kind)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 1 << 53:
        raise unknown()
    return value
