"""The frameworks that are tried, and what each of them has."""

from __future__ import annotations

from operator import attrgetter

import pytest
from msgspec import Struct


class House(Struct, frozen=True):
    """A framework: the packages it takes, and what is particular to it."""

    name: str
    packages: tuple[str, ...]
    has: frozenset[str]
    """``lifespan``, ``sockets`` (WebSockets), ``background`` (work after the answer), ``loop`` (handlers on the event
    loop, which can be cancelled), ``threads`` (handlers that may block)."""

    nobody: int = 401
    """The status for somebody without a token."""


ALL = frozenset({"lifespan", "sockets", "background", "loop", "threads"})
HOUSES = (
    House("fastapi", ("fastapi",), ALL, 401),
    House("starlette", ("starlette",), ALL),
    House("litestar", ("litestar",), ALL),
    House("quart", ("quart",), ALL),
    House("falcon", ("falcon",), ALL - {"threads"}),
    House("blacksheep", ("blacksheep",), ALL - {"threads", "background"}),
    House("django", ("django",), frozenset({"loop", "threads"})),
    House("flask", ("flask", "a2wsgi"), frozenset({"threads"})),
)


def having(*features: str, lacking: str = "") -> pytest.MarkDecorator:
    """Tries a test with every framework that has all these features, and not the one that it is to lack."""
    return only(*(house.name for house in HOUSES if house.has.issuperset(features) and lacking not in house.has))


def only(*names: str) -> pytest.MarkDecorator:
    """Tries a test with these frameworks."""
    return pytest.mark.parametrize("house", [house for house in HOUSES if house.name in names], ids=NAME, indirect=True)


NAME = attrgetter("name")
everywhere = having()
