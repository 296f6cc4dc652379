"""Compiled expressions as the engine runs them: the same in this process and in the one beside it."""

from __future__ import annotations

import importlib
import re
from functools import wraps
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fanfold.errors import ExpressionError, SetupError
from fanfold.expressions.functions import (
    FUNCTIONS,
    METHODS,
    OWNERS,
    PROPERTIES,
    REFUSED,
    SIGNATURES,
    Function,
    Unsuitable,
)

if TYPE_CHECKING:
    import jlens

TIMED_OUT = "D1012"
OUT_OF_STEPS = "U1006"

MUCH = 2000
"""Elements, members or characters of an argument up to which a function is called on the event loop."""

_FAILURES = {
    MemoryError: "The expression wanted too much memory",
    RecursionError: "The expression or its data is nested too deeply",
}
_SHOWN = 200
_CALLED = r"\$({name})\s*\(|~>\s*\$({name})(?![\w])"
_ASSIGNED = r"\${name}\s*:="
# Strings, quoted names and comments are taken first, so that nothing inside them is.
_DOTTED = re.compile(
    r'"(?:[^"\\]|\\.)*+"|\'(?:[^\'\\]|\\.)*+\'|`[^`]*+`|/\*.*?\*/|'
    r"(?P<dot>\.\s*)(?P<method>" + "|".join(METHODS) + r")\s*\(\s*(?P<empty>\))?|"
    r"(?P<close>\)\s*\.\s*)(?P<property>" + "|".join(PROPERTIES) + r")(?![\w(])",
    re.DOTALL,
)


def engine() -> ModuleType:
    """The engine, which only comes with ``fanfold[server]``."""
    try:
        return importlib.import_module("jlens")
    except ImportError:
        raise SetupError("JSONata needs jlens; install fanfold[server]") from None


class Beside(Exception):
    """A function was given so much that it had better be worked out beside the event loop."""


def compile_program(source: str, *, cautious: bool = False) -> jlens.Expression:
    """An expression with the functions that it asks for. Raises ``ExpressionError`` for those that there are not.

    Its functions raise ``Beside`` where it is ``cautious`` and they are given much.
    """
    lens = engine()
    written = _with_functions(source)
    try:
        program: jlens.Expression = lens.Expression(written)
        free = program.reads()
    except (lens.JlensError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise failure(error) from None
    _check_names(source, free)
    for name, function in FUNCTIONS.items():
        if name in written:
            program.register_function(name, _cautious(function) if cautious else function, SIGNATURES.get(name))
    return program


def _cautious(function: Function) -> Function:
    @wraps(function)
    def called(*arguments: Any) -> Any:
        for argument in arguments:
            if isinstance(argument, str | list | dict) and len(argument) > MUCH:
                raise Beside
        return function(*arguments)

    return called


def _with_functions(source: str) -> str:
    """Methods and properties as calls of functions that are given what stands before the dot."""
    return _DOTTED.sub(_as_function, source) if any(owner in source for owner in OWNERS) else source


def _as_function(found: re.Match[str]) -> str:
    if found["method"]:
        return f"{found['dot']}${METHODS[found['method']]}($" + (")" if found["empty"] else ", ")
    if found["property"]:
        return f"{found['close']}${PROPERTIES[found['property']]}($)"
    return found[0]


def _check_names(source: str, free: Any) -> None:
    if free.get("everyBinding"):
        raise ExpressionError("$eval is not available here: write the expression out instead")
    for name in free["bindings"]:
        if name in REFUSED:
            raise ExpressionError(f"${name} is not available here: {REFUSED[name]}")
        called, assigned = (pattern.format(name=re.escape(name)) for pattern in (_CALLED, _ASSIGNED))
        # One that is assigned further down, as by functions that call each other, is free where it is called.
        if name not in FUNCTIONS and re.search(called, source) and not re.search(assigned, source):
            raise ExpressionError(f"There is no function ${name}")


def failure(error: BaseException) -> ExpressionError:
    """What to say of an exception that the engine or a function raised."""
    if isinstance(error, ExpressionError):
        return error
    position = getattr(error, "position", None)
    if getattr(error, "code", None) == TIMED_OUT:
        return ExpressionError("The expression took too long", position=position)
    for kind, message in _FAILURES.items():
        if isinstance(error, kind):
            return ExpressionError(message)
    if hasattr(error, "code") or isinstance(error, Unsuitable):
        return ExpressionError(_shortened(str(error)), position=position)
    if isinstance(error, TypeError) and "argument" in str(error):
        return ExpressionError(_shortened(f"A function was called with the wrong arguments: {error}"))
    # Its text may hold anything, and was not written for whoever wrote the expression.
    return ExpressionError(f"The expression failed ({type(error).__name__})")


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def paths_of(free: Any) -> tuple[tuple[str, ...], ...] | None:
    """The paths of the input that are read, None where all of it is."""
    tree = free.get("input", {})
    if tree is True or free.get("everyBinding"):
        return None
    found: list[tuple[str, ...]] = []
    todo: list[tuple[tuple[str, ...], Any]] = [((), tree)]
    while todo:
        path, node = todo.pop()
        if isinstance(node, dict) and node:
            todo += [((*path, name), below) for name, below in reversed(node.items())]
        elif path:
            found.append(path)
    return tuple(found)


def pruned(value: Any, tree: Any) -> Any:
    """An input cut down to what is read of it, as far as that leads through objects."""
    if tree is True or type(value) is not dict or not isinstance(tree, dict):
        return value
    return {name: pruned(value[name], below) for name, below in tree.items() if name in value}
