"""Compiled expressions as the engine runs them: the same in this process and in the one beside it."""

from __future__ import annotations

import re
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fanfold.errors import ExpressionError, SetupError
from fanfold.expressions.functions import FUNCTIONS, METHODS, REFUSED, Unsuitable

if TYPE_CHECKING:
    import jlens

TIMED_OUT = "D1012"
OUT_OF_STEPS = "U1006"

_SHOWN = 200
_CALLED = r"\$({name})\s*\(|~>\s*\$({name})(?![\w])"
# Strings, quoted names and comments are taken first, so that nothing inside them is.
_METHOD = re.compile(
    r'"(?:[^"\\]|\\.)*+"|\'(?:[^\'\\]|\\.)*+\'|`[^`]*+`|/\*.*?\*/|(?P<dot>\.\s*)(?P<name>'
    + "|".join(METHODS)
    + r")(?=\s*\()",
    re.DOTALL,
)


def engine() -> ModuleType:
    """The engine, which only comes with ``fanfold[server]``."""
    try:
        import jlens  # noqa: PLC0415
    except ImportError:
        raise SetupError("JSONata needs jlens; install fanfold[server]") from None
    return jlens


def compile_program(source: str) -> jlens.Expression:
    """An expression with the functions that it asks for. Raises ``ExpressionError`` for those that there are not."""
    jlens = engine()
    try:
        program: jlens.Expression = jlens.Expression(_with_methods(source))
        free = program.reads()
    except (jlens.JlensError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise failure(error) from None
    _check_names(source, free)
    for name, (function, signature) in FUNCTIONS.items():
        if name in source:
            program.register_function(name, function, signature)
    return program


def _with_methods(source: str) -> str:
    """Calls of methods as calls of functions whose context is what stands before the dot."""
    if "$dtFrom" not in source:
        return source
    return _METHOD.sub(lambda found: f"{found['dot']}${found['name']}" if found["name"] else found[0], source)


def _check_names(source: str, free: Any) -> None:
    if free.get("everyBinding"):
        raise ExpressionError("$eval is not available here: write the expression out instead")
    for name in free["bindings"]:
        if name in REFUSED:
            raise ExpressionError(f"${name} is not available here: {REFUSED[name]}")
        if name not in FUNCTIONS and re.search(_CALLED.format(name=re.escape(name)), source):
            raise ExpressionError(f"There is no function ${name}")


def failure(error: BaseException) -> ExpressionError:
    """What to say of an exception that the engine or a function raised."""
    if isinstance(error, ExpressionError):
        return error
    position = getattr(error, "position", None)
    if getattr(error, "code", None) == TIMED_OUT:
        return ExpressionError("The expression took too long", position=position)
    if isinstance(error, MemoryError):
        return ExpressionError("The expression wanted too much memory")
    if isinstance(error, RecursionError):
        return ExpressionError("The expression or its data is nested too deeply")
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
