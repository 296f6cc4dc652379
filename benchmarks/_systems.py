"""What is compared in ``middleware.py``: the same ten handlers in every system, each asked in its own words."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, NamedTuple

from _load import Server, free_port, get, post
from _rivals import HERE, SOURCE, Rivals

KINDS = ("items", "slow")
"""Handlers that answer at once, and the same that wait 20 ms before."""

HEALTH = "/items/1"
PATHS = {kind: [f"/{kind}/{number}" for number in range(10)] for kind in KINDS}

Bodies = Callable[[list[str]], dict[str, Any]]


class Case(NamedTuple):
    """One way of having ten things done. ``body`` makes a batch of ten paths; without it they are ten requests."""

    name: str
    server: str
    body: Bodies | None = None
    http2: bool = False

    def requests(self, kind: str) -> list[bytes]:
        """What is sent so that all ten are done."""
        if self.body is None:
            return [get(path) for path in PATHS[kind]]
        return [post("/batch", "", self.payload(kind))]

    def payload(self, kind: str) -> bytes:
        """The body of the batch."""
        return b"" if self.body is None else json.dumps(self.body(PATHS[kind])).encode()


def ours(paths: list[str]) -> dict[str, Any]:
    """Our format."""
    return {"data": {"actions": [{"method": "get", "relative_path": path} for path in paths]}}


def bassmaster(paths: list[str]) -> dict[str, Any]:
    """Of which only bodies come back, without status and headers."""
    return {"requests": [{"method": "get", "path": path} for path in paths]}


def drf(paths: list[str]) -> dict[str, Any]:
    """Facebook's."""
    return {"batch": [{"method": "GET", "relative_url": path} for path in paths]}


def fastapi_batch(paths: list[str]) -> dict[str, Any]:
    """A map, with everything named."""
    return {
        "requests": {str(index): {"method": "GET", "url": path, "body": None} for index, path in enumerate(paths)},
        "include_response_headers": False,
    }


CASES = (
    Case("Starlette: ours", "starlette batch", ours),
    Case("Starlette: ten requests", "starlette plain"),
    Case("FastAPI: ours", "fastapi batch", ours),
    Case("FastAPI: ten requests", "fastapi plain"),
    Case("Starlette, HTTP/2: ours", "http2 batch", ours, http2=True),
    Case("Starlette, HTTP/2: ten streams", "http2 plain", http2=True),
    Case("hapi: bassmaster", "hapi", bassmaster),
    Case("hapi: ten requests", "hapi"),
    Case("Django: drf-batch-requests", "django", drf),
    Case("Django: ten requests", "django"),
    Case("FastAPI: fastapi-batch", "fastapi-batch", fastapi_batch),
)


def start(name: str, rivals: Rivals) -> Server:
    """Start one of the servers that cases name. Raises ``Missing`` where its parts cannot be had."""
    port = free_port()
    family, _, variant = name.partition(" ")
    paths = {"PYTHONPATH": f"{SOURCE}{os.pathsep}{HERE}"}
    if family == "hapi":
        node, modules = rivals.node()
        command = [str(HERE / "hapi_server.js"), str(port)]
        return Server(command, port, {"NODE_PATH": str(modules)}, program=node, health=HEALTH)
    if family == "fastapi-batch":
        program, environment = str(rivals.later_python()), {"PYTHONPATH": ""}
        command = [str(HERE / "fastapi_app.py"), str(port), "fastapi-batch"]
        return Server(command, port, environment, program=program, health=HEALTH)
    program = str(rivals.python())
    if family in {"starlette", "fastapi"}:
        command = [str(HERE / f"{family}_app.py"), str(port), variant]
    elif family == "http2":
        app = "starlette_app:batched" if variant == "batch" else "starlette_app:app"
        command = [*_GRANIAN, "--port", str(port), "--interface", "asgi", "--loop", "uvloop", app]
    else:
        command = [*_GRANIAN, "--port", str(port), "--interface", "wsgi", "--blocking-threads", "1"]
        command.append("django_site:application")
    return Server(command, port, paths, program=program, health=HEALTH)


_GRANIAN = ("-m", "granian", "--workers", "1", "--no-log", "--http", "auto")
