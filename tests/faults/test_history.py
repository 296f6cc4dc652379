"""A register's history has an order, or the checker says that it has none."""

from math import inf

import pytest

from faults.history import Operation, linear


def write(value, began, ended, state="ok"):
    return Operation("write", "r", value, state=state, began=began, ended=ended)


def read(value, began, ended):
    return Operation("read", "r", value, state="ok", began=began, ended=ended)


RIGHT = {
    "nothing": [],
    "what was there": [read("first", 0, 1)],
    "one after the other": [write("a", 0, 1), read("a", 2, 3), write("b", 4, 5), read("b", 6, 7)],
    "either of two at once": [write("a", 0, 5), write("b", 0, 5), read("a", 6, 7)],
    "the other of two at once": [write("a", 0, 5), write("b", 0, 5), read("b", 6, 7)],
    "seen before it was acknowledged": [write("a", 0, 5), read("a", 1, 2), read("a", 3, 4)],
    "not answered and seen": [write("a", 0, inf, "info"), read("a", 1, 2)],
    "not answered and never there": [write("a", 0, inf, "info"), read("first", 1, 2)],
    "not answered and there late": [write("a", 0, inf, "info"), read("first", 1, 2), read("a", 3, 4)],
    "refused": [write("a", 0, 1, "fail"), read("first", 2, 3)],
}

WRONG = {
    "lost": [write("a", 0, 1), read("first", 2, 3)],
    "lost among others": [write("a", 0, 1), write("b", 2, 3), read("a", 4, 5)],
    "from nowhere": [read("x", 0, 1)],
    "back again": [write("a", 0, 9), read("a", 1, 2), read("first", 3, 4)],
    "seen before it was asked for": [read("a", 0, 1), write("a", 2, 3)],
    "refused and there": [write("a", 0, 1, "fail"), read("a", 2, 3)],
    "done after whoever could have done it was dead": [
        write("a", 0, 1, "info"),
        read("first", 2, 3),
        write("b", 2.5, 4),
        read("a", 5, 6),
    ],
    "gone after it was seen": [write("a", 0, inf, "info"), read("a", 1, 2), read("first", 3, 4)],
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_can_be_put_in_order_is_right(name):
    assert linear(RIGHT[name], "first") == ""


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_put_in_order_is_told(name):
    assert linear(WRONG[name], "first").startswith("no order explains what r answered")
