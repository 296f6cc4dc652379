"""Workspaces: who is in them, who may change that, and what is lost on leaving."""

import pytest


def test_a_member_reads_the_workspace(call, org):
    status, shown = call("GET", f"/workspaces/{org}")
    assert status == 200
    assert shown == {
        "gid": org,
        "resource_type": "workspace",
        "name": "Fanfold",
        "email_domains": ["fanfold.test"],
        "is_organization": True,
    }


def test_a_stranger_learns_nothing_of_it(call, org, eve):
    assert call("GET", f"/workspaces/{org}", user=eve) == (404, f"workspace: Unknown object: {org}")


def test_everyone_lists_their_own_workspaces(call, world, org, eve):
    second = world.workspace("Second", world.ada)
    assert [shown["gid"] for shown in call("GET", "/workspaces")[1]] == [org, second]
    assert call("GET", "/workspaces", user=eve)[1] == [
        {"gid": world.elsewhere, "resource_type": "workspace", "name": "Elsewhere"}
    ]


def test_workspaces_come_in_pages(world, org):
    others = [world.workspace(f"Workspace {number}", world.ada) for number in range(4)]
    assert [shown["gid"] for shown in world.pages("/workspaces", limit=2)] == [org, *others]


def test_only_the_name_of_a_workspace_changes(call, org):
    changed = {"name": "Renamed", "is_organization": False, "email_domains": []}
    status, shown = call("PUT", f"/workspaces/{org}", changed)
    assert (status, shown["name"], shown["is_organization"], shown["email_domains"]) == (
        200,
        "Renamed",
        True,
        ["fanfold.test"],
    )


@pytest.mark.parametrize("name", [None, ["x"], {"a": 1}, True])
def test_a_name_is_text(call, org, name):
    status, message = call("PUT", f"/workspaces/{org}", {"name": name})
    assert status == 400
    assert message.startswith("name: ")


@pytest.mark.parametrize("named", ["gid", "email"])
def test_a_member_adds_users_by_gid_and_email(call, world, org, named):
    carol = world.person("Carol Kaye", "carol@fanfold.test")
    world.workspace("Where Ada knows Carol from", world.ada, carol)
    whom = carol if named == "gid" else "Carol@Fanfold.test"
    status, shown = call("POST", f"/workspaces/{org}/addUser", {"user": whom})
    assert (status, shown) == (
        200,
        {
            "gid": carol,
            "resource_type": "user",
            "name": "Carol Kaye",
            "email": "carol@fanfold.test",
            "photo": None,
        },
    )
    assert call("GET", f"/workspaces/{org}", user=carol)[0] == 200


def test_an_unknown_address_is_invited(call, org):
    status, shown = call("POST", f"/workspaces/{org}/addUser", {"user": "dora@fanfold.test"})
    assert (status, shown["name"], shown["email"]) == (200, "dora", "dora@fanfold.test")
    assert call("POST", f"/workspaces/{org}/addUser", {"user": "DORA@fanfold.test"})[1]["gid"] == shown["gid"]


def test_adding_a_member_again_changes_nothing(call, org, bob):
    before = call("GET", f"/workspaces/{org}/workspace_memberships")
    assert call("POST", f"/workspaces/{org}/addUser", {"user": bob})[0] == 200
    assert call("GET", f"/workspaces/{org}/workspace_memberships") == before


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ("nobody", "user: Not a recognized ID: nobody"),
        ("99999", "user: Unknown object: 99999"),
        (7, "user: Unknown object: 7"),
        (None, "user: Missing input"),
        ("a@b", "user: Not a valid email address: a@b"),
        ("a b@c.de", "user: Not a valid email address: a b@c.de"),
        ({"gid": []}, 'user: Not a recognized ID: {"gid":[]}'),
        (["me"], 'user: Not a recognized ID: ["me"]'),
    ],
)
def test_whoever_is_added_has_to_be_somebody(call, org, user, message):
    assert call("POST", f"/workspaces/{org}/addUser", {"user": user}) == (400, message)


def test_users_whom_one_does_not_know_are_not_added_by_gid(call, org, eve):
    assert call("POST", f"/workspaces/{org}/addUser", {"user": eve}) == (400, f"user: Unknown object: {eve}")


def test_strangers_add_and_remove_nobody(call, org, eve, bob):
    for verb in ("addUser", "removeUser"):
        answer = call("POST", f"/workspaces/{org}/{verb}", {"user": "me"}, eve)
        assert answer == (404, f"workspace: Unknown object: {org}")


def test_only_admins_remove_users(call, org, ada, bob):
    status, message = call("POST", f"/workspaces/{org}/removeUser", {"user": ada}, bob)
    assert (status, message) == (403, "Only an admin of the workspace may remove users from it.")
    assert call("POST", f"/workspaces/{org}/removeUser", {"user": bob}) == (200, {})


def test_the_last_admin_stays(call, org):
    status, message = call("POST", f"/workspaces/{org}/removeUser", {"user": "me"})
    assert (status, message) == (400, "user: The last admin of a workspace cannot be removed from it")


def test_who_is_no_member_cannot_be_removed(call, world, org):
    carol = world.person("Carol", "carol@x.test")
    world.workspace("Shared", world.ada, carol)
    status, message = call("POST", f"/workspaces/{org}/removeUser", {"user": "carol@x.test"})
    assert (status, message) == (400, f"user: Not a user in Workspace: {carol}")


def test_who_is_removed_sees_nothing_of_it_any_more(call, world, org, bob):
    team = world.made("/teams", {"name": "Band", "organization": org}, bob)
    project = world.made("/projects", {"name": "Secret", "team": team, "privacy_setting": "private"}, bob)
    task = world.made("/tasks", {"name": "Mine", "workspace": org, "assignee": "me"}, bob)
    mine = call("GET", "/users/me/user_task_list", user=bob, workspace=org)[1]["gid"]
    paths = [f"/teams/{team}", f"/projects/{project}", f"/tasks/{task}", f"/user_task_lists/{mine}"]
    paths += [f"/workspaces/{org}", f"/workspaces/{org}/users", f"/users/{world.ada}"]
    assert [call("GET", path, user=bob)[0] for path in paths] == [200] * len(paths)
    assert call("POST", f"/workspaces/{org}/removeUser", {"user": bob}) == (200, {})
    assert [call("GET", path, user=bob)[0] for path in paths] == [404] * len(paths)
    assert call("GET", "/workspaces", user=bob) == (200, [])
    assert call("GET", "/users", user=bob) == (200, [])


def test_who_comes_back_is_in_no_team_or_project_but_has_the_old_task_list(call, world, org, bob):
    team = world.made("/teams", {"name": "Band", "organization": org, "visibility": "secret"}, bob)
    project = world.made("/projects", {"name": "Secret", "team": team, "privacy_setting": "private"}, bob)
    mine = call("GET", "/users/me/user_task_list", user=bob, workspace=org)[1]["gid"]
    call("POST", f"/workspaces/{org}/removeUser", {"user": bob})
    assert call("POST", f"/workspaces/{org}/addUser", {"user": "bob@fanfold.test"})[0] == 200
    assert call("GET", f"/teams/{team}", user=bob)[0] == 404
    assert call("GET", f"/projects/{project}", user=bob)[0] == 404
    assert call("GET", "/users/me/user_task_list", user=bob, workspace=org)[1]["gid"] == mine
