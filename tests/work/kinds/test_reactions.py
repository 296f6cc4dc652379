"""Reactions."""

import pytest

from fanfold.work.change import born

THUMB, DARK, HEART = "\N{THUMBS UP SIGN}", "\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-6}", "\u2764\ufe0f"


@pytest.fixture
def story(world, project):
    task = world.made("/tasks", {"name": "Work", "projects": [project]})
    return world.made(f"/tasks/{task}/stories", {"text": "Done"})


@pytest.fixture
def react(world, space):
    def react(target, user, emoji):
        values = {"target": target, "user": user, "emoji": emoji}
        return str(born(world.system, "reaction", int(space), **values).gid)

    return react


def test_reactions_with_one_emoji_are_listed_in_all_variants(world, call, ada, bob, story, react):
    first, second = react(story, ada, THUMB), react(story, bob, DARK)
    third = react(story, bob, HEART)
    listed = call("GET", "/reactions", target=story, emoji_base=THUMB)[1]
    assert [(item["gid"], item["emoji"], item["user"]["gid"]) for item in listed] == [
        (first, THUMB, ada),
        (second, DARK, bob),
    ]
    assert [item["gid"] for item in call("GET", "/reactions", target=story, emoji_base="\u2764")[1]] == [third]
    assert sorted(listed[0]) == ["emoji", "gid", "user"]
    assert world.pages("/reactions", target=story, emoji_base=THUMB, limit=1) == listed
    assert call("GET", "/reactions", target=story, emoji_base="x") == (200, [])
    listed = call("GET", "/reactions", target=story, emoji_base=HEART, opt_fields="user.name")[1]
    assert listed == [{"gid": third, "user": {"gid": bob, "name": "Bob Hope"}}]


def test_a_story_sums_its_reactions_up(call, ada, bob, story, react):
    assert call("GET", f"/stories/{story}")[1]["reaction_summary"] == []
    for user, emoji in ((ada, THUMB), (bob, DARK), (bob, THUMB)):
        react(story, user, emoji)
    assert call("GET", f"/stories/{story}", user=ada)[1]["reaction_summary"] == [
        {"emoji_base": THUMB, "variant": THUMB, "count": 2, "reacted": True},
        {"emoji_base": THUMB, "variant": DARK, "count": 1, "reacted": False},
    ]


def test_a_status_update_has_reactions_too(world, call, ada, project, react):
    values = {"parent": project, "text": "Fine", "status_type": "on_track"}
    update = world.made("/status_updates", values)
    gid = react(update, ada, HEART)
    assert [item["gid"] for item in call("GET", "/reactions", target=update, emoji_base=HEART)[1]] == [gid]
    summary = call("GET", f"/status_updates/{update}")[1]["reaction_summary"]
    assert [(item["emoji_base"], item["count"]) for item in summary] == [("\u2764", 1)]


def test_target_and_emoji_have_to_be_named(call, project, story):
    assert call("GET", "/reactions", emoji_base=THUMB) == (400, "target: Missing input")
    assert call("GET", "/reactions", target=story) == (400, "emoji_base: Missing input")
    said = (400, "target: Not a valid GID type: project")
    assert call("GET", "/reactions", target=project, emoji_base=THUMB) == said


def test_somebody_of_another_workspace_sees_no_reactions(call, ada, eve, story, react):
    react(story, ada, THUMB)
    said = call("GET", "/reactions", user=eve, target=story, emoji_base=THUMB)
    assert said == (400, f"target: Unknown object: {story}")


def test_reactions_go_with_their_story(world, call, ada, story, react):
    gid = react(story, ada, THUMB)
    assert call("DELETE", f"/stories/{story}")[0] == 200
    assert world.store.record(int(gid)) is None
