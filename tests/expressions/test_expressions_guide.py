"""docs/expressions.md is true: each row of its tables is what the code gives."""

import json
import re
from pathlib import Path

import pytest

from fanfold.expressions.addresses import MAX_SEGMENT
from fanfold.expressions.bounds import Bounds
from fanfold.expressions.functions import GROUPS, REFUSED
from fanfold.expressions.placeholders import compile_template, fill

GUIDE = (Path(__file__).parents[2] / "docs" / "expressions.md").read_text()
CELL = r"(?:`` ?(.+?) ?``|`(.+?)`)"
ROWS = [
    tuple((one or other).replace("\\|", "|") for one, other in ((row[0], row[1]), (row[2], row[3]), (row[4], row[5])))
    for row in re.findall(rf"^\| {CELL} \| {CELL} \| {CELL} \|$", GUIDE, re.MULTILINE)
]
TEMPLATES = [row for row in ROWS if "{{" in row[0]]
EXPRESSIONS = [row for row in ROWS if "{{" not in row[0]]


def table(heading):
    """The rows of the first table under a heading, cell by cell."""
    rest = GUIDE.partition(f"### {heading}\n")[2]
    rows = re.search(r"\| --- .*\n((?:\|.*\n)+)", rest)[1]
    return [[cell.strip() for cell in row.strip("|\n").split("|")] for row in rows.splitlines()]


def test_there_are_rows():
    assert len(TEMPLATES) >= 19
    assert len(EXPRESSIONS) >= 12


@pytest.mark.parametrize(("template", "context", "gives"), TEMPLATES)
def test_a_template_gives_what_is_written(template, context, gives):
    assert fill(compile_template(json.loads(template)), json.loads(context)) == json.loads(gives)


@pytest.mark.parametrize(("source", "context", "gives"), EXPRESSIONS)
async def test_an_expression_gives_what_is_written(work_out, source, context, gives):
    assert await work_out(source, json.loads(context)) == json.loads(gives)


def test_every_function_is_listed_in_its_group():
    listed = {group: re.findall(r"`(\w+)`", names) for group, names in table("Functions")}
    there = {group.__name__.rpartition(".")[2]: sorted(group.FUNCTIONS) for group in GROUPS}
    assert {group: sorted(names) for group, names in listed.items()} == there


def test_every_function_that_is_refused_is_listed():
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (?:write|they|it) ", GUIDE, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == {*REFUSED, "eval"}


def test_the_bounds_are_those_in_force():
    bounds = Bounds()
    written = dict(table("Bounds"))
    assert written["processor time"].startswith(f"{bounds.seconds * 1000:.0f} ms, and {bounds.reading * 1000:.0f} ms")
    assert written["time that passes, however busy the machine"].startswith(
        f"{bounds.patience:.0f} s, and {2 * bounds.reading:.0f} s"
    )
    assert written["memory beyond what it is given"] == f"{bounds.memory // 1024**2} MiB"
    assert written["steps"] == f"{bounds.steps:,}"
    assert written["levels of calls"] == str(bounds.depth)
    assert written["text"] == f"{bounds.string // 1024**2} MiB"
    assert written["array"] == f"{bounds.array:,} elements"
    assert written["result"] == f"{bounds.result // 1024**2} MiB"
    assert written["what it is given, as JSON"] == f"{bounds.given // 1024**2} MiB"
    assert written["source"] == f"{bounds.source:,} characters"
    assert f"{MAX_SEGMENT:,} characters" in GUIDE
    assert f"{bounds.inline * 1000:.0f} ms where it is asked for" in GUIDE
