"""The exception tree: raised inside, translated once at the edge (a dialect turns them into bytes).

    FanfoldError
    ├── RequestError            one request or action is refused; carries the status and what to say
    │   ├── ForeignError             refused in the words of another standard, which says how errors look
    │   ├── RemoteError              an API that was asked has refused; its status, and its headers
    │   ├── WrongRecipe         400  a recipe cannot be fetched as written; all its mistakes
    │   ├── ExpressionError     422  an expression cannot be read, failed, or wanted too much
    │   ├── NotBatchable        400  the endpoint may not be called inside a batch
    │   ├── Unauthenticated     401  no token, or one that nobody issued
    │   ├── NoSuchRoute         404  no operation has this method and path
    │   ├── FailedDependency    424  an action that this one needs has failed, or was not carried out itself
    │   ├── Limited             429  an action that became several does not fit into a limit
    │   ├── Unavailable         503  what the request needs cannot be reached right now; nothing was done
    │   │   └── NoRoom          507  there is no room left to keep it
    │   ├── Undecided           504  it was begun, and whether it was done cannot be known
    │   ├── LimitsUnknown       503  nobody can be asked how much of a limit is left
    │   ├── TimedOut            504  an action's timeout or the batch's deadline passed
    │   └── Crashed             500  an unexpected exception; its traceback is in the log only
    ├── LimitExceeded           429  a limiter refused the whole batch; nothing was executed
    ├── Unreachable             nobody at a URL answered as they should, or may be asked
    │   └── ForbiddenTarget     its address is not one that this server may call
    └── SetupError              the program cannot start; one sentence for the person at the keyboard

A failing action is data (a ``Result`` that holds the error), a failing batch is an exception. The first line of each
docstring is the default message.
"""

from __future__ import annotations

import errno
from typing import Any, Self


class FanfoldError(Exception):
    """Something went wrong."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])

    @property
    def message(self) -> str:
        """What to tell the person who caused it."""
        return str(self.args[0])


class RequestError(FanfoldError):
    """The request could not be understood

    ``status`` is an HTTP status code; ``extra`` holds further top-level members of the error body. ``lost`` is the
    answer to a request that was carried out, where only that answer has been lost; nearly always None.
    """

    status: int = 400
    lost: Any = None
    retry_after: int | None = None
    """Whole seconds, at least 1, after which it may be asked again; None where that is not known."""

    def __init__(self, message: str = "", *, status: int = 0, extra: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status or type(self).status
        self.extra = extra or {}

    def alone(self) -> Self:
        """Itself without its history, whose frames would hold the whole request in a circle until that is collected."""
        self.__context__ = self.__cause__ = None
        return self.with_traceback(None)


class ForeignError(RequestError):
    """The request was refused

    ``body`` is the whole body of the answer, of the media type ``speaks``.
    """

    def __init__(self, message: str, *, status: int, body: bytes, speaks: str) -> None:
        super().__init__(message, status=status)
        self.body = body
        self.speaks = speaks


class RemoteError(RequestError):
    """The API that was asked has refused

    ``headers`` are those of its answer that whoever asked may see.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: int = 0,
        extra: dict[str, Any] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message, status=status, extra=extra)
        self.headers = headers


class WrongRecipe(RequestError):
    """The resources cannot be fetched as written

    ``failures`` are all the mistakes, each with the JSON Pointer of where it stands.
    """

    def __init__(self, failures: tuple[Any, ...]) -> None:
        super().__init__()
        self.failures = failures


class ExpressionError(RequestError):
    """The expression failed

    ``position`` is the place in its source, counted in characters from 0, where it is known.
    """

    status = 422

    def __init__(self, message: str = "", *, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class NotBatchable(RequestError):
    """This endpoint is not available in a batch request"""


class Unauthenticated(RequestError):
    """Not Authorized"""

    status = 401


class NoSuchRoute(RequestError):
    """No matching route for request"""

    status = 404


class FailedDependency(RequestError):
    """An action that this one depends on has failed"""

    status = 424


class Limited(RequestError):
    """What this action would cost exceeds a rate limit. Please retry after the given amount of time.

    ``retry_after`` is as in ``LimitExceeded``.
    """

    status = 429

    def __init__(self, retry_after: int | None = None) -> None:
        super().__init__()
        self.retry_after = retry_after


class LimitsUnknown(RequestError):
    """How much of the rate limits is left is not known at the moment. Please retry after the given amount of time.

    ``retry_after`` is in whole seconds: a guess, as nobody knows when it can be found out again.
    """

    status = 503
    retry_after = 5


class TimedOut(RequestError):
    """This request took too long to complete."""

    status = 504


class Unavailable(RequestError):
    """This cannot be done right now, and nothing of it was. Please try again in a moment."""

    status = 503
    retry_after = 1


NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says where there is none."""


class NoRoom(Unavailable):
    """There is no room left to store this, and nothing was changed. Please try again later."""

    status = 507
    retry_after = 10


class Undecided(RequestError):
    """The connection to the database broke while this was being made durable; look whether it was done."""

    status = 504


class Crashed(RequestError):
    """Server Error"""

    status = 500


class LimitExceeded(FanfoldError):
    """You've made too many requests and hit a rate limit. Please retry after the given amount of time.

    ``retry_after`` is in whole seconds, at least 1; ``None`` where no wait can help, because the request alone is
    larger than the limit. ``limit`` is the one that refused, and ``standing`` tells how those stood that were asked.
    """

    def __init__(
        self, retry_after: int | None, message: str = "", *, limit: str = "", standing: tuple[Any, ...] = ()
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.limit = limit
        self.standing = standing


class Unreachable(FanfoldError):
    """No answer"""


class ForbiddenTarget(Unreachable):
    """This address may not be called"""


class SetupError(FanfoldError):
    """The program cannot start."""
