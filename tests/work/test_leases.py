"""A lease is one holder's until it runs out, and no longer than anybody may have it, whatever becomes of the clock."""

import pytest

from fanfold.work.leases import give_up, left_of, take


@pytest.fixture
def store(world):
    return world.store


def test_a_lease_is_held_until_it_runs_out(store):
    assert take(store, "x", b"a", 1000.0, 30) == 0
    assert take(store, "x", b"b", 1010.0, 30) == 20
    assert take(store, "x", b"a", 1010.0, 30) == 0
    assert take(store, "x", b"b", 1041.0, 30) == 0


def test_a_lease_that_is_given_up_is_free(store):
    take(store, "x", b"a", 1000.0, 30)
    give_up(store, "x", b"b")
    assert left_of(store, "x", b"b", 1000.0) == 30
    give_up(store, "x", b"a")
    assert left_of(store, "x", b"b", 1000.0) == 0


def test_a_clock_that_is_put_back_leaves_a_lease_as_long_as_it_was_for(store):
    take(store, "x", b"a", 5000.0, 30)
    assert take(store, "x", b"b", 1000.0, 30) == 30
    assert take(store, "x", b"b", 1010.0, 30) == 20
    assert take(store, "x", b"a", 1010.0, 30) == 0
    assert take(store, "x", b"b", 1041.0, 30) == 0
