"""Actions: which value goes where, and what is refused at its own place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.dialects.actions import read_action
from fanfold.dialects.asana import BASE, REFUSED
from fanfold.dialects.paths import PathRules
from fanfold.model import Action

PATHS = PathRules(REFUSED, BASE)


def read(**members):
    return read_action({"method": "get", "relative_path": "/tasks", **members}, 3, PATHS)


@pytest.mark.parametrize("written", ["get", "GET", "gEt"])
def test_a_method_may_be_written_in_any_case(written):
    assert read(method=written) == Action("GET", "/tasks")


@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch", "head"])
def test_all_documented_methods_are_passed_on(method):
    assert read(method=method).method == method.upper()


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("connect", "connect"),
        ("TRACE", "TRACE"),
        ("options", "options"),
        ("GET ", "GET "),
        ("get\r\n", "get\\r\\n"),
        ("", ""),
        (1, "1"),
        (True, "true"),
        (["get"], '["get"]'),
        ({"get": 1}, '{"get":1}'),
        ("x" * 300, "x" * 200 + "..."),
    ],
)
def test_an_unknown_method_is_refused(written, shown):
    action = read(method=written)
    assert (action.error.status, action.error.message) == (400, f"method: Not a recognized HTTP method: {shown}")


def test_missing_members_are_named():
    assert read(method=None).error.message == "method: Missing input"
    assert read(relative_path=None).error.message == "relative_path: Missing input"
    assert read_action({}, 0, PATHS).error.message == "method: Missing input"


@pytest.mark.parametrize(("item", "shown"), [(None, "null"), (7, "7"), ("x", "x"), ([], "[]"), ([{}], "[{}]")])
def test_an_action_that_is_no_object_is_named_by_its_place(item, shown):
    error = read_action(item, 3, PATHS).error
    assert (error.status, error.message) == (400, f"actions: [3]: Value is not a JSON object: {shown}")


def test_data_of_a_get_is_its_query():
    data = {"a": "x,y", "b": 7, "c": 1.5, "d": True, "e": False, "f": None, "g": ["p", 1, True, None], "h": []}
    assert read(data=data).query == (
        ("a", "x,y"),
        ("b", "7"),
        ("c", "1.5"),
        ("d", "true"),
        ("e", "false"),
        ("f", ""),
        ("g", "p,1,true,"),
        ("h", ""),
    )
    assert read(data=data).body is None


@pytest.mark.parametrize("value", [{"a": 1}, {}, [[1]], [{"a": 1}]])
def test_an_object_in_the_query_is_refused_by_its_name(value):
    error = read(data={"assignee": value}).error
    assert error.status == 400
    assert error.message.startswith("assignee: Value is not a string, a number, a boolean or a list of them: ")


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_data_of_a_write_is_the_data_of_its_body(method):
    action = read(method=method, data={"name": "n", "deep": {"er": [1]}})
    assert action.body == {"data": {"name": "n", "deep": {"er": [1]}}}
    assert action.query == ()


@pytest.mark.parametrize("data", [None, {}, []])
def test_a_write_without_data_has_an_empty_one(data):
    assert read(method="post", data=data).body == {"data": {}}
    assert read_action({"method": "post", "relative_path": "/tasks"}, 0, PATHS).body == {"data": {}}


@pytest.mark.parametrize("data", [{"a": {}}, "x", 7, [1]])
def test_data_of_a_delete_is_ignored(data):
    assert read(method="delete", data=data) == Action("DELETE", "/tasks")


@pytest.mark.parametrize("method", ["get", "post", "head"])
@pytest.mark.parametrize(("value", "shown"), [("x", "x"), (7, "7"), ([1], "[1]"), (True, "true")])
def test_data_and_options_that_are_no_objects_are_refused(method, value, shown):
    assert read(method=method, data=value).error.message == f"data: Value is not a JSON object: {shown}"
    assert read(method=method, options=value).error.message == f"options: Value is not a JSON object: {shown}"


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_options_are_the_parameters_of_a_plain_request(method):
    options = {"limit": 3, "offset": "eyJ0", "fields": ["name", "notes"], "expand": ["a", "b"]}
    assert read(method=method, options=options).query == (
        ("limit", "3"),
        ("offset", "eyJ0"),
        ("opt_fields", "name,notes"),
        ("opt_expand", "a,b"),
    )


def test_options_may_be_written_as_text_and_an_offset_as_a_number():
    options = {"limit": "3", "offset": 7, "fields": "name,notes", "expand": "this"}
    assert read(options=options).query == (
        ("limit", "3"),
        ("offset", "7"),
        ("opt_fields", "name,notes"),
        ("opt_expand", "this"),
    )


@pytest.mark.parametrize("options", [{"pretty": True}, {"unknown": {}}, {"limit": None, "fields": None}, {}, [], None])
def test_other_options_are_ignored(options):
    assert read(options=options) == Action("GET", "/tasks")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 1.5}, "limit: Must be an integer between 1 and 100"),
        ({"limit": True}, "limit: Must be an integer between 1 and 100"),
        ({"limit": [1]}, "limit: Must be an integer between 1 and 100"),
        ({"offset": {}}, "offset: Your pagination token is invalid."),
        ({"offset": False}, "offset: Your pagination token is invalid."),
        ({"fields": 7}, "fields: Value is not a list of strings: 7"),
        ({"fields": ["a", 1]}, 'fields: Value is not a list of strings: ["a",1]'),
        ({"expand": {"a": 1}}, 'expand: Value is not a list of strings: {"a":1}'),
    ],
)
def test_options_of_the_wrong_type_are_refused(options, message):
    error = read(options=options).error
    assert (error.status, error.message) == (400, message)


def test_options_win_over_data_about_the_same_and_pretty_is_not_for_actions():
    action = read(data={"limit": 9, "project": "1", "opt_fields": "x", "opt_pretty": True}, options={"limit": 3})
    assert action.query == (("project", "1"), ("opt_fields", "x"), ("limit", "3"))


def test_a_refused_action_keeps_a_method_and_path_that_a_log_can_show():
    action = read(method="put", relative_path="/\r\n\x1b[31m\u00e9" + "x" * 300)
    assert action.error is not None
    assert action.method == "PUT"
    assert action.path.isascii()
    assert action.path.isprintable()
    assert len(action.path) == 200
    assert action.error.__traceback__ is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    anything
    | st.fixed_dictionaries(
        {"method": st.sampled_from(["get", "post", "delete"]) | anything, "relative_path": st.just("/t") | anything},
        optional={
            "data": anything,
            "options": anything
            | st.dictionaries(st.sampled_from(["limit", "offset", "fields", "expand", "pretty"]), anything),
        },
    )
)
def test_no_action_raises_anything(item):
    action = read_action(item, 0, PATHS)
    assert action.error is not None or action.path.startswith("/")
