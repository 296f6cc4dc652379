"""One action of Asana's envelope, as an ``Action``: where values go depends on the method.

``data`` is the query of a GET and the body of a POST or PUT; ``options`` are the ``opt_*`` parameters of a plain
request. Whatever is wrong is raised here and becomes the error of this one action.
"""

from __future__ import annotations

from typing import cast

import msgspec

from fanfold.dialects.paths import PathRules
from fanfold.errors import RequestError
from fanfold.model import Action, Pairs

_METHODS = {name: name.upper() for name in ("get", "post", "put", "delete", "patch", "head")}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_SHOWN = 200

_encode = msgspec.json.Encoder().encode


def read_action(item: object, index: int, paths: PathRules) -> Action:
    """The action, or one that holds the error. Never raises."""
    try:
        if item.__class__ is not dict:
            raise RequestError(f"actions: [{index}]: Value is not a JSON object: {shown(item)}")
        return _read(cast("dict[str, object]", item), paths)
    except RequestError as error:
        written = cast("dict[str, object]", item) if isinstance(item, dict) else {}
        method, path = written.get("method"), written.get("relative_path")
        return Action(_printable(method).upper(), _printable(path), error=error.with_traceback(None))


def _read(item: dict[str, object], paths: PathRules) -> Action:
    written = item.get("method")
    method = _METHODS.get(written) if written.__class__ is str else None  # type: ignore[call-overload]
    if method is None:
        method = _read_method(written)
    path = item.get("relative_path")
    query: Pairs = ()
    if path.__class__ is not str or paths.is_plain(path) is None:  # type: ignore[arg-type]
        path, query = paths.read(method, path)
    data = item.get("data")
    body: dict[str, object] | None = None
    if method in _WITH_BODY:
        body = {"data": _read_object("data", data)}
    elif data and method != "DELETE":
        query += _read_query(_read_object("data", data))
    options = item.get("options")
    if options:
        query = _override(query, _read_options(_read_object("options", options)))
    return Action(method, cast("str", path), query, body)


def _read_method(written: object) -> str:
    if written is None:
        raise RequestError("method: Missing input")
    method = _METHODS.get(written.lower()) if isinstance(written, str) else None
    if method is None:
        raise RequestError(f"method: Not a recognized HTTP method: {shown(written)}")
    return method


def _read_object(name: str, value: object) -> dict[str, object]:
    if value is None:
        return {}
    if value.__class__ is not dict:
        raise RequestError(f"{name}: Value is not a JSON object: {shown(value)}")
    return cast("dict[str, object]", value)


def _read_query(data: dict[str, object]) -> Pairs:
    return tuple([(name, _read_parameter(name, value)) for name, value in data.items() if name != "opt_pretty"])


def _read_parameter(name: str, value: object) -> str:
    if isinstance(value, list) and not any(isinstance(element, list | dict) for element in value):
        return ",".join([_read_parameter(name, element) for element in value])
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list | dict):
        raise RequestError(f"{name}: Value is not a string, a number, a boolean or a list of them: {shown(value)}")
    return _encode(value).decode()


def _read_options(options: dict[str, object]) -> Pairs:
    pairs: list[tuple[str, str]] = []
    limit, offset = options.get("limit"), options.get("offset")
    if limit is not None:
        if limit.__class__ not in {int, str}:
            raise RequestError("limit: Must be an integer between 1 and 100")
        pairs.append(("limit", str(limit)))
    if offset is not None:
        if offset.__class__ not in {int, str}:
            raise RequestError("offset: Your pagination token is invalid.")
        pairs.append(("offset", str(offset)))
    for name in ("fields", "expand"):
        value = options.get(name)
        if value is not None:
            pairs.append((f"opt_{name}", _read_names(name, value)))
    return tuple(pairs)


def _read_names(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not all(isinstance(element, str) for element in value):
        raise RequestError(f"{name}: Value is not a list of strings: {shown(value)}")
    return ",".join(value)


def _override(query: Pairs, options: Pairs) -> Pairs:
    """``options`` win over what ``data`` of a GET says about the same."""
    if not query:
        return options
    names = {name for name, _ in options}
    return (*(pair for pair in query if pair[0] not in names), *options)


def shown(value: object) -> str:
    """A value as it may be quoted in a message: as it was written, cut short."""
    text = value if isinstance(value, str) else _encode(value).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _printable(value: object) -> str:
    """A refused method or path as it may stand in a log line."""
    return ascii(value)[1:-1][:_SHOWN] if isinstance(value, str) else ""
