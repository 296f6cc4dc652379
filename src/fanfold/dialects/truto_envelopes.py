"""How an error looks: ``{statusCode, error, message}`` and what belongs to it, alone or among others."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from fanfold.errors import ExpressionError, RemoteError, RequestError, WrongRecipe
from fanfold.model import Pairs

_CONNECTION = frozenset(
    {
        *("connection", "content-encoding", "content-length", "content-type", "date", "keep-alive"),
        *("server", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "www-authenticate"),
    }
)
"""Headers of an API's answer that belong to its connection or its body, of which nothing is passed on."""

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
# Newer Pythons have newer names for these.
_PHRASES |= {413: "Payload Too Large", 416: "Range Not Satisfiable", 422: "Unprocessable Entity"}


def phrase_of(status: int) -> str:
    """What a status is called."""
    return _PHRASES.get(status, "Error")


def error_members(error: RequestError) -> dict[str, Any]:
    """The members of an error's envelope."""
    members: dict[str, Any] = {
        "statusCode": error.status,
        "error": phrase_of(error.status),
        "message": error.message,
    }
    details = details_of(error)
    if details:
        members["details"] = details
    for name, value in error.extra.items():
        members.setdefault(name, value)
    return members


def details_of(error: RequestError) -> dict[str, Any]:
    """What is told of an error beyond its message."""
    if isinstance(error, WrongRecipe):
        failures = [msgspec.structs.asdict(failure) for failure in error.failures]
        return {**_written(error), "failures": failures}
    if isinstance(error, ExpressionError) and error.position is not None:
        return {**_written(error), "position": error.position}
    return _written(error)


def error_headers(error: RequestError) -> Pairs:
    """The headers that go with an error: when to ask again, and what an API let be known."""
    if error.retry_after is not None:
        return (("retry-after", str(error.retry_after)),)
    if isinstance(error, RemoteError):
        return tuple([(name, value) for name, value in error.headers if name.lower() not in _CONNECTION])
    return ()


def _written(error: RequestError) -> dict[str, Any]:
    details = error.extra.get("details")
    return details if isinstance(details, dict) else {}
