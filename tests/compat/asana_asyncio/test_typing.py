"""The example that type checkers look at has everything that the surface offers."""

import ast
from pathlib import Path

from fanfold.compat import asana_asyncio

EXAMPLE = ast.parse((Path(__file__).parents[2] / "typing" / "asana_asyncio_calls.py").read_text())


def used_names():
    for node in ast.walk(EXAMPLE):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def test_everything_that_is_offered_has_its_example():
    operations = [name for name in vars(asana_asyncio.BatchAPIApi) if not name.startswith("_")]
    assert sorted({*asana_asyncio.__all__, *operations} - set(used_names())) == []
