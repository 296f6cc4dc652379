"""The properties of every store, each on its own and all of them together against the model."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fanfold.limits import Concurrency, Profile, Window
from fanfold.model import Refusal
from faults.limiter_reference import Model

RULES = (
    Window("requests", 10),
    Window("requests-a-second", 4, seconds=1, cost="requests"),
    Concurrency("reads", 5),
    Concurrency("writes", 3, lease=8),
    Window("searches", 2, seconds=20),
)
PROFILES = (Profile(RULES), Profile(RULES, charge_refused=True), Profile(RULES[:1], charge_refused=True))
KEYS = ("ada", "bob")
COSTS = st.dictionaries(
    st.sampled_from(("requests", "reads", "writes", "searches", "unheard-of")), st.integers(1, 6), min_size=1
)
MOMENTS = st.one_of(st.integers(0, 40), st.integers(0, 4 * 70)).map(lambda quarters: quarters / 4)  # exact in binary


class AgainstTheModel(RuleBasedStateMachine):
    """Any history: the store answers as the model does."""

    def __init__(self, bench):
        super().__init__()
        self.bench = bench
        self.grants = {}
        self.admissions = 0

    @initialize(profile=st.sampled_from(PROFILES))
    def open(self, profile):
        self.store = self.bench(profile)
        self.model = Model(profile)

    def try_to_take(self, key, costs):
        self.admissions += 1
        expected = self.model.take(self.admissions, key, costs, self.store.now)
        answer = self.store.take(key, costs)
        stood = self.model.standing(key, costs, self.store.now)
        if expected is None:
            assert not isinstance(answer, Refusal)
            assert answer.standing() == stood
            self.grants[self.admissions] = answer
        else:
            assert answer == expected
            assert answer.standing == stood
        return answer

    @rule(key=st.sampled_from(KEYS), costs=COSTS)
    def take(self, key, costs):
        self.try_to_take(key, costs)

    @rule(key=st.sampled_from(KEYS), costs=COSTS)
    def look(self, key, costs):
        assert self.store.look(key, costs) == self.model.look(key, costs, self.store.now)

    @rule(key=st.sampled_from(KEYS), costs=COSTS)
    def take_patiently(self, key, costs):
        answer = self.try_to_take(key, costs)
        if isinstance(answer, Refusal) and answer.retry_after is not None:
            assert 1 <= answer.retry_after <= 60
            for admission in self.grants:  # whoever runs has ended by then; who crashed is no more in our hands
                self.give_back(admission)
            self.store.advance(answer.retry_after)
            crashed = any(self.model.used(slots, key, self.store.now) for slots in RULES[2:4])
            assert crashed or not isinstance(self.try_to_take(key, costs), Refusal)

    def give_back(self, admission):
        self.model.release(admission)
        self.store.release(self.grants[admission])

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def release_once_twice_or_late(self, data):
        self.give_back(data.draw(st.sampled_from(sorted(self.grants))))

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def renew(self, data):
        admission = data.draw(st.sampled_from(sorted(self.grants)))
        assert self.store.renew(self.grants[admission]) == self.model.renew(admission, self.store.now)

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def crash(self, data):
        del self.grants[data.draw(st.sampled_from(sorted(self.grants)))]

    @rule(seconds=MOMENTS)
    def advance(self, seconds):
        self.store.advance(seconds)

    @rule(days=st.integers(1, 400))
    def jump(self, days):
        self.store.advance(days * 86400)

    @invariant()
    def no_limit_is_exceeded(self):
        for limit in self.model.profile.rules:
            for key in KEYS:
                assert self.model.used(limit, key, self.store.now, admitted_only=True) <= limit.limit


def test_p12_any_history_reads_as_in_the_model(bench):
    run_state_machine_as_test(partial(AgainstTheModel, bench), settings=settings(stateful_step_count=40))


@pytest.mark.parametrize("charge_refused", [False, True])
@given(traffic=st.lists(st.tuples(MOMENTS, st.integers(1, 4)), max_size=40))
def test_p1_no_span_of_a_window_admits_more_than_the_limit(bench, charge_refused, traffic):
    store = bench(Profile((Window("requests", 6),), charge_refused))
    admitted = []
    for gap, n in traffic:
        store.advance(gap / 8)
        if not isinstance(store.take("ada", {"requests": n}), Refusal):
            admitted.append((store.now, n))
    for start, _ in admitted:
        assert sum(n for at, n in admitted if start <= at < start + 60) <= 6


def test_p1_the_edge_of_a_minute_lets_nothing_more_through(bench):
    store = bench(Profile((Window("requests", 2),)))
    store.advance(59)
    store.take("ada", {"requests": 2})
    store.advance(2)
    assert store.take("ada", {"requests": 1}) == Refusal("requests", 58)


def test_p2_slots_are_full_at_the_limit_and_free_after_release(bench):
    store = bench(Profile((Concurrency("writes", 3),)))
    first = store.take("ada", {"writes": 2})
    store.take("ada", {"writes": 1})
    assert store.take("ada", {"writes": 1}) == Refusal("writes", 30)
    store.release(first)
    assert not isinstance(store.take("ada", {"writes": 2}), Refusal)
    assert store.take("ada", {"writes": 1}) == Refusal("writes", 30)


def test_p2_reads_and_writes_take_slots_apart(bench):
    store = bench(Profile((Concurrency("reads", 1), Concurrency("writes", 1))))
    store.take("ada", {"reads": 1})
    assert not isinstance(store.take("ada", {"writes": 1}), Refusal)


@pytest.mark.parametrize("costs", [{"requests": 3, "writes": 2}, {"writes": 2, "requests": 3}])
def test_p3_a_refused_request_takes_nothing(bench, costs):
    store = bench(Profile((Window("requests", 4), Concurrency("writes", 3))))
    store.take("ada", {"writes": 2})
    assert store.take("ada", costs) == Refusal("writes", 30)
    assert not isinstance(store.take("ada", {"requests": 4, "writes": 1}), Refusal)


def test_p3_a_full_window_leaves_the_slots_alone(bench):
    store = bench(Profile((Concurrency("writes", 3), Window("requests", 1)), charge_refused=True))
    assert store.take("ada", {"writes": 3, "requests": 2}) == Refusal("requests", None)
    assert not isinstance(store.take("ada", {"writes": 3}), Refusal)


def test_p3_where_refusals_count_every_window_asked_is_charged_whatever_refused(bench):
    store = bench(
        Profile((Window("requests", 4), Window("searches", 4), Concurrency("writes", 1)), charge_refused=True)
    )
    store.take("ada", {"writes": 1})
    store.take("ada", {"writes": 1, "requests": 3, "searches": 2})
    assert store.take("ada", {"requests": 2}) == Refusal("requests", 60)
    assert not isinstance(store.take("ada", {"searches": 2}), Refusal)


def test_p4_an_admitted_batch_is_charged_its_size_once(bench):
    store = bench(Profile((Window("requests", 10), Concurrency("writes", 10))))
    store.take("ada", {"requests": 9, "writes": 9})
    assert store.take("ada", {"requests": 1, "writes": 2}) == Refusal("writes", 30)
    assert not isinstance(store.take("ada", {"requests": 1, "writes": 1}), Refusal)
    assert store.take("ada", {"requests": 1}) == Refusal("requests", 60)


def test_p4_what_the_profile_does_not_name_is_free(bench):
    store = bench(Profile((Window("requests", 1),)))
    for _ in range(3):
        assert not isinstance(store.take("ada", {"writes": 1000}), Refusal)


def test_p5_releasing_twice_frees_nobody_elses_slot(bench):
    store = bench(Profile((Concurrency("writes", 2),)))
    first = store.take("ada", {"writes": 1})
    store.take("ada", {"writes": 1})
    store.release(first)
    store.release(first)
    store.take("ada", {"writes": 1})
    assert store.take("ada", {"writes": 1}) == Refusal("writes", 30)


def test_p5_releasing_after_the_lease_ran_out_frees_nobody_elses_slot(bench):
    store = bench(Profile((Concurrency("writes", 1, lease=5),)))
    late = store.take("ada", {"writes": 1})
    store.advance(5)
    store.take("ada", {"writes": 1})
    store.release(late)
    assert store.take("ada", {"writes": 1}) == Refusal("writes", 5)


def test_p6_a_crashed_holders_slots_come_back_when_its_lease_ends(bench):
    store = bench(Profile((Concurrency("writes", 2),)))
    store.take("ada", {"writes": 2})
    store.advance(45)
    assert store.take("ada", {"writes": 1}) == Refusal("writes", 15)
    store.advance(15)
    assert not isinstance(store.take("ada", {"writes": 2}), Refusal)


def test_p6_a_renewed_lease_runs_anew(bench):
    store = bench(Profile((Concurrency("writes", 1, lease=10),)))
    grant = store.take("ada", {"writes": 1})
    store.advance(9)
    assert store.renew(grant)
    store.advance(9)
    assert store.take("ada", {"writes": 1}) == Refusal("writes", 1)


def test_p6_renewing_one_lease_keeps_no_other_from_running_out(bench):
    store = bench(Profile((Concurrency("writes", 2, lease=10),)))
    renewed = store.take("ada", {"writes": 1})
    store.take("ada", {"writes": 1})
    store.advance(9)
    store.renew(renewed)
    assert store.take("ada", {"writes": 1}) == Refusal("writes", 1)
    store.advance(1)
    assert not isinstance(store.take("ada", {"writes": 1}), Refusal)
    assert store.take("ada", {"writes": 1}) == Refusal("writes", 9)


def test_p6_a_lost_lease_is_not_renewed(bench):
    store = bench(Profile((Concurrency("writes", 1, lease=10),)))
    grant = store.take("ada", {"writes": 1})
    store.advance(10)
    assert not store.renew(grant)
    assert not isinstance(store.take("ada", {"writes": 1}), Refusal)
    assert not store.renew(grant)


@pytest.mark.parametrize("charge_refused", [False, True])
def test_p7_what_can_never_fit_is_given_no_time_to_wait(bench, charge_refused):
    store = bench(Profile((Window("requests", 10), Concurrency("writes", 3)), charge_refused))
    assert store.take("ada", {"requests": 11}) == Refusal("requests", None)
    assert store.take("ada", {"requests": 4, "writes": 4}) == Refusal("writes", None)


def test_p8_the_wait_is_until_enough_has_passed_in_whole_seconds(bench):
    store = bench(Profile((Window("requests", 10),)))
    for _ in range(10):
        store.take("ada", {"requests": 1})
        store.advance(0.75)
    assert store.take("ada", {"requests": 1}) == Refusal("requests", 53)
    assert store.take("ada", {"requests": 10}) == Refusal("requests", 60)
    store.advance(52.4375)
    assert store.take("ada", {"requests": 1}) == Refusal("requests", 1)
    store.advance(0.0625)
    assert not isinstance(store.take("ada", {"requests": 1}), Refusal)


def test_p8_the_wait_of_a_refusal_that_counts_includes_its_own_charge(bench):
    store = bench(Profile((Window("requests", 10),), charge_refused=True))
    store.take("ada", {"requests": 8})
    store.advance(20)
    assert store.take("ada", {"requests": 3}) == Refusal("requests", 40)
    assert store.take("ada", {"requests": 6}) == Refusal("requests", 60)
    store.advance(60)
    assert not isinstance(store.take("ada", {"requests": 10}), Refusal)


def test_p8_slots_that_refuse_wait_for_the_window_they_charge(bench):
    store = bench(Profile((Concurrency("writes", 1), Window("requests", 10)), charge_refused=True))
    grant = store.take("ada", {"writes": 1, "requests": 6})
    assert store.take("ada", {"writes": 1, "requests": 3}) == Refusal("writes", 60)
    store.release(grant)
    store.advance(60)
    assert not isinstance(store.take("ada", {"writes": 1, "requests": 3}), Refusal)


@pytest.mark.parametrize("deadline", [2.5, 45])
def test_p8_full_slots_are_worth_waiting_for_as_long_as_a_request_may_run(bench, deadline):
    store = bench(Profile((Concurrency("writes", 1, deadline=deadline),)))
    store.take("ada", {"writes": 1})
    assert store.take("ada", {"writes": 1}) == Refusal("writes", {2.5: 3, 45: 45}[deadline])


def test_p8_the_wait_is_for_as_many_leases_as_are_needed(bench):
    store = bench(Profile((Concurrency("writes", 3, lease=20),)))
    for _ in range(3):
        store.take("ada", {"writes": 1})
        store.advance(3)
    waits = [store.take("ada", {"writes": n}).retry_after for n in (1, 2, 3)]
    assert waits == [11, 14, 17]


def test_p8_hammering_never_pushes_the_wait_beyond_the_window_nor_lets_anything_through(bench):
    store = bench(Profile((Window("requests", 10),), charge_refused=True))
    store.take("ada", {"requests": 10})
    for _ in range(500):
        answer = store.take("ada", {"requests": 5})
        assert isinstance(answer, Refusal)
        assert 1 <= answer.retry_after <= 60
        store.advance(0.5)
    store.advance(59.5)
    assert not isinstance(store.take("ada", {"requests": 10}), Refusal)


def test_p9_small_requests_may_keep_a_large_one_waiting(bench):
    store = bench(Profile((Window("requests", 10),)))
    for _ in range(100):
        assert not isinstance(store.take("ada", {"requests": 1}), Refusal)
        store.advance(8)
        assert isinstance(store.take("ada", {"requests": 10}), Refusal)


def test_p10_one_keys_history_is_nothing_to_another(bench):
    store = bench(Profile((Window("requests", 2), Concurrency("writes", 1)), charge_refused=True))
    store.take("ada", {"requests": 2, "writes": 1})
    store.take("ada", {"requests": 2, "writes": 1})
    assert not isinstance(store.take("bob", {"requests": 2, "writes": 1}), Refusal)


@pytest.mark.parametrize("n", [0, -1])
def test_amounts_below_one_are_a_mistake_of_the_program_and_take_nothing(bench, n):
    store = bench(Profile((Window("requests", 2), Concurrency("writes", 1)), charge_refused=True))
    with pytest.raises(ValueError, match="writes: cannot take"):
        store.take("ada", {"requests": 2, "writes": n})
    assert not isinstance(store.take("ada", {"requests": 2, "writes": 1}), Refusal)


def test_two_windows_may_count_the_same_cost(bench):
    store = bench(Profile((Window("a minute", 5), Window("a second", 2, seconds=1, cost="a minute"))))
    store.take("ada", {"a minute": 2})
    assert store.take("ada", {"a minute": 1}) == Refusal("a second", 1)
    store.advance(1)
    assert store.take("ada", {"a minute": 4}) == Refusal("a second", None)
    assert not isinstance(store.take("ada", {"a minute": 2}), Refusal)
