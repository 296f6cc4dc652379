"""Where ``insert_before`` and ``insert_after`` put things."""

import pytest

from fanfold.errors import RequestError
from fanfold.work.places import position
from fanfold.work.validate import Given

OWNER, LINK = 1, "section.tasks"


@pytest.fixture
def put(world):
    """Puts a number into the list where told."""

    def put(target, *, top=False, **words):
        where = position(world.store, OWNER, LINK, Given(words, {}, {}), top=top)
        world.store.link(OWNER, LINK, target, where)

    return put


@pytest.fixture
def order(world):
    return lambda: world.store.targets(OWNER, LINK)


@pytest.fixture
def three(put):
    for target in (11, 12, 13):
        put(target)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({}, [11, 12, 13, 99]),
        ({"top": True}, [99, 11, 12, 13]),
        ({"insert_before": None}, [11, 12, 13, 99]),
        ({"insert_after": None}, [99, 11, 12, 13]),
        ({"insert_before": None, "top": True}, [11, 12, 13, 99]),
        ({"insert_before": "11"}, [99, 11, 12, 13]),
        ({"insert_before": "12"}, [11, 99, 12, 13]),
        ({"insert_after": "12"}, [11, 12, 99, 13]),
        ({"insert_after": "13"}, [11, 12, 13, 99]),
        ({"insert_before": None, "insert_after": "11"}, [11, 99, 12, 13]),
        ({"insert_before": "13", "insert_after": None}, [11, 12, 99, 13]),
    ],
)
def test_a_thing_goes_where_it_is_told(put, order, three, words, expected):
    put(99, **words)
    assert order() == expected


@pytest.mark.parametrize("words", [{}, {"top": True}, {"insert_before": None}, {"insert_after": None}])
def test_an_empty_list_has_one_place(put, order, words):
    put(99, **words)
    assert order() == [99]


def test_only_one_neighbour_may_be_named(put, order, three):
    with pytest.raises(RequestError, match="You may only provide one of insert_before or insert_after!"):
        put(99, insert_before="11", insert_after="12")
    assert order() == [11, 12, 13]


@pytest.mark.parametrize("name", ["insert_before", "insert_after"])
def test_a_neighbour_has_to_be_in_the_list(put, order, three, name):
    with pytest.raises(RequestError, match=f"{name}: Not in the same list: 4711"):
        put(99, **{name: "4711"})
    assert order() == [11, 12, 13]


def test_the_words_may_be_called_otherwise(world, three):
    given = Given({"before_section": "12"}, {}, {})
    where = position(world.store, OWNER, LINK, given, before="before_section", after="after_section")
    places = {target: place for place, target in world.store.places(OWNER, LINK)}
    assert places[11] < where < places[12]


@pytest.mark.parametrize("name", ["insert_before", "insert_after"])
def test_a_hundred_insertions_at_one_place_keep_the_order(world, put, order, three, name):
    model = [11, 12, 13]
    first = {target: place for place, target in world.store.places(OWNER, LINK)}
    for target in range(100, 200):
        put(target, **{name: "12"})
        at = model.index(12)
        model.insert(at if name == "insert_before" else at + 1, target)
    assert order() == model
    places = world.store.places(OWNER, LINK)
    assert len({place for place, _ in places}) == len(model)
    assert {target: place for place, target in places}[13] != first[13]


def test_renumbering_keeps_the_notes_on_the_links(world, put):
    for target in (11, 12):
        world.store.link(OWNER, LINK, target, world.store.end(OWNER, LINK), note=target + 100)
    for target in range(100, 140):
        put(target, insert_before="12")
    assert {note for _, note in world.store.owners(11, LINK)} == {111}
    assert {note for _, note in world.store.owners(12, LINK)} == {112}
