"""Team memberships: the two ways to list them, and what a secret team does to them."""

import pytest


@pytest.fixture
def band(world, org, bob):
    """A team with Ada and Bob in it."""
    team = world.made("/teams", {"name": "Band", "organization": org})
    world.call("POST", f"/teams/{team}/addUser", {"user": bob})
    return team


def pairs(shown):
    return [(member["team"]["gid"], member["user"]["gid"]) for member in shown]


def test_memberships_of_a_team_come_in_the_order_of_joining(world, call, band, ada, bob):
    for path, query in (("/team_memberships", {"team": band}), (f"/teams/{band}/team_memberships", {})):
        assert pairs(call("GET", path, **query)[1]) == [(band, ada), (band, bob)]
        assert pairs(world.pages(path, limit=1, **query)) == [(band, ada), (band, bob)]


def test_memberships_of_a_user_are_those_in_one_workspace(world, call, band, ada, bob, org):
    other = world.workspace("Other", ada, bob, is_organization=True)
    second = world.made("/teams", {"name": "Choir", "organization": other}, bob)
    assert pairs(call("GET", f"/team_memberships?user={bob}", workspace=org)[1]) == [(band, bob)]
    assert pairs(call("GET", f"/users/{bob}/team_memberships", workspace=other)[1]) == [(second, bob)]
    assert pairs(call("GET", f"/team_memberships?user={bob}", team=band)[1]) == [(band, bob)]
    assert call("GET", f"/team_memberships?user={world.person('Zoe', 'z@x.test')}", team=band)[0] == 400
    assert call("GET", f"/team_memberships?user={ada}", team=second) == (200, [])


def test_memberships_of_secret_teams_are_as_secret(world, call, ada, bob, org):
    team = world.made("/teams", {"name": "Plot", "organization": org, "visibility": "secret"}, bob)
    (made,) = call("GET", f"/teams/{team}/team_memberships", user=bob)[1]
    assert call("GET", f"/team_memberships/{made['gid']}")[0] == 404
    assert call("GET", f"/users/{bob}/team_memberships", workspace=org) == (200, [])
    assert call("GET", "/team_memberships", team=team) == (400, f"team: Unknown object: {team}")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "You should specify one of team, user + workspace"),
        ("user=me", "workspace: Missing input"),
        ("workspace=1", "user: Missing input"),
        ("user=me&workspace=me", "workspace: Not a recognized ID: me"),
        ("team=x", "team: Not a recognized ID: x"),
    ],
)
def test_a_list_needs_to_know_of_whom(call, query, message):
    assert call("GET", f"/team_memberships?{query}") == (400, message)


def test_a_user_s_list_needs_a_workspace(call, bob):
    assert call("GET", f"/users/{bob}/team_memberships") == (400, "workspace: Missing input")
