"""What several runs of one batch ask in the very same words is asked once."""

from __future__ import annotations

from typing import Any

import msgspec

from fanfold.engine.fetching.jobs import Job, Shared
from fanfold.errors import RequestError

MAX_HELD = 10_000
"""Records that are held only because a later run might want the same."""

_encode = msgspec.json.Encoder(enc_hook=repr, order="sorted").encode


class Sharing:
    """The fetches of one batch that may be asked for again."""

    def __init__(self) -> None:
        self._known: dict[bytes, Shared] = {}
        self._held = 0

    def join(self, job: Job) -> Shared | None:
        """What another run has asked, or is asking, in the same words; else None, and others may join this one."""
        key = _encode((job.state.path, job.state.entry.method, job.fetch))
        shared = self._known.get(key)
        if shared is not None:
            if not shared.over:
                shared.waiting.append(job)
            return shared
        job.shared = self._known[key] = Shared(key)
        return None

    def note(self, job: Job, records: list[Any]) -> None:
        """Keep a page for whoever asks the same."""
        if job.shared is not None:
            job.shared.pages.append(records)

    def over(self, job: Job, error: RequestError | None) -> tuple[Shared, list[Job]] | None:
        """End a fetch: what came of it, and those that have waited for it."""
        shared, job.shared = job.shared, None
        if shared is None:
            return None
        shared.over, shared.error = True, error
        waiting, shared.waiting = shared.waiting, []
        size = sum(map(len, shared.pages))
        if self._held + size > MAX_HELD:
            del self._known[shared.key]
        else:
            self._held += size
        return shared, waiting
