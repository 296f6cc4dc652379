"""What was admitted is counted over any window, and a refusal that says nothing of use is seen."""

from types import SimpleNamespace

import pytest

from faults.clocks import WINDOW, Watchers


def watchers(*admitted):
    made = Watchers(SimpleNamespace())
    made.admitted = list(admitted)
    return made


def test_the_worst_window_is_found_wherever_it_begins():
    assert watchers().most_in_a_window() == 0
    assert watchers(0, 1, 2, WINDOW + 1.5).most_in_a_window() == 3
    assert watchers(0, 50, 51, 52, WINDOW + 40).most_in_a_window() == 4


@pytest.mark.parametrize(("value", "wrong"), [("1", 0), ("60", 0), ("0", 1), ("", 1), ("3600", 1), ("-5", 1)])
def test_a_refusal_has_to_say_when_there_is_room_and_not_in_an_hour(value, wrong):
    made = watchers()
    made._hint(value)
    assert len(made.found) == wrong
