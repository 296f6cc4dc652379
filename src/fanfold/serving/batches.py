"""The batch endpoint, whoever it stands before: from the bytes of a request to the answer, plain or as results finish.

The server, the gateway and the middleware differ in who may ask and where calls go. What a batch is, what is refused of
it and what is told about limits is the same, and is here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from time import perf_counter
from typing import Any

import msgspec

from fanfold.dialects import Dialect
from fanfold.dialects.limit_headers import limit_headers
from fanfold.engine import Engine, Gone, Watch
from fanfold.errors import RequestError
from fanfold.idempotency import Ledger, fingerprint_of
from fanfold.model import Answer, Batch, Caller, Result, Standing
from fanfold.serving.answering import results_body
from fanfold.serving.bodies import Receive, Scope, gone, header, read_body, read_query
from fanfold.serving.flows import ResultFlow, Streamed, wanted_flow
from fanfold.serving.observing import Observing
from fanfold.serving.previews import preview_answer

FEATURES = ("coalesce", "dry_run", "event_stream", "for_each", "ndjson", "references", "serial")
"""What clients may make use of here beyond the plain format."""

COSTS = {"requests": 1, "reads": 1, "writes": 1, "searches": 1, "jobs": 1}
"""The limits that are told of where nothing was asked yet."""

Headers = Iterable[tuple[bytes, bytes]]
Prepare = Callable[[Batch], Awaitable[Batch]]

_encode = msgspec.json.Encoder().encode


class Batches:
    """Answers what is sent to one batch endpoint. Sizes are in bytes, times in seconds.

    ``json_only`` refuses what a page of another site could have a browser send without asking first: where credentials
    are kept in cookies, that is what keeps others from using them.
    """

    def __init__(
        self,
        engine: Engine,
        dialect: Dialect,
        *,
        max_body: int,
        body_timeout: float,
        json_only: bool = False,
        observing: Observing | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self.max_job_actions = 0
        """What is told of jobs, which are somebody else's to carry out; 0 where there are none."""
        self.engine = engine
        self.dialect = dialect
        self._max_body = max_body
        self._body_timeout = body_timeout
        self._json_only = json_only
        self._observing = observing or Observing()
        self._ledger = ledger

    async def answer(
        self, scope: Scope, receive: Receive, caller: Caller, prepare: Prepare | None = None
    ) -> tuple[Answer, Sequence[Result]]:
        """The answer to a batch, and what became of its actions; of a ``Streamed`` one that is known when it was sent.

        ``prepare`` may look at the batch, and complete it, before it runs.
        """
        headers = scope["headers"]
        if self._json_only:
            _demand_json(header(headers, b"content-type"))
        query = dict(read_query(scope["query_string"])) if scope["query_string"] else {}
        body = await read_body(scope, receive, self._max_body, self._body_timeout)
        try:
            batch = self.dialect.decode(body)
        except RequestError as error:
            self._observing.unreadable(error.status)
            raise
        if prepare is not None:
            batch = await prepare(batch)
        if batch.conduct is not None and batch.conduct.dry_run:
            plan, refusals, _ = await self.engine.preview(batch, caller)
            return preview_answer(plan, refusals), ()
        key = header(headers, b"idempotency-key").decode("latin-1")
        if key and self._ledger is not None:
            return await self._once(self._ledger, key, scope, body, _Asked(batch, query, headers, caller))
        kind = wanted_flow(header(headers, b"accept"))
        if kind:
            flow = ResultFlow(kind, self.dialect, batch, self._body_timeout)
            await flow.begin(lambda watch: self._run(headers, batch, caller, None, watch))
            return Streamed(200, b"", (("content-type", kind), *flow.headers()), trusted=True, flow=flow), flow.results
        return await self._whole(_Asked(batch, query, headers, caller), lambda: gone(receive))

    async def _whole(self, asked: _Asked, left: Gone | None) -> tuple[Answer, Sequence[Result]]:
        watch = _Standings()
        started = perf_counter()
        results = await self._run(asked.headers, asked.batch, asked.caller, left, watch)
        told = (*limit_headers(watch.standing), ("server-timing", _timing(results, perf_counter() - started)))
        return Answer(200, results_body(asked.query, self.dialect, results), told, trusted=True), results

    async def _once(
        self, ledger: Ledger, key: str, scope: Scope, body: bytes, asked: _Asked
    ) -> tuple[Answer, Sequence[Result]]:
        """A batch that is carried out once, however often it is sent. It goes on when whoever sent it has gone."""
        found: list[tuple[Answer, Sequence[Result]]] = []

        async def run() -> Answer:
            found.append(await self._whole(asked, None))
            return Answer(200, found[0][0].body, trusted=True)

        fingerprint = fingerprint_of("POST", scope["path"], tuple(asked.query.items()), body)
        answer, replayed = await ledger.once(asked.caller, key, fingerprint, run)
        if replayed or not found:
            return msgspec.structs.replace(answer, headers=(*answer.headers, ("idempotency-replayed", "true"))), ()
        return found[0]

    async def _run(
        self, headers: Headers, batch: Batch, caller: Caller, left: Gone | None, watch: Watch
    ) -> list[Result]:
        return await self._observing.run(headers, batch, lambda: self.engine.run(batch, caller, left, watch))

    async def describe(self, caller: Caller | None, costs: Mapping[str, int] | None = None) -> Answer:
        """What may be asked here: sizes, times, and how the limits of ``caller`` stand, if it is known who asks."""
        standing: list[Standing] = []
        if caller is not None:
            _, standing = await self.engine.admission.look(costs or COSTS, caller)
        features = FEATURES if self.dialect.extended else ()
        if self._ledger is not None:
            features = (*features, "idempotency_key")
        if self.max_job_actions:
            features = (*features, "jobs")
        data: dict[str, Any] = {
            "max_actions": self.dialect.max_actions,
            **({"max_job_actions": self.max_job_actions} if self.max_job_actions else {}),
            "max_body": self._max_body,
            "max_results": self.engine.means.max_results,
            "max_fan_out": self.engine.means.max_fan_out,
            "action_timeout": self.dialect.timeout,
            "batch_deadline": self.dialect.deadline,
            "features": features,
            "limits": [msgspec.to_builtins(one) for one in standing],
        }
        return Answer(
            200, _encode({"data": data}), (("allow", "OPTIONS, POST"), *limit_headers(standing)), trusted=True
        )


class _Asked(msgspec.Struct, frozen=True):
    """A batch, and what has been read of its request."""

    batch: Batch
    query: dict[str, str]
    headers: Headers
    caller: Caller


class _Standings:
    """Looks on only to know how the limits stood when the batch was admitted."""

    def __init__(self) -> None:
        self.standing: tuple[Standing, ...] = ()

    def admitted(self, standing: tuple[Standing, ...]) -> None:
        """Keep what is told."""
        self.standing = standing

    def settled(self, place: int, result: Result) -> None:
        """Nobody waits for a single result."""


def _demand_json(written: bytes) -> None:
    kind = written.partition(b";")[0].strip().lower()
    if kind != b"application/json" and not (kind.startswith(b"application/") and kind.endswith(b"+json")):
        raise RequestError("Content-Type: A batch has to be application/json", status=415)


def _timing(results: Sequence[Result], seconds: float) -> str:
    """How long the batch and each of its actions took, in milliseconds."""
    each = ", ".join([f"a{place};dur={result.seconds * 1000:.3f}" for place, result in enumerate(results)])
    return f"batch;dur={seconds * 1000:.3f}, {each}"
