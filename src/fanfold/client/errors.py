"""What the client raises: one tree, so that a caller catches as much of it as it can deal with.

    FanfoldError
    └── ClientError                 anything below
        ├── ApiError                     the server has refused: ``status``, ``message``, ``action``, ``batch``
        │   ├── BadRequest          400  it could not be understood
        │   ├── NotAuthorized       401  no token, or one that nobody issued
        │   ├── PaymentRequired     402  only paid plans have this
        │   ├── Forbidden           403  this user may not
        │   ├── NotFound            404  there is no such thing
        │   ├── DependencyFailed    424  an action that this one needs has failed
        │   ├── RateLimited         429  too much at once; ``retry_after`` seconds
        │   └── ServerError         5xx  the server's own mistake
        ├── TransportError               no answer came; whether it was carried out is not known
        │   └── CallTimeout              not in the time that the call was given; a ``TimeoutError`` too
        ├── BadAnswer                    an answer came that is none: HTML, broken JSON, results that do not fit
        ├── Unsupported                  the server, or a batch, cannot do what was asked; nothing was sent
        ├── PartlyCreated                not all tasks could be created in order (in ``client/ordered/``)
        ├── JobFailed                    a job ended without a reply to each of its actions
        └── ClientClosed                 the client was closed while the call waited

Children of ``ApiError`` are chosen by status; other statuses have ``ApiError`` itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from fanfold.client.request import Request
from fanfold.errors import FanfoldError


class Travelled(Struct, frozen=True):
    """The batch that a call went with: the client's ``number``-th, of ``size`` actions, at ``place`` from 0."""

    number: int
    size: int
    place: int


class ClientError(FanfoldError):
    """The call failed

    ``action`` is what was asked and ``batch`` how it travelled; both None where that is not known, and ``batch`` also
    where it went alone.
    """

    def __init__(self, message: str = "", *, action: Request | None = None, batch: Travelled | None = None) -> None:
        super().__init__(message)
        self.action = action
        self.batch = batch

    def __str__(self) -> str:
        return self.message if self.action is None else f"{self.action.title}: {self.message}"


class ApiError(ClientError):
    """The server has refused

    ``status`` is the HTTP status and ``body`` the decoded body; ``headers`` have lower-case names.
    """

    def __init__(
        self,
        status: int,
        message: str = "",
        *,
        body: Any = None,
        headers: Mapping[str, Any] | None = None,
        action: Request | None = None,
        batch: Travelled | None = None,
    ) -> None:
        super().__init__(message, action=action, batch=batch)
        self.status = status
        self.body = body
        self.headers: Mapping[str, Any] = headers or {}

    def __str__(self) -> str:
        where = "" if self.action is None else f"{self.action.title}: "
        return f"{where}{self.status} {self.message}"

    @property
    def retry_after(self) -> float | None:
        """Seconds after which the server wants to be asked again; None where it does not say."""
        return seconds_of(self.headers.get("retry-after"))


class BadRequest(ApiError):
    """The request could not be understood"""


class NotAuthorized(ApiError):
    """Not Authorized"""


class PaymentRequired(ApiError):
    """This is for paid plans"""


class Forbidden(ApiError):
    """This is not allowed"""


class NotFound(ApiError):
    """There is no such thing"""


class DependencyFailed(ApiError):
    """An action that this one depends on has failed"""


class RateLimited(ApiError):
    """Too many requests"""


class ServerError(ApiError):
    """Server Error"""


class TransportError(ClientError):
    """No answer

    ``sent``: the request may have reached the server, which may have carried it out.
    """

    def __init__(
        self,
        message: str = "",
        *,
        sent: bool = True,
        action: Request | None = None,
        batch: Travelled | None = None,
    ) -> None:
        super().__init__(message, action=action, batch=batch)
        self.sent = sent


class CallTimeout(TransportError, TimeoutError):
    """No answer in time"""


class BadAnswer(ClientError):
    """The server answered something that is no answer"""


class Unsupported(ClientError):
    """This server cannot do that"""


class JobFailed(ClientError):
    """The job has failed"""


class ClientClosed(ClientError):
    """The client is closed"""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: NotAuthorized,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    424: DependencyFailed,
    429: RateLimited,
}


def api_error(
    status: int,
    body: Any,
    headers: Mapping[str, Any],
    *,
    action: Request | None = None,
    batch: Travelled | None = None,
) -> ApiError:
    """The error that goes with a status, with the server's own words where the body has some."""
    kind = _BY_STATUS.get(status) or (ServerError if status >= 500 else ApiError)
    return kind(status, message_in(body), body=body, headers=headers, action=action, batch=batch)


def message_in(body: Any) -> str:
    """What an error body says, in one line; empty where it says nothing that is known."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list):
        return ""
    said = [one.get("message") for one in errors if isinstance(one, dict)]
    return "; ".join([message for message in said if isinstance(message, str)])


def seconds_of(written: object) -> float | None:
    """A number of seconds as ``Retry-After`` has it; None for anything else, dates included."""
    try:
        seconds = float(written)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return seconds if 0 <= seconds < 1e9 else None


__all__ = [
    "ApiError",
    "BadAnswer",
    "BadRequest",
    "CallTimeout",
    "ClientClosed",
    "ClientError",
    "DependencyFailed",
    "Forbidden",
    "JobFailed",
    "NotAuthorized",
    "NotFound",
    "PaymentRequired",
    "RateLimited",
    "ServerError",
    "TransportError",
    "Travelled",
    "Unsupported",
    "api_error",
    "message_in",
    "seconds_of",
]
