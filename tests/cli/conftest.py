"""A server as anybody's tests have it, and our commands run in this process."""

import sys

import pytest

from fanfold.cli.app import main
from fanfold.testing import asana_server

__all__ = ["asana_server"]


@pytest.fixture
def fanfold(capfdbinary, monkeypatch):
    """Runs a command; the exit code, what is on standard output, and what is beside."""
    for name in ("FANFOLD_TOKEN", "FANFOLD_URL", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def run_it(*words):
        with pytest.raises(SystemExit) as ended:
            sys.exit(main([str(word) for word in words]))
        out, err = capfdbinary.readouterr()
        return ended.value.code or 0, out.decode(), err.decode()

    return run_it
