"""What of a plain request can be said in a batch to the letter, and what a result is shown as."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.client import Reply, ServerError
from fanfold.compat.translation import Plain, Reach, Translator, answered, refused

JSON = {"content-type": "application/json"}


def action_of(plain, translator=None):
    request = (translator or Translator()).request(plain)
    return None if request is None else json.loads(request.in_batch())


def get(target, **headers):
    return Plain("GET", target, {name.replace("_", "-"): value for name, value in headers.items()})


def post(body, target="/tasks", **headers):
    return Plain("POST", target, JSON | headers, body)


@pytest.mark.parametrize(
    ("plain", "action"),
    [
        (get("/tasks/1"), {"method": "get", "relative_path": "/tasks/1"}),
        (get("/tasks/a%20b%2F"), {"method": "get", "relative_path": "/tasks/a%20b%2F"}),
        (
            get("/tasks?project=1&opt_fields=name,notes&limit=5&offset=e%3D&completed_since=now"),
            {
                "method": "get",
                "relative_path": "/tasks",
                "data": {"project": "1", "completed_since": "now"},
                "options": {"fields": "name,notes", "limit": 5, "offset": "e="},
            },
        ),
        (
            get("/tasks?text=a+b&empty="),
            {"method": "get", "relative_path": "/tasks", "data": {"text": "a b", "empty": ""}},
        ),
        (post(b'{"data": {"name": "x"}}'), {"method": "post", "relative_path": "/tasks", "data": {"name": "x"}}),
        (
            Plain("PUT", "/tasks/1?opt_fields=name", JSON, b'{"data":{}}'),
            {"method": "put", "relative_path": "/tasks/1", "data": {}, "options": {"fields": "name"}},
        ),
        (Plain("DELETE", "/tasks/1", {}), {"method": "delete", "relative_path": "/tasks/1"}),
    ],
)
def test_what_a_batch_can_say_travels(plain, action):
    assert action_of(plain) == action


@pytest.mark.parametrize(
    "plain",
    [
        Plain("HEAD", "/tasks/1", {}),
        Plain("PATCH", "/tasks/1", JSON, b'{"data":{}}'),
        get("/tasks/../users/me"),
        get("//tasks"),
        get("/tasks/"),
        get("/tasks?a=1&a=2"),
        get("/tasks?opt_pretty=true"),
        get("/tasks?limit=many"),
        get("/tasks?a=%ff"),
        get("/tasks/1", if_none_match='"x"'),
        get("/tasks/1", cookie="a=b"),
        get("/tasks/1", accept="text/csv"),
        get("/tasks/1", idempotency_key="k"),
        Plain("GET", "/tasks/1", {}, b"{}"),
        Plain("GET", "/tasks/1", {}, None),
        Plain("POST", "/tasks", {"content-type": "multipart/form-data; boundary=x"}, b'{"data":{}}'),
        Plain("POST", "/tasks", {"content-type": "application/json; charset=latin-1"}, b'{"data":{}}'),
        post(b""),
        post(b"{}"),
        post(b'{"data":[]}'),
        post(b'{"data":{'),
        post(b'{"data":{},"options":{"fields":["name"]}}'),
        post(b'{"data":{}}', "/tasks?silent=true"),
        post(b'{"data":{}}', "/batch"),
        post(b'{"data":{}}', "/attachments"),
        post(b'{"data":{}}', "/tasks/1/attachments"),
        post(b'{"data":{}}', "/organization_exports"),
        get("/scim/v2/Users"),
    ],
)
def test_what_a_batch_cannot_say_goes_by_itself(plain):
    assert action_of(plain) is None


def test_a_header_is_shared_when_asked_for():
    translator = Translator(("X-Team",))
    plain = get("/tasks/1", x_team="blue", authorization="Bearer t", accept="application/json")
    assert action_of(plain) is None
    assert action_of(plain, translator) is not None
    assert translator.common(plain) == (("Authorization", "Bearer t"), ("X-Team", "blue"))


def test_what_is_written_stays_byte_for_byte():
    data = b'{"a": 1.0,  "a": 2, "b": "\\u00e9", "c": 123456789012345678901234567890}'
    request = Translator().request(post(b'{"data": ' + data + b"}"))
    assert data in request.in_batch()


@given(
    st.dictionaries(
        st.text(min_size=1).filter(lambda name: not name.startswith("opt_") and name not in {"limit", "offset"}),
        st.text(),
        min_size=1,
    )
)
def test_a_query_keeps_its_meaning(query):
    from urllib.parse import urlencode  # noqa: PLC0415

    assert action_of(get(f"/tasks?{urlencode(query)}"))["data"] == query


def test_an_api_reaches_as_far_as_its_base_url():
    reach = Reach("https://app.asana.com/api/1.0/")
    assert reach.target("https", "app.asana.com", None, "/api/1.0/tasks?a=b") == "/tasks?a=b"
    assert reach.target("https", "APP.asana.com", 443, "/api/1.0/tasks") == "/tasks"
    assert reach.target("http", "app.asana.com", None, "/api/1.0/tasks") is None
    assert reach.target("https", "app.asana.com", 8443, "/api/1.0/tasks") is None
    assert reach.target("https", "asana.com", None, "/api/1.0/tasks") is None
    assert reach.target("https", "app.asana.com", None, "/api/1.1/tasks") is None
    assert reach.target("https", "app.asana.com", None, "/api/1.0") is None


@pytest.mark.parametrize("url", ["app.asana.com", "ftp://a/b", "http://", "http://a/b?c"])
def test_a_base_url_is_one(url):
    with pytest.raises(ValueError, match="base_url: Must be the http or https URL of an API"):
        Reach(url)


def test_a_result_is_shown_as_an_answer_of_its_own():
    found = answered(Reply(201, {"data": {"gid": "1"}}, {"location": "/tasks/1", "content-encoding": "gzip"}))
    assert found.content == b'{"data":{"gid":"1"}}'
    assert dict(found.headers) == {
        "content-type": "application/json; charset=UTF-8",
        "location": "/tasks/1",
        "content-length": "20",
    }
    assert found.reason == "Created"


def test_an_answer_without_a_body_has_none():
    found = answered(Reply(204))
    assert (found.content, found.headers) == (b"", (("content-length", "0"),))


def test_what_refused_a_whole_batch_refuses_each_call():
    found = refused(ServerError(503, body={"errors": []}, headers={"retry-after": "7"}))
    assert (found.status, dict(found.headers)["retry-after"]) == (503, "7")
    assert msgspec.json.decode(found.content) == {"errors": []}
    assert refused(ServerError(599)).reason == ""
