"""Searches and lists of a workspace show what a look by gid would show, no more and no less."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.work.conftest import World

PRIVACY = st.sampled_from(["public_to_workspace", "private_to_team", "private"])
PROJECT = st.tuples(PRIVACY, st.booleans())
"""How private a project of Ada's is, and whether Bob was let in."""

TASK = st.tuples(st.lists(st.integers(0, 2), max_size=2, unique=True), st.booleans(), st.none() | st.integers(0, 4))
"""The projects that a task of Ada's is in, whether Bob follows it, and which earlier task it is below."""


def made(world, in_team, projects, tasks):
    team = world.made("/teams", {"name": "Xteam", "organization": world.org, "visibility": "secret"})
    if in_team:
        world.call("POST", f"/teams/{team}/addUser", {"user": world.bob})
    found = {"team": [team], "project": [], "portfolio": [], "task": []}
    for privacy, member in projects:
        data = {"name": "Xproject", "workspace": world.org, "team": team, "privacy_setting": privacy}
        found["project"].append(world.made("/projects", data))
        found["portfolio"].append(world.made("/portfolios", {"name": "Xfolio", "workspace": world.org}))
        if member:
            for kind in ("project", "portfolio"):
                path = f"/{kind}s/{found[kind][-1]}/addMembers"
                assert world.call("POST", path, {"members": [world.bob]})[0] == 200
    for places, follows, above in tasks:
        data = {"name": "Xtask", "projects": [found["project"][place] for place in places], "workspace": world.org}
        if follows:
            data["followers"] = [world.bob]
        if above is not None and above < len(found["task"]):
            data["parent"] = found["task"][above]
        found["task"].append(world.made("/tasks", data))
    return found


@given(
    in_team=st.booleans(),
    projects=st.lists(PROJECT, min_size=3, max_size=3),
    tasks=st.lists(TASK, min_size=1, max_size=5),
)
@settings(max_examples=40)
def test_bob_finds_exactly_what_he_could_get(in_team, projects, tasks):
    world = World()
    try:
        gids = made(world, in_team, projects, tasks)
        space = f"/workspaces/{world.org}"

        def shown(path, **query):
            status, listed = world.call("GET", path, None, world.bob, **query)
            assert status == 200, listed
            return {item["gid"] for item in listed}

        for kind, made_of_kind in gids.items():
            got = {gid for gid in made_of_kind if world.call("GET", f"/{kind}s/{gid}", None, world.bob)[0] == 200}
            for typed in ("", "x"):
                found = shown(f"{space}/typeahead", resource_type=kind, query=typed, count=100)
                assert found & set(made_of_kind) == got, kind
            if kind in ("task", "project"):
                assert shown(f"{space}/{kind}s/search", text="x" + kind) == got
        projects_seen = shown("/projects", workspace=world.org)
        for project in gids["project"]:
            status = world.call("GET", f"/projects/{project}/tasks", None, world.bob)[0]
            assert (status == 200) == (project in projects_seen)
        below = {gid for task in gids["task"] for gid in _subtasks(world, task)}
        assert all(world.call("GET", f"/tasks/{gid}", None, world.bob)[0] == 200 for gid in below)
    finally:
        world.store.close()


def _subtasks(world, task):
    status, listed = world.call("GET", f"/tasks/{task}/subtasks", None, world.bob)
    return [item["gid"] for item in listed] if status == 200 else []
