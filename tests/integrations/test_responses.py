"""Answers of all kinds, and the errors that are made of them."""

import msgspec
import pytest

from fanfold.integrations.declaration import Method
from fanfold.integrations.redaction import Secrets
from fanfold.integrations.responses import MAX_RAW, Reply, Unreadable, remote_error, told_error

NOBODY = Secrets(())


def reply(body, kind="application/json", status=200, **told):
    return Reply(status, {"content-type": kind} if kind else {}, body, msgspec.convert({"path": "/", **told}, Method))


@pytest.mark.parametrize(
    ("body", "kind", "told", "data"),
    [
        (b'{"a":1}', "application/json; charset=utf-8", {}, {"a": 1}),
        (b'{"a":1}', "application/vnd.api+json", {}, {"a": 1}),
        (b'{"a":1}', "", {}, {"a": 1}),
        (b'{"a":1}', "text/html", {}, {"a": 1}),
        (b"{no json", "text/plain", {}, "{no json"),
        (b"a,b", "text/csv", {}, "a,b"),
        (b"\xff", "text/plain", {}, "\ufffd"),
        (b"", "application/json", {}, None),
        (b'{"a":1}', "application/json", {"api_response_format": "text"}, '{"a":1}'),
        (b"<a><b>1</b></a>", "application/json", {"api_response_format": "xml"}, {"a": {"b": "1"}}),
        (b"<a/>", "application/xml", {}, "<a/>"),
        (b"{", "application/json", {"throw_error_on_parse_error": False}, "{"),
    ],
)
def test_a_body_is_decoded_by_what_it_is(body, kind, told, data):
    assert reply(body, kind, **told).data() == data


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'{"a": NaN}', b"\xff", b'"\xed\xa0\x80"', b"<html>"])
def test_what_is_no_json_is_unreadable_and_shown_as_text(body):
    with pytest.raises(Unreadable, match="is no JSON"):
        reply(body).data()
    assert isinstance(reply(body).shown(), str)
    assert len(remote_error(reply(body, status=400), NOBODY).extra["raw_response"]) <= MAX_RAW


def test_what_is_no_text_is_binary():
    image = reply(b"\x89PNG", "image/png")
    assert (image.data(), image.binary) == (None, True)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"message": "a"}, "a"),
        ({"error": {"message": "a"}}, "a"),
        ({"error": "invalid_grant", "error_description": "a"}, "a"),
        ({"errors": [{"detail": "a"}]}, "a"),
        ({"error": "a"}, "a"),
        ("a", "a"),
        ({"message": ""}, "The API that was asked has refused"),
        ([], "The API that was asked has refused"),
        ({"error": {"error": {"error": {"error": "deep"}}}}, "The API that was asked has refused"),
    ],
)
def test_the_message_is_found_wherever_apis_put_it(data, message):
    error = remote_error(reply(msgspec.json.encode(data), status=400), NOBODY)
    assert (error.message, error.status, error.extra["raw_response"]) == (message, 400, data)


def test_pages_for_people_are_no_message():
    error = remote_error(reply(b"<html>gone</html>", "text/html", 502), NOBODY)
    assert (error.message, error.extra["raw_response"]) == ("The API that was asked has refused", "<html>gone</html>")


def test_errors_are_bounded_and_without_secrets():
    body = msgspec.json.encode({"message": "m" * 1000 + "secret-value", "x": "secret-value", "y": "z" * 100_000})
    error = remote_error(reply(body, status=400), Secrets(["secret-value"]))
    assert len(error.message) <= 500
    assert len(error.extra["raw_response"]) <= MAX_RAW
    assert "secret-value" not in error.extra["raw_response"]


def test_a_secret_at_the_edge_of_what_is_shown_is_not_half_shown():
    body = b"x" * (MAX_RAW - 6) + b"secret-value-of-the-account"
    error = remote_error(reply(body, "text/plain", 400), Secrets(["secret-value-of-the-account"]))
    assert "secret" not in error.extra["raw_response"]


def test_headers_that_help_are_told_and_no_others():
    answer = reply(b"{}", status=429)
    answer.headers |= {"retry-after": "5", "x-request-id": "r secret-value", "set-cookie": "a", "x-internal": "b"}
    error = remote_error(answer, Secrets(["secret-value"]), limits=(("ratelimit-limit", "1"),))
    assert dict(error.headers) == {"retry-after": "5", "x-request-id": "r [redacted]", "ratelimit-limit": "1"}


@pytest.mark.parametrize(
    ("given", "status", "told"),
    [
        (True, 200, (400, "")),
        ("why", 200, (400, "why")),
        ("why", 503, (503, "why")),
        ({"status": 404, "message": "why"}, 200, (404, "why")),
        ({"statusCode": 200}, 422, (422, "")),
        ({"status": True, "message": 1}, 200, (400, "")),
        ([1], 200, (400, "")),
    ],
)
def test_an_error_expression_may_say_what_it_likes(given, status, told):
    assert told_error(given, reply(b"", status=status)) == told
