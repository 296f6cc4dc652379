"""What a person can act on passes, what only the program's author understands does not."""

import pytest

from faults.wording import unfit

WAIT = {"Retry-After": "1"}


def body(message):
    return {"errors": [{"message": message}]}


@pytest.mark.parametrize(
    ("status", "headers"), [(503, WAIT), (503, {"retry-after": "30"}), (504, {})], ids=["503", "lower case", "504"]
)
def test_a_sentence_and_when_to_ask_again_is_enough(status, headers):
    assert unfit(status, headers, body("This cannot be done right now. Please try again in a moment.")) == ""


@pytest.mark.parametrize(
    "said",
    [
        b"<html>",
        {},
        body("Server Error"),
        body("psycopg.OperationalError: consuming input failed."),
        body("The server closed the connection at 127.0.0.1."),
    ],
)
def test_words_for_nobody_are_found(said):
    assert unfit(503, WAIT, said)


@pytest.mark.parametrize("headers", [{}, {"retry-after": "soon"}])
def test_a_refusal_has_to_say_when_to_ask_again(headers):
    assert "when to ask again" in unfit(503, headers, body("Please try again in a moment."))
