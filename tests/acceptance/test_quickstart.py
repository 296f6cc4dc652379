"""The client example of the quickstart runs as it is written, but for the port."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

QUICKSTART = Path(__file__).parents[2] / "docs" / "quickstart.md"


def test_the_client_example_runs_as_written(
    live: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", QUICKSTART.read_text(), re.DOTALL)
    monkeypatch.setenv("FANFOLD_TOKEN", live.token)
    exec(example.replace("http://127.0.0.1:8480/api/1.0", live.api), {})
    assert capsys.readouterr().out.splitlines() == [f"201 Task {n}" for n in range(10)]
