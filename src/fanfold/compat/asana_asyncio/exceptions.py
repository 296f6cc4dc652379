"""What calls raise: one tree, children by status.

    OpenApiException
    ├── ApiTypeError, ApiValueError, ApiAttributeError, ApiKeyError     wrong arguments; nothing was sent
    └── ApiException                       the server has refused: ``status``, ``body``, ``data`` and others
        ├── BadRequestException       400
        ├── UnauthorizedException     401
        ├── ForbiddenException        403
        ├── NotFoundException         404
        ├── ConflictException         409
        ├── UnprocessableEntityException 422
        └── ServiceException          5xx

Where no answer came it is ``fanfold.client.TransportError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanfold.errors import FanfoldError


class OpenApiException(FanfoldError):
    """The call failed"""


class ApiTypeError(OpenApiException, TypeError):
    """A value has the wrong type"""


class ApiValueError(OpenApiException, ValueError):
    """A value is wrong"""


class ApiAttributeError(OpenApiException, AttributeError):
    """There is no such attribute"""


class ApiKeyError(OpenApiException, KeyError):
    """There is no such key"""


class ApiException(OpenApiException):
    """The server has refused

    ``body`` is the text of the answer and ``data`` the same as an ``ErrorResponse``, None where it is none.
    """

    def __init__(
        self,
        status: int | None = None,
        reason: str | None = None,
        *,
        body: str | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"({status}) {reason}")
        self.status = status
        self.reason = reason
        self.body = body
        self.data = data
        self.headers = headers

    @classmethod
    def from_response(cls, status: int, reason: str, body: str, data: Any, headers: Mapping[str, str]) -> ApiException:
        """The child for a status."""
        kind = _BY_STATUS.get(status) or (ServiceException if status >= 500 else ApiException)
        return kind(status, reason, body=body, data=data, headers=headers)

    def __str__(self) -> str:
        lines = [f"({self.status})", f"Reason: {self.reason}"]
        if self.headers:
            lines.append(f"HTTP response headers: {dict(self.headers)}")
        if self.body:
            lines.append(f"HTTP response body: {self.body}")
        return "\n".join(lines) + "\n"


class BadRequestException(ApiException):
    """The request could not be understood"""


class UnauthorizedException(ApiException):
    """Not Authorized"""


class ForbiddenException(ApiException):
    """This is not allowed"""


class NotFoundException(ApiException):
    """There is no such thing"""


class ConflictException(ApiException):
    """It does not go together with what is there"""


class UnprocessableEntityException(ApiException):
    """It was understood and cannot be done"""


class ServiceException(ApiException):
    """The server's own mistake"""


_BY_STATUS: dict[int, type[ApiException]] = {
    400: BadRequestException,
    401: UnauthorizedException,
    403: ForbiddenException,
    404: NotFoundException,
    409: ConflictException,
    422: UnprocessableEntityException,
}

__all__ = [
    "ApiAttributeError",
    "ApiException",
    "ApiKeyError",
    "ApiTypeError",
    "ApiValueError",
    "BadRequestException",
    "ConflictException",
    "ForbiddenException",
    "NotFoundException",
    "OpenApiException",
    "ServiceException",
    "UnauthorizedException",
    "UnprocessableEntityException",
]
