"""Requests as values, named after their methods: what ``Client.batch`` is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fanfold.client.request import File, Request, make


def get(
    path: str,
    *,
    fields: Iterable[str] = (),
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    id: str = "",  # noqa: A002 - the word of the wire
    depends_on: str | Iterable[str] = (),
    for_each: str = "",
) -> Request:
    """A read. ``id``, ``depends_on`` and ``for_each`` hang it together with others of its batch."""
    return make(
        "GET", path, params=params, fields=fields, headers=headers, id=id, depends_on=depends_on, for_each=for_each
    )


def post(  # noqa: PLR0913 - likewise
    path: str,
    data: Any = None,
    *,
    fields: Iterable[str] = (),
    headers: Mapping[str, str] | None = None,
    files: Mapping[str, File] | None = None,
    key: str = "",
    id: str = "",  # noqa: A002
    depends_on: str | Iterable[str] = (),
    for_each: str = "",
) -> Request:
    """A write that makes something or adds to it; ``key`` is an idempotency key."""
    return make(
        "POST",
        path,
        data=data,
        fields=fields,
        headers=headers,
        files=files,
        key=key,
        id=id,
        depends_on=depends_on,
        for_each=for_each,
    )


def put(  # noqa: PLR0913 - likewise
    path: str,
    data: Any = None,
    *,
    fields: Iterable[str] = (),
    headers: Mapping[str, str] | None = None,
    key: str = "",
    id: str = "",  # noqa: A002
    depends_on: str | Iterable[str] = (),
    for_each: str = "",
) -> Request:
    """A write that changes something."""
    return make(
        "PUT",
        path,
        data=data,
        fields=fields,
        headers=headers,
        key=key,
        id=id,
        depends_on=depends_on,
        for_each=for_each,
    )


def delete(
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    key: str = "",
    id: str = "",  # noqa: A002
    depends_on: str | Iterable[str] = (),
    for_each: str = "",
) -> Request:
    """A write that removes something."""
    return make("DELETE", path, headers=headers, key=key, id=id, depends_on=depends_on, for_each=for_each)


__all__ = ["delete", "get", "post", "put"]
