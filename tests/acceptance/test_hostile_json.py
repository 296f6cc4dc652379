"""Bodies that are no JSON, ambiguous JSON or not a batch: refused as documented, and nothing of them is executed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.wire import assert_refused, nothing_written

pytestmark = pytest.mark.usefixtures("unharmed")

ME = {"method": "get", "relative_path": "/users/me"}
WRITE = b'{"method":"post","relative_path":"/tags","data":{"name":"never","workspace":"%d"}}'

# ``@`` stands for an action that would write, so that executing any of these would be seen.
NO_BATCH = {
    "nothing": b"",
    "white space": b"  \n",
    "null": b"null",
    "a list": b"[@]",
    "a string": b'"@"',
    "a number": b"0",
    "no envelope": b'{"actions":[@]}',
    "an envelope that is a list": b'{"data":[@]}',
    "an envelope that is null": b'{"data":null}',
    "no actions": b'{"data":{}}',
    "actions null": b'{"data":{"actions":null}}',
    "actions an object": b'{"data":{"actions":{"0":@}}}',
    "actions empty": b'{"data":{"actions":[]}}',
    "actions a string": b'{"data":{"actions":""}}',
    "actions a number": b'{"data":{"actions":0}}',
    "eleven actions": b'{"data":{"actions":[' + b",".join([b"@"] * 11) + b"]}}",
    "a hundred thousand actions": b'{"data":{"actions":[@' + b",{}" * 100_000 + b"]}}",
    "actions twice": b'{"data":{"actions":[@],"actions":[@]}}',
    "an envelope twice": b'{"data":{"actions":[@]},"data":{"actions":[@]}}',
    "a key twice, spelt otherwise": b'{"data":{"actions":[@],"\\u0061ctions":[@]}}',
    "a method twice": b'{"data":{"actions":[@,{"method":"get","method":"delete","relative_path":"/tags/1"}]}}',
    "a key twice in the data": b'{"data":{"actions":[@,{"method":"get","relative_path":"/a","data":{"a":1,"a":2}}]}}',
    "NaN": b'{"data":{"actions":[@],"x":NaN}}',
    "Infinity": b'{"data":{"actions":[@],"x":-Infinity}}',
    "a float beyond all": b'{"data":{"actions":[@],"x":1e999}}',
    "an integer of 65 bits": b'{"data":{"actions":[@],"x":9223372036854775808}}',
    "a negative integer of 65 bits": b'{"data":{"actions":[@],"x":-9223372036854775809}}',
    "an integer of 5000 digits": b'{"data":{"actions":[@],"x":' + b"9" * 5000 + b"}}",
    "many long integers": b'{"data":{"actions":[@],"x":[' + b",".join([b"9" * 4300] * 200) + b"]}}",
    "a lone surrogate": b'{"data":{"actions":[@],"x":"\\ud800"}}',
    "a lone surrogate as a key": b'{"data":{"actions":[@],"\\udc00":1}}',
    "NUL": b'{"data":{"actions":[@],"x":"\\u0000"}}',
    "a control character": b'{"data":{"actions":[@],"x":"\x01"}}',
    "no UTF-8": b'{"data":{"actions":[@],"x":"\xff"}}',
    "overlong UTF-8": b'{"data":{"actions":[@],"x":"\xc0\xaf"}}',
    "a byte order mark": b'\xef\xbb\xbf{"data":{"actions":[@]}}',
    "text after the end": b'{"data":{"actions":[@]}} {}',
    "a comma too many": b'{"data":{"actions":[@,]}}',
    "commas only": b'{"data":{"actions":[' + b"," * 100_000 + b"]}}",
    "single quotes": b"{'data':{'actions':[@]}}",
    "a comment": b'{"data":{"actions":[@]}}/* x */',
    "65 levels": b'{"data":{"actions":[@],"x":' + b"[" * 63 + b"]" * 63 + b"}}",
    "a hundred thousand levels": b'{"data":{"actions":[@],"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "a hundred thousand levels, not closed": b'{"data":{"actions":[@],"x":' + b'{"a":' * 100_000,
    "an unfinished string": b'{"data":{"actions":[@],"x":"',
    "a form": b"data=%7B%22actions%22%3A%5B%5D%7D",
}

NO_ACTION: dict[str, Any] = {
    "null": None,
    "a string": "/users/me",
    "a list": ["get", "/users/me"],
    "a number": 7,
    "nothing in it": {},
    "no method": {"relative_path": "/users/me"},
    "no path": {"method": "get"},
    "a path that is null": {"method": "get", "relative_path": None},
    "a path that is a list": {"method": "get", "relative_path": ["/users/me"]},
    "a path that is a number": {"method": "get", "relative_path": 7},
    "a method that is a number": {"method": 1, "relative_path": "/users/me"},
    "a method that is a list": {"method": ["get"], "relative_path": "/users/me"},
    "a method with a space": {"method": "GET ", "relative_path": "/users/me"},
    "a method with a line break": {"method": "get\r\nX: y", "relative_path": "/users/me"},
    "a method with NUL spelt out": {"method": "get\\u0000", "relative_path": "/users/me"},
    "a method in wide letters": {"method": "ＧＥＴ", "relative_path": "/users/me"},
    "CONNECT": {"method": "CONNECT", "relative_path": "/users/me"},
    "TRACE": {"method": "TRACE", "relative_path": "/users/me"},
    "OPTIONS": {"method": "OPTIONS", "relative_path": "/users/me"},
    "data that is a list": {"method": "post", "relative_path": "/tags", "data": [1]},
    "data that is a string": {"method": "post", "relative_path": "/tags", "data": "name=never"},
    "data of a GET within data": {"method": "get", "relative_path": "/tags", "data": {"workspace": {"gid": "1"}}},
    "options that are a list": {**ME, "options": [1]},
    "options that are a string": {**ME, "options": "opt_fields=name"},
    "fields that are a number": {**ME, "options": {"fields": 7}},
    "fields that are objects": {**ME, "options": {"fields": [{}]}},
    "a limit that is true": {**ME, "options": {"limit": True}},
    "a limit that is a list": {**ME, "options": {"limit": [1]}},
    "an offset that is an object": {**ME, "options": {"offset": {}}},
}


@pytest.fixture(scope="module")
def workspace(live: Any) -> int:
    return int(live.data("GET", "/workspaces")[0]["gid"])


@pytest.mark.parametrize("body", NO_BATCH.values(), ids=NO_BATCH)
def test_what_is_no_batch_is_refused_as_a_whole(live: Any, workspace: int, body: bytes) -> None:
    with nothing_written(live):
        status, answer, _ = live.call("POST", "/api/1.0/batch", body.replace(b"@", WRITE % workspace))
    assert_refused(status, answer, 400)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_are_refused(live: Any, workspace: int, encoding: str) -> None:
    body = b'{"data":{"actions":[%b]}}' % (WRITE % workspace)
    with nothing_written(live):
        status, answer, _ = live.call("POST", "/api/1.0/batch", body.decode().encode(encoding))
    assert_refused(status, answer, 400)


@pytest.mark.parametrize(
    "name", [name for name, body in NO_BATCH.items() if b'"x"' in body or b"twice" in name.encode()]
)
def test_ambiguous_json_is_refused_alike_where_no_batch_is_asked_for(live: Any, workspace: int, name: str) -> None:
    data = b'{"name":"never","workspace":"%d"}' % workspace
    body = NO_BATCH[name].replace(b'"actions":[@]', b'"a":%b' % data).replace(b"@", data)
    with nothing_written(live):
        status, answer, _ = live.call("POST", "/api/1.0/tags", body)
    assert_refused(status, answer, 400)


@pytest.mark.parametrize("action", NO_ACTION.values(), ids=NO_ACTION)
def test_what_is_no_action_is_refused_at_its_own_place_and_its_neighbours_run(live: Any, action: Any) -> None:
    with nothing_written(live):
        before, refused, after = live.batch(ME, action, ME)
    assert_refused(refused["status_code"], refused["body"], 400)
    assert before["status_code"] == after["status_code"] == 200
    assert before["body"]["data"]["gid"] == after["body"]["data"]["gid"]


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("bad", ["///", "http://:", "/a", "", "/%zz"])
def test_a_bad_path_never_moves_its_neighbours(live: Any, workspace: int, bad: str, place: int) -> None:
    actions: list[Any] = [
        ME,
        {"method": "get", "relative_path": f"/workspaces/{workspace}"},
        {"method": "get", "relative_path": f"/workspaces/{workspace}/users"},
    ]
    actions.insert(place, {"method": "get", "relative_path": bad})
    results = live.batch(*actions)
    refused = results.pop(place)
    assert_refused(refused["status_code"], refused["body"], 400, 404)
    assert [result["status_code"] for result in results] == [200, 200, 200]
    user, space, users = (result["body"]["data"] for result in results)
    assert user["resource_type"] == "user"
    assert space["gid"] == str(workspace)
    assert isinstance(users, list)


def test_keys_that_nobody_knows_change_nothing(live: Any) -> None:
    unknown = {
        "url": "http://evil",
        "uri": "/users/1002",
        "auth": "Bearer x",
        "cookies": {"a": "b"},
        "body": {"data": {}},
        "name": "a",
    }
    cyclic = {**ME, **unknown}
    plain, other, same = live.batch(ME, cyclic, cyclic)
    assert plain == other == same


def test_a_body_may_be_as_large_as_the_limit_and_no_byte_larger(live: Any) -> None:
    body = b'{"data":{"actions":[{"method":"get","relative_path":"/users/me"}]}}'
    status, answer, _ = live.call("POST", "/api/1.0/batch", body.ljust(2**20))
    assert status == 200
    assert answer["data"][0]["status_code"] == 200
    status, answer, _ = live.call("POST", "/api/1.0/batch", body.ljust(2**20 + 1))
    assert_refused(status, answer, 413)


def test_a_million_keys_are_too_large(live: Any) -> None:
    body = b'{"data":{' + b",".join(b'"%x":0' % n for n in range(10**6)) + b"}}"
    status, answer, _ = live.call("POST", "/api/1.0/batch", body)
    assert_refused(status, answer, 413)


def test_as_many_keys_as_fit_are_answered_like_few(live: Any, workspace: int) -> None:
    def status(keys: int) -> int:
        unknown = b",".join(b'"%x":0' % n for n in range(keys))
        body = b'{"data":{"name":"a tag","workspace":"%d",%b}}' % (workspace, unknown)
        return int(live.call("POST", "/api/1.0/tags", body)[0])

    assert status(90_000) == status(2) < 500
