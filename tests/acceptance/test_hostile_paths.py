"""Paths of actions: nothing leaves the API, nothing reaches what a batch may not hold, however it is dressed up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.wire import assert_refused, nothing_written

pytestmark = pytest.mark.usefixtures("unharmed")

ME = {"method": "get", "relative_path": "/users/me"}
NOT_IN_A_BATCH = "not available in a batch request"

BATCHES = (
    *(
        "/batch",
        "batch",
        "/batch/",
        "//batch",
        "/./batch",
        "/x/../batch",
        "/BATCH",
        "/Batch/",
        "/%62atch",
        "/%2562atch",
    ),
    *("/%42ATCH", "/batch?x", "/batch?opt_pretty", "/batch;x", "/batch;v=1", "/batch#x", "/batch/.", "/tasks/../batch"),
    *("/api/1.0/batch", "/api/1.0//batch", "/API/1.0/batch", "/api/%31.0/batch", "\\batch", "/\\batch", "/%2fbatch"),
    *(
        "/%5cbatch",
        "/batch%2f",
        "/batch%3fx",
        "/bat\tch",
        "\t/batch",
        "/batch ",
        "/batch%20",
        "/batch%00",
        "/ｂａｔｃｈ",
    ),
    *(
        "http://127.0.0.1/batch",
        "http://127.0.0.1/api/1.0/batch",
        "//127.0.0.1/batch",
        "https://u:p@h/batch",
        "/batch/x",
    ),
)

OUTSIDE = {
    "absolute": "http://169.254.169.254/latest/meta-data/",
    "absolute https": "https://evil.example/users/me",
    "absolute to ourselves": "http://127.0.0.1:8480/api/1.0/users/me",
    "another scheme": "file:///etc/passwd",
    "a scheme alone": "http:evil.example",
    "a scheme in capitals": "HTTP://evil.example/users/me",
    "a host": "//evil.example/users/me",
    "a host behind a backslash": "/\\evil.example/users/me",
    "a host behind two backslashes": "\\\\evil.example\\users",
    "a host behind a tab": "\t//evil.example/users/me",
    "a host behind a line break": "\n//evil.example/users/me",
    "a host behind slashes": "///evil.example",
    "an address in one number": "//2130706433/users/me",
    "an address of version 6": "//[::1]/users/me",
    "credentials": "@evil.example/users/me",
    "credentials behind a slash": "//user@evil.example/users/me",
    "the way up": "/../users/me",
    "the way up inside": "/tasks/../users/me",
    "the way up at the end": "/users/me/..",
    "a dot": "/./users/me",
    "the way up, encoded": "/tasks/%2e%2e/users/me",
    "the way up, half encoded": "/tasks/.%2e/users/me",
    "the way up, encoded twice": "/tasks/%252e%252e/users/me",
    "the way up with backslashes": "/tasks/..\\users/me",
    "the way up, encoded backslash": "/tasks/..%5cusers/me",
    "the way up behind parameters": "/tasks/..;/users/me",
    "an encoded slash": "/users%2fme",
    "an encoded slash, twice encoded": "/users%252fme",
    "an encoded NUL": "/users/me%00",
    "NUL spelt out": "/users/me\\u0000",
    "a line break": "/users/me\r\nX-Injected: y",
    "an encoded line break": "/users/me%0d%0aX-Injected:%20y",
    "a request in the path": "/users/me HTTP/1.1\r\nHost: evil\r\n\r\nGET /tasks",
    "a tab": "/users/me\t",
    "a space": "/users/m e",
    "an empty segment": "/users//me",
    "a slash at the end": "/users/me/",
    "a parameter": "/users/me;v=1",
    "a fragment": "/users/me#x",
    "a query": "/users/me?opt_fields=email",
    "an empty query": "/users/me?",
    "an encoded query": "/users/me%3fopt_fields=email",
    "capitals": "/USERS/me",
    "the prefix": "/api/1.0/users/me",
    "the prefix, encoded": "/%61pi/1.0/users/me",
    "half an encoding": "/users/me%2",
    "no encoding": "/users/%zz",
    "no UTF-8": "/users/%ff%fe",
    "overlong UTF-8": "/users/%c0%ae%c0%ae",
    "no ASCII": "/users/mé",
    "wide letters": "/ｕｓｅｒｓ/me",
    "two thousand and more": "/users/" + "m" * 8192,
    "many segments": "/users" + "/me" * 500,
    "a page of the server": "/healthz",
    "a page of the server, from above": "/../../healthz",
    "braces": "/users/{me}",
    "a placeholder": "/users/{{me}}",
    "a quote": "/users/'; DROP TABLE record; --",
    "a template": "/users/%s%n%x",
}

IDS = (
    *(
        "../users/me",
        "1/2",
        "1?admin=1",
        "1#x",
        "%2e%2e",
        "\\..",
        "1;x",
        "1%2f2",
        "0",
        "-1",
        "1.0",
        "1e3",
        "0x10",
        "+1",
    ),
    *("1'", "1 OR 1=1", "1%20OR%201=1", "1%27--", "٣", "%D9%A3", "１２", "9" * 19, "9" * 40, "9" * 400, "null", "me"),
    *("None", "__class__", "$where", "*", "%25", "_", "true", "9223372036854775808", "-9223372036854775808"),
)


@pytest.fixture(scope="module")
def workspace(live: Any) -> str:
    return str(live.data("GET", "/workspaces")[0]["gid"])


@pytest.mark.parametrize("method", ["post", "GET", "Put"])
@pytest.mark.parametrize("path", BATCHES)
def test_a_batch_in_a_batch_is_refused_however_it_is_dressed_up(
    live: Any, workspace: str, path: str, method: str
) -> None:
    write = {"method": "post", "relative_path": "/tags", "data": {"name": "never", "workspace": workspace}}
    nested = {"method": method, "relative_path": path, "data": {"actions": [write], "_method": "post"}}
    with nothing_written(live):
        before, refused, after = live.batch(ME, nested, ME)
    assert_refused(refused["status_code"], refused["body"], 400)
    assert NOT_IN_A_BATCH in refused["body"]["errors"][0]["message"]
    assert before["status_code"] == after["status_code"] == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/attachments"),
        ("post", "/%61ttachments"),
        ("post", "//attachments/"),
        ("post", "/organization_exports"),
        ("get", "/organization_exports/1"),
        ("delete", "/x/../organization_exports/1"),
        ("get", "/scim/Users"),
        ("post", "/scim/v2/Users"),
        ("get", "/SCIM"),
    ],
)
def test_what_a_batch_may_not_hold_is_refused(live: Any, method: str, path: str) -> None:
    with nothing_written(live):
        refused, after = live.batch({"method": method, "relative_path": path, "data": {"parent": "1"}}, ME)
    assert_refused(refused["status_code"], refused["body"], 400)
    assert NOT_IN_A_BATCH in refused["body"]["errors"][0]["message"]
    assert after["status_code"] == 200


def test_the_word_batch_is_refused_only_where_it_is_the_operation(live: Any) -> None:
    (result,) = live.batch({"method": "get", "relative_path": "/tasks/batch"})
    assert_refused(result["status_code"], result["body"], 400, 404)
    assert NOT_IN_A_BATCH not in result["body"]["errors"][0]["message"]


@pytest.mark.parametrize("path", OUTSIDE.values(), ids=OUTSIDE)
def test_a_path_that_is_not_plainly_one_of_ours_leads_nowhere(live: Any, path: str) -> None:
    with nothing_written(live):
        before, refused, after = live.batch(ME, {"method": "get", "relative_path": path}, ME)
    assert_refused(refused["status_code"], refused["body"], 400, 404)
    assert before["status_code"] == after["status_code"] == 200


@pytest.mark.parametrize("written", IDS)
def test_an_id_that_is_none_is_one_segment_and_one_value(live: Any, workspace: str, written: str) -> None:
    project = live.data("POST", "/projects", name="Of ids", workspace=workspace, team=_team(live, workspace))["gid"]
    with nothing_written(live):
        results = live.batch(
            {"method": "get", "relative_path": f"/tasks/{written}"},
            {"method": "delete", "relative_path": f"/tasks/{written}"},
            {"method": "get", "relative_path": f"/projects/{project}/{written}"},
            {"method": "get", "relative_path": "/tasks", "data": {"project": written}},
            {"method": "post", "relative_path": "/tags", "data": {"name": "never", "workspace": written}},
            {"method": "post", "relative_path": f"/projects/{project}/addMembers", "data": {"members": f"{written},x"}},
        )
    for result in results:
        assert_refused(result["status_code"], result["body"], 400, 403, 404)


def _team(live: Any, workspace: str) -> str:
    return str(live.data("GET", f"/workspaces/{workspace}/teams")[0]["gid"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/1.0/batch", 404),
        ("PUT", "/api/1.0/batch", 404),
        ("POST", "/api/1.0/batch/", 404),
        ("POST", "/api/1.0//batch", 404),
        ("POST", "//api/1.0/batch", 404),
        ("POST", "/api/1.0/Batch", 404),
        ("POST", "/api/1.0/%62atch", 404),
        ("POST", "/api/1.0/../1.0/batch", 404),
        ("POST", "/api/1.0/users/me", 404),
        ("TRACE", "/api/1.0/users/me", 404),
        ("OPTIONS", "/api/1.0/users/me", 404),
        ("PATCH", "/api/1.0/users/me", 404),
        ("GET", "/api/1.0/..%2f..%2fhealthz", 404),
        ("GET", "/files/1/x?expires=9999999999&signature=0", 403),
        ("GET", "/files/../../etc/passwd?expires=9999999999&signature=", 403),
        ("GET", "/files/1/x?expires=%b2&signature=%ff", 403),
        ("POST", "/healthz", 404),
        ("GET", "/nothing", 404),
    ],
)
def test_a_path_or_method_that_is_not_served_is_refused(live: Any, method: str, path: str, status: int) -> None:
    action = {"method": "get", "relative_path": "/users/me"}
    answered, body, _ = live.call(method, path, {"data": {"actions": [action]}})
    assert_refused(answered, body, status)
