"""Asana's envelope, both ways."""

import json
import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.dialects import AsanaDialect
from fanfold.dialects.asana import HELP
from fanfold.errors import Crashed, LimitExceeded, LimitsUnknown, NoSuchRoute, RequestError, TimedOut, Unauthenticated
from fanfold.model import Action, Answer, Result

DIALECT = AsanaDialect(phrase=lambda: "6 calm ducks hum softly")
ACTION = Action("GET", "/tasks/1")


def body_of(*actions):
    return json.dumps({"data": {"actions": list(actions)}}).encode()


def answered(status=200, body=b'{"data":{}}', headers=(), *, trusted=True):
    return Result(ACTION, Answer(status, body, headers, trusted))


def test_a_batch_is_read_in_order():
    batch = AsanaDialect(timeout=3, deadline=9).decode(
        body_of({"method": "get", "relative_path": "/a"}, {"method": "POST", "relative_path": "b", "data": {"x": 1}})
    )
    assert batch.actions == (Action("GET", "/a"), Action("POST", "/b", body={"data": {"x": 1}}))
    assert (batch.single, batch.timeout, batch.deadline) == (False, 3, 9)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "Could not parse request data, invalid JSON"),
        (b"", "Could not parse request data, invalid JSON"),
        (b"null", "data: Missing input"),
        (b"[]", "data: Missing input"),
        (b'"data"', "data: Missing input"),
        (b"{}", "data: Missing input"),
        (b'{"data":null}', "data: Missing input"),
        (b'{"data":[1]}', "data: Value is not a JSON object: [1]"),
        (b'{"data":"x"}', "data: Value is not a JSON object: x"),
        (b'{"data":{}}', "actions: Missing input"),
        (b'{"data":{"actions":null}}', "actions: Missing input"),
        (b'{"data":{"actions":{}}}', "actions: Value is not an array: {}"),
        (b'{"data":{"actions":""}}', "actions: Value is not an array: "),
        (b'{"data":{"actions":0}}', "actions: Value is not an array: 0"),
        (b'{"data":{"actions":[]}}', "actions: Must contain at least one action"),
        (body_of(*[{}] * 11), "actions: Must contain at most 10 actions"),
        (body_of(*[{}] * 100_000), "actions: Must contain at most 10 actions"),
    ],
)
def test_a_broken_envelope_refuses_the_whole_request(body, message):
    with pytest.raises(RequestError) as refused:
        DIALECT.decode(body)
    assert (refused.value.status, refused.value.message) == (400, message)


def test_ten_actions_are_accepted_and_the_number_is_a_setting():
    assert len(DIALECT.decode(body_of(*[{}] * 10)).actions) == 10
    with pytest.raises(RequestError, match="at most 2 actions"):
        AsanaDialect(max_actions=2).decode(body_of({}, {}, {}))


def test_a_query_string_is_read_where_that_is_set():
    dialect = AsanaDialect(lenient_paths=True)
    batch = dialect.decode(body_of({"method": "get", "relative_path": "/a?x=1", "options": {"limit": 2}}))
    assert batch.actions[0].query == (("x", "1"), ("limit", "2"))


BAD = [None, 7, {}, {"method": "get"}, {"method": "get", "relative_path": "///"}, {"method": "trace"}]
BAD += [{"method": "get", "relative_path": path} for path in ("http://:", "//batch", "/x/../batch", "/a?b", "/a\r\n")]


@given(st.lists(st.sampled_from(BAD) | st.integers(0, 9).map(lambda n: f"/good/{n}"), min_size=1, max_size=10))
def test_each_good_action_keeps_its_place_among_bad_ones(items):
    written = [{"method": "get", "relative_path": item} if isinstance(item, str) else item for item in items]
    actions = DIALECT.decode(body_of(*written)).actions
    assert len(actions) == len(items)
    for item, action in zip(items, actions, strict=True):
        if isinstance(item, str):
            assert (action.path, action.error) == (item, None)
        else:
            assert action.error.status == 400


def test_results_are_written_in_order_with_bodies_as_they_are():
    results = [answered(body=b'{"data": { "a":1}}'), answered(404, b"[]"), answered(204, b"")]
    assert DIALECT.encode(results) == (
        b'{"data":[{"status_code":200,"headers":{},"body":{"data": { "a":1}}},'
        b'{"status_code":404,"headers":{},"body":[]},'
        b'{"status_code":204,"headers":{},"body":null}]}'
    )


def test_no_results_are_an_empty_list():
    assert DIALECT.encode([]) == b'{"data":[]}'


def test_only_what_is_particular_to_a_result_is_in_its_headers():
    headers = (("content-type", "application/json"), ("location", "/api/1.0/tasks/1"), ("set-cookie", "a=b"))
    envelope = json.loads(DIALECT.encode([answered(201, headers=headers), answered(headers=headers[:1])]))
    assert [result["headers"] for result in envelope["data"]] == [{"location": "/api/1.0/tasks/1"}, {}]


def test_an_unusual_status_is_written_too():
    assert json.loads(DIALECT.encode([answered(799)]))["data"][0]["status_code"] == 799


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        (None, ["status_code", "headers", "body"]),
        ({"body"}, ["body"]),
        ({"status_code", "body"}, ["status_code", "body"]),
        ({"headers", "unknown"}, ["headers"]),
        ({"body", "headers", "status_code"}, ["status_code", "headers", "body"]),
        ({"unknown"}, []),
        (set(), []),
    ],
)
def test_results_are_pruned_to_the_fields_asked_for(fields, keys):
    envelope = json.loads(DIALECT.encode([answered(), answered(404)], fields))
    assert [list(result) for result in envelope["data"]] == [keys, keys]


def test_pretty_is_the_same_on_more_lines():
    results = [answered(), answered(404, headers=(("location", "/x"),))]
    pretty = DIALECT.encode(results, pretty=True)
    assert json.loads(pretty) == json.loads(DIALECT.encode(results))
    assert pretty.startswith(b'{\n  "data": [\n    {\n      "status_code": 200')


@pytest.mark.parametrize("body", [b"[" * 200 + b"]" * 200, b"[" * 994 + b"]" * 994, b"1e999"])
def test_what_cannot_sensibly_be_made_pretty_stays_as_it_is(body):
    assert DIALECT.encode([answered(body=body)], pretty=True) == DIALECT.encode([answered(body=body)])


HOSTILE_BODIES = [
    b"<html>",
    b"{",
    b'{"a":1}}',
    b'{"a":1},{"b":2}',
    b'"x',
    b"\xff",
    b'{"a":"\xff"}',
    b"NaN",
    b"[1,]",
    b"\xef\xbb\xbf{}",
    b"{}\x00",
    b" ",
    b"[" * 100_000,
    b"'x'",
    b'"\x01"',
]


@pytest.mark.parametrize("fields", [None, {"status_code", "body"}])
@pytest.mark.parametrize("body", HOSTILE_BODIES, ids=lambda body: repr(body[:12]))
def test_a_body_that_is_not_json_is_that_results_500_and_no_other(body, fields, caplog):
    results = [answered(), answered(body=body, trusted=False), answered()]
    with caplog.at_level(logging.ERROR, "fanfold"):
        first, broken, last = json.loads(DIALECT.encode(results, fields))["data"]
    assert broken["status_code"] == 500
    assert broken["body"] == {"errors": [{"message": "Server Error", "phrase": "6 calm ducks hum softly"}]}
    assert first == last
    assert "'/tasks/1' answered 200 with a body that is not JSON" in caplog.text


@given(st.binary(max_size=30) | st.text('{}[]":,\\u0 19.eE-truefalsn', max_size=30).map(str.encode))
def test_no_body_ever_corrupts_the_envelope(body):
    envelope = json.loads(DIALECT.encode([answered(), answered(body=body, trusted=False), answered(404)]))
    assert [result["status_code"] for result in envelope["data"]] in ([200, 200, 404], [200, 500, 404])


@given(st.recursive(st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.text(), st.lists, max_leaves=5))
def test_an_honest_body_is_embedded_as_it_is(value):
    body = json.dumps(value).encode()
    if b"\\ud" not in body:
        assert DIALECT.encode([answered(body=body, trusted=False)]).endswith(b'"body":' + body + b"}]}")


@pytest.mark.parametrize(
    ("error", "status", "entry"),
    [
        (RequestError("name: Missing input"), 400, {"message": "name: Missing input", "help": HELP}),
        (Unauthenticated(), 401, {"message": "Not Authorized", "help": HELP}),
        (NoSuchRoute(), 404, {"message": "No matching route for request", "help": HELP}),
        (RequestError("stale", status=412), 412, {"message": "stale"}),
        (RequestError("slow down", status=429), 429, {"message": "slow down"}),
        (Crashed(), 500, {"message": "Server Error", "phrase": "6 calm ducks hum softly"}),
        (RequestError("not here", status=501), 501, {"message": "not here"}),
        (TimedOut(), 504, {"message": "This request took too long to complete."}),
    ],
)
def test_errors_have_help_or_a_phrase_as_their_status_wants(error, status, entry):
    answer = DIALECT.error_answer(error)
    assert (answer.status, answer.trusted, json.loads(answer.body)) == (status, True, {"errors": [entry]})


def test_further_members_stand_beside_the_errors():
    answer = DIALECT.error_answer(RequestError("stale", status=412, extra={"sync": "abc"}))
    assert json.loads(answer.body) == {"sync": "abc", "errors": [{"message": "stale"}]}


@pytest.mark.parametrize(("retry_after", "headers"), [(30, (("retry-after", "30"),)), (None, ())])
def test_the_answer_to_a_whole_batch_over_its_limit_says_when_to_come_back(retry_after, headers):
    answer = DIALECT.limit_answer(LimitExceeded(retry_after))
    assert (answer.status, answer.headers) == (429, headers)
    assert json.loads(answer.body) == {
        "errors": [
            {
                "message": "You've made too many requests and hit a rate limit. "
                "Please retry after the given amount of time."
            }
        ]
    }


def test_limits_that_nobody_knows_are_a_503_with_a_time_to_come_back():
    answer = DIALECT.error_answer(LimitsUnknown())
    assert (answer.status, answer.headers) == (503, (("retry-after", "5"),))
    assert json.loads(answer.body)["errors"][0].keys() == {"message"}


@pytest.mark.parametrize(
    "result", [answered(201, b'{"a":1}'), Result(ACTION, error=NoSuchRoute()), Result(ACTION, error=Crashed())]
)
def test_a_single_request_is_answered_like_the_same_action_in_a_batch(result):
    alone = DIALECT.answer_of(result)
    inside = json.loads(DIALECT.encode([result]))["data"][0]
    assert (inside["status_code"], inside["body"]) == (alone.status, json.loads(alone.body))


def test_a_phrase_is_a_count_and_four_words():
    entry = json.loads(AsanaDialect().error_answer(Crashed()).body)["errors"][0]
    assert re.fullmatch(r"[1-9]\d? [a-z]+ [a-z]+ [a-z]+ [a-z]+", entry["phrase"])
