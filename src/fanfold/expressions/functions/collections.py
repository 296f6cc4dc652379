"""Arrays and objects of records: grouped, picked from, put in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from fanfold.expressions.casts import text
from fanfold.expressions.functions.arguments import NULL, Unsuitable, array, at, key_text, members
from fanfold.expressions.functions.trees import in_order

_encode = msgspec.json.Encoder(order="deterministic").encode


def _elements(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else [value]


def _reader(by: Any) -> Callable[[Any], Any]:
    if isinstance(by, str):
        return lambda element: at(element, by)
    if callable(by):
        read: Callable[[Any], Any] = by
        return read
    return lambda element: element


def _condition(by: Any) -> Callable[[Any], bool]:
    if isinstance(by, dict):
        return lambda element: _matches(element, by)
    if isinstance(by, list) and len(by) == 2:
        return lambda element: bool(at(element, str(by[0])) == by[1])
    return lambda element: bool(_reader(by)(element))


def _matches(element: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(element, dict) and all(
            name in element and _matches(element[name], value) for name, value in wanted.items()
        )
    return bool(element == wanted) and isinstance(element, bool) == isinstance(wanted, bool)


def group_by(value: Any = None, by: Any = None) -> dict[str, list[Any]]:
    """The elements by what a path, or a function, gives for each."""
    read = _reader(by)
    groups: dict[str, list[Any]] = {}
    for element in _elements(value):
        groups.setdefault(key_text(read(element)), []).append(element)
    return groups


def key_by(value: Any = None, by: Any = None) -> dict[str, Any]:
    """The elements by what a path, or a function, gives for each; the last of those that are alike."""
    read = _reader(by)
    return {key_text(read(element)): element for element in _elements(value)}


def pick(value: Any = None, paths: Any = None) -> dict[str, Any]:
    """An object with nothing but what stands at these paths."""
    picked: dict[str, Any] = {}
    for path in map(str, _elements(paths) if isinstance(value, dict) else ()):
        *above, last = [path] if path in value else path.split(".")
        source, into = value, picked
        for name in above:
            below = source.get(name)
            source = below if isinstance(below, dict) else {}
            into = into.setdefault(name, {}) if source else into
        if last in source:
            into[last] = source[last]
    return picked


def omit(value: Any = None, paths: Any = None) -> dict[str, Any]:
    """An object without what stands at these paths."""
    kept = dict(members(value, "omit"))
    for path in _elements(paths):
        names = [str(path)] if str(path) in kept else str(path).split(".")
        into = kept
        for name in names[:-1]:
            below = into.get(name)
            if not isinstance(below, dict):
                break
            into[name] = into = dict(below)
        else:
            into.pop(names[-1], None)
    return kept


def compact(value: Any = None) -> list[Any]:
    """An array without null, false, 0 and empty text."""
    return [element for element in array(value, "compact") if element or isinstance(element, dict | list)]


def join(value: Any = None, separator: Any = ",") -> str:
    """Elements as text, with a separator between them; a single value is text by itself."""
    between = "," if separator is None else text(separator)
    if not isinstance(value, list):
        return "" if value is None else text(value)
    return between.join(["" if element is None else text(element) for element in value])


def order_by(value: Any = None, by: Any = None, directions: Any = None) -> list[Any]:
    """The elements in the order of what paths give for each; ``desc`` turns it round."""
    ordered = list(_elements(value))
    paths = by if isinstance(by, list) else [by]
    wanted = directions if isinstance(directions, list) else [directions]
    # From the last to the first: what was in order stays so among equals.
    for index, path in reversed(list(enumerate(paths))):
        read = _reader(path)
        descending = index < len(wanted) and wanted[index] == "desc"
        ordered.sort(key=lambda element, read=read: in_order(read(element)), reverse=descending)  # type: ignore[misc]
    return ordered


def find(value: Any = None, by: Any = None) -> Any:
    """The first element that is like an object, has something at a path, or for which a function gives true."""
    fits = _condition(by)
    return next((element for element in _elements(value) if fits(element)), None)


def filter_elements(value: Any = None, by: Any = None) -> list[Any]:
    """Every element as in ``find``."""
    fits = _condition(by)
    return [element for element in _elements(value) if fits(element)]


def values(value: Any = None) -> list[Any]:
    """The values of an object's members."""
    return list(value) if isinstance(value, str) else _elements(value) if isinstance(value, dict | list) else []


def chunk(value: Any = None, size: Any = 1) -> list[list[Any]]:
    """An array in pieces of ``size``."""
    elements = array(value, "chunk")
    step = int(size) if isinstance(size, int | float) else 1
    return [elements[start : start + step] for start in range(0, len(elements), step)] if step > 0 else []


def _same(value: Any) -> Any:
    """What is equal for equal values, and for no others."""
    if isinstance(value, bool):
        return (value,)
    return value if value is None or isinstance(value, int | float | str) else _encode(value)


def difference(value: Any = None, other: Any = None) -> list[Any]:
    """What is in the first array and not in the second. Objects and arrays are always others."""
    out = {_same(element) for element in _elements(other) if not isinstance(element, dict | list)}
    return [
        element
        for element in array(value, "difference")
        if isinstance(element, dict | list) or _same(element) not in out
    ]


def distinct(value: Any = None) -> Any:
    """An array without what is in it already."""
    if not isinstance(value, list):
        return value
    return list({_same(element): NULL if element is None else element for element in value}.values())


def flatten_depth(value: Any = None, depth: Any = 1) -> list[Any]:
    """An array whose arrays are replaced by what they hold, as many levels down."""
    flat = _elements(value) if isinstance(value, list) else [] if value is None else [value]
    levels = int(depth) if isinstance(depth, int | float) else 1
    while levels > 0 and any(isinstance(element, list) for element in flat):
        flat = [inner for element in flat for inner in (element if isinstance(element, list) else [element])]
        levels -= 1
    return flat


def flatten(value: Any = None) -> list[Any]:
    """One level of ``flattenDepth``."""
    return flatten_depth(value, 1)


def flatten_deep(value: Any = None) -> list[Any]:
    """All levels of ``flattenDepth``."""
    return flatten_depth(value, 1000)


def _call(function: Any, *arguments: Any) -> Any:
    if not callable(function):
        raise Unsuitable("The second argument has to be a function")
    return function(*arguments[: max(1, getattr(function, "arity", 1))])


def each(value: Any = None, function: Any = None) -> Any:
    """What a function gives for each member of an object; nothing for null."""
    if value is None:
        return None
    object_ = members(value, "each")
    given = [_call(function, member, name, object_) for name, member in object_.items()]
    found = [element for element in given if element is not None]
    return found if len(found) > 1 else found[0] if found else None


def sift(value: Any = None, function: Any = None) -> Any:
    """The members of an object for which a function gives true; nothing for null and where there are none."""
    if value is None:
        return None
    object_ = members(value, "sift")
    return {name: member for name, member in object_.items() if _call(function, member, name, object_)} or None


FUNCTIONS = {
    "groupBy": group_by,
    "keyBy": key_by,
    "pick": pick,
    "omit": omit,
    "compact": compact,
    "join": join,
    "orderBy": order_by,
    "find": find,
    "lofilter": filter_elements,
    "values": values,
    "chunk": chunk,
    "difference": difference,
    "distinct": distinct,
    "flatten": flatten,
    "flattenDeep": flatten_deep,
    "flattenDepth": flatten_depth,
    "each": each,
    "sift": sift,
}
