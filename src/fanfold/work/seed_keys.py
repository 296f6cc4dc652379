"""The keys of a seed file: names that its author gives to records before anybody knows their gids.

``$name`` stands for the record of that key, alone as a value or as a segment of a path; ``${name}`` does so in the
middle of a text. A dot leads into what was answered when the record was made: ``$job.new_project``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fanfold.errors import SetupError
from fanfold.work.strictness import nearest
from fanfold.work.view import gid_of

NAME = re.compile(r"[A-Za-z][\w-]*")

_REFERENCE = r"[A-Za-z][\w-]*(?:\.\w+)*"
_WHOLE = re.compile(rf"\$({_REFERENCE})|\$\{{({_REFERENCE})\}}")
_WITHIN = re.compile(rf"\$\{{({_REFERENCE})\}}")
_SEGMENT = re.compile(rf"(?<=/)\$({_REFERENCE})(?=/|$)|\$\{{({_REFERENCE})\}}")


class SeedError(SetupError):
    """The seed file is not right."""


class Keys:
    """What was made so far, by key."""

    def __init__(self) -> None:
        self._shown: dict[str, Any] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._shown

    def define(self, name: Any, shown: Any, place: str) -> None:
        """Give a record its key."""
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise SeedError(f"{place}.key: expected a letter and then letters, digits, _ or -, not {name!r}")
        if name in self._shown:
            raise SeedError(f"{place}.key: there is a record with the key {name!r} already")
        self._shown[name] = shown

    def find(self, reference: str, place: str) -> Any:
        """What a reference leads to: a gid, or a value of what was answered."""
        name, *steps = reference.split(".")
        if name not in self._shown:
            raise self.unknown(name, place)
        found = self._shown[name]
        for step in steps:
            try:
                found = found[int(step)] if isinstance(found, list) else found[step]
            except (IndexError, KeyError, TypeError, ValueError):
                raise SeedError(f"{place}: ${reference} leads nowhere: there is no {step!r}") from None
        return found["gid"] if isinstance(found, Mapping) and "gid" in found else found

    def unknown(self, name: str, place: str) -> SeedError:
        """What to say of a key that nothing has."""
        hint = nearest(name, self._shown) or " What is referred to has to stand before."
        return SeedError(f"{place}: expected a key, but nothing has the key {name!r}.{hint}")

    def filled(self, value: Any, place: str) -> Any:
        """A value with the references in it replaced."""
        if isinstance(value, Mapping):
            return {
                str(self.filled(str(name), place)): self.filled(member, f"{place}.{name}")
                for name, member in value.items()
            }
        if isinstance(value, list):
            return [self.filled(member, f"{place}[{index}]") for index, member in enumerate(value)]
        if not isinstance(value, str):
            return value
        whole = _WHOLE.fullmatch(value)
        if whole:
            return self.find(whole[1] or whole[2], place)
        return _WITHIN.sub(lambda found: str(self.find(found[1], place)), value)

    def path(self, path: str, place: str) -> str:
        """A path with the references in it replaced."""
        return _SEGMENT.sub(lambda found: str(self.find(found[1] or found[2], place)), path)

    def related(self, value: Any, place: str) -> Any:
        """What a relation is set to: a bare key is as good as a reference, and so are a gid, an address and ``me``."""
        if isinstance(value, list):
            return [self.related(member, f"{place}[{index}]") for index, member in enumerate(value)]
        if not isinstance(value, str):
            return value
        if value in self._shown:
            return self.find(value, place)
        if value.startswith("$"):
            return self.filled(value, place)
        if value == "me" or "@" in value or gid_of(value) is not None or not value:
            return value
        raise self.unknown(value, place)
