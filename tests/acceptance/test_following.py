"""Following what happens, as those do who keep a copy: the events loop and the webhook receiver of the documentation.

With the official client against a real server process. Its own iterator asks for the same page again where there are
more than one, so the loop to the end takes whole answers. The receiver checks the signature of each delivery.
"""

from __future__ import annotations

import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from typing import Any

import asana
import pytest
from asana.rest import ApiException
from msgspec import json

from tests.acceptance.test_official_client import Client, batch, client_of
from tests.acceptance.test_webhooks import Receiver, receiver

__all__ = ["receiver"]

TASKS = 230
"""Their coming is more than two answers of the events loop hold."""


class Loop:
    """Keeps up with one resource: 412 gives the first token, each answer the next; one asks on while there is more."""

    def __init__(self, client: Client, resource: str) -> None:
        self.events, self.resource = asana.EventsApi(client), resource
        self.pages = 0
        with pytest.raises(ApiException) as refused:
            self.events.get_events(resource, {}, full_payload=True)
        assert refused.value.status == 412
        self.sync = json.decode(refused.value.body)["sync"]

    def once(self) -> tuple[list[Any], bool]:
        answer = self.events.get_events(self.resource, {"sync": self.sync}, full_payload=True)
        self.sync = answer["sync"]
        self.pages += 1
        return answer["data"], answer["has_more"]

    def to_the_end(self) -> list[Any]:
        found, more = self.once()
        while more:
            some, more = self.once()
            found += some
        return found


@pytest.fixture
def client(live: Any) -> Client:
    return client_of(live)


@pytest.fixture
def grace(live: Any) -> Client:
    """The client of another user."""
    command = ("token", "create", "--db", str(live.db), "--user", "grace@example.com")
    made = subprocess.run([sys.executable, "-m", "fanfold", *command], capture_output=True, text=True, check=True)
    return client_of(live, made.stdout.split()[-1])


@pytest.fixture
def workspace(live: Any) -> str:
    return str(live.data("GET", "/workspaces")[0]["gid"])


@pytest.fixture
def project(live: Any, workspace: str) -> str:
    team = live.data("GET", f"/workspaces/{workspace}/teams")[0]["gid"]
    return str(live.data("POST", "/projects", name="Followed", workspace=workspace, team=team)["gid"])


def create(client: Client, project: str, names: list[str]) -> list[str]:
    made: list[str] = []
    for start in range(0, len(names), 10):
        actions = [
            {"method": "post", "relative_path": "/tasks", "data": {"name": name, "projects": [project]}}
            for name in names[start : start + 10]
        ]
        made += [result["body"]["data"]["gid"] for result in batch(client, *actions)]
    return made


def short(event: Any) -> tuple[str, str, Any]:
    return event["resource"]["gid"], event["action"], (event.get("change") or {}).get("field")


# -- the events loop -------------------------------------------------------------------------------------------------


def test_the_clients_own_loop_takes_the_token_of_the_412(client: Client, project: str) -> None:
    events: Any = asana.EventsApi(client)
    place: dict[str, Any] = {}
    assert list(events.get_events(project, place)) == []
    (task,) = create(client, project, ["One"])
    assert [short(event) for event in events.get_events(project, place)] == [(task, "added", None)]


def test_the_loop_reads_all_of_it_in_order_and_then_nothing(client: Client, project: str) -> None:
    loop = Loop(client, project)
    tasks = create(client, project, [f"{n}" for n in range(TASKS)])
    assert [short(event) for event in loop.to_the_end()] == [(gid, "added", None) for gid in tasks]
    assert loop.pages == -(-TASKS // 100)
    assert loop.to_the_end() == []


def test_what_happens_between_two_answers_is_told_once(client: Client, project: str) -> None:
    loop = Loop(client, project)
    tasks = create(client, project, [f"{n}" for n in range(150)])
    found, more = loop.once()
    assert (len(found), more) == (100, True)
    asana.TasksApi(client).update_task({"data": {"name": "other"}}, tasks[0], {})
    tasks += create(client, project, ["late"])
    told = [short(event) for event in found + loop.to_the_end()]
    added = [(gid, "added", None) for gid in tasks]
    story, *rest = told[150:]
    assert told[:150] == added[:150]
    assert rest == [(tasks[0], "changed", "name"), added[150]]
    (renamed,) = asana.StoriesApi(client).get_stories_for_task(tasks[0], {})
    assert story == (renamed["gid"], "added", None)


def test_one_token_can_be_used_again_and_of_another_resource_not_at_all(client: Client, project: str) -> None:
    loop = Loop(client, project)
    token = loop.sync
    (task,) = create(client, project, ["One"])
    for _ in range(2):
        loop.sync = token
        assert [short(event) for event in loop.to_the_end()] == [(task, "added", None)]
    with pytest.raises(ApiException) as refused:
        asana.EventsApi(client).get_events(task, {"sync": token}, full_payload=True)
    assert refused.value.status == 412


def test_each_sees_who_did_what_and_nothing_that_is_hidden_from_them(
    client: Client, grace: Client, workspace: str, project: str
) -> None:
    loops = [Loop(whose, project) for whose in (client, grace)]
    (task,) = create(client, project, ["Shared"])
    asana.TasksApi(grace).update_task({"data": {"completed": True}}, task, {})
    told = [[(*short(event), event["user"]["name"]) for event in loop.to_the_end()] for loop in loops]
    assert told[0] == told[1]
    done = [event for event in told[0] if event[2] == "completed"]
    assert [event[3] for event in done] == ["Grace Hopper"]
    assert told[0][0] == (task, "added", None, "Ada Lovelace")
    private = asana.TasksApi(client).create_task({"data": {"name": "Mine", "workspace": workspace}}, {})["gid"]
    own = Loop(client, private)
    asana.TasksApi(client).update_task({"data": {"name": "Still mine"}}, private, {})
    assert (private, "changed", "name") in [short(event) for event in own.to_the_end()]
    with pytest.raises(ApiException) as refused:
        asana.EventsApi(grace).get_events(private, {"sync": own.sync}, full_payload=True)
    assert refused.value.status in (400, 403, 404)


# -- the webhook receiver ----------------------------------------------------------------------------------------------


def hooked(client: Client, resource: str, receiver: Receiver, *filters: dict[str, Any]) -> dict[str, Any]:
    """A webhook whose first delivery, the empty one, has arrived."""
    data: dict[str, Any] = {"resource": resource, "target": f"http://127.0.0.1:{receiver.server_port}/hook"}
    if filters:
        data["filters"] = list(filters)
    answer: dict[str, Any] = asana.WebhooksApi(client).create_webhook({"data": data}, {}, full_payload=True)
    assert json.decode(receiver.arrived.get(timeout=30)) == {"events": []}
    return answer


def delivered(receiver: Receiver, until: tuple[str, str, Any]) -> list[tuple[str, str, Any]]:
    """What arrives until an event does after which there is nothing more."""
    found: list[tuple[str, str, Any]] = []
    while until not in found:
        found += [short(event) for event in json.decode(receiver.arrived.get(timeout=30))["events"]]
    return found


def test_the_handshake_tells_both_sides_one_secret(
    client: Client, workspace: str, project: str, receiver: Receiver
) -> None:
    answer = hooked(client, project, receiver)
    assert answer["X-Hook-Secret"] == receiver.secret
    assert answer["data"]["resource"]["gid"] == project
    hooks = asana.WebhooksApi(client)
    shown = hooks.get_webhook(answer["data"]["gid"], {})
    assert (shown["active"], shown["delivery_retry_count"]) == (True, 0)
    assert "X-Hook-Secret" not in shown
    (listed,) = hooks.get_webhooks(workspace, {"resource": project})
    assert listed["gid"] == shown["gid"]


@pytest.mark.parametrize(("status", "echo"), [(200, False), (500, True)])
def test_a_target_that_does_not_agree_gets_no_webhook(
    client: Client, workspace: str, project: str, receiver: Receiver, status: int, echo: bool
) -> None:
    class Declining(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("X-Hook-Secret", self.headers["X-Hook-Secret"] if echo else "another secret")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    receiver.RequestHandlerClass = Declining
    hooks = asana.WebhooksApi(client)
    data = {"resource": project, "target": f"http://127.0.0.1:{receiver.server_port}/hook"}
    with pytest.raises(ApiException) as refused:
        hooks.create_webhook({"data": data}, {})
    assert refused.value.status == 400
    assert list(hooks.get_webhooks(workspace, {"resource": project})) == []


def test_filters_choose_and_can_be_replaced(client: Client, project: str, receiver: Receiver) -> None:
    tasks: Any = asana.TasksApi(client)
    done = {"resource_type": "task", "action": "changed", "fields": ["completed"]}
    comments = {"resource_type": "story", "resource_subtype": "comment_added", "action": "added"}
    hook = hooked(client, project, receiver, done, comments)["data"]
    assert hook["filters"] == [done, comments]
    (task,) = create(client, project, ["One"])
    tasks.update_task({"data": {"name": "Two", "completed": True}}, task, {})
    comment = asana.StoriesApi(client).create_story_for_task({"data": {"text": "Well"}}, task, {})["gid"]
    last = (comment, "added", None)
    assert delivered(receiver, last) == [(task, "changed", "completed"), last]
    deleted = {"resource_type": "task", "action": "deleted"}
    asana.WebhooksApi(client).update_webhook({"data": {"filters": [deleted]}}, hook["gid"], {})
    tasks.update_task({"data": {"completed": False}}, task, {})
    tasks.delete_task(task)
    assert delivered(receiver, (task, "deleted", None)) == [(task, "deleted", None)]
    asana.WebhooksApi(client).delete_webhook(hook["gid"])
    with pytest.raises(ApiException) as refused:
        asana.WebhooksApi(client).get_webhook(hook["gid"], {})
    assert refused.value.status == 404


def test_a_webhook_tells_what_the_loop_tells(client: Client, project: str, receiver: Receiver) -> None:
    loop = Loop(client, project)
    hooked(client, project, receiver)
    tasks = create(client, project, [f"{n}" for n in range(TASKS)])
    batch(client, *({"method": "delete", "relative_path": f"/tasks/{gid}"} for gid in tasks[-10:]))
    told = delivered(receiver, (tasks[-1], "deleted", None))
    assert told == [short(event) for event in loop.to_the_end()]
    assert len(told) == TASKS + 10


def test_higher_resources_are_told_of_projects_but_of_nothing_below_them(
    client: Client, workspace: str, project: str, receiver: Receiver
) -> None:
    hooked(client, workspace, receiver, {"action": "changed"})
    (task,) = create(client, project, ["Not told"])
    asana.TasksApi(client).update_task({"data": {"name": "Nor this"}}, task, {})
    asana.ProjectsApi(client).update_project({"data": {"name": "Told"}}, project, {})
    last = (project, "changed", "name")
    assert delivered(receiver, last) == [last]
