"""Every public call of the client, as type checkers see it; ``make check`` looks at it, and nothing here is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

import aiohttp

from fanfold import Client
from fanfold.client import (
    ASANA,
    PROFILES,
    AiohttpTransport,
    ApiError,
    BadAnswer,
    BadRequest,
    CallTimeout,
    ClientClosed,
    ClientError,
    DependencyFailed,
    File,
    Forbidden,
    Job,
    JobFailed,
    JobState,
    Limit,
    NotAuthorized,
    NotFound,
    Offer,
    PartlyCreated,
    Patience,
    PaymentRequired,
    RateLimited,
    Reply,
    Request,
    Retries,
    ServerError,
    Sink,
    Transport,
    TransportError,
    Travelled,
    Unsupported,
    Wire,
    delete,
    get,
    post,
    put,
)


async def calls(client: Client) -> None:
    assert_type(client.base_url, str)
    assert_type(await client.get("/tasks/1", fields=["name"], params={"limit": 1}, headers={"X": "y"}), Any)
    assert_type(await client.get("/tasks/1", timeout=1.5, alone=True, priority=1, coalesce=True), Any)
    assert_type(await client.post("/tasks", {"name": "x"}, fields="name,notes", key="k", timeout=1, priority=-1), Any)
    assert_type(await client.post("/attachments", {"parent": "1"}, files={"file": File("a.txt", b"hello")}), Any)
    assert_type(await client.put("/tasks/1", {"name": "y"}, fields=("name",), alone=False, key="k"), Any)
    assert_type(await client.delete("/tasks/1", timeout=2.0, key="k"), Any)
    assert_type(await client.request(get("/tasks/1"), timeout=1, alone=True, priority=3, coalesce=False), Reply)
    async for task in client.pages("/tasks", params={"project": "1"}, fields=["name"], limit=50, timeout=3):
        assert_type(task, Any)
    offer = await client.offer()
    assert_type(offer, Offer)
    assert_type((offer.max_actions, offer.max_body, offer.has("serial"), offer.told), tuple[int, int, bool, bool])


async def batches(client: Client) -> None:
    requests = [
        get("/tasks/1", fields=["name"], id="one"),
        post("/tasks", {"name": "x"}, id="two", depends_on="one", key="k"),
        put("/tasks/{{two.body.data.gid}}", {"name": "y"}, depends_on=["one", "two"]),
        delete("/tasks/{{item.gid}}", for_each="{{one.body.data.subtasks}}"),
    ]
    assert_type(requests, list[Request])
    replies = await client.batch(requests, serial=True, stop=True, timeout=10, priority=1)
    assert_type(replies, list[Reply])
    assert_type(await client.batch(requests, return_exceptions=True), list[Reply | ClientError])
    reply = replies[0]
    assert_type((reply.status, reply.ok, reply.id), tuple[int, bool, str])
    assert_type((reply.ms, reply.next_offset, reply.error), tuple[float | None, str, ApiError | None])
    assert_type(reply.headers, dict[str, Any])
    assert_type((reply.data, reply.body), tuple[Any, Any])


async def order(client: Client) -> None:
    """Tasks that are created in order."""
    try:
        made = await client.create_in_order("77", ["a", {"name": "b"}], scarce="quota", fields="name")
        assert_type(made, list[Any])
        await client.create_in_order("77", ["a"], patience=Patience(attempts=3, pause=0.5))
    except PartlyCreated as error:
        assert_type(error.created, list[Any | None])
        assert_type(error.errors, dict[int, ClientError])


async def life(transport: Transport, session: aiohttp.ClientSession) -> None:
    async with Client(ASANA, token="t") as client:
        assert_type(client, Client)
    limits = [Limit("requests", 150, 60.0), Limit("writes", 15), *PROFILES["asana-free"]]
    client = Client(
        "http://127.0.0.1:8480/api/1.0",
        "t",
        window=0.005,
        max_items=5,
        max_bytes=100_000,
        max_batches=4,
        limits=limits,
        discover=False,
        streaming=False,
        auto_keys=False,
        timeout=30,
        retries=Retries(attempts=2, refusals=3),
        headers={"Asana-Enable": "new_rich_text"},
        transport=transport,
    )
    await client.close()
    Client(limits="asana-free", transport=AiohttpTransport(session, connections=5))


async def errors(client: Client) -> None:
    try:
        await client.get("/tasks/1")
    except RateLimited as error:
        assert_type(error.retry_after, float | None)
    except (BadRequest, NotAuthorized, PaymentRequired, Forbidden, NotFound, DependencyFailed, ServerError) as error:
        assert_type((error.status, error.message), tuple[int, str])
    except ApiError as error:
        assert_type(error.body, Any)
        assert_type(error.headers, Mapping[str, Any])
    except CallTimeout as error:
        assert_type(error, CallTimeout)
        raise TimeoutError from error
    except TransportError as error:
        assert_type(error.sent, bool)
    except (BadAnswer, Unsupported, ClientClosed) as error:
        assert_type(error.action, Request | None)
    except ClientError as error:
        assert_type(error.batch, Travelled | None)
        if error.batch:
            assert_type((error.batch.number, error.batch.size, error.batch.place), tuple[int, int, int])


class Echo:
    """A transport of one's own."""

    async def send(self, wire: Wire, sink: Sink) -> None:
        assert_type((wire.method, wire.url, wire.body, wire.timeout), tuple[str, str, bytes | None, float])
        sink.begin(200, {"content-type": "application/json"})
        sink.feed(b'{"data": {}}')

    async def close(self) -> None:
        pass


def own_transport() -> Client:
    return Client(transport=Echo())


async def jobs(client: Client) -> None:
    job = await client.submit([get("/tasks/1")], serial=True, stop=False, webhook="", key="k")
    assert_type(job, Job)
    assert_type(client.job("id"), Job)
    assert_type(job.id, str)
    assert_type(await job.results(timeout=1.0), list[Reply])
    assert_type(await job.refresh(1.0), JobState)
    assert_type(await job.cancel(), JobState)
    await job.remove()


def job_failed(error: JobFailed) -> None:
    assert_type(error.message, str)
