"""The controls of a real server process, whose database is a file and whose token came from the command line."""

from __future__ import annotations

from http.client import HTTPConnection, RemoteDisconnected
from typing import Any

import pytest
from msgspec import json


def control(live: Any, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    connection = HTTPConnection(live.host, live.port, timeout=30)
    try:
        raw = None if body is None else json.encode(body)
        connection.request(method, f"/-/admin/{path}", raw, {"Fanfold-Admin": "1"})
        response = connection.getresponse()
        return response.status, json.decode(response.read())
    finally:
        connection.close()


def test_data_come_and_go_and_the_token_stays(serve: Any) -> None:
    live = serve("--admin", "--limits", "off")
    assert control(live, "POST", "snapshots", {"name": "first"})[0] == 200
    made = live.data("POST", "/tasks", name="Mine", projects=["1025"])
    assert control(live, "POST", "reset", {"seed": "empty"})[0] == 200
    assert live.call("GET", f"/api/1.0/tasks/{made['gid']}")[0] == 404
    assert live.data("GET", "/users/me")["gid"] == "1001"
    assert control(live, "POST", "snapshots/first/restore")[0] == 200
    assert live.data("GET", "/tasks/1034")["name"] == "Write the imprint"
    assert live.data("POST", "/tasks", name="Mine", projects=["1025"])["gid"] == made["gid"]
    live.data("POST", "/tasks/1034/duplicate", name="Copy")


def test_a_connection_is_dropped(serve: Any) -> None:
    live = serve("--admin", "--limits", "off")
    control(live, "POST", "faults", {"kind": "drop", "operation": "getUser", "count": 1})
    with pytest.raises((RemoteDisconnected, ConnectionResetError)):
        live.call("GET", "/api/1.0/users/me")
    assert live.data("GET", "/users/me")["gid"] == "1001"
    assert "Traceback" not in live.output.read_text()


def test_without_the_option_there_are_none(live: Any) -> None:
    assert control(live, "GET", "")[0] == 404
