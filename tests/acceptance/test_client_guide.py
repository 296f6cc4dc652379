"""The guide to the client is true: its examples run as they are written, against a real server."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import fanfold.client
from fanfold.client import errors

GUIDE = (Path(__file__).parents[2] / "docs" / "client.md").read_text()
FIRST, *EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def test_the_first_example_is_a_program(live: Any) -> None:
    program = FIRST.replace("http://127.0.0.1:8480/api/1.0", live.api)
    environment = os.environ | {"FANFOLD_TOKEN": live.token}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("['Write the imprint', ")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.partition("\n")[0][:50])
async def test_the_others_run_with_a_client(live: Any, example: str) -> None:
    names = {name: getattr(fanfold.client, name) for name in fanfold.client.__all__} | {"asyncio": asyncio}
    exec(f"async def run(client):\n{textwrap.indent(example, '    ')}", names)
    async with fanfold.client.Client(live.api, live.token) as client:
        await names["run"](client)


def test_the_tree_of_errors_is_whole() -> None:
    tree = errors.__doc__.partition("ApiError`` are")[0]
    for name in errors.__all__:
        if name[0].isupper() and name != "Travelled":
            assert re.search(rf"\b{name}\b", GUIDE), name
            assert re.search(rf"\b{name}\b", tree), name
