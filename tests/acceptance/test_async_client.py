"""Our own client against a real server: everyone gets his own answer, nothing is lost, nothing is done twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from fanfold import Client
from fanfold.client import (
    BadRequest,
    CallTimeout,
    File,
    NotAuthorized,
    NotFound,
    Retries,
    ServerError,
    TransportError,
    get,
    post,
    put,
)
from tests.acceptance.test_controls import control

PROJECT = "1025"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, start_running: Any) -> Iterator[Any]:
    flags = ("--admin", "--limits", "requests=1000000,reads=50,writes=15")
    with start_running(tmp_path_factory.mktemp("live"), *flags) as server:
        yield server


@pytest.fixture(autouse=True)
def _anew(live: Any) -> Iterator[None]:
    yield
    control(live, "DELETE", "faults")
    control(live, "PUT", "shuffle", {"seed": None})
    control(live, "DELETE", "requests")


def fault(live: Any, **rule: Any) -> None:
    assert control(live, "POST", "faults", rule)[0] == 200


def statuses(live: Any) -> Counter[int]:
    """Of all that was asked, actions of batches included."""
    asked = control(live, "GET", "requests")[1]["data"]
    return Counter([one["status"] for entry in asked for one in entry["actions"] or [entry]])


async def names_in(client: Client, project: str) -> Counter[str]:
    return Counter([task["name"] async for task in client.pages("/tasks", params={"project": project}, fields="name")])


async def new_project(client: Client) -> str:
    found = await client.get("/projects/1025", fields=["workspace", "team"])
    data = {"name": "Fresh", "workspace": found["workspace"]["gid"], "team": found["team"]["gid"]}
    return (await client.post("/projects", data))["gid"]


@pytest.mark.parametrize("streaming", [True, False])
async def test_each_call_gets_its_own_answer_in_whatever_order_they_run(live: Any, streaming: bool) -> None:
    control(live, "PUT", "shuffle", {"seed": 7})
    async with Client(live.api, live.token, streaming=streaming) as client:
        project = await new_project(client)
        made = await asyncio.gather(
            *[client.post("/tasks", {"name": f"Task {n}", "projects": [project]}, fields="name") for n in range(120)]
        )
        assert [task["name"] for task in made] == [f"Task {n}" for n in range(120)]
        read = await asyncio.gather(*[client.get(f"/tasks/{task['gid']}", fields="name") for task in made])
        assert read == made
        assert await names_in(client, project) == Counter(f"Task {n}" for n in range(120))


async def test_nothing_is_refused_for_being_too_much_at_once(live: Any) -> None:
    control(live, "PUT", "requests", {"keep": 1000})
    async with Client(live.api, live.token) as client:
        writes = [client.put("/tasks/1034", {"notes": str(n)}, fields="gid") for n in range(200)]
        reads = [client.get("/tasks/1034") for _ in range(300)]
        await asyncio.gather(*writes, *reads)
    assert statuses(live) == {200: 501}


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "drop", "operation": "createTask", "probability": 0.05, "seed": 3},
        {"kind": "error", "operation": "createTask", "status": 503, "probability": 0.1, "seed": 3},
        {"kind": "error", "path": "/batch", "status": 502, "count": 3},
        {"kind": "rate_limit", "path": "/batch", "retry_after": 1, "count": 2},
        {"kind": "rate_limit", "operation": "createTask", "retry_after": 1, "count": 5},
    ],
    ids=lambda rule: " ".join(f"{value}" for value in rule.values()),
)
async def test_nothing_is_lost_and_nothing_done_twice(live: Any, rule: dict[str, Any]) -> None:
    async with Client(live.api, live.token) as client:
        project = await new_project(client)
        fault(live, **rule)
        tasks = [{"name": f"Task {n}", "projects": [project]} for n in range(100)]
        await asyncio.gather(*[client.post("/tasks", task, fields="name") for task in tasks])
        control(live, "DELETE", "faults")
        assert await names_in(client, project) == Counter(f"Task {n}" for n in range(100))


@asynccontextmanager
async def losing_answers(live: Any, share: float) -> AsyncIterator[str]:
    """A way to the server on which some answers are lost: they come from there, and the connection breaks."""
    dice = random.Random(5)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, losing: bool) -> None:
        try:
            while data := await reader.read(65_536):
                if losing and dice.random() < share:
                    break
                writer.write(data)
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection(live.host, live.port)
        with suppress(OSError):
            await asyncio.gather(relay(reader, here, losing=False), relay(there, writer, losing=True))
        here.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/1.0"
    finally:
        server.close()
        await server.wait_closed()


async def test_what_is_lost_on_the_way_back_is_not_done_twice(live: Any) -> None:
    async with losing_answers(live, 0.1) as api, Client(live.api, live.token) as sure:
        project = await new_project(sure)
        async with Client(api, live.token, retries=Retries(attempts=20, reserve=1000)) as client:
            tasks = [{"name": f"Task {n}", "projects": [project]} for n in range(200)]
            await asyncio.gather(*[client.post("/tasks", task, fields="name") for task in tasks])
        assert await names_in(sure, project) == Counter(f"Task {n}" for n in range(200))


async def test_without_keys_what_may_have_been_done_is_an_error_and_not_done_again(live: Any) -> None:
    async with losing_answers(live, 0.25) as api, Client(live.api, live.token) as sure:
        project = await new_project(sure)
        async with Client(api, live.token, discover=False, limits="asana-paid") as client:
            tasks = [{"name": f"Task {n}", "projects": [project]} for n in range(100)]
            found = await asyncio.gather(*[client.post("/tasks", task) for task in tasks], return_exceptions=True)
        names = await names_in(sure, project)
        assert max(names.values()) == 1
        assert any(isinstance(one, TransportError) for one in found)
        assert {f"Task {n}" for n, one in enumerate(found) if isinstance(one, dict)} <= set(names)


async def test_only_what_failed_is_made_again(live: Any) -> None:
    control(live, "PUT", "requests", {"keep": 1000})
    fault(live, kind="error", operation="getTask", status=503, count=3)
    async with Client(live.api, live.token) as client:
        await asyncio.gather(*[client.get("/tasks/1034", fields="name") for _ in range(20)])
    assert statuses(live) == {200: 21, 503: 3}


async def test_an_answer_does_not_wait_for_its_neighbours(live: Any) -> None:
    fault(live, kind="latency", path="/tasks/1034", ms=1500)
    async with Client(live.api, live.token) as client:
        slow = asyncio.ensure_future(client.get("/tasks/1034"))
        quick = asyncio.ensure_future(client.get("/users/me"))
        assert (await quick)["gid"] == "1001"
        assert not slow.done()
        assert (await slow)["gid"] == "1034"


async def test_uploads_and_exports_go_alone(live: Any) -> None:
    async with Client(live.api, live.token) as client:
        upload = client.post("/attachments", {"parent": "1034"}, files={"file": File("a.txt", b"hello", "text/plain")})
        export = client.post("/organization_exports", {"organization": "1"})
        made, refused, me = await asyncio.gather(upload, export, client.get("/users/me"), return_exceptions=True)
        assert made["name"] == "a.txt"
        assert isinstance(refused, BadRequest)
        assert "batch" not in refused.message
        assert me["gid"] == "1001"


async def test_actions_that_hang_together_run_in_their_order(live: Any) -> None:
    async with Client(live.api, live.token) as client:
        replies = await client.batch(
            [
                post("/tasks", {"name": "Order paper", "projects": [PROJECT]}, id="made", fields="name"),
                put("/tasks/{{made.body.data.gid}}", {"completed": True}, fields="completed"),
                get("/tasks/999"),
            ]
        )
        assert [reply.status for reply in replies] == [201, 200, 404]
        assert replies[1].data == {"gid": replies[0].data["gid"], "completed": True}
        assert str(replies[2].error) == "404 task: Unknown object: 999"


async def test_errors_are_what_they_are(live: Any) -> None:
    async with Client(live.api, "no such token") as client:
        found = await asyncio.gather(client.get("/users/me"), client.get("/tasks/1"), return_exceptions=True)
        assert [type(one) for one in found] == [NotAuthorized, NotAuthorized]
    async with Client(live.api, live.token) as client:
        with pytest.raises(NotFound, match="GET /tasks/999: 404 task: Unknown object: 999"):
            await client.get("/tasks/999")
        fault(live, kind="error", operation="getTask", status=500)
        with pytest.raises(ServerError):
            await client.get("/tasks/1034")


async def test_leaving_early_harms_nobody(live: Any, unharmed: None) -> None:
    fault(live, kind="latency", operation="getTask", ms=700)
    async with Client(live.api, live.token) as client:
        with pytest.raises(CallTimeout):
            await client.get("/tasks/1034", timeout=0.2)
        waiting = [asyncio.ensure_future(client.get(f"/tasks/{gid}")) for gid in ("1034", "1049", "1052")]
        await asyncio.sleep(0.2)
        waiting[0].cancel()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert [one["gid"] for one in found[1:]] == ["1049", "1052"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_server_that_was_restarted_is_talked_to_as_before(serve: Callable[..., Any]) -> None:
    first = serve("--limits", "off")
    async with Client(first.api, first.token) as client:
        assert len(await asyncio.gather(*[client.get("/users/me") for _ in range(30)])) == 30
        first.process.terminate()
        first.process.wait(timeout=40)
        again = serve("--limits", "off", port=first.port, db=first.db)
        assert again.port == first.port
        assert len(await asyncio.gather(*[client.get("/users/me") for _ in range(30)])) == 30


def test_a_batch_is_handed_over_as_a_job_and_its_replies_are_waited_for(live: Any) -> None:
    async def conversation() -> None:
        async with Client(live.api, live.token) as client:
            handle = await client.submit(
                [post("/tasks", {"name": f"In a job {number}", "projects": [PROJECT]}) for number in range(40)]
            )
            replies = await handle.results(timeout=30)
            assert [reply.status for reply in replies] == [201] * 40
            assert [reply.data["name"] for reply in replies] == [f"In a job {number}" for number in range(40)]
            assert handle.state is not None
            assert handle.state.status == "succeeded"
            assert (await client.job(handle.id).refresh()).progress.done == 40
            await handle.remove()
            with pytest.raises(NotFound):
                await handle.refresh()

    asyncio.run(conversation())
