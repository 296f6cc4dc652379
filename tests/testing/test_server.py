"""The server for other people's tests: there at once, put back between tests, controlled from Python."""

import threading
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, RemoteDisconnected

import asana
import pytest
from asana.rest import ApiException
from msgspec import json

from fanfold.testing import ControlRefusedError, running


def call(server, method, path, body=None, token=""):
    connection = HTTPConnection(*server.address.removeprefix("http://").split(":"), timeout=10)
    headers = {"Authorization": f"Bearer {token or server.token}", "Content-Type": "application/json"}
    try:
        connection.request(method, f"/api/1.0{path}", None if body is None else json.encode({"data": body}), headers)
        response = connection.getresponse()
        return response.status, json.decode(response.read())
    finally:
        connection.close()


def task_name(server):
    return call(server, "GET", "/tasks/1034")[1]["data"]["name"]


def test_it_serves_the_demo_to_the_official_client(asana_server):
    user = asana.UsersApi(asana_server.client()).get_user("me", {})
    assert (user["gid"], user["name"]) == ("1001", "Ada Lovelace")


def test_each_test_finds_it_as_after_the_start_one(asana_server):
    call(asana_server, "PUT", "/tasks/1034", {"name": "Changed"})
    asana_server.fault("error", operation="getTask")
    asana_server.clock.set("2030-01-01T00:00:00Z")
    assert call(asana_server, "GET", "/tasks/1034")[0] == 500


def test_each_test_finds_it_as_after_the_start_two(asana_server):
    assert asana_server.requests == []
    assert asana_server.faults == []
    assert task_name(asana_server) == "Write the imprint"
    assert abs(asana_server.clock.now - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_snapshot_is_gone_back_to(asana_server):
    name = asana_server.snapshot()
    call(asana_server, "PUT", "/tasks/1034", {"name": "Changed"})
    asana_server.restore(name)
    assert task_name(asana_server) == "Write the imprint"
    with pytest.raises(ControlRefusedError, match="Unknown object: nothing"):
        asana_server.restore("nothing")


def test_the_clock_moves_when_it_is_told(asana_server):
    asana_server.clock.set(datetime(2030, 1, 1, tzinfo=UTC))
    asana_server.clock.advance(timedelta(hours=1))
    asana_server.clock.advance(30)
    assert asana_server.clock.now == datetime(2030, 1, 1, 1, 0, 30, tzinfo=UTC)
    assert call(asana_server, "PUT", "/tasks/1034", {"completed": True})[1]["data"]["completed_at"].startswith("2030-")
    asana_server.clock.resume()
    assert asana_server.clock.now.year < 2030


def test_a_client_that_is_limited_sees_it(asana_server):
    asana_server.fault("rate_limit", retry_after=2, count=1)
    with pytest.raises(ApiException) as refused:
        asana.TasksApi(asana_server.client()).create_task({"data": {"name": "Tea", "workspace": "1005"}}, {})
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "2")
    assert asana.UsersApi(asana_server.client()).get_user("me", {})["gid"] == "1001"
    assert asana_server.faults[0]["struck"] == 1
    asana_server.clear_faults()
    assert asana_server.faults == []


def test_a_dropped_connection_is_dropped(asana_server):
    asana_server.fault("drop", operation="updateTask", after=True, count=1)
    with pytest.raises((RemoteDisconnected, ConnectionResetError)):
        call(asana_server, "PUT", "/tasks/1034", {"name": "It happened"})
    assert task_name(asana_server) == "It happened"
    assert [entry["status"] for entry in asana_server.requested(method="PUT")] == [None]


def test_requests_are_shown_and_forgotten(asana_server):
    call(asana_server, "PUT", "/tasks/1034", {"name": "Changed"})
    call(asana_server, "GET", "/tasks/1034")
    assert [entry["method"] for entry in asana_server.requests] == ["PUT", "GET"]
    assert asana_server.requested(method="PUT")[0]["sent"] == {"data": {"name": "Changed"}}
    asana_server.clear_requests()
    assert asana_server.requests == []


def test_seeds_are_loaded_from_python_and_from_files(asana_server, tmp_path):
    asana_server.load({"people": ["Kim"], "workspaces": [{"name": "Acme"}]})
    assert call(asana_server, "GET", "/users/me")[1]["data"]["name"] == "Kim"
    (tmp_path / "seed.yaml").write_text("people: [Lee]\nworkspaces: [{name: Acme}]")
    asana_server.load(tmp_path / "seed.yaml")
    assert call(asana_server, "GET", "/users/me")[1]["data"]["name"] == "Lee"
    (tmp_path / "seed.json").write_text("{}")
    with pytest.raises(ControlRefusedError, match=r"^seed\.json: expected at least one"):
        asana_server.load(str(tmp_path / "seed.json"))
    assert call(asana_server, "GET", "/users/me")[1]["data"]["name"] == "Lee"


def test_there_is_a_token_for_everybody(asana_server):
    grace = asana_server.token_for("grace@example.com")
    assert call(asana_server, "GET", "/users/me", token=grace)[1]["data"]["name"] == "Grace Hopper"
    assert asana_server.configuration(grace).access_token == grace


def test_settings_are_those_of_the_server_and_nothing_is_left_behind():
    before = set(threading.enumerate())
    with running(seed="empty", strict=True) as server:
        assert call(server, "GET", "/users/me?colour=red")[0] == 400
        assert call(server, "GET", "/projects?workspace=1002")[1]["data"] == []
        server.snapshot()
    assert set(threading.enumerate()) <= before  # those of other tests may have ended meanwhile
    with pytest.raises(ConnectionRefusedError):
        call(server, "GET", "/users/me")


def test_several_run_side_by_side():
    with running() as one, running(seed="empty") as other:
        assert one.address != other.address
        assert task_name(one) == "Write the imprint"
        assert call(other, "GET", "/tasks/1034")[0] == 404


def test_actions_may_start_in_random_order(asana_server):
    asana_server.shuffle(7)
    task = {"method": "put", "relative_path": "/tasks/1034"}
    last = set()
    for _ in range(5):
        actions = [{**task, "data": {"name": str(number)}} for number in range(10)]
        call(asana_server, "POST", "/batch", {"actions": actions})
        last.add(task_name(asana_server))
    assert last != {"9"}


class TestWithSettings:
    """A fixture of this name tells the server how to be."""

    @pytest.fixture
    def asana_server_settings(self):
        return {"seed": "empty", "strict": True}

    def test_they_are_its_own(self, asana_server):
        assert call(asana_server, "GET", "/tasks/1034")[0] == 404
        assert call(asana_server, "GET", "/users/me?colour=red")[0] == 400

    def test_a_reset_goes_back_to_its_own_seed(self, asana_server):
        asana_server.load({"people": ["Kim"], "workspaces": [{"name": "Acme"}]})
        asana_server.reset()
        assert call(asana_server, "GET", "/users/me")[1]["data"]["name"] == "Ada Lovelace"
