"""Teams: made in organizations, seen by all unless secret, changed and filled from within."""

import pytest


@pytest.fixture
def make(world, org):
    def make(user=None, **values):
        return world.made("/teams", {"name": "Band", "organization": org, **values}, user)

    return make


def gids(answer):
    return [shown["gid"] for shown in answer[1]]


def test_a_new_team_has_its_maker_as_admin(call, world, make, ada, org):
    team = make()
    status, shown = call("GET", f"/teams/{team}")
    levels = {name: value for name, value in shown.items() if name.endswith("_access_level")}
    assert status == 200
    assert {name: value for name, value in shown.items() if name not in levels} == {
        "gid": team,
        "resource_type": "team",
        "name": "Band",
        "organization": {"gid": org, "resource_type": "workspace", "name": "Fanfold"},
        "permalink_url": f"https://fanfold.test/0/0/{team}",
        "visibility": "request_to_join",
        "endorsed": False,
        "custom_field_settings": [],
    }
    assert set(levels.values()) == {"all_team_members", "no_restriction"}
    members = call("GET", f"/teams/{team}/team_memberships")[1]
    assert [(member["user"]["gid"], member["is_admin"]) for member in members] == [(ada, True)]


def test_a_description_is_one_text_shown_two_ways_when_asked_for(call, make):
    team = make(html_description="<body>Loud <strong>music</strong></body>")
    assert "description" not in call("GET", f"/teams/{team}")[1]
    shown = call("GET", f"/teams/{team}", opt_fields="description,html_description")[1]
    assert shown == {
        "gid": team,
        "description": "Loud music",
        "html_description": "<body>Loud <strong>music</strong></body>",
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "name: Missing input"),
        ({"name": ""}, "name: Missing input"),
        ({"name": "X"}, "organization: Missing input"),
        ({"name": "X", "organization": "1"}, "organization: Unknown object: 1"),
        ({"name": "X", "organization": None}, "organization: Missing input"),
        ({"name": "X", "visibility": "dark"}, "visibility: Must be one of secret, request_to_join, public, not: dark"),
        ({"name": "X", "html_description": "<b>"}, None),
    ],
)
def test_what_makes_no_team_is_refused(call, given, message):
    status, told = call("POST", "/teams", given)
    assert status == 400
    assert told == message or message is None


def test_only_organizations_have_teams(call, world, space):
    answer = call("POST", "/teams", {"name": "Band", "organization": space})
    assert answer == (400, f"organization: Not an organization: {space}")


def test_a_secret_team_is_seen_by_its_members_only(call, make, org, bob):
    team, shown = make(visibility="secret"), make(name="Open")
    assert gids(call("GET", f"/workspaces/{org}/teams")) == [team, shown]
    assert gids(call("GET", f"/workspaces/{org}/teams", user=bob)) == [shown]
    for path in ("", "/users", "/team_memberships", "/projects"):
        assert call("GET", f"/teams/{team}{path}", user=bob) == (404, f"team: Unknown object: {team}")
    call("POST", f"/teams/{team}/addUser", {"user": bob})
    assert call("GET", f"/teams/{team}", user=bob)[0] == 200


def test_a_team_becomes_secret_and_open_again(call, make, bob):
    team = make()
    for visibility, status in (("secret", 404), ("public", 200)):
        assert call("PUT", f"/teams/{team}", {"visibility": visibility})[1]["visibility"] == visibility
        assert call("GET", f"/teams/{team}", user=bob)[0] == status


def test_members_change_a_team_and_others_do_not(call, make, bob):
    team = make()
    assert call("PUT", f"/teams/{team}", {"name": "X"}, bob) == (403, "You do not have access to this team.")
    call("POST", f"/teams/{team}/addUser", {"user": bob})
    assert call("PUT", f"/teams/{team}", {"name": "X"}, bob)[1]["name"] == "X"


@pytest.mark.parametrize(
    ("level", "given"),
    [
        ("edit_team_name_or_description_access_level", {"name": "X"}),
        ("edit_team_visibility_or_trash_team_access_level", {"visibility": "public"}),
    ],
)
def test_a_team_can_leave_changes_to_its_admins(call, make, bob, level, given):
    team = make(**{level: "only_team_admins"})
    call("POST", f"/teams/{team}/addUser", {"user": bob})
    assert call("PUT", f"/teams/{team}", given, bob)[0] == 403
    assert call("PUT", f"/teams/{team}", given)[0] == 200


def test_a_team_stays_in_its_organization(call, world, make, org):
    team, other = make(), world.workspace("Other", world.ada, is_organization=True)
    assert call("PUT", f"/teams/{team}", {"organization": org})[0] == 200
    assert call("PUT", f"/teams/{team}", {"organization": other}) == (400, "organization: Cannot write this property")


def test_the_teams_of_a_user_are_those_that_one_may_see(call, make, org, bob, space):
    hidden, shown = make(bob, visibility="secret"), make(bob)
    assert gids(call("GET", f"/users/{bob}/teams", organization=org)) == [shown]
    assert gids(call("GET", "/users/me/teams", user=bob, organization=org)) == [hidden, shown]
    assert call("GET", f"/users/{bob}/teams", organization=space) == (200, [])
    assert call("GET", f"/users/{bob}/teams") == (400, "organization: Missing input")


# -- who is in it ----------------------------------------------------------------------------------------------------


def test_a_member_adds_others(call, make, bob):
    team = make()
    status, shown = call("POST", f"/teams/{team}/addUser", {"user": "bob@fanfold.test"})
    assert status == 200
    assert shown == {
        "gid": shown["gid"],
        "resource_type": "team_membership",
        "user": {"gid": bob, "resource_type": "user", "name": "Bob Hope"},
        "team": {"gid": team, "resource_type": "team", "name": "Band"},
        "is_guest": False,
        "is_limited_access": False,
        "is_admin": False,
    }
    assert call("POST", f"/teams/{team}/addUser", {"user": bob})[1] == shown
    assert call("GET", f"/team_memberships/{shown['gid']}") == (200, shown)


def test_guests_of_the_organization_are_guests_of_the_team(call, make, org):
    team, user = make(), call("POST", f"/workspaces/{org}/addUser", {"user": "c@x.test"})[1]["gid"]
    assert call("POST", f"/teams/{team}/addUser", {"user": user})[1]["is_guest"] is True


def test_nobody_joins_alone_unless_the_team_is_public(call, make, bob):
    closed, public = make(), make(visibility="public")
    assert call("POST", f"/teams/{closed}/addUser", {"user": "me"}, bob)[0] == 403
    assert call("POST", f"/teams/{public}/addUser", {"user": "me"}, bob)[0] == 200


def test_who_is_not_in_the_organization_joins_no_team(call, world, make):
    team = make()
    carol = world.person("Carol", "carol@x.test")
    world.workspace("Shared", world.ada, carol)
    assert call("POST", f"/teams/{team}/addUser", {"user": carol}) == (
        400,
        f"user: Not a user in Organization: {carol}",
    )
    assert call("POST", f"/teams/{team}/addUser", {"user": world.eve}) == (400, f"user: Unknown object: {world.eve}")
    assert call("POST", f"/teams/{team}/addUser", {}) == (400, "user: Missing input")


def test_members_leave_and_are_removed(call, make, ada, bob):
    team = make()
    assert call("POST", f"/teams/{team}/removeUser", {"user": ada}, bob)[0] == 403
    made = call("POST", f"/teams/{team}/addUser", {"user": bob})[1]["gid"]
    assert call("POST", f"/teams/{team}/removeUser", {"user": "me"}, bob) == (200, {})
    assert call("POST", f"/teams/{team}/removeUser", {"user": bob}) == (200, {})
    assert gids(call("GET", f"/teams/{team}/users")) == [ada]
    assert call("GET", f"/team_memberships/{made}") == (404, f"team_membership: Unknown object: {made}")


def test_a_team_can_leave_inviting_and_removing_to_its_admins(call, world, make, ada, bob):
    admins = "only_team_admins"
    team = make(member_invite_management_access_level=admins, team_member_removal_access_level=admins)
    call("POST", f"/teams/{team}/addUser", {"user": bob})
    assert call("POST", f"/teams/{team}/addUser", {"user": ada}, bob)[0] == 403
    assert call("POST", f"/teams/{team}/removeUser", {"user": ada}, bob)[0] == 403
    assert call("POST", f"/teams/{team}/removeUser", {"user": "me"}, bob)[0] == 200
