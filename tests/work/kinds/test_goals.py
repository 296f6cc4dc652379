"""Goals: whose they are, for when, what is said of them, and the lists that they are in."""

import pytest

PUBLIC = "public_to_workspace"


@pytest.fixture
def team(world, org):
    return world.made("/teams", {"name": "Growth", "organization": org})


@pytest.fixture
def goal(world, space):
    return world.made("/goals", {"name": "Grow", "workspace": space})


def gids(shown):
    return [item["gid"] for item in shown]


def test_a_goal_is_made_read_changed_and_deleted(call, ada, space):
    data = {"name": "Grow", "workspace": space, "notes": "a & b", "start_on": "2026-01-01", "due_on": "2026-12-31"}
    status, shown = call("POST", "/goals", data)
    path = f"/goals/{shown['gid']}"
    assert (status, shown["name"], shown["notes"]) == (201, "Grow", "a & b")
    assert shown["html_notes"] == "<body>a &amp; b</body>"
    assert (shown["owner"]["gid"], gids(shown["followers"])) == (ada, [ada])
    assert (shown["metric"], shown["status"], shown["time_period"], shown["current_status_update"]) == (None,) * 4
    assert (shown["liked"], shown["likes"], shown["num_likes"]) == (False, [], 0)
    assert (shown["privacy_setting"], shown["default_access_level"]) == (PUBLIC, "editor")
    assert call("GET", path)[1] == shown
    changed = call("PUT", path, {"name": "Shrink", "html_notes": "<body><em>c</em></body>", "owner": None})[1]
    assert (changed["name"], changed["notes"], changed["owner"]) == ("Shrink", "c", None)
    assert call("DELETE", path) == (200, {})
    assert call("GET", path) == (404, f"goal: Unknown object: {shown['gid']}")


def test_a_goal_needs_a_workspace_or_a_team(call, org, team):
    assert call("POST", "/goals", {"name": "x"}) == (400, "workspace: Missing input")
    shown = call("POST", "/goals", {"name": "x", "team": team})[1]
    assert (shown["workspace"]["gid"], shown["team"]["gid"], shown["is_workspace_level"]) == (org, team, False)


def test_in_an_organization_a_goal_is_the_workspaces_or_a_teams(call, org, space, team):
    shown = call("POST", "/goals", {"workspace": org})[1]
    assert shown["is_workspace_level"] is True
    assert "team" not in shown
    both = call("POST", "/goals", {"workspace": org, "team": team, "is_workspace_level": True})[1]
    assert (both["is_workspace_level"], both["team"]["gid"]) == (True, team)
    said = "team: A goal that is not the workspace's needs a team"
    assert call("POST", "/goals", {"workspace": org, "is_workspace_level": False}) == (400, said)
    assert call("PUT", f"/goals/{shown['gid']}", {"is_workspace_level": False, "team": team})[0] == 200
    assert call("PUT", f"/goals/{shown['gid']}", {"team": None}) == (400, said)
    plain = call("POST", "/goals", {"workspace": space, "is_workspace_level": True})[1]
    assert "is_workspace_level" not in plain


def test_what_a_goal_refers_to_is_in_its_workspace(world, call, ada, eve, space, org, team):
    assert call("POST", "/goals", {"workspace": space, "team": team}) == (
        400,
        f"team: Not in the same workspace: {team}",
    )
    world.workspace("Both", ada, eve)
    for name, value in (("owner", eve), ("followers", [eve])):
        assert call("POST", "/goals", {"workspace": space, name: value})[0] == 400
    period = call("GET", "/time_periods", workspace=org)[1][0]["gid"]
    assert call("POST", "/goals", {"workspace": space, "time_period": period}) == (
        400,
        f"time_period: Not in the same workspace: {period}",
    )
    assert call("POST", "/goals", {"workspace": space, "time_period": space})[0] == 400


def test_a_goal_stays_in_its_workspace(call, goal, space, org):
    assert call("PUT", f"/goals/{goal}", {"workspace": org}) == (400, "workspace: Cannot write this property")
    assert call("PUT", f"/goals/{goal}", {"workspace": space, "name": "n"})[1]["name"] == "n"


def test_a_goal_is_for_a_time_period(call, goal, space):
    period = call("GET", "/time_periods", workspace=space)[1][8]
    shown = call("PUT", f"/goals/{goal}", {"time_period": period["gid"]})[1]
    assert shown["time_period"] == period
    listed = call("GET", "/goals", workspace=space, opt_fields="time_period.display_name")[1]
    assert listed == [{"gid": goal, "time_period": {"gid": period["gid"], "display_name": "H1 FY26"}}]
    assert call("PUT", f"/goals/{goal}", {"time_period": None})[1]["time_period"] is None


@pytest.mark.parametrize(
    "dates", [{"start_on": "2026-01-01"}, {"start_on": "2026-01-02", "due_on": "2026-01-01"}, {"due_on": "tomorrow"}]
)
def test_a_goal_ends_after_its_start(call, goal, dates):
    assert call("PUT", f"/goals/{goal}", dates)[0] == 400


def test_what_nobody_may_set_is_ignored(call, ada, space):
    data = {"workspace": space, "status": "green", "metric": {"unit": "none"}, "privacy_setting": "members_only"}
    data |= {"num_likes": 3, "likes": [], "current_status_update": "1", "default_access_level": "viewer"}
    status, shown = call("POST", "/goals", data)
    assert (status, shown["status"], shown["metric"], shown["privacy_setting"]) == (201, None, None, PUBLIC)
    assert shown["default_access_level"] == "editor"


def test_people_like_a_goal(call, ada, bob, goal):
    assert call("PUT", f"/goals/{goal}", {"liked": True})[1]["num_likes"] == 1
    shown = call("PUT", f"/goals/{goal}", {"liked": True}, user=bob)[1]
    assert [like["user"]["gid"] for like in shown["likes"]] == [ada, bob]
    shown = call("PUT", f"/goals/{goal}", {"liked": False})[1]
    assert (shown["num_likes"], shown["liked"]) == (1, False)


def test_people_follow_a_goal(call, ada, bob, eve, goal):
    shown = call("POST", f"/goals/{goal}/addFollowers", {"followers": [bob]})[1]
    assert gids(shown["followers"]) == [ada, bob]
    assert gids(call("POST", f"/goals/{goal}/removeFollowers", {"followers": "me"})[1]["followers"]) == [bob]
    assert call("POST", f"/goals/{goal}/addFollowers", {"followers": [eve]})[0] == 400
    assert call("POST", f"/goals/{goal}/addFollowers", {}) == (400, "followers: Missing input")


def test_those_who_follow_a_goal_are_its_members(world, call, ada, bob, eve, space, goal):
    made = world.made("/memberships", {"parent": goal, "member": bob, "access_level": "viewer"})
    listed = call("GET", "/memberships", parent=goal)[1]
    assert [(item["member"]["gid"], item["access_level"]) for item in listed] == [(ada, "admin"), (bob, "viewer")]
    assert gids(call("GET", f"/goals/{goal}")[1]["followers"]) == [ada, bob]
    call("DELETE", f"/memberships/{made}")
    assert gids(call("GET", f"/goals/{goal}")[1]["followers"]) == [ada]
    call("PUT", f"/goals/{goal}", {"owner": bob})
    assert gids(call("GET", f"/goals/{goal}")[1]["followers"]) == [ada, bob]
    followed = call("POST", "/goals", {"workspace": space, "owner": None, "followers": [bob]})[1]
    assert (followed["owner"], gids(followed["followers"])) == (None, [ada, bob])
    last = call("GET", "/memberships", parent=goal)[1][-1]["gid"]
    call("DELETE", f"/goals/{goal}")
    assert call("GET", f"/memberships/{last}")[0] == 404


def test_goals_have_custom_fields_of_their_own(call, goal, new_field, holder):
    field = new_field("number", precision=1)
    said = (400, f"Custom field with ID {field} is not on given object")
    assert call("PUT", f"/goals/{goal}", {"custom_fields": {field: 2}}) == said
    path = f"/goals/{goal}/addCustomFieldSetting"
    setting = call("POST", path, {"custom_field": field, "is_important": True})[1]
    assert setting["parent"] == {"gid": goal, "resource_type": "goal", "name": "Grow"}
    assert "project" not in setting
    assert call("POST", path, {"custom_field": field})[0] == 400
    shown = call("PUT", f"/goals/{goal}", {"custom_fields": {field: 2.25}})[1]
    assert (shown["custom_fields"][0]["gid"], shown["custom_fields"][0]["number_value"]) == (field, 2.2)
    assert gids(shown["custom_field_settings"]) == [setting["gid"]]
    assert gids(call("GET", f"/goals/{goal}/custom_field_settings")[1]) == [setting["gid"]]
    assert call("PUT", f"/tasks/{holder}", {"custom_fields": {field: 2}}) == said
    assert call("POST", f"/goals/{goal}/removeCustomFieldSetting", {"custom_field": field}) == (200, {})
    assert call("GET", f"/goals/{goal}")[1]["custom_fields"] == []
    assert call("POST", f"/goals/{goal}/removeCustomFieldSetting", {"custom_field": field})[0] == 400


def test_goals_are_commented_on(world, call, ada, goal, eve):
    status, shown = call("POST", f"/goals/{goal}/stories", {"text": "Good"})
    assert (status, shown["text"], shown["target"]["gid"]) == (201, "Good", goal)
    assert gids(call("GET", f"/goals/{goal}/stories")[1]) == [shown["gid"]]
    assert call("POST", f"/goals/{goal}/stories", {}) == (400, "text: Missing input")
    assert call("GET", f"/goals/{goal}/stories", user=eve)[0] == 404
    assert call("DELETE", f"/stories/{shown['gid']}") == (200, {})


def test_a_status_update_says_how_a_goal_is_going(world, call, goal):
    def post(status_type):
        data = {"parent": goal, "status_type": status_type, "text": "x", "title": status_type}
        return world.made("/status_updates", data)

    first, second = post("at_risk"), post("achieved")
    shown = call("GET", f"/goals/{goal}")[1]
    assert (shown["status"], shown["current_status_update"]["gid"]) == ("achieved", second)
    assert shown["current_status_update"]["resource_subtype"] == "goal_status_update"
    listed = call("GET", "/status_updates", parent=goal, opt_fields="parent.name")[1]
    assert listed[0] == {"gid": second, "parent": {"gid": goal, "name": "Grow"}}
    call("DELETE", f"/status_updates/{second}")
    assert call("GET", f"/goals/{goal}")[1]["status"] == "yellow"
    call("DELETE", f"/status_updates/{first}")
    assert call("GET", f"/goals/{goal}")[1]["status"] is None
    assert call("POST", "/status_updates", {"parent": goal, "status_type": "on_hold", "text": "x"})[0] == 400
    assert call("GET", f"/project_statuses/{post('on_track')}")[0] == 404


def test_a_status_is_set_only_where_there_is_a_metric(call, goal):
    assert call("PUT", f"/goals/{goal}", {"status": "green"}) == (
        400,
        "status: Can only be set on a goal with a metric",
    )
    call("POST", f"/goals/{goal}/setMetric", {})
    assert call("PUT", f"/goals/{goal}", {"status": "green"})[1]["status"] == "green"
    assert call("PUT", f"/goals/{goal}", {"status": "blue"})[0] == 400
    assert call("PUT", f"/goals/{goal}", {"status": None})[1]["status"] is None


def test_everything_said_of_a_goal_goes_with_it(world, call, goal, new_field):
    setting = call("POST", f"/goals/{goal}/addCustomFieldSetting", {"custom_field": new_field("text")})[1]["gid"]
    story = world.made(f"/goals/{goal}/stories", {"text": "x"})
    update = world.made("/status_updates", {"parent": goal, "status_type": "on_track", "text": "x"})
    call("DELETE", f"/goals/{goal}")
    for gid in (goal, setting, story, update):
        assert world.store.record(int(gid)) is None


# -- lists -----------------------------------------------------------------------------------------------------------


def test_goals_are_listed_by_workspace_team_and_level(world, call, org, space, team, goal):
    ours = world.made("/goals", {"workspace": org})
    theirs = world.made("/goals", {"workspace": org, "team": team})
    assert gids(call("GET", "/goals", workspace=org)[1]) == [ours, theirs]
    assert gids(call("GET", "/goals", workspace=org, is_workspace_level="true")[1]) == [ours]
    assert gids(call("GET", "/goals", workspace=org, is_workspace_level="false")[1]) == [theirs]
    assert gids(call("GET", "/goals", team=team)[1]) == [theirs]
    assert sorted(gids(world.pages("/goals", limit=1))) == sorted([goal, ours, theirs])
    said = "is_workspace_level: Must be used with workspace"
    assert call("GET", "/goals", is_workspace_level="true") == (400, said)
    shown = call("GET", "/goals", team=team)[1][0]
    assert set(shown) == {"gid", "resource_type", "name", "owner"}


def test_goals_are_listed_by_time_period(world, call, space, org, goal):
    first, second, third, *_ = gids(call("GET", "/time_periods", workspace=space)[1])
    made = [world.made("/goals", {"workspace": space, "time_period": period}) for period in (first, second, third)]
    assert gids(call("GET", "/goals", workspace=space, time_periods=f"{first},{third}")[1]) == [made[0], made[2]]
    assert gids(call("GET", "/goals", time_periods=second)[1]) == [made[1]]
    for wrong in ("x", "1", space, f"{first},7"):
        assert call("GET", "/goals", time_periods=wrong)[0] == 400


def test_goals_are_listed_by_what_supports_them(world, call, goal, project, holder):
    other = world.made("/goals", {"workspace": call("GET", f"/goals/{goal}")[1]["workspace"]["gid"]})
    call("POST", f"/goals/{goal}/addSupportingRelationship", {"supporting_resource": project})
    call("POST", f"/goals/{other}/addSupportingRelationship", {"supporting_resource": holder})
    assert gids(call("GET", "/goals", project=project)[1]) == [goal]
    assert gids(call("GET", "/goals", task=holder)[1]) == [other]
    assert call("GET", "/goals", project=project, task=holder) == (200, [])
    assert call("GET", "/goals", project=holder) == (400, "project: Not a valid GID type: task")
    assert call("GET", "/goals", portfolio="1") == (400, "portfolio: Unknown object: 1")


def test_others_do_not_see_goals(call, space, goal, eve):
    path = f"/goals/{goal}"
    for method in ("GET", "PUT", "DELETE"):
        assert call(method, path, {"name": "x"}, user=eve) == (404, f"goal: Unknown object: {goal}")
    for verb in ("addFollowers", "removeFollowers", "setMetric", "setMetricCurrentValue", "addCustomFieldSetting"):
        assert call("POST", f"{path}/{verb}", {"followers": ["me"]}, user=eve)[0] == 404
    assert call("GET", "/goals", workspace=space, user=eve)[0] == 400
    assert call("GET", "/goals", user=eve) == (200, [])
    assert call("GET", f"{path}/parentGoals", user=eve)[0] == 404
    assert call("POST", "/goals", {"workspace": space}, user=eve)[0] == 400
