"""Query strings, fields and page offsets made up by somebody: refused or harmless, and never costly."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

from fanfold.server.admin import create_token
from tests.acceptance.wire import LAST, assert_refused, exchange, head

pytestmark = pytest.mark.usefixtures("unharmed")

ME = {"method": "get", "relative_path": "/users/me"}


@pytest.fixture(scope="module")
def workspace(live: Any) -> str:
    return str(live.data("GET", "/workspaces")[0]["gid"])


@pytest.fixture(scope="module")
def offset(live: Any, workspace: str) -> str:
    _, page, _ = live.call("GET", f"/api/1.0/projects?workspace={workspace}&limit=1")
    return str(page["next_page"]["offset"])


QUERIES = {
    "ten thousand parameters": "&".join(["p=1"] * 10_000),
    "ten thousand separators": "&" * 10_000 + "=" * 10_000,
    "no encoding": "a=%zz&b=%f",
    "no UTF-8": "opt_fields=%ff%fe",
    "a long value": "opt_fields=" + "a" * 60_000,
    "ten thousand fields": "opt_fields=" + ",".join(f"f{n}" for n in range(9_000)),
    "two thousand fields": "opt_fields=" + ",".join(f"f{n}" for n in range(2_000)),
    "groups of groups": "opt_fields=" + ".".join(["(a|b|c|d)"] * 200),
    "groups side by side": "opt_fields=" + "(a|b)" * 2_000,
    "groups of one": "opt_fields=(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)" + "(a)" * 5_000,
    "open groups": "opt_fields=" + "(" * 10_000,
    "nested groups": "opt_fields=" + "(a|" * 3_000 + "b" + ")" * 3_000,
    "a deep field": "opt_fields=" + ".".join(["assignee"] * 2_000),
    "a circle": "opt_fields=" + ".".join(["workspace", "this"] * 1_000),
    "dots": "opt_fields=" + "." * 10_000,
    "everything": "opt_fields=*",
    "names of another kind": "opt_fields=__class__,__dict__,constructor,prototype,token,password,document",
    "an expansion of everything": "opt_expand=" + ".".join(["(this|workspaces)"] * 50),
    "a pretty list": "opt_pretty=" + "x" * 1000,
    "a parameter twice": "opt_fields=name&opt_fields=email&opt_fields=name",
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_is_answered_or_refused(live: Any, name: str) -> None:
    for path in ("/api/1.0/users/me", "/api/1.0/projects", "/healthz"):
        first, last = exchange(live, head(live, start=f"GET {path}?{QUERIES[name]} HTTP/1.1"), LAST)
        if first.status != 200:
            assert_refused(first.status, json.decode(first.body), 400)
        assert last.status == 200


@pytest.mark.parametrize(
    "name", [name for name, query in QUERIES.items() if "opt_fields" in query and "%f" not in query]
)
def test_fields_of_an_action_are_answered_or_refused(live: Any, name: str) -> None:
    fields = QUERIES[name].partition("=")[2]
    listed = {"method": "get", "relative_path": "/users/me", "options": {"fields": fields.split(",")}}
    for result in live.batch(ME, {**ME, "options": {"fields": fields}}, listed):
        if result["status_code"] != 200:
            assert_refused(result["status_code"], result["body"], 400)


@pytest.mark.parametrize("name", ["ten thousand fields", "groups of groups", "groups side by side", "groups of one"])
def test_too_many_fields_are_refused(live: Any, name: str) -> None:
    fields = QUERIES[name].partition("=")[2]
    before, refused, after = live.batch(ME, {**ME, "options": {"fields": fields}}, ME)
    assert_refused(refused["status_code"], refused["body"], 400)
    assert before["status_code"] == after["status_code"] == 200


def test_relations_that_lead_back_do_not_multiply_without_bounds(live: Any, workspace: str) -> None:
    project = live.data("GET", f"/projects?workspace={workspace}")[0]["gid"]
    for n in range(12):
        field = live.data("POST", "/custom_fields", workspace=workspace, name=f"Field {n}", resource_subtype="text")[
            "gid"
        ]
        live.data("POST", f"/projects/{project}/addCustomFieldSetting", custom_field=field)

    def ask(steps: int) -> Any:
        fields = "custom_field_settings.parent." * steps + "name"
        return live.batch({"method": "get", "relative_path": f"/projects/{project}", "options": {"fields": fields}})[0]

    assert ask(1)["status_code"] == 200
    for steps in (6, 12):
        refused = ask(steps)
        assert_refused(refused["status_code"], refused["body"], 400)


def test_nothing_that_was_refused_is_held_on_to(live: Any) -> None:
    status = Path("/proc") / str(live.process.pid) / "status"
    if not status.exists():
        pytest.skip("there is no /proc to ask")

    def memory() -> int:
        """Resident, in MiB."""
        return int(status.read_text().partition("VmRSS:")[2].split()[0]) // 1024

    def ask(n: int) -> None:
        large = f"{n}" + "x" * 900_000
        live.batch({**ME, "options": {"fields": large}})
        live.call("POST", "/api/1.0/tags", {"data": {"workspace": large}})
        live.call("POST", "/api/1.0/batch", large.encode())

    for n in range(20):
        ask(n)
    before = memory()
    for n in range(20, 120):
        ask(n)
    assert memory() - before < 40


@pytest.mark.parametrize(
    "limit", ["0", "-1", "101", "1000000000", "1.0", "1e1", "+1", "0x1", "", "٣", "%D9%A3", "1 ", "null", "9" * 400]
)
def test_a_limit_that_is_none_is_refused(live: Any, workspace: str, limit: str) -> None:
    action = {"method": "get", "relative_path": "/projects", "data": {"workspace": workspace, "limit": limit}}
    (result,) = live.batch(action)
    assert_refused(result["status_code"], result["body"], 400)
    assert result["body"]["errors"][0]["message"].startswith("limit: ")
    if limit.isascii() and " " not in limit:
        status, body, _ = live.call("GET", f"/api/1.0/projects?workspace={workspace}&limit={limit}")
        assert_refused(status, body, 400)


def forgeries(offset: str) -> dict[str, str]:
    header, claims, signature = offset.split(".")
    decoded = json.decode(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))

    def packed(value: Any) -> str:
        return base64.urlsafe_b64encode(json.encode(value)).rstrip(b"=").decode()

    none = packed({"alg": "none", "typ": "JWT"})
    return {
        "nonsense": "nonsense",
        "dots": "..",
        "a number": "1",
        "no signature": f"{header}.{claims}.",
        "no header": f"{claims}.{signature}",
        "no algorithm": f"{none}.{claims}.",
        "no algorithm, signed": f"{none}.{claims}.{signature}",
        "another border": f"{header}.{packed({**decoded, 'border': 0})}.{signature}",
        "a later end": f"{header}.{packed({**decoded, 'exp': decoded['exp'] + 9999})}.{signature}",
        "a border of SQL": f"{header}.{packed({**decoded, 'border': '1 OR 1=1'})}.{signature}",
        "another signature": f"{header}.{claims}.{signature[::-1]}",
        "a longer signature": f"{header}.{claims}.{signature}A",
        "padding": f"{header}.{claims}.{signature}=",
        "no base64": f"{header}.{claims}.é",
        "a line break": f"{offset}\n",
        "a long one": offset * 1000,
    }


def test_a_forged_offset_is_refused(live: Any, workspace: str, offset: str) -> None:
    def listed(offset: str, **more: Any) -> Any:
        data = {"workspace": workspace, "limit": 1, "offset": offset, **more}
        (result,) = live.batch({"method": "get", "relative_path": "/projects", "data": data})
        return result

    assert listed(offset)["status_code"] == 200
    for name, forged in forgeries(offset).items():
        result = listed(forged)
        assert_refused(result["status_code"], result["body"], 400)
        assert result["body"]["errors"][0]["message"].startswith("offset: "), name
    assert_refused(listed(offset, archived=True)["status_code"], listed(offset, archived=True)["body"], 400)


def test_an_offset_is_good_for_its_list_and_its_reader_only(live: Any, workspace: str, offset: str) -> None:
    path = f"/api/1.0/projects?workspace={workspace}&limit=1&offset={offset}"
    assert live.call("GET", path)[0] == 200
    status, body, _ = live.call("GET", path.replace("projects", "tags"))
    assert_refused(status, body, 400)
    status, body, _ = live.call("GET", path, token=create_token(str(live.db), "grace@example.com", "reader"))
    assert_refused(status, body, 400)


WORDS = (
    "'",
    '"',
    "%",
    "_",
    "*",
    "\\",
    "';--",
    "' OR '1'='1",
    "(",
    "[",
    ".*",
    "(a+)+$",
    "a" * 10_000,
    "🜁",
    "\u202e",
    "\x7f",
    "{{1}}",
)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_that_is_searched_for_is_only_a_word(live: Any, workspace: str, word: str) -> None:
    path = f"/workspaces/{workspace}/typeahead"
    (result,) = live.batch({"method": "get", "relative_path": path, "data": {"resource_type": "task", "query": word}})
    if result["status_code"] == 200:
        assert all(word.casefold() in task["name"].casefold() for task in result["body"]["data"])
    else:
        assert_refused(result["status_code"], result["body"], 400)
