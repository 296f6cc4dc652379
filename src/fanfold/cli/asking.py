"""Asking a server to carry out a plan: one request, and its answer line by line as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from msgspec import DecodeError, json

from fanfold.errors import SetupError
from fanfold.integrations.places import place
from fanfold.integrations.plan_files import PlanError, PlanFile
from fanfold.version import __version__

PATIENCE = 300.0
"""Seconds in which the server has to say something."""

MAX_LINE = 256 * 1024 * 1024
"""Bytes of the longest line, or of an answer in one piece."""

LINES = "application/x-ndjson"
ONE_PIECE = "application/json"


class Broken(Exception):
    """The answer ended before its end."""


class Server:
    """Where plans are carried out. Raises ``SetupError`` for a URL that is none."""

    def __init__(self, url: str, token: str) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SetupError(f"{url!r} is no server's URL; expected such as http://127.0.0.1:8480.")
        self._url = url
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = parts.hostname, port
        self._path = f"{parts.path.rstrip('/')}/batch-request"
        self._headers = {"content-type": "application/json", "user-agent": f"fanfold/{__version__}"}
        if not (token.isascii() and token.isprintable()):
            raise SetupError("The token has characters that no token has.")
        if token:
            self._headers["authorization"] = f"Bearer {token}"

    @contextmanager
    def asked(self, plan: PlanFile, body: dict[str, Any], *, whole: bool) -> Iterator[Iterator[dict[str, Any]]]:
        """The lines of the answer, decoded, as they come. Raises ``SetupError`` where the plan is refused.

        Records come in the order in which they are found; ``whole`` asks for an answer in one piece, which has them in
        the order of the plan, and has a first line with it as ``document``.
        """
        with self._answer(plan, body, ONE_PIECE if whole else LINES) as response:
            if LINES in response.getheader("content-type", ""):
                yield _lines(response)
            else:
                yield _in_one_piece(response)

    def preview(self, plan: PlanFile, body: dict[str, Any]) -> Any:
        """What the server says of a plan that is not to run."""
        with self._answer(plan, body, ONE_PIECE) as response:
            return _decoded(response.read(MAX_LINE))

    @contextmanager
    def _answer(self, plan: PlanFile, body: dict[str, Any], accept: str) -> Iterator[HTTPResponse]:
        connection = self._kind(self._host, self._port, timeout=PATIENCE)
        try:
            try:
                connection.request("POST", self._path, json.encode(body), {**self._headers, "accept": accept})
                response = connection.getresponse()
            except (OSError, HTTPException) as error:
                why = getattr(error, "strerror", None) or str(error) or type(error).__name__
                raise SetupError(f"{self._url} does not answer: {why}. Is the server running there?") from None
            if response.status != 200:
                raise _refusal(plan, response.status, response.read(MAX_LINE))
            yield response
        finally:
            connection.close()


def _lines(response: HTTPResponse) -> Iterator[dict[str, Any]]:
    while True:
        try:
            line = response.readline(MAX_LINE)
        except (OSError, HTTPException) as error:
            raise Broken(str(error) or type(error).__name__) from None
        if not line:
            return
        if line.strip():
            told = _decoded(line)
            if not isinstance(told, dict):
                raise Broken("a line is no object")
            yield told


def _in_one_piece(response: HTTPResponse) -> Iterator[dict[str, Any]]:
    """The same lines, of an answer that did not come in lines."""
    try:
        told = _decoded(response.read(MAX_LINE))
    except (OSError, HTTPException) as error:
        raise Broken(str(error) or type(error).__name__) from None
    if not isinstance(told, dict) or "result" not in told:
        raise Broken("this is no answer to a plan")
    yield {"document": told}
    counts: dict[str, int] = {}
    for name, value in told["result"].items():
        counts[name] = len(value) if isinstance(value, list) else 1
        for record in value if isinstance(value, list) else [value]:
            yield {"resource": name, "name": name, "record": record}
    errors = [(name, error) for name, each in (told.get("errors") or {}).items() for error in each]
    for name, mishap in errors:
        yield {"resource": name, "name": name, "error": mishap}
    yield {"summary": {"records": sum(counts.values()), "errors": len(errors), "resources": counts}}


def _decoded(data: bytes) -> Any:
    try:
        return json.decode(data)
    except (DecodeError, RecursionError):
        raise Broken("it is not JSON") from None


def _refusal(plan: PlanFile, status: int, data: bytes) -> SetupError:
    """Why the server does not carry the plan out, with the lines of the file where it names mistakes."""
    try:
        told = json.decode(data)
    except (DecodeError, RecursionError):
        told = None
    told = told if isinstance(told, dict) else {}
    details = told.get("details") if isinstance(told.get("details"), dict) else {}
    failures = [each for each in (details or {}).get("failures") or [] if isinstance(each, dict)]
    if failures:
        document = plan.document
        complaints = [
            document.told(place(str(each.get("path", "")), document.value), str(each.get("message", "")))
            for each in failures
        ]
        return PlanError(tuple(complaints))
    message = str(told.get("message") or told.get("error") or "").rstrip(".")
    if status == 401:
        return SetupError(
            f"The server does not know the token{f' ({message})' if message else ''}: --token, or FANFOLD_TOKEN."
        )
    return SetupError(f"The server answers {status}{f': {message}' if message else ''}.")
