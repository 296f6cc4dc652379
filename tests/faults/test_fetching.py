"""The judge of batch requests with bad upstreams sees what is missing, in the wrong place, or said too much."""

import json
from types import SimpleNamespace

import pytest

from faults.fetching import SECRET, Fetching

NONCES = ["a-0-", "a-1-"]
ERROR = {"statusCode": 502, "message": "The upstream broke off"}


def judged(*, echo=("a-0-", "a-1-"), errors=(ERROR,), beside=(), result=(), status=200):
    fetching = Fetching(SimpleNamespace())
    answer = {
        "result": {"echo": [{"path": f"/echo/{nonce}"} for nonce in echo], "reset": list(result)},
        "errors": {"echo": list(beside), "reset": list(errors)},
    }
    fetching._judge("reset", NONCES, status, json.dumps(answer).encode())
    return fetching.found


def test_an_error_of_the_one_and_the_records_of_the_others_are_right():
    assert judged() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"echo": ("a-1-", "a-0-")},
        {"echo": ("a-0-",)},
        {"beside": (ERROR,)},
        {"errors": ({"statusCode": 500, "message": "x"},)},
        {"errors": ()},
        {"errors": (ERROR | {"message": SECRET},)},
        {"result": ("smuggled",)},
        {"status": 500},
    ],
)
def test_whatever_else_there_is_is_seen(wrong):
    assert len(judged(**wrong)) == 1
