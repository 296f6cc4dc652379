"""The HTTP side: what an answer is before it is a model, and the exceptions under the name that examples use."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from msgspec import Struct

from fanfold.compat.asana_asyncio.exceptions import (
    ApiException,
    ApiValueError,
    BadRequestException,
    ConflictException,
    ForbiddenException,
    NotFoundException,
    ServiceException,
    UnauthorizedException,
    UnprocessableEntityException,
)

_REASONS = {status.value: status.phrase for status in HTTPStatus}


class RESTResponse(Struct, frozen=True):
    """An answer as it came; names of headers are lower case."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def reason(self) -> str:
        """The words that go with the status."""
        return _REASONS.get(self.status, "")

    async def read(self) -> bytes:
        """Its body."""
        return self.data

    def getheaders(self) -> Mapping[str, str]:
        """All headers."""
        return self.headers

    def getheader(self, name: str, default: str | None = None) -> str | None:
        """One header, in whatever case its name is written."""
        return self.headers.get(name.lower(), default)


__all__ = [
    "ApiException",
    "ApiValueError",
    "BadRequestException",
    "ConflictException",
    "ForbiddenException",
    "NotFoundException",
    "RESTResponse",
    "ServiceException",
    "UnauthorizedException",
    "UnprocessableEntityException",
]
