import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.integrations.mappings import Chosen, check_mapping, layered, read_mapping
from tests.integrations.stage import Jsonata

WRONG = [
    (["x"], "", "expected an object"),
    ({"respons_mapping": "1"}, "respons_mapping", "there is no such field"),
    ({"response_mapping": "("}, "response_mapping", ""),
    ({"response_mapping": {"id": "id"}}, "response_mapping", "expected a JSONata expression as text"),
    ({"query_mapping": " "}, "query_mapping", "expected a JSONata expression as text"),
    ({"query": []}, "query", "expected an object"),
    ({"per_record": "yes"}, "per_record", "expected true or false"),
    ({"description": 1}, "description", "expected text"),
    ({"resource": 1}, "resource", "expected a name, or an object with expression and resources"),
    ({"resource": {"expression": "'a'"}}, "resource.resources", "expected a list of the names"),
    ({"resource": {"expression": "'a'", "resources": []}}, "resource.resources", "expected a list of the names"),
    ({"resource": {"expression": ")", "resources": ["a"]}}, "resource.expression", ""),
    ({"resource": {"expression": "'a'", "resources": ["a"], "x": 1}}, "resource.x", "there is no such field"),
    ({"method": {"name": "list"}}, "method", "expected a name, or an object with expression and methods"),
    ({"method": {"expression": "'a'", "methods": [1]}}, "method.methods", "expected a list of the names"),
    ({"before": {}}, "", None),
    ({"before": "x"}, "before", "expected a list of steps"),
    ({"before": ["x"]}, "before.0", "expected an object with type and config"),
    (
        {"before": [{"type": "request", "config": {"path": "/x"}}]},
        "before.0.type",
        "steps of type 'request' are not carried out here, only transform; let an entry of the batch depend on one",
    ),
    ({"after": [{"config": "1"}]}, "after.0.type", "steps of type None are not carried out here"),
    ({"after": [{"type": "transform"}]}, "after.0.config", "expected an object with expression, or an expression"),
    ({"after": [{"type": "transform", "config": {"expression": "("}}]}, "after.0.config", ""),
    ({"after": [{"type": "transform", "config": "1", "run_if": 1}]}, "after.0.run_if", "expected a JSONata"),
    ({"after": [{"type": "transform", "config": "1", "name": 1}]}, "after.0.name", "expected text"),
    (
        {"before": [{"type": "transform", "config": "1", "name": "a"}] * 2},
        "before",
        "two steps are called 'a'",
    ),
    ({"side_load": {}}, "side_load", "let an entry of the batch depend on this one"),
    ({"file_upload": {}}, "file_upload", "files are not uploaded through unified resources"),
    ({"response_mapping_method": "x"}, "response_mapping_method", "say per_record: true"),
    ({"response_header_mapping": "{}"}, "response_header_mapping", "headers of answers are not mapped"),
]


@pytest.mark.parametrize(("config", "path", "message"), WRONG, ids=[str(config)[:60] for config, _, _ in WRONG])
def test_what_is_wrong_is_said_with_its_place(config, path, message):
    complaints = check_mapping(config, Jsonata())
    if message is None:
        assert complaints == []
    else:
        assert [where for where, _ in complaints] == [path]
        assert message in complaints[0][1]


def test_all_mistakes_are_told_at_once():
    config = {"query_mapping": "(", "side_load": {}, "before": [{"type": "request"}], "oops": 1}
    assert [path for path, _ in check_mapping(config, Jsonata())] == [
        "side_load",
        "oops",
        "query_mapping",
        "before.0.type",
    ]


def test_a_mapping_that_says_nothing_calls_what_has_the_same_name():
    mapping, complaints = read_mapping("crm", "contacts", "list", {}, Jsonata())
    assert (mapping.proxy_resource, mapping.proxy_method, complaints) == ("contacts", "list", [])
    assert mapping.title == "crm/contacts list"


def test_a_mapping_may_choose_what_it_calls():
    config = {"resource": {"expression": "'deals'", "resources": ["deals", "leads"]}, "method": {"expression": "'get'"}}
    mapping, complaints = read_mapping("crm", "deals", "list", config, Jsonata())
    assert complaints == []
    assert isinstance(mapping.proxy_resource, Chosen)
    assert mapping.proxy_resource.allowed == ("deals", "leads")
    assert isinstance(mapping.proxy_method, Chosen)
    assert mapping.proxy_method.allowed == ()


def test_layers_merge_deep_and_later_ones_win_and_null_takes_away():
    below = {"query": {"a": 1, "b": {"c": 1}}, "response_mapping": "x", "error_mapping": "y", "list": [1, 2]}
    above = {"query": {"b": {"d": 2}}, "response_mapping": "z", "error_mapping": None, "list": [3]}
    assert layered(below, None, above) == {
        "query": {"a": 1, "b": {"c": 1, "d": 2}},
        "response_mapping": "z",
        "list": [3],
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_nothing_that_is_written_breaks_the_check(config):
    assert isinstance(check_mapping(config, Jsonata()), list)
    assert isinstance(
        check_mapping({"resource": config, "method": config, "before": config, "query": config}, Jsonata()), list
    )


@given(
    st.dictionaries(st.sampled_from("abc"), JSON, max_size=3), st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)
)
def test_layering_leaves_what_is_layered_as_it_was(one, other):
    before = (repr(one), repr(other))
    result = layered(one, other)
    assert (repr(one), repr(other)) == before
    assert all(value is not None for value in result.values())
    assert layered(result) == result
