"""How much a server allows, as the client knows it: from a profile, from ``OPTIONS``, from headers of answers.

A limit counts requests over a window of time, or requests at once where it has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from fanfold.client.request import SAFE


class Limit(Struct, frozen=True):
    """``quota`` requests in any ``window`` seconds, or at once where that is None."""

    name: str
    quota: int
    window: float | None = None


class Told(Struct, frozen=True):
    """What a server says of one limit: ``left`` of ``quota``; in ``reset`` seconds all of it, if nobody asks."""

    limit: str
    quota: int
    left: int
    window: float | None = None
    reset: float = 0.0


def _asana(requests: int) -> tuple[Limit, ...]:
    return (
        Limit("requests", requests, 60.0),
        Limit("searches", 60, 60.0),
        Limit("reads", 50),
        Limit("writes", 15),
    )


PROFILES: Mapping[str, tuple[Limit, ...]] = {"asana-free": _asana(150), "asana-paid": _asana(1500), "off": ()}
"""What Asana publishes for its plans; ``off`` is no limit but the server's own refusals."""

_SEARCH = re.compile(r"/workspaces/[^/]+/(tasks|projects)/search/?")
_MEMBER = re.compile(r'"([^"]+)"((?:\s*;\s*[a-z]+=(?:"[^"]*"|[^,;\s]+))*)')
_PARAMETER = re.compile(r";\s*([a-z]+)=(\"[^\"]*\"|[^,;\s]+)")

_READ = ("requests", "reads")
_WRITE = ("requests", "writes")
_SEARCHES = ("requests", "reads", "searches")


def costs_of(method: str, path: str) -> tuple[str, ...]:
    """The limits that a request counts against, each with one."""
    if method not in SAFE:
        return _WRITE
    return _SEARCHES if path.startswith("/workspaces/") and _SEARCH.fullmatch(path) else _READ


def told_by_headers(headers: Mapping[str, str]) -> tuple[Told, ...]:
    """What ``RateLimit-Policy`` and ``RateLimit`` say; nothing where they are missing or cannot be read."""
    left = headers.get("ratelimit")
    policy = headers.get("ratelimit-policy")
    if not left or not policy:
        return ()
    policies = _members(policy)
    found = []
    for name, one in _members(left).items():
        own = policies.get(name, {})
        try:
            window = None if "qu" in own else float(own["w"])
            found.append(Told(name, int(own["q"]), int(one["r"]), window, float(one.get("t", 0))))
        except (KeyError, ValueError):
            continue
    return tuple(found)


def told_by_options(limits: Any) -> tuple[Told, ...]:
    """What the answer to ``OPTIONS`` lists; what of it cannot be read is left out."""
    found = []
    for one in limits if isinstance(limits, list) else ():
        try:
            found.append(msgspec.convert(one, Told))
        except msgspec.ValidationError:
            continue
    return tuple(found)


def chosen(limits: str | Iterable[Limit]) -> tuple[Limit, ...]:
    """The limits of a profile's name, or those given. Raises ``ValueError`` for an unknown name."""
    if not isinstance(limits, str):
        return tuple(limits)
    if limits not in PROFILES:
        raise ValueError(f"limits: There is no profile {limits!r}; there are: {', '.join(PROFILES)}")
    return PROFILES[limits]


def _members(text: str) -> dict[str, dict[str, str]]:
    return {
        name: {key: value.strip('"') for key, value in _PARAMETER.findall(rest)} for name, rest in _MEMBER.findall(text)
    }


__all__ = ["PROFILES", "Limit", "Told", "chosen", "costs_of", "told_by_headers", "told_by_options"]
