"""Stories: comments, who may do what to them, and who likes them."""

import pytest


@pytest.fixture
def task(world, project):
    return world.made("/tasks", {"name": "Write", "projects": [project]})


@pytest.fixture
def comment(world, task):
    return world.made(f"/tasks/{task}/stories", {"text": "Shall we?"})


def test_a_comment_is_shown_with_its_writer_and_task(call, ada, task, comment):
    shown = call("GET", f"/stories/{comment}")[1]
    assert (shown["text"], shown["type"], shown["resource_subtype"]) == ("Shall we?", "comment", "comment_added")
    assert (shown["created_by"]["gid"], shown["target"]["gid"]) == (ada, task)
    assert (shown["is_editable"], shown["is_edited"], shown["is_pinned"]) == (True, False, False)
    assert not any(name.startswith(("old_", "new_")) for name in shown)


def test_comments_are_listed_oldest_first_in_short_form(world, call, task, comment):
    later = world.made(f"/tasks/{task}/stories", {"html_text": "<body>Let <em>us</em>!</body>"})
    listed = call("GET", f"/tasks/{task}/stories")[1]
    assert [story["gid"] for story in listed] == [comment, later]
    assert set(listed[0]) == {"gid", "resource_type", "created_at", "created_by", "resource_subtype", "text"}
    assert [story["gid"] for story in world.pages(f"/tasks/{task}/stories", limit=1)] == [comment, later]


def test_text_and_html_text_are_one_text(call, comment, task):
    assert call("GET", f"/stories/{comment}", opt_fields="html_text")[1]["html_text"] == "<body>Shall we?</body>"
    shown = call("PUT", f"/stories/{comment}", {"html_text": "<body><strong>Yes</strong></body>"})[1]
    assert (shown["text"], shown["is_edited"]) == ("Yes", True)
    both = {"text": "x", "html_text": "<body>x</body>"}
    refused = (400, "You may only provide one of text or html_text!")
    assert call("PUT", f"/stories/{comment}", both) == refused
    assert call("POST", f"/tasks/{task}/stories", both) == refused


@pytest.mark.parametrize(
    "data", [{}, {"text": ""}, {"html_text": "<body></body>"}, {"text": 5, "html_text": 5}, {"text": None}]
)
def test_a_comment_has_to_say_something(call, task, comment, data):
    assert call("POST", f"/tasks/{task}/stories", data)[0] == 400
    if data:
        assert call("PUT", f"/stories/{comment}", data)[0] == 400


def test_a_sticker_says_enough(call, task):
    status, shown = call("POST", f"/tasks/{task}/stories", {"sticker_name": "trophy"})
    assert (status, shown["sticker_name"], shown["text"]) == (201, "trophy", "")


def test_only_the_writer_changes_and_deletes_a_comment(call, bob, comment):
    refused = (403, "You do not have access to this story.")
    assert call("PUT", f"/stories/{comment}", {"text": "No"}, user=bob) == refused
    assert call("DELETE", f"/stories/{comment}", user=bob) == refused
    assert call("GET", f"/stories/{comment}", user=bob)[1]["is_editable"] is False
    assert call("DELETE", f"/stories/{comment}") == (200, {})
    assert call("GET", f"/stories/{comment}") == (404, f"story: Unknown object: {comment}")


def test_anybody_pins_and_likes_a_comment(call, ada, bob, comment):
    shown = call("PUT", f"/stories/{comment}", {"is_pinned": True, "liked": True}, user=bob)[1]
    assert (shown["is_pinned"], shown["liked"], shown["num_likes"], shown["is_edited"]) == (True, True, 1, False)
    assert [like["user"]["gid"] for like in shown["likes"]] == [bob]
    assert call("GET", f"/stories/{comment}")[1]["liked"] is False


def test_what_the_system_tells_stays_as_it_is(call, task):
    call("PUT", f"/tasks/{task}", {"completed": True})
    story = call("GET", f"/tasks/{task}/stories")[1][0]["gid"]
    assert call("GET", f"/stories/{story}")[1]["type"] == "system"
    assert call("PUT", f"/stories/{story}", {"text": "x"}) == (400, "text: Only comments can be edited")
    assert call("PUT", f"/stories/{story}", {"is_pinned": True}) == (400, "is_pinned: Only comments can be pinned")
    assert call("DELETE", f"/stories/{story}")[0] == 403
    assert call("PUT", f"/stories/{story}", {"liked": True})[1]["num_likes"] == 1


def test_a_comment_is_seen_by_those_who_see_its_task(world, call, bob, space):
    task = world.made("/tasks", {"workspace": space})
    comment = world.made(f"/tasks/{task}/stories", {"text": "psst"})
    assert call("GET", f"/stories/{comment}", user=bob)[0] == 404
    call("POST", f"/tasks/{task}/addFollowers", {"followers": [bob]})
    assert call("GET", f"/stories/{comment}", user=bob)[0] == 200


def test_a_comment_changes_when_its_task_was_modified(world, call, task):
    world.later(minutes=5)
    comment = world.made(f"/tasks/{task}/stories", {"text": "x"})
    assert call("GET", f"/tasks/{task}")[1]["modified_at"] == "2026-01-05T09:35:00.000Z"
    world.later(minutes=5)
    call("DELETE", f"/stories/{comment}")
    assert call("GET", f"/tasks/{task}")[1]["modified_at"] == "2026-01-05T09:40:00.000Z"


def test_only_a_goal_is_commented_on_as_one(call, task):
    assert call("GET", f"/goals/{task}/stories") == (404, f"goal: Unknown object: {task}")
    assert call("POST", "/goals/1/stories", {"text": "x"}) == (404, "goal: Unknown object: 1")


@pytest.mark.parametrize("junk", [None, True, 0, 1.5, "", "x", [], [None], {}, {"gid": 1}, 10**30], ids=repr)
def test_whatever_a_client_writes_is_kept_or_refused(call, task, comment, junk):
    for name in ("text", "html_text", "is_pinned", "sticker_name", "liked", "target", "resource_subtype"):
        assert call("POST", f"/tasks/{task}/stories", {"text": "x", name: junk})[0] in (201, 400)
        assert call("PUT", f"/stories/{comment}", {name: junk})[0] in (200, 400)
