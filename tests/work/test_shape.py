"""What is shown of records, and what that costs."""

import pytest

from tests.databases import queries as asked

DEEP = "name,assignee.name,projects.owner.workspaces.name,tags.followers,memberships.section.name,parent.parent.name"


@pytest.fixture
def queries(world):
    """Counts the statements that a request runs."""

    def queries(path, **query):
        world.ask("GET", path, **query)
        with asked(world.store) as run:
            status, body = world.ask("GET", path, **query)
        assert status == 200, body
        return len(run), body["data"]

    return queries


@pytest.fixture
def chain(world, space):
    """Four tasks, each below the one before it."""
    gids = [world.made("/tasks", {"name": "level 0", "workspace": space})]
    for level in range(1, 4):
        gids.append(world.made(f"/tasks/{gids[-1]}/subtasks", {"name": f"level {level}"}))
    return gids


@pytest.mark.parametrize("fields", ["", "name,notes,completed", "assignee,tags,projects,followers", DEEP])
def test_a_hundred_records_take_as_many_queries_as_two(world, queries, space, project, fields):
    for number in range(101):
        tag = world.made("/tags", {"name": f"tag {number}", "workspace": space})
        data = {"name": str(number), "projects": [project], "assignee": "me", "tags": [tag]}
        world.made("/tasks", data)
    more = {"opt_fields": fields} if fields else {}
    least, _ = queries(f"/projects/{project}/tasks", limit=1, **more)
    few, two = queries(f"/projects/{project}/tasks", limit=2, **more)
    many, all_of_them = queries(f"/projects/{project}/tasks", limit=100, **more)
    assert (len(two), len(all_of_them)) == (2, 100)
    assert many == few >= least > 0


def test_relations_open_in_relations(call, chain):
    _, shown = call("GET", f"/tasks/{chain[3]}", opt_fields="parent.parent.parent.name")
    third = {"gid": chain[0], "name": "level 0"}
    assert shown == {
        "gid": chain[3],
        "parent": {"gid": chain[2], "parent": {"gid": chain[1], "parent": third}},
    }


def test_a_relation_that_is_not_opened_is_compact(call, chain):
    _, shown = call("GET", f"/tasks/{chain[3]}", opt_fields="parent.parent")
    compact = {"gid": chain[1], "resource_type": "task", "name": "level 1", "resource_subtype": "default_task"}
    assert shown["parent"] == {"gid": chain[2], "parent": compact}


def test_a_relation_that_is_empty_is_null_however_deep_it_is_asked_for(call, chain):
    assert call("GET", f"/tasks/{chain[0]}", opt_fields="parent.parent.name")[1] == {"gid": chain[0], "parent": None}


def test_an_expanded_relation_is_shown_in_full(call, chain):
    full = call("GET", f"/tasks/{chain[2]}")[1]
    shown = call("GET", f"/tasks/{chain[3]}", opt_expand="parent")[1]
    assert shown["parent"] == full
    assert shown["name"] == "level 3"


def test_hidden_relations_are_left_out(world, call, space, project, bob):
    secret = world.made("/projects", {"name": "Secret", "workspace": space, "public": False})
    parent = world.made("/tasks", {"name": "Hidden", "workspace": space})
    task = world.made("/tasks", {"name": "Shared", "projects": [project, secret], "parent": parent})
    for fields in ("projects.name,memberships.project.name,parent.name", "projects,memberships,parent"):
        _, mine = call("GET", f"/tasks/{task}", opt_fields=fields)
        _, theirs = call("GET", f"/tasks/{task}", None, bob, opt_fields=fields)
        assert {item["gid"] for item in mine["projects"]} == {project, secret}
        assert [item["gid"] for item in theirs["projects"]] == [project]
        assert mine["parent"]["gid"] == parent
        assert theirs["parent"] is None
        assert "Secret" not in str(theirs)
        assert secret not in str(theirs)


def test_the_sections_of_a_project_that_was_hidden_from_the_start_are_hidden(world, call, space, project, bob):
    secret = world.made("/projects", {"name": "Secret", "workspace": space, "public": False})
    section = call("GET", f"/projects/{secret}/sections")[1][0]["gid"]
    call("PUT", f"/sections/{section}", {"name": "Takeover"})
    task = world.made("/tasks", {"name": "Shared", "projects": [project, secret]})
    _, shown = call("GET", f"/tasks/{task}", None, bob)
    assert [item["project"]["gid"] for item in shown["memberships"]] == [project]
    assert "Takeover" not in str(shown)


def test_unknown_names_are_ignored_and_the_gid_is_always_there(call, holder, project):
    for fields in ("unheard_of", "unheard_of.name", "name.unheard_of.more", "projects.unheard_of"):
        status, shown = call("GET", f"/tasks/{holder}", opt_fields=fields)
        assert (status, shown["gid"]) == (200, holder)
        assert "unheard_of" not in shown
    assert shown == {"gid": holder, "projects": [{"gid": project}]}
    assert call("GET", f"/projects/{project}/tasks", opt_fields="unheard_of")[1] == [{"gid": holder}]


def test_a_cut_selection_shows_the_type_only_where_it_is_named(call, holder):
    assert call("GET", f"/tasks/{holder}", opt_fields="name")[1] == {"gid": holder, "name": "Holder"}
    shown = call("GET", f"/tasks/{holder}", opt_fields="resource_type")[1]
    assert shown == {"gid": holder, "resource_type": "task"}


def test_a_list_is_compact_and_a_record_full(call, holder, project):
    listed = call("GET", f"/projects/{project}/tasks")[1]
    compact = {"gid": holder, "resource_type": "task", "name": "Holder", "resource_subtype": "default_task"}
    assert listed == [compact]
    full = call("GET", f"/tasks/{holder}")[1]
    assert compact.items() <= full.items()
    assert {"notes", "assignee", "memberships", "custom_fields"} <= full.keys()
