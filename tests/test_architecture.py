"""Who may open which door: the arrows of docs/architecture.md, checked on every import statement."""

import ast
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "fanfold"
MODULES = sorted(SOURCE.rglob("*.py"))

WORDS = {"model", "entries", "errors", "readings", "version"}
COMPOSED = {
    "engine",
    "dialects",
    "targets",
    "limits",
    "idempotency",
    "expressions",
    "integrations",
    "serving",
    "work",
    "settings",
}
MAY_IMPORT = {
    "version": set(),
    "errors": set(),
    "entries": {"errors"},
    "model": {"entries", "errors"},
    "readings": set(),
    "settings": WORDS,
    "engine": {*WORDS, "expressions"},
    "expressions": WORDS,
    "dialects": WORDS,
    "targets": WORDS,
    "limits": WORDS,
    "idempotency": WORDS,
    "work": WORDS,
    "client": WORDS,
    "compat": {*WORDS, "client"},
    "serving": {*WORDS, "engine", "dialects", "limits", "idempotency"},
    "integrations": {*WORDS, "expressions", "targets"},
    "middleware": {*WORDS, *COMPOSED},
    "server": {*WORDS, *COMPOSED},
    "console": {*WORDS, "settings", "server", "client"},
    "attack": WORDS,
    "cli": {*WORDS, "settings", "server", "client", "attack", "integrations"},
    "testing": {*WORDS, "settings", "server"},
    "__main__": {"cli"},
}

CORE = {
    "version",
    "readings",
    "errors",
    "entries",
    "model",
    "engine",
    "expressions",
    "dialects",
    "targets",
    "limits",
    "idempotency",
    "serving",
    "middleware",
}
"""What the core install runs on: no framework, nothing but the standard library and msgspec."""

LATER = {"expressions": {"jlens", "markdown_it"}, "limits": {"redis"}}
"""What is imported within functions only, by rooms of the core: who never comes there needs none of it."""

FORBIDDEN_NAMES = {"common", "helper", "helpers", "misc", "util", "utils"}


def package_of(module: Path) -> list[str]:
    return ["fanfold", *module.relative_to(SOURCE).parent.parts]


def room_of(module: Path) -> str:
    return module.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_names(source: str, package: list[str]) -> set[str]:
    """Dotted names of everything that a module of ``package`` imports, wherever in the module the import stands."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            names.update(f"{origin}.{alias.name}" if origin == "fanfold" else origin for alias in node.names)
    return names


def opened_rooms(source: str, package: list[str]) -> set[str]:
    """The rooms a module enters; a name taken from the public door itself counts as the room ``__init__``."""
    inside = {name for name in imported_names(source, package) if name.split(".")[0] == "fanfold"}
    rooms = {name.split(".")[1] if "." in name else "__init__" for name in inside}
    return {room if room in MAY_IMPORT else "__init__" for room in rooms}


def without_types(source: str) -> str:
    """A module without what only type checkers read: that is never imported."""
    tree = ast.parse(source)
    tree.body = [
        node for node in tree.body if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    return ast.unparse(tree)


def without_functions(source: str) -> str:
    """A module without what its functions do: what is left is imported with it."""

    class Leaving(ast.NodeTransformer):
        def visit_FunctionDef(self, node):
            return ast.copy_location(ast.Pass(), node)

        visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - as the library has it

    return ast.unparse(Leaving().visit(ast.parse(source)))


def foreign_packages(source: str, package: list[str]) -> set[str]:
    tops = {name.split(".")[0] for name in imported_names(source, package)}
    return tops - sys.stdlib_module_names - {"fanfold"}


def each(modules: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("module", modules, ids=[str(module.relative_to(SOURCE)) for module in modules])


@each(MODULES)
def test_every_module_belongs_to_a_known_room(module):
    assert room_of(module) in {*MAY_IMPORT, "__init__"}


@each([module for module in MODULES if room_of(module) != "__init__"])
def test_a_module_opens_only_the_doors_of_its_room(module):
    room = room_of(module)
    allowed = {*MAY_IMPORT.get(room, ()), room}
    assert opened_rooms(module.read_text(), package_of(module)) <= allowed


@each([module for module in MODULES if room_of(module) in CORE])
def test_the_core_needs_nothing_but_msgspec(module):
    source = without_types(module.read_text())
    allowed = {"msgspec", *LATER.get(room_of(module), ())}
    assert foreign_packages(source, package_of(module)) <= allowed
    assert foreign_packages(without_functions(source), package_of(module)) <= {"msgspec"}


@each(MODULES)
def test_no_module_has_a_name_that_says_nothing(module):
    names = {part.removesuffix(".py") for part in module.relative_to(SOURCE).parts}
    assert not names & FORBIDDEN_NAMES


@each(MODULES)
def test_every_module_says_why_it_exists(module):
    tree = ast.parse(module.read_text())
    assert ast.get_docstring(tree) or not tree.body


@pytest.mark.parametrize(
    ("source", "package", "rooms"),
    [
        ("import fanfold.limits.window", "engine", {"limits"}),
        ("from fanfold.limits import window", "engine", {"limits"}),
        ("from fanfold import limits", "engine", {"limits"}),
        ("from fanfold import Action", "engine", {"__init__"}),
        ("import fanfold", "engine", {"__init__"}),
        ("def late():\n    from fanfold.server import app", "work", {"server"}),
        ("if True:\n    import fanfold.client", "work", {"client"}),
        ("from ..limits import window", "engine", {"limits"}),
        ("from .. import limits", "engine", {"limits"}),
        ("from . import plan", "engine", {"engine"}),
        ("from .plan import make_plan", "engine", {"engine"}),
        ("from ... import limits", "work/kinds", {"limits"}),
        ("import asyncio", "engine", set()),
    ],
)
def test_the_walk_sees_every_way_to_import(source, package, rooms):
    assert opened_rooms(source, ["fanfold", *package.split("/")]) == rooms


def test_the_walk_sees_third_parties():
    source = "import asyncio\nimport uvicorn.config\nfrom msgspec import Struct\nfrom fanfold.model import Call"
    assert foreign_packages(source, ["fanfold", "engine"]) == {"msgspec", "uvicorn"}


def test_the_walk_tells_what_is_imported_later():
    source = "import uvicorn\ndef late():\n    import jlens\nclass A:\n    def b(self):\n        import yarl"
    assert foreign_packages(without_functions(source), ["fanfold", "expressions"]) == {"uvicorn"}


def test_the_walk_leaves_out_what_only_type_checkers_read():
    source = "import uvicorn\nif TYPE_CHECKING:\n    import aiohttp\nif other:\n    import yarl"
    assert foreign_packages(without_types(source), ["fanfold", "targets"]) == {"uvicorn", "yarl"}
