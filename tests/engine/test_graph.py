"""Who waits for whom, and what is refused before anything has run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.engine.graph import connect, name_of
from fanfold.errors import RequestError
from fanfold.model import Action, Conduct, Wiring


def named(name, *depends_on, path="/x", body=None, each="", headers=(), query=()):
    return Action("POST", path, query, body, headers, wiring=Wiring(name, depends_on, each))


def needs(*actions, serial=False):
    return [node.needs for node in connect(actions, Conduct(serial=serial))]


def refused(*actions, serial=False):
    with pytest.raises(RequestError) as error:
        connect(actions, Conduct(serial=serial))
    assert error.value.status == 400
    return error.value.message


def test_actions_that_say_nothing_need_nothing():
    (one, two) = connect((Action("GET", "/a"), Action("GET", "/{{b}}")), Conduct())
    assert (one.needs, one.after, one.templates, one.wave) == ((), (), None, 0)
    assert two.templates is None, "no action has an id, so nothing is a reference"


def test_dependencies_are_named_or_implied():
    assert needs(
        named("a"),
        named("b", "a"),
        named("c", path="/x/{{a.body.x}}", body={"y": ["{{b.body}}"]}),
        named("d", headers=(("prefer", "{{c.status_code}}"),), query=(("q", "x{{a.body}}"),)),
        named("e", each="{{d.body.list}}", body="{{item.x}} {{index}}"),
    ) == [(), (0,), (0, 1), (0, 2), (3,)]


def test_ids_are_compared_without_case():
    assert needs(named("A"), named("b", "a", body="{{a.body}}")) == [(), (0,)]


def test_what_comes_later_may_be_needed():
    assert needs(named("a", "b"), named("b")) == [(1,), ()]


def test_in_turn_each_waits_for_the_one_before():
    nodes = connect((named("a"), named("b"), named("c", "a")), Conduct(serial=True))
    assert [(node.needs, node.after, node.wave) for node in nodes] == [((), (), 0), ((), (0,), 1), ((0,), (1,), 2)]


def test_waves_are_the_longest_way():
    nodes = connect((named("a"), named("b", "a"), named("c"), named("d", "b", "c")), Conduct())
    assert [node.wave for node in nodes] == [0, 1, 0, 2]


@pytest.mark.parametrize("length", [2, 3, 9])
def test_a_circle_of_any_length_is_refused(length):
    names = [f"n{number}" for number in range(length)]
    actions = [named(name, names[(place + 1) % length]) for place, name in enumerate(names)]
    message = refused(named("free"), *actions)
    assert message.startswith("actions: These wait for each other in a circle: ")
    assert '"free"' not in message
    assert all(f'"{name}"' in message for name in names)


def test_an_action_that_needs_itself_is_refused():
    assert refused(named("a", "a")) == "actions: [0]: It depends on itself"
    assert refused(named("a", body="{{a.body}}")) == "actions: [0]: It depends on itself"


def test_in_turn_nobody_can_wait_for_a_later_one():
    assert "circle" in refused(named("a", "b"), named("b"), serial=True)


@pytest.mark.parametrize(
    "action",
    [named("x", "b"), named("x", body="{{b.body}}"), named("x", path="/{{b.body}}"), named("x", each="{{b.body}}")],
)
def test_an_unknown_name_is_refused_with_those_that_are_known(action):
    message = refused(named("a"), action)
    assert message.startswith("actions: [1]")
    assert message.endswith("No action has the id 'b'; there are: a, x")


@pytest.mark.parametrize("second", ["a", "A"])
def test_a_name_that_is_there_twice_is_refused(second):
    assert refused(named("a"), named(second)) == (
        f"actions: [1].id: {second!r} is there twice; ids differ in more than upper case"
    )


@pytest.mark.parametrize("written", ["{{item}}", "x {{item.a}}", "{{index}}"])
def test_an_element_is_there_only_where_an_action_fans_out(written):
    assert refused(named("a", body=written)) == (f"actions: [0]: {written.removeprefix('x ')} goes with for_each only")


def test_what_to_fan_out_over_is_one_reference():
    assert "for_each: Must be one reference" in refused(named("a"), named("b", each="x{{a.body}}"))
    assert "for_each: Must be one reference" in refused(named("a"), named("b", each="{{'{{'}}"))
    assert "goes with for_each only" in refused(named("a"), named("b", each="{{item.x}}"))
    assert "No action has an id" in refused(named("", each="{{a.body}}"))


def test_a_malformed_reference_is_refused_with_its_action():
    assert refused(named("a"), named("b", body={"x": "{{a.bdy}}"})).startswith(
        "actions: [1]: {{a.bdy}} is not a reference: write"
    )


def test_actions_are_called_by_name_or_by_place():
    assert name_of(named("a"), 3) == '"a"'
    assert name_of(Action("GET", "/"), 3) == "action 3"


@given(st.data())
def test_any_graph_is_put_in_order_or_has_a_circle(data):
    size = data.draw(st.integers(1, 8))
    edges = data.draw(st.sets(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1))))
    actions = [
        named(f"n{place}", *(f"n{to}" for start, to in sorted(edges) if start == place)) for place in range(size)
    ]
    reach = {place: {to for start, to in edges if start == place} for place in range(size)}
    for middle in range(size):
        for start in range(size):
            if middle in reach[start]:
                reach[start] |= reach[middle]
    if any(place in reach[place] for place in range(size)):
        refused(*actions)
    else:
        nodes = connect(actions, Conduct())
        assert all(node.wave > nodes[needed].wave for node in nodes for needed in node.needs)
        assert [node.index for node in nodes] == list(range(size))
