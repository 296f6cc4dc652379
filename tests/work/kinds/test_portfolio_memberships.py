"""Portfolio memberships, as the former operations show them."""

import pytest


@pytest.fixture
def portfolio(world, space, bob):
    gid = world.made("/portfolios", {"name": "Bets", "workspace": space})
    world.call("POST", f"/portfolios/{gid}/addMembers", {"members": [bob]})
    return gid


def users(shown):
    return [membership["user"]["gid"] for membership in shown]


def test_a_membership_is_shown_from_both_sides(call, ada, portfolio):
    first, second = call("GET", f"/portfolios/{portfolio}/portfolio_memberships")[1]
    assert first == {
        "gid": first["gid"],
        "resource_type": "portfolio_membership",
        "portfolio": {"gid": portfolio, "resource_type": "portfolio", "name": "Bets"},
        "user": {"gid": ada, "resource_type": "user", "name": "Ada Lovelace"},
        "access_level": "admin",
    }
    assert second["access_level"] == "viewer"
    assert call("GET", f"/portfolio_memberships/{first['gid']}") == (200, first)


def test_memberships_are_listed_by_portfolio_or_user(world, ada, bob, org, space, portfolio):
    call = world.call
    second = world.made("/portfolios", {"workspace": space})
    path = "/portfolio_memberships"
    assert users(world.pages(path, portfolio=portfolio, limit=1)) == [ada, bob]
    assert users(call("GET", f"{path}?portfolio={portfolio}&user={bob}")[1]) == [bob]
    assert users(call("GET", f"/portfolios/{portfolio}/portfolio_memberships?user=me")[1]) == [ada]
    found = call("GET", f"{path}?workspace={space}&user=me")[1]
    assert [membership["portfolio"]["gid"] for membership in found] == [portfolio, second]
    assert call("GET", f"{path}?workspace={org}&user=me") == (200, [])
    assert call("GET", path)[1].startswith("You should specify one of portfolio")
    assert call("GET", path, workspace=space) == (400, "user: Missing input")
    assert call("GET", f"{path}?user=me") == (400, "workspace: Missing input")


def test_memberships_of_teams_are_left_out(world, call, ada, org):
    portfolio = world.made("/portfolios", {"workspace": org})
    team = world.made("/teams", {"name": "Plot", "organization": org})
    world.made("/memberships", {"parent": portfolio, "member": team})
    assert users(call("GET", "/portfolio_memberships", portfolio=portfolio)[1]) == [ada]


def test_memberships_of_private_portfolios_are_as_private(world, call, ada, bob, space):
    hidden = world.made("/portfolios", {"workspace": space}, bob)
    (shown,) = call("GET", f"/portfolios/{hidden}/portfolio_memberships", user=bob)[1]
    assert call("GET", f"/portfolio_memberships/{shown['gid']}")[0] == 404
    assert call("GET", f"/portfolios/{hidden}/portfolio_memberships")[0] == 404
    assert call("GET", f"/portfolio_memberships?workspace={space}&user={bob}") == (200, [])
