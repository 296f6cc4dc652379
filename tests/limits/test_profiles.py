"""The names and numbers that a person may write."""

import pytest

from fanfold.errors import SetupError
from fanfold.limits import Concurrency, Profile, Window, profile


@pytest.mark.parametrize(("name", "requests"), [("asana-free", 150), ("asana-paid", 1500)])
def test_the_asana_profiles_hold_the_published_numbers_and_count_refusals(name, requests):
    assert profile(name) == Profile(
        (Window("requests", requests), Concurrency("reads", 50), Concurrency("writes", 15), Window("searches", 60)),
        charge_refused=True,
        jobs=5,
    )


def test_off_has_no_rules():
    assert profile("off") == Profile()


def test_own_numbers_limit_what_they_name_and_refusals_are_free():
    assert profile("writes=3, requests = 300") == Profile((Concurrency("writes", 3), Window("requests", 300)))


def test_jobs_may_be_the_only_limit():
    assert profile("jobs=2") == Profile(jobs=2)


def test_the_request_deadline_bounds_waits_and_leases_of_slots():
    [writes] = profile("writes=3", deadline=12).rules
    assert (writes.deadline, writes.span) == (12, 24)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("asana", "'asana' is neither a profile nor a name with a number"),
        ("", "'' is neither a profile nor a name with a number"),
        ("requests=5,", "'' is neither a profile nor a name with a number"),
        ("tasks=5", "there is no limit named 'tasks'"),
        ("reads=5,reads=6", "'reads' is there twice"),
        ("reads=0", "'reads' needs a whole number of at least 1, not '0'"),
        ("reads=-1", "'reads' needs a whole number of at least 1, not '-1'"),
        ("reads=1.5", "'reads' needs a whole number of at least 1, not '1.5'"),
        ("reads=", "'reads' needs a whole number of at least 1, not ''"),
        ("reads=²", "'reads' needs a whole number of at least 1, not '²'"),
        ("reads=٣", "'reads' needs a whole number of at least 1, not '٣'"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_to_write_instead(text, why):
    with pytest.raises(SetupError) as refused:
        profile(text)
    assert refused.value.message == (
        f"Limits {text!r} are not understood: {why}. Write one of asana-free, asana-paid or off, or numbers of your "
        "own for any of requests and searches (a minute), reads and writes (at once), jobs (under way), "
        "such as requests=300,reads=50,writes=15,searches=60,jobs=5."
    )


def limits_of(shared):
    return {rule.name: rule.limit for rule in shared.rules}


@pytest.mark.parametrize("n", [1, 2, 3, 7, 50])
def test_shares_altogether_allow_no_more_than_the_whole(n):
    whole = profile("requests=1500,reads=50,searches=60")
    for name, share in limits_of(whole.shared_by(n)).items():
        assert share * n <= limits_of(whole)[name] < (share + 1) * n


def test_everybody_has_a_share_of_what_there_is_too_little_of():
    assert limits_of(profile("requests=3,writes=2").shared_by(10)) == {"requests": 1, "writes": 1}


def test_a_batch_that_fits_the_whole_fits_a_share():
    shares = limits_of(profile("requests=1500,reads=50,writes=15").shared_by(5, batch=12))
    assert shares == {"requests": 300, "reads": 12, "writes": 12}
    assert limits_of(profile("writes=4").shared_by(2, batch=10)) == {"writes": 4}


def test_what_is_counted_elsewhere_is_not_shared():
    shared = profile("asana-paid").shared_by(3)
    assert (shared.jobs, shared.charge_refused) == (5, True)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Window("requests", 0),
        lambda: Window("requests", 1, seconds=0),
        lambda: Concurrency("reads", 0),
        lambda: Concurrency("reads", 1, lease=0),
        lambda: Concurrency("reads", 1, deadline=0),
    ],
)
def test_a_rule_that_allows_nothing_is_a_mistake(wrong):
    with pytest.raises(ValueError, match="needs a limit of at least 1"):
        wrong()
