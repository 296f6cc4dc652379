"""Asana's official client (``asana``): calls that it makes at the same time travel in batches.

It is synchronous; at the same time are calls of several threads, and those made with ``async_req=True``.
"""

from __future__ import annotations

from multiprocessing.pool import ThreadPool
from typing import Any, Protocol, TypeVar, Unpack

from fanfold.compat.counter import Counter
from fanfold.compat.desk import Options
from fanfold.errors import SetupError

try:
    from fanfold.compat.pools import batch_through
except ImportError as error:
    raise SetupError("fanfold.compat.asana needs Asana's client, with urllib3 2: pip install -U asana") from error


class _ApiClient(Protocol):
    configuration: Any
    rest_client: Any
    pool: Any


_Client = TypeVar("_Client", bound=_ApiClient)

THREADS = 40
"""Calls with ``async_req`` that are under way at once: four batches."""


def batched(
    client: _Client,
    *,
    threads: int = THREADS,
    shared_headers: tuple[str, ...] = (),
    **options: Unpack[Options],
) -> _Client:
    """The same client, an ``asana.ApiClient``, which from now on sends concurrent calls in batches.

    ``threads``: calls with ``async_req`` that are under way at once; the client's own number is that of processors.
    The remaining ``options`` are those of ``fanfold.Client``. To be called before the client is used. Through a
    proxy everything goes by itself.
    """
    if threads < 1:
        raise ValueError(f"threads: Must be at least 1, not {threads}")
    counter = Counter(client, client.configuration.host, shared_headers, options)
    manager = client.rest_client.pool_manager
    manager.clear()
    batch_through(manager, counter)
    old, client.pool = client.pool, ThreadPool(threads)
    old.close()
    old.join()
    return client


__all__ = ["THREADS", "batched"]
