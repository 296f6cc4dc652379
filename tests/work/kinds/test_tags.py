"""Tags."""

import pytest


@pytest.fixture
def tag(world, org):
    return world.made("/tags", {"name": "urgent", "workspace": org, "color": "dark-red"})


def test_a_tag_is_made_read_changed_and_deleted(call, ada, org, tag):
    shown = call("GET", f"/tags/{tag}")[1]
    assert (shown["name"], shown["color"], shown["notes"], shown["workspace"]["gid"]) == ("urgent", "dark-red", "", org)
    assert shown["permalink_url"].endswith(tag)
    assert call("PUT", f"/tags/{tag}", {"name": "later", "color": None, "notes": "n"})[1]["name"] == "later"
    assert call("DELETE", f"/tags/{tag}") == (200, {})
    assert call("GET", f"/tags/{tag}") == (404, f"tag: Unknown object: {tag}")


def test_a_tag_belongs_to_a_workspace(call, ada, org, bob):
    assert call("POST", "/tags", {"name": "x"}) == (400, "workspace: Missing input")
    status, shown = call("POST", f"/workspaces/{org}/tags", {"name": "x", "followers": [bob]})
    assert (status, [follower["gid"] for follower in shown["followers"]]) == (201, [bob])


def test_a_colour_is_one_of_those_there_are(call, org):
    assert call("POST", "/tags", {"workspace": org, "color": "mauve"})[0] == 400


def test_tags_are_listed_by_workspace_or_all_together(world, call, ada, org, eve, tag):
    second = world.workspace("Second", ada)
    other = world.made("/tags", {"name": "other", "workspace": second})
    third = world.made("/tags", {"name": "third", "workspace": org})
    assert [item["gid"] for item in call("GET", "/tags", workspace=org)[1]] == [tag, third]
    assert [item["gid"] for item in call("GET", f"/workspaces/{org}/tags")[1]] == [tag, third]
    assert [item["gid"] for item in world.pages("/tags", limit=1)] == [tag, other, third]
    assert call("GET", "/tags", user=eve) == (200, [])
    assert call("GET", "/tags", user=eve, workspace=org)[0] == 400


def test_a_task_gets_tags_and_loses_them(world, call, org, tag):
    task = world.made("/tasks", {"workspace": org})
    for _ in range(2):
        assert call("POST", f"/tasks/{task}/addTag", {"tag": tag}) == (200, {})
    assert [item["gid"] for item in call("GET", f"/tasks/{task}/tags")[1]] == [tag]
    assert [item["gid"] for item in call("GET", f"/tags/{tag}/tasks")[1]] == [task]
    assert call("POST", f"/tasks/{task}/addTag", {}) == (400, "tag: Missing input")
    assert call("POST", f"/tasks/{task}/addTag", {"tag": task}) == (400, "tag: Not a valid GID type: task")
    for _ in range(2):
        assert call("POST", f"/tasks/{task}/removeTag", {"tag": tag}) == (200, {})
    assert call("GET", f"/tasks/{task}/tags")[1] == []


def test_a_deleted_tag_is_gone_from_its_tasks(world, call, org, tag):
    task = world.made("/tasks", {"workspace": org, "tags": [tag]})
    call("DELETE", f"/tags/{tag}")
    assert call("GET", f"/tasks/{task}")[1]["tags"] == []


def test_somebody_of_another_workspace_cannot_follow_a_tag(world, call, ada, eve, org):
    world.workspace("Both", ada, eve)
    said = call("POST", "/tags", {"workspace": org, "followers": [eve]})
    assert said == (400, f"followers: [0]: Not a user in Workspace: {eve}")
