"""The guides are true: every curl and every refusal in them is sent to the application, and the answer compared.

In an answer that is written down ``…`` stands for any text, and ``"…": "…"`` for further members.
"""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.server.conftest import ask

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    *(
        f"docs/{name}.md"
        for name in (
            "accounts",
            "batch",
            "dependent-actions",
            "idempotency",
            "jobs",
            "limits",
            "quickstart",
            "events",
            "work-api",
        )
    ),
)
GUIDES = {name: (ROOT / name).read_text() for name in PAGES}
FENCED = r"```(?:sh)?\n(curl .*?)```\n"

EXAMPLES = [
    pytest.param(curl, answer, id=f"{name} {number}")
    for name, text in GUIDES.items()
    for number, (curl, answer) in enumerate(re.findall(rf"{FENCED}[^`]*```json\n(.*?)```", text, re.DOTALL))
]
SCRIPTS = [
    pytest.param(script, id=f"{name} {number}")
    for name in ("docs/events.md", "docs/jobs.md", "docs/work-api.md")
    for number, script in enumerate(re.findall(r"```python\n(.*?)```", GUIDES[name], re.DOTALL))
]
ROWS = re.findall(r"^\| `(.+?)` \| (\d{3}) \| `(.+?)` \|$", GUIDES["docs/batch.md"], re.MULTILINE)
GRAPHS = re.findall(r"^\| `(\[.+?)` \| (\d{3}) \| `(.+?)` \|$", GUIDES["docs/dependent-actions.md"], re.MULTILINE)
BODIES = [row for row in ROWS if row[0] == "{}" or row[0].startswith('{"data": ')]
ACTIONS = [row for row in ROWS if row not in BODIES]


def fits(written, received):
    """Whether what was received is what is written down."""
    if isinstance(written, dict) and isinstance(received, dict):
        further = "…" in written
        names = written.keys() - {"…"}
        alike = names <= received.keys() if further else names == received.keys()
        return alike and all(fits(written[name], received[name]) for name in names)
    if isinstance(written, list) and isinstance(received, list):
        return len(written) == len(received) and all(map(fits, written, received))
    if isinstance(written, str) and isinstance(received, str):
        return bool(re.fullmatch(".+".join(map(re.escape, written.split("…"))), received))
    return written == received


def sent_by(curl):
    """Method, path and body of what a shell would send."""
    words = shlex.split(curl.replace("\\\n", " "))
    (url,) = (word for word in words if word.startswith("http"))
    parts = urlsplit(url)
    body = words[words.index("-d") + 1].encode() if "-d" in words else None
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
    return method, f"{parts.path}?{parts.query}".rstrip("?"), body


def headers_of(curl):
    """The headers that say how something is to be done."""
    words = shlex.split(curl.replace("\\\n", " "))
    headers = [words[place + 1].split(": ", 1) for place, word in enumerate(words) if word == "-H"]
    return {name.lower(): value for name, value in headers if name not in ("Authorization", "Content-Type")}


def message_of(body):
    (error,) = body["errors"]
    return error["message"]


@pytest.mark.parametrize(("curl", "answer"), EXAMPLES)
async def test_what_is_sent_is_answered_as_written(curl, answer, make_app):
    limited = {"limits": "asana-paid"} if "OPTIONS" in curl else {}
    reply = await ask(make_app(**limited), *sent_by(curl), headers=headers_of(curl))
    assert fits(json.loads(answer), reply.json), json.dumps(reply.json, indent=1)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_runs_and_has_something_to_show(script):
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


@pytest.mark.parametrize(("body", "status", "message"), BODIES)
async def test_a_batch_is_refused_as_written(body, status, message, make_app):
    reply = await ask(make_app(), "POST", "/api/1.0/batch", body.encode())
    assert (reply.status, message_of(reply.json)) == (int(status), message)


@pytest.mark.parametrize(("actions", "status", "message"), GRAPHS)
async def test_actions_that_cannot_be_put_in_order_are_refused_as_written(actions, status, message, make_app):
    plain = [{"method": "get", "relative_path": "/users/me", **action} for action in json.loads(actions)]
    reply = await ask(make_app(), "POST", "/api/1.0/batch", {"data": {"actions": plain}})
    assert (reply.status, message_of(reply.json)) == (int(status), message)


@pytest.mark.parametrize(("action", "status", "message"), ACTIONS)
async def test_an_action_is_refused_as_written(action, status, message, make_app):
    me = '{"method": "get", "relative_path": "/users/me"}'
    body = '{"data": {"actions": [%s, %s]}}' % (action, me)  # noqa: UP031 - full of braces
    reply = await ask(make_app(), "POST", "/api/1.0/batch", body.encode())
    refused, neighbour = reply.json["data"]
    assert (refused["status_code"], message_of(refused["body"])) == (int(status), message)
    assert neighbour["status_code"] == 200


def test_nothing_that_is_written_down_is_passed_over():
    curls = sum(len(re.findall(FENCED, text, re.DOTALL)) for text in GUIDES.values())
    assert len(EXAMPLES) == curls
    assert len(SCRIPTS) == 4
    assert len(ROWS) == len(re.findall(r"\| \d{3} \| `", GUIDES["docs/batch.md"]))
    assert len(GRAPHS) == len(re.findall(r"\| \d{3} \| `", GUIDES["docs/dependent-actions.md"]))
    assert len(BODIES) > 5
    assert len(ACTIONS) > 5


@pytest.mark.parametrize(
    ("written", "received"),
    [
        ({"a": "x"}, {"a": "x", "b": 1}),
        ({"a": "…"}, {"a": 1}),
        ([1], [1, 2]),
        ({"…": "…", "a": 1}, {"b": 1}),
        ("a…", "b"),
    ],
)
def test_another_answer_does_not_fit(written, received):
    assert not fits(written, received)
