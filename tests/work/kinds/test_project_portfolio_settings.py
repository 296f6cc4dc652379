"""Project portfolio settings: what a portfolio and a project in it have to do with each other."""

import pytest


@pytest.fixture
def hidden(world, space):
    return world.made("/projects", {"name": "Hidden", "workspace": space, "privacy_setting": "private"})


@pytest.fixture
def portfolio(world, call, space, bob, hidden):
    """A portfolio of Ada and Bob with a project that Bob does not see."""
    gid = world.made("/portfolios", {"name": "Bets", "workspace": space})
    call("POST", f"/portfolios/{gid}/addMembers", {"members": [bob]})
    call("POST", f"/portfolios/{gid}/addItem", {"item": hidden})
    return gid


@pytest.fixture
def setting(call, portfolio):
    (shown,) = call("GET", f"/portfolios/{portfolio}/project_portfolio_settings")[1]
    return shown["gid"]


def test_a_setting_is_made_with_the_item_and_seen_from_both_sides(call, hidden, portfolio, setting):
    (compact,) = call("GET", f"/projects/{hidden}/project_portfolio_settings")[1]
    assert compact == {
        "gid": setting,
        "resource_type": "project_portfolio_setting",
        "project": {"gid": hidden, "resource_type": "project", "name": "Hidden"},
        "portfolio": {"gid": portfolio, "resource_type": "portfolio", "name": "Bets"},
        "is_access_control_inherited": False,
    }
    shown = call("GET", f"/project_portfolio_settings/{setting}")[1]
    assert shown == compact | {"created_at": "2026-01-05T09:30:00.000Z"}


def test_a_portfolio_lets_its_members_in_if_it_is_told_to(world, call, bob, hidden, portfolio, setting):
    task = world.made("/tasks", {"projects": [hidden]})
    path = f"/project_portfolio_settings/{setting}"
    seen = [f"/projects/{hidden}", f"/tasks/{task}", path]
    assert [call("GET", one, user=bob)[0] for one in seen] == [404] * 3
    for _ in range(2):
        assert call("PUT", path, {"is_access_control_inherited": True})[1]["is_access_control_inherited"] is True
    assert [call("GET", one, user=bob)[0] for one in seen] == [200] * 3
    call("PUT", path, {"is_access_control_inherited": False})
    assert [call("GET", one, user=bob)[0] for one in seen] == [404] * 3


def test_nobody_is_let_in_by_a_portfolio_that_the_project_has_left(call, bob, hidden, portfolio, setting):
    call("PUT", f"/project_portfolio_settings/{setting}", {"is_access_control_inherited": True})
    call("POST", f"/portfolios/{portfolio}/removeItem", {"item": hidden})
    assert call("GET", f"/projects/{hidden}", user=bob)[0] == 404
    assert call("GET", f"/project_portfolio_settings/{setting}")[0] == 404
    call("POST", f"/portfolios/{portfolio}/addItem", {"item": hidden})
    assert call("GET", f"/projects/{hidden}", user=bob)[0] == 404


def test_teams_of_a_portfolio_are_let_in_too(world, call, bob, org):
    team = world.made("/teams", {"name": "Plot", "organization": org})
    call("POST", f"/teams/{team}/addUser", {"user": bob})
    project = world.made("/projects", {"workspace": org, "team": team, "privacy_setting": "private"})
    portfolio = world.made("/portfolios", {"workspace": org})
    world.made("/memberships", {"parent": portfolio, "member": team})
    call("POST", f"/portfolios/{portfolio}/addItem", {"item": project})
    assert call("GET", f"/projects/{project}", user=bob)[0] == 404
    (shown,) = call("GET", f"/portfolios/{portfolio}/project_portfolio_settings")[1]
    call("PUT", f"/project_portfolio_settings/{shown['gid']}", {"is_access_control_inherited": True})
    assert call("GET", f"/projects/{project}", user=bob)[0] == 200


def test_what_is_set_is_true_or_false(call, portfolio, hidden, setting):
    path = f"/project_portfolio_settings/{setting}"
    assert call("PUT", path, {"is_access_control_inherited": "perhaps"})[0] == 400
    assert call("PUT", path, {"is_access_control_inherited": None})[0] == 400
    assert call("PUT", path, {"project": portfolio})[1]["project"]["gid"] == hidden


def test_settings_come_page_by_page_and_go_with_their_project(world, call, space, portfolio, setting, hidden):
    more = [world.made("/projects", {"workspace": space}) for _ in range(2)]
    for project in more:
        call("POST", f"/portfolios/{portfolio}/addItem", {"item": project})
    path = f"/portfolios/{portfolio}/project_portfolio_settings"
    assert [shown["project"]["gid"] for shown in world.pages(path, limit=2)] == [hidden, *more]
    call("DELETE", f"/projects/{hidden}")
    assert [shown["project"]["gid"] for shown in call("GET", path)[1]] == more
    assert call("GET", f"/project_portfolio_settings/{setting}")[0] == 404


def test_settings_are_seen_by_those_who_see_both(call, bob, eve, portfolio, setting):
    path = f"/portfolios/{portfolio}/project_portfolio_settings"
    assert call("GET", path, user=bob) == (200, [])
    assert call("GET", path, user=eve)[0] == 404
    assert call("PUT", f"/project_portfolio_settings/{setting}", {"is_access_control_inherited": True}, bob)[0] == 404
