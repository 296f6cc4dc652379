import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.entries import Fetch
from fanfold.errors import RequestError
from fanfold.integrations.mappings import read_mapping
from fanfold.integrations.outgoing import prepared, safe_path
from fanfold.integrations.scopes import Scope
from tests.integrations.stage import Jsonata


async def sent(fetch=None, **config):
    mapping, complaints = read_mapping("m", "r", "get", config, Jsonata())
    assert complaints == []
    fetch = fetch or Fetch("7")
    scope = Scope(Jsonata(), "m/r get", id=fetch.id, query=fetch.query, body=fetch.body, context={"org": "a b"})
    return (await prepared(mapping, fetch, scope))[2]


async def test_a_path_is_put_together_and_escaped():
    path = (await sent(path_mapping="'/orgs/' & context.org & '/contacts/' & id")).path
    assert path == "/orgs/a%20b/contacts/7"


@pytest.mark.parametrize(
    ("path", "escaped"),
    [
        ("/a/b", "/a/b"),
        ("/a%20b", "/a%20b"),
        ("/50%", "/50%25"),
        ("/ü", "/%C3%BC"),
        ("/a;b=c,d", "/a;b=c,d"),
        ("/a...b", "/a...b"),
    ],
)
def test_what_has_to_be_escaped_is(path, escaped):
    assert safe_path(path, "x") == escaped


@pytest.mark.parametrize(
    "path",
    [
        "/contacts/../admin",
        "/contacts/%2e%2e/admin",
        "/contacts/a%2fb",
        "/contacts/a\\b",
        "/contacts/x?y=1",
        "/contacts/x#y",
        "/contacts//x",
        "//evil.example/x",
        "/contacts/",
        "/contacts/a\r\nb",
        "/contacts/a%0d%0ab",
        "/.",
    ],
)
def test_a_path_that_would_lead_elsewhere_is_refused(path):
    with pytest.raises(RequestError, match="would lead elsewhere") as refusal:
        safe_path(path, "x")
    assert refusal.value.status == 400


@pytest.mark.parametrize("path", ["contacts", "https://evil.example/", "", 7, None, "/" + "a" * 3000])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(RequestError, match="has to give a path that begins with /"):
        safe_path(path, "x")


@given(st.text(max_size=40))
def test_no_value_in_a_path_reaches_another_segment(value):
    try:
        path = safe_path(f"/contacts/{value}", "x")
    except RequestError:
        return
    assert path.isascii()
    assert path.split("/")[:2] == ["", "contacts"]
    assert not set(path) & set("?#\\\r\n ")
    assert all(segment not in ("", ".", "..") for segment in path.split("/")[1:])


async def test_headers_are_given_as_an_object():
    mapping = '{"X-Org": context.org, "X-Number": 7, "X-Flag": true, "Accept": null, "X-Body": requestBody.a}'
    found = (await sent(Fetch(body={"a": "b"}), request_header_mapping=mapping)).headers
    assert found == {"X-Org": "a b", "X-Number": "7", "X-Flag": "true", "Accept": None, "X-Body": "b"}


@pytest.mark.parametrize("given", ['{"X": "a\\r\\nY: b"}', '{"X Y": "a"}', '{"": "a"}', '{"X": "\\u20ac"}'])
async def test_what_is_no_header_is_refused(given):
    with pytest.raises(RequestError, match="gave what is no header"):
        await sent(request_header_mapping=given)
    with pytest.raises(RequestError, match="did not give an object"):
        await sent(request_header_mapping="'X: y'")


async def test_a_body_that_is_no_object_stays_as_it_is():
    assert (await sent(Fetch(body=[1]), body={"a": 1})).body == [1]
    assert (await sent(Fetch(), body=[2])).body == [2]
    assert (await sent(Fetch(body={"remote_data": {"a": 1}}), request_body_mapping="[1, 2]")).body == [1, 2]
