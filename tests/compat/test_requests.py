"""The adapter for requests: what threads ask at the same time travels together, and nobody can tell."""

import gc
import json
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from fanfold.compat.requests import BatchAdapter
from tests.compat.conftest import echoes, stubbed

THREADS = 20


@pytest.fixture
def session(server, headers):
    with requests.Session() as session:
        session.headers.update(headers)
        session.mount(server.url, BatchAdapter(server.url, window=0.05))
        yield session


def at_once(calls):
    """The outcomes of functions that threads call at the same time."""
    start = threading.Barrier(len(calls))

    def outcome(call):
        start.wait()
        try:
            return call()
        except requests.RequestException as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(outcome, calls))


def names_of_threads():
    return {thread.name for thread in threading.enumerate()}


def test_calls_of_several_threads_travel_in_batches(session, server):
    answers = at_once([lambda: session.get(f"{server.url}/users/me") for _ in range(THREADS)])
    assert {answer.json()["data"]["gid"] for answer in answers} == {"1001"}
    sent = server.requested(method="POST") + server.requested(method="GET")
    assert sum(len(entry["actions"]) or 1 for entry in sent) == THREADS
    assert len(sent) <= THREADS // 2


def test_each_thread_gets_its_own_answer(session, server):
    gids = [task["gid"] for task in session.get(f"{server.url}/tasks?project=1025").json()["data"]]
    answers = at_once([lambda gid=gid: session.get(f"{server.url}/tasks/{gid}") for gid in gids])
    assert [answer.json()["data"]["gid"] for answer in answers] == gids


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("GET", "/tasks/1030?opt_fields=name", {}),
        ("GET", "/tasks", {"params": {"project": "1025", "limit": 2, "opt_fields": "name"}}),
        ("GET", "/tasks/999", {}),
        ("PUT", "/tasks/1030?opt_fields=name", {"json": {"data": {"name": "Sähe"}}}),
        ("PUT", "/tasks/1030", {"json": {"data": {"due_on": "soon"}}}),
        ("POST", "/tasks", {"json": {"data": {"name": "x"}, "options": {"fields": ["name"]}}}),
    ],
)
def test_an_answer_is_what_it_would_be_alone(session, server, headers, method, path, sent):
    url = server.url + path
    alone = requests.request(method, url, headers=headers, timeout=30, **sent)
    found, _ = at_once([lambda: session.request(method, url, **sent), lambda: session.get(f"{server.url}/users/me")])
    changing = {"date", "fanfold-request-id", "location"}
    assert (found.status_code, found.reason, found.url, found.encoding) == (
        alone.status_code,
        alone.reason,
        alone.url,
        alone.encoding,
    )
    assert {name: value for name, value in found.headers.items() if name not in changing} == {
        name: value for name, value in alone.headers.items() if name not in changing
    }
    if "limit" not in sent.get("params", {}) and method != "POST":
        assert found.content == alone.content


def test_an_upload_goes_by_itself(session, server):
    upload, answer = at_once(
        [
            lambda: session.post(
                f"{server.url}/attachments", data={"parent": "1030"}, files={"file": ("a.txt", b"hello")}
            ),
            lambda: session.get(f"{server.url}/users/me"),
        ]
    )
    assert (upload.status_code, answer.status_code) == (200, 200)
    assert upload.json()["data"]["name"] == "a.txt"


def test_what_is_streamed_can_be_read(session, server):
    with session.get(f"{server.url}/users/me", stream=True) as answer:
        assert b"".join(answer.iter_content(7)).startswith(b'{"data"')


def test_errors_stay_with_their_call(session, server):
    good, bad = at_once([lambda: session.get(f"{server.url}/users/me"), lambda: session.get(f"{server.url}/tasks/999")])
    good.raise_for_status()
    with pytest.raises(requests.HTTPError, match="404"):
        bad.raise_for_status()


def test_its_retries_are_those_of_the_library(server, headers):
    retries = Retry(2, status_forcelist=[503], backoff_factor=0)
    server.fault("error", operation="getTask", status=503, count=2)
    with requests.Session() as session:
        session.headers.update(headers)
        session.mount(server.url, BatchAdapter(server.url, max_retries=retries, window=0))
        assert session.get(f"{server.url}/tasks/1030").status_code == 200
        server.fault("error", operation="getTask", status=503)
        with pytest.raises(requests.exceptions.RetryError):
            session.get(f"{server.url}/tasks/1030")
    server.clear_faults()


def exceptions_of(adapter, url, **about):
    with requests.Session() as session:
        session.mount("http://", adapter)
        return at_once([lambda: session.get(url, **about) for _ in range(3)])


def test_nobody_there_is_the_librarys_own_exception():
    with stubbed(echoes) as stub:
        url = stub.url
    alone = exceptions_of(HTTPAdapter(), f"{url}/t")
    found = exceptions_of(BatchAdapter(url, discover=False), f"{url}/t")
    assert [type(one) for one in found] == [type(one) for one in alone] == [requests.ConnectionError] * 3
    assert "refused" in str(found[0])


def test_a_timeout_is_the_librarys_own_exception():
    let_go = threading.Event()

    def never(*_):
        let_go.wait(10)
        return 200, {}, b"{}"

    with stubbed(never) as stub:
        found = exceptions_of(BatchAdapter(stub.url, discover=False, window=0.05), f"{stub.url}/t", timeout=0.2)
        let_go.set()
    assert [type(one) for one in found] == [requests.ReadTimeout] * 3


def test_a_server_without_batches_is_asked_one_by_one():
    def answering(method, path, body):
        return (404, {}, b"{}") if path.endswith("/batch") else echoes(method, path, body)

    with stubbed(answering) as stub, requests.Session() as session:
        session.mount(stub.url, BatchAdapter(stub.url, window=0.05))
        for _ in range(2):
            answers = at_once([lambda: session.post(f"{stub.url}/t", json={"data": {}}) for _ in range(4)])
            assert [answer.json() for answer in answers] == [{"data": {"alone": "POST /api/t"}}] * 4
        paths = sorted(path for method, path, _ in stub.asked if method == "POST")
    assert {path: len(list(group)) for path, group in groupby(paths)} == {"/api/batch": 1, "/api/t": 8}


def test_elsewhere_is_none_of_its_business():
    with stubbed(echoes) as stub, requests.Session() as session:
        session.mount("http://", BatchAdapter("http://elsewhere.test/api"))
        assert session.get(f"{stub.url}/t").json() == {"data": {"alone": "GET /api/t"}}
        assert "fanfold-compat" not in names_of_threads()


def test_closing_leaves_no_thread_behind(server, headers):
    with requests.Session() as session:
        session.headers.update(headers)
        session.mount(server.url, BatchAdapter(server.url))
        session.get(f"{server.url}/users/me")
        assert "fanfold-compat" in names_of_threads()
    assert not [name for name in names_of_threads() if name.startswith("fanfold-compat")]


def test_closing_ends_what_is_under_way():
    asked, let_go = threading.Event(), threading.Event()

    def never(*_):
        asked.set()
        let_go.wait(10)
        return 200, {}, b"{}"

    with stubbed(never) as stub, ThreadPoolExecutor(1) as pool:
        adapter = BatchAdapter(stub.url, discover=False)
        session = requests.Session()
        session.mount(stub.url, adapter)
        call = pool.submit(session.get, f"{stub.url}/t")
        assert asked.wait(10)
        closing = threading.Thread(target=adapter.close)
        closing.start()
        with pytest.raises(requests.ConnectionError):
            call.result(10)
        let_go.set()
        closing.join()


def test_a_closed_adapter_begins_anew(server, headers):
    adapter = BatchAdapter(server.url)
    with requests.Session() as session:
        session.headers.update(headers)
        session.mount(server.url, adapter)
        for _ in range(2):
            assert session.get(f"{server.url}/users/me").status_code == 200
            adapter.close()


def test_it_can_be_pickled(server, headers):
    adapter = pickle.loads(pickle.dumps(BatchAdapter(server.url, max_items=3)))
    with requests.Session() as session:
        session.headers.update(headers)
        session.mount(server.url, adapter)
        answers = at_once([lambda: session.get(f"{server.url}/users/me") for _ in range(6)])
    assert [answer.status_code for answer in answers] == [200] * 6
    assert max(len(entry["actions"]) for entry in server.requested(path="/batch")) <= 3


def test_an_adapter_that_nobody_has_any_more_leaves_no_thread_behind(server, headers):
    session = requests.Session()
    session.headers.update(headers)
    session.mount(server.url, BatchAdapter(server.url))
    assert session.get(f"{server.url}/users/me").status_code == 200
    (loop,) = [thread for thread in threading.enumerate() if thread.name == "fanfold-compat"]
    del session
    gc.collect()
    loop.join(10)
    assert not loop.is_alive()


def test_nothing_is_mixed_up_when_many_ask_much():
    with stubbed(echoes) as stub, requests.Session() as session:
        session.mount(stub.url, BatchAdapter(stub.url))

        def ask(number):
            if number % 3:
                return session.get(f"{stub.url}/t/{number}").json()["data"]
            return session.post(f"{stub.url}/t/{number}", json={"data": {"n": number}}).json()["data"]

        with ThreadPoolExecutor(THREADS) as threads:
            found = list(threads.map(ask, range(200)))
        together = [
            len(json.loads(body)["data"]["actions"]) for _, path, body in stub.asked if path == "/api/batch" and body
        ]
    for number, data in enumerate(found):
        path = data["relative_path"] if "relative_path" in data else data["alone"].split("/api")[1]
        assert path == f"/t/{number}"
        assert data.get("data", {"n": number}) == {"n": number}
    assert max(together) > 1
