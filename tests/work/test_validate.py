"""What clients may write into fields."""

import pytest

from fanfold.errors import RequestError
from fanfold.work import schema
from fanfold.work.validate import MAX_LIST, MAX_TEXT, value_of

TEXT = schema.text("f")
SHORT = schema.text("f", max_length=3)
YES = schema.boolean("f")
WHOLE = schema.integer("f", low=0, high=6)
NUMBER = schema.number("f")
WORD = schema.choice("f", "red", "green")
DAY = schema.date("f")
MOMENT = schema.datetime("f")
OBJECT = schema.obj("f")
ITEMS = schema.items("f")


@pytest.mark.parametrize(
    ("field", "given", "stored"),
    [
        (TEXT, "", ""),
        (SHORT, "äöü", "äöü"),
        (YES, True, True),
        (YES, "true", True),
        (YES, "false", False),
        (WHOLE, 0, 0),
        (WHOLE, 6, 6),
        (WHOLE, "6", 6),
        (WHOLE, 6.0, 6),
        (NUMBER, -1.5, -1.5),
        (NUMBER, 3, 3),
        (NUMBER, "-1.5", -1.5),
        (WORD, "green", "green"),
        (DAY, "2024-02-29", "2024-02-29"),
        (MOMENT, "2026-01-05T09:30:00Z", "2026-01-05T09:30:00.000Z"),
        (MOMENT, "2026-01-05T09:30:00.123456+02:00", "2026-01-05T07:30:00.123Z"),
        (MOMENT, "2026-01-05T09:30:00", "2026-01-05T09:30:00.000Z"),
        (MOMENT, "2026-01-05", "2026-01-05T00:00:00.000Z"),
        (OBJECT, {"a": [1]}, {"a": [1]}),
        (ITEMS, [1, "a"], [1, "a"]),
    ],
)
def test_a_value_of_the_right_type_is_stored(field, given, stored):
    value = value_of(field, given)
    assert (type(value), value) == (type(stored), stored)


@pytest.mark.parametrize(
    ("field", "given", "message"),
    [
        (TEXT, True, "f: Value is not a string: true"),
        (TEXT, 7, "f: Value is not a string: 7"),
        (TEXT, ["a"], 'f: Value is not a string: ["a"]'),
        (SHORT, "abcd", "f: Must be at most 3 characters long"),
        (TEXT, "a" * (MAX_TEXT + 1), f"f: Must be at most {MAX_TEXT} characters long"),
        (YES, 1, "f: Value is not a boolean: 1"),
        (YES, "yes", "f: Value is not a boolean: yes"),
        (YES, [], "f: Value is not a boolean: []"),
        (WHOLE, -1, "f: Must be an integer between 0 and 6"),
        (WHOLE, "7", "f: Must be an integer between 0 and 6"),
        (WHOLE, 1.5, "f: Value is not an integer: 1.5"),
        (WHOLE, True, "f: Value is not an integer: true"),
        (WHOLE, "9" * 19, f"f: Value is not an integer: {'9' * 19}"),
        (NUMBER, "1e9", "f: Value is not a number: 1e9"),
        (NUMBER, "nan", "f: Value is not a number: nan"),
        (NUMBER, False, "f: Value is not a number: false"),
        (WORD, "blue", "f: Must be one of red, green, not: blue"),
        (WORD, ["red"], 'f: Must be one of red, green, not: ["red"]'),
        (OBJECT, [], "f: Value is not a JSON object: []"),
        (ITEMS, "a,b", "f: Value is not an array: a,b"),
    ],
)
def test_another_value_is_refused_and_shown(field, given, message):
    with pytest.raises(RequestError) as refused:
        value_of(field, given)
    assert (refused.value.status, refused.value.message) == (400, message)


@pytest.mark.parametrize(
    "given",
    [
        "2023-02-29",
        "2026-13-01",
        "2026-1-5",
        "20260105",
        "2026-01-05T00:00:00Z",
        "٢٠٢٦-٠١-٠٥",
        "",
        20260105,
        "2026-W01-1",
    ],
)
def test_a_day_that_is_none_is_refused(given):
    with pytest.raises(RequestError, match=r"f: Date must be in ISO-8601 \(yyyy-mm-dd\) format, not: "):
        value_of(DAY, given)


@pytest.mark.parametrize(
    "given", ["soon", "2026-01-05T25:00:00Z", "0001-01-01T00:00:00+14:00", "2026-01-05T09:30:00Z" + " " * 30, 0, ""]
)
def test_a_moment_that_is_none_is_refused(given):
    with pytest.raises(RequestError, match=r"f: Time must be in ISO-8601 \(yyyy-mm-ddThh:mm:ssZ\) format, not: "):
        value_of(MOMENT, given)


def test_what_is_shown_of_a_value_is_short_and_on_one_line():
    with pytest.raises(RequestError) as refused:
        value_of(YES, "a\nb" + "c" * 200)
    assert refused.value.message == f"f: Value is not a boolean: a b{'c' * 97}…"


# -- relations, as a task's creation reads them


@pytest.fixture
def create(call, space):
    def create(**data):
        return call("POST", "/tasks", {"workspace": space, **data})

    return create


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("4711", "assignee: Unknown object: 4711"),
        ("nobody", "assignee: Not a recognized ID: nobody"),
        ("nobody@fanfold.test", "assignee: Unknown object: nobody@fanfold.test"),
        (True, "assignee: Not a recognized ID: true"),
        ([], "assignee: Not a recognized ID: []"),
        ({"name": "Ada"}, "assignee: Not a recognized ID: null"),
        ("9" * 19, f"assignee: Not a recognized ID: {'9' * 19}"),
    ],
)
def test_a_relation_names_a_record_that_exists(create, value, message):
    assert create(assignee=value) == (400, message)


def test_a_relation_may_be_written_in_many_ways(create, ada):
    for value in (ada, int(ada), "me", "ada@fanfold.test", {"gid": ada}):
        assert create(assignee=value)[1]["assignee"]["gid"] == ada


def test_a_relation_to_another_kind_is_refused(create, project, space):
    assert create(assignee=project) == (400, "assignee: Not a valid GID type: project")
    assert create(projects=[project, space]) == (400, "projects: [1]: Not a valid GID type: workspace")


def test_a_refusal_says_which_member_of_a_list_is_wrong(create, ada, eve):
    assert create(followers=[ada, "4711"]) == (400, "followers: [1]: Unknown object: 4711")
    assert create(followers=[ada, ada, "x"]) == (400, "followers: [2]: Not a recognized ID: x")
    assert create(followers=[None]) == (400, "followers: [0]: Not a recognized ID: null")
    assert create(followers=[eve]) == (400, f"followers: [0]: Unknown object: {eve}")


def test_members_of_a_list_count_once_and_may_come_as_text(create, ada, bob):
    for value in ([ada, bob, ada], f"{ada},{bob},", [{"gid": ada}, int(bob)]):
        assert {user["gid"] for user in create(followers=value)[1]["followers"]} == {ada, bob}


def test_a_list_has_a_most(create, ada):
    assert create(followers=[ada] * MAX_LIST)[0] == 201
    assert create(followers=[ada] * (MAX_LIST + 1)) == (400, f"followers: Must have at most {MAX_LIST} members")
    assert create(followers={}) == (400, "followers: Value is not an array: {}")
    assert create(followers=None) == (400, "followers: Value is not an array: null")


def test_null_empties_what_may_be_empty(call, create, ada):
    task = create(assignee=ada, due_on="2026-01-05")[1]["gid"]
    _, shown = call("PUT", f"/tasks/{task}", {"assignee": None, "due_on": None})
    assert (shown["assignee"], shown["due_on"]) == (None, None)
    assert call("PUT", f"/tasks/{task}", {"completed": None}) == (400, "completed: Value may not be null")


def test_what_no_client_may_set_and_what_nobody_knows_is_passed_over(create):
    status, shown = create(name="T", num_likes=99, created_at="2001-01-01", unheard_of=1)
    assert (status, shown["name"], "unheard_of" in shown) == (201, "T", False)
    assert shown["created_at"].startswith("2026-01-05")


def test_what_is_required_has_to_be_there(call, space):
    assert call("POST", "/tags", {"name": "T"}) == (400, "workspace: Missing input")
