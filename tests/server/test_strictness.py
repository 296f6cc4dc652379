"""Told to be strict, the server refuses what no operation knows and names the nearest word; otherwise it is ignored."""

import pytest

from tests.server.conftest import ask

NEW = {"name": "Tea", "workspace": "1005"}


@pytest.fixture
def strict(make_app):
    return make_app(strict=True)


async def refusal(app, method, target, body=None):
    reply = await ask(app, method, f"/api/1.0{target}", body)
    assert reply.status == 400, reply.body
    return reply.json["errors"][0]["message"]


async def test_an_unknown_field_is_refused_with_the_nearest(strict):
    message = await refusal(strict, "POST", "/tasks", {"data": {**NEW, "asignee": "me"}})
    assert message == "asignee: asignee is not a field of this operation. Did you mean assignee?"


async def test_a_field_like_no_other_is_refused_without_a_proposal(strict):
    message = await refusal(strict, "PUT", "/tasks/1034", {"data": {"qqqqqq": 1}})
    assert message == "qqqqqq: qqqqqq is not a field of this operation."


async def test_a_verb_knows_only_what_it_takes(strict):
    assert "projects" in await refusal(strict, "POST", "/tasks/1034/addProject", {"data": {"projects": ["1054"]}})


async def test_an_unknown_parameter_is_refused_with_the_nearest(strict):
    assert "Did you mean limit?" in await refusal(strict, "GET", "/projects/1025/tasks?limitt=5")


@pytest.mark.parametrize("fields", ["nmae", "assignee.nmae", "name,projects.team.nmae", "(nmae|notes)"])
async def test_an_unknown_opt_field_is_refused_with_the_nearest(strict, fields):
    assert "Did you mean name?" in await refusal(strict, "GET", f"/tasks/1034?opt_fields={fields}")


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/tasks/1034?opt_fields=name,assignee.email,memberships.section.name,this.notes&opt_pretty", None),
        ("GET", "/projects/1025/tasks?limit=2&opt_expand=assignee", None),
        ("PUT", "/tasks/1034", {"data": {"gid": "1034", "resource_type": "task", "name": "A", "permalink_url": "x"}}),
        ("POST", "/tasks/1034/addTag", {"data": {"tag": "1008"}}),
        ("DELETE", "/tasks/1034", None),
    ],
)
async def test_what_is_known_is_taken(strict, method, target, body):
    workspace = (await ask(strict, "GET", "/api/1.0/workspaces/1005/tags")).json["data"][0]["gid"]
    if body and "tag" in body["data"]:
        body = {"data": {"tag": workspace}}
    assert (await ask(strict, method, f"/api/1.0{target}", body)).status == 200


async def test_an_action_of_a_batch_is_held_to_it_alone(strict):
    actions = [
        {"method": "post", "relative_path": "/tasks", "data": {**NEW, "nmae": "x"}},
        {"method": "get", "relative_path": "/users/me"},
    ]
    reply = await ask(strict, "POST", "/api/1.0/batch", {"data": {"actions": actions}})
    assert [result["status_code"] for result in reply.json["data"]] == [400, 200]


async def test_without_it_all_of_that_is_ignored(make_app):
    app = make_app()
    reply = await ask(app, "POST", "/api/1.0/tasks?limitt=5&opt_fields=nmae", {"data": {**NEW, "asignee": "me"}})
    assert reply.status == 201
