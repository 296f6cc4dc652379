"""Roles."""

import pytest


@pytest.fixture
def values(org):
    return {"workspace": org, "name": "Auditor", "description": "Looks at all", "base_role_type": "guest"}


@pytest.fixture
def role(world, values):
    return world.made("/roles", values)


def test_a_role_is_made_read_changed_and_deleted(call, org, role):
    shown = call("GET", f"/roles/{role}")[1]
    assert (shown["name"], shown["description"], shown["base_role_type"]) == ("Auditor", "Looks at all", "guest")
    assert (shown["is_standard_role"], shown["workspace"]["gid"]) == (False, org)
    assert shown["creation_time"] == shown["modified_at"] == "2026-01-05T09:30:00.000Z"
    assert call("PUT", f"/roles/{role}", {"name": "Reader"})[1]["name"] == "Reader"
    assert call("DELETE", f"/roles/{role}") == (200, {})
    assert call("GET", f"/roles/{role}")[0] == 404


def test_permissions_are_those_of_the_base_unless_said_otherwise(call, values):
    given = {"permissions": {"create_team": True, "task_deletion_policy": "none", "fly": True}}
    shown = call("POST", "/roles", {**values, **given})[1]
    permissions = shown["permissions"]
    assert (permissions["create_team"], permissions["create_goal"], permissions["manage_roles"]) == (True, False, False)
    assert (permissions["task_deletion_policy"], "fly" in permissions) == ("none", False)
    shown = call("PUT", f"/roles/{shown['gid']}", {"permissions": {"create_goal": True}})[1]
    assert (shown["permissions"]["create_team"], shown["permissions"]["create_goal"]) == (True, True)
    shown = call("PUT", f"/roles/{shown['gid']}", {"base_role_type": "admin"})[1]
    assert (shown["permissions"]["manage_roles"], shown["permissions"]["task_deletion_policy"]) == (True, "all")


@pytest.mark.parametrize("permissions", [3, None, {"create_team": "maybe"}, {"allowed_guest_invites": "some"}])
def test_permissions_are_of_the_right_types(call, values, permissions):
    status, said = call("POST", "/roles", {**values, "permissions": permissions})
    assert (status, said.partition(":")[0]) == (400, "permissions")


@pytest.mark.parametrize("name", ["name", "description", "base_role_type", "workspace"])
def test_a_role_needs_a_name_a_description_a_base_and_a_workspace(call, values, name):
    del values[name]
    assert call("POST", "/roles", values) == (400, f"{name}: Missing input")


def test_only_admins_manage_roles(call, bob, eve, values, role):
    said = (403, "Only an admin of the workspace may manage its roles.")
    assert call("POST", "/roles", values, user=bob) == said
    assert call("PUT", f"/roles/{role}", {"name": "Mine"}, user=bob) == said
    assert call("DELETE", f"/roles/{role}", user=bob) == said
    assert call("GET", f"/roles/{role}", user=bob)[1]["name"] == "Auditor"
    assert call("GET", f"/roles/{role}", user=eve)[0] == 404


def test_a_standard_role_stays(call, values):
    gid = call("POST", "/roles", {**values, "is_standard_role": True})[1]["gid"]
    assert call("DELETE", f"/roles/{gid}") == (403, "A standard role cannot be deleted.")


def test_roles_are_listed_by_workspace_or_all_together(world, call, ada, eve, org, values, role):
    second = world.workspace("Second", ada)
    other = world.made("/roles", {**values, "workspace": second})
    assert [item["gid"] for item in world.pages("/roles", workspace=org, limit=1)] == [role]
    assert [item["gid"] for item in world.pages("/roles", limit=1)] == [role, other]
    assert [item["gid"] for item in world.pages("/roles", archived="false", limit=1)] == [role, other]
    assert call("GET", "/roles", archived="true") == (200, [])
    assert call("GET", "/roles", user=eve) == (200, [])
    assert call("GET", "/roles", user=eve, workspace=org)[0] == 400
