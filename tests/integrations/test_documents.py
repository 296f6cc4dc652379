"""Documents: what is read, where everything in it stands, and what is refused."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.integrations.documents import MAX_SIZE, read_document, read_file, too_deep
from fanfold.integrations.places import DocumentError, dotted, place, pointer

YAML = """\
name: acme
resources:
  tasks:
    list: {path: /tasks}
  "a b":
    - 1
    -
      x: no
"""


def read(text, source="x.yaml"):
    return read_document(text.encode(), source)


def test_yaml_knows_the_line_of_every_name_and_element():
    document = read(YAML)
    assert document.value == {
        "name": "acme",
        "resources": {"tasks": {"list": {"path": "/tasks"}}, "a b": [1, {"x": "no"}]},
    }
    assert document.lines == {
        ("name",): 1,
        ("resources",): 2,
        ("resources", "tasks"): 3,
        ("resources", "tasks", "list"): 4,
        ("resources", "tasks", "list", "path"): 4,
        ("resources", "a b"): 5,
        ("resources", "a b", 0): 6,
        ("resources", "a b", 1): 8,
        ("resources", "a b", 1, "x"): 8,
    }


def test_a_complaint_has_the_nearest_line_that_is_known():
    document = read(YAML)
    assert document.told(("resources", "tasks", "list", "method"), "no") == "x.yaml:4: resources.tasks.list.method: no"
    assert document.told((), "no") == "x.yaml: no"


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("0o17", 15),
        ("0x1F", 31),
        ("012", 12),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".nan", ".nan"),
        ("9" * 41, "9" * 41),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("2022-06-28", "2022-06-28"),
        ("2022-06-28T00:00:00Z", "2022-06-28T00:00:00Z"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("|\n  12", "12"),
    ],
)
def test_words_of_yaml_are_what_they_look_like(word, value):
    assert read(f"x: {word}").value == {"x": value}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2", ("x.yaml:2:", "a", "twice")),
        ("a: &x 1\nb: *x", ("x.yaml:1:", "anchors")),
        ("b: *x", ("x.yaml:1:", "anchors")),
        ("a: !!python/object/apply:os.system [ls]", ("x.yaml:1:", "tags")),
        ("a: !thing {}", ("x.yaml:1:", "tags")),
        ("a: !!timestamp 2022-01-01", ("x.yaml:1:", "tags")),
        ("a: 1\n---\nb: 2", ("x.yaml:2:", "second document")),
        ("x:\n  {{id}}: 1", ("x.yaml:2:", "quotes")),
        ("a: [1", ("x.yaml:",)),
        ("a:\n\t- 1", ("x.yaml:2:",)),
        ("[" * 100 + "]" * 100, ("64 levels",)),
        ("[" * 100_000, ("x.yaml:1:",)),
        ("a: \x01", ("x.yaml",)),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(text, words):
    with pytest.raises(DocumentError) as raised:
        read(text)
    for word in words:
        assert word in raised.value.message


def test_an_unquoted_placeholder_is_told_to_need_quotes():
    with pytest.raises(DocumentError, match=r"x.yaml:1: .*quotes"):
        read("id: {{args.id}}")


def test_json_knows_the_line_of_every_name_and_element():
    text = '{\n\t"a": {"b": [1,\n\t\t"x, {\\" :\\n"]},\n"c\\u0064": null}'
    document = read(text, "x.json")
    assert document.value == json.loads(text)
    assert document.lines == {("a",): 2, ("a", "b"): 2, ("a", "b", 0): 2, ("a", "b", 1): 3, ("cd",): 4}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1,\n"a": 2}', ("x.json:2:", "twice")),
        ('{\n"a": }', ("x.json:2:", "not JSON")),
        ('{"a": NaN}', ("x.json:1:", "not JSON")),
        ("[" * 100_000, ("x.json", "not JSON")),
        ("[" * 100 + "]" * 100, ("64 levels",)),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(text, words):
    with pytest.raises(DocumentError) as raised:
        read(text, "x.json")
    for word in words:
        assert word in raised.value.message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def places(value, place=()):
    if place:
        yield place
    if isinstance(value, dict):
        for name, member in value.items():
            yield from places(member, (*place, name))
    elif isinstance(value, list):
        for number, element in enumerate(value):
            yield from places(element, (*place, number))


@given(json_values, st.sampled_from([None, 1]))
def test_any_json_is_read_as_it_is_and_has_a_line_for_everything(value, indent):
    document = read(json.dumps(value, indent=indent), "x.json")
    assert document.value == value
    assert set(document.lines) == set(places(value))


@given(st.text())
def test_any_text_is_x_with_a_sentence(text):
    for source in ("x.yaml", "x.json", "x.toml"):
        with suppress(DocumentError):
            read_document(text.encode("utf-8", "replace"), source)


def test_toml_knows_the_lines_of_its_names():
    document = read('name = "a"\n[manners]\ntimeout = 1\n[[x.y]]\nz.w = 2\n[[x.y]]\n"q r" = 3\n', "x.toml")
    assert document.value == {"name": "a", "manners": {"timeout": 1}, "x": {"y": [{"z": {"w": 2}}, {"q r": 3}]}}
    assert document.where(("manners", "timeout")) == "x.toml:3"
    assert document.where(("x", "y", 0, "z", "w")) == "x.toml:5"
    assert document.where(("x", "y", 1, "q r")) == "x.toml:7"


def test_a_date_in_toml_has_to_be_in_quotes():
    with pytest.raises(DocumentError, match=r"x.toml:2: b: a date"):
        read("a = 1\nb = 2022-01-01\n", "x.toml")


def test_what_is_no_toml_is_refused_with_its_line():
    with pytest.raises(DocumentError, match=r"^x.toml:2: not TOML"):
        read("a = 1\nb = = 2\n", "x.toml")


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"a: \xff", "x.yaml:1: not UTF-8"), (b"a: 1\n\xff", "x.yaml:2: not UTF-8"), (b"a" * (MAX_SIZE + 1), "1048576")],
)
def test_bytes_are_bounded_and_utf8(data, words):
    with pytest.raises(DocumentError) as raised:
        read_document(data, "x.yaml")
    assert words in raised.value.message


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(DocumentError, match="cannot be read: No such file"):
        read_file(tmp_path / "none.yaml")


def test_places_are_written_for_people_and_for_programs():
    assert dotted(("a", 0, "b")) == "a[0].b"
    assert pointer(("a/b", 0, "c~d")) == "/a~1b/0/c~0d"
    assert place("/a~1b/0/c~0d", {"a/b": [{}]}) == ("a/b", 0, "c~d")
    assert place("/a/7/b", {"a": [1]}) == ("a", "7", "b")
    assert place("", {}) == ()


def test_depth_is_counted_without_recursion():
    value = []
    for _ in range(100_000):
        value = [value]
    assert too_deep(value)
    assert not too_deep({"a": [1]})
