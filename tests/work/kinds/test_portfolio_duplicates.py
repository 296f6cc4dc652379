"""Copies of portfolios: what they hold was asked for, however many steps it took."""

import pytest

from fanfold.work.background import CHUNK
from fanfold.work.kinds import copy_portfolio


@pytest.fixture
def inner(world, space):
    return world.made("/portfolios", {"name": "Inner", "workspace": space})


@pytest.fixture
def portfolio(world, call, space, project, bob, inner):
    gid = world.made("/portfolios", {"name": "Bets", "workspace": space, "public": True, "color": "dark-red"})
    for item in (project, inner, world.made("/projects", {"name": "Last", "workspace": space})):
        call("POST", f"/portfolios/{gid}/addItem", {"item": item})
    world.made("/memberships", {"parent": gid, "member": bob, "access_level": "editor"})
    return gid


@pytest.fixture
def duplicate(call, portfolio):
    """Duplicates the portfolio and gives the copy's gid."""

    def duplicate(include="", user=None):
        data = {"name": "Copy", **({"include": include} if include else {})}
        status, job = call("POST", f"/portfolios/{portfolio}/duplicate", data, user)
        assert (status, job["status"], job["resource_subtype"]) == (201, "in_progress", "duplicate_portfolio"), job
        assert job["new_portfolio"]["name"] == "Copy"
        assert call("GET", f"/jobs/{job['gid']}", user=user)[1]["status"] == "succeeded"
        return job["new_portfolio"]["gid"]

    return duplicate


def names(call, portfolio, user=None):
    return [item["name"] for item in call("GET", f"/portfolios/{portfolio}/items", user=user)[1]]


def test_nothing_but_its_looks_and_custom_fields_is_copied_unless_included(call, ada, portfolio, duplicate, new_field):
    field = new_field("text", "Why")
    call("POST", f"/portfolios/{portfolio}/addCustomFieldSetting", {"custom_field": field, "is_important": True})
    call("PUT", f"/portfolios/{portfolio}", {"custom_fields": {field: "Because"}, "archived": True})
    copy = duplicate()
    shown = call("GET", f"/portfolios/{copy}")[1]
    assert (shown["name"], shown["color"], shown["public"], shown["owner"]["gid"]) == ("Copy", "dark-red", False, ada)
    assert [member["gid"] for member in shown["members"]] == [ada]
    assert [(value["gid"], value["display_value"]) for value in shown["custom_fields"]] == [(field, "Because")]
    (setting,) = call("GET", f"/portfolios/{copy}/custom_field_settings")[1]
    assert (setting["is_important"], setting["parent"]["gid"]) == (True, copy)
    assert names(call, copy) == []
    assert call("GET", f"/portfolios/{copy}", opt_fields="archived")[1]["archived"] is False


def test_items_are_the_same_in_the_same_order(call, project, duplicate):
    copy = duplicate("child_projects,child_portfolios")
    assert names(call, copy) == ["Launch", "Inner", "Last"]
    assert names(call, duplicate(["child_projects"])) == ["Launch", "Last"]
    assert names(call, duplicate("child_portfolios")) == ["Inner"]
    settings = call("GET", f"/projects/{project}/project_portfolio_settings")[1]
    assert copy in [setting["portfolio"]["gid"] for setting in settings]


@pytest.mark.parametrize(
    ("include", "levels", "public"),
    [("members", ["admin", "viewer"], False), ("members,permissions", ["admin", "editor"], True)],
)
def test_people_keep_their_access_with_the_permissions(call, duplicate, include, levels, public):
    copy = duplicate(include)
    assert [shown["access_level"] for shown in call("GET", "/memberships", parent=copy)[1]] == levels
    assert call("GET", f"/portfolios/{copy}")[1]["public"] is public


def test_teams_are_copied_as_teams(world, call, org):
    team = world.made("/teams", {"name": "Plot", "organization": org})
    source = world.made("/portfolios", {"name": "Bets", "workspace": org})
    world.made("/memberships", {"parent": source, "member": team})
    job = call("POST", f"/portfolios/{source}/duplicate", {"name": "Copy", "include": "members"})[1]
    listed = call("GET", "/memberships", parent=job["new_portfolio"]["gid"])[1]
    assert [shown["member"]["resource_type"] for shown in listed] == ["user", "team"]


def test_whoever_copies_gets_only_what_they_see(world, call, bob, space, portfolio, duplicate):
    hidden = world.made("/projects", {"name": "Hush", "workspace": space, "privacy_setting": "private"})
    call("POST", f"/portfolios/{portfolio}/addItem", {"item": hidden})
    copy = duplicate("child_projects,child_portfolios", bob)
    assert names(call, copy, bob) == ["Launch", "Last"]
    call("POST", f"/portfolios/{copy}/addMembers", {"members": ["ada@fanfold.test"]}, bob)
    assert names(call, copy) == ["Launch", "Last"]


@pytest.mark.parametrize("chunk", [1, 2, 3, 4, CHUNK])
def test_many_steps_copy_what_one_step_copies(call, ada, bob, duplicate, monkeypatch, chunk):
    monkeypatch.setattr(copy_portfolio, "CHUNK", chunk)
    copy = duplicate("members,child_projects,child_portfolios")
    assert names(call, copy) == ["Launch", "Inner", "Last"]
    assert [shown["member"]["gid"] for shown in call("GET", "/memberships", parent=copy)[1]] == [ada, bob]


def test_a_copy_that_is_deleted_meanwhile_ends_its_job(world, call, portfolio, monkeypatch):
    monkeypatch.setattr(copy_portfolio, "CHUNK", 1)
    world.api.background = lambda _: None
    job = call("POST", f"/portfolios/{portfolio}/duplicate", {"name": "Copy", "include": "members"})[1]
    call("DELETE", f"/portfolios/{job['new_portfolio']['gid']}")
    world.api.finish(int(job["gid"]))
    assert call("GET", f"/jobs/{job['gid']}")[1]["status"] == "failed"


def test_what_is_asked_for_has_to_be_something_there_is(call, eve, portfolio):
    path = f"/portfolios/{portfolio}/duplicate"
    assert call("POST", path, {}) == (400, "name: Missing input")
    assert call("POST", path, {"name": "x", "include": "members,weather"})[0] == 400
    assert call("POST", path, {"name": "x", "include": 7})[0] == 400
    assert call("POST", path, {"name": "x"}, eve)[0] == 404
