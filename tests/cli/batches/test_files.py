"""What may stand in a batch file, and how mistakes in it are told."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.cli.batches.files import METHODS, parse_batch, read_batch
from fanfold.errors import SetupError


def lines(text, name="b.yaml"):
    return [json.loads(action.in_batch()) for action in parse_batch(text.encode(), name).actions]


def mistakes(text, name="b.yaml"):
    with pytest.raises(SetupError) as refused:
        parse_batch(text.encode(), name)
    return refused.value.message.splitlines()


GET = {"method": "get", "relative_path": "/tasks/1"}


@pytest.mark.parametrize(
    "text",
    [
        "- GET /tasks/1",
        "- get tasks/1",
        "- GET /tasks/1:",
        "- {method: get, relative_path: /tasks/1}",
        "- {method: GET, path: tasks/1, data: {}, options: {}}",
        "actions: [GET /tasks/1]",
        "data: {actions: [{method: get, relative_path: /tasks/1}]}",
    ],
)
def test_these_all_are_the_same_action(text):
    assert lines(text) == [GET]


def test_json_is_read_as_well():
    assert lines('{"actions": ["GET /tasks/1"]}', "b.json") == [GET]


@pytest.mark.parametrize(
    "text",
    [
        '- \'POST /tasks {"name": "x"}\'\n',
        "- POST /tasks: {name: x}\n",
        "- POST /tasks:\n    name: x\n",
        "- {method: post, relative_path: /tasks, data: {name: x}}\n",
    ],
)
def test_data_may_stand_behind_the_path(text):
    assert lines(text) == [{"method": "post", "relative_path": "/tasks", "data": {"name": "x"}}]


def test_a_query_and_short_fields_become_options_and_data():
    (line,) = lines("- GET /tasks?project=1&limit=5&opt_fields=name:\n  fields: [due_on]")
    assert line == {
        "method": "get",
        "relative_path": "/tasks",
        "data": {"project": "1"},
        "options": {"limit": "5", "fields": ["name", "due_on"]},
    }


def test_all_members_of_an_action_travel():
    text = """
    - {method: get, relative_path: /users/me, id: me}
    - method: put
      relative_path: /tasks/{{me.body.data.gid}}
      data: {name: "{{me.body.data.name}}"}
      depends_on: me
      timeout: 2.5
      headers: {x-a: b}
      idempotency_key: k
      id: two
    """
    found = parse_batch(text.encode(), "b.yaml")
    assert json.loads(found.actions[1].in_batch()) == {
        "method": "put",
        "relative_path": "/tasks/{{me.body.data.gid}}",
        "data": {"name": "{{me.body.data.name}}"},
        "depends_on": ["me"],
        "timeout": 2.5,
        "headers": {"x-a": "b"},
        "id": "two",
    }
    assert (found.actions[1].key, found.needs, found.names) == ("k", ((), (0,)), ("me", "two"))


def test_names_that_nobody_uses_are_not_sent():
    found = parse_batch(b"- {method: get, relative_path: /a, id: one}\n- GET /b", "b.yaml")
    assert [action.wired for action in found.actions] == [False, False]
    assert found.names == ("one", "")


def test_options_stand_beside_the_actions():
    found = parse_batch(b"actions: [GET /a, GET /b]\noptions: {execution: serial, on_error: stop, dry_run: true}", "b")
    assert (found.serial, found.stop, found.dry_run, found.needs) == (True, True, True, ((), (0,)))


def test_every_mistake_names_file_line_and_field():
    text = """\
actions:
  - FETCH /users/me
  - method: get
    relativ_path: /x
  - GET /tasks: 5
  - {method: get, relative_path: /x, timeout: -1}
  - 5
  - GET
  - {method: get, relative_path: /x, options: {limit: 1000}}
  - {GET /a: {}, method: put}
  - POST /x nothing
optons: {}
"""
    assert mistakes(text) == [
        f"b.yaml:2: actions[0].method: expected one of {', '.join(METHODS)}, not 'FETCH'. Did you mean PATCH?",
        "b.yaml:3: actions[1].relative_path: is missing; it has to be there.",
        "b.yaml:4: actions[1].relativ_path: there is no such field. Did you mean relative_path?",
        "b.yaml:5: actions[2].data: expected an object, not 5.",
        "b.yaml:6: actions[3].timeout: expected more than 0, not -1.",
        "b.yaml:7: actions[4]: expected an action such as GET /tasks/1, not 5.",
        "b.yaml:8: actions[5]: expected an action such as GET /tasks/1, not 'GET'.",
        "b.yaml:9: actions[6].options.limit: expected at most 100, not 1000.",
        "b.yaml:10: actions[7].GET /a: says method, path and data; leave out method.",
        "b.yaml:11: actions[8].data: expected JSON after the path, not 'nothing'.",
        "b.yaml:12: optons: there is no such field. Did you mean options?",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "b.yaml: expected a list of actions, not null."),
        ("[]", "b.yaml: expected at least one action."),
        ("actions: {}", "b.yaml:1: actions: expected a list of actions, not an object."),
        ("- GET /a\n- GET /b c: d: e", "b.yaml:2: mapping values are not allowed"),
        ("- GET /a b", "b.yaml:1: [0].data: expected JSON after the path, not 'b'."),
        (
            "actions: [GET /a]\noptions: {execution: seriel}",
            "b.yaml:2: options.execution: expected one of parallel, serial, not 'seriel'. Did you mean serial?",
        ),
    ],
)
def test_what_is_no_batch_is_said(text, told):
    assert mistakes(text)[0].startswith(told)


@pytest.mark.parametrize(
    ("actions", "told"),
    [
        (
            "[{GET /a: , id: a}, {GET /b: , depends_on: [b]}]",
            "[1].depends_on: there is no action with the id 'b'.",
        ),
        (
            "[{GET /a: , id: first}, {method: get, relative_path: '/b/{{frist.body}}'}]",
            "[1].relative_path: there is no action with the id 'frist'. Did you mean first?",
        ),
        (
            "[{GET /a: , id: a}, {GET /b: , id: A}]",
            "[1].id: 'A' is there twice; upper and lower case are the same.",
        ),
        (
            "[{GET /a: , id: a, depends_on: b}, {GET /b: , id: b, depends_on: a}]",
            "[0].depends_on: these wait for each other: a → b → a.",
        ),
        ("[{GET /a: , id: item}]", "[0].id: item stands for an element of for_each; choose another."),
        (
            "[{GET /a: , id: a}, {PUT /b: {x: '{{item.gid}}'}}]",
            "[1].data: there is no action with the id 'item'.",
        ),
    ],
)
def test_who_waits_for_whom_is_checked_before_anything_is_sent(actions, told):
    assert mistakes(actions) == [f"b.yaml:1: {told}"]


def test_braces_mean_nothing_where_no_action_has_a_name():
    assert lines("- POST /tasks: {name: '{{x.body}}'}")[0]["data"] == {"name": "{{x.body}}"}


def test_what_is_read_from_standard_input_is_called_so(monkeypatch):
    class Input:
        buffer = io.BytesIO(b'{"actions": [\n"GET /a", 5]}')

    monkeypatch.setattr("sys.stdin", Input)
    with pytest.raises(SetupError) as refused:
        read_batch("-")
    assert refused.value.message == "standard input:2: actions[1]: expected an action such as GET /tasks/1, not 5."


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(SetupError, match=r"none\.yaml cannot be read: No such file"):
        read_batch(str(tmp_path / "none.yaml"))


def complaints(data, name):
    """What is said of something that is no batch; nothing if it is one."""
    try:
        found = parse_batch(data, name)
    except SetupError as error:
        return error.message.splitlines()
    assert len(found.actions) == len(found.needs) == len(found.names) > 0
    return None


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "ignore")))
def test_whatever_is_read_is_a_batch_or_a_sentence(data):
    assert complaints(data, "b.yaml") != []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["GET /a", "get", "/a", "a", "{{a.body}}"]),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["method", "relative_path", "data", "id", "depends_on", "for_each", "options", "actions", "GET /a"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=25,
    )
)
def test_whatever_json_holds_is_a_batch_or_mistakes_with_places(value):
    told = complaints(json.dumps(value).encode(), "b.json")
    assert told is None or all(line.startswith("b.json") for line in told)
