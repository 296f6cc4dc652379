"""Belonging: lists of members cost the same number of queries however many there are."""

import pytest

from tests.databases import queries


@pytest.fixture
def cost(world):
    """How many queries a list takes, and how long it is."""

    def cost(path):
        world.call("GET", path)
        with queries(world.store) as asked:
            status, shown = world.call("GET", path)
        assert status == 200
        return len(asked), len(shown)

    return cost


@pytest.mark.parametrize(
    "path",
    [
        "/workspaces/{org}/workspace_memberships",
        "/workspaces/{org}/users",
        "/users?workspace={org}",
        "/teams/{team}/team_memberships",
        "/teams/{team}/users",
        "/team_memberships?team={team}",
    ],
)
def test_many_members_cost_as_many_queries_as_few(world, call, cost, org, path):
    team = world.made("/teams", {"name": "Plot", "organization": org, "visibility": "secret"})
    path = path.format(org=org, team=team)
    queries, before = cost(path)
    for number in range(10):
        user = world.made(f"/workspaces/{org}/addUser", {"user": f"u{number}@fanfold.test"})
        world.made(f"/teams/{team}/addUser", {"user": user})
    assert cost(path) == (queries, before + 10)


def test_where_users_are_is_remembered_of_only_so_many(world, monkeypatch):
    monkeypatch.setattr("fanfold.work.session.MAX_USERS", 3)
    for _ in range(2):
        for user in [world.ada, world.bob, world.eve, *map(str, range(5000, 5008))]:
            assert world.api.view(int(user)).user == int(user)
    assert len(world.api.session._known) <= 3
