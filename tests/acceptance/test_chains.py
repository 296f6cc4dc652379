"""Actions that use each other's results, and results as they finish: real processes, real sockets."""

import json
import threading
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.acceptance.test_gateway import gateway_running
from tests.upstreams import upstream_running


@pytest.fixture(scope="module")
def upstream():
    with upstream_running() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(upstream, tmp_path_factory):
    flags = ("--allow-private", "--upstream", upstream.url)
    with gateway_running(tmp_path_factory.mktemp("gateway"), *flags, FANFOLD_METRICS="true") as (address, _):
        yield address


def opened(address, *actions, accept="application/x-ndjson", options=None, **headers):
    """A response whose body is still to be read, and its connection."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
    data = {"actions": actions} | ({"options": options} if options else {})
    sent = {"Content-Type": "application/json", "Accept": accept, **headers}
    connection.request("POST", "/batch", json.dumps({"data": data}), sent)
    return connection.getresponse(), connection


def get(path, **more):
    return {"method": "get", "relative_path": path, **more}


def test_create_file_comment_and_read_back_are_one_request(live):
    task, section, story, read = live.batch(
        {"id": "task", "method": "post", "relative_path": "/tasks", "data": {"name": "Chain", "projects": ["1025"]}},
        {"id": "in", "method": "post", "relative_path": "/sections/1048/addTask",
         "data": {"task": "{{task.body.data.gid}}"}},
        {"id": "say", "method": "post", "relative_path": "/tasks/{{task.body.data.gid}}/stories",
         "data": {"text": "{{task.body.data.name}}"}},
        get("/tasks/{{task.body.data.gid}}", depends_on=["in", "say"], options={"fields": ["memberships.section.gid"]}),
    )  # fmt: skip
    assert [one["status_code"] for one in (task, section, story, read)] == [201, 200, 201, 200]
    assert story["body"]["data"]["text"] == "Chain"
    assert [one["section"]["gid"] for one in read["body"]["data"]["memberships"]] == ["1048"]


def test_a_project_with_all_its_tasks_is_one_request(live):
    listed, each = live.batch(
        get("/projects/1025/tasks", id="list"),
        get("/tasks/{{item.gid}}", for_each="{{list.body.data}}", options={"fields": ["name"]}),
    )
    assert [one["body"]["data"]["gid"] for one in each["body"]["data"]] == [
        task["gid"] for task in listed["body"]["data"]
    ]


def test_the_work_api_streams_results_too(live):
    connection = HTTPConnection(live.host, live.port, timeout=30)
    body = json.dumps({"data": {"actions": [get("/users/me"), get("/nowhere")]}})
    sent = {"Authorization": f"Bearer {live.token}", "Content-Type": "application/json", "Accept": "text/event-stream"}
    connection.request("POST", "/api/1.0/batch", body, sent)
    response = connection.getresponse()
    assert response.getheader("Content-Type") == "text/event-stream"
    events = response.read().decode().strip().split("\n\n")
    connection.close()
    assert [event.split("\n")[0] for event in events] == ["event: result", "event: result", "event: summary"]
    assert json.loads(events[2].split("data: ")[1])["summary"]["failed"] == 1


def test_what_may_be_asked_of_the_work_api_can_be_asked(serve):
    live = serve("--limits", "requests=50")
    status, told, headers = live.call("OPTIONS", "/api/1.0/batch")
    assert (status, headers["allow"]) == (200, "OPTIONS, POST")
    assert told["data"]["max_actions"] == 10
    assert headers["ratelimit"] == '"requests";r=50;t=0'
    _, told, headers = live.call("OPTIONS", "/api/1.0/batch", token="nobody's")
    assert (told["data"]["limits"], "ratelimit" in headers) == ([], False)


def test_nine_quick_results_do_not_wait_for_a_slow_one(gateway):
    response, connection = opened(gateway, get("/hang/1", timeout=20), *(get(f"/echo/{n}") for n in range(9)))
    lines = [json.loads(response.readline()) for _ in range(9)]
    connection.close()
    assert sorted(line["index"] for line in lines) == list(range(1, 10))
    assert {line["status_code"] for line in lines} == {200}


def test_a_chain_through_a_gateway(gateway, upstream):
    response, connection = opened(
        gateway,
        {"id": "order", "method": "post", "relative_path": "/orders", "data": {"item": "../x y"}},
        get("/echo/{{order.body.id}}/{{order.body.item}}", id="bad"),
        get("/echo/{{order.body.id}}", data={"q": "{{order.body.item}}"},
            headers={"If-None-Match": "{{order.headers.location}}"}),
        accept="application/json",
    )  # fmt: skip
    results = json.loads(response.read())["data"]
    connection.close()
    assert [one["status_code"] for one in results] == [201, 400, 200]
    assert results[2]["body"]["path"] == "/echo/7?q=..%2Fx%20y"
    assert results[2]["body"]["headers"]["if-none-match"] == "/orders/7"


def test_whoever_leaves_a_stream_leaves_no_read_behind(gateway, upstream):
    response, connection = opened(gateway, get("/hang/2"), get("/echo/first"))
    assert json.loads(response.readline())["index"] == 1
    connection.close()
    until = time.monotonic() + 10
    while upstream.hanging and time.monotonic() < until:
        time.sleep(0.01)
    assert not upstream.hanging


def test_a_thousand_readers_who_leave_harm_nobody(gateway):
    def leave():
        for number in range(25):
            response, connection = opened(gateway, get(f"/echo/{number}"), get(f"/slices/{number}"))
            response.readline()
            connection.close()

    threads = [threading.Thread(target=leave) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    response, connection = opened(gateway, get("/echo/last"))
    assert json.loads(response.readline())["body"]["path"] == "/echo/last"
    connection.close()


def test_metrics_tell_of_actions_by_mount_and_not_of_the_batch(gateway):
    pytest.importorskip("prometheus_client", reason="the metrics extra is not installed")
    connection = HTTPConnection(urlsplit(gateway).netloc, timeout=30)
    connection.request("GET", "/-/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    assert 'fanfold_batches_total{status="200"}' in text
    assert 'fanfold_action_seconds_count{method="GET",route="/",status="200"}' in text
    assert "batch}" not in text
