"""What clients wrote, as it may be quoted in messages and log lines: cut short, and nothing that breaks a line."""

from __future__ import annotations

import msgspec

_SHOWN = 200

_encode = msgspec.json.Encoder().encode


def shown(value: object) -> str:
    """A value as it may be quoted in a message: as it was written, cut short, with nothing that a terminal obeys."""
    text = value if isinstance(value, str) else _encode(value).decode()
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return text if text.isprintable() else "".join([char if char.isprintable() else ascii(char)[1:-1] for char in text])


def printable(value: object) -> str:
    """A refused method or path as it may stand in a log line."""
    return ascii(value)[1:-1][:_SHOWN] if isinstance(value, str) else ""
