"""What all models of this surface can do: be made of keywords or dictionaries, checked, and written as JSON."""

from __future__ import annotations

import pprint
from functools import cache
from typing import Any, Self, get_type_hints

import msgspec
from msgspec import Struct

from fanfold.compat.asana_asyncio.exceptions import ApiValueError

_encode = msgspec.json.Encoder().encode


class Model(Struct, kw_only=True):
    """Fields are keywords, all checked when they are set: a wrong one is an ``ApiValueError`` that names it.

    A dictionary may stand wherever a model is expected. None is what is not said, and not sent.
    """

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name))

    def __setattr__(self, name: str, value: object) -> None:
        hints = _hints(type(self))
        if name in hints and value is not None:
            value = _checked(name, value, hints[name])
        super().__setattr__(name, value)

    def to_dict(self) -> dict[str, Any]:
        """As it is sent."""
        pairs = [(name, getattr(self, name)) for name in self.__struct_fields__]
        return {name: _plain(value) for name, value in pairs if value is not None}

    @classmethod
    def from_dict(cls, obj: dict[str, Any] | None) -> Self | None:
        """A model of what was received; members that it does not know are left out. None stays None."""
        if obj is None:
            return None
        if not isinstance(obj, dict):
            raise ApiValueError(f"{cls.__name__}: Must be an object, not {obj!r}")
        return cls(**{name: obj[name] for name in cls.__struct_fields__ if name in obj})

    def to_json(self) -> str:
        """As it is sent, in JSON."""
        return _encode(self.to_dict()).decode()

    @classmethod
    def from_json(cls, json_str: str) -> Self | None:
        """A model of JSON that was received."""
        try:
            obj = msgspec.json.decode(json_str)
        except msgspec.DecodeError as error:
            raise ApiValueError(f"{cls.__name__}: {error}") from None
        return cls.from_dict(obj)

    def to_str(self) -> str:
        """As people read it."""
        return pprint.pformat(self.to_dict())


@cache
def _hints(kind: type[Model]) -> dict[str, Any]:
    return get_type_hints(kind)


def _checked(name: str, value: object, hint: Any) -> Any:
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$")
        raise ApiValueError(f"{name}{place.rstrip('`')}: {said}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    return [_plain(element) for element in value] if isinstance(value, list) else value


__all__ = ["Model"]
