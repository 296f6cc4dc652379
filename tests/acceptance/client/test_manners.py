"""What the client does by itself with requests and answers: pages, native values, headers, errors, patience."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import asana
import pytest
from asana.rest import ApiException
from msgspec import json

from tests.acceptance.client.official import Client, Tally, body, client_of, gids, names
from tests.acceptance.conftest import Live
from tests.acceptance.test_controls import control


@pytest.fixture
def five(project: str, new_task: Any) -> list[str]:
    """Five tasks of the test's project, in order."""
    return [new_task(f"{number}") for number in range(5)]


@pytest.fixture
def refused() -> Callable[..., tuple[int, str, bool]]:
    """Has the client refused something: the status, the message, and whether there is help."""

    def refused(ask: Callable[[], Any]) -> tuple[int, str, bool]:
        with pytest.raises(ApiException) as error:
            ask()
        assert error.value.headers["Content-Type"].lower() == "application/json; charset=utf-8"
        (told,) = json.decode(error.value.body)["errors"]
        return error.value.status, told["message"], "help" in told

    return refused


# -- pages -----------------------------------------------------------------------------------------------------------


def test_a_list_goes_on_from_page_to_page(live: Live, tally: Tally, project: str, five: list[str]) -> None:
    paging = asana.TasksApi(client_of(live, tally, page_limit=2))
    assert gids(paging.get_tasks({"project": project})) == five
    assert gids(paging.get_tasks({"project": project}, item_limit=3)) == five[:3]
    assert gids(paging.get_tasks({"project": project}, item_limit=99)) == five


def test_pages_may_be_asked_for_by_hand(client: Client, project: str, five: list[str]) -> None:
    found, asked = [], {"project": project, "limit": 2, "opt_fields": ["name", "completed"]}
    while True:
        page = asana.TasksApi(client).get_tasks(dict(asked), full_payload=True)
        found.append(names(page["data"]))
        if page["next_page"] is None:
            break
        asked["offset"] = page["next_page"]["offset"]
    assert found == [["0", "1"], ["2", "3"], ["4"]]


def test_without_iterators_a_list_comes_whole_and_unpaged(
    live: Live, tally: Tally, project: str, five: list[str]
) -> None:
    whole = asana.TasksApi(client_of(live, tally, return_page_iterator=False)).get_tasks({"project": project})
    assert gids(whole["data"]) == five
    assert whole.keys() == {"data"}


def test_events_are_followed_from_the_first_call_on(client: Client, project: str, new_task: Any) -> None:
    """Without a token the client takes the one that came with the 412 and goes on with it."""
    stream = asana.EventsApi(client).get_events(project, {})
    assert list(stream) == []
    asked = {"sync": _token(client, project)}
    made = [new_task("Seen"), *(new_task(f"{number}") for number in range(3))]
    found = asana.EventsApi(client).get_events(project, asked)
    assert [e["resource"]["gid"] for e in found if (e["type"], e["action"]) == ("task", "added")] == made


def _token(client: Client, project: str) -> str:
    with pytest.raises(ApiException) as first:
        asana.EventsApi(client).get_events(project, {}, full_payload=True)
    assert first.value.status == 412
    return str(json.decode(first.value.body)["sync"])


# -- values ----------------------------------------------------------------------------------------------------------


def test_values_are_native_ones(client: Client, project: str) -> None:
    tasks = asana.TasksApi(client)
    data = body(name="Dated", projects=[project], start_on=date(2027, 3, 1), due_on=date(2027, 3, 2))
    task = tasks.create_task(data, {"opt_fields": ["start_on", "due_on"]})
    assert (task["start_on"], task["due_on"]) == ("2027-03-01", "2027-03-02")
    for moment in (datetime(2027, 3, 2, 12), datetime(2027, 3, 2, 12, tzinfo=UTC)):  # noqa: DTZ001 - what clients send
        timed = tasks.update_task(body(due_at=moment, start_on=None), task["gid"], {"opt_fields": "due_at"})
        assert timed["due_at"] == "2027-03-02T12:00:00.000Z"
    long_ago, far_off = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
    assert gids(tasks.get_tasks({"project": project, "modified_since": long_ago})) == [task["gid"]]
    assert gids(tasks.get_tasks({"project": project, "modified_since": far_off})) == []
    projects = asana.ProjectsApi(client)
    projects.update_project(body(archived=True), project, {})
    org = projects.get_project(project, {})["workspace"]["gid"]
    assert project in gids(projects.get_projects({"workspace": org, "archived": True}))
    assert project not in gids(projects.get_projects({"workspace": org, "archived": False}))


def test_any_letters_come_back_as_they_were_written(client: Client, new_task: Any) -> None:
    name = 'Grüße, 日本 \U0001f389 "quoted" <b>&amp;</b> \\ /'
    notes = "first line\nsecond\tline"
    task = asana.TasksApi(client).get_task(new_task(name, notes=notes), {})
    assert (task["name"], task["notes"]) == (name, notes)


def test_files_of_any_name_come_back_as_they_were_sent(client: Client, new_task: Any, tmp_path: Path) -> None:
    api, task = asana.AttachmentsApi(client), new_task()
    file = tmp_path / "Plän 日本.bin"
    file.write_bytes(bytes(range(256)) * 500)
    made = api.create_attachment_for_object({"parent": task, "file": str(file)})["gid"]
    shown = api.get_attachment(made, {"opt_fields": "name,size,download_url"})
    assert (shown["name"], shown["size"]) == (file.name, 128_000)
    with urlopen(shown["download_url"]) as response:
        assert response.read() == file.read_bytes()
    link = {"parent": task, "resource_subtype": "external", "url": "https://fanfold.test/x", "name": "Elsewhere"}
    external = api.create_attachment_for_object(link)["gid"]
    assert gids(api.get_attachments_for_object(task, {})) == [made, external]
    assert api.get_attachment(external, {})["view_url"] == "https://fanfold.test/x"


# -- answers ---------------------------------------------------------------------------------------------------------


def test_status_and_headers_can_be_had_too(client: Client, org: str) -> None:
    tags = asana.TagsApi(client)
    made = tags.create_tag(body(name="new", workspace=org), {})["gid"]
    last = client.last_response
    assert (last.status, last.getheader("Location")) == (201, f"/api/1.0/tags/{made}")
    assert tags.delete_tag(made) == {}
    assert (client.last_response.status, client.last_response.getheader("Location")) == (200, None)


def test_requests_may_be_sent_in_the_background(client: Client, five: list[str]) -> None:
    tasks = asana.TasksApi(client)
    under_way = [tasks.get_task(gid, {"opt_fields": "name"}, async_req=True) for gid in five]
    assert [thread.get(30)["data"]["name"] for thread in under_way] == ["0", "1", "2", "3", "4"]


def test_refusals_say_what_is_wrong(live: Live, tally: Tally, client: Client, org: str, refused: Any) -> None:
    tasks, users = asana.TasksApi(client), asana.UsersApi(client_of(live, tally, "no-such-token"))
    said = refused(lambda: tasks.create_task(body(due_on="soon", workspace=org), {}))
    assert said == (400, "due_on: Date must be in ISO-8601 (yyyy-mm-dd) format, not: soon", True)
    assert refused(lambda: users.get_user("me", {})) == (401, "Not Authorized", True)
    assert refused(lambda: tasks.get_task("12", {})) == (404, "task: Unknown object: 12", True)
    assert refused(lambda: tasks.delete_task("a/b")) == (404, "task: Not a recognized ID: a/b", True)
    assert refused(lambda: list(tasks.get_tasks({})))[0] == 400
    batch = asana.BatchAPIApi(client)
    assert refused(lambda: list(batch.create_batch_request(body(actions=[]), {})))[:2] == (
        400,
        "actions: Must contain at least one action",
    )


def test_whoever_may_not_is_told_so(client: Client, as_grace: Client, org: str, refused: Any) -> None:
    role = body(name="King", description="Rules", workspace=org, base_role_type="admin")
    assert refused(lambda: asana.RolesApi(as_grace).create_role(role, {}))[0] == 403


def test_reading_waits_as_long_as_it_is_told_and_writing_does_not(live: Live, client: Client, org: str) -> None:
    def strike(**fault: Any) -> None:
        status, made = control(live, "POST", "faults", fault)
        assert status < 300, made

    strike(kind="rate_limit", operation="getUser", retry_after=1, count=1)
    assert asana.UsersApi(client).get_user("me", {"opt_fields": "email"})["email"] == "ada@acme.example"
    strike(kind="rate_limit", operation="createTag", retry_after=7, count=1)
    with pytest.raises(ApiException) as refused:
        asana.TagsApi(client).create_tag(body(name="late", workspace=org), {})
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "7")
    strike(kind="error", operation="createTag", status=500, count=1)
    with pytest.raises(ApiException) as broken:
        asana.TagsApi(client).create_tag(body(name="late", workspace=org), {})
    assert json.decode(broken.value.body)["errors"][0].keys() >= {"message", "phrase"}
    assert asana.TagsApi(client).create_tag(body(name="late", workspace=org), {})["name"] == "late"
