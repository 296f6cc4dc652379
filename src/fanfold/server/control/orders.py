"""The bodies that the controls take."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct


class Reset(Struct, forbid_unknown_fields=True):
    """Begin anew; without ``seed`` with what the server was started with."""

    seed: Literal["demo", "empty"] | None = None


class Snapshot(Struct, forbid_unknown_fields=True):
    """Keep a snapshot; without a ``name`` it is given one."""

    name: str = ""


class TokenFor(Struct, forbid_unknown_fields=True):
    """Make a token for a user, named by e-mail address or gid; without one for the first."""

    user: str = ""
    name: str = "controls"


class Keep(Struct, forbid_unknown_fields=True):
    """How many requests the journal keeps; 0 switches it off."""

    keep: Annotated[int, Meta(ge=0, le=100_000)]


class Now(Struct, forbid_unknown_fields=True):
    """The moment that the clock is to show."""

    now: datetime


class Advance(Struct, forbid_unknown_fields=True):
    """How far the clock is to be moved; back, if it is less than 0."""

    seconds: float


class Shuffle(Struct, forbid_unknown_fields=True):
    """The seed with which actions start in random order; null has them start in the order written."""

    seed: int | None
