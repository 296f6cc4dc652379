"""An adapter for requests: calls that threads make at the same time travel in batches."""

from __future__ import annotations

from typing import Any, Unpack

from fanfold.client import ASANA
from fanfold.compat.counter import Counter
from fanfold.compat.desk import Options
from fanfold.errors import SetupError

try:
    from requests.adapters import DEFAULT_POOLBLOCK, DEFAULT_POOLSIZE, DEFAULT_RETRIES, HTTPAdapter
    from urllib3.util import Retry

    from fanfold.compat.pools import batch_through
except ImportError as error:
    raise SetupError("fanfold.compat.requests needs requests, with urllib3 2: pip install -U requests") from error


class BatchAdapter(HTTPAdapter):
    """To be mounted on a session: ``session.mount("https://app.asana.com/", BatchAdapter())``.

    ``base_url`` is the API's; what is elsewhere, goes through a proxy or cannot travel in a batch goes by itself.
    ``max_retries`` is that of requests. ``shared_headers``: further headers that calls of a batch may have if they
    agree in them. The remaining ``options`` are those of ``fanfold.Client``.
    """

    def __init__(
        self,
        base_url: str = ASANA,
        *,
        pool_maxsize: int = DEFAULT_POOLSIZE,
        max_retries: Retry | int = DEFAULT_RETRIES,
        shared_headers: tuple[str, ...] = (),
        **options: Unpack[Options],
    ) -> None:
        self._made_of = (base_url, shared_headers, options)
        self._counter = Counter(self, base_url, shared_headers, options)
        super().__init__(pool_maxsize=pool_maxsize, max_retries=max_retries)

    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = DEFAULT_POOLBLOCK,  # noqa: FBT001 - as requests has it
        **about: Any,
    ) -> None:
        """As requests has it; the pools batch."""
        super().init_poolmanager(connections, maxsize, block=block, **about)
        batch_through(self.poolmanager, self._counter)

    def close(self) -> None:
        """End what is under way, and let go of connections."""
        self._counter.close()
        super().close()

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_made_of": self._made_of}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._counter = Counter(self, *state["_made_of"])
        super().__setstate__(state)


__all__ = ["BatchAdapter"]
