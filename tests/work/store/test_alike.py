"""Over either database the same requests are answered byte for byte alike."""

import msgspec
import pytest

from fanfold.errors import RequestError
from fanfold.model import Call, Caller
from fanfold.work.store import SqliteStore
from tests.databases import new_store_in
from tests.work.conftest import World

pytestmark = pytest.mark.services

NUMBERS = [0, -1, 1.5, 1e15, 123456789012345678, 1e-7, 0.1]
TEXTS = ["", " ", "Grüße 🎉", "\\u0000", "\\", '"', "%_", "\u2028", "a" * 5000, "\ud7ff\U0010ffff"]


class Twin(World):
    """A world over one of the databases; gids go by their order, as there are gaps in those of PostgreSQL."""

    def __init__(self, database, monkeypatch):
        monkeypatch.setattr("tests.work.conftest.new_store", lambda _: new_store_in(database))
        gids = iter(range(1001, 100_000))
        store = type(new_store_in(database)) if database == "postgres" else SqliteStore
        monkeypatch.setattr(store, "new_gid", lambda opened: self.gid(opened, next(gids)))
        super().__init__()
        self.store.signing_key = b"k" * 32

    @staticmethod
    def gid(store, gid):
        store._remembered.newborn[gid] = []
        return gid

    def bytes_of(self, method, path, data=None, **query):
        """Status and body as it is sent."""
        endpoint, params = self.api.resolve(method, path)
        pairs = tuple((name, str(value)) for name, value in query.items())
        body = None if data is None else {"data": data}
        try:
            answer = self.api.answer(Call(method, path, pairs, body, (), Caller("test", self.ada), endpoint, params))
        except RequestError as error:
            return error.status, error.message.encode()
        finally:
            self.api.commit()
        return answer.status, answer.body


class Day:
    """What somebody does in a day, and what they are shown."""

    def __init__(self, world):
        self.world = world
        self.shown = []
        self.space = world.workspace("Space", world.ada, world.bob)
        world.later(minutes=1)
        self.project = self.made("/projects", {"name": "Launch", "workspace": self.space})
        self.fields = {kind: self.field(kind) for kind in ("text", "number", "enum", "date", "people", "multi_enum")}
        self.tasks = [self.task(text) for text in TEXTS]
        self.change()
        self.plan()
        self.look()

    def do(self, method, path, data=None, **query):
        self.shown.append((method, path, *self.world.bytes_of(method, path, data, **query)))
        return self.shown[-1][-1]

    def made(self, path, data):
        return msgspec.json.decode(self.do("POST", path, data))["data"]["gid"]

    def field(self, kind):
        options = {"enum_options": [{"name": "B"}, {"name": "A"}]} if "enum" in kind else {}
        data = {"workspace": self.space, "name": kind, "resource_subtype": kind, **options}
        gid = self.made("/custom_fields", data)
        path = f"/projects/{self.project}/addCustomFieldSetting"
        self.do("POST", path, {"custom_field": gid, "insert_after": None})
        return gid

    def task(self, text):
        data = {"name": text, "notes": text, "projects": [self.project], "assignee": self.world.bob}
        gid = self.made("/tasks", data)
        self.do("PUT", f"/tasks/{gid}", {"custom_fields": {self.fields["text"]: text}})
        self.do("POST", f"/tasks/{gid}/stories", {"text": text or "x"})
        return gid

    def change(self):
        for number, task in zip(NUMBERS, self.tasks, strict=False):
            values = {self.fields["number"]: number}
            self.do("PUT", f"/tasks/{task}", {"custom_fields": values, "external": {"gid": f"x{task}"}})
            self.do("GET", f"/tasks/external:x{task}", opt_fields="custom_fields,external")
        first, second, third, *_ = self.tasks
        values = {self.fields["people"]: [self.world.bob], self.fields["date"]: {"date": "2026-01-02"}}
        self.do("PUT", f"/tasks/{first}", {"custom_fields": values})
        self.do("PUT", f"/tasks/{first}", {"due_on": "2026-02-02", "start_on": "2026-01-01", "completed": True})
        self.do("PUT", f"/tasks/{first}", {"due_on": "2026-03-02", "completed": False})
        self.do("POST", f"/tasks/{second}/subtasks", {"name": "Below"})
        self.do("POST", f"/tasks/{third}/addProject", {"project": self.project, "insert_after": None})
        self.do("POST", f"/tasks/{first}/time_tracking_entries", {"duration_minutes": 30, "entered_on": "2026-01-05"})

    def plan(self):
        goal = self.made("/goals", {"name": "Goal", "workspace": self.space})
        metric = {"unit": "currency", "currency_code": "EUR", "target_number_value": 10.5}
        self.do("POST", f"/goals/{goal}/setMetric", metric)
        self.do("GET", f"/goals/{goal}", opt_fields="metric")
        self.do("POST", "/budgets", {"budget_type": "time", "parent": self.project})
        self.do("GET", "/budgets", parent=self.project)
        self.do("POST", f"/projects/{self.project}/project_statuses", {"text": "Well", "color": "green"})

    def look(self):
        project, space, fields = f"/projects/{self.project}", f"/workspaces/{self.space}", "name,assignee.name"
        for task in self.tasks:
            self.do("GET", f"/tasks/{task}")
            self.do("GET", f"/tasks/{task}/stories")
        self.do("GET", f"{project}/tasks", limit=3, opt_fields=f"{fields},memberships.section,custom_fields")
        self.do("GET", project, opt_pretty="true")
        self.do("GET", f"{project}/task_counts", opt_fields="num_tasks,num_completed_tasks")
        for text in ("gr", "u0000", "a" * 1000):
            self.do("GET", f"{space}/tasks/search", text=text)
            self.do("GET", f"{space}/typeahead", resource_type="task", query=text)
        self.do("GET", f"{space}/tasks/search", **{f"custom_fields.{self.fields['number']}.greater_than": "1"})
        self.do("GET", f"{space}/events")
        self.do("DELETE", f"/tasks/{self.tasks[1]}")
        self.do("GET", f"{space}/audit_log_events")
        self.do("GET", f"{project}/tasks")


def test_whatever_is_asked_is_answered_alike(monkeypatch):
    answers = []
    for database in ("sqlite", "postgres"):
        with monkeypatch.context() as patched:
            world = Twin(database, patched)
            answers.append(Day(world).shown)
            world.store.close()
    assert len(answers[0]) == len(answers[1]) > 100
    for one, other in zip(*answers, strict=True):
        assert one == other
    assert {status for _, _, status, _ in answers[0]} <= {200, 201, 400, 403, 404, 412}
