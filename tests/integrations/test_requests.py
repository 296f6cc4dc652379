"""What is sent: everything by its place, and nothing looked at twice."""

import msgspec
import pytest

from fanfold.entries import Fetch
from fanfold.errors import RequestError
from fanfold.integrations.accounts import Account
from fanfold.integrations.declaration import Declaration, Method
from fanfold.integrations.requests import Outline, context_of, merged

ACCOUNT = Account(id="a", integration="x", owner="u", context={"subdomain": "acme", "region": "eu", "n": 5})


def sent(method, fetch=None, **declared):
    told = {"name": "x", "base_url": "https://api.example.com/v1/", **declared}
    outline = Outline(msgspec.convert(told, Declaration), msgspec.convert({"path": "/x", **method}, Method))
    fetch = Fetch(**(fetch or {}))
    query = dict(fetch.query)
    return outline.request(outline.draft(fetch, query, context_of(ACCOUNT, fetch, query)))


def url(method, fetch=None, **declared):
    return sent(method, fetch, **declared).url.removeprefix("https://api.example.com/v1")


def test_the_account_says_where_the_api_is():
    assert (
        sent({}, base_url="https://{{subdomain}}.{{context.region}}.example.com").url == "https://acme.eu.example.com/x"
    )
    assert sent({"base_url": "https://other.example.com"}).url == "https://other.example.com/x"


def test_paths_take_from_the_call_and_the_account():
    told = {"path": "/{{region}}/{{query.project}}/{{id}}/{{body.name}}"}
    fetch = {"id": "a b", "query": {"project": "p/1", "x": 1}, "body": {"name": "ü"}}
    assert url(told, fetch) == "/eu/p%2F1/a%20b/%C3%BC?x=1"


def test_what_is_not_there_is_named_and_nothing_sent():
    with pytest.raises(RequestError, match="id"):
        sent({"path": "/x/{{id}}"})
    with pytest.raises(RequestError):
        sent({}, base_url="https://{{nowhere}}.example.com")


def test_queries_are_merged_and_the_callers_counts_most():
    declared = {"query": {"a": "1", "b": "1", "gone": "x", "f": {"x": "1", "y": "1"}}}
    method = {"query": {"b": "2", "c": "{{id}}", "gone": None, "n": "{{n:any}}"}}
    fetch = {"id": "7", "query": {"c": "mine", "f": {"y": "2"}}}
    assert url(method, fetch, **declared) == "/x?a=1&b=2&f%5Bx%5D=1&f%5By%5D=2&c=mine&n=5"


def test_arrays_are_written_as_the_method_or_the_integration_says():
    fetch = {"query": {"a": [1, 2]}}
    assert url({}, fetch, query_array_format="repeat") == "/x?a=1&a=2"
    assert url({"query_array_format": "comma"}, fetch, query_array_format="repeat") == "/x?a=1%2C2"


def test_what_is_inserted_is_never_looked_at_again():
    fetch = {"query": {"q": "{{credentials.n}}"}, "id": "{{region}}"}
    assert (
        url({"path": "/{{id}}", "query": {"p": "{{id}}"}}, fetch)
        == "/%7B%7Bregion%7D%7D?p=%7B%7Bregion%7D%7D&q=%7B%7Bcredentials.n%7D%7D"
    )


def test_headers_are_merged_and_null_takes_one_away():
    declared = {"headers": {"X-A": "1", "X-B": "1", "User-Agent": None}}
    headers = sent({"headers": {"x-b": "2", "X-A": None, "X-Region": "r={{region}}"}}, **declared).headers
    assert headers == {"accept-encoding": "gzip, deflate", "x-b": "2", "x-region": "r=eu"}


@pytest.mark.parametrize(
    "name", ["Host", "Content-Length", "Transfer-Encoding", "transfer_encoding", "a b", "X\r\nY", ""]
)
def test_headers_that_frame_a_message_cannot_be_declared(name):
    for value in ("x", "{{region}}"):
        with pytest.raises(RequestError, match="headers"):
            sent({"headers": {name: value}})


def test_a_value_that_would_end_its_header_is_refused():
    with pytest.raises(RequestError, match="x-q"):
        sent({"headers": {"X-Q": "{{query.q}}"}}, {"query": {"q": "a\r\nX: y"}})


def test_bodies_are_merged_and_typed():
    method = {"method": "post", "body": {"n": "{{n:any}}", "o": {"a": 1}}}
    request = sent(method, {"body": {"o": {"b": 2}, "x": None}})
    assert msgspec.json.decode(request.body) == {"n": 5, "o": {"a": 1, "b": 2}, "x": None}
    assert request.headers["content-type"] == "application/json"
    assert sent({"method": "post"}, {"body": [1]}).body == b"[1]"
    assert sent({"method": "post"}).body is None


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ({"method": "post", "ignore_body": True}, None),
        ({"method": "post", "ignore_body": True, "body": {"own": 1}}, b'{"own":1}'),
        ({"method": "post", "set_body_to_null": True, "body": {"own": 1}}, None),
        ({"method": "get"}, None),
        ({"method": "get", "body": {"own": 1}}, b'{"own":1,"given":1}'),
        ({"method": "delete"}, b'{"given":1}'),
    ],
)
def test_a_body_may_be_left_out(method, body):
    assert sent(method, {"body": {"given": 1}}).body == body


def test_the_query_may_move_into_the_body():
    request = sent(
        {"method": "post", "add_query_to_body": True, "query": {"a": 1}}, {"query": {"b": 2}, "body": {"c": 3}}
    )
    assert (request.url, request.body) == ("https://api.example.com/v1/x", b'{"c":3,"a":1,"b":2}')


def test_a_declared_content_type_is_kept():
    method = {"method": "post", "headers": {"Content-Type": "application/vnd.api+json"}}
    assert sent(method, {"body": {}}).headers["content-type"] == "application/vnd.api+json"


@pytest.mark.parametrize("base", ["ftp://x", "https://", "https://u:p@x", "https://x?y", "//x", "x", "https://x y"])
def test_a_base_that_is_no_url_is_refused(base):
    with pytest.raises(RequestError, match="base_url"):
        sent({}, base_url=base)


def test_a_query_that_no_server_takes_is_refused():
    with pytest.raises(RequestError, match="too long"):
        sent({}, {"query": {"q": "x" * 20_000}})


def test_names_of_the_call_hide_those_of_the_account():
    account = Account(id="a", integration="x", owner="u", context={"id": "hidden", "query": "hidden", "k": 1})
    context = context_of(account, Fetch(query={"a": 1}), {"a": 1})
    assert (context["query"], context["k"], "id" in context) == ({"a": 1}, 1, False)
    assert context["credentials"]["id"] == "hidden"


def test_merging_changes_nothing_that_is_shared():
    under = {"a": {"b": 1}}
    assert merged(under, {"a": {"c": 2}}) == {"a": {"b": 1, "c": 2}}
    assert under == {"a": {"b": 1}}


def test_a_request_leaves_no_trace_in_the_next():
    told = {"name": "x", "base_url": "https://api.example.com", "query": {"a": 1}, "headers": {"X": "1"}}
    outline = Outline(msgspec.convert(told, Declaration), Method(path="/x"))
    for _ in range(2):
        draft = outline.draft(Fetch(), {}, {})
        assert (draft.query, "y" in draft.headers) == ({"a": 1}, False)
        draft.query["b"] = 2
        draft.headers["y"] = "2"
