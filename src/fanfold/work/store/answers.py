"""The table of answers that are kept, so that a request which is sent again is not carried out again."""

from __future__ import annotations

from typing import Any, NamedTuple

from fanfold.work.store.lists import Lists


class KeptRow(NamedTuple):
    """What stands under a name. ``status`` is None until the end was seen; ``headers``: JSON, pairs of texts."""

    fingerprint: bytes
    status: int | None
    headers: bytes
    body: bytes
    trusted: int


class KeptAnswers(Lists):
    """The store's part about answers. Moments are in seconds since 1970."""

    def _taken_over(self) -> None:
        """Forget the answers: what they tell of happened to other data."""
        super()._taken_over()
        self._cursor.execute(self._sql["forget_answers"])

    def kept_answer(self, name: bytes, now: float) -> KeptRow | None:
        """What stands under a name, if its time is not over."""
        return next((KeptRow(*row) for row in self._rows("kept_answer", name, now)), None)

    def begin_answer(self, name: bytes, fingerprint: bytes, until: float) -> None:
        """Note that an answer is being made; whatever stood there is forgotten."""
        self._cursor.execute(self._sql["begin_answer"], (name, fingerprint, until))

    def finish_answer(self, name: bytes, fingerprint: bytes, until: float, answer: tuple[Any, ...]) -> None:
        """Keep an answer: status, headers, body, trusted."""
        self._cursor.execute(self._sql["finish_answer"], (name, fingerprint, until, *answer))

    def forget_answer(self, name: bytes) -> None:
        """Have nothing under a name."""
        self._cursor.execute(self._sql["forget_answer"], (name,))

    def drop_answers(self, now: float, limit: int) -> None:
        """Forget at most ``limit`` of those whose time is over."""
        self._cursor.execute(self._sql["drop_answers"], (now, limit))
