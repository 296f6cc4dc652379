"""What a batch endpoint needs of a wire format."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from fanfold.errors import LimitExceeded, RequestError
from fanfold.model import Answer, Batch, Result


class Dialect(Protocol):
    """Turns bytes into a batch and results into bytes. Times are in seconds, None for no bound."""

    max_actions: int
    timeout: float | None
    deadline: float | None
    extended: bool
    """Whether actions may use each other's results."""

    def decode(self, body: bytes) -> Batch:
        """The batch a request body holds. Raises ``RequestError`` if it cannot be understood."""

    def encode(
        self, results: Sequence[Result], fields: Collection[str] | None = None, *, pretty: bool = False
    ) -> bytes:
        """The results as JSON; ``fields`` are the members of each that are wanted, None for all."""

    def encode_one(self, place: int, result: Result) -> bytes:
        """One result as JSON in one line, for those who want results as they finish."""

    def error_answer(self, error: RequestError) -> Answer:
        """The answer to a request that is refused."""

    def limit_answer(self, error: LimitExceeded) -> Answer:
        """The answer to a batch that does not fit into a limit."""
