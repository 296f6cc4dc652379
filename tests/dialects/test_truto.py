"""The dialect of batch requests: what is read of them, all that is wrong with them, and how answers look."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from fanfold.dialects import TrutoDialect
from fanfold.entries import Caps, Entry, Failure, Group, Mishap, Recurse, Retry
from fanfold.errors import (
    Crashed,
    ExpressionError,
    ForeignError,
    Limited,
    LimitExceeded,
    LimitsUnknown,
    RemoteError,
    RequestError,
    Unauthenticated,
    WrongRecipe,
)
from fanfold.model import Batch, Standing
from tests.page_content import PAGE_CONTENT

REQUEST = {"resource": "users", "method": "list"}
TRANSFORM = {"name": "t", "type": "transform", "config": {"expression": "1"}}
SPOOL = {"name": "s", "type": "spool", "depends_on": "users"}

dialect = TrutoDialect()


def decoded(*resources, **members) -> Batch:
    return dialect.decode(json.encode({"integrated_account_id": "acc", "resources": resources, **members}))


def entry(**members) -> Entry:
    batch = decoded({**REQUEST, **members})
    assert batch.recipe.failures == ()
    return batch.recipe.entries[0]


def failures(*resources, **members) -> list[tuple[str, str]]:
    return [(failure.path, failure.message) for failure in decoded(*resources, **members).recipe.failures]


def wrong(item) -> dict[str, str]:
    """Mistakes of one entry, by the part of their path that is its own."""
    return {path.removeprefix("/resources/0"): message for path, message in failures(item)}


# -- reading ---------------------------------------------------------------------------------------------------------


def test_a_batch_request_becomes_an_action_for_each_entry():
    batch = decoded(
        {"resource": "crm/contacts", "method": "list"}, {**REQUEST, "method": "findAll"}, TRANSFORM, args={"a": 1}
    )
    assert [(action.method, action.path) for action in batch.actions] == [
        ("list", "/crm/contacts"),
        ("findAll", "/users"),
        ("", "/t"),
    ]
    assert batch.recipe.account == "acc"
    assert batch.recipe.args == {"a": 1}
    assert batch.recipe.failures == ()
    assert not batch.recipe.dry_run
    assert not batch.single


def test_the_documented_example_is_read_as_it_is_meant():
    batch = decoded(*PAGE_CONTENT, args={"page_id": "p"})
    pages, spool, combine = batch.recipe.entries
    assert batch.recipe.failures == ()
    assert pages.query == {"block_id": "{{args.page_id}}", "truto_ignore_remote_data": True}
    assert pages.recurse == Recurse(
        "{{resources.block-children.has_children:bool}}", None, {"block_id": "{{resources.block-children.id}}"}
    )
    assert (pages.title, pages.included) == ("page-content", False)
    assert (spool.kind, spool.depends_on, spool.included) == ("spool", ("page-content",), False)
    assert (combine.kind, combine.expression, combine.included) == (
        "transform",
        PAGE_CONTENT[2]["config"]["expression"],
        True,
    )


def test_the_caps_of_the_dialect_go_into_the_recipe_and_its_deadline_into_the_batch():
    caps = Caps(calls=5, deadline=7.0)
    batch = TrutoDialect(caps=caps).decode(json.encode({"integrated_account_id": "a", "resources": [REQUEST]}))
    assert (batch.recipe.caps, batch.deadline) == (caps, 7.0)


@pytest.mark.parametrize(
    ("written", "field", "read"),
    [
        ({"id": "{{args.id}}"}, "id", "{{args.id}}"),
        ({"id": 17}, "id", "17"),
        ({"id": None}, "id", None),
        ({"query": '{"limit": 5}'}, "query", '{"limit": 5}'),
        ({"query": {"a": [1, {"b": None}]}}, "query", {"a": [1, {"b": None}]}),
        ({"body": "{'name': args.name}"}, "body", "{'name': args.name}"),
        ({"body": {"name": 1}}, "body", {"name": 1}),
        ({"body": [1]}, "body", [1]),
        ({"loop_on": "user_ids"}, "loop_on", "user_ids"),
        ({"depends_on": "a"}, "depends_on", ("a",)),
        ({"depends_on": ["a", "b", "a"]}, "depends_on", ("a", "b")),
        ({"depends_on": []}, "depends_on", ()),
        ({"persist": True}, "persist", True),
        ({"persist": None}, "persist", False),
        ({"type": "request"}, "kind", "request"),
        ({"type": None}, "kind", "request"),
        ({"name": ""}, "name", ""),
        ({"response_format": "raw"}, "response_format", "raw"),
        ({"response_format": "yaml"}, "response_format", ""),
        ({"response_format": 3}, "response_format", ""),
        ({"recurse": {}}, "recurse", Recurse()),
        ({"recurse": {"if": True}}, "recurse", Recurse("true")),
        ({"recurse": {"if": False}}, "recurse", Recurse("")),
        ({"recurse": {"if": "x", "config": {"id": 4}}}, "recurse", Recurse("x", "4")),
        ({"run_if": "args.on"}, "run_if", "args.on"),
        ({"on_error": "stop"}, "on_error", "stop"),
        ({"retry": {}}, "retry", Retry()),
        (
            {"retry": {"attempts": 5, "pause": 0, "statuses": [409]}},
            "retry",
            Retry(5, 0, frozenset({409})),
        ),
        ({"timeout": 2.5}, "timeout", 2.5),
        ({"timeout": None}, "timeout", None),
        ({"include_from_parent": "id"}, "include_from_parent", ("id",)),
        ({"include_from_parent": ["id", "name"]}, "include_from_parent", ("id", "name")),
        ({"group": {"of": "{{resources.users.id}}"}}, "group", Group("{{resources.users.id}}", 50)),
        ({"group": {"of": "{{args.ids}}", "size": 2}}, "group", Group("{{args.ids}}", 2)),
    ],
)
def test_a_member_of_an_entry_is_read(written, field, read):
    assert getattr(entry(**written), field) == read


def test_what_nobody_knows_is_ignored():
    assert entry(delete_tracking="hard", integrated_account_id=5, colour="red") == Entry(
        index=0, resource="users", method="list"
    )
    assert failures(REQUEST, colour="red") == []


def test_absent_and_null_arguments_are_none():
    assert decoded(REQUEST).recipe.args == {}
    assert decoded(REQUEST, args=None).recipe.args == {}


def test_a_dry_run_is_asked_for_beside_the_resources():
    assert decoded(REQUEST, dry_run=True).recipe.dry_run


def test_unified_resources_are_included_and_others_where_they_are_to_persist():
    batch = decoded({"resource": "crm/contacts", "method": "list", "persist": False}, REQUEST, TRANSFORM)
    assert [one.included for one in batch.recipe.entries] == [True, False, False]


# -- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"null", b"{", b"\xff", b'{"a":1,"a":2}', b"NaN"])
def test_what_is_no_json_object_is_refused_at_once(body):
    with pytest.raises(RequestError) as refused:
        dialect.decode(body)
    assert refused.value.status == 400


@pytest.mark.parametrize("account", [None, "", 5, ["a"], True])
def test_the_account_has_to_be_text(account):
    assert [path for path, _ in failures(REQUEST, integrated_account_id=account)] == ["/integrated_account_id"]


@pytest.mark.parametrize("resources", [None, [], {}, "users", 5])
def test_resources_have_to_be_there(resources):
    batch = dialect.decode(json.encode({"integrated_account_id": "a", "resources": resources}))
    assert [failure.path for failure in batch.recipe.failures] == ["/resources"]
    assert batch.actions == ()


def test_there_may_only_be_so_many_entries():
    body = json.encode({"integrated_account_id": "a", "resources": [REQUEST] * 4})
    (failure,) = TrutoDialect(max_entries=3).decode(body).recipe.failures
    assert failure == Failure("/resources", "Must not have more than 3 entries, but has 4")
    assert TrutoDialect(max_entries=4).decode(body).recipe.failures == ()


@pytest.mark.parametrize(
    ("members", "path"), [({"args": []}, "/args"), ({"args": "x"}, "/args"), ({"dry_run": 1}, "/dry_run")]
)
def test_a_member_beside_the_resources_has_to_be_of_its_type(members, path):
    assert [found for found, _ in failures(REQUEST, **members)] == [path]


@pytest.mark.parametrize("item", [None, 5, "users", [], True])
def test_an_entry_has_to_be_an_object_and_keeps_its_place(item):
    batch = decoded(REQUEST, item, {**REQUEST, "name": "third"})
    assert [failure.path for failure in batch.recipe.failures] == ["/resources/1"]
    assert [one.index for one in batch.recipe.entries] == [0, 1, 2]
    assert batch.recipe.entries[2].name == "third"
    assert len(batch.actions) == 3


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"type": "destination"}, "/type"),
        ({"type": 1}, "/type"),
        ({"type": []}, "/type"),
        ({"resource": None}, "/resource"),
        ({"resource": ""}, "/resource"),
        ({"resource": 1}, "/resource"),
        ({"resource": "r" * 201}, "/resource"),
        ({"method": None}, "/method"),
        ({"method": ["list"]}, "/method"),
        ({"name": 1}, "/name"),
        ({"name": "n" * 201}, "/name"),
        ({"id": 1.5}, "/id"),
        ({"id": True}, "/id"),
        ({"id": ["a"]}, "/id"),
        ({"query": 1}, "/query"),
        ({"query": []}, "/query"),
        ({"body": 1}, "/body"),
        ({"body": False}, "/body"),
        ({"loop_on": ["a"]}, "/loop_on"),
        ({"depends_on": 1}, "/depends_on"),
        ({"depends_on": ""}, "/depends_on"),
        ({"depends_on": ["a", 1]}, "/depends_on"),
        ({"depends_on": {"a": 1}}, "/depends_on"),
        ({"persist": "yes"}, "/persist"),
        ({"recurse": "x"}, "/recurse"),
        ({"recurse": {"if": 1}}, "/recurse/if"),
        ({"recurse": {"config": []}}, "/recurse/config"),
        ({"recurse": {"config": {"id": []}}}, "/recurse/config/id"),
        ({"recurse": {"config": {"query": "x"}}}, "/recurse/config/query"),
        ({"run_if": 1}, "/run_if"),
        ({"on_error": "retry"}, "/on_error"),
        ({"on_error": []}, "/on_error"),
        ({"retry": 3}, "/retry"),
        ({"retry": {"attempts": 0}}, "/retry/attempts"),
        ({"retry": {"attempts": 11}}, "/retry/attempts"),
        ({"retry": {"attempts": 1.5}}, "/retry/attempts"),
        ({"retry": {"attempts": True}}, "/retry/attempts"),
        ({"retry": {"pause": -1}}, "/retry/pause"),
        ({"retry": {"pause": "1s"}}, "/retry/pause"),
        ({"retry": {"statuses": 503}}, "/retry/statuses"),
        ({"retry": {"statuses": [200]}}, "/retry/statuses"),
        ({"retry": {"a/b~c": 1}}, "/retry/a~1b~0c"),
        ({"timeout": 0}, "/timeout"),
        ({"timeout": "5"}, "/timeout"),
        ({"timeout": True}, "/timeout"),
        ({"include_from_parent": [1]}, "/include_from_parent"),
        ({"group": []}, "/group"),
        ({"group": {}}, "/group/of"),
        ({"group": {"of": 1}}, "/group/of"),
        ({"group": {"of": "{{args.x}}", "size": 0}}, "/group/size"),
        ({"group": {"of": "{{args.x}}", "sise": 1}}, "/group/sise"),
    ],
)
def test_a_mistake_in_an_entry_is_told_with_its_place(members, path):
    assert list(wrong({**REQUEST, **members})) == [path]


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({**TRANSFORM, "name": None}, "/name"),
        ({**TRANSFORM, "name": ""}, "/name"),
        ({**TRANSFORM, "config": None}, "/config"),
        ({**TRANSFORM, "config": "1"}, "/config"),
        ({**TRANSFORM, "config": {}}, "/config/expression"),
        ({**TRANSFORM, "config": {"expression": 1}}, "/config/expression"),
        ({**TRANSFORM, "config": {"expression": ""}}, "/config/expression"),
        ({**SPOOL, "name": None}, "/name"),
    ],
)
def test_transforms_and_spools_have_needs_of_their_own(item, path):
    assert list(wrong(item)) == [path]


def test_all_mistakes_are_told_at_once_and_say_what_to_write():
    found = failures(
        {"resource": 1, "persist": "yes"}, 7, {"type": "x"}, {**REQUEST, "on_error": "skip"}, args=[], dry_run="no"
    )
    assert [path for path, _ in found] == [
        "/args",
        "/dry_run",
        "/resources/0/persist",
        "/resources/0/resource",
        "/resources/0/method",
        "/resources/1",
        "/resources/2/type",
        "/resources/3/on_error",
    ]
    assert found[-1][1] == "Must be continue, ignore or stop, not skip"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "name",
                    "resource",
                    "method",
                    "id",
                    "query",
                    "body",
                    "loop_on",
                    "depends_on",
                    "persist",
                    "recurse",
                    "if",
                    "config",
                    "expression",
                    "retry",
                    "attempts",
                    "pause",
                    "statuses",
                    "timeout",
                    "group",
                    "of",
                    "size",
                    "run_if",
                    "on_error",
                    "include_from_parent",
                    "response_format",
                    "integrated_account_id",
                    "resources",
                    "args",
                    "dry_run",
                    "x",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)
ENTRIES = st.lists(st.fixed_dictionaries({}, optional={
    "type": st.sampled_from(["request", "transform", "spool"]) | JSON, "name": st.text(max_size=3) | JSON,
    "resource": st.sampled_from(["users", "crm/contacts"]) | JSON, "method": st.just("list") | JSON,
    "query": JSON, "body": JSON, "recurse": JSON, "retry": JSON, "group": JSON, "depends_on": JSON, "config": JSON,
    "timeout": JSON, "on_error": JSON, "include_from_parent": JSON, "id": JSON,
}) | JSON, max_size=4)  # fmt: skip


def read(body: bytes) -> Batch | RequestError:
    try:
        return dialect.decode(body)
    except RequestError as error:
        return error


@given(JSON | st.fixed_dictionaries({"integrated_account_id": JSON, "resources": ENTRIES}))
def test_any_json_is_a_refusal_or_a_recipe(value):
    batch = read(json.encode(value))
    if isinstance(batch, RequestError):
        assert batch.status == 400
        assert not isinstance(value, dict)
        return
    recipe = batch.recipe
    assert [one.index for one in recipe.entries] == list(range(len(recipe.entries)))
    assert len(batch.actions) == len(recipe.entries)
    assert all(failure.path.startswith("/") and failure.message for failure in recipe.failures)
    json.encode(recipe)
    if not recipe.failures:
        assert recipe.account
        assert recipe.entries
        assert all(one.name or one.resource for one in recipe.entries)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_refusal_or_a_recipe(body):
    batch = read(body)
    assert isinstance(batch, Batch) or batch.status == 400


# -- errors ----------------------------------------------------------------------------------------------------------


def told(error):
    answer = dialect.error_answer(error)
    return answer.status, json.decode(answer.body), dict(answer.headers)


@pytest.mark.parametrize(
    ("error", "status", "phrase"),
    [
        (RequestError("No."), 400, "Bad Request"),
        (Unauthenticated(), 401, "Unauthorized"),
        (RequestError("No.", status=404), 404, "Not Found"),
        (RequestError("No.", status=405), 405, "Method Not Allowed"),
        (RequestError("No.", status=413), 413, "Payload Too Large"),
        (ExpressionError("No."), 422, "Unprocessable Entity"),
        (Crashed(), 500, "Internal Server Error"),
        (RequestError("No.", status=503), 503, "Service Unavailable"),
        (RequestError("No.", status=599), 599, "Error"),
    ],
)
def test_an_error_has_its_envelope(error, status, phrase):
    assert told(error) == (status, {"statusCode": status, "error": phrase, "message": error.message}, {})


def test_a_wrong_recipe_tells_all_its_mistakes():
    status, body, _ = told(WrongRecipe((Failure("/resources/0/name", "No."), Failure("/args", "Neither."))))
    assert status == 400
    assert body["details"] == {
        "failures": [{"path": "/resources/0/name", "message": "No."}, {"path": "/args", "message": "Neither."}]
    }


def test_what_an_api_refused_is_told_as_it_said_it():
    error = RemoteError(
        "Gone",
        status=410,
        extra={"truto_is_remote_error": True, "raw_response": {"code": 7}, "statusCode": 200},
        headers=(("ratelimit-remaining", "0"), ("Content-Type", "text/html"), ("content-length", "999")),
    )
    assert told(error) == (
        410,
        {
            "statusCode": 410,
            "error": "Gone",
            "message": "Gone",
            "truto_is_remote_error": True,
            "raw_response": {"code": 7},
        },
        {"ratelimit-remaining": "0"},
    )


def test_details_of_an_error_are_kept_and_an_expression_tells_where_it_failed():
    assert told(RequestError("No.", extra={"details": {"limit": "x"}}))[1]["details"] == {"limit": "x"}
    assert told(ExpressionError("No.", position=3))[1]["details"] == {"position": 3}


def test_an_error_of_another_standard_is_as_that_has_it():
    answer = dialect.error_answer(ForeignError("No.", status=409, body=b"<no/>", speaks="application/xml"))
    assert (answer.status, answer.body, answer.headers) == (409, b"<no/>", (("content-type", "application/xml"),))


def test_limits_say_when_to_ask_again():
    answer = dialect.limit_answer(LimitExceeded(10, standing=(Standing("requests", 500, 0, 10.0, 4),)))
    assert answer.status == 429
    assert json.decode(answer.body)["statusCode"] == 429
    assert dict(answer.headers)["retry-after"] == "10"
    assert dict(answer.headers)["ratelimit"] == '"requests";r=0;t=4'
    assert "retry-after" not in dict(dialect.limit_answer(LimitExceeded(None)).headers)
    assert told(Limited(3))[2] == {"retry-after": "3"}
    assert told(LimitsUnknown())[0] == 503
    assert told(LimitsUnknown())[2] == {"retry-after": "5"}


# -- line by line ----------------------------------------------------------------------------------------------------

USERS = Entry(index=0, resource="users", method="list", name="all")


def lines(data: bytes):
    assert data.endswith(b"\n")
    return [json.decode(line) for line in data.splitlines()]


def test_each_record_is_a_line():
    assert lines(dialect.encode_records(USERS, [{"id": 1}, {"id": 2}])) == [
        {"resource": "users", "name": "all", "record": {"id": 1}},
        {"resource": "users", "name": "all", "record": {"id": 2}},
    ]
    assert dialect.encode_records(USERS, []) == b""
    unnamed = Entry(index=0, resource="users", method="list")
    assert lines(dialect.encode_record(unnamed, 1)) == [{"resource": "users", "name": "users", "record": 1}]


def test_what_a_transform_gives_is_a_value_and_a_spool_has_records():
    transform = Entry(index=0, kind="transform", name="t")
    spool = Entry(index=0, kind="spool", name="s")
    assert lines(dialect.encode_record(transform, "Text\n")) == [{"name": "t", "value": "Text\n"}]
    assert lines(dialect.encode_record(spool, {"id": 1})) == [{"name": "s", "record": {"id": 1}}]


def test_what_cannot_be_written_becomes_an_error_on_its_own_line():
    good, bad = lines(dialect.encode_records(USERS, [{"id": 1}, {"id": "\ud800"}]))
    assert good["record"] == {"id": 1}
    assert bad["error"]["statusCode"] == 422


def test_errors_progress_and_the_summary_are_lines():
    assert lines(dialect.encode_error(USERS, Mishap(RequestError("No.", status=404), index=2))) == [
        {
            "resource": "users",
            "name": "all",
            "error": {
                "statusCode": 404,
                "error": "Not Found",
                "message": "No.",
                "resource": "users",
                "name": "all",
                "index": 2,
            },
        }
    ]
    assert lines(dialect.encode_progress(USERS, 3, 40)) == [{"progress": {"name": "all", "calls": 3, "records": 40}}]
    assert lines(dialect.encode_summary(records=4, errors=1, calls=2, seconds=0.0015, resources={"users": 4})) == [
        {"summary": {"records": 4, "errors": 1, "calls": 2, "ms": 1.5, "resources": {"users": 4}}}
    ]
