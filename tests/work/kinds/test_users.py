"""Users: who sees whom, who is listed where, and that everyone is their own."""

import pytest


@pytest.fixture
def crowd(world, org):
    """Members whose names are not in the order of their gids."""
    people = {}
    for name in ("zoe", "Yan", "alf", "Bea"):
        gid = world.person(name, f"{name}@fanfold.test".lower())
        world.call("POST", f"/workspaces/{org}/addUser", {"user": f"{name}@fanfold.test"})
        people[name] = gid
    return people


def gids(answer):
    return [shown["gid"] for shown in answer[1]]


def names(answer):
    return [shown["name"] for shown in answer[1]]


@pytest.mark.parametrize("who", ["me", "ada@fanfold.test", "ADA@fanfold.test"])
def test_a_user_goes_by_many_names(call, ada, org, who):
    status, shown = call("GET", f"/users/{who}")
    assert status == 200
    assert shown == {
        "gid": ada,
        "resource_type": "user",
        "name": "Ada Lovelace",
        "email": "ada@fanfold.test",
        "photo": None,
        "workspaces": [{"gid": org, "resource_type": "workspace", "name": "Fanfold"}],
        "custom_fields": [],
    }


def test_only_workspaces_that_one_shares_are_shown(call, world, bob, org):
    world.workspace("Bob's own", bob)
    assert gids((200, call("GET", f"/users/{bob}")[1]["workspaces"])) == [org]
    assert len(call("GET", "/users/me", user=bob)[1]["workspaces"]) == 2


@pytest.mark.parametrize("who", ["eve@elsewhere.test", "nobody@elsewhere.test", "424242", "nobody"])
def test_strangers_and_nobody_answer_alike(call, who):
    problem = "Not a recognized ID" if who == "nobody" else "Unknown object"
    assert call("GET", f"/users/{who}") == (404, f"user: {problem}: {who}")


def test_a_user_can_be_asked_for_in_a_workspace(call, world, bob, org):
    other = world.workspace("Ada's own", world.ada)
    assert call("GET", f"/users/{bob}", workspace=org)[0] == 200
    assert call("GET", f"/users/{bob}", workspace=other) == (404, f"user: Unknown object: {bob}")
    assert call("GET", f"/workspaces/{org}/users/bob@fanfold.test")[1]["gid"] == bob
    assert call("GET", f"/workspaces/{other}/users/{bob}") == (404, f"user: Unknown object: {bob}")
    assert call("GET", f"/users/{bob}", workspace=world.elsewhere)[0] == 400


@pytest.mark.parametrize("path", ["/users/{user}", "/workspaces/{org}/users/{user}"])
def test_people_change_their_own_name_only(call, ada, bob, org, path):
    status, shown = call("PUT", path.format(user="me", org=org), {"name": "Countess", "email": "x@y.test"})
    assert (status, shown["name"], shown["email"]) == (200, "Countess", "ada@fanfold.test")
    status, message = call("PUT", path.format(user=bob, org=org), {"name": "Fool"})
    assert (status, message) == (403, "You do not have access to change this user.")
    assert call("GET", f"/users/{bob}")[1]["name"] == "Bob Hope"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": None}, "name: Value may not be null"),
        ({"name": []}, "name: Value is not a string: []"),
        ({"custom_fields": {"123": "x"}}, "Custom field with ID 123 is not on given object"),
        ({"custom_fields": [1]}, "custom_fields: Value is not a JSON object: [1]"),
    ],
)
def test_what_a_user_cannot_be_is_refused(call, given, message):
    assert call("PUT", "/users/me", given) == (400, message)


def test_empty_custom_fields_are_no_fault(call):
    assert call("PUT", "/users/me", {"custom_fields": {}})[1]["custom_fields"] == []


# -- lists -----------------------------------------------------------------------------------------------------------


def test_users_of_all_my_workspaces_come_by_gid_and_once(world, crowd, ada, bob, eve):
    world.workspace("Again", ada, bob, crowd["zoe"])
    expected = sorted([ada, bob, *crowd.values()], key=int)
    assert gids(world.call("GET", "/users")) == expected
    assert [shown["gid"] for shown in world.pages("/users", limit=2)] == expected
    assert gids(world.call("GET", "/users", user=eve)) == [eve]


def test_users_can_be_asked_for_by_workspace_and_team(world, call, ada, bob, crowd, org):
    team = world.made("/teams", {"name": "Band", "organization": org})
    call("POST", f"/teams/{team}/addUser", {"user": crowd["zoe"]})
    other = world.workspace("Other", ada, bob)
    assert gids(call("GET", "/users", workspace=other)) == [ada, bob]
    assert gids(call("GET", "/users", team=team)) == [ada, crowd["zoe"]]
    assert gids(call("GET", "/users", team=team, workspace=other)) == [ada]
    assert call("GET", "/users", workspace=world.elsewhere)[0] == 400
    assert call("GET", "/users", team=org) == (400, "team: Not a valid GID type: workspace")


def test_users_of_a_workspace_or_team_come_in_alphabetical_order(world, call, crowd, org):
    assert names(call("GET", f"/workspaces/{org}/users")) == ["Ada Lovelace", "alf", "Bea", "Bob Hope", "Yan", "zoe"]
    team = world.made("/teams", {"name": "Band", "organization": org})
    for name in ("zoe", "alf"):
        call("POST", f"/teams/{team}/addUser", {"user": crowd[name]})
    assert names(call("GET", f"/teams/{team}/users")) == ["Ada Lovelace", "alf", "zoe"]
    assert call("GET", f"/workspaces/{org}/users", opt_fields="email")[1][0] == {
        "gid": world.ada,
        "email": "ada@fanfold.test",
    }


def test_alphabetical_lists_end_somewhere(call, crowd, org, monkeypatch):
    monkeypatch.setattr("fanfold.work.kinds.users.MAX_ALPHABETICAL", 3)
    assert names(call("GET", f"/workspaces/{org}/users")) == ["Ada Lovelace", "alf", "Bea"]


def test_alphabetical_lists_have_no_pages(call, org):
    answer = call("GET", f"/workspaces/{org}/users", offset="eyJ0eXAiOiJKV1QifQ")
    assert answer == (400, "offset: Your pagination token is invalid.")


def test_strangers_list_no_users(call, org, eve):
    assert call("GET", f"/workspaces/{org}/users", user=eve)[0] == 404


# -- favorites -------------------------------------------------------------------------------------------------------


def test_favorites_come_in_the_order_of_the_user(world, call, ada, bob, space):
    other = world.workspace("Other", ada)
    made = [world.made("/projects", {"name": f"P{n}", "workspace": ws}) for n, ws in enumerate((space, space, other))]
    for place, gid in enumerate([made[1], made[2], made[0], bob]):
        world.store.link(int(ada), "user.favorites", int(gid), place)
    asked = {"resource_type": "project", "workspace": space}
    assert names(call("GET", "/users/me/favorites", **asked)) == ["P1", "P0"]
    assert [shown["name"] for shown in world.pages("/users/me/favorites", limit=1, **asked)] == ["P1", "P0"]
    assert gids(call("GET", "/users/me/favorites", resource_type="user", workspace=space)) == [bob]
    assert call("GET", "/users/me/favorites", resource_type="user", workspace=other) == (200, [])


def test_favorites_that_one_may_not_see_are_left_out(world, call, ada, bob, space):
    hidden = world.made("/projects", {"name": "Hidden", "workspace": space, "privacy_setting": "private"}, bob)
    task = world.made("/tasks", {"name": "Shown", "workspace": space})
    for gid in (hidden, task):
        world.store.link(int(ada), "user.favorites", int(gid), int(gid))
    assert call("GET", "/users/me/favorites", resource_type="project", workspace=space) == (200, [])
    assert call("GET", "/users/me/favorites", resource_type="task", workspace=space) == (
        200,
        [{"gid": task, "resource_type": "task", "name": "Shown"}],
    )


def test_favorites_of_a_kind_that_is_not_here_are_none(call, org):
    assert call("GET", "/users/me/favorites", resource_type="portfolio", workspace=org) == (200, [])


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ({"workspace": "1"}, 400, "resource_type: Missing input"),
        ({"resource_type": "project"}, 400, "workspace: Missing input"),
        ({"resource_type": "project", "workspace": "1"}, 400, "workspace: Unknown object: 1"),
    ],
)
def test_favorites_need_to_know_which(call, query, status, message):
    assert call("GET", "/users/me/favorites", **query) == (status, message)


def test_favorites_of_others_are_theirs(call, bob, org):
    status, message = call("GET", f"/users/{bob}/favorites", resource_type="project", workspace=org)
    assert (status, message) == (403, "You do not have access to the favorites of this user.")
