"""What may be moved in one batch comes out right in whatever order that is carried out."""

import random

from hypothesis import given
from hypothesis import strategies as st

from fanfold.client.ordered.gaps import Move, lengthen, longest, moves


@st.composite
def lists(draw):
    """A list of all tasks, the chain of those in order, and what is loose."""
    count = draw(st.integers(2, 30))
    order = draw(st.permutations(range(count)))
    kept = longest(order)
    chain = sorted(draw(st.sets(st.sampled_from(kept), min_size=1)))
    return order, chain, set(order).difference(chain)


def carried_out(order, found):
    order = list(order)
    for move in found:
        order.remove(move.place)
        if move.after is not None:
            order.insert(order.index(move.after) + 1, move.place)
        elif move.before is not None:
            order.insert(order.index(move.before), move.place)
        else:
            order.append(move.place)
    return order


@given(lists(), st.integers(1, 10), st.booleans(), st.randoms(use_true_random=False))
def test_moves_lengthen_the_chain_in_any_order(given_lists, most, free_end, dice):
    order, chain, loose = given_lists
    found = moves(chain, loose, most, free_end=free_end)
    assert len(found) <= most
    assert bool(found) == bool(loose)
    shuffled = dice.sample(found, len(found))
    longer = sorted([*chain, *(move.place for move in found)])
    assert [place for place in carried_out(order, shuffled) if place in longer] == longer


@given(lists(), st.integers(1, 10))
def test_nothing_goes_to_the_end_while_others_may(given_lists, most):
    _, chain, loose = given_lists
    found = moves(chain, loose, most, free_end=False)
    assert all(move.after is not None or move.before is not None for move in found)


def test_two_go_between_neighbours_and_one_before_the_first():
    assert moves([3, 6], {0, 1, 4, 5}, 10, free_end=False) == [Move(0, before=3), Move(4, after=3), Move(5, before=6)]


def test_the_longest_wait_comes_first():
    assert moves([3, 6], {2, 4, 5}, 1, free_end=False) == [Move(4, after=3)]


@given(st.permutations(range(12)))
def test_what_is_kept_ascends_and_nothing_longer_does(order):
    kept = longest(order)
    assert kept == sorted(kept)
    assert [place for place in order if place in kept] == kept
    best = [1] * len(order)
    for index, place in enumerate(order):
        best[index] = 1 + max([best[other] for other in range(index) if order[other] < place], default=0)
    assert len(kept) == max(best)


def test_nothing_is_longest_of_nothing():
    assert longest([]) == []


def test_a_place_is_added_where_it_belongs():
    chain = []
    for place in random.Random(1).sample(range(20), 20):
        lengthen(chain, place)
    assert chain == list(range(20))
