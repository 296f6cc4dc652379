"""The placeholder language, row by row, and what holds of it whatever is written."""

import contextlib
import gc
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import RequestError
from fanfold.expressions.placeholders import MAX_DEPTH, MAX_FILLED, Unresolved, compile_template, fill

DEEP = {"a": {"b": {"c": 1}}}

FILLED = [
    # Casts.
    ("{{a}}", {"a": 1}, "1"),
    ("{{a}}", {"a": True}, "true"),
    ("{{a}}", {"a": False}, "false"),
    ("{{a}}", {"a": 1.5}, "1.5"),
    ("{{a}}", {"a": 1.0}, "1"),
    ("{{a}}", {"a": 1e21}, "1e+21"),
    ("{{a}}", {"a": 1e-7}, "1e-7"),
    ("{{a}}", {"a": 0.00001}, "0.00001"),
    ("{{a}}", {"a": 123456789012345680000}, "123456789012345680000"),
    ("{{a}}", {"a": "x"}, "x"),
    ("{{a}}", {"a": ""}, ""),
    ("{{a}}", {"a": None}, None),
    ("{{a}}", {"a": [1, 2]}, "1,2"),
    ("{{a}}", {"a": [{"x": 1}, {}]}, "[object Object],[object Object]"),
    ("{{a}}", {"a": {"x": 1}}, "[object Object]"),
    ("{{a}}", {"a": b"\x00"}, b"\x00"),
    ("{{a:int}}", {"a": "12abc"}, 12),
    ("{{a:int}}", {"a": "1e3"}, 1),
    ("{{a:int}}", {"a": "blah"}, "blah"),
    ("{{a:int}}", {"a": " blah "}, "blah"),
    ("{{a:int}}", {"a": True}, True),
    ("{{a:int}}", {"a": [3, 4]}, 3),
    ("{{a:int}}", {"a": "-5.7"}, -5),
    ("{{a:int}}", {"a": "+7"}, 7),
    ("{{a:int}}", {"a": 5.7}, 5),
    ("{{a:int}}", {"a": " 7 "}, 7),
    ("{{a:int}}", {"a": ""}, ""),
    ("{{a:int}}", {"a": "0x1F"}, 31),
    ("{{a:int}}", {"a": {"x": 1}}, {"x": 1}),
    ("{{a:int}}", {"a": "9" * 5000}, "9" * 5000),
    ("{{a:int}}", {"a": "٣"}, "٣"),
    ("{{a:int}}", {"a": None}, None),
    ("{{a:num}}", {"a": "1.34"}, 1.34),
    ("{{a:num}}", {"a": "1e3"}, 1000),
    ("{{a:num}}", {"a": "12abc"}, 12),
    ("{{a:num}}", {"a": ".5"}, 0.5),
    ("{{a:num}}", {"a": "abc"}, "abc"),
    ("{{a:num}}", {"a": " "}, ""),
    ("{{a:num}}", {"a": "1e400"}, "1e400"),
    ("{{a:num}}", {"a": True}, True),
    ("{{a:num}}", {"a": 5}, 5),
    ("{{a:num}}", {"a": [3]}, 3),
    ("{{a:bool}}", {"a": " true "}, True),
    ("{{a:bool}}", {"a": "false"}, False),
    ("{{a:bool}}", {"a": "yes"}, "yes"),
    ("{{a:bool}}", {"a": "TRUE"}, "TRUE"),
    ("{{a:bool}}", {"a": 1}, 1),
    ("{{a:json}}", {"a": '{"x":1}'}, {"x": 1}),
    ("{{a:json}}", {"a": " [1] "}, [1]),
    ("{{a:json}}", {"a": "null"}, None),
    ("{{a:json}}", {"a": {"x": 1}}, {"x": 1}),
    ("{{a:json}}", {"a": [1]}, [1]),
    ("{{a:json}}", {"a": "{bad"}, "{bad"),
    ("{{a:json}}", {"a": "[" * 100_000}, "[" * 100_000),
    ("x{{a:json}}", {"a": {"x": 1}}, "x[object Object]"),
    ("{{a:any}}", {"a": {"x": [1]}}, {"x": [1]}),
    ("{{a:any}}", {"a": 0}, 0),
    ("{{a:any}}", {"a": None}, None),
    ("{{a:any}}", {"a": " x "}, "x"),
    ("{{a:str}}", {"a": 5}, "5"),
    ("{{a:str}}", {"a": None}, None),
    ("{{a:str}}", {"a": " x "}, " x "),
    ("{{a:null}}", {"a": "null"}, None),
    ("{{a:null}}", {"a": " null "}, None),
    ("{{a:null}}", {"a": None}, None),
    ("{{a:null}}", {"a": 5}, 5),
    ("{{a:undefined}}", {"a": 5}, 5),
    ("{{a:undefined}}", {"a": "undefined"}, "undefined"),
    ("{{a:ignore-empty-str}}", {"a": 5}, 5),
    ("{{a:ignore-empty-str:int}}", {"a": "5"}, "5"),
    ("{{a:int:ignore-empty-str}}", {"a": "5"}, 5),
    ("{{a : int }}", {"a": "5"}, 5),
    ("{{nullable:int}}", {"nullable": "5"}, 5),
    ("{{a:int:foo}}", {"a": "5"}, 5),
    # Missing values, alternatives, defaults.
    ("{{a}}", {}, "{{a}}"),
    ("{{a:int}}", {}, "{{a:int}}"),
    ({"k": "{{a:undefined}}", "l": 1}, {}, {"l": 1}),
    ({"k": "{{a:int:undefined}}"}, {}, {}),
    (["{{a:undefined}}"], {}, [None]),
    ("x{{a:undefined}}y", {}, "xy"),
    ("{{a:undefined}}", {}, None),
    ({"k": "{{a:undefined:null}}"}, {}, {}),
    ({"k": "{{a:null}}"}, {}, {"k": None}),
    ({"k": "{{a:int:null}}"}, {}, {"k": None}),
    ({"k": "{{a|b:null}}"}, {}, {"k": None}),
    ("x{{a:null}}y", {}, "xnully"),
    ("{{a:int:null}}", {"a": "7"}, 7),
    ("{{a:null:int}}", {"a": "7"}, "7"),
    ("{{a|b}}", {"b": 2}, "2"),
    ("{{ a | b }}", {"b": 2}, "2"),
    ("{{a|b}}", {"a": None, "b": 2}, None),
    ("{{a|b}}", {"a": "", "b": 2}, ""),
    ("{{a|b|c:int}}", {"c": "3"}, 3),
    ("{{a:int|b}}", {"b": 5}, "5"),
    ("{{a:null|b}}", {"b": 5}, "5"),
    ("{{a|b:ignore-empty-str}}", {"a": "", "b": 2}, 2),
    ("{{a:ignore-empty-str|b}}", {"a": "", "b": 2}, "2"),
    ("{{a|b:ignore-empty-str}}", {"a": "", "b": ""}, "{{a|b:ignore-empty-str}}"),
    ("{{a:ignore-empty-str}}", {"a": ""}, "{{a:ignore-empty-str}}"),
    ("{{a:ignore-empty-str:null}}", {"a": ""}, None),
    ("x{{a:ignore-empty-str:undefined}}y", {"a": ""}, "xy"),
    ("{{a?:x y}}", {}, "x y"),
    ("{{a ?: x }}", {}, " x "),
    ("{{a?:5:int}}", {}, 5),
    ("{{a ?: false:bool}}", {}, False),
    ("{{a:int?:5}}", {}, "5"),
    ("{{a?:5:int}}", {"a": "9"}, "9"),
    ("{{a?:x|y}}", {}, "x|y"),
    ("{{a?:https://h/p}}", {}, "https://h/p"),
    ("{{a?:}}", {}, "{{a?:}}"),
    ("{{a?: }}", {}, " "),
    ("{{a?:x?:y}}", {}, "x"),
    ("{{a:null?:x}}", {}, "x"),
    ("{{a:ignore-empty-str?:z}}", {"a": ""}, "z"),
    ("{{a?:x:ignore-empty-str}}", {"a": ""}, ""),
    ("{{a?:true:json}}", {}, True),
    ("{{a?:null:null}}", {}, None),
    ("pre {{a?:x y}} post", {}, "pre x y post"),
    # Paths and text.
    ("{{a.b.c}}", DEEP, "1"),
    ("{{a.b:any}}", DEEP, {"c": 1}),
    ("{{a.b.d}}", DEEP, "{{a.b.d}}"),
    ("{{a.b.c.d}}", DEEP, "{{a.b.c.d}}"),
    ("{{a.b}}", {"a": None}, "{{a.b}}"),
    ("{{a.0.id}}", {"a": [{"id": 7}]}, "7"),
    ("{{a.-1.id}}", {"a": [{"id": 7}, {"id": 8}]}, "8"),
    ("{{a.-2}}", {"a": [1, 2]}, "1"),
    ("{{a.-3}}", {"a": [1, 2]}, "{{a.-3}}"),
    ("{{a.-0}}", {"a": [1, 2]}, "{{a.-0}}"),
    ("{{a.5}}", {"a": [1, 2]}, "{{a.5}}"),
    ("{{a.x}}", {"a": [1, 2]}, "{{a.x}}"),
    ("{{a.-}}", {"a": [1, 2]}, "{{a.-}}"),
    ("{{a." + "1" * 9000 + "}}", {"a": [1, 2]}, "{{a." + "1" * 9000 + "}}"),
    ("{{a.0}}", {"a": "xy"}, "{{a.0}}"),
    ("{{a-b_c}}", {"a-b_c": 1}, "1"),
    ("{{resources.a/b.id}}", {"resources": {"a/b": {"id": 1}}}, "1"),
    ("{{resources.a.b.id}}", {"resources": {"a": {"b": {"id": 1}}}}, "1"),
    ("{{resources.a.b.id}}", {"resources": {"a/b": {"id": 1}}}, "{{resources.a.b.id}}"),
    ("{{\n a \n}}", {"a": 1}, "1"),
    ("{{a[0]}}", {"a": [1]}, "{{a[0]}}"),
    ("{{a.*.id}}", {"a": [1]}, "{{a.*.id}}"),
    ("{{@a}}", {"@a": 1}, "{{@a}}"),
    ("{{'a'}}", {"a": 1}, "{{'a'}}"),
    ("{{é}}", {"é": 1}, "{{é}}"),
    ("{{}}", {"": 1}, "{{}}"),
    ("{{ }}", {}, "{{ }}"),
    ("{{a}", {"a": 1}, "{{a}"),
    ("{{{a}}}", {"a": 1}, "{1}"),
    ("{{{{a}}}}", {"a": 1}, "{{1}}"),
    ("{{a}}{{b}}", {"a": 1, "b": 2}, "12"),
    ("{{a}}{{a}}", {"a": 1}, "11"),
    (" {{a:int}}", {"a": "1"}, " 1"),
    ("{{a:int}}\n", {"a": "1"}, "1\n"),
    ("x{{a}}", {"a": None}, "xnull"),
    ("x{{a}}", {"a": [1, [2, 3], None]}, "x1,2,3,null"),
    ("x{{a:any}}", {"a": [1, [2, 3], None]}, "x1,2,3,"),
    # Neither expanded again nor read as patterns.
    ("{{a}}-{{b}}", {"a": "{{b}}", "b": 2}, "{{b}}-2"),
    ("<{{a}}>", {"a": "$& $1 $`"}, "<$& $1 $`>"),
    ("<{{a}}>", {"a": "{{a}}"}, "<{{a}}>"),
    # Never attributes.
    ("{{a.__class__}}", {"a": {}}, "{{a.__class__}}"),
    ("{{a.constructor}}", {"a": {}}, "{{a.constructor}}"),
    ("{{a.__proto__.x}}", {"a": {}}, "{{a.__proto__.x}}"),
    ("{{a.length}}", {"a": "xy"}, "{{a.length}}"),
    ("{{a.real}}", {"a": 1}, "{{a.real}}"),
    ("{{a.keys}}", {"a": {}}, "{{a.keys}}"),
    # Objects: values only, at every level.
    (
        {"{{a}}": "{{a}}", "b": [1, None, "{{a:int}}", {"c": "{{z}}"}]},
        {"a": "1"},
        {"{{a}}": "1", "b": [1, None, 1, {"c": "{{z}}"}]},
    ),
    (5, {}, 5),
    (None, {}, None),
    ([["{{a}}"], {"b": [1]}], {"a": "1"}, [["1"], {"b": [1]}]),
    # Merging.
    ({"x": 1, "$truto_merge": "{{q:json}}"}, {"q": {"y": 2, "x": 3}}, {"x": 3, "y": 2}),
    ({"$truto_merge": "{{q:json}}", "x": 1}, {"q": {"x": 3}}, {"x": 3}),
    ({"x": 1, "$truto_merge": "{{q:json}}"}, {"q": '{"y": 2}'}, {"x": 1, "y": 2}),
    ({"x": [1], "$truto_merge": "{{q:json}}"}, {"q": {"x": [2]}}, {"x": [1, 2]}),
    ({"x": {"a": 1, "b": 2}, "$truto_merge": "{{q:json}}"}, {"q": {"x": {"b": 3}}}, {"x": {"a": 1, "b": 3}}),
    ({"x": 1, "$truto_merge": ["{{q:json}}", "{{r:json}}"]}, {"q": {"x": 2}, "r": {"x": 3}}, {"x": 3}),
    ({"x": 1, "$truto_merge": "{{q:json}}"}, {}, {"x": 1}),
    ({"x": 1, "$truto_merge": "{{q:json}}"}, {"q": [1]}, {"x": 1}),
    ({"x": 1, "$truto_merge": "{{q:undefined}}"}, {}, {"x": 1}),
    ({"x": 1, "$truto_merge": {"y": "{{q}}"}}, {"q": 1}, {"x": 1, "y": "1"}),
    ({"x": 1, "$truto_merge": [{"y": 1}, 5, None]}, {}, {"x": 1, "y": 1}),
    ({"x": {"z": 1}, "$truto_merge": "{{q:json}}"}, {"q": {"x": None}}, {"x": None}),
    ({"$truto_merge": "{{q:json}}"}, {"q": {"$truto_merge": {"k": 1}}}, {"$truto_merge": {"k": 1}}),
    ({"o": {"$truto_merge": "{{q:json}}"}}, {"q": {"x": "{{a}}"}, "a": 1}, {"o": {"x": "{{a}}"}}),
]


def typed(value):
    """The value with its types, as 1, 1.0 and true are equal."""
    if isinstance(value, dict):
        return {name: typed(member) for name, member in value.items()}
    if isinstance(value, list):
        return [typed(element) for element in value]
    return type(value), value


@pytest.mark.parametrize(("value", "context", "filled"), FILLED, ids=[repr(row[:2])[:60] for row in FILLED])
def test_a_template_is_filled(value, context, filled):
    assert typed(fill(compile_template(value), context)) == typed(filled)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("{{a:foo}}", "foo"),
        ("{{a:Int}}", "Int"),
        ("{{a|b:date}}", "date"),
        ("{{a ?: false:bool }}", "bool "),
        ("{{a?:http://h:80/p}}", "80/p"),
        ({"x": [{"y": "z{{a:foo}}"}]}, "foo"),
        ({"$truto_merge": "{{a:foo}}"}, "foo"),
    ],
)
def test_an_unsupported_cast_is_refused_with_those_there_are(value, named):
    with pytest.raises(
        RequestError, match=f"Unsupported type: {named}.* There are: str, int, num, bool, json"
    ) as caught:
        compile_template(value)
    assert caught.value.status == 400


@pytest.mark.parametrize("value", [[1], [None], [True], ["{{a}}", ["{{a:int}}", 5]]])
def test_an_array_to_be_filled_as_a_whole_holds_no_plain_values(value):
    with pytest.raises(RequestError, match="Invalid type"):
        compile_template(value)


@pytest.mark.parametrize("value", ["{{a.b}}", "x{{a.b}}", {"k": ["{{a.b}}"]}, "{{a.b|c}}", {"$truto_merge": "{{a.b}}"}])
def test_what_cannot_be_resolved_is_named_where_that_matters(value):
    with pytest.raises(Unresolved, match=r"\{\{a\.b") as caught:
        fill(compile_template(value), {}, strict=True)
    assert caught.value.status == 400


@pytest.mark.parametrize(("value", "filled"), [("{{a:null}}", None), ("{{a:undefined}}", None), ("{{a?:x}}", "x")])
def test_what_says_what_stands_for_nothing_is_always_resolved(value, filled):
    assert fill(compile_template(value), {}, strict=True) == filled


def test_paths_are_those_that_are_looked_up():
    template = compile_template({"x": "{{resources.a/b.id:int|args.c}}{{args.c}}", "y": ["{{d?:e.f}}"], "{{z}}": 1})
    assert template.paths == (("resources", "a/b", "id"), ("args", "c"), ("d",))
    assert template.source["{{z}}"] == 1


def test_what_holds_no_placeholder_is_handed_out_as_it_is():
    value = {"a": [1, {"b": "c"}]}
    assert fill(compile_template(value), {}) is value


def test_filling_changes_neither_template_nor_context():
    template = compile_template({"x": {"l": [1]}, "$truto_merge": "{{q:json}}"})
    context = {"q": {"x": {"l": [2], "m": {}}}}
    assert fill(template, context) == fill(template, context) == {"x": {"l": [1, 2], "m": {}}}
    assert context == {"q": {"x": {"l": [2], "m": {}}}}


def test_one_filling_may_only_put_so_much_together():
    big = "x" * (MAX_FILLED // 4)
    assert len(fill(compile_template("{{a}}" * 4), {"a": big})) == MAX_FILLED
    with pytest.raises(RequestError, match="16 MiB") as caught:
        fill(compile_template({"k": ["{{a}}y"] * 5}), {"a": big})
    assert caught.value.status == 413
    with pytest.raises(RequestError, match="16 MiB"):
        fill(compile_template(["{{a}}"] * 5), {"a": [big]})


def test_a_template_may_only_be_nested_so_deep():
    value = "{{a}}"
    for _ in range(MAX_DEPTH):
        value = [value]
    assert compile_template(value).paths == (("a",),)
    with pytest.raises(RequestError, match="levels deep"):
        compile_template([value])


@contextlib.contextmanager
def cpu_seconds():
    """Tells how much CPU time the block took, without what the collector needs for all the rest of the tests."""
    gc.disable()
    begun = time.process_time()
    try:
        yield lambda: time.process_time() - begun
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 200_000,
        "{{a" * 130_000,
        "{{" + "a" * 400_000,
        "{{a:" * 100_000,
        "{{a|" * 100_000,
        "{" * 400_000,
        "{{ " * 130_000,
    ],
)
def test_what_is_never_closed_is_read_in_one_go(text):
    with cpu_seconds() as spent:
        template = compile_template(text)
    # Some tens of times what it takes; looking through the rest at each brace would be some hundreds.
    assert spent() < 3
    assert fill(template, {"a": 1}) == text


@pytest.mark.parametrize("text", ["{{" + "a|" * 50_000 + "a}}", "{{a" + ":x" * 5 + "}}", "{{" + "a." * 50_000 + "a}}"])
def test_a_huge_placeholder_is_read_in_one_go(text):
    with cpu_seconds() as spent, contextlib.suppress(RequestError):
        fill(compile_template(text), {"b": 1})
    assert spent() < 5


def test_a_refusal_does_not_repeat_all_of_a_huge_placeholder():
    with pytest.raises(RequestError) as caught:
        compile_template("{{" + "a" * 10_000 + ":x" * 10_000 + "}}")
    assert len(caught.value.message) < 500
    with pytest.raises(Unresolved) as caught:
        fill(compile_template("{{" + "a" * 10_000 + "}}"), {}, strict=True)
    assert len(caught.value.message) < 500


harmless = st.text(max_size=8).map(lambda text: text.replace("{", "("))
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | harmless,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(harmless, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(harmless, plain, max_size=3))
def test_a_value_without_placeholders_stays_what_it_is(value):
    assert fill(compile_template(value), {"a": 1}) == value


@given(st.text(alphabet="{}ab:|? .-/int", max_size=40), st.text(alphabet="{}ab", max_size=10))
def test_whatever_is_written_is_filled_or_refused(text, value):
    try:
        template = compile_template(text)
    except RequestError:
        return
    fill(template, {"a": value, "b": {"a": [value]}})


@given(st.text(), st.text())
def test_what_is_put_in_is_never_looked_at_again(before, value):
    before = before.replace("{{", "")
    template = compile_template(before + " {{a}} {{b}}")
    hostile = value + "{{b}}{{a}}"
    assert fill(template, {"a": hostile, "b": "B"}) == f"{before} {hostile} B"


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_value_can_be_taken_over_as_it_is(value):
    taken = fill(compile_template("{{a:any}}"), {"a": value})
    assert taken is value or taken == value.strip() or isinstance(value, str)
