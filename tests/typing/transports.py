"""The transports for other libraries, as type checkers see them; nothing here is run."""

from __future__ import annotations

from typing import Any, assert_type

import asana
import httpx
import httpx2
import requests

from fanfold.client import Retries
from fanfold.compat.asana import batched
from fanfold.compat.httpx import BatchTransport
from fanfold.compat.requests import BatchAdapter


def clients() -> None:
    httpx.AsyncClient(transport=BatchTransport())
    httpx.AsyncClient(
        transport=BatchTransport(
            "https://app.asana.com/api/1.0",
            transport=httpx.AsyncHTTPTransport(retries=1),
            shared_headers=("X-Team",),
            window=0.01,
            max_items=5,
            max_bytes=100_000,
            max_batches=3,
            limits="asana-free",
            discover=False,
            auto_keys=True,
            retries=Retries(attempts=2),
        )
    )
    httpx2.AsyncClient(transport=BatchTransport())


def session() -> requests.Session:
    session = requests.Session()
    session.mount("https://app.asana.com/", BatchAdapter(max_retries=2, pool_maxsize=20, window=0.01))
    return session


def official() -> Any:
    client = batched(asana.ApiClient(asana.Configuration()), threads=20, limits="asana-free")
    return assert_type(client, Any)
