"""Memberships of all that is shared, by one set of operations."""

import pytest

from fanfold.work.change import born


@pytest.fixture
def portfolio(world, space):
    return world.made("/portfolios", {"name": "Bets", "workspace": space})


@pytest.fixture
def custom_field(new_field):
    return new_field("text", "Why")


@pytest.fixture
def goal(world, space):
    return world.made("/goals", {"name": "Fly", "workspace": space})


@pytest.fixture
def custom_type(world, space):
    """Nothing in the API makes one."""
    return str(born(world.system, "custom_type", int(space), name="Bug").gid)


@pytest.fixture
def team(world, org):
    return world.made("/teams", {"name": "Plot", "organization": org})


@pytest.fixture
def shared(world, org, team):
    """A private project of the team's organization."""
    values = {"name": "Hush", "workspace": org, "team": team, "privacy_setting": "private"}
    return world.made("/projects", values)


@pytest.fixture
def join(call):
    def join(parent, member, **values):
        return call("POST", "/memberships", {"parent": parent, "member": member, **values})

    return join


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        *(("project", "editor"), ("portfolio", "viewer"), ("goal", "commenter")),
        *(("custom_field", "user"), ("custom_type", "user")),
    ],
)
def test_a_membership_is_made_read_changed_and_ended(request, world, call, bob, join, kind, default):
    parent = request.getfixturevalue(kind)
    status, shown = join(parent, bob)
    assert status == 201
    assert shown["resource_type"] == "membership"
    assert shown["resource_subtype"] == f"{kind}_membership"
    assert (shown["parent"]["gid"], shown["member"]["gid"], shown["access_level"]) == (parent, bob, default)
    path = f"/memberships/{shown['gid']}"
    assert call("GET", path) == (200, shown)
    changed = shown | {"access_level": "admin"} | ({"role": "editor"} if kind == "goal" else {})
    assert call("PUT", path, {"access_level": "admin"}) == (200, changed)
    assert call("PUT", path, {}) == (200, changed)
    listed = call("GET", "/memberships", parent=parent, member=bob)[1]
    assert [membership["gid"] for membership in listed] == [shown["gid"]]
    assert call("DELETE", path) == (200, {})
    assert call("GET", path) == (404, f"membership: Unknown object: {shown['gid']}")
    assert call("GET", "/memberships", parent=parent, member=bob) == (200, [])


def test_it_is_the_record_that_the_project_knows(world, call, bob, project, join):
    gid = join(project, bob, access_level="commenter")[1]["gid"]
    former = call("GET", f"/project_memberships/{gid}")[1]
    assert (former["resource_type"], former["write_access"]) == ("project_membership", "comment_only")
    assert bob in [member["gid"] for member in call("GET", f"/projects/{project}")[1]["members"]]
    listed = [shown["gid"] for shown in world.pages("/memberships", parent=project, limit=1)]
    assert listed == [shown["gid"] for shown in call("GET", f"/projects/{project}/project_memberships")[1]]


def test_whoever_is_no_member_follows_no_longer(call, bob, project):
    call("POST", f"/projects/{project}/addFollowers", {"followers": [bob]})
    (shown,) = call("GET", "/memberships", parent=project, member=bob)[1]
    call("DELETE", f"/memberships/{shown['gid']}")
    project = call("GET", f"/projects/{project}")[1]
    assert bob not in [user["gid"] for user in project["members"] + project["followers"]]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("project", "viewer", "user"),
        ("portfolio", "editor", "commenter"),
        ("custom_field", "editor", "viewer"),
        ("goal", "viewer", "user"),
    ],
)
def test_levels_of_access_depend_on_the_parent(request, call, bob, join, kind, good, bad):
    parent = request.getfixturevalue(kind)
    status, said = join(parent, bob, access_level=bad)
    assert (status, said.partition(" ")[0]) == (400, "access_level:")
    shown = join(parent, bob, access_level=good)[1]
    assert shown["access_level"] == good
    assert call("PUT", f"/memberships/{shown['gid']}", {"access_level": bad})[0] == 400


def test_the_role_is_the_former_name_of_the_level(join, bob, project):
    assert join(project, bob, role="viewer")[0] == 400
    assert join(project, bob, role="admin")[1]["access_level"] == "admin"


def test_new_members_get_what_the_project_gives_by_default(call, bob, project, join):
    call("PUT", f"/projects/{project}", {"default_access_level": "viewer"})
    assert join(project, "bob@fanfold.test")[1]["access_level"] == "viewer"


def test_nobody_is_a_member_twice(join, ada, bob, project):
    assert join(project, "me") == (400, f"member: Already a member of this project: {ada}")


def test_what_does_not_fit_is_refused(world, bob, eve, space, project, team, join):
    call = world.call
    task = world.made("/tasks", {"workspace": space})
    assert call("POST", "/memberships", {"parent": project}) == (400, "member: Missing input")
    assert call("POST", "/memberships", {"member": bob}) == (400, "parent: Missing input")
    assert join(task, bob) == (400, "parent: Not a valid GID type: task")
    assert join(project, task) == (400, "member: Not a valid GID type: task")
    assert join(project, eve) == (400, f"member: Unknown object: {eve}")
    assert join("x", bob) == (400, "parent: Not a recognized ID: x")
    assert join(project, team) == (400, f"member: Not in the same workspace: {team}")
    world.workspace("Both", world.ada, eve)
    assert join(project, eve) == (400, f"member: Not in the same workspace: {eve}")
    assert call("GET", f"/memberships/{task}") == (404, f"membership: Unknown object: {task}")


def test_lists_say_what_they_are_of(call, ada, bob, team, project):
    said = "You should specify one of parent, parent + member, member + resource_subtype"
    assert call("GET", "/memberships") == (400, said)
    assert call("GET", "/memberships", member=team) == (400, said)
    assert call("GET", "/memberships", member=team, resource_subtype="goal_membership")[0] == 400
    found = call("GET", "/memberships", member=ada, resource_subtype="project_membership")
    assert found == (400, "member: Not a valid GID type: user")


def test_a_team_lets_its_people_in(world, call, ada, bob, team, shared, join):
    task = world.made("/tasks", {"projects": [shared]})
    call("POST", f"/teams/{team}/addUser", {"user": bob})
    for path in (f"/projects/{shared}", f"/tasks/{task}"):
        assert call("GET", path, user=bob)[0] == 404
    status, shown = join(shared, team)
    assert (status, shown["member"]) == (201, {"gid": team, "resource_type": "team", "name": "Plot"})
    for path in (f"/projects/{shared}", f"/tasks/{task}"):
        assert call("GET", path, user=bob)[0] == 200
    assert [member["gid"] for member in call("GET", f"/projects/{shared}")[1]["members"]] == [ada]
    former = call("GET", f"/project_memberships/{shown['gid']}")[1]
    assert (former["member"]["gid"], former["user"]) == (team, None)
    call("DELETE", f"/memberships/{shown['gid']}")
    assert call("GET", f"/projects/{shared}", user=bob)[0] == 404


def test_teams_and_people_are_listed_in_the_order_of_joining(world, call, ada, bob, team, shared, join):
    join(shared, team)
    join(shared, bob)
    members = [shown["member"]["gid"] for shown in world.pages("/memberships", parent=shared, limit=1)]
    assert members == [ada, team, bob]
    assert [shown["member"]["gid"] for shown in call("GET", "/memberships", parent=shared, member=team)[1]] == [team]


def test_the_projects_of_a_team_are_listed_as_far_as_they_are_seen(world, call, bob, org, team, shared, join):
    public = world.made("/projects", {"name": "Open", "workspace": org, "team": team})
    for project in (shared, public):
        join(project, team)
    listed = {"member": team, "resource_subtype": "project_membership"}
    assert [shown["parent"]["gid"] for shown in call("GET", "/memberships", **listed)[1]] == [shared, public]
    assert [shown["parent"]["gid"] for shown in call("GET", "/memberships", user=bob, **listed)[1]] == [public]


def test_memberships_of_what_one_does_not_see_are_not_seen(call, bob, eve, shared, portfolio):
    for parent in (shared, portfolio):
        (shown,) = call("GET", "/memberships", parent=parent)[1]
        for user in (bob, eve):
            assert call("GET", "/memberships", parent=parent, user=user)[0] == 400
            for method in ("GET", "PUT", "DELETE"):
                assert call(method, f"/memberships/{shown['gid']}", {} if method == "PUT" else None, user)[0] == 404


def test_memberships_end_with_what_they_are_of(call, bob, custom_field, portfolio, goal, join):
    gids = [join(parent, bob)[1]["gid"] for parent in (custom_field, portfolio, goal)]
    call("DELETE", f"/custom_fields/{custom_field}")
    call("DELETE", f"/goals/{goal}")
    call("DELETE", f"/portfolios/{portfolio}")
    assert [call("GET", f"/memberships/{gid}")[0] for gid in gids] == [404] * 3


def test_whoever_leaves_a_workspace_leaves_all_that_is_shared_there(
    call, bob, space, custom_field, portfolio, goal, join
):
    gids = [join(parent, bob)[1]["gid"] for parent in (custom_field, portfolio, goal)]
    assert call("POST", f"/workspaces/{space}/removeUser", {"user": bob})[0] == 200
    assert [call("GET", f"/memberships/{gid}")[0] for gid in gids] == [404] * 3


def test_members_of_a_goal_follow_it_and_are_shown_under_former_names_too(call, ada, bob, space, goal, join):
    shown = join(goal, bob, role="editor")[1]
    assert (shown["access_level"], shown["role"], shown["user"]["gid"]) == ("editor", "editor", bob)
    assert (shown["goal"], shown["workspace"]["gid"]) == (shown["parent"], space)
    assert [user["gid"] for user in call("GET", f"/goals/{goal}")[1]["followers"]] == [ada, bob]
    path = f"/memberships/{shown['gid']}"
    assert call("PUT", path, {"access_level": "viewer"})[1]["role"] == "commenter"
    (own, compact) = call("GET", "/memberships", parent=goal)[1]
    assert (own["access_level"], compact["role"], "user" in compact) == ("admin", "commenter", False)
    call("DELETE", path)
    assert [user["gid"] for user in call("GET", f"/goals/{goal}")[1]["followers"]] == [ada]
