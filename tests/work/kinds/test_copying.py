"""Copying in steps: each may be done by another process, and together they come to the same as one."""

import pytest

from fanfold.work.api import WorkApi
from fanfold.work.kinds import copying
from fanfold.work.kinds.copy_task import Copier
from tests.databases import same_store
from tests.work.conftest import World

ALL = "task_subtasks,task_dependencies,task_dates"


class Reopened(World):
    """A world in a file, whose jobs only go on when told to."""

    def __init__(self, path):
        super().__init__(path)
        self.path = path
        self.api.background = lambda _: None

    def reopen(self):
        """Go on as another process would."""
        self.store.close()
        self.store = same_store(self.path)
        self.api = WorkApi(self.store, base="https://fanfold.test/api/1.0", clock=lambda: self.now)
        self.api.background = lambda _: None


@pytest.fixture
def world(monkeypatch, tmp_path):
    monkeypatch.setattr(copying, "CHUNK", 3)
    made = Reopened(tmp_path / "fanfold.db")
    yield made
    made.store.close()


@pytest.fixture
def tree(world, call, project):
    """A project with two sections, with subtasks below subtasks, one of which is in the project itself too."""
    second = world.made(f"/projects/{project}/sections", {"name": "Second"})
    made = {}
    for name in "abcde":
        made[name] = world.made("/tasks", {"name": name, "projects": [project]})
    for name in "abc":
        for number in range(4):
            made[f"{name}{number}"] = world.made("/tasks", {"name": f"{name}{number}", "parent": made[name]})
    made["b20"] = world.made("/tasks", {"name": "b20", "parent": made["b2"]})
    call("POST", f"/tasks/{made['c1']}/addProject", {"project": project, "insert_after": None})
    call("POST", f"/sections/{second}/addTask", {"task": made["d"]})
    call("POST", f"/tasks/{made['e']}/addDependencies", {"dependencies": [made["a3"], made["d"]]})
    return made


def outline(call, project):
    """What a project looks like: by section, each task with what hangs below it and what it waits for."""

    def task(item):
        below = call("GET", f"/tasks/{item['gid']}/subtasks")[1]
        waits = [other["name"] for other in call("GET", f"/tasks/{item['gid']}/dependencies")[1]]
        return item["name"], waits, [task(child) for child in below]

    return [
        (section["name"], [task(item) for item in call("GET", f"/sections/{section['gid']}/tasks")[1]])
        for section in call("GET", f"/projects/{project}/sections")[1]
    ]


def test_steps_done_by_one_process_after_the_other_copy_everything_once(world, call, project, space, tree):
    wanted = outline(call, project)
    job = world.made(f"/projects/{project}/duplicate", {"name": "Copy", "include": ALL})
    copy = call("GET", f"/jobs/{job}")[1]["new_project"]["gid"]
    steps = 1
    while call("GET", f"/jobs/{job}")[1]["status"] == "in_progress":
        world.reopen()
        assert world.store.unfinished() == [int(job)]
        world.api.session.carry_on(int(job))
        steps += 1
    assert steps > len(tree) // 3
    assert outline(world.call, copy) == wanted
    assert outline(world.call, project) == wanted
    assert (world.store.unfinished(), world.api.session.carry_on(int(job))) == ([], False)
    assert world.store.count(int(job), copying.COPIES) == 0
    found = world.call("GET", "/tasks", assignee="me", workspace=space)[1]
    assert found == []


def test_a_new_project_is_there_before_its_tasks(world, call, project, tree):
    status, job = call("POST", f"/projects/{project}/duplicate", {"name": "Copy"})
    assert (status, job["status"], job["new_project"]["name"]) == (201, "in_progress", "Copy")
    assert len(call("GET", f"/projects/{job['new_project']['gid']}/sections")[1]) == 2
    assert len(call("GET", f"/projects/{job['new_project']['gid']}/tasks")[1]) == 3


def test_a_job_that_breaks_in_the_middle_has_failed(world, call, project, tree, monkeypatch):
    job = world.made(f"/projects/{project}/duplicate", {"name": "Copy"})
    monkeypatch.setattr(Copier, "copy", lambda *_: 1 / 0)
    assert world.api.session.carry_on(int(job)) is False
    assert call("GET", f"/jobs/{job}")[1]["status"] == "failed"
    assert world.store.unfinished() == []
    copy = call("GET", f"/jobs/{job}")[1]["new_project"]["gid"]
    assert len(call("GET", f"/projects/{copy}/tasks")[1]) == 3


def test_a_job_whose_project_is_deleted_meanwhile_has_failed(world, call, project, tree):
    job = world.made(f"/projects/{project}/duplicate", {"name": "Copy"})
    copy = call("GET", f"/jobs/{job}")[1]["new_project"]["gid"]
    call("DELETE", f"/projects/{copy}")
    world.api.finish(int(job))
    assert call("GET", f"/jobs/{job}")[1]["status"] == "failed"


def test_tasks_that_are_deleted_meanwhile_are_left_out(world, call, project, tree):
    job = world.made(f"/projects/{project}/duplicate", {"name": "Copy", "include": ALL})
    for name in ("a", "b"):
        call("DELETE", f"/tasks/{tree[name]}")
    world.api.finish(int(job))
    shown = call("GET", f"/jobs/{job}")[1]
    assert shown["status"] == "succeeded"
    names = [task["name"] for task in call("GET", f"/projects/{shown['new_project']['gid']}/tasks")[1]]
    assert names == ["c1", "d", "a", "c", "e"]


def test_a_template_is_used_when_it_is_ready(world, call, project, tree):
    wanted = outline(call, project)
    job = call("POST", f"/projects/{project}/saveAsTemplate", {"name": "Pattern", "public": True})[1]
    template = job["new_project_template"]["gid"]
    path = f"/project_templates/{template}/instantiateProject"
    assert call("POST", path, {"name": "New"})[0] == 400
    world.api.finish(int(job["gid"]))
    call("DELETE", f"/projects/{project}")
    for task in tree.values():
        call("DELETE", f"/tasks/{task}")
    made = call("POST", path, {"name": "New"})[1]
    world.api.finish(int(made["gid"]))
    assert outline(call, made["new_project"]["gid"]) == wanted
