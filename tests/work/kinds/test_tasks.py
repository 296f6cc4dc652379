"""Tasks: making, reading, changing and deleting them."""

import pytest

from fanfold.model import Call, Caller
from fanfold.work.change import born


@pytest.fixture
def task(world, space):
    return world.made("/tasks", {"name": "Write", "workspace": space})


def test_a_new_task_shows_where_it_is_and_who_follows_it(call, ada, space, project):
    status, task = call("POST", "/tasks", {"name": "Write", "projects": [project]})
    assert status == 201
    assert task["workspace"]["gid"] == space
    assert [followers["gid"] for followers in task["followers"]] == [ada]
    assert [place["project"]["gid"] for place in task["memberships"]] == [project]
    assert [shown["gid"] for shown in task["projects"]] == [project]
    assert task["completed"] is False
    assert call("GET", f"/tasks/{task['gid']}") == (200, task)


def test_the_answer_to_a_creation_says_where_the_task_is(world, space):
    endpoint, params = world.api.resolve("POST", "/tasks")

    body = {"data": {"workspace": space}}
    answer = world.api.answer(Call("POST", "/tasks", (), body, (), Caller("t", world.ada), endpoint, params))
    assert dict(answer.headers)["location"].startswith("/api/1.0/tasks/")


def test_a_task_has_to_be_somewhere(call):
    wanted = (400, "You should specify one of workspace, parent, projects")
    assert call("POST", "/tasks", {"name": "x"}) == wanted
    assert call("POST", "/tasks", {"name": "x", "projects": []}) == wanted


def test_the_workspace_is_that_of_the_parent(call, space, task):
    assert call("POST", "/tasks", {"parent": task})[1]["workspace"]["gid"] == space
    assert call("POST", f"/tasks/{task}/subtasks", {})[1]["parent"]["gid"] == task


def test_opt_in_fields_are_shown_when_named(call, ada, space):
    names = ("created_by", "assigned_by", "dependencies", "dependents", "external", "html_notes", "num_subtasks")
    data = {"workspace": space, "notes": "a < b", "assignee": "me", "external": {"gid": "x-1", "data": "{}"}}
    task = call("POST", "/tasks", data)[1]
    assert not set(names) & set(task)
    shown = call("GET", f"/tasks/{task['gid']}", opt_fields=",".join(names))[1]
    assert shown["html_notes"] == "<body>a &lt; b</body>"
    assert shown["external"] == {"gid": "x-1", "data": "{}"}
    assert shown["created_by"]["gid"] == shown["assigned_by"]["gid"] == ada
    assert shown["dependencies"] == shown["dependents"] == []
    assert shown["num_subtasks"] == 0


def test_the_page_of_a_task_lies_beside_the_api(call, task):
    assert call("GET", f"/tasks/{task}")[1]["permalink_url"] == f"https://fanfold.test/0/0/{task}"


@pytest.mark.parametrize("name", ["projects", "tags", "followers", "memberships"])
def test_what_has_verbs_of_its_own_cannot_be_written_later(call, task, name):
    assert call("PUT", f"/tasks/{task}", {name: []}) == (400, f"{name}: Cannot write this property")


def test_changing_one_field_leaves_the_others(call, world, task):
    world.later(minutes=1)
    status, shown = call("PUT", f"/tasks/{task}", {"notes": "Soon"})
    assert (status, shown["name"], shown["notes"]) == (200, "Write", "Soon")
    assert shown["modified_at"] > shown["created_at"]


# -- who may be referred to ------------------------------------------------------------------------------------------


def test_somebody_from_elsewhere_is_unknown(call, space, eve, task):
    assert call("PUT", f"/tasks/{task}", {"assignee": eve}) == (400, f"assignee: Unknown object: {eve}")
    assert call("POST", "/tasks", {"workspace": space, "followers": [eve]})[0] == 400


def test_somebody_of_another_workspace_of_mine_is_not_in_this_one(world, call, bob, space, eve, ada):
    world.workspace("Both", ada, eve)
    data = {"workspace": space, "assignee": eve}
    assert call("POST", "/tasks", data) == (400, f"assignee: Not a user in Workspace: {eve}")
    data = {"workspace": space, "followers": [bob, eve]}
    assert call("POST", "/tasks", data) == (400, f"followers: [1]: Not a user in Workspace: {eve}")


def test_things_of_another_workspace_of_mine_are_not_in_this_one(world, call, ada, space, task):
    other = world.workspace("Other", ada)
    project = world.made("/projects", {"name": "P", "workspace": other})
    tag = world.made("/tags", {"name": "T", "workspace": other})
    stranger = world.made("/tasks", {"workspace": other})
    for path, data, message in (
        ("/tasks", {"workspace": space, "projects": [project]}, f"projects: [0]: Not in the same workspace: {project}"),
        ("/tasks", {"workspace": space, "tags": [tag]}, f"tags: [0]: Not in the same workspace: {tag}"),
        ("/tasks", {"workspace": space, "parent": stranger}, f"parent: Not in the same workspace: {stranger}"),
        (f"/tasks/{task}/addProject", {"project": project}, f"project: Not in the same workspace: {project}"),
        (f"/tasks/{task}/addTag", {"tag": tag}, f"tag: Not in the same workspace: {tag}"),
        (f"/tasks/{task}/setParent", {"parent": stranger}, f"parent: Not in the same workspace: {stranger}"),
        (f"/tasks/{task}/addDependencies", {"dependencies": [stranger]}, "dependencies: Not in the same"),
    ):
        status, said = call("POST", path, data)
        assert (status, said[: len(message)]) == (400, message)
    assert call("GET", f"/tasks/{task}")[1]["tags"] == []


# -- who may see a task ----------------------------------------------------------------------------------------------


def test_a_task_in_no_project_is_seen_by_those_it_concerns(call, bob, task):
    assert call("GET", f"/tasks/{task}", user=bob) == (404, f"task: Unknown object: {task}")
    call("PUT", f"/tasks/{task}", {"assignee": bob})
    assert call("GET", f"/tasks/{task}", user=bob)[0] == 200


def test_a_follower_sees_a_task_until_they_leave(call, bob, task):
    call("POST", f"/tasks/{task}/addFollowers", {"followers": [bob]})
    assert call("GET", f"/tasks/{task}", user=bob)[0] == 200
    status, shown = call("POST", f"/tasks/{task}/removeFollowers", {"followers": ["bob@fanfold.test"]}, user=bob)
    assert (status, [follower["gid"] for follower in shown["followers"]]) == (200, [call("GET", "/users/me")[1]["gid"]])
    assert call("GET", f"/tasks/{task}", user=bob)[0] == 404


def test_in_a_public_project_everybody_sees_a_task_and_what_is_below_it(call, world, bob, project, task):
    below = world.made(f"/tasks/{task}/subtasks", {})
    assert call("GET", f"/tasks/{below}", user=bob)[0] == 404
    call("POST", f"/tasks/{task}/addProject", {"project": project})
    assert call("GET", f"/tasks/{below}", user=bob)[0] == 200
    call("POST", f"/tasks/{task}/removeProject", {"project": project})
    assert call("GET", f"/tasks/{below}", user=bob)[0] == 404
    assert call("GET", f"/tasks/{below}")[0] == 200


def test_a_task_in_a_private_project_is_private(call, world, space, bob):
    project = world.made("/projects", {"name": "P", "workspace": space, "privacy_setting": "private"})
    task = world.made("/tasks", {"projects": [project]})
    assert call("GET", f"/tasks/{task}", user=bob)[0] == 404


def test_nobody_sees_a_task_of_another_workspace(call, eve, task):
    for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/stories"), ("POST", "/addTag")):
        data = None if method == "GET" else {}
        assert call(method, f"/tasks/{task}{path}", data, user=eve) == (404, f"task: Unknown object: {task}")


# -- completion ------------------------------------------------------------------------------------------------------


def test_completion_is_stamped_and_unstamped(call, ada, world, task):
    world.later(hours=1)
    shown = call("PUT", f"/tasks/{task}", {"completed": True})[1]
    assert shown["completed_at"] == "2026-01-05T10:30:00.000Z"
    assert shown["completed_by"]["gid"] == ada
    world.later(hours=1)
    assert call("PUT", f"/tasks/{task}", {"completed": True})[1]["completed_at"] == "2026-01-05T10:30:00.000Z"
    shown = call("PUT", f"/tasks/{task}", {"completed": False})[1]
    assert (shown["completed_at"], shown["completed_by"]) == (None, None)


def test_a_task_can_be_made_complete(call, space):
    shown = call("POST", "/tasks", {"workspace": space, "completed": True})[1]
    assert shown["completed_at"] == shown["created_at"]


def test_an_approval_is_complete_when_there_is_a_decision(call, space):
    data = {"workspace": space, "resource_subtype": "approval"}
    task = call("POST", "/tasks", data)[1]
    assert (task["approval_status"], task["completed"]) == ("pending", False)
    for change, status, completed in (
        ({"approval_status": "rejected"}, "rejected", True),
        ({"completed": True}, "rejected", True),
        ({"completed": False}, "pending", False),
        ({"completed": True}, "approved", True),
        ({"approval_status": "pending"}, "pending", False),
        ({"approval_status": "changes_requested"}, "changes_requested", True),
    ):
        task = call("PUT", f"/tasks/{task['gid']}", change)[1]
        assert (task["approval_status"], task["completed"], bool(task["completed_at"])) == (
            status,
            completed,
            completed,
        )
    assert "approval_status" not in call("PUT", f"/tasks/{task['gid']}", {"resource_subtype": "milestone"})[1]


def test_only_an_approval_can_be_approved(call, task):
    answer = call("PUT", f"/tasks/{task}", {"approval_status": "approved"})
    assert answer == (400, "approval_status: Only an approval has one")


# -- dates -----------------------------------------------------------------------------------------------------------


def test_a_moment_implies_its_day_and_a_day_takes_the_moment_away(call, task):
    shown = call("PUT", f"/tasks/{task}", {"due_at": "2026-03-01T23:00:00-05:00"})[1]
    assert (shown["due_at"], shown["due_on"]) == ("2026-03-02T04:00:00.000Z", "2026-03-02")
    shown = call("PUT", f"/tasks/{task}", {"due_on": "2026-03-05"})[1]
    assert (shown["due_at"], shown["due_on"]) == (None, "2026-03-05")
    shown = call("PUT", f"/tasks/{task}", {"due_on": None})[1]
    assert (shown["due_at"], shown["due_on"]) == (None, None)


def test_a_start_goes_when_the_end_goes(call, task):
    call("PUT", f"/tasks/{task}", {"start_at": "2026-03-01T09:00:00Z", "due_at": "2026-03-02T09:00:00Z"})
    shown = call("PUT", f"/tasks/{task}", {"due_on": "2026-03-03"})[1]
    assert (shown["start_at"], shown["start_on"], shown["due_on"]) == (None, "2026-03-01", "2026-03-03")
    assert call("PUT", f"/tasks/{task}", {"due_on": None})[1]["start_on"] is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"due_on": "2026-01-01", "due_at": "2026-01-01T00:00:00Z"}, "You may only provide one of due_on or due_at!"),
        (
            {"start_on": "2026-01-01", "start_at": "2026-01-01T00:00:00Z", "due_on": "2026-01-02"},
            "You may only provide one of start_on or start_at!",
        ),
        ({"start_on": "2026-01-01"}, "start_on: A task with start_on must have due_on"),
        ({"start_at": "2026-01-01", "due_on": "2026-01-02"}, "start_at: A task with start_at must have due_at"),
        ({"start_on": "2026-01-03", "due_on": "2026-01-02"}, "start_on: Must not be later than due_on"),
        ({"due_on": "tomorrow"}, "due_on: Date must be in ISO-8601 (yyyy-mm-dd) format, not: tomorrow"),
    ],
)
def test_dates_that_make_no_sense_are_refused(call, task, data, message):
    assert call("PUT", f"/tasks/{task}", data) == (400, message)


# -- people ----------------------------------------------------------------------------------------------------------


def test_an_assigned_task_stands_in_the_assignees_list_and_is_followed_by_them(call, space, ada, bob, task):
    shown = call("PUT", f"/tasks/{task}", {"assignee": bob})[1]
    assert [follower["gid"] for follower in shown["followers"]] == [ada, bob]
    mine = call("GET", f"/users/{bob}/user_task_list", workspace=space)[1]["gid"]
    listed = f"/user_task_lists/{mine}/tasks"
    assert [item["gid"] for item in call("GET", listed, user=bob)[1]] == [task]
    call("PUT", f"/tasks/{task}", {"assignee": None})
    assert call("GET", listed, user=bob)[1] == []


def test_a_section_of_a_project_is_no_section_of_a_task_list(call, project, task):
    section = call("GET", f"/projects/{project}/sections")[1][0]["gid"]
    status, said = call("PUT", f"/tasks/{task}", {"assignee": "me", "assignee_section": section})
    assert (status, said) == (400, f"assignee_section: Not in the assignee's task list: {section}")
    assert call("PUT", f"/tasks/{task}", {"assignee_section": section})[0] == 400


def test_the_assignee_sees_the_section_that_they_keep_the_task_in(world, call, space, ada, bob, task):
    call("PUT", f"/tasks/{task}", {"assignee": bob})
    mine = call("GET", f"/users/{bob}/user_task_list", workspace=space)[1]["gid"]
    section = str(born(world.system, "section", int(space), name="Later", project=mine).gid)
    shown = call("PUT", f"/tasks/{task}", {"assignee_section": section}, user=bob)[1]
    assert shown["assignee_section"]["gid"] == section
    assert call("GET", f"/tasks/{task}", user=ada)[1]["assignee_section"] is None


def test_liking_is_between_the_caller_and_the_task(call, ada, bob, project, world):
    task = world.made("/tasks", {"projects": [project], "liked": True})
    shown = call("GET", f"/tasks/{task}", user=bob)[1]
    assert (shown["liked"], shown["hearted"], shown["num_likes"], shown["num_hearts"]) == (False, False, 1, 1)
    assert [like["user"]["gid"] for like in shown["likes"]] == [ada]
    assert shown["hearts"] == shown["likes"]
    shown = call("PUT", f"/tasks/{task}", {"liked": True}, user=bob)[1]
    assert (shown["liked"], shown["num_likes"]) == (True, 2)
    assert call("PUT", f"/tasks/{task}", {"liked": False})[1]["num_likes"] == 1


# -- text ------------------------------------------------------------------------------------------------------------


def test_notes_and_html_notes_are_one_text(call, task):
    html = "<body>Buy <strong>milk</strong></body>"
    assert call("PUT", f"/tasks/{task}", {"html_notes": html})[1]["notes"] == "Buy milk"
    assert call("GET", f"/tasks/{task}", opt_fields="html_notes")[1]["html_notes"] == html
    call("PUT", f"/tasks/{task}", {"notes": "Buy tea"})
    assert call("GET", f"/tasks/{task}", opt_fields="html_notes")[1]["html_notes"] == "<body>Buy tea</body>"
    both = {"notes": "x", "html_notes": html}
    assert call("PUT", f"/tasks/{task}", both) == (400, "You may only provide one of notes or html_notes!")


def test_a_mention_is_named_for_those_who_may_see_it(call, world, bob, space, project):
    secret = world.made("/tasks", {"name": "A & B", "workspace": space})
    notes = f'<body>See <a data-asana-gid="{secret}"/></body>'
    task = world.made("/tasks", {"projects": [project], "html_notes": notes})
    mine = call("GET", f"/tasks/{task}", opt_fields="html_notes")[1]["html_notes"]
    assert 'data-asana-accessible="true"' in mine
    assert f'href="https://fanfold.test/0/0/{secret}"' in mine
    assert ">A &amp; B</a>" in mine
    theirs = call("GET", f"/tasks/{task}", user=bob, opt_fields="html_notes")[1]["html_notes"]
    assert 'data-asana-accessible="false"' in theirs
    assert "A &amp; B" not in theirs


# -- hostile input ---------------------------------------------------------------------------------------------------

JUNK = (
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    "x",
    "1",
    "9" * 19,
    "9" * 40,
    [],
    [None],
    [[]],
    ["x"],
    {},
    {"gid": []},
    {"a": {}},
)


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_whatever_a_client_writes_is_kept_or_refused(world, call, space, task, junk):
    fields = [field.name for field in world.api.kinds["task"].fields.values()]
    for name in fields:
        for method, path, data in (("POST", "/tasks", {"workspace": space}), ("PUT", f"/tasks/{task}", {})):
            assert call(method, path, {**data, name: junk})[0] in (200, 201, 400)
    assert call("GET", f"/tasks/{task}")[0] == 200


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_every_verb_survives_whatever_a_client_writes(world, call, task, junk):
    for route in world.api.operations():
        if route.subject == "task" and route.method == "POST":
            path = route.template.replace("{task_gid}", task)
            for field in route.takes:
                assert call("POST", path, {field.name: junk})[0] in (200, 201, 400)


def test_a_refused_creation_leaves_nothing(call, space, project):
    before = call("GET", f"/projects/{project}/tasks")[1]
    assert call("POST", "/tasks", {"projects": [project], "start_on": "2026-01-01"})[0] == 400
    assert call("GET", f"/projects/{project}/tasks")[1] == before
