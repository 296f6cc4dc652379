"""The guides about testing and seeding are true: their examples run as they are written."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from fanfold.server.seed_source import first_data
from tests.server.conftest import ask, make_app, seeded  # noqa: F401
from tests.server.control.conftest import HERE
from tests.server.test_guides import fits, sent_by

DOCS = Path(__file__).parents[2] / "docs"
TESTING = (DOCS / "testing.md").read_text()
CONFTEST, TESTS, SETTINGS, BLOCK = re.findall(r"```python\n(.*?)```", TESTING, re.DOTALL)
CURLS = re.findall(r"```sh\n(curl .*?)```\n\n```json\n(.*?)```", TESTING, re.DOTALL)
(SEED,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "seeding.md").read_text(), re.DOTALL)


def run(directory, *command):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FANFOLD_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, *command], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )


def test_the_fixture_does_what_the_guide_says(tmp_path):
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "test_settings.py").write_text(SETTINGS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    result = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert result.returncode == 0, result.stdout
    assert "4 passed" in result.stdout


def test_the_block_does_what_the_guide_says(tmp_path):
    result = run(tmp_path, "-c", BLOCK)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(("curl", "answer"), CURLS)
async def test_what_is_sent_to_the_controls_is_answered_as_written(curl, answer, make_app):  # noqa: F811
    words = shlex.split(curl.replace("\\\n", " "))
    name, _, value = words[words.index("-H") + 1].partition(": ")
    headers = {name.lower(): value, "host": "127.0.0.1:8480"}
    reply = await ask(make_app(admin=True), *sent_by(curl)[:2], _body(curl), token=None, headers=headers, client=HERE)
    assert fits(json.loads(answer), reply.json), reply.body


def _body(curl):
    return sent_by(curl)[2]


def test_no_curl_is_passed_over():
    assert len(CURLS) == TESTING.count("curl -s")


def test_the_seed_file_of_the_guide_is_loaded(tmp_path):
    path = tmp_path / "team.yaml"
    path.write_text(SEED)
    store = first_data(str(path))
    names = [
        json.loads(d)["name"] for (d,) in store._connection.execute("SELECT document FROM record WHERE kind='task'")
    ]
    assert {"Write the announcement", "Book a hall", "Ask for prices", "Book another hall"} <= set(names)
    store.close()


def test_every_path_of_the_controls_that_the_guide_names_is_there():
    named = set(re.findall(r"/-/admin/(\w*)", TESTING))
    assert named == {"", "reset", "load", "snapshots", "clock", "faults", "requests", "shuffle", "tokens", "coverage"}
