"""The guide to PostgreSQL is true: its commands are run in its order, and what comes out is what stands there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fanfold.work import SqliteStore
from fanfold.work.seed import seed
from fanfold.work.store.postgres import PostgresStore
from fanfold.work.store.tables import sums
from tests import databases

pytestmark = pytest.mark.services

GUIDE = (Path(__file__).parents[2] / "docs" / "postgresql.md").read_text()
COMMANDS = [
    (command, written)
    for command, _, written in re.findall(r"```sh\n([^`]+?)\n```\n(\n```text\n([^`]*?)```)?", GUIDE)
    if '"$DB"' in command
]


@pytest.fixture
def url():
    databases.need_postgres()
    name = f"{databases.own_name()}_guide"
    yield databases.make(name)
    databases.drop(name)


def fits(written, received):
    pattern = "(?s)" + ".*".join(map(re.escape, re.split(r"\s*…\s*", written.strip())))
    return re.fullmatch(pattern, received.strip())


def contents(store):
    try:
        return sums(store.content())
    finally:
        store.close()


def test_every_command_does_what_is_written(tmp_path, url):
    store = SqliteStore(tmp_path / "fanfold.db")
    seed(store, "demo")
    before = sums(store.content())
    store.close()
    programs = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = os.environ | {"DB": url, "PATH": programs}
    assert len(COMMANDS) == 8
    for command, written in COMMANDS:
        if command.startswith("pg_") and shutil.which(command.split()[0]) is None:
            continue
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == (2 if written.startswith("There is something") else 0), said
        assert not written or fits(written, said), said
    assert contents(SqliteStore(tmp_path / "again.db")) == before
    assert contents(PostgresStore.open(url)) == before


def test_the_numbers_are_those_of_a_demo(url):
    assert re.search(r"^layout     (\d+)$", GUIDE, re.MULTILINE)[1] == str(len(_migrations()))


def _migrations():
    from fanfold.work.store import migrations  # noqa: PLC0415

    return migrations.known()
