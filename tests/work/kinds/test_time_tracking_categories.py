"""Time tracking categories."""

import pytest


@pytest.fixture
def category(world, org):
    return world.made("/time_tracking_categories", {"workspace": org, "name": "Meetings", "color": "aqua"})


def test_a_category_is_made_read_changed_and_deleted(call, category):
    path = f"/time_tracking_categories/{category}"
    shown = call("GET", path)[1]
    assert (shown["name"], shown["color"], shown["is_archived"]) == ("Meetings", "aqua", False)
    shown = call("PUT", path, {"name": "Talks", "color": "none", "is_archived": True})[1]
    assert (shown["name"], shown["color"], shown["is_archived"]) == ("Talks", "none", True)
    assert call("DELETE", path) == (200, {})
    assert call("GET", path) == (404, f"time_tracking_category: Unknown object: {category}")


def test_a_category_needs_a_name_a_workspace_and_a_known_colour(call, org, category):
    assert call("POST", "/time_tracking_categories", {"workspace": org}) == (400, "name: Missing input")
    assert call("POST", "/time_tracking_categories", {"name": "x"}) == (400, "workspace: Missing input")
    assert call("POST", "/time_tracking_categories", {"workspace": org, "name": "x", "color": "mauve"})[0] == 400
    assert call("POST", "/time_tracking_categories", {"workspace": org, "name": "x" * 1025})[0] == 400
    assert call("PUT", f"/time_tracking_categories/{category}", {"workspace": org})[0] == 400
    assert call("POST", "/time_tracking_categories", {"workspace": org, "name": "x"})[1]["color"] == "none"


def test_lists_show_what_is_in_use_unless_asked_for_what_is_archived(world, call, org, category):
    second = world.made("/time_tracking_categories", {"workspace": org, "name": "Second"})
    old = world.made("/time_tracking_categories", {"workspace": org, "name": "Old"})
    call("PUT", f"/time_tracking_categories/{old}", {"is_archived": True})

    def listed(**query):
        return [item["gid"] for item in world.pages("/time_tracking_categories", workspace=org, limit=1, **query)]

    assert listed() == listed(is_archived="false") == [category, second]
    assert listed(is_archived="true") == [old]
    assert call("GET", "/time_tracking_categories") == (400, "workspace: Missing input")
    shown = call("GET", "/time_tracking_categories", workspace=org)[1][0]
    assert sorted(shown) == ["color", "gid", "name", "resource_type"]


def test_somebody_of_another_workspace_has_no_part_in_it(call, eve, org, category):
    assert call("GET", f"/time_tracking_categories/{category}", user=eve)[0] == 404
    assert call("DELETE", f"/time_tracking_categories/{category}", user=eve)[0] == 404
    assert call("GET", "/time_tracking_categories", user=eve, workspace=org)[0] == 400
    assert call("POST", "/time_tracking_categories", {"workspace": org, "name": "x"}, user=eve)[0] == 400
