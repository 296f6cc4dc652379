"""What clients wrote, as it may be quoted in messages and log lines: cut short, and nothing that breaks a line."""

from __future__ import annotations

import msgspec

_SHOWN = 200

_encode = msgspec.json.Encoder().encode


def shown(value: object) -> str:
    """A value as it may be quoted in a message: as it was written, cut short."""
    text = value if isinstance(value, str) else _encode(value).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def printable(value: object) -> str:
    """A refused method or path as it may stand in a log line."""
    return ascii(value)[1:-1][:_SHOWN] if isinstance(value, str) else ""
