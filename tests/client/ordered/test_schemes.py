"""Every scheme brings tasks into order, whatever order the actions of a round are carried out in."""

import random
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.client.ordered.arrangement import Arrangement
from fanfold.client.ordered.gaps import Move
from fanfold.client.ordered.schemes import ONE_BY_ONE, Create, Look, chosen, grown, next_round, read


def carried_out(count, scheme, size, dice, kinds=()):
    """The rounds that it took; the list has to be in order at the end."""
    arrangement, listed, rounds = Arrangement(count), [], []
    while steps := next_round(arrangement, scheme, size, kinds):
        rounds.append(steps)
        blocks = len(arrangement.blocks)
        page = None
        for step in dice.sample(steps, len(steps)):
            if isinstance(step, Create):
                listed.append(step.place)
            elif isinstance(step, Move):
                put(listed, step)
            else:
                page = [str(place) for place in listed]
        created = [step.place for step in steps if isinstance(step, Create)]
        for place in created:
            arrangement.named(place, str(place))
        for step in steps:
            if isinstance(step, Move):
                arrangement.moved(step.place)
        arrangement.appended(created)
        if page is not None:
            arrangement.read(page, blocks, ended=True)
    assert listed == list(range(count))
    return rounds


def put(listed, move):
    listed.remove(move.place)
    if move.after is not None:
        listed.insert(listed.index(move.after) + 1, move.place)
    elif move.before is not None:
        listed.insert(listed.index(move.before), move.place)
    else:
        listed.append(move.place)


dices = st.integers(0, 2**32).map(random.Random)


@given(st.integers(1, 150), st.integers(3, 25), st.sampled_from(["grown", "read", "one by one"]), dices)
def test_every_scheme_ends_in_order_with_batches_of_any_size(count, size, name, dice):
    scheme = {"grown": grown(size), "read": read(count, size), "one by one": ONE_BY_ONE}[name]
    rounds = carried_out(count, scheme, size, dice)
    assert max(len(steps) for steps in rounds) <= size


@given(st.integers(1, 150), st.integers(1, 25), st.sampled_from(["requests", "quota"]), dices)
def test_what_is_chosen_is_never_more_requests_than_one_by_one(count, size, scarce, dice):
    assert len(carried_out(count, chosen(count, size, scarce), size, dice)) <= count


@pytest.mark.parametrize("count", [3, 10, 20, 21, 25, 26, 28, 30, 60, 150, 300])
def test_what_is_chosen_is_on_average_no_more_than_what_grows(count):
    def average(scheme):
        return mean(len(carried_out(count, scheme, 10, random.Random(seed))) for seed in range(40))

    assert average(chosen(count, 10, "requests")) <= average(grown(10)) + 0.2


@given(st.integers(1, 60), dices)
def test_no_round_creates_two_that_could_be_taken_for_each_other(count, dice):
    kinds = [dice.choice(["a", "b", None]) for _ in range(count)]
    for steps in carried_out(count, read(count, 10), 10, dice, kinds):
        found = [kinds[step.place] for step in steps if isinstance(step, Create) and kinds[step.place]]
        assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("count", "size", "scarce", "name"),
    [
        (2, 10, "requests", "one by one"),
        (3, 10, "requests", "grown"),
        (20, 10, "requests", "grown"),
        (25, 10, "requests", "grown"),
        (26, 10, "requests", "read"),
        (1000, 10, "requests", "read"),
        (1000, 2, "requests", "one by one"),
        (1000, 10, "quota", "one by one"),
    ],
)
def test_the_scheme_goes_by_number_size_and_what_is_scarce(count, size, scarce, name):
    assert chosen(count, size, scarce).name == name


def test_what_is_lost_is_looked_for_before_anything_else():
    arrangement = Arrangement(20)
    next_round(arrangement, read(20, 10), 10)
    arrangement.lost.add(3)
    arrangement.appended(range(10))
    assert next_round(arrangement, read(20, 10), 10) == [Look()]


def test_a_doubt_is_cleared_at_the_end_or_at_once_where_it_hinders():
    scheme, dice = read(5, 10), random.Random(1)
    for at_once in (False, True):
        arrangement = Arrangement(12)
        arrangement.queue.clear()
        for place in range(12):
            arrangement.named(place, str(place))
        arrangement.chain, arrangement.loose = list(range(11)), {11}
        arrangement.doubt(at_once=at_once)
        steps = next_round(arrangement, scheme, 10)
        if not at_once:
            assert steps == [Move(11, after=10)]
            arrangement.moved(11)
            steps = next_round(arrangement, scheme, 10)
        assert steps == [Look(afresh=True)]
        order = dice.sample(range(12), 12)
        arrangement.read([str(place) for place in order], 0, ended=True)
        assert arrangement.chain == sorted(arrangement.chain)
        assert {*arrangement.chain, *arrangement.loose} == set(range(12))
