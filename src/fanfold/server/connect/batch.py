"""``POST /batch-request``: the recipe is read, its account found, and all of it run as one batch of the engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any, Protocol

from msgspec.structs import replace

from fanfold.dialects import TrutoDialect
from fanfold.dialects.limit_headers import limit_headers
from fanfold.engine import Engine, Gone, Watch, make_plan
from fanfold.entries import Recipe
from fanfold.errors import RequestError
from fanfold.idempotency import fingerprint_of
from fanfold.integrations.accounts import Account
from fanfold.integrations.declaration import Declaration
from fanfold.model import Answer, Batch, Call, Caller, Resolve, Result, Standing
from fanfold.server.connect.asked import Asked
from fanfold.server.connect.masking import open_part
from fanfold.server.connect.once import Once
from fanfold.server.connect.opening import Opened
from fanfold.server.connect.previews import preview_of
from fanfold.server.connect.record_flow import RecordFlow
from fanfold.server.jobs.desk import JobDesk, Wanted, wants_job
from fanfold.serving.bodies import gone
from fanfold.serving.flows import NDJSON, Streamed, wanted_flow
from fanfold.serving.observing import Observing

Usable = Callable[[str, Caller, Account | None], Awaitable[Opened]]
"""The account of an id that a caller may use, who opened one with its token; raises ``RequestError`` 404 or 503."""

Handled = tuple[Answer, Sequence[Result]]


class Ways(Protocol):
    """A target that knows where calls for an account lead."""

    def opened(self, account: Account, declaration: Declaration | None) -> Resolve:
        """What finds its operations."""

    def describe(self, account: Account, call: Call) -> dict[str, Any]:
        """Which request a call would be, without credentials."""


class BatchRequests:
    """Answers batch requests through one engine."""

    def __init__(
        self,
        engine: Engine,
        dialect: TrutoDialect,
        *,
        usable: Usable,
        ways: Ways,
        once: Once,
        observing: Observing,
        jobs: JobDesk,
    ) -> None:
        self._engine = engine
        self._dialect = dialect
        self._usable = usable
        self._ways = ways
        self._once = once
        self._observing = observing
        self._jobs = jobs

    async def answer(self, asked: Asked) -> Handled:
        """The answer, and what became of each entry; of a streamed one that is known when it was sent."""
        body = await asked.body()
        try:
            batch = self._dialect.decode(body)
        except RequestError as error:
            self._observing.unreadable(error.status)
            raise
        batch, opened = await self._opened(batch, asked.caller, asked.opened)
        recipe = _recipe_of(batch)
        if recipe.dry_run:
            return await self._preview(batch, opened, asked.caller), ()
        if wants_job(asked.scope):
            plan = make_plan(batch, asked.caller, self._engine.target, self._engine.means.evaluator)
            wanted = Wanted("plan", len(plan.steps), fingerprint_of("POST", asked.path, (), body))
            return await self._jobs.take_on(asked.scope, body, asked.caller, wanted, self._engine.admission), ()
        key = asked.header(b"idempotency-key")
        if key:
            return await self._once.of(asked, recipe.account, key, lambda: self._whole(asked, batch, recipe, None))
        if wanted_flow(asked.header(b"accept").encode("latin-1")) == NDJSON:
            flow = RecordFlow(self._dialect, batch, asked.body_timeout, recipe.entries)
            await flow.begin(lambda watch: self._run(asked, batch, None, watch))
            head = (("content-type", NDJSON), *flow.headers())
            return Streamed(200, b"", head, trusted=True, flow=flow), flow.results
        return await self._whole(asked, batch, recipe, lambda: gone(asked.receive))

    async def opened(self, batch: Batch, caller: Caller) -> Batch:
        """The batch as it can be run, with its account opened; raises ``RequestError`` where that may not be used."""
        return (await self._opened(batch, caller, None))[0]

    async def _opened(self, batch: Batch, caller: Caller, account: Account | None) -> tuple[Batch, Opened | None]:
        recipe = _recipe_of(batch)
        if recipe.failures:  # what is wrong with the recipe itself is told before all else
            return batch, None
        opened = await self._usable(recipe.account, caller, account)
        recipe = replace(recipe, context=open_part(opened.account.context))
        return replace(batch, recipe=recipe, resolve=self._ways.opened(*opened)), opened

    async def _preview(self, batch: Batch, opened: Opened | None, caller: Caller) -> Answer:
        plan, refusals, _ = await self._engine.preview(batch, caller)
        return preview_of(
            plan, refusals, lambda call: {} if opened is None else self._ways.describe(opened.account, call)
        )

    async def _whole(self, asked: Asked, batch: Batch, recipe: Recipe, left: Gone | None) -> Handled:
        watch = _Standings()
        started = perf_counter()
        results = await self._run(asked, batch, left, watch)
        took = (perf_counter() - started) * 1000
        headers = (*limit_headers(watch.standing), ("server-timing", f"batch;dur={took:.3f}"))
        return Answer(200, self._dialect.encode(results, recipe), headers, trusted=True), results

    async def _run(self, asked: Asked, batch: Batch, left: Gone | None, watch: Watch) -> list[Result]:
        return await self._observing.run(
            asked.scope["headers"], batch, lambda: self._engine.run(batch, asked.caller, left, watch)
        )


def _recipe_of(batch: Batch) -> Recipe:
    if batch.recipe is None:
        raise TypeError("the dialect of recipes gave none")
    return batch.recipe


class _Standings:
    """Looks on only to know how the limits stood when the batch was admitted."""

    def __init__(self) -> None:
        self.standing: tuple[Standing, ...] = ()

    def admitted(self, standing: tuple[Standing, ...]) -> None:
        """Keep what is told."""
        self.standing = standing

    def settled(self, place: int, result: Result) -> None:
        """Nobody waits for a single entry."""
