"""docs/operations.md is true: its settings and flags exist, its answer is given, its backup holds what is there."""

import re
import shlex
import sqlite3
import subprocess
import sys
import tomllib
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from msgspec import json

from fanfold.server.draining import IDLE_GRACE
from fanfold.server.gateway_settings import GatewaySettings
from fanfold.server.protocol import MIN_TAKEN
from fanfold.server.readiness import HELD, Part, Report, Status, Word
from fanfold.server.supervisor import FIXED, PAUSES, SLACK
from fanfold.settings import Settings
from tests.server.conftest import ask

GUIDE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
NAMES = set(Settings.__struct_fields__) | set(GatewaySettings.__struct_fields__)


def fenced(kind):
    return re.findall(rf"```{kind}\n(.*?)```", GUIDE, re.DOTALL)


def test_the_settings_that_are_shown_can_be_told():
    (text,) = fenced("toml")
    assert msgspec.convert(tomllib.loads(text), Settings).workers == 3


def test_every_setting_that_is_named_exists():
    told = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)(?: = [^`]*)?`", GUIDE))
    assert {name for name in told if not name.startswith("fanfold_")} - {"max_connections"} <= NAMES


@pytest.mark.parametrize(
    "line", [line for text in fenced("sh") for line in text.splitlines() if line.startswith("fanfold ")]
)
def test_every_flag_that_is_shown_exists(line):
    words = shlex.split(line)
    shown = subprocess.run(
        [sys.executable, "-m", *words[:2], "--help"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert {word for word in words if word.startswith("--")} <= set(re.findall(r"--[\w-]+", shown))


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`fanfold (db \w+)", GUIDE))))
def test_every_command_that_is_named_exists(command):
    words = [sys.executable, "-m", "fanfold", *command.split(), "--help"]
    assert subprocess.run(words, capture_output=True, timeout=60, check=False).returncode == 0


async def test_readiness_is_shown_as_it_is(make_app):
    (shown,) = fenced("json")
    assert (await ask(make_app(), "GET", "/readyz", token=None)).json == json.decode(shown)


def test_every_word_of_readiness_is_explained():
    for word in (*Status.__args__, *Word.__args__, *Report.__struct_fields__):
        assert f"`{word}`" in GUIDE


def test_numbers_are_those_of_the_code():
    assert (IDLE_GRACE, HELD, Part.__struct_defaults__[-1]) == (1.0, 1.0, 1.0)
    assert f"grow to {PAUSES[-1]:g} seconds" in GUIDE
    assert f"`drain_delay + 2 × drain_timeout + {SLACK:g}` seconds" in GUIDE
    assert f"less than {MIN_TAKEN // 1024} kB" in GUIDE
    assert "Everything\ncan change but " + "`host`, `port` and `workers`" in GUIDE
    assert FIXED == ("host", "port", "workers")
    assert (Settings().head_timeout, Settings().body_timeout) == (10.0, 30.0)


def test_a_backup_of_a_running_server_holds_what_is_there(make_app, tmp_path):
    app = make_app()
    (statement,) = re.findall(r'sqlite3 fanfold\.db "(.*)"', GUIDE)
    backup = tmp_path / "backup.db"
    with closing(sqlite3.connect(app.settings.db)) as database:
        database.execute(statement.replace("backup.db", str(backup)))
        counted = "SELECT count(*) FROM record"
        with closing(sqlite3.connect(backup)) as copy:
            assert copy.execute(counted).fetchone() == database.execute(counted).fetchone()
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
