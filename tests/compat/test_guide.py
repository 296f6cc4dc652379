"""The guide is true: its examples run as they are written."""

import re
from pathlib import Path

import pytest

from fanfold.compat.desk import Options
from fanfold.compat.translation import SHARED

GUIDE = (Path(__file__).parents[2] / "docs" / "compat.md").read_text()
HTTPX, REQUESTS, ASANA, ASANA_ASYNCIO = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
HERE = "http://127.0.0.1:8480/api/1.0"

PRINTS = [
    (HTTPX, "[200, 200, 200]\n"),
    (REQUESTS, "[200, 200, 404]\n"),
    (ASANA, "['1030', '1032', '1034']\n"),
    (ASANA_ASYNCIO, "{'data': [{'status_code': 200, 'body': {'data': {'gid': '1001', 'name': 'Ada Lovelace'}}}]}\n"),
]


@pytest.mark.parametrize(("example", "printed"), PRINTS, ids=["httpx", "requests", "asana", "asana_asyncio"])
def test_an_example_does_what_it_says(example, printed, server, monkeypatch, capsys):
    assert HERE in example
    monkeypatch.setenv("FANFOLD_TOKEN", server.token)
    exec(example.replace(HERE, server.url), {"__name__": "example"})
    assert capsys.readouterr().out == printed


def test_the_three_calls_are_one_request(server, monkeypatch):
    monkeypatch.setenv("FANFOLD_TOKEN", server.token)
    exec(HTTPX.replace(HERE, server.url), {"__name__": "example"})
    (entry,) = server.requested(method="POST")
    assert len(entry["actions"]) == 3


def test_every_option_is_named():
    assert [name for name in Options.__annotations__ if f"`{name}`" not in GUIDE] == []


def test_every_shared_header_is_named():
    titles = ["-".join(part.capitalize() for part in name.split("-")) for name in SHARED]
    assert [title for title in titles if f"`{title}`" not in GUIDE] == []
