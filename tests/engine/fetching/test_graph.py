"""Which entry waits for which, for whose records it runs, and what is said of a recipe that cannot be fetched."""

import pytest

from fanfold.engine.fetching import graph
from fanfold.engine.fetching.graph import MAX_ENTRIES, connect, is_at
from fanfold.engine.fetching.texts import loop_path
from fanfold.entries import Failure
from fanfold.expressions.evaluator import FunctionEvaluator
from tests.engine.fetching.apis import entry, recipe_of, spool, transform


def nodes_of(*entries, functions=None):
    nodes, failures = connect(recipe_of(*entries), FunctionEvaluator(functions or {}))
    assert failures == ()
    return nodes


def failures_of(*entries, evaluator=None, **more):
    _, failures = connect(recipe_of(*entries, **more), evaluator)
    return [(failure.path, failure.message) for failure in failures]


def reading(*paths):
    def function(_):
        return None

    function.reads = paths
    return function


def shape(nodes):
    """Of each: for whose records it runs, and whom it only waits for."""
    return [(node.fan, node.after) for node in nodes]


def test_an_entry_runs_for_the_parents_that_it_mentions_and_waits_for_the_others():
    nodes = nodes_of(entry("a"), entry("b"), entry("c", depends_on=("a", "b"), query={"of": "{{resources.b.id}}"}))
    assert shape(nodes) == [((), ()), ((), ()), ((1,), (0,))]


def test_what_is_bound_behind_a_parent_that_is_mentioned_is_not_crossed_with_it():
    nodes = nodes_of(
        entry("a"),
        entry("b", id="{{resources.a.id}}"),
        entry("c", depends_on="b", query={"a": "{{resources.a.id}}", "b": "{{resources.b.id}}"}),
    )
    assert shape(nodes)[2] == ((1,), (0,))


def test_a_grandparent_alone_is_what_an_entry_runs_for():
    nodes = nodes_of(
        entry("a"), entry("b", id="{{resources.a.id}}"), entry("c", depends_on="b", id="{{resources.a.id}}")
    )
    assert shape(nodes)[2] == ((0,), (1,))


@pytest.mark.parametrize(
    "more",
    [
        {"id": "{{resources.a.id}}"},
        {"query": {"deep": [{"of": "x {{resources.a.id}} y"}]}},
        {"body": {"of": "{{args.x|resources.a.id}}"}},
        {"loop_on": "resources.a.tags"},
        {"group": {"of": "{{resources.a.id}}"}},
        {"query": "f"},
        {"run_if": "f"},
    ],
)
def test_wherever_it_mentions_something_it_depends_on_it(more):
    nodes = nodes_of(entry("a"), entry("b", **more), functions={"f": reading(("resources", "a", "id"))})
    assert nodes[1].fan == (0,)


def test_a_mention_of_its_own_resource_is_none():
    nodes = nodes_of(entry("a", recurse={"if": "{{resources.a.more}}"}, query={"x": "{{resources.a.id}}"}))
    assert shape(nodes) == [((), ())]


def test_an_expression_of_which_nothing_is_known_may_look_at_all_parents():
    nodes = nodes_of(entry("a"), entry("b"), entry("c", depends_on="a", query="f"), functions={"f": lambda _: {}})
    assert shape(nodes)[2] == ((0,), ())


def test_a_transform_of_a_spool_reads_what_was_gathered_at_its_first_place():
    nodes = nodes_of(
        entry("a", name="all-a"),
        spool("gathered", "all-a"),
        transform("last", "f", "gathered"),
        functions={"f": reading(("resources", "a"))},
    )
    assert shape(nodes) == [((), ()), ((0,), ()), ((1,), ())]
    assert [node.bare for node in nodes] == [False, True, True]


def test_a_transform_that_reads_another_resource_waits_for_it():
    nodes = nodes_of(
        entry("a"),
        entry("b"),
        transform("both", "f", "a"),
        functions={"f": reading(("resources", "a"), ("resources", "b"))},
    )
    assert nodes[2].fan == (0, 1)
    assert nodes[2].whole


def test_a_transform_below_a_run_reads_what_the_run_was_for():
    nodes = nodes_of(
        entry("a"),
        entry("b", id="{{resources.a.id}}"),
        transform("t", "f", "b"),
        functions={"f": reading(("resources", "a", "id"), ("resources", "b"))},
    )
    assert nodes[2].fan == (1,)
    assert not nodes[2].whole


def test_waves_say_how_deep_an_entry_stands():
    nodes = nodes_of(entry("a"), entry("b", depends_on="a"), entry("c"), entry("d", depends_on=("b", "c")))
    assert [node.wave for node in nodes] == [0, 1, 0, 2]


@pytest.mark.parametrize(
    ("entries", "failures"),
    [
        ([entry("a", depends_on="a")], [("/resources/0/depends_on", "No entry is called 'a'; there is no other")]),
        ([entry("a", name="x", depends_on="x")], [("/resources/0/depends_on", "It depends on itself")]),
        (
            [entry("a", depends_on=("b", "c")), entry("b")],
            [("/resources/0/depends_on/1", "No entry is called 'c'; there are: b")],
        ),
        (
            [entry("a", name="b"), spool("a", "b")],
            [("/resources/1/name", "'a' is the resource of another entry; their results would be mixed up")],
        ),
        (
            [spool("s", ())],
            [("/resources/0/depends_on", "A spool has exactly one parent, the entry whose records it gathers")],
        ),
        (
            [transform("t", "f")],
            [("/resources/0/config/expression", "There are no expressions here: pip install 'fanfold[server]'")],
        ),
        (
            [entry("a", depends_on="b"), entry("b", depends_on="a")],
            [
                ("/resources/0/depends_on", "These wait for each other in a circle: 'a', 'b'"),
                ("/resources/1/depends_on", "These wait for each other in a circle: 'a', 'b'"),
            ],
        ),
    ],
)
def test_a_mistake_says_where_it_stands(entries, failures):
    assert failures_of(*entries) == failures


@pytest.mark.parametrize("where", ["id", "query", "body"])
def test_a_cast_that_there_is_not_is_found_before_anything_runs(where):
    value = {"x": "{{a:foo}}"} if where != "id" else "{{a:foo}}"
    ((path, message),) = failures_of(entry("a", **{where: value}))
    assert path == f"/resources/0/{where}"
    assert "foo" in message


def test_circles_of_mentions_are_found():
    failures = failures_of(entry("a", id="{{resources.b.id}}"), entry("b", id="{{resources.a.id}}"))
    assert [path for path, _ in failures] == ["/resources/0", "/resources/1"]


def test_what_was_wrong_already_is_told_with_the_rest_in_the_order_of_entries():
    failures = failures_of(
        entry("a"),
        entry("b", depends_on="x"),
        failures=(Failure("/resources/1/method", "Is missing"), Failure("/args", "Must be an object")),
    )
    assert [path for path, _ in failures] == ["/args", "/resources/1/method", "/resources/1/depends_on"]


def test_there_may_be_so_many_entries():
    many = [entry(f"r{number}") for number in range(MAX_ENTRIES)]
    assert failures_of(*many) == []
    ((path, _),) = failures_of(*many, entry("one-more"))
    assert path == "/resources"


def test_a_recipe_that_comes_again_has_the_graph_it_had_whatever_its_arguments():
    evaluator = FunctionEvaluator({})
    first, _ = connect(recipe_of(entry("a", id="{{args.x}}"), args={"x": 1}), evaluator)
    again, _ = connect(recipe_of(entry("a", id="{{args.x}}"), args={"x": 2}), evaluator)
    other, _ = connect(recipe_of(entry("a", id="{{args.y}}")), evaluator)
    assert again is first
    assert other is not first


def test_so_many_graphs_are_remembered():
    graph.forget()
    for number in range(graph.REMEMBERED + 10):
        connect(recipe_of(entry(f"r{number}")), None)
    assert len(graph._remembered) == graph.REMEMBERED


def test_a_graph_that_is_large_is_not():
    graph.forget()
    connect(recipe_of(entry("a", body={"x": "y" * graph.MAX_REMEMBERED})), None)
    assert len(graph._remembered) == 0


@pytest.mark.parametrize(
    ("mention", "path", "is_it"),
    [
        (("resources", "a", "id"), ("resources", "a"), True),
        (("resources", "a"), ("resources", "a"), True),
        (("resources", "ab"), ("resources", "a"), False),
        (("resources", "crm/contacts", "id"), ("resources", "crm", "contacts"), True),
        (("resources", "crm", "contacts", "id"), ("resources", "crm", "contacts"), True),
        (("resources", "crm"), ("resources", "crm", "contacts"), False),
        (("args", "a"), ("resources", "a"), False),
    ],
)
def test_a_mention_is_of_what_stands_at_a_path_or_below(mention, path, is_it):
    assert is_at(mention, path) is is_it


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("ids", ("ids",)),
        (" args.ids ", ("args", "ids")),
        ("{{args.ids}}", ("args", "ids")),
        ("{{ args.ids:json }}", ("args", "ids")),
        ("resources.a.tags", ("resources", "a", "tags")),
        ("", ()),
    ],
)
def test_a_loop_is_spelt_in_several_ways(written, path):
    assert loop_path(written) == path
