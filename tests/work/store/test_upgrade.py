"""A database of an earlier layout is upgraded where it is, and everything works on what it holds."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from fanfold.errors import RequestError, SetupError
from fanfold.model import Call, Caller
from fanfold.server.tokens import digest
from fanfold.work.api import WorkApi
from fanfold.work.deliveries import Deliveries
from fanfold.work.kinds import KINDS
from fanfold.work.store import SqliteStore
from fanfold.work.store.connection import VERSION

LAYOUT_1 = Path(__file__).parent / "layout_1.sql"

ADA, BOB, ORG, TEAM, TAG, PROJECT, TASK = "1001", "1002", "1003", "1008", "1011", "1022", "1035"
TEMPLATE, TEMPLATE_OF_NOTHING = "1056", "1081"
SYNC = "00000000003b69a551b847ca747bc5b9"
"""What the first release gave as a place in its log, before the last ten things that it was asked to do."""

READS = [route for kind in KINDS for route in kind.routes if route.method == "GET" and route.before is None]


class Upgraded:
    """The API over a database that was of layout 1."""

    def __init__(self, path: Path, now: datetime = datetime(2026, 3, 2, 12, tzinfo=UTC)) -> None:
        self.store = SqliteStore(path)
        self.api = WorkApi(self.store, base="https://fanfold.test/api/1.0", clock=lambda: now)

    def ask(self, method: str, path: str, user: str = ADA, *, data: Any = None, **query: str) -> tuple[int, Any]:
        """Status and body, or a refusal's message."""
        endpoint, params = self.api.resolve(method, path)
        call = Call(method, path, tuple(query.items()), {"data": data}, (), Caller("test", user), endpoint, params)
        try:
            answer = self.api.answer(call)
        except RequestError as error:
            return error.status, error.message
        finally:
            self.api.commit()
        return answer.status, msgspec.json.decode(answer.body)

    def data(self, method: str, path: str, user: str = ADA, *, data: Any = None, **query: str) -> Any:
        """The ``data`` of what has to succeed."""
        status, body = self.ask(method, path, user, data=data, **query)
        assert status < 300, body
        return body["data"]

    def names(self, path: str, **query: str) -> list[str]:
        return [record["name"] for record in self.data("GET", path, **query)]


def made(path: Path) -> Path:
    """A database of the first release."""
    connection = apsw.Connection(str(path))
    connection.execute(LAYOUT_1.read_text())
    connection.close()
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return made(tmp_path / "old.db")


@pytest.fixture
def old(file: Path) -> Iterator[Upgraded]:
    upgraded = Upgraded(file)
    yield upgraded
    upgraded.store.close()


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    """One for all who only read."""
    upgraded = Upgraded(made(tmp_path_factory.mktemp("unchanged") / "old.db"))
    yield upgraded
    upgraded.store.close()


def schema_of(path: Path) -> tuple[int, set[tuple[str, ...]]]:
    connection = apsw.Connection(str(path))
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return version, set(connection.execute("SELECT type, name, tbl_name FROM sqlite_schema"))
    finally:
        connection.close()


def test_a_file_of_the_first_release_gets_the_tables_of_a_new_one(file: Path, tmp_path: Path) -> None:
    assert schema_of(file)[0] == 1
    SqliteStore(file).close()
    SqliteStore(tmp_path / "new.db").close()
    assert schema_of(file) == schema_of(tmp_path / "new.db")
    assert schema_of(file)[0] == VERSION


def test_the_upgrade_is_made_once(file: Path) -> None:
    for _ in range(3):
        store = SqliteStore(file)
        found = store.targets(int(TEAM), "team.project_templates")
        store.close()
        assert found == [int(TEMPLATE), int(TEMPLATE_OF_NOTHING)]


def test_a_file_of_layout_2_gets_what_it_lacks_and_keeps_the_rest(file: Path) -> None:
    SqliteStore(file).close()
    newest = schema_of(file)
    connection = apsw.Connection(str(file))
    connection.execute("DROP TABLE answer; PRAGMA user_version = 2")
    # Since then a template has left its team: what was made good for layout 1 must not be made again.
    connection.execute("DELETE FROM link WHERE field = 'team.project_templates'")
    connection.close()
    store = SqliteStore(file)
    found = store.targets(int(TEAM), "team.project_templates")
    store.close()
    assert schema_of(file) == newest
    assert found == []


def test_a_file_of_layout_3_gets_shelves(file: Path) -> None:
    SqliteStore(file).close()
    newest = schema_of(file)
    connection = apsw.Connection(str(file))
    connection.execute("DROP TABLE shelved; PRAGMA user_version = 3")
    connection.close()
    SqliteStore(file).close()
    assert schema_of(file) == newest


def test_long_gids_of_other_systems_are_found_after_the_upgrade(file: Path) -> None:
    long, odd = "x" * 1001, "sha256:x"
    connection = apsw.Connection(str(file))
    for place, gid in enumerate(("short", long, odd)):
        link = (int(ORG), f"external:{gid}", place, int(TASK) if gid == long else 1043)
        connection.execute("INSERT INTO link (owner, field, position, target) VALUES (?, ?, ?, ?)", link)
    connection.close()
    upgraded = Upgraded(file)
    found = {gid: upgraded.data("GET", f"/tasks/external:{gid}")["gid"] for gid in ("short", long, odd)}
    upgraded.store.close()
    assert found == {"short": "1043", long: TASK, odd: "1043"}


def test_a_newer_layout_is_refused(file: Path) -> None:
    connection = apsw.Connection(str(file))
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    with pytest.raises(SetupError, match="newer Fanfold"):
        SqliteStore(file)


def test_tokens_and_counters_go_on(old: Upgraded) -> None:
    assert old.store.token_user(digest("an-old-token")) == (1, int(ADA))
    new = old.data("POST", "/tasks", data={"name": "New", "projects": [PROJECT]})
    assert int(new["gid"]) == 2025


@pytest.mark.parametrize("route", READS, ids=lambda route: route.operation + route.template.replace("/", "-"))
def test_every_read_understands_every_old_record(unchanged: Upgraded, route: Any) -> None:
    old = unchanged
    records = defaultdict(list)
    connection = apsw.Connection(old.store.path)
    for gid, kind in connection.execute("SELECT gid, kind FROM record ORDER BY gid"):
        records[kind].append(str(gid))
    connection.close()
    records["membership"] = records["project_membership"]
    (kind,) = re.findall(r"{(\w+?)_gid}", route.template)[:1] or ("",)
    query = {"workspace": ORG} | ({"resource": PROJECT, "sync": SYNC} if route.operation == "getEvents" else {})
    for gid in records[kind] if kind else [""]:
        path = route.template.replace(f"{{{kind}_gid}}", gid).replace("{custom_id}", "OLD-1").replace("{user_gid}", ADA)
        status, body = old.ask("GET", path, **query)
        assert status in (200, 400, 403, 404, 412), (path, body)
        if path.count("/") == 2 and kind and kind != "job":
            assert (status, body["data"]["gid"]) == (200, gid)


def test_the_log_of_the_first_release_is_read_on(old: Upgraded) -> None:
    status, body = old.ask("GET", f"/workspaces/{ORG}/events", sync=SYNC)
    assert status == 200
    told = [(event["action"], event["resource"]["gid"]) for event in body["data"]]
    assert told[:2] == [("added", "1054"), ("added", "1055")]
    assert ("deleted", "1032") in told
    old.data("PUT", "/tasks/1054", data={"name": "Newer"})
    _, body = old.ask("GET", f"/workspaces/{ORG}/events", sync=body["sync"])
    assert [event["change"]["field"] for event in body["data"] if event["resource"]["gid"] == "1054"] == ["name"]


def test_streams_of_records_begin_with_what_is_new(old: Upgraded) -> None:
    status, _ = old.ask("GET", f"/projects/{PROJECT}/events")
    assert status == 412
    place = old.store.last_event()
    old.data("PUT", f"/tasks/{TASK}", data={"completed": True})
    told = old.store.events_of(int(PROJECT), place, 100)
    assert int(TASK) in {gid for _, gid, _ in told}
    assert old.store.events_of(int(PROJECT), 0, 100) == told


def test_the_old_log_is_cut_off_when_its_time_has_come(file: Path) -> None:
    upgraded = Upgraded(file, datetime(2026, 3, 9, tzinfo=UTC))
    assert upgraded.store.first_event() == 1
    deliveries = Deliveries(upgraded.api)
    while asyncio.run(deliveries.prune()):
        pass
    assert upgraded.store.first_event() == upgraded.store.last_event()
    upgraded.store.close()


def test_what_is_old_is_found_by_searches(old: Upgraded) -> None:
    while old.store.index_is_behind():
        old.store.begin_action()
        old.store.index_step()
        old.store.end_action()
        old.store.commit()
    found = old.names(f"/workspaces/{ORG}/projects/search", text="old")
    assert sorted(found) == ["Old copy", "Old project"]


def test_an_old_template_is_listed_with_its_team_and_makes_a_project(old: Upgraded) -> None:
    assert old.names("/project_templates", team=TEAM) == ["Old pattern", "Pattern of nothing"]
    data = {"name": "Again", "requested_dates": [{"gid": "1", "value": "2026-04-01"}]}
    started = old.data("POST", f"/project_templates/{TEMPLATE}/instantiateProject", data=data)
    job = old.data("GET", f"/jobs/{started['gid']}")
    assert job["status"] == "succeeded"
    again = job["new_project"]["gid"]
    tasks = f"/projects/{PROJECT}/tasks", f"/projects/{again}/tasks"
    assert old.names(tasks[1]) == old.names(tasks[0])
    shown = old.data("GET", f"/projects/{again}")
    assert (shown["name"], shown["start_on"]) == ("Again", "2026-04-01")
    dates = {task["name"]: task["due_on"] for task in old.data("GET", tasks[1], opt_fields="name,due_on")}
    assert (dates["Old task 0"], dates["Old milestone"]) == ("2026-04-09", "2026-04-30")


def test_an_old_template_without_its_project_says_so(old: Upgraded) -> None:
    path = f"/project_templates/{TEMPLATE_OF_NOTHING}/instantiateProject"
    status, message = old.ask("POST", path, data={"name": "Nothing"})
    assert (status, message) == (400, "project_template: The project that it was saved from is no longer there")


def test_deleting_an_old_template_leaves_its_project(old: Upgraded) -> None:
    for gid in (TEMPLATE, TEMPLATE_OF_NOTHING):
        old.data("DELETE", f"/project_templates/{gid}")
    assert old.names("/project_templates", team=TEAM) == []
    assert len(old.names(f"/projects/{PROJECT}/tasks")) == 6


def test_what_came_later_works_on_what_is_old(old: Upgraded) -> None:
    goal = old.data("POST", "/goals", data={"name": "Goal", "workspace": ORG, "team": TEAM})["gid"]
    relation = old.data("POST", f"/goals/{goal}/addSupportingRelationship", data={"supporting_resource": PROJECT})
    assert relation["supporting_resource"]["gid"] == PROJECT
    portfolio = old.data("POST", "/portfolios", data={"name": "All", "workspace": ORG})["gid"]
    old.data("POST", f"/portfolios/{portfolio}/addItem", data={"item": PROJECT})
    assert old.names(f"/portfolios/{portfolio}/items") == ["Old project"]
    entry = {"duration_minutes": 30, "entered_on": "2026-03-02"}
    old.data("POST", f"/tasks/{TASK}/time_tracking_entries", data=entry)
    shown = old.data("GET", f"/tasks/{TASK}", opt_fields="actual_time_minutes")
    assert shown["actual_time_minutes"] == 30
    status = {"parent": PROJECT, "text": "Well", "status_type": "on_track"}
    update = old.data("POST", "/status_updates", data=status)["gid"]
    assert old.data("GET", f"/projects/{PROJECT}")["current_status_update"]["gid"] == update
    members = old.data("GET", "/memberships", parent=PROJECT)
    assert [member["member"]["gid"] for member in members] == [ADA, BOB]
    changed = old.data("PUT", f"/memberships/{members[1]['gid']}", data={"access_level": "viewer"})
    assert changed["access_level"] == "viewer"
    assert old.data("GET", f"/projects/{PROJECT}/task_counts", opt_fields="num_tasks") == {"num_tasks": 6}


def test_the_audit_log_begins_with_the_upgrade(old: Upgraded) -> None:
    path = f"/workspaces/{ORG}/audit_log_events"
    assert old.data("GET", path) == []
    old.data("DELETE", f"/tasks/{TASK}")
    noted = [(event["event_type"], event["resource"]["gid"]) for event in old.data("GET", path)]
    assert noted == [("task_deleted", "1043"), ("comment_deleted", "1047"), ("task_deleted", TASK)]


def test_what_is_old_can_be_changed_and_deleted(old: Upgraded) -> None:
    copied = old.data("POST", f"/tasks/{TASK}/duplicate", data={"name": "Twin", "include": "subtasks,tags,notes"})
    copy = copied["new_task"]["gid"]
    assert [tag["gid"] for tag in old.data("GET", f"/tasks/{copy}")["tags"]] == [TAG]
    assert old.names(f"/tasks/{copy}/subtasks") == ["Old subtask"]
    for path in ("/tasks/1043", f"/tasks/{TASK}", f"/tags/{TAG}", "/sections/1031", f"/projects/{PROJECT}"):
        status, body = old.ask("DELETE", path)
        assert (status, body) == ((400, body) if path == "/sections/1031" else (200, {"data": {}}))
    assert old.ask("GET", f"/projects/{PROJECT}")[0] == 404
