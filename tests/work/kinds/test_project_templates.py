"""Project templates: they keep what a project was like, whatever becomes of it, and make new projects of that."""

import pytest

from fanfold.work.kinds import project_templates
from fanfold.work.kinds.attachments import ATTACHMENTS
from tests.work.kinds.test_jobs import tasks_of, whole


@pytest.fixture
def save(world, project):
    """Saves the project as a template and gives its gid."""

    def save(user=None, **data):
        given = {"name": "Pattern", "public": True, **data}
        status, job = world.call("POST", f"/projects/{project}/saveAsTemplate", given, user)
        assert status == 201, job
        shown = world.call("GET", f"/jobs/{job['gid']}", None, user)[1]
        assert shown["status"] == "succeeded"
        return shown["new_project_template"]["gid"]

    return save


@pytest.fixture
def use(world):
    """Makes a project of a template and gives its gid."""

    def use(template, user=None, **data):
        path = f"/project_templates/{template}/instantiateProject"
        status, job = world.call("POST", path, {"name": "New", **data}, user)
        assert (status, job["status"]) == (201, "in_progress"), job
        shown = world.call("GET", f"/jobs/{job['gid']}", None, user)[1]
        assert (shown["status"], shown["resource_subtype"]) == ("succeeded", "instantiate_project")
        return shown["new_project"]["gid"]

    return use


@pytest.fixture
def dated(world, project):
    """Three tasks with dates; the project is due on the tenth."""
    world.call("PUT", f"/projects/{project}", {"due_on": "2026-03-10", "start_on": "2026-03-01"})
    dates = {"A": ("2026-03-02", "2026-03-03"), "B": (None, "2026-03-09"), "C": (None, None)}
    for name, (start, due) in dates.items():
        data = {"name": name, "projects": [project], "due_on": due}
        world.made("/tasks", data if start is None else data | {"start_on": start})


def dates_of(call, project):
    return [(task["start_on"], task["due_on"]) for task in tasks_of(call, project, "start_on,due_on")]


def test_a_template_keeps_the_content_whatever_becomes_of_the_project(world, call, project, space, save, use, bob):
    section = world.made(f"/projects/{project}/sections", {"name": "Later"})
    first = world.made("/tasks", {"name": "First", "projects": [project], "notes": "How", "assignee": bob})
    below = world.made("/tasks", {"name": "Below", "parent": first, "assignee": world.ada})
    tag = world.made("/tags", {"name": "Urgent", "workspace": space})
    call("POST", f"/tasks/{below}/addTag", {"tag": tag})
    second = world.made("/tasks", {"name": "Second", "projects": [project]})
    call("POST", f"/tasks/{second}/addDependencies", {"dependencies": [first]})
    template = save()
    for path in (f"/tasks/{first}", f"/tasks/{second}", f"/projects/{project}"):
        assert call("DELETE", path)[0] == 200
    made = use(template)
    sections = call("GET", f"/projects/{made}/sections")[1]
    assert [item["name"] for item in sections] == ["Untitled section", "Later"]
    assert section not in [item["gid"] for item in sections]
    one, two = tasks_of(call, made, "name,notes,assignee,dependencies,memberships.section.name,followers,created_by")
    assert (one["name"], one["notes"], one["assignee"], two["name"]) == ("First", "How", None, "Second")
    assert [task["gid"] for task in two["dependencies"]] == [one["gid"]]
    assert [user["gid"] for user in one["followers"]] == [world.ada]
    (child,) = call("GET", f"/tasks/{one['gid']}/subtasks", opt_fields="name,tags.name,parent")[1]
    assert (child["name"], child["tags"][0]["name"], child["parent"]["gid"]) == ("Below", "Urgent", one["gid"])
    shown = call("GET", f"/projects/{made}", opt_fields="name,owner,members,created_from_template,workspace")[1]
    assert (shown["name"], shown["owner"]["gid"], len(shown["members"])) == ("New", world.ada, 1)
    assert (shown["created_from_template"]["gid"], shown["workspace"]["gid"]) == (template, space)


def test_what_a_template_keeps_is_seen_by_nobody(world, call, project, space, save, bob):
    world.made("/tasks", {"name": "Secretly kept", "projects": [project], "assignee": bob})
    tag = world.made("/tags", {"name": "Urgent", "workspace": space})
    task = tasks_of(call, project)[0]["gid"]
    call("POST", f"/tasks/{task}/addTag", {"tag": tag})
    before = world.store.last_event()
    template = save()
    hidden = range(int(template) - 20, int(template) + 20)
    kept = [gid for gid, row in world.store.records(hidden).items() if row.workspace == -int(space)]
    assert len(kept) >= 3
    for gid in kept:
        kind = world.store.record(gid).kind
        for user in (world.ada, bob):
            assert call("GET", f"/{kind}s/{gid}", None, user) == (404, f"{kind}: Unknown object: {gid}")
    assert [item["gid"] for item in call("GET", f"/tags/{tag}/tasks")[1]] == [task]
    assert [item["gid"] for item in call("GET", "/tasks", assignee=bob, workspace=space)[1]] == [task]
    assert [item["gid"] for item in call("GET", "/projects", workspace=space)[1]] == [project]
    told = world.store.events(int(space), before, 100)
    assert {resource for _, resource, _ in told}.isdisjoint(kept)


def test_a_deleted_template_takes_its_content_along(world, call, project, save, monkeypatch):
    monkeypatch.setattr(project_templates, "CHUNK", 1)
    world.made("/tasks", {"name": "B", "projects": [project]})
    task = world.made("/tasks", {"name": "A", "projects": [project]})
    world.made("/tasks", {"name": "Below", "parent": task})
    template = save()
    rows = range(int(template) - 20, int(template) + 20)
    assert any(row.workspace < 0 for row in world.store.records(rows).values())
    assert call("DELETE", f"/project_templates/{template}") == (200, {})
    assert call("GET", f"/project_templates/{template}")[0] == 404
    assert not any(row.workspace < 0 for row in world.store.records(rows).values())
    assert [item["name"] for item in tasks_of(call, project)] == ["B", "A"]
    assert world.store.unfinished() == []


def test_templates_are_listed_by_team_and_workspace(world, call, org, space, save, eve, bob):
    team = world.made("/teams", {"name": "Builders", "organization": org})
    made = world.made("/projects", {"name": "In a team", "team": team})
    job = world.made(f"/projects/{made}/saveAsTemplate", {"name": "Team's", "public": False})
    listed = call("GET", f"/jobs/{job}")[1]["new_project_template"]["gid"]
    own = save()
    assert [item["gid"] for item in call("GET", "/project_templates", team=team)[1]] == [listed]
    assert [item["gid"] for item in call("GET", f"/teams/{team}/project_templates")[1]] == [listed]
    assert [item["gid"] for item in call("GET", "/project_templates", workspace=space)[1]] == [own]
    assert [item["gid"] for item in world.pages("/project_templates", limit=1)] == [listed, own]
    assert [item["gid"] for item in call("GET", "/project_templates", user=bob)[1]] == [own]
    assert call("GET", "/project_templates", user=eve)[1] == []
    assert call("GET", "/project_templates", user=eve, team=team)[0] == 400
    assert call("GET", f"/project_templates/{own}", user=eve)[0] == 404


def test_in_an_organization_the_new_project_has_the_teams_of_the_template_unless_told(world, call, org, use, space):
    team = world.made("/teams", {"name": "Builders", "organization": org})
    other = world.made("/teams", {"name": "Others", "organization": org})
    made = world.made("/projects", {"name": "In a team", "team": team})
    job = world.made(f"/projects/{made}/saveAsTemplate", {"name": "Team's", "public": True})
    template = call("GET", f"/jobs/{job}")[1]["new_project_template"]["gid"]
    assert whole(call, f"/projects/{use(template)}")["team"]["gid"] == team
    second = use(template, team=other, privacy_setting="private")
    shown = whole(call, f"/projects/{second}")
    assert (shown["team"]["gid"], shown["privacy_setting"]) == (other, "private")
    assert second in [item["gid"] for item in call("GET", f"/teams/{other}/projects")[1]]
    assert call("GET", f"/projects/{second}", user=world.bob)[0] == 404


@pytest.mark.parametrize(("data", "public"), [({"public": False}, False), ({"public": True}, True), ({}, True)])
def test_who_sees_the_new_project_is_said_or_as_it_was(world, project, save, use, data, public):
    call, bob = world.call, world.bob
    world.made("/tasks", {"name": "A", "projects": [project]})
    made = use(save(), **data)
    (task,) = tasks_of(call, made)
    assert whole(call, f"/projects/{made}")["public"] is public
    for path in (f"/projects/{made}", f"/tasks/{task['gid']}"):
        assert call("GET", path, user=bob)[0] == (200 if public else 404)


def test_dates_follow_from_the_start_that_is_given(call, dated, save, use):
    template = save()
    asked = whole(call, f"/project_templates/{template}")["requested_dates"]
    assert [(item["gid"], item["name"]) for item in asked] == [("1", "Start Date"), ("2", "Due Date")]
    given = [{"gid": "1", "value": "2026-04-01"}]
    made = use(template, requested_dates=given)
    assert dates_of(call, made) == [("2026-04-02", "2026-04-03"), (None, "2026-04-09"), (None, None)]
    shown = whole(call, f"/projects/{made}")
    assert (shown["start_on"], shown["due_on"]) == ("2026-04-01", "2026-04-10")
    both = use(template, requested_dates=[*given, {"gid": "2", "value": "2026-05-20"}], is_strict=True)
    assert dates_of(call, both)[0] == ("2026-04-02", "2026-04-03")
    assert whole(call, f"/projects/{both}")["due_on"] == "2026-05-20"


def test_dates_follow_from_the_due_date_or_today_where_that_is_all_there_is(call, dated, save, use):
    template = save()
    due = use(template, requested_dates=[{"gid": "2", "value": "2026-04-10"}, {"gid": "1", "value": None}])
    assert dates_of(call, due)[:2] == [("2026-04-02", "2026-04-03"), (None, "2026-04-09")]
    assert whole(call, f"/projects/{due}")["start_on"] == "2026-04-01"
    today = use(template)
    assert dates_of(call, today)[:2] == [("2026-01-06", "2026-01-07"), (None, "2026-01-13")]


def test_a_template_without_dates_asks_for_none(call, project, save, use):
    template = save()
    assert whole(call, f"/project_templates/{template}")["requested_dates"] == []
    assert whole(call, f"/projects/{use(template, is_strict=True)}")["due_on"] is None


def test_a_template_whose_tasks_alone_have_dates_asks_for_the_start(world, call, project, save, use):
    world.made("/tasks", {"name": "A", "projects": [project], "due_on": "2026-03-03"})
    template = save()
    assert [item["gid"] for item in whole(call, f"/project_templates/{template}")["requested_dates"]] == ["1"]
    made = use(template, requested_dates=[{"gid": "1", "value": "2026-06-01"}], is_strict=True)
    assert dates_of(call, made) == [(None, "2026-06-01")]


def test_whoever_has_a_role_gets_its_tasks(world, call, project, save, use, bob):
    for name, user in (("A", bob), ("B", world.ada), ("C", bob)):
        world.made("/tasks", {"name": name, "projects": [project], "assignee": user})
    template = save()
    roles = whole(call, f"/project_templates/{template}")["requested_roles"]
    assert [(role["gid"], role["name"]) for role in roles] == [("1", "Bob Hope"), ("2", "Ada Lovelace")]
    made = use(template, requested_roles=[{"gid": "1", "value": "me"}, {"gid": "2", "value": None}])
    found = tasks_of(call, made, "assignee")
    assert [(task["assignee"] or {}).get("gid") for task in found] == [world.ada, None, world.ada]
    space = whole(call, f"/projects/{made}")["workspace"]["gid"]
    mine = [item["gid"] for item in call("GET", "/tasks", assignee="me", workspace=space)[1]]
    assert {found[0]["gid"], found[2]["gid"]} <= set(mine)


def test_attachments_and_custom_fields_come_along(world, call, attached, put, save, use, holder):
    put(attached("number", precision=1), 1.5)
    link = {"resource_subtype": "external", "url": "https://files.test/a.pdf", "name": "A plan", "parent": holder}
    call("POST", "/attachments", link)
    made = use(save())
    (task,) = tasks_of(call, made, "custom_fields.display_value")
    assert task["custom_fields"][0]["display_value"] == "1.5"
    assert [item["name"] for item in call("GET", "/attachments", parent=task["gid"])[1]] == ["A plan"]
    assert world.store.count(int(task["gid"]), ATTACHMENTS) == 1


@pytest.mark.parametrize(
    ("data", "status", "message"),
    [
        ({"name": None}, 400, "name: Missing input"),
        ({"is_strict": True}, 422, "requested_dates: Missing input for: 1 (Start Date), 2 (Due Date)"),
        ({"requested_dates": {}}, 400, "requested_dates: Value is not an array"),
        ({"requested_dates": ["1"]}, 400, "requested_dates: [0]: Value is not a JSON object"),
        ({"requested_dates": [{"value": "2026-01-01"}]}, 400, "requested_dates: [0]: gid: Missing input"),
        ({"requested_dates": [{"gid": "1", "value": "soon"}]}, 400, "requested_dates: value: Date must be"),
        ({"requested_dates": [{"gid": "1", "value": 5}]}, 400, "requested_dates: value: Date must be"),
        ({"requested_dates": [{"gid": "7", "value": "2026-01-01"}]}, 400, "requested_dates: Unknown object: 7"),
        ({"requested_dates": [{"gid": "1", "value": "9999-12-30"}]}, 400, "requested_dates: Too far away"),
        (
            {"requested_dates": [{"gid": "1", "value": "2026-02-01"}, {"gid": "2", "value": "2026-01-01"}]},
            400,
            "requested_dates: A project has to be due after it starts",
        ),
        ({"requested_roles": [{"gid": "9", "value": "me"}]}, 400, "requested_roles: Unknown object: 9"),
        ({"requested_roles": [{"gid": "1", "value": "nobody@x.test"}]}, 400, "requested_roles: value: Unknown object"),
        ({"privacy_setting": "secret"}, 400, "privacy_setting: Must be one of"),
        ({"team": "4711"}, 400, "team: Unknown object: 4711"),
    ],
)
def test_what_cannot_be_made_of_a_template_is_refused(call, dated, save, space, data, status, message):
    said = call("POST", f"/project_templates/{save()}/instantiateProject", {"name": "New", **data})
    assert (said[0], said[1][: len(message)]) == (status, message)
    assert [item["name"] for item in call("GET", f"/workspaces/{space}/projects")[1]] == ["Launch"]


def test_a_role_is_for_people_of_the_workspace(world, call, ada, eve, project, save):
    world.made("/tasks", {"name": "A", "projects": [project], "assignee": ada})
    world.workspace("Both", ada, eve)
    data = {"name": "New", "requested_roles": [{"gid": "1", "value": eve}]}
    said = call("POST", f"/project_templates/{save()}/instantiateProject", data)
    assert said == (400, f"requested_roles: Not a user in Workspace: {eve}")


def test_a_team_of_elsewhere_is_refused(world, call, org, save):
    team = world.made("/teams", {"name": "Builders", "organization": org})
    said = call("POST", f"/project_templates/{save()}/instantiateProject", {"name": "New", "team": team})
    assert said == (400, f"team: Not in the same workspace: {team}")
