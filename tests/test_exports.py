"""The public door: what it offers is sorted, exists, and is defined somewhere else."""

import ast
import importlib
from pathlib import Path

import pytest

import fanfold

SOURCE = Path(fanfold.__file__).parent
TREE = ast.parse((SOURCE / "__init__.py").read_text())


def declares_all(module: Path) -> bool:
    assigned = (node for node in ast.parse(module.read_text()).body if isinstance(node, ast.Assign))
    return any(isinstance(target, ast.Name) and target.id == "__all__" for node in assigned for target in node.targets)


def dotted(module: Path) -> str:
    return ".".join(["fanfold", *module.relative_to(SOURCE).with_suffix("").parts]).removesuffix(".__init__")


WITH_ALL = sorted(dotted(module) for module in SOURCE.rglob("*.py") if declares_all(module))


def shape(node: ast.stmt) -> str:
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0])
    return "docstring" if isinstance(node, ast.Expr) else type(node).__name__


def test_the_door_holds_re_exports_only():
    assert {shape(node) for node in TREE.body} == {"docstring", "ImportFrom", "__all__"}


def test_the_door_offers_exactly_what_it_imports():
    imported = {
        alias.asname or alias.name for node in TREE.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert set(fanfold.__all__) == imported


@pytest.mark.parametrize("name", WITH_ALL)
def test_what_a_module_exports_is_sorted_and_named_once(name):
    names = importlib.import_module(name).__all__
    constants_first = sorted(set(names), key=lambda word: (not word.isupper(), not word[0].isupper(), word))
    assert list(names) == constants_first


@pytest.mark.parametrize("name", WITH_ALL)
def test_what_a_module_exports_exists(name):
    module = importlib.import_module(name)
    assert [word for word in module.__all__ if not hasattr(module, word)] == []


def test_the_package_is_typed():
    assert (SOURCE / "py.typed").is_file()
