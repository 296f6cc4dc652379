"""Paths: a dressed-up refused endpoint is told so, an ambiguous path is refused, an honest one passes as written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.dialects.asana import BASE, REFUSED
from fanfold.dialects.paths import MAX_LENGTH, PathRules
from fanfold.errors import NoSuchRoute, NotBatchable, RequestError

RULES = PathRules(REFUSED, BASE)
LENIENT = PathRules(REFUSED, BASE, lenient=True)


def read(path, method="GET", rules=RULES):
    """As an action's path is read: the quick look first."""
    if isinstance(path, str) and rules.is_plain(path):
        return path, ()
    return rules.read(method, path)


@pytest.mark.parametrize(
    "path",
    [
        "/batch",
        "batch",
        "/batch/",
        "//batch",
        "///batch",
        "/./batch",
        "/x/../batch",
        "/../batch",
        "/BATCH",
        "/Batch",
        "/%62atch",
        "/%2562atch",
        "/%252562atch",
        "/b%61tch/",
        "%2fbatch",
        "/%2e/batch",
        "/x/%2e%2e/batch",
        "/batch?x",
        "/batch?opt_fields=body",
        "/batch#x",
        "/batch;x",
        "/batch;v=1/",
        "/;x/batch",
        "\\batch",
        "/\\batch",
        "/batch\r\n",
        "/ba\ttch",
        "/batch%00",
        " /batch",
        "/batch ",
        "/\uff42atch",
        "/batch/123",
        "http://127.0.0.1/batch",
        "http://127.0.0.1/api/1.0/batch",
        "//127.0.0.1/api/1.0/batch",
        "/api/1.0/batch",
        "/API/1.0//batch/",
        "api/1.0/batch",
        "http:batch",
    ],
)
def test_a_nested_batch_is_told_so_however_it_is_dressed(path):
    with pytest.raises(NotBatchable):
        read(path, "POST")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/attachments"),
        ("POST", "/attachments/"),
        ("POST", "//attachments"),
        ("POST", "/Attachments?x=1"),
        ("POST", "/organization_exports"),
        ("GET", "/organization_exports/12"),
        ("DELETE", "/organization_exports/12"),
        ("GET", "/scim/Users"),
        ("POST", "/SCIM/v2/Users"),
        ("PATCH", "/%73cim/Users/1"),
    ],
)
def test_uploads_exports_and_provisioning_are_refused(method, path):
    with pytest.raises(NotBatchable):
        read(path, method)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/attachments"),
        ("GET", "/attachments/12"),
        ("DELETE", "/attachments/12"),
        ("POST", "/tasks/1/attachments"),
        ("GET", "/classes/batch"),
        ("GET", "/batches/1"),
        ("GET", "/tags/batch"),
        ("GET", "/users/batch@example.org"),
    ],
)
def test_what_only_resembles_a_refused_endpoint_is_not_refused(method, path):
    assert read(path, method) == (path, ())


@pytest.mark.parametrize(
    "path",
    [
        "/tasks",
        "/tasks/123",
        "/users/me",
        "/users/me@example.org",
        "/users/me%40example.org",
        "/users/first.last+tag@example.co.uk",
        "/tasks/external:ab-1_2~3",
        "/tasks/external:a%2Fb",
        "/tasks/external:100%25",
        "/tasks/external:%C3%A9",
        "/tasks/external:a%20b",
        "/tasks/external:a...b",
        "/tasks/",
        "/",
        "/x" * 60,
    ],
)
def test_an_honest_path_passes_as_it_was_written(path):
    assert read(path) == (path, ())


def test_a_missing_slash_is_added():
    assert read("tasks/123") == ("/tasks/123", ())


@pytest.mark.parametrize(
    "path",
    [
        "http://evil.example/tasks",
        "HTTPS://evil.example/",
        "http:evil",
        "javascript:1",
        "//evil.example/tasks",
        "/\\evil.example",
        "\\\\evil.example",
        "\t//evil.example",
        "http://user@evil.example/",
        "/tasks//1",
        "/..",
        "/tasks/..",
        "/tasks/../users",
        "/tasks/./1",
        "/tasks/%2e%2e",
        "/tasks/%2E%2e/users",
        "/tasks/%252e%252e",
        "/tasks/..%2f..%2fusers",
        "/tasks/%2e%2e%5c",
        "/tasks/a%5cb",
        "/tasks/%00",
        "/tasks/1%00",
        "/tasks/%0d%0aX:1",
        "/tasks/%ff",
        "/tasks/%ed%a0%80",
        "/tasks/%zz",
        "/tasks/%",
        "/tasks/1;x",
        "/tasks/1#f",
        "/tasks/1\r\nX: 1",
        "/tasks/1\x00",
        "/tasks/1\t",
        "/tasks/1 2",
        " /tasks",
        "/tasks/\uff11\uff12",
        "/t\u00e4sks",
        "/tasks/{1}",
        "/tasks/<1>",
        '/tasks/"',
    ],
)
def test_an_ambiguous_path_is_refused_with_a_message_that_helps(path):
    with pytest.raises(RequestError, match="relative_path: Not a valid path") as refused:
        read(path)
    assert refused.value.status == 400
    assert refused.value.message.isascii()
    assert refused.value.message.isprintable()


@pytest.mark.parametrize("path", ["/api/1.0/tasks", "/api/1.0", "/api/1.0/", "api/1.0/tasks/1"])
def test_the_prefix_of_the_api_is_no_route(path):
    with pytest.raises(NoSuchRoute):
        read(path)


@pytest.mark.parametrize("path", ["/tasks?limit=1", "/tasks?", "tasks?x", "?x"])
def test_a_query_string_is_refused(path):
    with pytest.raises(RequestError) as refused:
        read(path)
    assert refused.value.message == "relative_path: Query parameters are not accepted here"


def test_a_lenient_reader_takes_the_query_string():
    assert read("/tasks?limit=1&opt_fields=a%2Cb&x", rules=LENIENT) == (
        "/tasks",
        (("limit", "1"), ("opt_fields", "a,b"), ("x", "")),
    )


@pytest.mark.parametrize("query", ["a=\r\n", "a=\u00e9", "a=%ff", "&".join(["a=1"] * 101)])
def test_a_lenient_reader_does_not_take_everything(query):
    with pytest.raises(RequestError, match="Not a valid query string"):
        read(f"/tasks?{query}", rules=LENIENT)


def test_a_lenient_reader_still_refuses_a_nested_batch():
    with pytest.raises(NotBatchable):
        read("/batch?x=1", "POST", LENIENT)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (None, "relative_path: Missing input"),
        ("", "relative_path: Missing input"),
        (7, "relative_path: Value is not a string"),
        (["/tasks"], "relative_path: Value is not a string"),
        ("/" + "a" * MAX_LENGTH, f"relative_path: Must be at most {MAX_LENGTH} characters long"),
    ],
)
def test_what_is_no_path_at_all_is_refused(path, message):
    with pytest.raises(RequestError) as refused:
        read(path)
    assert (refused.value.status, refused.value.message) == (400, message)


def test_a_path_that_is_encoded_over_and_over_is_not_followed_for_ever():
    with pytest.raises(NotBatchable):
        read("/%" + "25" * 6 + "62atch")
    assert read("/%" + "25" * 600 + "62atch") == ("/%" + "25" * 600 + "62atch", ())


def test_with_nothing_refused_every_plain_path_passes():
    assert read("/batch", rules=PathRules((), BASE)) == ("/batch", ())


@given(st.text(max_size=30) | st.text("/.%25eEfF2batchBATCH\\;?#:@ ", max_size=30))
def test_whatever_passes_means_the_same_to_every_reader(written):
    try:
        path, query = read(written, "POST")
    except RequestError:
        return
    assert query == ()
    assert path.startswith("/")
    assert path.isascii()
    assert path.isprintable()
    assert "//" not in path
    assert not {".", ".."} & set(path.lower().replace("%2e", ".").split("/"))
    assert path.strip("/").lower() != "batch"
