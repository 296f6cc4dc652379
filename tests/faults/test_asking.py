"""How many of some moments lie within a window."""

import pytest

from faults.asking import most_within


@pytest.mark.parametrize(
    ("moments", "most"),
    [([], 0), ([5.0], 1), ([0.0, 1.0, 2.0], 3), ([0.0, 9.9, 10.0, 10.1], 3), ([30.0, 0.0, 31.0, 1.0, 2.0], 3)],
)
def test_the_fullest_window_is_found_wherever_it_begins(moments, most):
    assert most_within(moments, 10.0) == most
