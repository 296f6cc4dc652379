"""Keeping an account's credentials out of what is shown: APIs repeat in answers and errors what they were sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

SHOWN = "[redacted]"

_NAMES = re.compile(
    r"key|token|secret|passw|pwd|auth|credential|private|signature|cookie|session|assertion", re.IGNORECASE
)
_PUBLIC = frozenset({"token_type", "expires_at", "expires_in", "scope", "token_url", "authorize_url", "created_at"})
_SHORTEST = 6
_SURE = 12
"""Characters from which on something is a credential wherever it stands; what is shorter may well be a word."""


class Secrets:
    """The credentials of one account, in all spellings that an answer may have them in."""

    def __init__(self, values: Iterable[str]) -> None:
        long = sorted({value for value in values if len(value) >= _SHORTEST}, key=len, reverse=True)
        self.values = tuple(dict.fromkeys([spelling for value in long for spelling in _spellings(value)]))
        sure = [value for value in self.values if len(value) >= _SURE]
        # Where the longer of two stands the shorter stands too, and one look is enough.
        self._needles = [one.encode() for one in sure if not any(other != one and other in one for other in sure)]

    def may_be_in(self, body: bytes) -> bool:
        """Whether something long enough to be no coincidence stands in a body as it came."""
        for needle in self._needles:  # noqa: SIM110 - asked for each answer, and a generator takes longer than the looks
            if needle in body:
                return True
        return False

    def out_of(self, value: Any, *, sure: bool = False) -> Any:
        """The value without them; only without those that are no coincidence where ``sure``."""
        values = [one for one in self.values if len(one) >= _SURE] if sure else self.values
        return _without(value, values) if values else value


def _spellings(value: str) -> tuple[str, ...]:
    """As it is, in a URL, and within a string of JSON."""
    return value, quote(value, safe=""), msgspec.json.encode(value)[1:-1].decode()


def _without(value: Any, secrets: Iterable[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            if secret in value:
                value = value.replace(secret, SHOWN)
        return value
    if isinstance(value, dict):
        return {_without(key, secrets): _without(one, secrets) for key, one in value.items()}
    if isinstance(value, list):
        return [_without(one, secrets) for one in value]
    return value


def secrets_in(context: Mapping[str, Any]) -> Iterator[str]:
    """The values in an account's context that are called, or look like, credentials."""
    for name, value in context.items():
        yield from _leaves(value, secret=bool(_NAMES.search(name)), name=name)


def _leaves(value: Any, *, secret: bool, name: str) -> Iterator[str]:
    if isinstance(value, dict):
        for inner, one in value.items():
            yield from _leaves(one, secret=secret or bool(_NAMES.search(str(inner))), name=str(inner))
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one, secret=secret, name=name)
    elif isinstance(value, str) and name not in _PUBLIC and (secret or _looks_random(value)):
        yield value


def _looks_random(value: str) -> bool:
    """Whether text is long, without spaces, and of both letters and digits: nobody's name or address."""
    plain = len(value) >= 20 and value.isascii() and "://" not in value and "@" not in value and " " not in value
    return plain and any(map(str.isdigit, value)) and any(map(str.isalpha, value))
