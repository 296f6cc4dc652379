"""Whatever a client sends in any field or parameter of any operation, it is answered or refused, never a crash."""

from urllib.parse import urlencode

import pytest

from fanfold.work.kinds import KINDS

WEIRD = (
    *(
        None,
        True,
        -1,
        0,
        2**62,
        1.5,
        1e300,
        10**400,
        "",
        " ",
        "x",
        "me",
        "999999999999999999",
        "9" * 19,
        "9" * 30,
        "-1",
        "٣",
    ),
    *(
        "\x00",
        "\ud7ff\U0010ffff",
        "a" * 70_000,
        "1,2,,me",
        "2026-02-30",
        "2026-02-28T25:00:00Z",
        "9999-12-31T23:59:59-14:00",
    ),
    *([], [None], [[]], ["x", {}], [{"gid": None}], ["1"] * 1001),
    *({}, {"gid": "1"}, {"gid": []}, {"1": 2}, {"": None}, {"date": 1}, {"a": {"b": [{}]}}),
)

ROUTES = [route for kind in KINDS for route in kind.routes]


@pytest.fixture
def gids(world, space, project, holder):
    """A record of each kind that paths name."""
    field = world.made("/custom_fields", {"workspace": space, "name": "Size", "resource_subtype": "enum"})
    section = world.made(f"/projects/{project}/sections", {"name": "A"})
    goal, below = (world.made("/goals", {"workspace": space}) for _ in range(2))
    support = world.made(f"/goals/{goal}/addSupportingRelationship", {"supporting_resource": below})
    world.call("POST", f"/goals/{goal}/setMetric", {})
    status = world.made(f"/projects/{project}/project_statuses", {"text": "Well"})
    return {
        "custom_field": field,
        "enum_option": world.made(f"/custom_fields/{field}/enum_options", {"name": "S"}),
        "goal": goal,
        "goal_relationship": support,
        "project": project,
        "project_status": status,
        "section": section,
        "status_update": status,
        "story": world.made(f"/tasks/{holder}/stories", {"text": "Hello"}),
        "tag": world.made("/tags", {"workspace": space, "name": "Urgent"}),
        "task": holder,
        "team": world.made("/teams", {"organization": world.org, "name": "Crew"}),
        "time_period": world.call("GET", "/time_periods", workspace=space)[1][0]["gid"],
        "user": world.ada,
        "workspace": space,
    }


def filled(template, gids):
    path = template
    for kind, gid in gids.items():
        path = path.replace(f"{{{kind}_gid}}", gid)
    return path.replace("{", "").replace("}", "")


@pytest.mark.parametrize("route", [route for route in ROUTES if route.takes], ids=lambda route: route.operation)
def test_a_field_may_hold_anything(world, gids, route):
    path = filled(route.template, gids)
    valid = {field.name: gids.get(field.kind, "Name") for field in route.takes if field.required}
    for field in route.takes:
        for value in WEIRD:
            status, said = world.call(route.method, path, valid | {field.name: value})
            assert status < 500, (field.name, value, said)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.query], ids=lambda route: route.operation)
def test_a_parameter_may_hold_anything(world, gids, route):
    path = filled(route.template, gids)
    for field in route.query:
        for value in WEIRD:
            if isinstance(value, str):
                status, said = world.call(route.method, f"{path}?{urlencode({field.name: value})}")
                assert status < 500, (field.name, value, said)
