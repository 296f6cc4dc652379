"""When to ask again, and when to leave alone."""

from datetime import UTC, datetime

import pytest

from fanfold.targets.persistence import LONGEST_REST, Breaker, Budget, Retries, wished_pause

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *((None, None), ("", None), ("soon", None), ("-1", None), ("1.5", None), ("٣", None)),
        *(("0", 0), (" 7 ", 7), ("9" * 30, 1e9), ("Tue, 24 Nov 2026 12:00:09 GMT", 9)),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0),
    ],
)
def test_a_wish_is_a_number_or_a_date_or_nothing(value, seconds):
    assert wished_pause(value, lambda: NOON) == seconds


def test_pauses_grow_to_the_longest_and_end_with_the_attempts():
    retries = Retries(attempts=6, base=1.0, longest=5.0)
    assert [retries.pause(tried, None, 1.0) for tried in range(1, 7)] == [1, 2, 4, 5, 5, None]
    assert retries.pause(2, None, 0.5) == 1


def test_a_wish_is_waited_for_but_not_for_ever():
    retries = Retries(attempts=3, base=1.0, longest=5.0)
    assert [retries.pause(1, wished, 0.5) for wished in (0, 2, 5, 5.1)] == [0.5, 2.5, 5, None]


def test_a_budget_is_a_share_of_what_was_sent_and_never_more_than_its_reserve():
    budget = Budget(share=0.5, reserve=2)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    budget.earn()
    assert not budget.spend()
    budget.earn()
    assert [budget.spend() for _ in range(2)] == [True, False]
    for _ in range(100):
        budget.earn()
    assert [budget.spend() for _ in range(3)] == [True, True, False]


class At:
    now = 0.0


@pytest.fixture
def breaker():
    at = At()
    made = Breaker(failures=2, rest=5.0, clock=lambda: at.now)
    made.at = at
    return made


def test_a_success_between_failures_keeps_it_closed(breaker):
    for _ in range(5):
        breaker.failed()
        breaker.succeeded()
    assert breaker.wait() == 0


def test_it_opens_after_failures_in_a_row_and_lets_a_single_one_try(breaker):
    breaker.failed()
    assert breaker.wait() == 0
    breaker.failed()
    assert breaker.wait() == 5
    breaker.at.now = 5.0
    assert breaker.wait() == 0
    assert breaker.enter() is True
    assert breaker.wait() > 0
    breaker.succeeded()
    breaker.leave(trial=True)
    assert breaker.wait() == 0
    assert breaker.enter() is False


def test_rests_double_up_to_the_longest(breaker):
    rests = []
    breaker.failed()
    for _ in range(6):
        breaker.failed()
        rests.append(breaker.wait())
        breaker.at.now += breaker.wait()
    assert rests == [5, 10, 20, 40, LONGEST_REST, LONGEST_REST]


def test_failures_of_what_was_under_way_do_not_make_the_rest_longer(breaker):
    for _ in range(10):
        breaker.failed()
    assert breaker.wait() == 5
