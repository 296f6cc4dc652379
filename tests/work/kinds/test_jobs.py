"""Jobs: a copy of a project is complete when asked for, and holds what it was asked to include."""

import pytest

ALL = (
    "members,notes,task_assignee,task_attachments,task_dates,task_dependencies,task_followers,task_notes,task_projects,"
    "task_subtasks,task_tags"
)


@pytest.fixture
def duplicate(world, project):
    """Duplicates the project and gives the copy's gid."""

    def duplicate(**data):
        status, job = world.call("POST", f"/projects/{project}/duplicate", {"name": "Copy", **data})
        assert (status, job["status"]) == (201, "in_progress"), job
        _, job = world.call("GET", f"/jobs/{job['gid']}")
        assert (job["status"], job["resource_subtype"]) == ("succeeded", "duplicate_project")
        return job["new_project"]["gid"]

    return duplicate


def whole(call, path):
    status, shown = call("GET", path)
    assert status == 200, shown
    return shown


def tasks_of(call, project, fields="name"):
    return whole_list(call, f"/projects/{project}/tasks", fields)


def whole_list(call, path, fields="name"):
    return call("GET", path, opt_fields=fields)[1]


def test_a_copy_has_the_sections_and_tasks_in_their_order(world, call, duplicate, project):
    todo = world.made(f"/projects/{project}/sections", {"name": "To do"})
    world.made(f"/projects/{project}/sections", {"name": "Done"})
    for name in "abc":
        task = world.made("/tasks", {"name": name, "projects": [project], "completed": True})
        call("POST", f"/sections/{todo}/addTask", {"task": task})
    world.made("/tasks", {"name": "d", "projects": [project]})
    copy = duplicate()
    assert whole(call, f"/projects/{copy}")["name"] == "Copy"
    sections = whole_list(call, f"/projects/{copy}/sections")
    assert [section["name"] for section in sections] == ["Untitled section", "To do", "Done"]
    found = tasks_of(call, copy, "name,completed,memberships.section.name,created_by")
    assert [(task["name"], task["completed"]) for task in found] == [(name, False) for name in "cbad"]
    assert [task["memberships"][0]["section"]["name"] for task in found] == ["To do"] * 3 + ["Done"]
    assert [task["name"] for task in tasks_of(call, project)] == ["c", "b", "a", "d"]


def test_nothing_but_the_tasks_is_copied_unless_included(world, call, duplicate, project, bob):
    call("PUT", f"/projects/{project}", {"notes": "Why", "due_on": "2026-05-01"})
    call("POST", f"/projects/{project}/addMembers", {"members": [bob]})
    task = world.made(
        "/tasks", {"name": "A", "projects": [project], "assignee": bob, "notes": "How", "due_on": "2026-05-01"}
    )
    world.made("/tasks", {"name": "Below", "parent": task})
    copy = duplicate()
    shown = whole(call, f"/projects/{copy}")
    assert (shown["notes"], shown["due_on"], [user["gid"] for user in shown["members"]]) == ("", None, [world.ada])
    (made,) = tasks_of(call, copy, "name,notes,assignee,due_on,num_subtasks,followers")
    assert (made["notes"], made["assignee"], made["due_on"], made["num_subtasks"]) == ("", None, None, 0)
    assert [user["gid"] for user in made["followers"]] == [world.ada]


def test_everything_that_is_included_is_copied(world, call, duplicate, project, space, bob):
    other = world.made("/projects", {"name": "Other", "workspace": space})
    call("PUT", f"/projects/{project}", {"html_notes": "<body><strong>Why</strong></body>", "due_on": "2026-05-01"})
    call("POST", f"/projects/{project}/addMembers", {"members": [bob]})
    data = {"notes": "How", "due_at": "2026-05-01T10:00:00Z", "assignee": bob}
    first = world.made("/tasks", {"name": "First", "projects": [project, other], **data})
    second = world.made("/tasks", {"name": "Second", "projects": [project]})
    call("POST", f"/tasks/{second}/addDependencies", {"dependencies": [first]})
    below = world.made("/tasks", {"name": "Below", "parent": first})
    world.made("/tasks", {"name": "Deep", "parent": below})
    tag = world.made("/tags", {"name": "Urgent", "workspace": space})
    call("POST", f"/tasks/{first}/addTag", {"tag": tag})
    copy = duplicate(include=ALL)
    shown = call("GET", f"/projects/{copy}", opt_fields="html_notes,due_on,members")[1]
    assert (shown["html_notes"], shown["due_on"]) == ("<body><strong>Why</strong></body>", "2026-05-01")
    assert [user["gid"] for user in shown["members"]] == [world.ada, bob]
    one, two = tasks_of(call, copy, "notes,due_at,assignee,tags.name,followers,dependencies,projects.name,num_subtasks")
    assert (one["notes"], one["due_at"], one["assignee"]["gid"]) == ("How", "2026-05-01T10:00:00.000Z", bob)
    assert [tag["name"] for tag in one["tags"]] == ["Urgent"]
    assert {user["gid"] for user in one["followers"]} == {world.ada, bob}
    assert {item["name"] for item in one["projects"]} == {"Copy", "Other"}
    assert [task["gid"] for task in two["dependencies"]] == [one["gid"]]
    (child,) = whole_list(call, f"/tasks/{one['gid']}/subtasks", "name,parent,num_subtasks")
    assert (child["name"], child["parent"]["gid"], child["num_subtasks"]) == ("Below", one["gid"], 1)
    assert child["gid"] != below
    assert whole(call, f"/tasks/{second}")["num_likes"] == 0


def test_members_keep_their_access_and_allocations_come_along_if_that_is_asked_for(world, call, org, bob):
    team = world.made("/teams", {"name": "Builders", "organization": org})
    project = world.made("/projects", {"name": "Shared", "team": team})
    world.made("/memberships", {"parent": project, "member": bob, "access_level": "viewer"})
    world.made("/memberships", {"parent": project, "member": team, "access_level": "commenter"})
    days = {"start_date": "2026-02-01", "end_date": "2026-02-03"}
    world.made("/allocations", {"parent": project, "assignee": bob, **days})
    for include, levels, allocations in (
        ("members,permissions,allocations", {"admin", "viewer", "commenter"}, 1),
        ("members", {"admin", "editor"}, 0),
        ("permissions", {"admin"}, 0),
    ):
        job = world.made(f"/projects/{project}/duplicate", {"name": "Copy", "include": include})
        copy = call("GET", f"/jobs/{job}")[1]["new_project"]["gid"]
        assert {item["access_level"] for item in call("GET", "/memberships", parent=copy)[1]} == levels
        assert len(call("GET", "/allocations", parent=copy)[1]) == allocations


def test_custom_fields_and_their_values_are_copied(world, call, duplicate, attached, put, bob):
    people, number = attached("people"), attached("number", precision=1)
    put(people, [bob])
    put(number, 1.5)
    copy = duplicate()
    names = [item["custom_field"]["name"] for item in whole(call, f"/projects/{copy}/custom_field_settings")]
    assert names == ["people", "number"]
    (made,) = tasks_of(call, copy, "custom_fields.display_value")
    assert [field["display_value"] for field in made["custom_fields"]] == ["Bob Hope", "1.5"]


def test_a_copy_of_a_private_project_is_private(world, call, duplicate, project, bob):
    call("PUT", f"/projects/{project}", {"public": False})
    world.made("/tasks", {"name": "A", "projects": [project]})
    copy = duplicate()
    (made,) = tasks_of(call, copy)
    assert whole(call, f"/projects/{copy}")["public"] is False
    for path in (f"/projects/{copy}", f"/tasks/{made['gid']}"):
        assert call("GET", path, None, bob)[0] == 404


@pytest.mark.parametrize(
    ("schedule", "dates"),
    [
        ({"start_on": "2026-06-05"}, [("2026-06-05", "2026-06-06"), (None, "2026-06-07")]),
        ({"due_on": "2026-06-07"}, [("2026-06-05", "2026-06-06"), (None, "2026-06-07")]),
        ({"due_on": "2026-06-07", "should_skip_weekends": True}, [("2026-06-05", "2026-06-08"), (None, "2026-06-08")]),
    ],
)
def test_dates_move_together(world, call, duplicate, project, schedule, dates):
    world.made("/tasks", {"name": "A", "projects": [project], "start_on": "2026-01-01", "due_on": "2026-01-02"})
    world.made("/tasks", {"name": "B", "projects": [project], "due_on": "2026-01-03"})
    copy = duplicate(include=["task_dates"], schedule_dates={"should_skip_weekends": False, **schedule})
    assert [(task["start_on"], task["due_on"]) for task in tasks_of(call, copy, "start_on,due_on")] == dates


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": None}, "name: Missing input"),
        ({"include": "task_dates,everything"}, "include: Must be some of"),
        ({"include": {"a": 1}}, "include: Value is not a string"),
        ({"include": [1]}, "include: Value is not a string"),
        ({"schedule_dates": {"should_skip_weekends": True, "due_on": "2026-01-01"}}, "schedule_dates: Only together"),
        ({"include": "task_dates", "schedule_dates": []}, "schedule_dates: Value is not a JSON object"),
        ({"include": "task_dates", "schedule_dates": {"due_on": "2026-01-01"}}, "schedule_dates: should_skip_weekends"),
        ({"include": "task_dates", "schedule_dates": {"should_skip_weekends": True}}, "schedule_dates: Must have one"),
        (
            {"include": "task_dates", "schedule_dates": {"should_skip_weekends": True, "start_on": "9999-12-31"}},
            "schedule_dates: Too far away",
        ),
    ],
)
def test_what_cannot_be_duplicated_is_refused_and_leaves_nothing(world, call, project, space, data, message):
    world.made("/tasks", {"name": "A", "projects": [project], "due_on": "2026-01-01"})
    world.made("/tasks", {"name": "B", "projects": [project], "start_on": "2026-01-01", "due_on": "2027-01-01"})
    status, said = call("POST", f"/projects/{project}/duplicate", {"name": "Copy", **data})
    assert status == 400
    assert said.startswith(message)
    assert [item["name"] for item in call("GET", f"/workspaces/{space}/projects")[1]] == ["Launch"]


def test_a_job_is_seen_by_whoever_started_it(world, call, project, bob):
    job = world.made(f"/projects/{project}/duplicate", {"name": "Copy"})
    assert call("GET", f"/jobs/{job}", None, bob) == (404, f"job: Unknown object: {job}")
    assert call("GET", "/jobs/4711")[0] == 404


def test_a_project_that_cannot_be_seen_cannot_be_copied(world, call, project, bob):
    call("PUT", f"/projects/{project}", {"public": False})
    assert call("POST", f"/projects/{project}/duplicate", {"name": "Copy"}, bob)[0] == 404


def test_a_project_is_saved_as_a_template(world, call, project, bob):
    call("PUT", f"/projects/{project}", {"notes": "Why & how", "color": "dark-blue"})
    for public in (True, False):
        status, job = call("POST", f"/projects/{project}/saveAsTemplate", {"name": "Pattern", "public": public})
        assert (status, job["status"], job["new_project_template"]["name"]) == (201, "in_progress", "Pattern")
        gid = job["new_project_template"]["gid"]
        shown = whole(call, f"/project_templates/{gid}")
        assert (shown["description"], shown["html_description"]) == ("Why & how", "<body>Why &amp; how</body>")
        assert (shown["color"], shown["public"], shown["owner"]["gid"]) == ("dark-blue", public, world.ada)
        assert call("GET", f"/project_templates/{gid}", None, bob)[0] == (200 if public else 404)


def test_a_template_needs_a_name_and_whether_it_is_public(world, call, project):
    path = f"/projects/{project}/saveAsTemplate"
    assert call("POST", path, {"name": "Pattern"}) == (400, "public: Missing input")
    assert call("POST", path, {"public": True}) == (400, "name: Missing input")
    data = {"name": "Pattern", "public": True, "workspace": world.org}
    assert call("POST", path, data) == (400, f"workspace: Not that of the project: {world.org}")
