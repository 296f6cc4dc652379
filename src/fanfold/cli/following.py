"""What a server tells while it carries out a plan: records are passed on, progress is shown, errors are told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import json
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from fanfold.cli.asking import Broken
from fanfold.errors import SetupError

MAX_TOLD = 20
"""Errors that are told one by one."""


@contextmanager
def outlet(path: Path | None) -> Iterator[BinaryIO]:
    """Where records go: a file, or standard output."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        file = path.open("wb")
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}.") from None
    with file:
        yield file


def show_preview(preview: Any) -> None:
    """Print what would be asked."""
    print(json.format(json.encode(preview), indent=2).decode())


class _Count:
    """How far an entry is."""

    def __init__(self) -> None:
        self.calls = self.records = self.told = self.errors = 0

    @property
    def shown(self) -> int:
        """Its records: those that came, and those that are for other entries only."""
        return max(self.records, self.told)


class Follower:
    """Passes on what is told, line by line, or as a ``whole``."""

    def __init__(self, out: BinaryIO, names: list[str], *, whole: bool, console: Console | None = None) -> None:
        self._out = out
        self._whole = whole
        self._counts = {name: _Count() for name in names}
        self._failed = 0
        self._summary: dict[str, Any] | None = None
        self._console = console or Console(stderr=True)

    def follow(self, lines: Iterator[dict[str, Any]]) -> int:
        """Follow to the end; the exit code: 0, or 1 if anything failed."""
        broken = ""
        shown = self._console.is_terminal and not (self._out is sys.stdout.buffer and sys.stdout.isatty())
        live = Live(console=self._console, get_renderable=self._table, refresh_per_second=8, transient=True)
        with live if shown else nullcontext():
            try:
                for told in lines:
                    self._take(told)
            except Broken as error:
                broken = str(error)
        self._console.print(self._table())
        if self._failed > MAX_TOLD:
            self._say(f"… and {self._failed - MAX_TOLD} further errors.")
        if self._summary is None:
            self._say(
                f"The answer ended before its end{f': {broken}' if broken else ''}. What came until then is passed on."
            )
            return 1
        self._say(_figures(self._summary))
        return 1 if self._failed or self._summary.get("errors") else 0

    def _take(self, told: dict[str, Any]) -> None:
        name = str(told.get("name") or told.get("resource") or "")
        if "summary" in told:
            self._summary = told["summary"] if isinstance(told["summary"], dict) else {}
        elif "progress" in told:
            progress = told["progress"] if isinstance(told["progress"], dict) else {}
            count = self._count(str(progress.get("name", "")))
            count.calls = max(count.calls, _whole(progress.get("calls")))
            count.told = max(count.told, _whole(progress.get("records")))
        elif "document" in told and self._whole:
            self._out.write(json.format(json.encode(told["document"]), indent=2) + b"\n")
        elif "error" in told:
            self._fail(name, told)
        elif "record" in told or "value" in told:
            self._count(name).records += 1
            if not self._whole:
                self._out.write(json.encode(told) + b"\n")

    def _fail(self, name: str, told: dict[str, Any]) -> None:
        self._failed += 1
        self._count(name).errors += 1
        error = told["error"] if isinstance(told["error"], dict) else {"message": str(told["error"])}
        if self._failed <= MAX_TOLD:
            words = [str(error[part]) for part in ("statusCode", "message") if error.get(part)]
            self._say(f"{name}: {' '.join(words) or error.get('error', 'failed')}")

    def _count(self, name: str) -> _Count:
        return self._counts.setdefault(name, _Count())

    def _say(self, sentence: str) -> None:
        self._console.print(Text(sentence), soft_wrap=True)

    def _table(self) -> Table:
        table = Table("entry", box=None)
        for column in ("calls", "records", "errors"):
            table.add_column(column, justify="right")
        for name, count in self._counts.items():
            table.add_row(Text(name), f"{count.calls:,}", f"{count.shown:,}", f"{count.errors:,}")
        return table


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _figures(summary: dict[str, Any]) -> str:
    """The end in a sentence."""
    counts = [(name, summary[name]) for name in ("records", "errors", "calls") if isinstance(summary.get(name), int)]
    parts = [f"{count:,} {name if count != 1 else name[:-1]}" for name, count in counts]
    took = summary.get("ms")
    return ", ".join(parts) + (f" in {took / 1000:.1f} s" if isinstance(took, int | float) else "") + "."
