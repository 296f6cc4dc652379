"""Workspace memberships: the roles that people have, and who may see them."""

import pytest

from fanfold.work.kinds.workspace_memberships import join_workspace


def pairs(shown):
    return [(member["workspace"]["gid"], member["user"]["gid"]) for member in shown]


def test_a_membership_tells_of_the_role_and_the_task_list(call, org, bob):
    (compact,) = call("GET", f"/users/{bob}/workspace_memberships")[1]
    user = {"gid": bob, "resource_type": "user", "name": "Bob Hope"}
    workspace = {"gid": org, "resource_type": "workspace", "name": "Fanfold"}
    head = {"gid": compact["gid"], "resource_type": "workspace_membership", "user": user, "workspace": workspace}
    assert compact == head
    assert call("GET", f"/workspace_memberships/{compact['gid']}") == (
        200,
        head
        | {
            "user_task_list": call("GET", f"/users/{bob}/user_task_list", workspace=org)[1],
            "is_active": True,
            "is_admin": False,
            "is_guest": False,
            "is_view_only": False,
            "vacation_dates": None,
            "created_at": "2026-01-05T09:30:00.000Z",
        },
    )


def test_memberships_of_a_workspace_come_in_the_order_of_joining(world, call, org, ada, bob):
    path = f"/workspaces/{org}/workspace_memberships"
    assert pairs(call("GET", path)[1]) == [(org, ada), (org, bob)]
    assert pairs(world.pages(path, limit=1)) == [(org, ada), (org, bob)]
    assert pairs(call("GET", f"{path}?user=bob@fanfold.test")[1]) == [(org, bob)]
    assert call("GET", f"{path}?user=99999") == (400, "user: Unknown object: 99999")


def test_only_memberships_of_shared_workspaces_are_shown(world, call, org, bob, eve):
    own = world.workspace("Bob's own", bob)
    assert pairs(call("GET", f"/users/{bob}/workspace_memberships")[1]) == [(org, bob)]
    mine = call("GET", "/users/me/workspace_memberships", user=bob)[1]
    assert pairs(mine) == [(org, bob), (own, bob)]
    hidden = mine[1]["gid"]
    answer = call("GET", f"/workspace_memberships/{hidden}")
    assert answer == (404, f"workspace_membership: Unknown object: {hidden}")
    assert call("GET", f"/users/{bob}/workspace_memberships", user=eve)[0] == 404


@pytest.mark.parametrize(("email", "guest"), [("c@fanfold.test", False), ("C@FANFOLD.TEST", False), ("c@x.test", True)])
def test_who_has_an_address_elsewhere_is_a_guest_of_an_organization(call, org, email, guest):
    user = call("POST", f"/workspaces/{org}/addUser", {"user": email})[1]["gid"]
    (membership,) = call("GET", f"/users/{user}/workspace_memberships", opt_fields="is_guest,is_admin")[1]
    assert (membership["is_guest"], membership["is_admin"]) == (guest, False)


def test_joining_twice_is_joining_once(world, call, org, bob):
    assert join_workspace(world.system, int(org), int(bob), admin=True) is False
    assert len(call("GET", f"/users/{bob}/workspace_memberships")[1]) == 1
