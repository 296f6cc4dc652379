"""The example that type checkers look at has everything that there is."""

import ast
from pathlib import Path

import fanfold.client
from fanfold import Client

EXAMPLE = ast.parse((Path(__file__).parents[1] / "typing" / "client_calls.py").read_text())


def used_names():
    for node in ast.walk(EXAMPLE):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def test_every_public_call_has_its_example():
    public = {name for name in vars(Client) if not name.startswith("_")}
    assert sorted(public - set(used_names())) == []


def test_everything_that_the_package_offers_has_its_example():
    assert sorted(set(fanfold.client.__all__) - set(used_names())) == []
