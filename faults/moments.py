"""Where a server may die: hooks on the database, the durable engine, answers and webhooks, put there from outside."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Protocol


class Counter(Protocol):
    """What is told of each moment."""

    def come(self, where: str) -> None:
        """The process is at a moment."""


WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN IMMEDIATE", "PRAGMA user")
"""How statements begin between which it makes a difference to die."""

COMMIT = "COMMIT"


def place_points(points: Counter, kinds: Collection[str]) -> None:
    """Have everything that may be a moment of these kinds tell of itself; of all kinds if there are none."""
    places: dict[Callable[[Counter], None], frozenset[str]] = {
        _in_sqlite: frozenset(("statement", "commit", "committed")),
        _in_postgres: frozenset(("statement", "commit", "committed")),
        _in_the_engine: frozenset(("engine", "engine-commit")),
        _at_answers: frozenset(("answer", "answered")),
        _at_webhooks: frozenset(("post", "posted")),
    }
    for place, tells in places.items():
        if not kinds or tells & set(kinds):
            place(points)


def _in_sqlite(points: Counter) -> None:
    import apsw  # noqa: PLC0415 - what is hooked is imported with its hooks

    def hook(connection: Any) -> None:
        written = False

        def before(_: Any, sql: str, __: Any) -> bool:
            nonlocal written
            if sql.startswith(WRITES):
                written = True
                points.come("statement")
            elif sql.startswith("COMMIT") and written:
                points.come("commit")
            return True

        def after(sql: str, _: int) -> None:
            nonlocal written
            if sql.startswith("COMMIT") and written:
                written = False
                points.come("committed")

        connection.set_exec_trace(before)
        connection.set_profile(after)

    apsw.connection_hooks.append(hook)


def _in_postgres(points: Counter) -> None:
    try:
        from fanfold.work.store import lanes, wire  # noqa: PLC0415
    except ModuleNotFoundError:
        return
    _around_trips(lanes, points)
    _around_wire(wire.BlockingWire, points)


def _around_trips(lanes: Any, points: Counter) -> None:
    """All that a server writes goes this way, some statements at a time; the last of a transaction is its commit."""
    put = lanes.put

    async def passed(connection: Any, questions: Any) -> Any:
        commits = any(sql == COMMIT for sql, _ in questions)
        points.come("commit" if commits else "statement")
        found = await put(connection, questions)
        if commits:
            points.come("committed")
        return found

    lanes.put = passed


def _around_wire(kind: Any, points: Counter) -> None:
    """What is asked over a connection that waits, as when a server starts."""
    ask, tell = kind.ask, kind.tell

    def around(told: Callable[..., Any]) -> Callable[..., Any]:
        def passed(self: Any, sql: str, *values: Any) -> Any:
            commits = sql == COMMIT
            if commits or sql.lstrip().startswith(WRITES):
                points.come("commit" if commits else "statement")
            found = told(self, sql, *values)
            if commits:
                points.come("committed")
            return found

        return passed

    kind.ask, kind.tell = around(ask), around(tell)


def _in_the_engine(points: Counter) -> None:
    from sqlalchemy import event  # noqa: PLC0415
    from sqlalchemy.engine import Engine  # noqa: PLC0415

    event.listen(Engine, "before_cursor_execute", lambda *_: points.come("engine"))
    event.listen(Engine, "commit", lambda _: points.come("engine-commit"))


def _at_answers(points: Counter) -> None:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle  # noqa: PLC0415

    send = RequestResponseCycle.send

    async def told(self: RequestResponseCycle, message: Any) -> None:
        last = message["type"] == "http.response.body" and not message.get("more_body")
        if last and self.scope["method"] != "GET":
            points.come("answer")
            await send(self, message)
            points.come("answered")
        else:
            await send(self, message)

    RequestResponseCycle.send = told  # type: ignore[method-assign]


def _at_webhooks(points: Counter) -> None:
    from fanfold.server.outbound import Poster  # noqa: PLC0415

    post = Poster.__call__

    async def posted(self: Poster, *arguments: Any) -> Any:
        points.come("post")
        found = await post(self, *arguments)
        points.come("posted")
        return found

    Poster.__call__ = posted  # type: ignore[assignment, method-assign]
