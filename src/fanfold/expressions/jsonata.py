"""JSONata, worked out within hard bounds and never for long on the event loop.

An evaluation is tried where it is asked for, for a few milliseconds, which is all that nearly every one of them takes.
One that is not done by then begins anew in a process beside this one (``cage.py``), with a thread that waits for it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from fanfold.errors import ExpressionError
from fanfold.expressions.bounds import Bounds, limits
from fanfold.expressions.cage import Cages
from fanfold.expressions.evaluator import Expression
from fanfold.expressions.programs import OUT_OF_STEPS, TIMED_OUT, Beside, compile_program, failure, paths_of, pruned

if TYPE_CHECKING:
    import jlens

REMEMBERED = 1024
"""Compiled expressions that are kept, at most."""

REMEMBERED_SOURCE = 4 * 1024 * 1024
"""Characters of source that those may have, all together."""

_HASTY = ("..", "$pad")
"""What makes large things at once without ever looking at the clock, so that it is not tried on the event loop."""

_GOES_ON = (TIMED_OUT, OUT_OF_STEPS)


class Compiled(Struct, frozen=True, eq=False):
    """An expression that was read; see ``Expression``. ``quick``: it may be tried on the event loop."""

    source: str
    reads: tuple[tuple[str, ...], ...] | None
    program: jlens.Expression
    tree: Any
    quick: bool


class JsonataEvaluator:
    """The evaluator behind which jlens is. ``workers`` is how many evaluations are worked out beside it at once."""

    def __init__(self, bounds: Bounds = Bounds(), *, workers: int = 2) -> None:  # noqa: B008 - frozen
        self._bounds = bounds
        self._compiled: OrderedDict[str, Compiled] = OrderedDict()
        self._characters = 0
        self._inline = limits(bounds, bounds.inline)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="expressions")
        self._cages = Cages()

    def compile(self, source: str) -> Compiled:
        """An expression; raises ``ExpressionError`` for what is none, or asks for functions that there are not."""
        known = self._compiled.get(source)
        if known is not None:
            self._compiled.move_to_end(source)
            return known
        if len(source) > self._bounds.source:
            raise ExpressionError(
                f"An expression may have {self._bounds.source} characters, this one has {len(source)}"
            )
        program = compile_program(source, cautious=True)
        free = program.reads()
        quick = not any(word in source for word in _HASTY)
        compiled = Compiled(source, paths_of(free), program, free.get("input", {}), quick)
        self._remember(compiled)
        return compiled

    async def evaluate(self, expression: Expression, context: Any, bindings: Mapping[str, Any] | None = None) -> Any:
        """What the expression gives for ``context``, None for nothing and for null; raises ``ExpressionError``."""
        compiled = expression if isinstance(expression, Compiled) else self.compile(expression.source)
        named = dict(bindings or {})
        if compiled.quick:
            try:
                return compiled.program.evaluate(context, named, **self._inline)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # noqa: BLE001 - a panic of the engine is none of Exception's
                if not isinstance(error, Beside) and getattr(error, "code", None) not in _GOES_ON:
                    raise failure(error) from None
        given = pruned(context, compiled.tree)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, self._cages.evaluate, compiled.source, given, named, self._bounds
        )

    def close(self) -> None:
        """End what works beside this process. What is under way is waited for, within its bounds."""
        self._threads.shutdown()
        self._cages.close()

    def _remember(self, compiled: Compiled) -> None:
        self._compiled[compiled.source] = compiled
        self._characters += len(compiled.source)
        while len(self._compiled) > REMEMBERED or self._characters > REMEMBERED_SOURCE:
            forgotten, _ = self._compiled.popitem(last=False)
            self._characters -= len(forgotten)
