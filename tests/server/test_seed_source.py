"""Seed files: the whole format once, the same gids every time, and a sentence with the place for whatever is wrong."""

import json
from datetime import UTC, datetime

import pytest

from fanfold.errors import SetupError
from fanfold.server.run import open_store
from fanfold.server.seed_source import first_data
from fanfold.settings import Settings
from fanfold.work.seed import first_user

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

FILE = """
people:
  - {key: ada, name: Ada Lovelace, email: ada@acme.example}
  - Grace Hopper
workspaces:
  - key: acme
    name: Acme
    email_domains: [acme.example]
    projects:           # may stand before what it refers to below
      - key: launch
        name: Launch
        team: everybody
        members: [grace]
        custom_field_settings: [priority]
        sections:
          - name: To do
            tasks:
              - Write the announcement
              - key: book
                name: Book a hall
                assignee: grace
                due_on: 2027-03-01
                tags: [urgent]
                custom_fields: {priority: high}
                subtasks: [Ask for prices, {name: Sign, as: grace}]
                comments: ["Is the old one free?", {as: grace, text: "No, see ${launch}."}]
                dependencies: [budget]
          - name: Done
            tasks: [{key: budget, name: Agree on a budget, completed: true}]
        tasks: [Anywhere]
    custom_fields:
      - key: priority
        name: Priority
        resource_subtype: enum
        enum_options: [{key: high, name: High}, Low]
    tags: [{key: urgent, name: urgent}]
    teams: [{key: everybody, name: Everybody, members: [grace]}]
    tasks: [{name: Of nobody, as: grace}]
records:
  - {key: sprint, kind: tag, values: {name: Written by the system, workspace: $acme}}
actions:
  - {key: made, path: /tasks, data: {name: Made, projects: [$launch]}}
  - {method: put, path: /tasks/$made, data: {name: Changed}}
  - {path: /tasks/$made/addTag, data: {tag: $sprint}}
  - {path: /tasks/$book/addFollowers, data: {followers: [$ada]}, as: grace}
"""


@pytest.fixture
def load(tmp_path):
    def from_text(text, name="seed.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return first_data(str(path), lambda: NOON)

    return from_text


def documents(store, kind):
    rows = store._connection.execute("SELECT gid, document FROM record WHERE kind = ? ORDER BY gid", (kind,))
    return {gid: json.loads(document) for gid, document in rows}


def by_name(store, kind):
    return {document["name"]: gid for gid, document in documents(store, kind).items()}


def test_everything_that_is_written_is_there(load):
    store = load(FILE)
    people, tasks, projects = (by_name(store, kind) for kind in ("user", "task", "project"))
    book = documents(store, "task")[tasks["Book a hall"]]
    assert book["assignee"] == str(people["Grace Hopper"])
    assert book["due_on"] == "2027-03-01"
    assert store.targets(tasks["Book a hall"], "task.tags") == [by_name(store, "tag")["urgent"]]
    assert store.targets(tasks["Book a hall"], "task.subtasks") == [tasks["Ask for prices"], tasks["Sign"]]
    assert store.targets(tasks["Book a hall"], "task.dependencies") == [tasks["Agree on a budget"]]
    sections = by_name(store, "section")
    assert store.targets(sections["To do"], "section.tasks") == [tasks["Write the announcement"], tasks["Book a hall"]]
    assert documents(store, "task")[tasks["Sign"]]["created_by"] == str(people["Grace Hopper"])
    said = [d["text"] for d in documents(store, "story").values() if d["resource_subtype"] == "comment_added"]
    assert said == ["Is the old one free?", f"No, see {projects['Launch']}."]
    assert store.targets(tasks["Changed"], "task.tags") == [by_name(store, "tag")["Written by the system"]]
    assert store.linked(tasks["Book a hall"], "task.followers", people["Ada Lovelace"])
    assert store.linked(projects["Launch"], "project.members", people["Grace Hopper"])
    assert first_user(store) == people["Ada Lovelace"]
    high = next(gid for gid, option in documents(store, "enum_option").items() if option["name"] == "High")
    assert str(high) in json.dumps(book)


def test_what_no_operation_creates_is_made_whole(load):
    of_project = "records:\n  - {kind: custom_type, values: {name: Bug, projects: [$launch]}}"
    template = "  - {kind: task_template, values: {name: Hall, project: $launch, task: $book, day: 2027-02-01}}"
    store = load(FILE.replace("records:", f"{of_project}\n{template}"))
    launch, book = (
        by_name(store, "project")["Launch"],
        store.targets(by_name(store, "section")["To do"], "section.tasks")[-1],
    )
    assert store.targets(launch, "project.custom_types") == [by_name(store, "custom_type")["Bug"]]
    (made,) = documents(store, "task_template").values()
    assert (made["project"], made["day"], made["created_by"]) == (str(launch), "2027-02-01", str(first_user(store)))
    assert int(made["content"]) != book
    assert "task" not in made
    assert store.targets(launch, "project.task_templates") == [by_name(store, "task_template")["Hall"]]


def test_the_same_file_gives_the_same_records(load):
    one, other = (load(FILE)._connection.execute("SELECT * FROM record ORDER BY gid").fetchall() for _ in range(2))
    assert one == other


def test_a_file_may_build_upon_the_demo(load):
    store = load("base: demo\nactions: [{path: /tasks, data: {name: On top, projects: ['1025']}}]")
    assert "On top" in by_name(store, "task")
    assert by_name(store, "project")["Website relaunch"] == 1025


def test_json_says_the_same(load):
    store = load(json.dumps({"people": ["Kim"], "workspaces": [{"name": "Acme", "tags": ["a"]}]}), "seed.json")
    assert by_name(store, "user") == {"Kim": 1001}
    assert by_name(store, "tag").keys() == {"a"}


def test_a_new_database_is_filled_once(tmp_path):
    path = tmp_path / "seed.yaml"
    path.write_text("people: [Kim]\nworkspaces: [{name: Acme}]")
    settings = Settings(db=str(tmp_path / "x.db"), seed=str(path))
    open_store(settings).close()
    path.write_text("people: [Lee]\nworkspaces: [{name: Acme}]")
    store = open_store(settings)
    assert by_name(store, "user") == {"Kim": 1001}
    assert by_name(store, "workspace").keys() == {"Acme"}
    store.close()


WORKSPACE = "people: [Kim]\nworkspaces:\n  - name: Acme\n"
TASKS = f"{WORKSPACE}    tasks:\n      - "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file: expected names with values, not nothing."),
        ("[1]", "the file: expected names with values, not [1]."),
        (
            "peple: []",
            "expected base, people, workspaces, records, actions, not 'peple'. Did you mean people?",
        ),
        ("people: []", "expected at least one of people, and one of workspaces."),
        ("people: Kim", "people: expected a list, not 'Kim'."),
        ("people: [{nmae: Kim}]", "people[0]: expected key, name, email, not 'nmae'. Did you mean name?"),
        ("people: [{email: a@b.example}]", "people[0].name: expected a text, not nothing."),
        ("people: [Kim, Kim]", "people[1].email: expected an e-mail address that nobody else has"),
        ("people: [{name: Kim, email: kim}]", "people[0].email: expected an e-mail address"),
        ("workspaces: [{name: Acme}]", "workspaces[0]: expected people before the first of workspaces."),
        (f"{WORKSPACE}    prjects: []", "prjects: a workspace has no such collection. Did you mean projects?"),
        (f"{WORKSPACE}    members: [lee]", "workspaces[0].members: expected a key, but nothing has the key 'lee'."),
        (
            f"{TASKS}{{name: A, asignee: kim}}",
            "tasks[0].asignee: a task has no 'asignee'. Did you mean assignee?",
        ),
        (
            f"{TASKS}{{name: A, assignee: kin}}",
            "nothing has the key 'kin'. Did you mean kim?",
        ),
        (f"{TASKS}{{name: A, due_on: soon}}", "workspaces[0].tasks[0]: POST /tasks: due_on: "),
        (f"{TASKS}{{name: A, key: kim}}", "tasks[0].key: there is a record with the key 'kim' already."),
        (f"{TASKS}{{name: A, key: 1a}}", "tasks[0].key: expected a letter and then"),
        (f"{TASKS}{{name: A, subtasks: B}}", "tasks[0].subtasks: expected a list, not 'B'."),
        (f"{TASKS}{{name: A, dependencies: [later]}}", "tasks[0].dependencies[0]: expected a key, but nothing"),
        (f"{TASKS}{{name: A, addTag: [x]}}", "tasks[0].addTag: a task has no 'addTag'."),
        (f"{WORKSPACE}actions: [{{path: /tasks/$x}}]", "actions[0].path: expected a key, but nothing has the key 'x'."),
        (f"{WORKSPACE}actions: [{{path: /nope}}]", "actions[0]: POST /nope: No matching route for request."),
        (
            f"{WORKSPACE}actions: [{{path: /x, body: 1}}]",
            "expected key, as, method, path, data, query, not 'body'.",
        ),
        (f"{WORKSPACE}actions: [{{path: /tags, data: {{name: $kim.nope}}}}]", "data.name: $kim.nope leads nowhere"),
        (f"{WORKSPACE}records: [{{kind: tug}}]", "records[0].kind: there is no kind 'tug'. Did you mean tag?"),
        (
            f"{WORKSPACE}records: [{{kind: tag, values: {{nmae: x}}}}]",
            "values: nmae: a tag has no such field. Did",
        ),
        (
            f"{WORKSPACE}records: [{{kind: tag, values: {{name: [x]}}}}]",
            "values: name: Value is not a string",
        ),
        (
            f"{WORKSPACE}records: [{{kind: task_template, values: {{name: x}}}}]",
            "records[0].values: task: Missing input.",
        ),
        ("base: other", "base: expected demo or empty, not 'other'."),
        ("people: [Kim]\npeople: [Lee]", "seed.yaml:2: people: stands there twice."),
        ("people: [", "seed.yaml:2: "),
        ("a: !!python/object:os.system {}", "seed.yaml:1: tags"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(load, text, message):
    with pytest.raises(SetupError) as wrong:
        load(text)
    assert message in wrong.value.message
    assert "seed.yaml:" in wrong.value.message
    assert wrong.value.message.endswith((".", "?"))


def test_a_file_that_cannot_be_read_is_named(tmp_path, load):
    with pytest.raises(SetupError, match="cannot be read"):
        first_data(str(tmp_path / "missing.yaml"))
    with pytest.raises(SetupError, match="not JSON"):
        load("{", "seed.json")
