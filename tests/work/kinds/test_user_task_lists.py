"""User task lists: one for each user and workspace, there from the first day."""

import pytest

from fanfold.work.kinds.user_task_lists import ensure_task_list, task_list_of


def test_everybody_has_a_task_list_in_each_workspace(world, call, org, space, bob):
    status, shown = call("GET", "/users/bob@fanfold.test/user_task_list", workspace=org)
    assert (status, shown) == (
        200,
        {
            "gid": shown["gid"],
            "resource_type": "user_task_list",
            "name": "My Tasks in Fanfold",
            "owner": {"gid": bob, "resource_type": "user", "name": "Bob Hope"},
            "workspace": {"gid": org, "resource_type": "workspace", "name": "Fanfold"},
        },
    )
    assert call("GET", f"/user_task_lists/{shown['gid']}") == (200, shown)
    assert call("GET", f"/users/{bob}/user_task_list", workspace=space)[1]["name"] == "My Tasks in Space"


def test_there_is_never_a_second_one(world, bob, org):
    found = task_list_of(world.system, int(bob), int(org))
    assert ensure_task_list(world.system, int(bob), int(org)) == found


def test_who_was_never_in_a_workspace_has_none_there(world, call, bob):
    other = world.workspace("Other", world.ada)
    assert call("GET", f"/users/{bob}/user_task_list", workspace=other) == (
        400,
        f"user: Not a user in Workspace: {bob}",
    )


@pytest.mark.parametrize("query", ["", "workspace=", "workspace=x", "workspace=99999"])
def test_it_has_to_be_said_which(call, query):
    status, message = call("GET", f"/users/me/user_task_list?{query}")
    assert status == 400
    assert message.startswith("workspace: ")


def test_lists_in_other_workspaces_are_not_to_be_seen(call, world, eve):
    mine = call("GET", "/users/me/user_task_list", user=eve, workspace=world.elsewhere)[1]["gid"]
    assert call("GET", f"/user_task_lists/{mine}") == (404, f"user_task_list: Unknown object: {mine}")
