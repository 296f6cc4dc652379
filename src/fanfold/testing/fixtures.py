"""The fixture for pytest. A test gets a server as after its start; what runs behind it is the same for all of them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from fanfold.testing.server import AsanaServer, running

_RUNNING = pytest.StashKey[dict[str, AsanaServer]]()


@pytest.fixture
def asana_server(request: pytest.FixtureRequest) -> AsanaServer:
    """A server with its first data, no faults, an empty journal and a clock that runs.

    A fixture ``asana_server_settings``, if there is one, gives the server's settings as a dictionary.
    """
    settings = _settings(request)
    started = request.config.stash.setdefault(_RUNNING, {})
    key = repr(sorted(settings.items()))
    if key not in started:
        stack = ExitStack()
        request.config.add_cleanup(stack.close)
        started[key] = stack.enter_context(running(**settings))
    started[key].reset()
    return started[key]


def _settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = request.getfixturevalue("asana_server_settings")
    except pytest.FixtureLookupError:
        return {}
    return settings
