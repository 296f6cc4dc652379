"""Exports: files that hold what was asked for, once each, as far as whoever asked may see it."""

import asyncio
import gzip
from datetime import timedelta

import msgspec
import pytest

from fanfold.work.kinds import export_files, exports, graph_exports, organization_exports, resource_exports
from fanfold.work.store import SqliteStore
from fanfold.work.store.file import SQL


@pytest.fixture(autouse=True)
def _files(world, tmp_path):
    world.api.files = tmp_path / "files"


@pytest.fixture(params=[200, 2])
def _steps(request, monkeypatch):
    """The same in one step and in many."""
    for module in (graph_exports, organization_exports, resource_exports):
        monkeypatch.setattr(module, "CHUNK", request.param)


def text_of(world, url):
    """What is in the file that a link leads to."""
    gid, name = url.partition("?")[0].rsplit("/", 2)[1:]
    return gzip.decompress((world.api.files / gid / name).read_bytes())


def lines_of(world, url):
    return [msgspec.json.decode(line) for line in text_of(world, url).splitlines()]


@pytest.fixture
def export(world):
    """Exports tasks, teams or messages and shows the lines of the file."""

    def export(workspace, *parts, user=None):
        data = {"workspace": workspace, "export_request_parameters": list(parts)}
        status, job = world.call("POST", "/exports/resource", data, user)
        assert (status, job["status"], job["resource_subtype"]) == (201, "in_progress", "export_request"), job
        made = world.call("GET", f"/jobs/{job['gid']}", None, user)[1]
        assert made["status"] == "succeeded"
        assert made["new_resource_export"]["completed_at"] == "2026-01-05T09:30:00.000Z"
        return lines_of(world, made["new_resource_export"]["download_url"])

    return export


# -- resources -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_steps")
def test_tasks_are_exported_whole_with_stories_and_attachments(world, call, export, project, space, bob):
    first = world.made("/tasks", {"name": "First", "projects": [project], "assignee": bob})
    call("POST", f"/tasks/{first}/stories", {"text": "Well"})
    link = {"resource_subtype": "external", "url": "https://files.test/a.pdf", "name": "A plan", "parent": first}
    call("POST", "/attachments", link)
    for name in ("Second", "Third", "Fourth"):
        world.made("/tasks", {"name": name, "projects": [project]})
    found = export(space, {"resource_type": "task"})
    assert [task["name"] for task in found] == ["First", "Second", "Third", "Fourth"]
    whole = call("GET", f"/tasks/{first}")[1]
    assert {name: found[0][name] for name in whole} == whole
    assert [story["text"] for story in found[0]["stories"]][-1] == "Well"
    (attached,) = found[0]["attachments"]
    assert (attached["name"], "view_url" in attached, "download_url" in attached) == ("A plan", False, False)


def test_fields_can_be_chosen(world, export, project, space):
    world.made("/tasks", {"name": "A", "projects": [project]})
    part = {"resource_type": "task", "fields": ["name", "projects.name", "stories.text"]}
    (found,) = export(space, part)
    assert found == {
        "gid": found["gid"],
        "name": "A",
        "projects": [{"gid": project, "name": "Launch"}],
        "stories": found["stories"],
    }


def test_filters_choose_tasks(world, call, export, project, space, ada, bob):
    first = world.made("/tasks", {"name": "First", "projects": [project], "assignee": bob})
    call("POST", f"/tasks/{first}/stories", {"text": "Well"}, bob)
    world.later(hours=1)
    second = world.made("/tasks", {"name": "Second", "projects": [project]})
    call("PUT", f"/tasks/{second}", {"liked": True})
    world.now -= timedelta(hours=1)
    noon = "2026-01-05T10:00:00Z"
    for filters, names in (
        ({"assignee.any": [bob]}, ["First"]),
        ({"assigned_by.any": ["me"]}, ["First"]),
        ({"followers.any": [bob, ada]}, ["First", "Second"]),
        ({"created_by.any": [bob]}, []),
        ({"liked_by.any": [ada]}, ["Second"]),
        ({"commented_on_by.any": [bob]}, ["First"]),
        ({"created_at.after": noon}, ["Second"]),
        ({"created_at.before": noon}, ["First"]),
        ({"modified_at.after": noon, "assignee.any": [bob]}, []),
        ({"color.any": ["blue"]}, ["First", "Second"]),
    ):
        found = export(space, {"resource_type": "task", "filters": filters, "fields": ["name"]})
        assert [task["name"] for task in found] == names, filters


@pytest.mark.usefixtures("_steps")
def test_teams_and_messages_are_exported(world, call, export, org, ada):
    team = world.made("/teams", {"name": "Builders", "organization": org})
    project = world.made("/projects", {"name": "In a team", "team": team})
    data = {"title": "Well", "text": "All is well", "status_type": "on_track", "parent": project}
    status = world.made("/status_updates", data)
    teams, message = export(org, {"resource_type": "team"}, {"resource_type": "message"})
    assert (teams["name"], [user["gid"] for user in teams["members"]]) == ("Builders", [ada])
    assert (message["gid"], message["resource_type"], message["resource_subtype"]) == (
        status,
        "message",
        "status_update",
    )
    assert (message["title"], message["text"], message["status_type"]) == ("Well", "All is well", "on_track")
    assert (message["created_by"]["gid"], message["parents"][0]["gid"]) == (ada, project)
    (short,) = export(org, {"resource_type": "message", "fields": ["html_notes"]})
    assert short["html_notes"] == "<body>All is well</body>"


def test_only_what_the_caller_sees_is_exported(world, call, export, project, space, bob):
    call("PUT", f"/projects/{project}", {"privacy_setting": "private"})
    world.made("/tasks", {"name": "Secret", "projects": [project]})
    assert export(space, {"resource_type": "task"}, user=bob) == []
    assert len(export(space, {"resource_type": "task"})) == 1


def test_one_export_of_a_workspace_is_in_progress_at_a_time(world, call, project, space, org, monkeypatch):
    monkeypatch.setattr(resource_exports, "CHUNK", 1)
    world.api.background = lambda _: None
    for name in "abc":
        world.made("/tasks", {"name": name, "projects": [project]})
    parts = {"export_request_parameters": [{"resource_type": "task"}]}
    job = call("POST", "/exports/resource", {"workspace": space, **parts})[1]
    shown = call("GET", f"/jobs/{job['gid']}")[1]
    assert (shown["status"], shown["new_resource_export"]["download_url"]) == ("in_progress", None)
    status, said = call("POST", "/exports/resource", {"workspace": space, **parts})
    assert (status, said) == (403, "Only one export of a workspace can be in progress at a time.")
    assert call("POST", "/exports/resource", {"workspace": org, **parts})[0] == 201
    world.api.finish(int(job["gid"]))
    assert call("POST", "/exports/resource", {"workspace": space, **parts})[0] == 201


def test_a_step_that_is_done_again_leaves_no_line_twice(world, call, project, space, monkeypatch):
    monkeypatch.setattr(resource_exports, "CHUNK", 1)
    world.api.background = lambda _: None
    for name in "abc":
        world.made("/tasks", {"name": name, "projects": [project]})
    part = {"resource_type": "task", "fields": ["name"]}
    job = world.made("/exports/resource", {"workspace": space, "export_request_parameters": [part]})
    before = world.store.record(int(job))
    world.api.session.carry_on(int(job))
    world.store.begin_action()
    world.store.rewrite(before)  # the process died: the file is longer, but nobody noted it
    world.store.end_action()
    world.store.commit()
    world.api.finish(int(job))
    made = call("GET", f"/jobs/{job}")[1]["new_resource_export"]
    assert [task["name"] for task in lines_of(world, made["download_url"])] == ["a", "b", "c"]


def test_a_file_can_be_downloaded_for_thirty_days(world, call, project, space):
    data = {"workspace": space, "export_request_parameters": [{"resource_type": "task"}]}
    job = world.made("/exports/resource", data)
    assert call("GET", f"/jobs/{job}")[1]["new_resource_export"]["download_url"] is not None
    world.now += export_files.KEPT + timedelta(seconds=1)
    assert call("GET", f"/jobs/{job}")[1]["new_resource_export"]["download_url"] is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"workspace": None}, "workspace: Missing input"),
        ({"workspace": "4711"}, "workspace: Unknown object: 4711"),
        ({"export_request_parameters": None}, "export_request_parameters: Missing input"),
        ({"export_request_parameters": {}}, "export_request_parameters: Value is not an array"),
        ({"export_request_parameters": []}, "export_request_parameters: Missing input"),
        ({"export_request_parameters": ["task"]}, "export_request_parameters: [0]: Value is not a JSON object"),
        ({"export_request_parameters": [{"resource_type": "tag"}]}, "export_request_parameters: [0]: resource_type"),
        ({"export_request_parameters": [{"resource_type": ["x"]}]}, "export_request_parameters: [0]: resource_type"),
        ({"fields": "name"}, "export_request_parameters: [0]: fields: Value is not an array"),
        ({"fields": ["x" * 20_001]}, "export_request_parameters: [0]: fields: Must be at most"),
        ({"filters": ["x"]}, "export_request_parameters: [0]: filters: Value is not a JSON object"),
        ({"filters": {"assignee.any": "me"}}, "export_request_parameters: [0]: filters: assignee.any: Value is not"),
        ({"filters": {"assignee.any": ["9"]}}, "export_request_parameters: [0]: filters: assignee.any: Unknown object"),
        (
            {"filters": {"created_at.after": "x"}},
            "export_request_parameters: [0]: filters: created_at.after: Time",
        ),
        ({"resource_type": "team", "filters": {"liked_by.any": []}}, "export_request_parameters: [0]: filters: Teams"),
    ],
)
def test_what_cannot_be_exported_is_refused(world, call, space, data, message):
    given = {"workspace": space, "export_request_parameters": [{"resource_type": "task", **data}]}
    if not {"workspace", "export_request_parameters"}.isdisjoint(data):
        given |= data
    status, said = call("POST", "/exports/resource", given)
    assert (status, said[: len(message)]) == (400, message)


def test_a_server_without_files_exports_nothing(world, call, space, project):
    world.api.files = None
    parts = {"export_request_parameters": [{"resource_type": "task"}]}
    assert call("POST", "/exports/resource", {"workspace": space, **parts})[0] == 400
    assert call("POST", "/exports/graph", {"parent": project})[0] == 400
    assert call("POST", "/organization_exports", {"organization": space})[0] == 400


# -- graphs ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def graph(world):
    """Exports what is below a record and shows what is in the file."""

    def graph(parent, user=None):
        status, job = world.call("POST", "/exports/graph", {"parent": parent}, user)
        assert (status, job["status"], job["resource_subtype"]) == (201, "in_progress", "graph_export_request"), job
        made = world.call("GET", f"/jobs/{job['gid']}", None, user)[1]
        assert made["status"] == "succeeded"
        return msgspec.json.decode(text_of(world, made["new_graph_export"]["download_url"]))["data"]

    return graph


@pytest.mark.usefixtures("_steps")
def test_all_that_is_below_a_project_is_exported_once(world, call, graph, project):
    first = world.made("/tasks", {"name": "First", "projects": [project]})
    below = world.made("/tasks", {"name": "Below", "parent": first})
    call("POST", f"/tasks/{below}/addProject", {"project": project})
    call("POST", f"/tasks/{first}/stories", {"text": "Well"})
    found = graph(project)
    kinds = [record["resource_type"] for record in found]
    assert kinds.count("task") == 2
    assert {"project", "section", "story"} <= set(kinds)
    assert len({record["gid"] for record in found}) == len(found)
    assert next(record for record in found if record["gid"] == first) == call("GET", f"/tasks/{first}")[1]


def test_a_team_leads_to_its_projects_as_far_as_they_are_seen(world, call, graph, org, bob):
    team = world.made("/teams", {"name": "Builders", "organization": org})
    world.made("/projects", {"name": "Open", "team": team})
    world.made("/projects", {"name": "Closed", "team": team, "privacy_setting": "private"})
    for user, names in ((None, {"Open", "Closed"}), (bob, {"Open"})):
        found = graph(team, user)
        assert {record["name"] for record in found if record["resource_type"] == "project"} == names


def test_a_portfolio_leads_to_what_is_in_it(world, call, graph, project, space):
    inner = world.made("/portfolios", {"name": "Inner", "workspace": space})
    outer = world.made("/portfolios", {"name": "Outer", "workspace": space})
    for owner, item in ((outer, inner), (inner, project), (outer, project)):
        assert call("POST", f"/portfolios/{owner}/addItem", {"item": item})[0] == 200
    names = [record.get("name") for record in graph(outer) if record["resource_type"] in ("portfolio", "project")]
    assert names == ["Outer", "Inner", "Launch"]


def test_a_large_export_is_given_again_for_four_hours(world, call, graph, project, monkeypatch, bob):
    monkeypatch.setattr(exports, "LARGE", 1)
    for name in "ab":
        world.made("/tasks", {"name": name, "projects": [project]})

    def exported(user=None):
        job = world.made("/exports/graph", {"parent": project}, user)
        shown = call("GET", f"/jobs/{job}", None, user)[1]
        assert shown["status"] == "succeeded"
        return shown["new_graph_export"]["gid"]

    first = exported()
    assert exported() == first
    assert exported(bob) != first
    second = exported()
    world.later(hours=5)
    assert exported() not in (first, second)


def test_what_is_small_is_exported_anew(world, call, project):
    made = [world.made("/exports/graph", {"parent": project}) for _ in range(2)]
    gids = {call("GET", f"/jobs/{job}")[1]["new_graph_export"]["gid"] for job in made}
    assert len(gids) == 2


def test_a_graph_starts_from_what_holds_others(world, call, project, eve):
    task = world.made("/tasks", {"name": "A", "projects": [project]})
    assert call("POST", "/exports/graph", {"parent": task}) == (400, "parent: Not a valid GID type: task")
    assert call("POST", "/exports/graph", {}) == (400, "parent: Missing input")
    assert call("POST", "/exports/graph", {"parent": project}, eve) == (400, f"parent: Unknown object: {project}")


# -- organizations ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_steps")
def test_everything_in_an_organization_is_exported(world, call, org, bob, ada):
    team = world.made("/teams", {"name": "Builders", "organization": org}, bob)
    data = {"name": "Closed", "team": team, "privacy_setting": "private"}
    project = world.made("/projects", data, bob)
    task = world.made("/tasks", {"name": "Secret", "projects": [project]}, bob)
    status, export = call("POST", "/organization_exports", {"organization": org})
    assert (status, export["state"], export["download_url"]) == (201, "pending", None)
    shown = call("GET", f"/organization_exports/{export['gid']}")[1]
    assert (shown["state"], shown["organization"]["gid"]) == ("finished", org)
    found = lines_of(world, shown["download_url"])
    assert {org, ada, bob, team, project, task} <= {record["gid"] for record in found}
    assert len({record["gid"] for record in found}) == len(found)
    secret = next(record for record in found if record["gid"] == task)
    assert [item["gid"] for item in secret["projects"]] == [project]
    assert "job" not in {record["resource_type"] for record in found}


def test_an_export_says_how_far_it_is(world, call, org, monkeypatch):
    world.api.background = lambda _: None
    world.made("/teams", {"name": "Builders", "organization": org})
    export = world.made("/organization_exports", {"organization": org})
    assert call("GET", f"/organization_exports/{export}")[1]["state"] == "started"
    (job,) = world.store.unfinished()
    monkeypatch.setattr(organization_exports, "_held", lambda *_: 1 / 0)
    world.api.session.carry_on(job)
    shown = call("GET", f"/organization_exports/{export}")[1]
    assert (shown["state"], shown["download_url"]) == ("error", None)


def test_an_organization_is_exported_by_those_who_answer_for_it(world, call, org, bob, eve):
    refused = call("POST", "/organization_exports", {"organization": org}, bob)
    assert refused == (403, "Only a service account or an admin of an organization may export it.")
    unknown = call("POST", "/organization_exports", {"organization": org}, eve)
    assert unknown == (400, f"organization: Unknown object: {org}")
    export = world.made("/organization_exports", {"organization": org})
    for user in (bob, eve):
        said = call("GET", f"/organization_exports/{export}", None, user)
        assert said == (404, f"organization_export: Unknown object: {export}")


def test_organization_exports_stand_in_no_batch(world):
    for method, path in (("POST", "/organization_exports"), ("GET", "/organization_exports/1")):
        assert world.api.resolve(method, path)[0].batchable is False


# -- afterwards ------------------------------------------------------------------------------------------------------


def test_files_are_removed_after_thirty_days_and_no_sooner(world, call, project, space):
    world.made("/tasks", {"name": "A", "projects": [project]})
    jobs = [call("POST", "/exports/graph", {"parent": project})[1] for _ in range(3)]
    exports = [job["new_graph_export"]["gid"] for job in jobs]
    world.later(days=30)
    assert asyncio.run(world.api.write(lambda session: session.discard_exports())) is False
    assert all((world.api.files / gid).is_dir() for gid in exports)
    world.later(hours=1)
    assert asyncio.run(world.api.write(lambda session: session.discard_exports())) is False
    assert list(world.api.files.iterdir()) == []
    shown = call("GET", f"/jobs/{jobs[0]['gid']}")[1]["new_graph_export"]
    assert (shown["download_url"], shown["completed_at"]) == (None, "2026-01-05T09:30:00.000Z")


def test_many_old_files_are_removed_in_bounded_steps(world, call, project):
    for _ in range(3):
        call("POST", "/exports/graph", {"parent": project})
    world.later(days=31)
    left = []
    while export_files.discard_old(world.api.view(0), most=2):
        left.append(len(list(world.api.files.iterdir())))
    assert left == [1]
    assert list(world.api.files.iterdir()) == []


def test_what_an_export_that_broke_has_left_is_removed_too(world, call, org, monkeypatch):
    world.api.background = lambda _: None
    export = world.made("/organization_exports", {"organization": org})
    (job,) = world.store.unfinished()
    monkeypatch.setattr(organization_exports, "_held", lambda *_: 1 / 0)
    world.api.session.carry_on(job)
    assert (world.api.files / export).is_dir()
    world.later(days=31)
    asyncio.run(world.api.write(lambda session: session.discard_exports()))
    assert not (world.api.files / export).exists()
    assert call("GET", f"/organization_exports/{export}")[1]["state"] == "error"


def test_old_exports_are_found_without_looking_at_every_record():
    store = SqliteStore()
    (plan,) = store._connection.execute(f"EXPLAIN QUERY PLAN {SQL['old_exports']}", ("2026", 1)).fetchall()
    store.close()
    assert "USING INDEX export_kept" in plan[-1]
