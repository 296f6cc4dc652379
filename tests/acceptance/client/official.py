"""The official client with a tally: every method of it is known, and which of them the tests of a module have called.

A method is called when its request was answered with success, so that a list which nobody iterated does not count.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import asana
import pytest

CLASSES = {name: found for name, found in vars(asana).items() if inspect.isclass(found) and name.endswith("Api")}
"""All API classes of the package."""

_METHOD = re.compile(r"def (\w+)_with_http_info\(.*?call_api\(\s*'([^']+)',\s*'(\w+)'", re.DOTALL)


def _methods() -> dict[tuple[str, str], str]:
    found = {}
    for name, kind in CLASSES.items():
        for method, path, verb in _METHOD.findall(Path(inspect.getfile(kind)).read_text()):
            found[verb, path] = f"{name}.{method}"
    return found


METHODS = _methods()
"""What is asked for → the method that asks for it, such as ``TasksApi.get_task``."""

BEYOND = {
    "AIStudioUsageAPIApi.get_ai_studio_runs",
    "AIStudioUsageAPIApi.get_ai_studio_seats",
    "ProjectsApi.rollup_project",
    "TasksApi.rollup_task",
}
"""Methods for operations that the published description does not have; a test has them refused."""


class Tally:
    """What the tests of one module have done."""

    def __init__(self) -> None:
        self.tests: set[str] = set()
        self.called: set[str] = set()

    def check(self, module: ModuleType, this: str) -> None:
        """That the module's tests together called every method of the classes that it says are covered there."""
        tests = {name for name in vars(module) if name.startswith("test_")} - {this}
        if not tests <= self.tests:
            pytest.skip("only some of the tests of this module were run")
        names = {kind.__name__ for kind in module.COVERED}
        assert {name for name in METHODS.values() if name.partition(".")[0] in names} - BEYOND - self.called == set()


class Client(asana.ApiClient):  # type: ignore[misc]
    """The client as it is, but for the tally."""

    def __init__(self, configuration: asana.Configuration, tally: Tally) -> None:
        super().__init__(configuration)
        self.tally = tally

    def call_api(self, resource_path: str, method: str, *more: Any, **options: Any) -> Any:
        given = super().call_api(resource_path, method, *more, **options)
        self.tally.called.add(METHODS[method, resource_path])
        return given


def client_of(live: Any, tally: Tally, token: str | None = None, **settings: Any) -> Client:
    """A client of a server; ``settings`` are attributes of its configuration."""
    configuration = asana.Configuration()
    configuration.host = live.api
    configuration.access_token = token or live.token
    for name, value in settings.items():
        setattr(configuration, name, value)
    return Client(configuration, tally)


def body(**data: Any) -> dict[str, Any]:
    """What methods take as ``body``."""
    return {"data": data}


def sent(**data: Any) -> dict[str, Any]:
    """What those methods take as ``opts`` that expect their body there."""
    return {"body": {"data": data}}


def gids(items: Any) -> list[str]:
    """The gids of what a list holds, in its order."""
    return [item["gid"] for item in items]


def names(items: Any) -> list[str]:
    """The names of what a list holds, in its order."""
    return [item["name"] for item in items]
