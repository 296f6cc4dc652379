"""Searching projects: each parameter narrows, and nothing invisible is found."""

import pytest

DAY = "2026-01-05"


@pytest.fixture
def space(world):
    space = world.workspace("Space", world.ada, world.bob)
    for name, data in {
        "Bugs in spring": {"due_on": "2026-03-10", "start_on": "2026-03-01"},
        "Spring 100%": {"owner": world.bob},
        "Hidden bugs": {"privacy_setting": "private"},
    }.items():
        world.made("/projects", {"name": name, "workspace": space, **data})
        world.later(days=1)
    return space


def found(world, space, user=None, **query):
    status, shown = world.call("GET", f"/workspaces/{space}/projects/search", None, user, **query)
    assert status == 200, shown
    return [item["name"] for item in shown]


def test_without_conditions_everything_visible_is_found_latest_first(world, space, bob):
    assert found(world, space) == ["Hidden bugs", "Spring 100%", "Bugs in spring"]
    assert found(world, space, bob) == ["Spring 100%", "Bugs in spring"]
    assert found(world, space, sort_ascending="true") == ["Bugs in spring", "Spring 100%", "Hidden bugs"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"text": "BUGS"}, {"Bugs in spring", "Hidden bugs"}),
        ({"text": "spring bugs"}, {"Bugs in spring"}),
        ({"text": "%"}, {"Spring 100%"}),
        ({"text": "_"}, set()),
        ({"completed": "false"}, {"Bugs in spring", "Spring 100%", "Hidden bugs"}),
        ({"completed": "true"}, set()),
        ({"owner.any": "bob@fanfold.test"}, {"Spring 100%"}),
        ({"owner.any": "me"}, {"Bugs in spring", "Hidden bugs"}),
        ({"members.any": "me"}, {"Bugs in spring", "Spring 100%", "Hidden bugs"}),
        ({"members.not": "bob@fanfold.test"}, {"Bugs in spring", "Hidden bugs"}),
        ({"due_on": "2026-03-10"}, {"Bugs in spring"}),
        ({"due_on": "null"}, {"Spring 100%", "Hidden bugs"}),
        ({"due_on.after": "2026-03-10"}, set()),
        ({"due_on.before": "2026-03-11", "start_on.after": "2026-02-28"}, {"Bugs in spring"}),
        ({"created_on": DAY}, {"Bugs in spring"}),
        ({"created_on.after": DAY}, {"Spring 100%", "Hidden bugs"}),
        ({"created_at.before": f"{DAY}T23:59:59Z"}, {"Bugs in spring"}),
        ({"completed_on": "null"}, {"Bugs in spring", "Spring 100%", "Hidden bugs"}),
    ],
)
def test_each_condition_narrows(world, space, query, names):
    assert set(found(world, space, **query)) == names


@pytest.mark.parametrize(
    "query",
    [
        {"sort_by": "color"},
        {"due_on.before": "soon"},
        {"created_at.after": "soon"},
        {"teams.any": "x"},
        {"teams.any": "4711"},
        {"portfolios.any": "4711,4712"},
        {"members.not": "nobody@fanfold.test"},
        {"completed": "perhaps"},
        {"sort_ascending": "up"},
        {"owner.any": "5'; DROP TABLE record"},
        {"members.any": ",".join(["1"] * 101)},
    ],
)
def test_conditions_that_mean_nothing_are_refused(world, space, query):
    status, message = world.call("GET", f"/workspaces/{space}/projects/search", **query)
    assert status == 400
    assert message.startswith(f"{next(iter(query))}: ")
