"""The checker of the limiter's decisions finds what is wrong, and only that."""

import pytest
from msgspec import json

from fanfold.limits import Profile
from faults.limiter_checker import Replay, replay
from faults.limiter_holders import RULES, Seen

SECOND = 1_000_000
SIMPLE = tuple(rule for rule in RULES if rule.name in ("requests", "writes"))


@pytest.fixture
def found():
    return Replay({"free": Profile(SIMPLE), "charged": Profile(SIMPLE, charge_refused=True)})


def take(name, *, n=10, slots=0, verb="take"):
    window = ["window", str(n), "40", "2000000", "1"]
    held = ["slots", str(slots), "5", "1000000", "500000"] if slots else []
    return [name, verb, "", *window, *held]


def lease(name, verb, now=0):
    return [name, verb, str(now), "3", "1000000"]


def test_what_the_model_says_too_is_no_difference(found):
    found.note("ada", take("a"), f"0 0 {SECOND} 30 2")
    found.note("ada", take("b", n=30), f"0 0 {SECOND} 0 2")
    found.note("ada", take("c"), f"1 2 {SECOND} 0 2")
    found.note("ada", take("d", n=41), f"1 -1 {SECOND} 0 2")
    found.note("bob", take("e"), f"0 0 {2 * SECOND} 30 2")
    found.note("ada", take("f"), f"0 0 {3 * SECOND} 30 2")
    verdict = found.verdict
    assert verdict.differences == []
    assert (verdict.decisions, verdict.admitted, verdict.refused) == (6, 4, 2)


@pytest.mark.parametrize(
    "answer",
    [f"0 0 {SECOND} 29 2", f"0 0 {SECOND} 30 1", f"1 2 {SECOND} 30 2", f"0 0 {SECOND} 30 2 5 1"],
    ids=["left", "reset", "refused", "limits"],
)
def test_whatever_else_is_said_is_a_difference(found, answer):
    found.note("ada", take("a"), answer)
    assert len(found.verdict.differences) == 1


def test_refusals_that_count_are_known_by_their_verb(found):
    found.note("ada", take("a", n=35, verb="charge"), f"0 0 {SECOND} 5 2")
    found.note("ada", take("b", n=6, verb="charge"), f"1 2 {SECOND} 0 2")
    assert found.verdict.differences == []


def test_what_is_asked_again_is_not_decided_again(found):
    for answer in (f"0 0 {SECOND} 30 2", f"0 0 {SECOND} 30 2", f"0 0 {SECOND} 20 2"):
        found.note("ada", take("a"), answer)
    verdict = found.verdict
    assert (verdict.decisions, verdict.repeated, len(verdict.differences)) == (1, 2, 1)


def test_slots_come_back_by_release_by_time_and_by_being_given_up(found):
    found.note("ada", take("a", n=1, slots=3), f"0 0 {SECOND} 39 2 2 1")
    found.note("ada", lease("a", "renew", SECOND + 500_000), "1")
    found.note("ada", take("b", n=1, slots=3), f"2 1 {2 * SECOND} 39 1 2 1")
    found.note("ada", lease("a", "release"), "1")
    found.note("ada", lease("a", "release"), "0")
    found.note("ada", take("c", n=1, slots=3), f"0 0 {2 * SECOND} 38 2 2 1")
    found.note("ada", lease("c", "renew", 3 * SECOND), "0")
    found.note("ada", take("d", n=1, slots=5), f"0 0 {3 * SECOND} 38 2 0 1")
    found.note("ada", lease("d", "forget"), "1")
    found.note("ada", take("d", n=1, slots=5), "")
    found.note("ada", take("e", n=1, slots=5), f"0 0 {3 * SECOND} 37 2 0 1")
    verdict = found.verdict
    assert verdict.differences == []
    assert (verdict.renewed, verdict.lost, verdict.given_up) == (1, 1, 1)


def test_a_lease_that_is_kept_too_long_is_a_difference(found):
    found.note("ada", take("a", n=1, slots=3), f"0 0 {SECOND} 39 2 2 1")
    found.note("ada", lease("a", "renew", 2 * SECOND), "1")
    assert len(found.verdict.differences) == 1


def test_what_was_given_up_before_it_was_decided_comes_to_nothing(found):
    found.note("ada", take("a", n=1, slots=3), f"0 0 {SECOND} 39 2 2 1")
    found.note("ada", lease("b", "forget"), "0")
    found.note("ada", take("b", n=1, slots=3), f"2 1 {SECOND} 39 2 2 1")
    assert len(found.verdict.differences) == 1


def test_what_programs_heard_is_compared_with_what_was_decided(tmp_path):
    burst = ["window", "10", "15", "250000", "1"]
    notes = [([*take("a"), *burst], f"0 0 {SECOND} 30 2 5 1"), ([*take("b"), *burst], f"2 1 {SECOND} 30 2 5 1")]
    key = "fanfold:{ada}:late"
    (tmp_path / "trace").write_text("".join(f"{key}|{' '.join(words)}|{answer}\n" for words, answer in notes))
    right = [Seen("a", "", None, [30, 5]), Seen("b", "burst", 1, [30, 5])]
    wrong = [Seen("a", "", None, [29, 5]), Seen("b", "", None, [30, 5])]
    for name, heard in (("seen-1", right), ("seen-2", wrong)):
        (tmp_path / name).write_bytes(b"\n".join([json.encode(one) for one in heard]) + b'\n["a","",')
    verdict = replay(tmp_path, 0, 1)
    assert (verdict.decisions, verdict.heard, len(verdict.differences)) == (2, 4, 2)
    parts = replay(tmp_path, 0, 2).add(replay(tmp_path, 1, 2))
    assert (parts.decisions, parts.heard) == (2, 4)
