"""Projects: what they say, who sees them, what becomes of their parts."""

import pytest

from tests.databases import queries


@pytest.fixture
def make(world, space):
    def make(name="Launch", user=None, **values):
        return world.made("/projects", {"name": name, "workspace": space, **values}, user)

    return make


def show(world, gid, user=None, **query):
    status, shown = world.call("GET", f"/projects/{gid}", None, user, **query)
    assert status == 200, shown
    return shown


def names(listed):
    return [item["name"] for item in listed]


def test_a_new_project_belongs_to_whoever_made_it_and_has_one_section(world, make, ada):
    shown = show(world, make())
    assert [user["gid"] for user in shown["members"]] == [ada]
    assert [user["gid"] for user in shown["followers"]] == [ada]
    assert shown["owner"]["gid"] == ada
    assert shown["permalink_url"].startswith("https://fanfold.test/0/")
    _, sections = world.call("GET", f"/projects/{shown['gid']}/sections")
    assert names(sections) == ["Untitled section"]


def test_a_project_is_in_a_workspace(call):
    assert call("POST", "/projects", {"name": "Nowhere"}) == (400, "workspace: Missing input")


def test_in_an_organization_a_project_has_a_team(call, org):
    assert call("POST", "/projects", {"name": "A", "workspace": org}) == (400, "Missing required team field")


def test_a_foreign_workspace_is_unknown(call, world):
    status, message = call("POST", "/projects", {"name": "A", "workspace": world.elsewhere})
    assert (status, message) == (400, f"workspace: Unknown object: {world.elsewhere}")


def test_an_owner_has_to_be_in_the_workspace(world, call, space):
    third = world.person("Carl", "carl@fanfold.test")
    world.store.link(int(world.org), "workspace.members", int(third))
    status, message = call("POST", "/projects", {"name": "A", "workspace": space, "owner": third})
    assert (status, message) == (400, f"owner: Not a user in Workspace: {third}")


def test_former_names_of_properties_still_work(world, make, call):
    gid = make(due_date="2026-03-01", public=False)
    shown = show(world, gid)
    assert (shown["due_on"], shown["due_date"]) == ("2026-03-01", "2026-03-01")
    assert (shown["privacy_setting"], shown["public"]) == ("private", False)
    call("PUT", f"/projects/{gid}", {"public": True, "due_on": None})
    shown = show(world, gid)
    assert (shown["privacy_setting"], shown["public"], shown["due_date"]) == ("public_to_workspace", True, None)


def test_saying_not_public_leaves_a_team_s_project_with_the_team(world, make, call):
    gid = make(privacy_setting="private_to_team")
    call("PUT", f"/projects/{gid}", {"public": False})
    assert show(world, gid)["privacy_setting"] == "private_to_team"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"color": "beige"}, "color: Must be one of"),
        ({"icon": "dragon"}, "icon: Must be one of"),
        ({"privacy_setting": "secret"}, "privacy_setting: Must be one of"),
        ({"due_on": "tomorrow"}, "due_on: Date must be in ISO-8601"),
        ({"start_on": "2026-01-02"}, "start_on: A start date needs"),
        ({"start_on": "2026-01-02", "due_on": "2026-01-02"}, "start_on: A start date needs"),
        ({"custom_fields": [1]}, "custom_fields: Value is not a JSON object: [1]"),
        ({"custom_fields": {"5": "x"}}, "Custom field with ID 5 is not on given object"),
        ({"html_notes": "<body><script/></body>"}, "html_notes: "),
        ({"followers": ["me"]}, "followers: Cannot write this property"),
        ({"workspace": "1"}, "workspace: Cannot write this property"),
        ({"owner": {"gid": []}}, "owner: Not a recognized ID"),
    ],
)
def test_what_does_not_fit_is_refused(call, make, data, message):
    gid = make()
    status, said = call("PUT", f"/projects/{gid}", data)
    assert status == 400
    assert said.startswith(message)


def test_a_private_project_is_seen_by_its_members_only(world, call, make, bob, space):
    gid = make(privacy_setting="private")
    assert call("GET", f"/projects/{gid}", None, bob) == (404, f"project: Unknown object: {gid}")
    assert names(world.call("GET", f"/workspaces/{space}/projects", None, bob)[1]) == []
    call("POST", f"/projects/{gid}/addMembers", {"members": "bob@fanfold.test"})
    assert show(world, gid, bob)["name"] == "Launch"
    call("POST", f"/projects/{gid}/removeMembers", {"members": [bob]})
    assert call("GET", f"/projects/{gid}", None, bob)[0] == 404


def test_privacy_reaches_sections_tasks_and_subtasks_at_once(world, call, make, bob):
    gid = make()
    (section,) = call("GET", f"/projects/{gid}/sections")[1]
    task = world.made("/tasks", {"name": "Task", "projects": [gid]})
    paths = [f"/projects/{gid}", f"/sections/{section['gid']}", f"/tasks/{task}"]
    for setting, status in (("private", 404), ("public_to_workspace", 200), ("private", 404)):
        call("PUT", f"/projects/{gid}", {"privacy_setting": setting})
        assert [call("GET", path, None, bob)[0] for path in paths] == [status] * 3
        assert [call("GET", path)[0] for path in paths] == [200] * 3
    call("POST", f"/projects/{gid}/addMembers", {"members": [bob]})
    assert [call("GET", path, None, bob)[0] for path in paths] == [200] * 3


def test_a_task_in_a_public_project_too_stays_visible(world, call, make, bob):
    hidden, open_ = make(), make("Open")
    task = world.made("/tasks", {"name": "Task", "projects": [hidden, open_]})
    call("PUT", f"/projects/{hidden}", {"privacy_setting": "private"})
    assert call("GET", f"/tasks/{task}", None, bob)[0] == 200
    assert names(call("GET", f"/tasks/{task}/projects", None, bob)[1]) == ["Open"]
    assert names(call("GET", f"/tasks/{task}/projects")[1]) == ["Launch", "Open"]


def test_followers_become_members_and_stay_members_when_they_stop_following(world, call, make, ada, bob):
    gid = make()
    status, shown = call("POST", f"/projects/{gid}/addFollowers", {"followers": f"me,{bob}"})
    assert status == 200
    assert [user["gid"] for user in shown["members"]] == [ada, bob]
    assert [user["gid"] for user in shown["followers"]] == [ada, bob]
    _, shown = call("POST", f"/projects/{gid}/removeFollowers", {"followers": bob})
    assert [user["gid"] for user in shown["members"]] == [ada, bob]
    assert [user["gid"] for user in shown["followers"]] == [ada]


def test_a_member_who_leaves_follows_no_longer(call, make, ada, bob):
    gid = make(followers=[bob])
    _, shown = call("POST", f"/projects/{gid}/removeMembers", {"members": bob})
    assert [user["gid"] for user in shown["members"]] == [ada]
    assert [user["gid"] for user in shown["followers"]] == [ada]


@pytest.mark.parametrize("operation", ["addMembers", "removeMembers", "addFollowers", "removeFollowers"])
@pytest.mark.parametrize("value", [None, 5, ["nobody"], [[]], [{"gid": None}], {"a": 1}, ["999999"]])
def test_people_who_are_none_are_refused(call, make, operation, value):
    field = operation.removeprefix("add").removeprefix("remove").lower()
    status, message = call("POST", f"/projects/{make()}/{operation}", {field: value})
    assert status == 400
    assert message.startswith(f"{field}: ")


def test_a_stranger_cannot_be_made_a_member(world, call, make):
    status, message = call("POST", f"/projects/{make()}/addMembers", {"members": [world.eve]})
    assert (status, message) == (400, f"members: [0]: Unknown object: {world.eve}")


def test_lists_are_filtered_by_workspace_and_whether_archived(world, call, make, space):
    make("Old", archived=True)
    make("New")
    world.made("/projects", {"name": "Hers", "workspace": world.elsewhere}, world.eve)
    assert names(call("GET", "/projects")[1]) == ["Old", "New"]
    assert names(call("GET", "/projects", workspace=space, archived="true")[1]) == ["Old"]
    assert names(call("GET", f"/workspaces/{space}/projects", archived="false")[1]) == ["New"]
    assert names(call("GET", "/projects", None, world.eve)[1]) == ["Hers"]
    assert call("GET", "/projects", workspace=world.elsewhere)[0] == 400


def test_all_projects_are_paged_across_workspaces(world, make):
    other = world.workspace("Other", world.ada)
    for number in range(3):
        make(f"Here {number}")
        world.made("/projects", {"name": f"There {number}", "workspace": other})
    found = names(world.pages("/projects", limit=2))
    assert sorted(found) == ["Here 0", "Here 1", "Here 2", "There 0", "There 1", "There 2"]


def test_a_deleted_project_leaves_its_tasks_and_nothing_else(world, call, make, bob):
    gid = make(followers=[bob])
    (section,) = call("GET", f"/projects/{gid}/sections")[1]
    task = world.made("/tasks", {"name": "Task", "projects": [gid]})
    link = {"parent": gid, "resource_subtype": "external", "url": "https://fanfold.test/a", "name": "A"}
    attached = world.made("/attachments", link)
    assert call("DELETE", f"/projects/{gid}") == (200, {})
    assert call("GET", f"/attachments/{attached}")[0] == 404
    assert not world.store.record(int(attached))
    assert call("GET", f"/projects/{gid}")[0] == 404
    assert call("GET", f"/sections/{section['gid']}")[0] == 404
    status, shown = call("GET", f"/tasks/{task}")
    assert (status, shown["projects"], shown["memberships"]) == (200, [], [])
    assert call("GET", f"/tasks/{task}", None, bob)[0] == 404


def test_task_counts_show_nothing_until_fields_are_named(world, call, make):
    gid = make()
    world.made("/tasks", {"name": "A", "projects": [gid], "resource_subtype": "milestone", "completed": True})
    world.made("/tasks", {"name": "B", "projects": [gid]})
    path = f"/projects/{gid}/task_counts"
    assert call("GET", path) == (200, {})
    fields = "num_tasks,num_incomplete_tasks,num_completed_milestones,num_incomplete_milestones,nonsense"
    assert call("GET", path, opt_fields=fields) == (
        200,
        {"num_tasks": 2, "num_incomplete_tasks": 1, "num_completed_milestones": 1, "num_incomplete_milestones": 0},
    )


def test_a_full_project_costs_as_many_queries_with_many_relations_as_with_few(world, make, bob):
    def cost(gid):
        with queries(world.store) as asked:
            show(world, gid)
        return len(asked)

    few, many = make(), make(followers=[bob])
    show(world, few)
    show(world, many)
    assert cost(few) == cost(many)


@pytest.fixture
def team(world):
    return world.made("/teams", {"organization": world.org, "name": "Crew"})


def test_a_team_has_projects_and_its_members_see_those_that_are_private_to_it(world, call, team, bob):
    path = f"/teams/{team}/projects"
    gid = world.made(path, {"name": "Ours", "privacy_setting": "private_to_team"})
    shown = show(world, gid)
    assert (shown["team"]["gid"], shown["workspace"]["gid"]) == (team, world.org)
    assert names(call("GET", path)[1]) == names(call("GET", "/projects", team=team)[1]) == ["Ours"]
    assert call("GET", f"/projects/{gid}", None, bob)[0] == 404
    assert call("POST", f"/teams/{team}/addUser", {"user": bob})[0] == 200
    assert call("GET", f"/projects/{gid}", None, bob)[0] == 200
    assert call("POST", f"/teams/{team}/removeUser", {"user": bob})[0] == 200
    assert call("GET", f"/projects/{gid}", None, bob)[0] == 404


def test_a_project_moves_from_team_to_team(world, call, team):
    other = world.made("/teams", {"organization": world.org, "name": "Others"})
    gid = world.made("/projects", {"name": "Ours", "team": team})
    call("PUT", f"/projects/{gid}", {"team": other})
    assert names(call("GET", f"/teams/{team}/projects")[1]) == []
    assert names(call("GET", f"/teams/{other}/projects", archived="false")[1]) == ["Ours"]


def test_a_project_stays_in_the_workspace_of_its_team(world, call, team, space, make):
    refused = (400, f"team: Not in the same workspace: {team}")
    assert call("POST", "/projects", {"name": "A", "workspace": space, "team": team}) == refused
    assert call("PUT", f"/projects/{make()}", {"team": team}) == refused
    assert call("GET", "/projects", team=team, workspace=space) == (400, f"team: Not in the workspace: {team}")
