"""Searching tasks: each parameter narrows, all of them together narrow further, and nothing invisible is found."""

import asyncio

import pytest

from fanfold.errors import RequestError
from fanfold.model import Call, Caller
from fanfold.work.change import born
from fanfold.work.store.index import STEP
from tests.databases import over_postgres
from tests.work.conftest import World

DAY = "2026-01-05"


def found(world, space, user=None, **query):
    status, shown = world.call("GET", f"/workspaces/{space}/tasks/search", None, user, **query)
    assert status == 200, shown
    return [item["name"] for item in shown]


def refused(world, space, **query):
    status, message = world.call("GET", f"/workspaces/{space}/tasks/search", **query)
    assert status == 400, message
    return message


@pytest.fixture
def board(world, space, project):
    """Five tasks, made a day apart."""
    gids = {"project": project, "ada": world.ada, "bob": world.bob}
    gids["second"] = world.made("/projects", {"name": "Second", "workspace": space})
    gids["tag"] = world.made("/tags", {"name": "red", "workspace": space})
    gids["section"] = world.made(f"/projects/{project}/sections", {"name": "Doing"})
    world.made(f"/projects/{project}/sections", {"name": "Done"})

    def task(name, **data):
        gids[name] = world.made("/tasks", {"name": name, **data})
        world.later(days=1)

    task("Write report", projects=[project], assignee=world.ada, due_on="2026-02-01", tags=[gids["tag"]])
    task("Read", projects=[project, gids["second"]], notes="the Report of 100%", due_at="2026-02-03T10:00:00Z")
    task("Ship", projects=[gids["second"]], assignee=world.bob, resource_subtype="milestone", completed=True)
    task("Nail", parent=gids["Ship"], followers=[world.bob], start_on="2026-01-20", due_on="2026-01-30")
    task("Ask", memberships=[{"project": project, "section": gids["section"]}])
    world.call("POST", f"/tasks/{gids['Ask']}/addDependencies", {"dependencies": [gids["Read"], gids["Ship"]]})
    world.call("PUT", f"/tasks/{gids['Read']}", {"liked": True})
    world.call("POST", f"/tasks/{gids['Nail']}/stories", {"text": "Hammer?"}, world.bob)
    data = {"parent": gids["Write report"], "resource_subtype": "external", "url": "https://a.test/", "name": "A"}
    assert world.call("POST", "/attachments", data)[0] == 200
    return gids


ALL = {"Write report", "Read", "Ship", "Nail", "Ask"}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ALL),
        ({"text": "REPORT"}, {"Write report", "Read"}),
        ({"text": "wri rep"}, {"Write report"}),
        ({"text": "epo"}, set()),
        ({"text": "%"}, set()),
        ({"text": 'report" OR "ship'}, set()),
        ({"text": "NOT report"}, set()),
        ({"text": "name:report"}, set()),
        ({"resource_subtype": "milestone"}, {"Ship"}),
        ({"resource_subtype": "default_task"}, ALL - {"Ship"}),
        ({"resource_subtype": "custom"}, set()),
        ({"completed": "true"}, {"Ship"}),
        ({"completed": "false"}, ALL - {"Ship"}),
        ({"is_subtask": "true"}, {"Nail"}),
        ({"is_subtask": "false"}, ALL - {"Nail"}),
        ({"is_blocked": "true"}, {"Ask"}),
        ({"is_blocked": "false"}, ALL - {"Ask"}),
        ({"is_blocking": "true"}, {"Read"}),
        ({"is_blocking": "false"}, ALL - {"Read"}),
        ({"has_attachment": "true"}, {"Write report"}),
        ({"has_attachment": "false"}, ALL - {"Write report"}),
        ({"assignee.any": "me"}, {"Write report"}),
        ({"assignee.any": "me,bob@fanfold.test"}, {"Write report", "Ship"}),
        ({"assignee.any": "null"}, {"Read", "Nail", "Ask"}),
        ({"assignee.any": "null,me"}, {"Read", "Nail", "Ask", "Write report"}),
        ({"assignee.not": "me"}, ALL - {"Write report"}),
        ({"assignee.not": "null"}, {"Write report", "Ship"}),
        ({"assignee.not": "null,me"}, {"Ship"}),
        ({"followers.any": "{bob}"}, {"Ship", "Nail"}),
        ({"followers.not": "{bob}"}, ALL - {"Ship", "Nail"}),
        ({"created_by.any": "me"}, ALL),
        ({"created_by.not": "me"}, set()),
        ({"assigned_by.any": "me"}, {"Write report", "Ship"}),
        ({"assigned_by.not": "me"}, {"Read", "Nail", "Ask"}),
        ({"liked_by.not": "me"}, ALL - {"Read"}),
        ({"commented_on_by.not": "{bob}"}, ALL - {"Nail"}),
        ({"commented_on_by.not": "me"}, ALL),
        ({"projects.any": "{project}"}, {"Write report", "Read", "Ask"}),
        ({"projects.any": "{project},{second}"}, ALL - {"Nail"}),
        ({"projects.all": "{project},{second}"}, {"Read"}),
        ({"projects.not": "{second}"}, {"Write report", "Ask", "Nail"}),
        ({"sections.any": "{section}"}, {"Ask"}),
        ({"sections.all": "{section}"}, {"Ask"}),
        ({"sections.not": "{section}"}, ALL - {"Ask"}),
        ({"sections.any": "{section}", "projects.any": "{second}"}, {"Ask", "Read", "Ship"}),
        ({"tags.any": "{tag}"}, {"Write report"}),
        ({"tags.all": "{tag}"}, {"Write report"}),
        ({"tags.not": "{tag}"}, ALL - {"Write report"}),
        ({"due_on": "2026-02-03"}, {"Read"}),
        ({"due_on": "null"}, {"Ship", "Ask"}),
        ({"due_on.before": "2026-02-01"}, {"Nail"}),
        ({"due_on.after": "2026-02-01"}, {"Read"}),
        ({"due_at.after": "2026-02-03T09:59:59Z"}, {"Read"}),
        ({"due_at.before": "2026-02-03T12:00:00+02:00"}, set()),
        ({"start_on": "2026-01-20"}, {"Nail"}),
        ({"start_on": "null"}, ALL - {"Nail"}),
        ({"start_on.before": "2026-01-21", "start_on.after": "2026-01-19"}, {"Nail"}),
        ({"created_on": DAY}, {"Write report"}),
        ({"created_on.after": "2026-01-08"}, {"Ask"}),
        ({"created_on.before": "2026-01-06"}, {"Write report"}),
        ({"created_at.after": "2026-01-08T09:30:00Z"}, {"Ask"}),
        ({"created_at.before": "2026-01-05T09:30:00.001Z"}, {"Write report"}),
        ({"completed_on": "2026-01-07"}, {"Ship"}),
        ({"completed_on": "null"}, ALL - {"Ship"}),
        ({"completed_on.after": "2026-01-07"}, set()),
        ({"completed_at.after": "2026-01-07"}, {"Ship"}),
        ({"modified_on": "2026-01-10"}, {"Ask", "Read", "Nail", "Write report"}),
        ({"modified_on.before": "2026-01-10"}, {"Ship"}),
        ({"modified_at.before": "2026-01-09T00:00:00Z", "completed": "false"}, set()),
        ({"projects.any": "{project}", "completed": "false", "text": "report"}, {"Write report", "Read"}),
        ({"assignee.any": "me", "tags.any": "{tag}", "due_on.before": "2026-03-01"}, {"Write report"}),
        ({"what.any": "5"}, ALL),
    ],
)
def test_each_condition_narrows(world, space, board, query, names):
    assert set(found(world, space, **{key: value.format(**board) for key, value in query.items()})) == names


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("created_at", ["Write report", "Read", "Ship", "Nail", "Ask"]),
        ("due_date", ["Nail", "Write report", "Read", "Ship", "Ask"]),
        ("completed_at", ["Ship", "Write report", "Read", "Nail", "Ask"]),
        ("likes", ["Write report", "Ship", "Nail", "Ask", "Read"]),
    ],
)
def test_tasks_come_in_the_order_asked_for_and_those_without_a_value_last(world, space, board, by, names):
    assert found(world, space, sort_by=by, sort_ascending="true") == names
    valued = {"due_date": 3, "completed_at": 1}.get(by, len(names))
    downward = names[:valued][::-1] + names[valued:][::-1]
    if by == "likes":
        downward = ["Read", "Ask", "Nail", "Ship", "Write report"]
    assert found(world, space, sort_by=by) == downward
    assert found(world, space, sort_by=by, **{"projects.any": board["second"]}) == [
        name for name in downward if name in ("Read", "Ship")
    ]


def test_what_changed_last_comes_first_unless_told_otherwise(world, space, board):
    assert found(world, space)[-1] == "Ship"
    world.later(days=1)
    world.call("PUT", f"/tasks/{board['Ship']}", {"notes": "Sail"})
    assert found(world, space)[0] == "Ship"
    assert found(world, space, sort_ascending="true")[-1] == "Ship"


def test_the_best_match_comes_first(world, space, project):
    world.made("/tasks", {"name": "A long tale of the sea and a report", "projects": [project]})
    world.made("/tasks", {"name": "Report", "projects": [project]})
    names = ["Report", "A long tale of the sea and a report"]
    assert found(world, space, text="report", sort_by="relevance") == names
    assert found(world, space, text="report", sort_by="relevance", sort_ascending="true") == names[::-1]
    assert found(world, space, text="report", sort_by="relevance", completed="true") == []
    assert set(found(world, space, sort_by="relevance")) == set(names)
    assert found(world, space, text="%", sort_by="relevance") == []


def test_a_change_is_found_at_once(world, space, board):
    assert found(world, space, text="boat") == []
    world.call("PUT", f"/tasks/{board['Ship']}", {"name": "Boat", "completed": False})
    assert found(world, space, text="boat") == ["Boat"]
    assert found(world, space, text="ship") == []
    assert found(world, space, completed="true") == []
    world.call("DELETE", f"/tasks/{board['Ship']}")
    assert found(world, space, text="boat") == []
    world.call("PUT", f"/tasks/{board['Read']}", {"liked": False})
    assert found(world, space, sort_by="likes")[0] == "Ask"


def test_teams_and_portfolios_stand_for_their_projects(world, org):
    team = world.made("/teams", {"name": "Band", "organization": org})
    project = world.made("/projects", {"name": "Song", "workspace": org, "team": team})
    world.made("/tasks", {"name": "Rhyme", "projects": [project]})
    world.made("/tasks", {"name": "Other", "workspace": org})
    assert found(world, org, **{"teams.any": team}) == ["Rhyme"]
    assert found(world, org, **{"teams.any": team, "text": "other"}) == []
    portfolio = world.made("/portfolios", {"name": "Songs", "workspace": org})
    assert found(world, org, **{"portfolios.any": portfolio}) == []
    world.call("POST", f"/portfolios/{portfolio}/addItem", {"item": project})
    assert found(world, org, **{"portfolios.any": portfolio}) == ["Rhyme"]


@pytest.fixture
def valued(world, project, attached):
    """Two tasks with a value for each of four custom fields, and one without any."""
    fields = {kind: attached(kind) for kind in ("text", "date", "people", "multi_enum")}
    fields["number"] = attached("number", precision=1)
    fields["enum"] = attached("enum", enum_options=[{"name": "High"}, {"name": "Low"}])
    options = world.options(fields["enum"])
    for name, values in {
        "One": ("50%_off", 1, "2026-01-01", "High"),
        "Two": ("Fifty", 2.5, "2026-02-01", "Low"),
    }.items():
        text, amount, day, option = values
        custom = {
            fields["text"]: text,
            fields["number"]: amount,
            fields["date"]: {"date": day},
            fields["enum"]: options[option],
            fields["people"]: ["me"],
        }
        world.made("/tasks", {"name": name, "projects": [project], "custom_fields": custom})
    world.made("/tasks", {"name": "None", "projects": [project]})
    return {**fields, **options}


@pytest.mark.parametrize(
    ("name", "value", "names"),
    [
        ("text.is_set", "true", {"One", "Two"}),
        ("text.is_set", "false", {"None"}),
        ("people.is_set", "true", {"One", "Two"}),
        ("multi_enum.is_set", "true", set()),
        ("text.value", "Fifty", {"Two"}),
        ("text.value", "fift", set()),
        ("text.starts_with", "50", {"One"}),
        ("text.ends_with", "TY", {"Two"}),
        ("text.contains", "%_", {"One"}),
        ("text.contains", "_", {"One"}),
        ("number.value", "2.5", {"Two"}),
        ("number.less_than", "2.5", {"One"}),
        ("number.greater_than", "1", {"Two"}),
        ("date.value", "2026-01-01", {"One"}),
        ("date.before", "2026-02-01", {"One"}),
        ("date.after", "2026-01-01", {"Two"}),
        ("enum.value", "High", {"One"}),
    ],
)
def test_custom_fields_narrow(world, space, valued, name, value, names):
    kind, _, how = name.partition(".")
    query = {f"custom_fields.{valued[kind]}.{how}": valued.get(value, value)}
    assert set(found(world, space, **query)) == names


def test_a_value_that_changed_is_found_no_more(world, space, valued):
    gid = world.call("GET", f"/workspaces/{space}/tasks/search", text="one")[1][0]["gid"]
    world.call("PUT", f"/tasks/{gid}", {"custom_fields": {valued["number"]: None, valued["text"]: "new"}})
    assert found(world, space, **{f"custom_fields.{valued['number']}.less_than": "2"}) == []
    assert found(world, space, **{f"custom_fields.{valued['text']}.value": "new"}) == ["One"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"custom_fields.{text}.less_than": "1"}, "custom_fields.{text}.less_than: Not supported for custom fields of"),
        ({"custom_fields.{number}.contains": "1"}, "custom_fields.{number}.contains: Not supported for custom fields"),
        ({"custom_fields.{multi_enum}.value": "1"}, "custom_fields.{multi_enum}.value: Not supported for custom"),
        ({"custom_fields.{number}.value": "x"}, "custom_fields.{number}.value: Value is not a number: x"),
        ({"custom_fields.{number}.value": "1e999"}, "custom_fields.{number}.value: Value is not a number: 1e999"),
        ({"custom_fields.{date}.before": "soon"}, "custom_fields.{date}.before: Date must be in ISO-8601"),
        ({"custom_fields.{enum}.value": "x"}, "custom_fields.{enum}.value: Not a recognized ID: x"),
        ({"custom_fields.{enum}.value": "{text}"}, "custom_fields.{enum}.value: Not a valid GID type: custom_field"),
        ({"custom_fields.{text}.is_set": "maybe"}, "custom_fields.{text}.is_set: Value is not a boolean: maybe"),
        ({"custom_fields.{text}.is_set": ""}, "custom_fields.{text}.is_set: Value is not a boolean: "),
        ({"custom_fields.{text}": "x"}, "custom_fields.{text}: Must end with one of is_set, value"),
        ({"custom_fields.{text}.smells": "x"}, "custom_fields.{text}.smells: Must end with one of is_set, value"),
        ({"custom_fields.4711.is_set": "true"}, "custom_fields.4711.is_set: Unknown object: 4711"),
        ({"custom_fields.x.is_set": "true"}, "custom_fields.x.is_set: Not a recognized ID: x"),
        ({"custom_types.1.custom_type_status_option.gid": "2"}, "custom_types.1.custom_type_status_option.gid: resou"),
        ({"custom_types.1.colour": "2", "resource_subtype": "custom"}, "custom_types.1.colour: Must end with custom_t"),
        ({"custom_types.1.a": "2", "custom_types.2.a": "3"}, "custom_types: Only one custom_types parameter may be"),
    ],
)
def test_questions_about_values_that_make_no_sense_are_refused(world, space, valued, query, message):
    query = {name.format(**valued): value.format(**valued) for name, value in query.items()}
    assert refused(world, space, **query).startswith(message.format(**valued))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"sort_by": "size"}, "sort_by: Must be one of due_date, created_at, completed_at, likes, modified_at, relev"),
        ({"sort_ascending": "up"}, "sort_ascending: Value is not a boolean: up"),
        ({"limit": "0"}, "limit: Must be an integer between 1 and 100"),
        ({"limit": "101"}, "limit: Must be an integer between 1 and 100"),
        ({"completed": "perhaps"}, "completed: Value is not a boolean: perhaps"),
        ({"is_blocked": "2"}, "is_blocked: Value is not a boolean: 2"),
        ({"resource_subtype": "section"}, "resource_subtype: Must be one of default_task"),
        ({"text": "x" * 1001}, "text: Must be at most 1000 characters long"),
        ({"due_on": "2026-13-01"}, "due_on: Date must be in ISO-8601"),
        ({"created_at.before": "yesterday"}, "created_at.before: Time must be in ISO-8601"),
        ({"projects.any": "x"}, "projects.any: Not a recognized ID: x"),
        ({"projects.not": "4711"}, "projects.not: Unknown object: 4711"),
        ({"tags.all": "{project}"}, "tags.all: Not a valid GID type: project"),
        ({"followers.any": "nobody@fanfold.test"}, "followers.any: Unknown object: nobody@fanfold.test"),
        ({"assignee.any": ",".join(str(n) for n in range(101))}, "assignee.any: Must have at most 100 members"),
    ],
)
def test_questions_that_make_no_sense_are_refused(world, space, project, query, message):
    query = {name: value.format(project=project) for name, value in query.items()}
    assert refused(world, space, **query).startswith(message)


def test_text_with_the_character_nul_is_refused(world, space):
    assert refused(world, space, text="rep\0ort") == "text: Text must not hold the character NUL"


def test_too_many_conditions_on_values_are_refused(world, space, valued):
    query = {f"custom_fields.{valued['text']}.{number}": "1" for number in range(51)}
    assert refused(world, space, **query).startswith("custom_fields: A search may have at most 50")


def test_strangers_and_other_workspaces_find_nothing(world, space, board, eve):
    assert world.call("GET", f"/workspaces/{space}/tasks/search", None, eve)[0] == 404
    assert found(world, world.elsewhere, eve) == []
    message = world.call(
        "GET", f"/workspaces/{world.elsewhere}/tasks/search", None, eve, **{"projects.any": board["project"]}
    )
    assert message == (400, f"projects.any: Unknown object: {board['project']}")


def test_as_many_are_found_as_are_asked_for_whatever_is_hidden_between_them(world, space, project):
    for number in range(12):
        world.made("/tasks", {"name": f"Mine {number}", "workspace": space})
        world.made("/tasks", {"name": f"Shown {number}", "projects": [project]})
    assert found(world, space, world.bob, limit=5) == [f"Shown {number}" for number in range(11, 6, -1)]
    assert len(found(world, space, world.bob)) == 12
    assert len(found(world, space)) == 24
    assert found(world, space, world.bob, text="mine") == []


def test_whoever_is_let_in_finds_a_private_task(world, space):
    hidden = {"name": "Hidden", "workspace": space, "privacy_setting": "private"}
    project = world.made("/projects", hidden)
    task = world.made("/tasks", {"name": "In it", "projects": [project]})
    world.made("/tasks", {"name": "Below it", "parent": task})
    assert found(world, space, world.bob) == []
    world.call("POST", f"/projects/{project}/addMembers", {"members": [world.bob]})
    assert set(found(world, space, world.bob)) == {"In it", "Below it"}
    world.call("POST", f"/projects/{project}/removeMembers", {"members": [world.bob]})
    assert found(world, space, world.bob) == []
    world.call("POST", f"/tasks/{task}/addFollowers", {"followers": [world.bob]})
    assert set(found(world, space, world.bob)) == {"In it", "Below it"}


def test_fields_are_shown_as_asked_for(world, space, board):
    shown = world.call("GET", f"/workspaces/{space}/tasks/search", text="wri", opt_fields="assignee.name,completed")[1]
    assert shown == [
        {
            "gid": board["Write report"],
            "assignee": {"gid": world.ada, "name": "Ada Lovelace"},
            "completed": False,
        }
    ]


# -- the index -------------------------------------------------------------------------------------------------------


def test_a_database_that_was_never_searched_is_gone_through_once(world, space, project):
    names = {f"Task {number}" for number in range(2 * STEP + 5)}
    for name in names:
        world.made("/tasks", {"name": name, "projects": [project]})
    world.store.begin_action()
    world.store._cursor.execute("DELETE FROM event")
    world.store.end_action()
    world.store.commit()
    assert world.store.index_is_behind()
    assert len(found(world, space, text="task")) == len(names) < 100
    assert not world.store.index_is_behind()
    assert "Task 17" in found(world, space, text="task 17")


def test_an_index_that_the_log_can_bring_up_to_date_no_more_is_made_anew(world, space, project):
    assert found(world, space) == []
    task = world.made("/tasks", {"name": "New", "projects": [project]})
    world.store._cursor.execute("DELETE FROM event")
    assert found(world, space) == ["New"]
    world.call("PUT", f"/tasks/{task}", {"name": "Newer"})
    assert found(world, space, text="newer") == ["Newer"]


def test_searches_see_what_was_written_after_a_while_if_they_are_told_to(world, space, project):
    world.api.search_delay = 10.0
    world.made("/tasks", {"name": "Early", "projects": [project]})
    world.later(seconds=11)
    assert found(world, space) == ["Early"]
    world.made("/tasks", {"name": "Late", "projects": [project]})
    assert found(world, space) == ["Early"]
    world.later(seconds=11)
    assert found(world, space) == ["Late", "Early"]


def test_what_is_undone_is_not_found(world, space, project):
    world.store.begin_action()
    born(world.system, "tag", int(space), name="Vain")
    world.store.undo_action()
    assert world.call("GET", f"/workspaces/{space}/typeahead", resource_type="tag", query="vain")[1] == []


class FileWorld(World):
    """The same over a file, where searches read in a thread."""

    async def send(self, path, **query):
        endpoint, params = self.api.resolve("GET", path)
        call = Call("GET", path, tuple(query.items()), None, (), Caller("test", self.ada), endpoint, params)
        return (await self.api.send(call)).body.decode()


def test_a_file_is_searched_without_holding_up_others(tmp_path):
    world = FileWorld(tmp_path / "file.db")
    space = world.workspace("Space", world.ada)
    project = world.made("/projects", {"name": "Launch", "workspace": space})
    world.made("/tasks", {"name": "Write", "projects": [project]})

    async def ask():
        endpoint, _ = world.api.resolve("GET", f"/workspaces/{space}/tasks/search")
        assert not endpoint.inline
        searching = asyncio.ensure_future(world.send(f"/workspaces/{space}/tasks/search", text="wri"))
        await asyncio.sleep(0)
        world.made("/tasks", {"name": "Meanwhile", "projects": [project]})
        assert '"name":"Write"' in await searching
        assert '"name":"Meanwhile"' in await world.send(f"/workspaces/{space}/tasks/search", text="mean")
        assert '"name":"Meanwhile"' in await world.send(
            f"/workspaces/{space}/typeahead", resource_type="task", query="mean"
        )
        with pytest.raises(RequestError, match="sort_by"):
            await world.send(f"/workspaces/{space}/tasks/search", sort_by="size")

    asyncio.run(ask())
    world.store.close()


@pytest.mark.skipif(over_postgres(), reason="SQLite counts its instructions; see tests/work/store/test_patience.py")
def test_a_search_that_takes_too_long_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("fanfold.work.store.reader.PATIENCE", -1.0)
    monkeypatch.setattr("fanfold.work.store.reader._CHECKED", 1)
    world = FileWorld(tmp_path / "file.db")
    space = world.workspace("Space", world.ada)
    with pytest.raises(RequestError, match="takes too long"):
        asyncio.run(world.send(f"/workspaces/{space}/tasks/search"))
    world.store.close()


def test_what_is_gone_by_the_time_it_is_shown_is_left_out(tmp_path, monkeypatch):
    world = FileWorld(tmp_path / "file.db")
    space = world.workspace("Space", world.ada)
    task = world.made("/tasks", {"name": "Write", "workspace": space})
    aside = world.store.look_aside

    async def look_and_delete(work):
        gids = await aside(work)
        world.call("DELETE", f"/tasks/{task}")
        return gids

    monkeypatch.setattr(world.store, "look_aside", look_and_delete)
    assert asyncio.run(world.send(f"/workspaces/{space}/tasks/search", text="wri")) == '{"data":[]}'
    world.store.close()
