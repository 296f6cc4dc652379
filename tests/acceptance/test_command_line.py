"""The command line as a person meets it: what it prints, what it refuses, and that what it prints works."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

Result = subprocess.CompletedProcess[str]


@pytest.fixture
def fanfold(tmp_path: Path) -> Callable[..., Result]:
    """Runs the command in an empty directory, without settings from outside."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FANFOLD_")}

    def run(*arguments: str, **more: str) -> Result:
        command = [sys.executable, "-m", "fanfold", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment | more, capture_output=True, text=True, timeout=60, check=False
        )

    return run


def assert_one_sentence(result: Result, *words: str) -> None:
    """A refusal to start: one clear sentence on standard error, exit code 2, nothing else."""
    assert (result.returncode, result.stdout) == (2, ""), result
    assert result.stderr.count("\n") == 1
    assert result.stderr.endswith(".\n")
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """What a first start without any token prints, and its database; the server runs meanwhile."""
    directory = tmp_path_factory.mktemp("fresh")
    output = directory / "output"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FANFOLD_")}
    with output.open("wb") as out:
        command = [sys.executable, "-m", "fanfold", "serve", "--port", "0", "--db", "fresh.db", "--access-log", "off"]
        process = subprocess.Popen(command, cwd=directory, stdout=out, stderr=out, env=environment)
    try:
        until = time.monotonic() + 30
        while "\n\n" not in (said := output.read_text()).partition("Try a batch")[2] and time.monotonic() < until:
            assert process.poll() is None, said
            time.sleep(0.02)
        yield said, directory / "fresh.db"
    finally:
        process.terminate()
        assert process.wait(30) == 0


def printed_curl(said: str) -> str:
    return said.partition("Try a batch:\n")[2].strip()


def test_a_first_start_prints_a_batch_that_works_when_pasted(fresh: tuple[str, Path]) -> None:
    said, _ = fresh
    assert re.search(r"listening on http://127\.0\.0\.1:\d+ ", said)
    assert re.search(r"Token +fft_[\w-]{43} ", said)
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    pasted = subprocess.run(["/bin/sh", "-c", printed_curl(said)], capture_output=True, timeout=30, check=True)
    user, projects = json.decode(pasted.stdout)["data"]
    assert user["body"]["data"]["resource_type"] == "user"
    assert len(projects["body"]["data"]) == 3
    assert b"\n  " in pasted.stdout


def test_each_database_gets_a_token_of_its_own(fresh: tuple[str, Path], serve: Any) -> None:
    said, _ = fresh
    (printed,) = set(re.findall(r"fft_[\w-]+", said))
    other = serve(token="")
    (another,) = set(re.findall(r"fft_[\w-]+", other.output.read_text()))
    assert printed != another
    assert other.call("GET", "/api/1.0/users/me", token=printed)[0] == 401
    assert other.call("GET", "/api/1.0/users/me", token=another)[0] == 200


def test_tokens_are_kept_as_digests_only(fresh: tuple[str, Path]) -> None:
    said, db = fresh
    (token,) = set(re.findall(r"fft_[\w-]+", said))
    for path in db.parent.glob("fresh.db*"):
        assert path.is_dir() or token.encode() not in path.read_bytes()


def test_a_token_is_made_listed_used_and_revoked_while_the_server_runs(
    live: Any, fanfold: Callable[..., Result]
) -> None:
    db = ("--db", str(live.db))
    made = fanfold("token", "create", *db, "--user", "grace@example.com", "--name", "Grace's laptop")
    token = made.stdout.strip()
    assert (made.returncode, made.stderr, token[:4]) == (0, "", "fft_")
    _, body, _ = live.call("GET", "/api/1.0/users/me", token=token)
    assert body["data"]["name"] == "Grace Hopper"

    shown = fanfold("token", "list", *db).stdout
    assert token not in shown
    (line,) = [line for line in shown.splitlines() if "Grace's laptop" in line]
    number = line.partition("\t")[0]
    assert line.endswith("valid")

    assert fanfold("token", "revoke", number, *db).stdout == f"Token {number} is revoked.\n"
    until = time.monotonic() + 3
    while live.call("GET", "/api/1.0/users/me", token=token)[0] == 200:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert live.call("GET", "/api/1.0/users/me", token=token)[0] == 401
    assert live.call("GET", "/api/1.0/users/me")[0] == 200
    assert "revoked" in fanfold("token", "list", *db).stdout
    assert_one_sentence(fanfold("token", "revoke", number, *db), number)


@pytest.mark.parametrize("user", ["nobody@example.com", "x", "1", "9" * 30, "-1"])
def test_a_token_for_nobody_is_refused(live: Any, fanfold: Callable[..., Result], user: str) -> None:
    assert_one_sentence(fanfold("token", "create", "--db", str(live.db), f"--user={user}"), user)


@pytest.mark.parametrize("number", ["0", "-1", "999", "9" * 30])
def test_a_token_that_is_not_there_cannot_be_revoked(live: Any, fanfold: Callable[..., Result], number: str) -> None:
    assert_one_sentence(fanfold("token", "revoke", "--db", str(live.db), "--", number), number)


def test_an_app_is_made_listed_and_deleted(live: Any, fanfold: Callable[..., Result]) -> None:
    db = ("--db", str(live.db))
    made = fanfold("app", "create", "Planner", "--redirect", "https://planner.example.com/done", *db)
    told = dict(line.split() for line in made.stdout.splitlines())
    assert (made.returncode, made.stderr, list(told)) == (0, "", ["client_id", "client_secret"])
    listed = fanfold("app", "list", *db).stdout
    assert told["client_id"] in listed
    assert "https://planner.example.com/done" in listed
    assert told["client_secret"] not in listed
    assert fanfold("app", "delete", told["client_id"], *db).returncode == 0
    assert told["client_id"] not in fanfold("app", "list", *db).stdout
    assert_one_sentence(fanfold("app", "delete", told["client_id"], *db), told["client_id"], "fanfold app list")


def test_an_app_with_an_address_that_is_not_safe_is_refused(live: Any, fanfold: Callable[..., Result]) -> None:
    made = fanfold("app", "create", "Planner", "--redirect", "http://planner.example.com/", "--db", str(live.db))
    assert_one_sentence(made, "http://planner.example.com/", "https://")


@pytest.mark.parametrize("flags", [("--workspace", "1"), ("--user", "ada@example.com")])
def test_a_service_account_is_of_a_workspace_and_of_nobody(
    live: Any, fanfold: Callable[..., Result], flags: tuple[str, ...]
) -> None:
    assert_one_sentence(fanfold("token", "create", "--service-account", *flags, "--db", str(live.db)), flags[0])


@pytest.mark.parametrize("command", ["create", "list", "revoke"])
def test_tokens_of_a_database_that_is_not_there_make_none(
    fanfold: Callable[..., Result], tmp_path: Path, command: str
) -> None:
    assert_one_sentence(
        fanfold("token", command, *["1"] * (command == "revoke"), "--db", "none.db"), "none.db", "serve"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_busy_port_is_refused(fanfold: Callable[..., Result]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        assert_one_sentence(fanfold("serve", "--port", port), port, "--port")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--port", "65536"), ("65536", "port")),
        (("--port", "-1"), ("-1", "port")),
        (("--host", "256.256.256.256"), ("256.256.256.256",)),
        (("--limits", "asana-huge"), ("asana-huge", "asana-free", "requests=300")),
        (("--limits", "requests=0"), ("requests=0",)),
        (("--limits", "requests=many"), ("many",)),
        (("--limits", ""), ("asana-free",)),
        (("--db", "missing/some.db"), ("missing/some.db",)),
        (("--db", "."), (".",)),
        (("--db", "text.db"), ("text.db", "--db")),
        (("--db", "other.db"), ("other.db", "another program", "--db")),
        (("--db", "newer.db"), ("newer.db", "newer", "--db")),
        (("--db", "short.db"), ("short.db",)),
        (("--access-log", "missing/log"), ("missing/log",)),
        (("--config", "missing.toml"), ("missing.toml", "No such file")),
        (("--config", "."), (".",)),
        (("--config", "broken.toml"), ("broken.toml", "TOML")),
        (("--config", "binary.toml"), ("binary.toml",)),
        (("--config", "unknown.toml"), ("prot",)),
        (("--config", "wrong.toml"), ("max_body",)),
    ],
)
def test_what_cannot_be_served_is_refused_in_one_sentence(
    fanfold: Callable[..., Result], tmp_path: Path, flags: tuple[str, ...], words: tuple[str, ...]
) -> None:
    (tmp_path / "text.db").write_text("This is no database, but a text that is long enough to be none. " * 20)
    (tmp_path / "short.db").write_text("no database")
    for name, sql in (("other.db", "CREATE TABLE mine (x)"), ("newer.db", "PRAGMA user_version = 99")):
        with closing(sqlite3.connect(tmp_path / name)) as database:
            database.execute(sql)
    (tmp_path / "broken.toml").write_text("port = = 1")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "unknown.toml").write_text("prot = 1")
    (tmp_path / "wrong.toml").write_text("max_body = 'many'")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert_one_sentence(fanfold("serve", *(("--port", "0") if "--port" not in flags else ()), *flags), *words)
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_database_that_cannot_be_written_is_refused(fanfold: Callable[..., Result], tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert_one_sentence(fanfold("serve", "--db", "locked/some.db"), "locked/some.db")


@pytest.mark.parametrize("name", ["FANFOLD_PORT", "FANFOLD_MAX_BODY", "FANFOLD_SEED", "FANFOLD_BODY_TIMEOUT"])
def test_a_wrong_variable_is_refused_in_one_sentence(fanfold: Callable[..., Result], name: str) -> None:
    assert_one_sentence(fanfold("serve", **{name: "many"}), name.removeprefix("FANFOLD_").lower())


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("serve", "--nonsense"), ("serve", "--port", "x"), ("token", "revoke")]
)
def test_what_is_no_command_is_refused(fanfold: Callable[..., Result], arguments: tuple[str, ...]) -> None:
    result = fanfold(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr
    assert "Traceback" not in result.stderr


def test_help_and_version_tell_what_there_is(fanfold: Callable[..., Result]) -> None:
    shown = fanfold("--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert {"serve", "demo", "coverage", "token"} <= set(shown.stdout.split())
    options = fanfold("serve", "--help").stdout
    for option in ("--host", "--port", "--db", "--token", "--limits", "--seed", "--access-log", "--config"):
        assert option in options
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", fanfold("--version").stdout)


def test_the_demo_shows_ten_results_in_order(fanfold: Callable[..., Result], tmp_path: Path) -> None:
    result = fanfold("demo")
    assert result.returncode == 0, result
    rows = re.findall(r"[│┃]\s*(\d+)\s*[│┃]\s*(GET|POST|PUT)\s.*?[│┃]\s*(\d{3})\s*[│┃]\s*([\d.]+)", result.stdout)
    assert [int(number) for number, *_ in rows] == list(range(1, 11))
    assert [int(status) for _, _, status, _ in rows] == [200, 200, 200, 200, 201, 201, 201, 200, 404, 200]
    assert re.search(r"took [\d.]+ ms.*took [\d.]+ ms", result.stdout, re.DOTALL)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/docs", "/"])
@pytest.mark.parametrize("token", ["", "wrong"])
def test_pages_need_no_token(live: Any, path: str, token: str) -> None:
    status, headers, text = _page(live, path, {"Authorization": f"Bearer {token}"} if token else {})
    assert status == 200
    assert len(text) == int(headers["content-length"])
    if path == "/openapi.json":
        assert "/tasks/{task_gid}" in json.decode(text)["paths"]
    elif path != "/healthz":
        assert b"<!doctype html>" in text[:200].lower()
        assert b"http://" not in text.replace(b"http://www.w3.org/", b"")
        assert b"https://" not in text


def _page(live: Any, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    from http.client import HTTPConnection  # noqa: PLC0415

    with closing(HTTPConnection(live.host, live.port, timeout=10)) as connection:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
