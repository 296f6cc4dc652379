"""What goes on after the answer, what tells others of it, and batches."""

from __future__ import annotations

import gzip
import hmac
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any
from urllib.request import urlopen

import asana
import pytest
from asana.rest import ApiException
from msgspec import json

from tests.acceptance.client.official import BEYOND, CLASSES, Client, body, gids, names, sent

COVERED = (
    asana.JobsApi,
    asana.ExportsApi,
    asana.OrganizationExportsApi,
    asana.ProjectTemplatesApi,
    asana.WebhooksApi,
    asana.BatchAPIApi,
)


def finished(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    """The job when it has succeeded."""
    until = time.monotonic() + 30
    while job["status"] == "in_progress":
        assert time.monotonic() < until
        job = asana.JobsApi(client).get_job(job["gid"], {})
    assert job["status"] == "succeeded"
    return job


def lines(url: str) -> list[Any]:
    """What an export file holds."""
    with urlopen(url) as response:
        return [json.decode(line) for line in gzip.decompress(response.read()).splitlines()]


def test_a_template_is_made_listed_used_and_deleted(
    client: Client, org: str, team: str, project: str, new_task: Any
) -> None:
    api = asana.ProjectTemplatesApi(client)
    new_task("Step")
    data = body(name="Pattern", public=True, team=team)
    job = finished(client, asana.ProjectsApi(client).project_save_as_template(data, project, {}))
    template = job["new_project_template"]["gid"]
    assert api.get_project_template(template, {})["name"] == "Pattern"
    assert template in gids(api.get_project_templates({"workspace": org}))
    assert template in gids(api.get_project_templates_for_team(team, {}))
    used = finished(client, api.instantiate_project(template, sent(name="Used", team=team)))
    assert names(asana.TasksApi(client).get_tasks({"project": used["new_project"]["gid"]})) == ["Step"]
    assert api.delete_project_template(template) == {}
    assert template not in gids(api.get_project_templates({"workspace": org}))


def test_exports_are_files(client: Client, org: str, project: str, new_task: Any) -> None:
    task, api = new_task("Exported"), asana.ExportsApi(client)
    asked = [{"resource_type": "task", "fields": ["name"]}]
    job = finished(client, api.create_resource_export(body(workspace=org, export_request_parameters=asked)))
    assert task in gids(lines(job["new_resource_export"]["download_url"]))
    job = finished(client, api.create_graph_export(body(parent=project)))
    with urlopen(job["new_graph_export"]["download_url"]) as response:
        assert task in gids(json.decode(gzip.decompress(response.read()))["data"])


def test_an_organization_is_exported_for_service_accounts(as_service: Client, as_grace: Client, org: str) -> None:
    api = asana.OrganizationExportsApi(as_service)
    export = api.create_organization_export(body(organization=org), {})
    until = time.monotonic() + 30
    while export["state"] != "finished":
        assert time.monotonic() < until
        export = api.get_organization_export(export["gid"], {})
    assert org in gids(lines(export["download_url"]))
    with pytest.raises(ApiException) as refused:
        asana.OrganizationExportsApi(as_grace).create_organization_export(body(organization=org), {})
    assert refused.value.status == 403


class Receiver(BaseHTTPRequestHandler):
    """Confirms the handshake and keeps what arrives, as the documentation of webhooks shows."""

    secret = ""
    arrived: Queue[list[Any]]

    def do_POST(self) -> None:
        sent_body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        if "X-Hook-Secret" in self.headers:
            type(self).secret = self.headers["X-Hook-Secret"]
            self.send_header("X-Hook-Secret", self.secret)
        else:
            signature = hmac.new(self.secret.encode(), sent_body, "sha256").hexdigest()
            assert hmac.compare_digest(self.headers["X-Hook-Signature"], signature)
            self.arrived.put(json.decode(sent_body)["events"])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def target() -> Iterator[str]:
    """The address of a receiver."""
    Receiver.arrived = Queue()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_is_told_of_what_its_filters_let_through(
    client: Client, org: str, project: str, target: str, new_task: Any
) -> None:
    api = asana.WebhooksApi(client)
    only = [{"resource_type": "task", "action": "changed", "fields": ["completed"]}]
    hook = api.create_webhook(body(resource=project, target=target, filters=only), {})["gid"]
    assert Receiver.arrived.get(timeout=30) == []
    assert api.get_webhook(hook, {})["active"] is True
    assert gids(api.get_webhooks(org, {"resource": project})) == [hook]
    task = new_task()
    asana.TasksApi(client).update_task(body(completed=True), task, {})
    (event,) = Receiver.arrived.get(timeout=30)
    assert (event["resource"]["gid"], event["change"]["field"]) == (task, "completed")
    added = [{"resource_type": "task", "action": "added"}]
    assert len(api.update_webhook(body(filters=added), hook, {})["filters"]) == 1
    second = new_task()
    (event,) = Receiver.arrived.get(timeout=30)
    assert (event["resource"]["gid"], event["action"]) == (second, "added")
    assert api.delete_webhook(hook) == {}
    assert list(api.get_webhooks(org, {"resource": project})) == []


def test_a_batch_mixes_ten_kinds(client: Client, org: str, team: str, project: str, new_task: Any) -> None:
    task = new_task()

    def post(path: str, **data: Any) -> dict[str, Any]:
        return {"method": "post", "relative_path": path, "data": data}

    actions = [
        post("/tasks", name="T", projects=[project]),
        post("/projects", name="P", team=team),
        post("/tags", name="t", workspace=org),
        post("/goals", name="G", workspace=org),
        post("/portfolios", name="F", workspace=org),
        post(f"/projects/{project}/sections", name="S"),
        post(f"/tasks/{task}/stories", text="C"),
        post(f"/tasks/{task}/time_tracking_entries", duration_minutes=5, entered_on="2027-01-05"),
        post("/status_updates", parent=project, text="U", status_type="on_track"),
        post("/custom_fields", name="Batch field", workspace=org, resource_subtype="text"),
    ]
    results = list(asana.BatchAPIApi(client).create_batch_request(body(actions=actions), {}))
    assert [result["status_code"] for result in results] == [201] * 10, results
    made = [result["body"]["data"]["resource_type"] for result in results]
    kinds = ["task", "project", "tag", "goal", "portfolio", "section", "story", "time_tracking_entry", "status_update"]
    assert made == [*kinds, "custom_field"]
    gets = [
        {"method": "get", "relative_path": result["headers"]["location"].removeprefix("/api/1.0")} for result in results
    ]
    read = list(asana.BatchAPIApi(client).create_batch_request(body(actions=gets), {}))
    assert [result["body"]["data"]["gid"] for result in read] == [result["body"]["data"]["gid"] for result in results]


def test_every_class_is_covered_somewhere() -> None:
    from tests.acceptance.client import test_goals, test_people, test_projects, test_resources, test_tasks  # noqa: PLC0415

    modules = (test_goals, test_people, test_projects, test_resources, test_tasks, sys.modules[__name__])
    covered = [kind.__name__ for module in modules for kind in module.COVERED]
    beyond = {name.partition(".")[0] for name in BEYOND} - set(covered)
    assert sorted(covered) == sorted(set(CLASSES) - beyond)


def test_every_method_was_called(tally: Any, request: pytest.FixtureRequest) -> None:
    tally.check(sys.modules[__name__], request.node.name)
