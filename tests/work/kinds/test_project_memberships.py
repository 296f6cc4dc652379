"""Project memberships: who is in a project, and what they may do there."""

import pytest

from fanfold.work.kinds.project_memberships import join_project, leave_project


def test_a_membership_is_shown_from_both_sides(call, project, ada):
    (compact,) = call("GET", f"/projects/{project}/project_memberships")[1]
    user = {"gid": ada, "resource_type": "user", "name": "Ada Lovelace"}
    place = {"gid": project, "resource_type": "project", "name": "Launch"}
    head = {"gid": compact["gid"], "resource_type": "project_membership", "parent": place, "member": user}
    assert compact == head | {"access_level": compact["access_level"]}
    assert call("GET", f"/project_memberships/{compact['gid']}") == (
        200,
        compact | {"user": user, "project": place, "write_access": "full_write"},
    )


@pytest.mark.parametrize(("level", "access"), [("editor", "full_write"), ("commenter", "comment_only")])
def test_who_may_write_depends_on_the_level(world, call, project, space, bob, level, access):
    assert join_project(world.system, int(project), int(space), int(bob), access_level=level)
    (shown,) = call("GET", f"/projects/{project}/project_memberships?user={bob}", opt_fields="write_access")[1]
    assert shown["write_access"] == access


def test_members_come_in_the_order_of_joining_and_go(world, call, project, space, ada, bob):
    carol = world.person("Carol", "carol@x.test")
    world.call("POST", f"/workspaces/{space}/addUser", {"user": "carol@x.test"})
    for user in (carol, bob, carol):
        join_project(world.system, int(project), int(space), int(user))
    path = f"/projects/{project}/project_memberships"
    assert [shown["member"]["gid"] for shown in world.pages(path, limit=2)] == [ada, carol, bob]
    assert leave_project(world.system, int(project), int(carol)) is True
    assert leave_project(world.system, int(project), int(carol)) is False
    assert [shown["member"]["gid"] for shown in call("GET", path)[1]] == [ada, bob]
    assert call("GET", f"{path}?user=carol@x.test") == (200, [])


def test_memberships_of_private_projects_are_as_private(world, call, space, bob):
    hidden = world.made("/projects", {"name": "Hidden", "workspace": space, "privacy_setting": "private"}, bob)
    (shown,) = call("GET", f"/projects/{hidden}/project_memberships", user=bob)[1]
    gid = shown["gid"]
    assert call("GET", f"/project_memberships/{gid}") == (404, f"project_membership: Unknown object: {gid}")
    assert call("GET", f"/projects/{hidden}/project_memberships")[0] == 404
