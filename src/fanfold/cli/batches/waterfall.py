"""The waterfall: a line for each action with what it did when, drawn while a batch runs and once more at its end.

Each kind of time has a character of its own, so that nothing is said by colour alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TextIO

from msgspec import Struct
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from fanfold.cli.batches.inert import inert
from fanfold.cli.batches.telling import Outcomes, in_brief, spoken
from fanfold.cli.batches.timeline import Kind, State, Timeline
from fanfold.cli.batches.written import BatchFile

_BAR = 32
_WIDTH = 120
"""Columns where there is no terminal that could say how many it has."""

_STYLES: dict[Kind, str] = {
    "queued": "dim",
    "limit": "yellow",
    "dependency": "blue",
    "running": "green",
    "retry": "magenta",
}
_SAID: dict[State, str] = {
    "queued": "queued",
    "limit": "waits for a limit",
    "dependency": "waits for others",
    "running": "running",
    "retried": "running again",
    "done": "done",
    "failed": "failed",
}
_LEGEND: dict[Kind, str] = {
    "queued": "queued",
    "limit": "waits for a limit",
    "dependency": "sent, waits for other actions",
    "running": "runs",
    "retry": "waits to be tried again",
}


class _Signs(Struct, frozen=True):
    """The characters that bars are made of."""

    kinds: dict[Kind, str]
    critical: str


_RICH = _Signs({"queued": "·", "limit": "░", "dependency": "─", "running": "█", "retry": "~"}, "◆")
_PLAIN = _Signs({"queued": ".", "limit": ":", "dependency": "-", "running": "#", "retry": "~"}, "*")


def console_for(stream: TextIO) -> Console:
    """A console on a stream: with colour only at a terminal that has it, whatever else the environment says."""
    if stream.isatty():
        return Console(file=stream, highlight=False)
    return Console(file=stream, highlight=False, force_terminal=False, no_color=True, width=_WIDTH)


def may_move(console: Console, environment: dict[str, str]) -> bool:
    """Whether things may move there: at a terminal that can, for somebody who has not asked for plain text."""
    return console.is_terminal and not console.is_dumb_terminal and not environment.get("NO_COLOR")


class Waterfall:
    """Draws what ``timeline`` knows of a batch."""

    def __init__(self, batch: BatchFile, timeline: Timeline, console: Console) -> None:
        self._batch = batch
        self._timeline = timeline
        self._console = console
        fancy = (console.encoding or "").lower().startswith("utf")
        self._signs = _RICH if fancy else _PLAIN

    def live(self, *, moving: bool) -> AbstractContextManager[object]:
        """Draws it again and again, and takes it away at the end; nothing if it is not to move."""
        if not moving:
            return nullcontext()
        return Live(console=self._console, get_renderable=self._now, refresh_per_second=10, transient=True)

    def final(self, outcomes: Outcomes) -> Group:
        """All of it, with what became of each action."""
        timeline = self._timeline
        critical = timeline.critical() if any(timeline.needs) else ()
        places = range(len(outcomes))
        table = self._table(places, lambda place: in_brief(outcomes[place]), critical)
        kinds = {stretch.kind for place in places for stretch in timeline.stretches(place)}
        legend = [f"{self._signs.kinds[kind]} {said}" for kind, said in _LEGEND.items() if kind in kinds]
        legend += [f"{self._signs.critical} critical path"] if critical else []
        return Group(table, Text("   ".join(legend), style="dim"))

    def _now(self) -> Group:
        """As much of it as fits: what is under way first."""
        timeline = self._timeline
        states = [timeline.state(place) for place in range(len(timeline.needs))]
        over = sum(state in ("done", "failed") for state in states)
        most = max(3, self._console.size.height - 4)
        ranked = sorted(range(len(states)), key=lambda place: (states[place] in ("done", "failed", "queued"), place))
        places = sorted(ranked[:most])
        table = self._table(places, lambda place: _SAID[states[place]], ())
        return Group(table, Text(f"{over} of {len(states)} settled, {spoken(timeline.took)}"))

    def _table(self, places: Sequence[int], said: Callable[[int], str], critical: Sequence[int]) -> Table:
        table = Table(box=None, pad_edge=False, expand=False)
        table.add_column("#", justify="right", no_wrap=True)
        table.add_column("action", max_width=44, no_wrap=True, overflow="ellipsis")
        table.add_column("status", no_wrap=True)
        table.add_column("", min_width=_BAR, no_wrap=True)
        table.add_column("ms", justify="right", no_wrap=True)
        table.add_column("result", overflow="fold")
        for place in places:
            table.add_row(
                f"{self._signs.critical if place in critical else ''}{place + 1}",
                Text(self._title(place)),
                self._status(place),
                self._bar(place),
                self._took(place),
                Text(said(place)),
            )
        return table

    def _title(self, place: int) -> str:
        name = self._batch.names[place]
        return inert(f"{f'{name}: ' if name else ''}{self._batch.actions[place].title}")

    def _status(self, place: int) -> Text:
        attempts = self._timeline.attempts[place]
        status = attempts[-1].status if attempts else 0
        again = f" x{len(attempts)}" if len(attempts) > 1 else ""
        style = "" if not status else "green" if status < 300 and status != 207 else "red"
        return Text(f"{status or '-'}{again}", style=style)

    def _took(self, place: int) -> str:
        attempts = self._timeline.attempts[place]
        if not attempts or attempts[-1].ended is None:
            return ""
        return f"{(attempts[-1].ended - attempts[-1].sent) * 1000:.1f}"

    def _bar(self, place: int) -> Text:
        """As many characters as the action's time is of the whole; that it ran is always seen."""
        whole = self._timeline.took or 1.0
        cells: list[Kind] = []
        for stretch in self._timeline.stretches(place):
            until = min(_BAR, round(stretch.end / whole * _BAR))
            if stretch.kind == "running" and until <= len(cells):
                cells = cells[: _BAR - 1]
                until = len(cells) + 1
            cells += [stretch.kind] * (until - len(cells))
        bar = Text()
        for kind in cells:
            bar.append(self._signs.kinds[kind], style=_STYLES[kind])
        return bar


__all__ = ["Waterfall", "console_for", "may_move"]
