"""What a reference is, what it becomes where it stands, and that nothing is ever read as a template twice."""

import json
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.engine.references import (
    MAX_FILLED,
    MAX_PARAMETER,
    Filling,
    Reference,
    Text,
    compile_text,
    compile_value,
    follow,
    references_in,
)
from fanfold.errors import RequestError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def filled(template, **known):
    return Filling(lambda reference: follow(reference, known[reference.source])).value(compile_value(template))


def path(template, value):
    return Filling(lambda _: value).path(compile_text(template))


def parameter(template, value):
    return Filling(lambda _: value).parameter(compile_text(template))


@pytest.mark.parametrize(
    ("written", "source", "part", "names"),
    [
        ("{{create.body.data.gid}}", "create", "body", ("data", "gid")),
        ("{{ create.body }}", "create", "body", ()),
        ("{{a.status_code}}", "a", "status_code", ()),
        ("{{a-b_1.headers.x-total}}", "a-b_1", "headers", ("x-total",)),
        ("{{item}}", "item", "", ()),
        ("{{item.a.0.b c}}", "item", "", ("a", "0", "b c")),
        ("{{index}}", "index", "", ()),
    ],
)
def test_a_string_that_is_a_reference(written, source, part, names):
    assert compile_text(written) == Reference(written, source, part, names)


@pytest.mark.parametrize(
    "written",
    [
        "{{}}",
        "{{a}}",
        "{{a.}}",
        "{{a.body.}}",
        "{{a..body}}",
        "{{a.bdy.x}}",
        "{{a.status_code.x}}",
        "{{a.headers}}",
        "{{a.headers.x.y}}",
        "{{index.x}}",
        "{{a b.body}}",
        "{{{{a.body}}}}",
        "{{a.body",
        "x {{ y",
        "{{'}}",
        "{{a.body.__class__()|x}} {{",
        "{{$eval('1')}}",
    ],
)
def test_braces_that_are_no_reference_are_a_mistake(written):
    with pytest.raises(RequestError, match="is not a reference: write"):
        compile_text(written)


def test_two_braces_can_be_written():
    assert filled("{{'{{'}} and {{ '{{' }}x}}") == "{{ and {{x}}"


def test_text_without_braces_is_left_alone():
    tree = {"a": ["x", {"b": 1.5}], "c": None}
    assert compile_value(tree) is tree


def test_names_of_members_are_never_templates():
    assert filled({"{{a.body}}": "{{a.body}}"}, a=1) == {"{{a.body}}": 1}


@given(VALUES)
def test_a_reference_that_is_all_of_a_string_keeps_its_type(value):
    assert filled({"x": ["{{a.body}}"]}, a=value) == {"x": [value]}


@pytest.mark.parametrize(
    ("value", "text"),
    [("x", "x"), (1, "1"), (2.5, "2.5"), (True, "true"), (None, ""), ([1, "a"], '[1,"a"]'), ({"a": 1}, '{"a":1}')],
)
def test_inside_text_a_value_becomes_text(value, text):
    assert filled("<{{a.body}}>", a=value) == f"<{text}>"


@pytest.mark.parametrize("evil", ["{{b.body}}", "{{'{{'}}", "{{args.secret}}", "{result=x:$.y}", "$eval('1')"])
def test_what_was_filled_in_is_not_read_as_a_template(evil):
    assert filled({"x": "{{a.body}}", "y": "-{{a.body}}-"}, a=evil, b="no") == {"x": evil, "y": f"-{evil}-"}
    assert unquote(path("/x/{{a.body}}", evil)) == f"/x/{evil}"


@given(st.text(min_size=1))
def test_in_a_path_any_text_is_one_segment(value):
    filled_in = path("/x/{{a.body}}/y", value)
    assert filled_in.count("/") == 3
    assert not set("?#;\\ %") & set(filled_in.replace("%", "", filled_in.count("%")))
    assert unquote(filled_in) == f"/x/{value}/y"


@pytest.mark.parametrize(
    ("value", "segment"), [(7, "7"), (True, "true"), ("a b/c?d#e", "a%20b%2Fc%3Fd%23e"), ("é", "%C3%A9")]
)
def test_how_values_stand_in_a_path(value, segment):
    assert path("/x/{{a.body}}", value) == f"/x/{segment}"


@pytest.mark.parametrize("value", [None, "", [], ["a"], {}, {"a": 1}])
def test_what_is_no_text_cannot_stand_in_a_path(value):
    with pytest.raises(RequestError, match="cannot stand in a path"):
        path("/x/{{a.body}}", value)


@pytest.mark.parametrize(
    ("value", "text"), [("a&b=c", "a&b=c"), ([1, "x", None], "1,x,"), ([["x"]], '[["x"]]'), (None, "")]
)
def test_in_a_query_a_value_is_one_value(value, text):
    assert parameter("{{a.body}}", value) == text
    assert parameter("1{{a.body}}2", value) == f"1{text}2"


def test_a_parameter_without_references_is_itself():
    assert parameter("plain", None) == "plain"


def test_a_parameter_is_bounded():
    assert len(parameter("{{a.body}}", "x" * MAX_PARAMETER)) == MAX_PARAMETER
    with pytest.raises(RequestError, match="characters"):
        parameter("y{{a.body}}", "x" * MAX_PARAMETER)


@pytest.mark.parametrize("value", ["x" * 1024 * 1024, ["x" * 1024 * 1024]])
def test_what_references_put_into_an_action_is_bounded(value):
    many = MAX_FILLED // (1024 * 1024) + 1
    with pytest.raises(RequestError, match="larger than"):
        filled(["{{a.body}}"] * many, a=value)
    with pytest.raises(RequestError, match="larger than"):
        filled(["-{{a.body}}"] * many, a=value)


def test_a_path_is_followed_through_objects_and_arrays():
    assert filled("{{a.body.x.1.y}}", a={"x": [0, {"y": "z"}]}) == "z"
    assert filled("{{a.body.0}}", a={"0": "name"}) == "name"


@pytest.mark.parametrize("rest", ["y", "x.2", "x.-1", "x.0.z", "x.a", "x.٣", "x.00000000001", "__class__", "x.__len__"])
def test_a_reference_to_nothing_says_what_is_missing(rest):
    with pytest.raises(RequestError, match=r"stands for nothing: a\.body.* has no '"):
        filled("{{a.body.%s}}" % rest, a={"x": [1, 2]})  # noqa: UP031 - full of braces


def test_all_references_are_found():
    template = compile_value({"a": ["{{x.body}}", {"b": "y {{y.body}} {{'{{'}} {{z.status_code}}"}], "c": "{{item.q}}"})
    assert [reference.source for reference in references_in(template)] == ["x", "y", "z", "item"]


@given(VALUES)
def test_what_holds_no_braces_holds_no_reference(value):
    if "{{" not in json.dumps(value):
        assert compile_value(value) is value
        assert list(references_in(value)) == []


def test_text_around_references_is_kept():
    found = compile_text("a {{x.body}} b")
    assert isinstance(found, Text)
    assert [piece if isinstance(piece, str) else piece.source for piece in found.pieces] == ["a ", "x", " b"]


def test_braces_that_are_never_closed_are_looked_at_once():
    # Searching the rest anew at each of them would take this test minutes.
    with pytest.raises(RequestError, match="is not a reference"):
        compile_text("x" + "{{" * 250_000)
