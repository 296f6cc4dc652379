"""``fanfold demo``: a real server process, one real batch of ten over HTTP, and what the same ten cost one by one."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from fanfold.errors import SetupError

START_WITHIN = 20.0
"""Seconds in which the server has to be up."""


class _Client:
    """One keep-alive connection to the demo server."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Fanfold-Timing": "1"}

    def call(self, method: str, path: str, data: Any = None) -> tuple[int, Any, str]:
        """Status, decoded body and server timing of one request."""
        body = None if data is None else json.dumps({"data": data})
        self._connection.request(method, f"/api/1.0{path}", body, self._headers)
        response = self._connection.getresponse()
        return response.status, json.loads(response.read()), response.getheader("server-timing", "")

    def get(self, path: str) -> Any:
        """The data of a GET that has to succeed."""
        status, body, _ = self.call("GET", path)
        if status != 200:
            raise SetupError(f"The demo server answered {status} to GET {path}.")
        return body["data"]


def run() -> int:
    """Run the demo; the exit code is 0 if all went as it should."""
    token = f"fft_{secrets.token_urlsafe(32)}"
    with tempfile.TemporaryDirectory(prefix="fanfold-demo-") as directory:
        server = _start(Path(directory), token)
        try:
            port = _port(server, Path(directory) / "server.out")
            return _show(_Client(port, token))
        finally:
            server.terminate()
            server.wait(timeout=30)


def _start(directory: Path, token: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "fanfold", "serve", "--port", "0", "--db", str(directory / "demo.db")]
    environment = {**os.environ, "FANFOLD_TOKEN": token, "PYTHONUNBUFFERED": "1"}
    with (directory / "server.out").open("wb") as out:
        return subprocess.Popen(  # noqa: S603 - this program itself
            [*command, "--seed", "demo", "--access-log", "off"], stdout=out, stderr=out, env=environment
        )


def _port(server: subprocess.Popen[bytes], out: Path) -> int:
    until = time.monotonic() + START_WITHIN
    while time.monotonic() < until and server.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:(\d+)", out.read_text())
        if found and _alive(int(found[1])):
            return int(found[1])
        time.sleep(0.02)
    raise SetupError(f"The demo server did not start. It said:\n{out.read_text()}")


def _alive(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _actions(client: _Client) -> list[dict[str, Any]]:
    workspace = client.get("/workspaces?limit=1")[0]["gid"]
    project = client.get(f"/projects?workspace={workspace}&limit=1")[0]["gid"]
    task, other = (item["gid"] for item in client.get(f"/projects/{project}/tasks?limit=2"))
    return [
        {"method": "get", "relative_path": "/users/me", "options": {"fields": ["name", "email"]}},
        {"method": "get", "relative_path": f"/projects/{project}"},
        {"method": "get", "relative_path": f"/projects/{project}/tasks", "options": {"limit": 5, "fields": ["name"]}},
        {"method": "get", "relative_path": f"/tasks/{task}", "options": {"fields": ["name", "assignee.name"]}},
        {"method": "post", "relative_path": "/tasks", "data": {"name": "Made in a batch", "projects": [project]}},
        {"method": "post", "relative_path": "/tasks", "data": {"name": "And another", "workspace": workspace}},
        {"method": "post", "relative_path": f"/tasks/{task}/stories", "data": {"text": "Said in a batch."}},
        {"method": "put", "relative_path": f"/tasks/{other}", "data": {"completed": True}},
        {"method": "get", "relative_path": "/tasks/999999999"},
        {"method": "get", "relative_path": f"/workspaces/{workspace}/tags"},
    ]


def _show(client: _Client) -> int:
    actions = _actions(client)
    started = time.perf_counter()
    status, body, timing = client.call("POST", "/batch", {"actions": actions})
    took = (time.perf_counter() - started) * 1000
    results = body.get("data", []) if status == 200 else []
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    table = Table(
        "#",
        "action",
        "status",
        "server ms",
        "answer",
        title="One POST /api/1.0/batch, ten actions",
        title_justify="left",
    )
    for index, (action, result, milliseconds) in enumerate(zip(actions, results, _times(timing), strict=True), 1):
        code = result["status_code"]
        style = "green" if code < 300 else "red"
        path = f"{action['method'].upper()} {action['relative_path']}"
        table.add_row(str(index), path, f"[{style}]{code}[/]", f"{milliseconds:.2f}", _brief(result["body"]))
    console.print(table)
    alone = sum(_alone(client, action) for action in actions)
    console.print(
        f"This batch took {took:.1f} ms. One by one the same ten took {alone:.1f} ms, "
        "on this machine, without any network."
    )
    expected = [200, 200, 200, 200, 201, 201, 201, 200, 404, 200]
    return 0 if [result["status_code"] for result in results] == expected else 1


def _times(timing: str) -> list[float]:
    return [float(value) for value in re.findall(r"a\d+;dur=([\d.]+)", timing)]


def _brief(body: Any) -> str:
    if "errors" in body:
        return str(body["errors"][0]["message"])
    data = body["data"]
    if isinstance(data, list):
        return f"{len(data)} records: " + ", ".join(str(item.get("name", "")) for item in data)[:40]
    return str(data.get("name") or data.get("text") or "")


def _alone(client: _Client, action: dict[str, Any]) -> float:
    """Milliseconds that one action takes as a request of its own, measured."""
    options = action.get("options", {})
    query = [f"{name}={value}" for name, value in options.items() if name == "limit"]
    if "fields" in options:
        query.append("opt_fields=" + ",".join(options["fields"]))
    path = action["relative_path"] + ("?" + "&".join(query) if query else "")
    started = time.perf_counter()
    client.call(action["method"].upper(), path, action.get("data"))
    return (time.perf_counter() - started) * 1000
