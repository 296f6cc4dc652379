"""Pasted ``curl`` commands become actions."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.cli.batches.files import parse_batch
from fanfold.errors import SetupError

BASE = "/api/1.0"


def lines(text):
    return [json.loads(action.in_batch()) for action in parse_batch(text.encode(), "c", BASE).actions]


def test_commands_of_any_shape_become_actions():
    text = r"""
# from the documentation
$ curl -s "https://app.asana.com/api/1.0/tasks/1?opt_fields=name" -H "Authorization: Bearer $TOKEN"
curl --request PUT --url http://127.0.0.1:8480/api/1.0/tasks/1 \
  -H 'Content-Type: application/json' \
  -d '{"data": {"name": "It is \"so\"",
      "completed": true}}'

curl http://x/api/1.0/tasks/1/addTag -d tag=5 -d'insert=a%20b'
curl -G http://x/api/1.0/tasks -d project=1 --data-urlencode 'limit=2'
curl -XDELETE http://x/api/1.0/tasks/2
"""
    assert lines(text) == [
        {"method": "get", "relative_path": "/tasks/1", "options": {"fields": ["name"]}},
        {"method": "put", "relative_path": "/tasks/1", "data": {"name": 'It is "so"', "completed": True}},
        {"method": "post", "relative_path": "/tasks/1/addTag", "data": {"tag": "5", "insert": "a b"}},
        {"method": "get", "relative_path": "/tasks", "data": {"project": "1"}, "options": {"limit": "2"}},
        {"method": "delete", "relative_path": "/tasks/2"},
    ]


def test_a_command_that_sends_a_batch_becomes_its_actions():
    text = """curl http://x/api/1.0/batch -d '{"data": {"actions": [{"method": "get", "relative_path": "/a"}, 5]}}'"""
    with pytest.raises(SetupError, match=r"c:1: actions\[1\]: expected an action"):
        lines(text)
    assert lines(text.replace(", 5", "")) == [{"method": "get", "relative_path": "/a"}]


def test_a_token_in_a_command_is_not_taken_over():
    found = parse_batch(b"curl http://x/api/1.0/a -H 'Authorization: Bearer secret' -H 'X-B: 1'", "c", BASE)
    assert dict(found.actions[0].more) == {"headers": {"X-B": "1"}}


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("wget http://x/api/1.0/a", "expected a curl command, not 'wget'."),
        ("curl", "expected one URL, not 0."),
        ("curl http://x/api/1.0/a http://x/api/1.0/b", "expected one URL, not 2."),
        ("curl http://[/api/1.0/a", "'http://[/api/1.0/a' is no URL: Invalid IPv6 URL."),
        ("curl http://x/other/a", "/other/a is not below /api/1.0, where --url says that the API is."),
        ("curl http://x/api/1.0/a -d @file", "-d @file is not read: paste what is in the file."),
        ("curl http://x/api/1.0/a -F f=@x", "-F: this option of curl is not read."),
        ("curl http://x/api/1.0/a -d '[1]'", "-d: expected an object."),
        ("curl http://x/api/1.0/a 'open", "a shell could not read this: No closing quotation."),
        ("curl http://x/api/1.0/batch -d '{}'", "a batch without actions."),
    ],
)
def test_a_mistake_names_file_and_line(command, told):
    with pytest.raises(SetupError) as refused:
        lines(f"curl http://x/api/1.0/a\n\n{command}\n")
    assert refused.value.message == f"c:3: {told}"


WORDS = (
    "-d",
    "-X",
    "-H",
    "-G",
    "'",
    '"',
    "\\",
    "\n",
    " ",
    "{}",
    "a=b",
    "http://x/api/1.0/batch",
    "http://[",
    "#",
    "PUT",
    "{",
    "@",
)


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=12))
def test_whatever_is_pasted_is_a_batch_or_a_sentence(words):
    text = "curl " + " ".join(words)
    try:
        found = parse_batch(text.encode("utf-8", "ignore"), "c", BASE).actions
    except SetupError as error:
        found = ()
        told = error.message
    assert found or told.startswith("c:")
