"""How a batch is drawn."""

import io

import pytest
from rich.console import Console

from fanfold.cli.batches.files import parse_batch
from fanfold.cli.batches.timeline import Timeline
from fanfold.cli.batches.waterfall import Waterfall, console_for, may_move
from fanfold.client import BadAnswer, Reply


class Terminal(io.TextIOWrapper):
    def isatty(self):
        return True


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def drawn(renderable, encoding="utf-8"):
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    console = Console(file=out, width=110, force_terminal=False)
    console.print(renderable)
    out.flush()
    return out.buffer.getvalue().decode(encoding).splitlines()


@pytest.fixture
def batch():
    return parse_batch(b"[{GET /a: , id: a}, 'GET /{{a.body.x}}', GET /c]", "b.yaml")


@pytest.fixture
def run(batch):
    """A batch of which the first two hang together, and the third waited for a limit."""
    clock = Clock()
    timeline = Timeline(batch.needs, clock)
    timeline.begin()
    timeline.sent([0, 1], together=True)
    clock.now = 1
    timeline.settled(0, 200)
    clock.now = 2
    timeline.settled(1, 404)
    timeline.sent([2], together=True)
    timeline.returned([2], 503)
    timeline.returned([0, 1], 0)
    clock.now = 3
    timeline.sent([2], together=True)
    clock.now = 4
    timeline.returned([2], 0)
    timeline.over()
    return timeline


OUTCOMES = [Reply(200, {"data": []}), Reply(404, {"errors": [{"message": "None \x1b"}]}), BadAnswer("broken")]


def test_each_action_has_a_bar_as_long_as_its_time(batch, run):
    head, *rows, legend = drawn(Waterfall(batch, run, Console(file=io.StringIO())).final(OUTCOMES))
    assert head.split() == ["#", "action", "status", "ms", "result"]
    assert rows[0].split() == ["1", "a:", "GET", "/a", "200", "█" * 8, "1000.0", "0", "records"]
    assert rows[1].split()[4:] == ["─" * 8 + "█" * 8, "2000.0", "None", r"\x1b"]
    assert rows[2].split()[3:] == ["-", "x2", "░" * 16 + "█" + "~" * 7 + "█" * 8, "1000.0", "broken"]
    assert legend.split("   ") == [
        "░ waits for a limit",
        "─ sent, waits for other actions",
        "█ runs",
        "~ waits to be tried again",
        "◆ critical path",
    ]


def test_a_terminal_of_few_characters_gets_none_that_it_lacks(batch, run):
    console = Console(file=io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    lines = drawn(Waterfall(batch, run, console).final(OUTCOMES), "ascii")
    assert "--------########" in lines[2]


def test_while_it_runs_what_is_under_way_is_shown_where_all_has_no_room():
    batch = parse_batch(b"[" + b",".join(b"GET /%d" % number for number in range(50)) + b"]", "b.yaml")
    timeline = Timeline(batch.needs)
    timeline.begin()
    timeline.sent(range(10), together=True)
    for place in range(10):
        timeline.settled(place, 200)
    timeline.sent([40, 41], together=True)
    console = Console(file=io.StringIO(), width=100, height=9)
    lines = drawn(Waterfall(batch, timeline, console)._now())
    assert [line.split()[0] for line in lines] == ["#", "1", "2", "3", "41", "42", "10"]
    assert lines[-1].startswith("10 of 50 settled, ")


@pytest.mark.parametrize(
    ("environment", "term", "moves"),
    [({}, "xterm", True), ({"NO_COLOR": "1"}, "xterm", False), ({"NO_COLOR": ""}, "xterm", True), ({}, "dumb", False)],
)
def test_it_moves_only_where_it_can_and_may(monkeypatch, environment, term, moves):
    monkeypatch.setenv("TERM", term)
    assert may_move(console_for(Terminal(io.BytesIO())), environment) == moves
    assert not may_move(console_for(io.StringIO()), environment)
