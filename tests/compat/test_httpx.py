"""The transport for httpx and httpx2: calls travel together, and nobody can tell."""

import asyncio
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from fanfold.compat.httpx import BatchTransport
from tests.compat.conftest import echoes

PACKAGES = ("httpx", "httpx2")
BASE = "http://api.test/api"


@pytest.fixture(params=PACKAGES)
def package(request):
    return pytest.importorskip(request.param)


@pytest.fixture
async def client(package, server, headers):
    transport = BatchTransport(server.url)
    async with package.AsyncClient(base_url=server.url, headers=headers, transport=transport) as client:
        yield client


@pytest.fixture
async def plain(package, server, headers):
    async with package.AsyncClient(base_url=server.url, headers=headers) as client:
        yield client


def mocked(package, answering, asked, **options):
    """A client whose requests end in a function."""

    async def handle(request):
        path = request.url.raw_path.decode()
        content = await request.aread()
        asked.append((request.method, path, content))
        found = answering(request.method, path, content)
        if isinstance(found, Exception):
            raise found
        status, headers, content = found
        return package.Response(status, headers=headers, content=content)

    transport = BatchTransport(BASE, transport=package.MockTransport(handle), **options)
    return package.AsyncClient(base_url=BASE, transport=transport)


async def test_calls_that_are_awaited_together_travel_in_batches(client, server):
    answers = await asyncio.gather(*[client.get("/users/me") for _ in range(25)])
    assert {answer.json()["data"]["gid"] for answer in answers} == {"1001"}
    assert sorted(len(entry["actions"]) for entry in server.requested(method="POST")) == [5, 10, 10]
    assert server.requested(method="GET") == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/tasks/1030", None),
        ("GET", "/tasks/1030?opt_fields=name,assignee.name", None),
        ("GET", "/tasks?project=1025&limit=2", None),
        ("GET", "/tasks?limit=2", None),
        ("GET", "/tasks?project=1025&limit=1000", None),
        ("GET", "/tasks/999", None),
        ("GET", "/nowhere", None),
        ("GET", "/users/m%65", None),
        ("PUT", "/tasks/1030", {"data": {"name": "Sähe {{x.body}}"}}),
        ("PUT", "/tasks/1030", {"data": {"due_on": "soon"}}),
        ("PUT", "/tasks/1030", {"data": {"name": "\x00"}}),
        ("POST", "/tasks", {"data": {}}),
        ("DELETE", "/tasks/999", None),
    ],
)
async def test_an_answer_is_what_it_would_be_alone(client, plain, server, method, path, body):
    sent = {} if body is None else {"json": body}
    alone = await plain.request(method, path, **sent)
    server.clear_requests()
    found, _ = await asyncio.gather(client.request(method, path, **sent), client.get("/users/me"))
    assert server.requested(path="/batch", method="POST")
    changing = {"date", "fanfold-request-id"}
    assert found.status_code == alone.status_code
    assert found.reason_phrase == alone.reason_phrase
    without_times = [_stripped(answer) for answer in (found, alone)]
    assert without_times[0] == without_times[1]
    assert {name: value for name, value in found.headers.items() if name not in changing} == {
        name: value for name, value in alone.headers.items() if name not in changing
    }
    assert str(found.url) == str(alone.url)


def _stripped(answer):
    body = answer.json()
    data = body.get("data")
    if isinstance(data, dict):
        data.pop("modified_at", None)
    if isinstance(body.get("next_page"), dict):
        body["next_page"] = sorted(body["next_page"])
    return body


async def test_what_is_created_has_its_location(client):
    made, _ = await asyncio.gather(
        client.post("/tasks", json={"data": {"name": "New", "projects": ["1025"]}}), client.get("/users/me")
    )
    assert (made.status_code, made.reason_phrase) == (201, "Created")
    assert made.headers["location"] == f"/api/1.0/tasks/{made.json()['data']['gid']}"


async def test_one_failing_call_leaves_the_others_alone(client, package):
    good, bad = await asyncio.gather(client.get("/users/me"), client.get("/tasks/999"))
    good.raise_for_status()
    with pytest.raises(package.HTTPStatusError, match="404"):
        bad.raise_for_status()


async def test_an_upload_goes_by_itself(client, server):
    upload, answer = await asyncio.gather(
        client.post("/attachments", data={"parent": "1030"}, files={"file": ("a.txt", b"hello", "text/plain")}),
        client.get("/users/me"),
    )
    assert (upload.status_code, answer.status_code) == (200, 200)
    assert upload.json()["data"]["name"] == "a.txt"
    assert [entry["path"] for entry in server.requested(path="/attachments")] == ["/api/1.0/attachments"]


async def test_what_is_streamed_up_goes_by_itself(client):
    async def pieces():
        yield b'{"data":'
        yield b'{"name":"Streamed","projects":["1025"]}}'

    made = await client.post("/tasks", content=pieces(), headers={"Content-Type": "application/json"})
    assert made.json()["data"]["name"] == "Streamed"


async def test_what_a_batch_refuses_goes_by_itself(client, server):
    answer, _ = await asyncio.gather(client.get("/organization_exports/1"), client.get("/users/me"))
    assert answer.status_code == 404
    assert len(server.requested(path="/organization_exports")) == 1


async def test_tokens_do_not_mix(client, server):
    other = {"Authorization": f"Bearer {server.token_for('grace@example.com')}"}
    server.clear_requests()
    answers = await asyncio.gather(
        *[client.get("/users/me", headers=other if number % 2 else None) for number in range(20)]
    )
    gids = [answer.json()["data"]["gid"] for answer in answers]
    assert len(set(gids[::2])) == len(set(gids[1::2])) == 1
    assert gids[0] != gids[1]
    assert sorted(len(entry["actions"]) for entry in server.requested(path="/batch", method="POST")) == [10, 10]


async def test_a_wrong_token_is_the_same_401(client, plain):
    wrong = {"Authorization": "Bearer wrong"}
    alone = await plain.get("/users/me", headers=wrong)
    found = await asyncio.gather(*[client.get("/users/me", headers=wrong) for _ in range(3)])
    assert [answer.status_code for answer in found] == [401] * 3
    assert found[0].json() == alone.json()


async def test_a_server_error_is_shown_and_not_tried_again(client, server):
    server.fault("error", operation="getTask", status=503, count=1)
    answers = await asyncio.gather(*[client.get("/tasks/1030") for _ in range(2)])
    assert sorted(answer.status_code for answer in answers) == [200, 503]


async def test_a_refusal_is_waited_out(client, server):
    server.fault("rate_limit", operation="getTask", count=1, retry_after=1)
    answers = await asyncio.gather(*[client.get("/tasks/1030") for _ in range(2)])
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_elsewhere_is_none_of_its_business(package, server, headers):
    transport = BatchTransport("http://elsewhere.test/api")
    async with package.AsyncClient(headers=headers, transport=transport) as client:
        answers = await asyncio.gather(*[client.get(f"{server.url}/users/me") for _ in range(3)])
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len(server.requested(method="GET")) == 3


async def test_a_server_without_batches_is_asked_one_by_one(package):
    asked = []

    def answering(method, path, body):
        return (404, {}, b"{}") if path.endswith("/batch") else echoes(method, path, body)

    async with mocked(package, answering, asked) as client:
        for _ in range(2):
            answers = await asyncio.gather(*[client.post("/t", json={"data": {"n": n}}) for n in range(3)])
            assert [answer.json() for answer in answers] == [{"data": {"alone": "POST /api/t"}}] * 3
    paths = [(method, path) for method, path, _ in asked]
    assert paths.count(("POST", "/api/batch")) == 1
    assert paths.count(("POST", "/api/t")) == 6


async def test_a_write_whose_answer_is_none_is_not_made_again(package):
    asked = []

    def answering(method, path, body):
        return (200, {"Content-Type": "text/html"}, b"<p>") if path == "/api/batch" else echoes(method, path, body)

    async with mocked(package, answering, asked) as client:
        found = await asyncio.gather(
            *[client.post("/t", json={"data": {}}) for _ in range(2)], client.get("/t"), return_exceptions=True
        )
    assert [type(one) for one in found] == [package.RemoteProtocolError] * 2 + [package.Response]
    assert found[0] is not found[1]
    assert found[2].json() == {"data": {"alone": "GET /api/t"}}
    assert ("POST", "/api/t") not in [(method, path) for method, path, _ in asked]


@pytest.mark.parametrize("name", ["ConnectError", "ConnectTimeout", "ReadTimeout", "RemoteProtocolError"])
async def test_what_goes_wrong_on_the_way_is_the_librarys_own_exception(package, name):
    kind = getattr(package, name)
    async with mocked(package, lambda *_: kind("broken"), [], discover=False) as client:
        found = await asyncio.gather(*[client.get("/t") for _ in range(3)], return_exceptions=True)
    assert [type(one) for one in found] == [kind] * 3
    assert len({id(one) for one in found}) == 3
    assert str(found[0]) == "broken"
    assert found[0].request.url.path == "/api/t"


async def test_closing_ends_what_is_under_way(package):
    asked = asyncio.Event()

    async def never(_request):
        asked.set()
        await asyncio.Event().wait()

    transport = BatchTransport(BASE, transport=package.MockTransport(never), discover=False)
    client = package.AsyncClient(transport=transport)
    asking = [asyncio.create_task(client.get(f"{BASE}/t")) for _ in range(2)]
    await asked.wait()
    await client.aclose()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(one) for one in found] == [package.ReadError] * 2
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_timeout_is_kept(client, server, package):
    server.fault("latency", operation="getTask", ms=5000)
    found = await asyncio.gather(
        *[client.get("/tasks/1030", timeout=0.2) for _ in range(2)], client.get("/users/me"), return_exceptions=True
    )
    assert [type(one) for one in found] == [package.ReadTimeout] * 2 + [package.Response]


@given(st.lists(st.tuples(st.sampled_from(["GET", "POST", "PATCH"]), st.integers(0, 9)), max_size=40))
def test_everybody_gets_the_answer_to_what_they_asked(calls):
    package = import_module("httpx")

    async def ask():
        async with mocked(package, echoes, [], discover=False) as client:
            return await asyncio.gather(
                *[
                    client.request(
                        method, f"/t/{number}", **({"json": {"data": {"n": place}}} if method != "GET" else {})
                    )
                    for place, (method, number) in enumerate(calls)
                ]
            )

    answers = asyncio.run(ask())
    for place, ((method, number), answer) in enumerate(zip(calls, answers, strict=True)):
        data = json.decode(answer.content)["data"]
        if "alone" in data:
            assert data == {"alone": f"{method} /api/t/{number}"}
        else:
            assert (data["method"], data["relative_path"]) == (method.lower(), f"/t/{number}")
            assert data.get("data", {"n": place}) == {"n": place}
