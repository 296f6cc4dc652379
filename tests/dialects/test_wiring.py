"""What Fanfold adds to Asana's envelope: read strictly, and shown with the results."""

import base64
import json

import pytest

from fanfold.dialects import AsanaDialect
from fanfold.dialects.limit_headers import limit_headers
from fanfold.errors import FailedDependency, Limited, RequestError
from fanfold.model import Action, Answer, Conduct, Result, Standing, Wiring

OWN = ("prefer", "content-type")
MAY = "headers: An action may not set {}; it may set: content-type, prefer"
LINE = "headers: prefer has to be text of one line, of 8192 characters at most"
OPTIONS = "coalesce, deadline, dry_run, execution, max_parallel, on_error"
STALE = "options: coalesce does not go with serial execution, where a read may follow a write"


def decode(*actions, options=None, **settings):
    data = {"actions": [{"method": "post", "relative_path": "/x", **action} for action in actions]}
    if options is not None:
        data["options"] = options
    return AsanaDialect(**{"own": OWN, "timeout": 30, "deadline": 60, **settings}).decode(
        json.dumps({"data": data}).encode()
    )


def action_of(action, **settings):
    return decode(action, **settings).actions[0]


def refused(*actions, options=None, **settings):
    with pytest.raises(RequestError) as error:
        decode(*actions, options=options, **settings)
    assert error.value.status == 400
    return error.value.message


def test_a_plain_batch_has_nothing_of_it():
    batch = decode({}, {})
    assert batch.conduct is None
    assert [action.wiring for action in batch.actions] == [None, None]


def test_whoever_ignores_it_sees_a_plain_batch():
    batch = decode({"id": 5, "depends_on": {}, "data": {"x": "{{a.body}}"}}, options=7, extended=False)
    assert batch.conduct is None
    assert batch.actions[0] == Action("POST", "/x", (), {"data": {"x": "{{a.body}}"}})


def test_an_action_says_all_there_is_to_say():
    batch = decode(
        {
            "id": "a-B_1",
            "depends_on": ["b"],
            "for_each": "{{b.body}}",
            "timeout": 2,
            "headers": {"Prefer": "x", "content_type": "text/plain"},
            "idempotency_key": "k",
        },
        {"id": "b", "depends_on": None, "headers": [], "timeout": None},
    )
    assert batch.actions[0].wiring == Wiring("a-B_1", ("b",), "{{b.body}}", 2.0, "k")
    assert batch.actions[0].headers == (("prefer", "x"), ("content-type", "text/plain"))
    assert batch.actions[1].wiring == Wiring("b")
    assert batch.conduct == Conduct()
    assert (batch.timeout, batch.deadline) == (30, 60)


def test_one_name_needs_no_list():
    assert action_of({"id": "a", "depends_on": "b"}).wiring.depends_on == ("b",)


@pytest.mark.parametrize("name", ["", "a b", "ä", "x" * 65, 5, True, ["a"], {}, "a.b", "{{a}}"])
def test_a_name_that_is_none_refuses_the_batch(name):
    assert refused({}, {"id": name}).startswith("actions: [1].id: Must be 1 to 64 of ")


@pytest.mark.parametrize("name", ["item", "Index"])
def test_names_of_elements_are_taken(name):
    assert refused({"id": name}) == f"actions: [0].id: {name} stands for an element of for_each; choose another"


@pytest.mark.parametrize("names", [5, True, {}, [5], ["a", None]])
def test_dependencies_that_are_none_refuse_the_batch(names):
    assert "depends_on: Must be the id of an action or a list of them" in refused({"id": "a", "depends_on": names})


def test_what_to_fan_out_over_is_text():
    assert "for_each: Must be one reference" in refused({"id": "a", "for_each": ["x"]})


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("timeout", 0, "timeout: Must be a number of seconds above 0, not 0"),
        ("timeout", "1", "timeout: Must be a number of seconds above 0, not 1"),
        ("timeout", True, "timeout: Must be a number of seconds above 0, not true"),
        ("timeout", 1e9, "timeout: Must be a number of seconds above 0, not 1000000000.0"),
        ("idempotency_key", "", "idempotency_key: Must be 1 to 255 visible ASCII characters, not "),
        ("idempotency_key", 5, "idempotency_key: Must be 1 to 255 visible ASCII characters, not 5"),
        ("idempotency_key", "a\nb", "idempotency_key: Must be 1 to 255 visible ASCII characters, not a\\nb"),
        ("headers", 5, "headers: Value is not a JSON object: 5"),
        ("headers", {"X-Forwarded-For": "1"}, MAY.format("x-forwarded-for")),
        ("headers", {"authorization": "x"}, MAY.format("authorization")),
        ("headers", {"a b": "x"}, "headers: Not the name of a header: a b"),
        ("headers", {"prefer\r\nhost": "x"}, "headers: Not the name of a header: prefer\\r\\nhost"),
        ("headers", {"prefer": "x\r\nhost: y"}, LINE),
        ("headers", {"prefer": 5}, LINE),
        ("headers", {"prefer": "x" * 8193}, LINE),
        ("headers", {"content-type": "x", "Content_Type": "y"}, "headers: content-type is there twice"),
        ("base64", "AAEC", "base64: Only a POST, PUT or PATCH to an API that takes any body may have one"),
    ],
)  # fmt: skip
def test_what_concerns_one_action_is_its_own_mistake(member, value, message):
    one, two = decode({"id": "a", member: value}, {"id": "b"}).actions
    assert one.error.message == message
    assert one.wiring.id == "a", "so that what needs it can say so"
    assert two.error is None


def test_without_headers_that_may_be_set_there_are_none():
    assert action_of({"headers": {"prefer": "x"}}, own=()).error.message == (
        "headers: An action may not set prefer; it may set: none"
    )


def test_a_malformed_action_keeps_its_name():
    one = decode({"id": "a", "method": "fetch"}, {"id": "b"}).actions[0]
    assert (one.error.status, one.wiring.id) == (400, "a")
    assert decode(5 and {"id": "x"}, {"id": "b", "relative_path": "/../x"}).actions[1].error.status == 400


def test_what_is_no_object_is_refused_alone():
    dialect = AsanaDialect()
    batch = dialect.decode(b'{"data":{"actions":[5,{"id":"a","method":"get","relative_path":"/x"}]}}')
    assert [action.error is None for action in batch.actions] == [False, True]


def test_a_path_with_references_is_read_later():
    batch = decode({"id": "a", "relative_path": "/x/{{b.body}}"}, {"id": "b"})
    assert batch.actions[0].path == "/x/{{b.body}}"
    assert batch.read_path("GET", "/x/1") == ("/x/1", ())
    with pytest.raises(RequestError):
        batch.read_path("GET", "/x/../y")


def test_a_path_with_braces_is_none_where_nothing_has_a_name():
    assert action_of({"relative_path": "/x/{{b.body}}", "timeout": 1}).error.status == 400


def test_a_path_with_references_is_bounded():
    assert "at most 2048" in action_of({"id": "a", "relative_path": "/{{b.body}}" + "x" * 2048}).error.message


# -- binary bodies ---------------------------------------------------------------------------------------------------


def test_a_body_may_be_base64_where_the_api_takes_any():
    found = action_of({"base64": "AAEC", "headers": {"content-type": "image/png"}}, foreign=True)
    assert (found.body, found.headers) == (b"\0\1\2", (("content-type", "image/png"),))


@pytest.mark.parametrize("written", ["A", "AA==\n", "-_-_", 5, ["AA=="], "é"])
def test_base64_that_is_none_is_refused(written):
    assert action_of({"base64": written}, foreign=True).error.message == "base64: Value is not base64"


def test_a_body_is_one_thing():
    assert "either this or data" in action_of({"base64": "AA==", "data": 1}, foreign=True).error.message
    assert "Only a POST" in action_of({"base64": "AA==", "method": "get"}, foreign=True).error.message


# -- options ---------------------------------------------------------------------------------------------------------


def test_options_say_how_a_batch_is_carried_out():
    options = {
        "execution": "serial",
        "on_error": "stop",
        "max_parallel": 3,
        "deadline": 5,
        "dry_run": True,
        "coalesce": False,
    }
    batch = decode({}, options=options)
    assert batch.conduct == Conduct(serial=True, stop=True, max_parallel=3, dry_run=True)
    assert batch.deadline == 5


@pytest.mark.parametrize("options", [{}, [], {"execution": "parallel", "on_error": "continue", "max_parallel": 0}])
def test_options_that_say_nothing_change_nothing(options):
    assert decode({}, options=options).conduct == Conduct()


def test_a_batch_may_not_take_longer_than_the_server_allows():
    assert decode({}, options={"deadline": 1000}).deadline == 60
    assert decode({}, options={"deadline": 1000}, deadline=None).deadline == 1000


@pytest.mark.parametrize(("asked", "most", "parallel"), [(0, 0, 0), (3, 0, 3), (0, 4, 4), (3, 4, 3), (9, 4, 4)])
def test_no_more_run_at_once_than_the_server_allows(asked, most, parallel):
    assert decode({}, options={"max_parallel": asked}, max_parallel=most).conduct.max_parallel == parallel
    assert decode({}, options=[], max_parallel=most).conduct.max_parallel == most


def test_a_plain_batch_is_no_wider_than_the_server_allows():
    assert decode({}, {}, {}, max_parallel=2).conduct == Conduct(max_parallel=2)
    assert decode({}, {}, max_parallel=2).conduct is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (5, "options: Value is not a JSON object: 5"),
        ({"serial": True}, f"options: There is no option serial; there are: {OPTIONS}"),
        ({"execution": "both"}, "options: execution has to be parallel or serial, not both"),
        ({"execution": ["serial"]}, 'options: execution has to be parallel or serial, not ["serial"]'),
        ({"on_error": None}, "options: on_error has to be continue or stop, not null"),
        ({"max_parallel": -1}, "options: max_parallel has to be a whole number, 0 for all at once, not -1"),
        ({"max_parallel": True}, "options: max_parallel has to be a whole number, 0 for all at once, not true"),
        ({"dry_run": 1}, "options: dry_run has to be true or false, not 1"),
        ({"deadline": "5"}, "options: deadline: Must be a number of seconds above 0, not 5"),
        ({"coalesce": True, "execution": "serial"}, STALE),
    ],
)  # fmt: skip
def test_options_that_cannot_be_meant_refuse_the_batch(options, message):
    assert refused({}, options=options) == message


# -- results ---------------------------------------------------------------------------------------------------------

NAMED = Action("GET", "/x", wiring=Wiring("a"))
PLAIN = Action("GET", "/x")


def encode(*results, fields=None, **settings):
    return json.loads(AsanaDialect(**settings).encode(results, fields))["data"]


def test_a_result_has_the_name_of_its_action():
    one, two = encode(Result(NAMED, Answer(200, b"1", trusted=True)), Result(PLAIN, Answer(200, b"2", trusted=True)))
    assert one == {"id": "a", "status_code": 200, "headers": {}, "body": 1}
    assert two == {"status_code": 200, "headers": {}, "body": 2}
    assert encode(Result(NAMED, Answer(200, b"1")), fields={"status_code"}) == [{"id": "a", "status_code": 200}]


def test_results_of_elements_nest():
    parts = Result(NAMED, Answer(200, b'{"x":1}')), Result(NAMED, None, FailedDependency("no"))
    (found,) = encode(Result(NAMED, Answer(207, trusted=True), parts=parts), foreign=True)
    assert found == {
        "id": "a",
        "status_code": 207,
        "headers": {},
        "body": {
            "data": [
                {"status_code": 200, "headers": {}, "body": {"x": 1}},
                {"status_code": 424, "headers": {}, "body": {"errors": [{"message": "no"}]}},
            ]
        },
    }
    assert encode(Result(NAMED, Answer(200, trusted=True), parts=()))[0]["body"] == {"data": []}


def test_what_does_not_fit_into_a_limit_says_when_it_will():
    (found,) = encode(Result(PLAIN, None, Limited(7)))
    assert (found["status_code"], found["headers"]) == (429, {"retry-after": "7"})
    assert encode(Result(PLAIN, None, Limited(None)))[0]["headers"] == {}


def test_which_headers_a_result_shows():
    pairs = tuple(
        (name, "1") for name in ("location", "etag", "x-a", "connection", "content-length", "content-type", "date")
    )
    result = Result(PLAIN, Answer(200, b"1", pairs))
    assert set(encode(result)[0]["headers"]) == {"location"}
    assert set(encode(result, shows=["etag"])[0]["headers"]) == {"etag"}
    assert set(encode(result, shows=None)[0]["headers"]) == {"location", "etag", "x-a", "content-type"}


def test_headers_that_are_there_twice_are_one_but_cookies_a_list():
    pairs = (("link", "a"), ("set-cookie", "x=1"), ("link", "b"), ("set-cookie", "y=2"), ("vary", "c"))
    (found,) = encode(Result(PLAIN, Answer(200, b"1", pairs)), shows=None)
    assert found["headers"] == {"link": "a, b", "set-cookie": ["x=1", "y=2"], "vary": "c"}


def test_a_result_is_a_line_of_its_own():
    dialect = AsanaDialect(foreign=True)
    line = dialect.encode_one(3, Result(NAMED, Answer(200, b'{\r\n "x": "a\\nb"\n}'), seconds=0.0015))
    assert b"\n" not in line
    assert b"\r" not in line
    assert json.loads(line) == {
        "index": 3, "id": "a", "status_code": 200, "headers": {}, "body": {"x": "a\nb"}, "ms": 1.5
    }  # fmt: skip
    binary = json.loads(dialect.encode_one(0, Result(PLAIN, Answer(200, b"\0\n"))))
    assert base64.b64decode(binary["body"]["base64"]) == b"\0\n"
    assert json.loads(dialect.encode_one(0, Result(PLAIN, None, RequestError("bad"))))["status_code"] == 400
    assert json.loads(dialect.encode_one(0, Result(PLAIN, Answer(204, trusted=True))))["body"] is None


def test_an_api_that_is_not_asanas_is_not_explained_with_asanas_pages():
    assert "help" not in json.loads(AsanaDialect(foreign=True).error_answer(RequestError("x")).body)["errors"][0]
    assert "help" in json.loads(AsanaDialect().error_answer(RequestError("x")).body)["errors"][0]


# -- limits ----------------------------------------------------------------------------------------------------------


def test_how_limits_stand_is_told_in_two_headers():
    standing = Standing("requests", 150, 140, 60.0, 12), Standing("reads", 50, 49, None, 30)
    assert limit_headers(standing) == (
        ("ratelimit-policy", '"requests";q=150;w=60, "reads";q=50;qu="concurrent-requests"'),
        ("ratelimit", '"requests";r=140;t=12, "reads";r=49;t=30'),
    )


def test_a_limit_is_told_once_and_as_it_stood_last():
    standing = Standing("requests", 9, 8, 0.2), Standing("requests", 9, 7, 0.2)
    assert limit_headers(standing) == (("ratelimit-policy", '"requests";q=9;w=1'), ("ratelimit", '"requests";r=7;t=0'))


def test_without_limits_nothing_is_told():
    assert limit_headers(()) == ()
