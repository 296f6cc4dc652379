"""The ``truto_*`` parameters of a query: said to us, and never forwarded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

PREFIX = "truto_"


class Options(Struct, frozen=True):
    """``exclude`` are the fields that records are shown without, ``key_by`` the field that they are to be found by."""

    response_format: str = ""
    ignore_remote_data: bool = False
    exclude: tuple[str, ...] = ()
    key_by: str = ""


NONE = Options()


def read_options(query: Mapping[str, Any], response_format: str = "") -> tuple[Options, dict[str, Any]]:
    """The options, and the query without them. What is no option that we know is dropped with them."""
    for name in query:
        if name.startswith(PREFIX):
            break
    else:
        return (Options(response_format) if response_format else NONE), dict(query)
    told = {name: value for name, value in query.items() if name.startswith(PREFIX)}
    options = Options(
        response_format or _text(told.get("truto_response_format")),
        told.get("truto_ignore_remote_data") in (True, "true", "1", 1),
        _names(told.get("truto_exclude_fields")),
        _text(told.get("truto_key_by")),
    )
    return options, {name: value for name, value in query.items() if name not in told}


def without_fields(value: Any, names: tuple[str, ...]) -> Any:
    """Records, or one, without some fields."""
    if isinstance(value, list):
        return [without_fields(one, names) for one in value]
    if isinstance(value, dict):
        return {name: one for name, one in value.items() if name not in names}
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _names(value: Any) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple([name.strip() for name in names if isinstance(name, str) and name.strip()])
