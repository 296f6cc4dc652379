"""``fanfold call``: one request."""

import json

import pytest

from tests.cli.batch_servers import telling


@pytest.fixture
def call(fanfold, asana_server):
    def call_it(*words):
        return fanfold("call", *words, "--url", asana_server.url, "--token", asana_server.token)

    return call_it


def test_a_read_prints_its_data(call):
    code, out, err = call("GET", "/users/me", "--fields", "name")
    assert (code, json.loads(out), err) == (0, {"gid": "1001", "name": "Ada Lovelace"}, "")
    assert call("get", "users/me?opt_fields=name")[1] == out


def test_json_is_the_whole_body_on_one_line(call):
    code, out, _ = call("GET", "/users", "-d", "workspace=1005", "-d", "limit=1", "--fields", "name", "--json")
    assert (code, out.count("\n"), len(json.loads(out)["data"])) == (0, 1, 1)
    assert "next_page" in json.loads(out)


@pytest.mark.parametrize("data", [['{"name": "x", "workspace": "1005"}'], ["name=x", 'workspace="1005"']])
def test_a_write_sends_its_data(call, data):
    code, out, _ = call("POST", "/tasks", *(word for each in data for word in ("-d", each)), "--fields", "name")
    assert (code, json.loads(out)["name"]) == (0, "x")


def test_a_refusal_is_said_beside_and_is_exit_code_1(call):
    assert call("GET", "/tasks/999") == (1, "", "404 task: Unknown object: 999\n")
    code, out, _ = call("GET", "/tasks/999", "--json")
    assert (code, list(json.loads(out))) == (1, ["errors"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("FETCH", "/a"), "method: 'FETCH' is none of DELETE, GET, HEAD, PATCH, POST, PUT.\n"),
        (("GET", "/a b"), "path: Must start with / and have no query (use params), not '/a b'.\n"),
        (("POST", "/a", "-d", "{"), "-d: not JSON: "),
        (("POST", "/a", "-d", "x"), "-d expects JSON or name=value, not 'x'.\n"),
        (("GET", "/a", "-d", "[1]"), "-d: a read takes names and values.\n"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(call, words, told):
    code, out, err = call(*words)
    assert (code, out, err.startswith(told)) == (2, "", True), err


@pytest.mark.parametrize(
    ("body", "how", "told"),
    [
        ("<html>", {"kind": "text/html"}, "The answer is text/html, not JSON.\n"),
        ("<html>", {"kind": "text/html; charset=x", "status": 404}, "URL answers 404 with text/html, not JSON: "),
        ('{"data": ', {}, "The answer is broken JSON of 9 bytes.\n"),
        ('{"data": 1}', {"missing": 5}, "URL does not answer: The connection broke: "),
    ],
)
def test_what_is_no_answer_is_one_sentence_and_exit_code_2(fanfold, body, how, told):
    with telling(body, **how) as server:
        code, out, err = fanfold("call", "GET", "/a", "--url", server.url)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(told.replace("URL", server.url))
