"""Shelves: what other parts of a server keep in the database of the work API."""

import pytest

from fanfold.work.store.shelves import Shelved

ONE, TWO = Shelved("one", 7, None, b"1"), Shelved("two", 7, 100.0, b"2")
OTHER = Shelved("one", 8, None, b"3")


def put(store, *things):
    with store.transaction():
        for shelf, thing in things:
            store.shelve(shelf, thing)


def test_a_thing_is_found_by_its_shelf_and_name(store):
    put(store, ("a", ONE), ("b", OTHER))
    assert store.shelved("a", "one") == ONE
    assert store.shelved("b", "one") == OTHER
    assert store.shelved("a", "two") is None


def test_the_things_of_a_user_come_in_the_order_in_which_they_were_put_there(store):
    put(store, ("a", TWO), ("a", ONE), ("b", OTHER))
    put(store, ("a", TWO._replace(document=b"new")))
    assert store.shelved_of("a", 7) == [TWO._replace(document=b"new"), ONE]
    assert store.shelved_of("a", 8) == []


def test_what_is_taken_away_is_gone(store):
    put(store, ("a", ONE))
    with store.transaction():
        assert store.unshelve("a", "one")
        assert not store.unshelve("a", "one")
    assert store.shelved("a", "one") is None


def test_what_has_come_to_its_end_can_be_dropped(store):
    put(store, ("a", ONE), ("a", TWO))
    with store.transaction():
        store.drop_shelved(99.9)
    assert store.shelved("a", "two") == TWO
    with store.transaction():
        store.drop_shelved(100.0)
    assert store.shelved("a", "two") is None
    assert store.shelved("a", "one") == ONE


def test_a_transaction_that_fails_leaves_nothing(store):
    def fail():
        with store.transaction():
            store.shelve("a", ONE)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert store.shelved("a", "one") is None


def test_things_can_be_put_in_place_of_others(store):
    put(store, ("a", ONE))
    with store.transaction():
        store.keep_shelved([("b", TWO), ("c", OTHER)])
    assert store.all_shelved() == [("b", TWO), ("c", OTHER)]
