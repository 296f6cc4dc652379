"""The guides to declarations and plan files are true: their examples are right, or wrong as they say."""

import inspect
import re
from pathlib import Path

import pytest

from fanfold.cli.run import run
from fanfold.integrations.drafting.draft import draft
from fanfold.integrations.plan_files import read_plan
from fanfold.integrations.reading import DeclarationError, declaration_from, read_declaration
from tests.integrations.descriptions import SMALL

DOCS = Path(__file__).parents[2] / "docs"
DECLARING = (DOCS / "integrations.md").read_text()
PLANS = (DOCS / "plan-files.md").read_text()


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_declared_api_is_right_and_as_large_as_is_said(evaluator):
    shop = read_declaration(blocks(DECLARING, "yaml")[0].encode(), "shop.yaml", evaluator)
    methods = sum(map(len, shop.resources.values()))
    assert f"`shop.yaml: {shop.name}: {len(shop.resources)} resources, {methods} methods`" in DECLARING


def test_the_wrong_one_is_told_what_the_guide_says(evaluator):
    with pytest.raises(DeclarationError) as raised:
        read_declaration(blocks(DECLARING, "yaml")[1].encode(), "wrong.yaml", evaluator)
    written = blocks(DECLARING, "text")[0].splitlines()
    assert len(written) == len(raised.value.complaints)
    for line, told in zip(written, raised.value.complaints, strict=True):
        assert re.fullmatch(".+".join(map(re.escape, line.split("…"))), told)


def test_drafts_are_named_as_the_table_says(evaluator):
    found = declaration_from(draft(SMALL).value, evaluator).resources
    for resource, method in re.findall(r"\| `([\w-]+)`: `(\w+)`", DECLARING):
        assert method in found[resource]
    assert "archiveThing" in found["things"]


def test_the_plan_is_right(evaluator):
    assert len(read_plan(blocks(PLANS, "yaml")[0].encode(), "plan.yaml", evaluator).entries) == 4


def test_every_option_of_the_command_is_told():
    options = {f"--{name.replace('_', '-')}" for name in inspect.signature(run).parameters} - {"--plan"}
    assert set(re.findall(r"^\| `(--[\w-]+)` \|", PLANS, re.MULTILINE)) == options
