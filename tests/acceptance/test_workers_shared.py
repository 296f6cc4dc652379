"""Several workers of the whole server on one PostgreSQL: one greeting, one token, one set of data, nobody missed."""

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path

import pytest

from tests import databases
from tests.acceptance.conftest import start, stop

pytestmark = pytest.mark.services


@pytest.fixture
def database():
    databases.need_postgres()
    name = f"fanfold_workers_{os.getpid()}_{time.monotonic_ns()}"
    yield databases.make(name)
    databases.drop(name)


@pytest.fixture
def two(tmp_path, database):
    """Two workers, of which none crashes."""
    live = start(tmp_path, "--workers", "2", "--limits", "off", db=database)
    yield live
    assert stop(live) == 0, live.output.read_text()
    assert "Traceback" not in live.output.read_text()


def workers(live):
    children = Path(f"/proc/{live.process.pid}/task/{live.process.pid}/children").read_text()
    return set(map(int, children.split()))


def until(found, within=60):
    end = time.monotonic() + within
    while not found():
        assert time.monotonic() < end
        time.sleep(0.05)


def project(live):
    return live.data("GET", "/projects")[0]["gid"]


def names(live):
    return {task["name"] for task in live.data("GET", f"/projects/{project(live)}/tasks?limit=100&opt_fields=name")}


def test_they_begin_with_one_set_of_data_and_greet_once(two):
    said = two.output.read_text()
    assert said.count("Fanfold is listening on") == 1
    assert re.search(r"^Workers +2", said, re.MULTILINE)
    assert {user["name"] for user in two.data("GET", "/users?opt_fields=name")} >= {"Ada Lovelace", "Grace Hopper"}
    assert len(two.data("GET", "/workspaces")) == 1
    assert two.call("GET", "/readyz", token="")[1]["status"] == "ready"


def test_the_token_of_a_first_start_is_printed_once_and_known_to_all(tmp_path, database):
    live = start(tmp_path, "--workers", "3", "--access-log", "off", db=database, token="")
    until(lambda: len(workers(live)) == 3)
    (token,) = set(re.findall(r"fft_[\w-]+", live.output.read_text()))
    assert {live.call("GET", "/api/1.0/users/me", token=token)[0] for _ in range(12)} == {200}
    assert stop(live) == 0


def test_what_one_has_written_the_others_show_though_it_is_killed(two):
    until(lambda: len(workers(two)) == 2)
    written, where = set(), project(two)

    def write(number):
        for _ in range(5):
            try:
                task = two.data("POST", "/tasks", name=f"task {number}", projects=[where])
            except (OSError, HTTPException):
                continue  # whoever was asked has been killed; it may be there or not
            written.add(task["name"])
            return

    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, number) for number in range(40)]
        for _ in range(2):
            until(lambda: len(workers(two)) == 2)
            os.kill(min(workers(two)), signal.SIGKILL)
        for one in writing:
            one.result()
    assert len(written) == 40
    assert written <= names(two)


def test_new_settings_reach_all_of_them_and_what_is_written_stays(tmp_path, database):
    file = tmp_path / "fanfold.toml"
    file.write_text("max_actions = 2\n")
    live = start(tmp_path, "--workers", "2", "--limits", "off", "--config", str(file), db=database)
    live.data("POST", "/tasks", name="stays", projects=[project(live)])
    actions = [{"method": "get", "relative_path": "/users/me"}] * 3
    assert live.call("POST", "/api/1.0/batch", {"data": {"actions": actions}})[0] == 400
    file.write_text("max_actions = 3\n")
    until(lambda: len(workers(live)) == 2)
    live.process.send_signal(signal.SIGHUP)
    until(lambda: "All 2 workers have been replaced" in live.output.read_text())
    assert all(len(live.batch(*actions)) == 3 for _ in range(8))
    assert "stays" in names(live)
    assert stop(live) == 0


def test_a_database_that_is_not_there_is_one_sentence(tmp_path):
    command = [sys.executable, "-m", "fanfold", "serve", "--workers", "2", "--db", "postgresql://127.0.0.1:1/none"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1), result
