"""The judge of batches with bad upstreams is silent about good answers, and sees each sort of wrong one."""

import random
from collections import Counter

import pytest

from faults.client import Address
from faults.upstream import BEHAVIOURS as KNOWN
from faults.upstreams import BAD, BEHAVIOURS, LATE, OK, PLACES, Trial


class Gateway:
    address = Address("127.0.0.1", 1, "")


class Upstream:
    def __init__(self, **seen):
        self.seen = Counter(seen)


def case_of(name):
    return next(case for case in (*BEHAVIOURS, *PLACES) if case.name == name)


def result(status, body):
    return {"status_code": status, "headers": {}, "body": body}


def error(status, message):
    return result(status, {"errors": [{"message": message}]})


def judged(name, bad, *, beside=None, method="get", seen=None):
    """What is found where the second of two actions went to ``name`` and was answered ``bad``."""
    trial = Trial(Gateway(), [Upstream(**(seen or {}))])
    good, nonce = trial.good(random.Random(1))
    case = case_of(name)
    made = [(good, nonce), ({"method": method, "relative_path": f"{case.path}/mine"}, "mine")]
    first = beside or result(OK, {"path": f"/echo/{nonce}"})
    trial._look(case, made, {1: method}, [first, bad])
    return trial.found


def test_every_behaviour_is_tried():
    assert {case.path.split("/")[-1] for case in (*BEHAVIOURS, *PLACES)} >= KNOWN.keys() - {"echo", "late"}


def test_an_error_in_the_words_of_the_documentation_is_right():
    assert judged("reset", error(BAD, "The upstream broke off")) == []
    assert judged("hang", error(LATE, "This request took too long to complete.")) == []


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("hang", error(BAD, "The upstream broke off")),
        ("reset", result(OK, {})),
        ("reset", error(BAD, "ServerDisconnectedError")),
        ("reset", error(BAD, "The upstream at /reset?secret=s3cr3t broke off")),
        ("long", result(OK, "smuggled")),
        ("talking/stale", result(OK, {"path": "/echo/others"})),
    ],
)
def test_another_status_other_words_and_somebody_elses_answer_are_seen(name, bad):
    assert len(judged(name, bad)) == 1


def test_what_is_given_to_the_action_beside_it_is_seen():
    assert judged("reset", error(BAD, "The upstream broke off"), beside=result(OK, {"path": "/echo/others"}))
    assert judged("reset", error(BAD, "The upstream broke off"), beside=error(BAD, "The upstream broke off"))


def test_a_write_that_was_sent_twice_is_seen():
    bad = error(BAD, "The upstream broke off")
    assert judged("reset", bad, method="post", seen={"POST /reset/mine": 1}) == []
    assert judged("reset", bad, method="post", seen={"POST /reset/mine": 2})
