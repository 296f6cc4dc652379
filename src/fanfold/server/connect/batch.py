"""``POST /batch-request``: the recipe is read, its account found, and all of it run as one batch of the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

from msgspec.structs import replace

from fanfold.dialects import TrutoDialect
from fanfold.dialects.limit_headers import limit_headers
from fanfold.engine import Engine, Gone, Watch
from fanfold.engine.fetching.preview import Describe
from fanfold.entries import Recipe
from fanfold.errors import RequestError
from fanfold.integrations.accounts import Account
from fanfold.model import Answer, Batch, Caller, Result, Standing
from fanfold.server.connect.asked import Asked
from fanfold.server.connect.masking import open_part
from fanfold.server.connect.once import Once
from fanfold.server.connect.previews import preview_of
from fanfold.server.connect.record_flow import RecordFlow
from fanfold.serving.bodies import gone
from fanfold.serving.flows import NDJSON, Streamed, wanted_flow
from fanfold.serving.observing import Observing

Find = Callable[[str, Caller], Account]
"""The account of an id that a caller may use; raises ``RequestError`` 404 or 503."""

Handled = tuple[Answer, Sequence[Result]]


class BatchRequests:
    """Answers batch requests through one engine."""

    def __init__(
        self,
        engine: Engine,
        dialect: TrutoDialect,
        *,
        find: Find,
        describe: Describe,
        once: Once,
        observing: Observing,
    ) -> None:
        self._engine = engine
        self._dialect = dialect
        self._find = find
        self._describe = describe
        self._once = once
        self._observing = observing

    async def answer(self, asked: Asked) -> Handled:
        """The answer, and what became of each entry; of a streamed one that is known when it was sent."""
        body = await asked.body()
        try:
            batch = self._dialect.decode(body)
        except RequestError as error:
            self._observing.unreadable(error.status)
            raise
        recipe = self._with_account(batch, asked.caller)
        batch = replace(batch, recipe=recipe)
        if recipe.dry_run:
            plan, refusals, _ = await self._engine.preview(batch, asked.caller)
            return preview_of(plan, refusals, self._describe), ()
        key = asked.header(b"idempotency-key")
        if key:
            return await self._once.of(asked, recipe.account, key, lambda: self._whole(asked, batch, recipe, None))
        if wanted_flow(asked.header(b"accept").encode("latin-1")) == NDJSON:
            flow = RecordFlow(self._dialect, batch, asked.body_timeout, recipe.entries)
            await flow.begin(lambda watch: self._run(asked, batch, None, watch))
            head = (("content-type", NDJSON), *flow.headers())
            return Streamed(200, b"", head, trusted=True, flow=flow), flow.results
        return await self._whole(asked, batch, recipe, lambda: gone(asked.receive))

    def _with_account(self, batch: Batch, caller: Caller) -> Recipe:
        """The recipe, with what its account adds. What is wrong with the recipe itself is told before all else."""
        recipe = batch.recipe
        if recipe is None:
            raise TypeError("the dialect of recipes gave none")
        if recipe.failures:
            return recipe
        return replace(recipe, context=open_part(self._find(recipe.account, caller).context))

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


class _Standings:
    """Looks on only to know how the limits stood when the batch was admitted."""

    def __init__(self) -> None:
        self.standing: tuple[Standing, ...] = ()

    def admitted(self, standing: tuple[Standing, ...]) -> None:
        """Keep what is told."""
        self.standing = standing

    def settled(self, place: int, result: Result) -> None:
        """Nobody waits for a single entry."""
