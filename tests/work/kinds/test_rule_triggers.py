"""Rule triggers."""

import pytest

from fanfold.work.change import born


@pytest.fixture
def new_trigger(world, space, project):
    def new_trigger(**values):
        return str(born(world.system, "rule_trigger", int(space), name="Deploy", project=project, **values).gid)

    return new_trigger


@pytest.fixture
def task(world, project):
    return world.made("/tasks", {"name": "Work", "projects": [project]})


@pytest.fixture
def run(call, task):
    def run(trigger, data, resource=task, user=None):
        return call("POST", f"/rule_triggers/{trigger}/run", {"resource": resource, "action_data": data}, user=user)

    return run


def stories(call, task):
    return [(item["resource_subtype"], item["text"]) for item in call("GET", f"/tasks/{task}/stories")[1]]


def test_a_rule_leaves_its_comment_on_the_task(call, ada, task, new_trigger, run):
    trigger = new_trigger(comment="Build {build} is {state}{nothing}")
    assert run(trigger, {"build": 7, "state": "{build}"}) == (
        200,
        {"message": "The payload was saved and the rule has run"},
    )
    assert stories(call, task) == [("comment_added", "Build 7 is {build}")]
    assert call("GET", f"/tasks/{task}/stories")[1][0]["created_by"]["gid"] == ada


def test_a_rule_without_a_comment_tells_of_the_payload(call, task, new_trigger, run):
    trigger = new_trigger()
    assert run(trigger, {"build": "7", "more": [1]})[0] == 200
    assert run(trigger, {})[0] == 200
    told = [
        ("rule_triggered", 'ran the rule "Deploy" with build: 7, more: [1]'),
        ("rule_triggered", 'ran the rule "Deploy"'),
    ]
    assert stories(call, task) == told


def test_what_does_not_fit_is_refused(world, call, space, task, new_trigger, run):
    trigger = new_trigger()
    other = world.made("/tasks", {"name": "Other", "workspace": space})
    assert run(trigger, {}, other) == (400, f"resource: Not in the project of the rule: {other}")
    assert run(trigger, {}, "12") == (400, "resource: Unknown object: 12")
    assert run(trigger, {}, None) == (400, "resource: Missing input")
    assert run(trigger, "x") == (400, "action_data: Value is not a JSON object: x")
    assert run(trigger, {"x": "y" * 40_000}) == (400, "action_data: Must be at most 32768 bytes long")
    said = call("POST", f"/rule_triggers/{trigger}/run", {"resource": task})
    assert said == (400, "action_data: Missing input")
    assert run("12", {}) == (404, "rule_trigger: Unknown object: 12")
    assert stories(call, task) == []


def test_somebody_of_another_workspace_sets_off_nothing(eve, new_trigger, run):
    trigger = new_trigger()
    assert run(trigger, {}, user=eve) == (404, f"rule_trigger: Unknown object: {trigger}")
