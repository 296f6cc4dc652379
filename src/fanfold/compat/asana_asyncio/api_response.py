"""What comes back with all that belongs to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class ApiResponse(Struct, Generic[T], frozen=True):
    """``data`` is the model, ``raw_data`` the bytes that it was made of; names of headers are lower case."""

    status_code: int
    headers: Mapping[str, str]
    data: T
    raw_data: bytes


__all__ = ["ApiResponse"]
