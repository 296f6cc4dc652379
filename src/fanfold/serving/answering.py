"""What every application of this server does with a connection's events and with an answer that is ready."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from fanfold.dialects import Dialect
from fanfold.model import Answer, Result
from fanfold.serving.bodies import Receive, Send
from fanfold.serving.flows import Streamed

JSON = (b"content-type", b"application/json; charset=UTF-8")
_WITHOUT_BODY = frozenset({204, 304})


async def live(
    receive: Receive, send: Send, begin: Callable[[], Awaitable[None]], end: Callable[[], Awaitable[None]]
) -> None:
    """Begin when the server starts, end when it stops."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await begin()
            await send({"type": "lifespan.startup.complete"})
        else:
            await end()
            await send({"type": "lifespan.shutdown.complete"})
            return


def results_body(query: Mapping[str, str], dialect: Dialect, results: Sequence[Result]) -> bytes:
    """The results of a batch as whoever asked wants to see them; ``query`` was read before anything was done."""
    fields = query.get("opt_fields")
    pretty = query.get("opt_pretty", "false").lower() in ("", "true", "1", "yes")
    return dialect.encode(results, fields_of(fields) if fields else None, pretty=pretty)


def fields_of(text: str) -> set[str]:
    """The keys of a result that ``opt_fields`` names, however the client spelt the list."""
    return {part.strip("[]'\" ").removeprefix("this.").partition(".")[0] for part in text.split(",")}


async def send_answer(send: Send, receive: Receive, answer: Answer, request: str, *, head: bool = False) -> None:
    """Send an answer; ``request`` is its id, if it has one, ``head`` leaves the body out."""
    if isinstance(answer, Streamed) and answer.flow is not None:
        headers = [pair for pair in headers_of(answer, 0, request) if pair[0] != b"content-length"]
        await answer.flow.send(send, receive, headers)
        return
    headers = headers_of(answer, len(answer.body), request)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})


def headers_of(answer: Answer, size: int, request: str) -> list[tuple[bytes, bytes]]:
    """The headers of an answer with a body of so many bytes, which is JSON unless the answer says otherwise."""
    headers = [JSON, (b"content-length", b"%d" % size)]
    if answer.status in _WITHOUT_BODY:
        headers.clear()
    if request:
        headers.append((b"fanfold-request-id", request.encode()))
    for name, value in answer.headers:
        if name == "content-type" and headers and headers[0] is JSON:
            headers[0] = (b"content-type", value.encode())
        else:
            headers.append((name.encode(), value.encode()))
    return headers
