"""One action of Asana's envelope, as an ``Action``: where values go depends on the method.

``data`` is the query of a GET and the body of a POST or PUT; ``options`` are the ``opt_*`` parameters of a plain
request. Whatever is wrong is raised here and becomes the error of this one action.
"""

from __future__ import annotations

import base64
import binascii

import msgspec
from msgspec.structs import replace

from fanfold.dialects.paths import MAX_LENGTH, PathRules
from fanfold.dialects.shown import printable, shown
from fanfold.dialects.wiring import read_headers, read_manner, read_wiring
from fanfold.errors import RequestError
from fanfold.model import Action, Pairs

_METHODS: dict[object, str] = {name: name.upper() for name in ("get", "post", "put", "delete", "patch", "head")}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})

_encode = msgspec.json.Encoder().encode


def read_action(
    item: object, index: int, paths: PathRules, *, foreign: bool = False, templated: bool = False
) -> Action:
    """The action, or one that holds the error. Never raises.

    An empty ``data`` or ``options`` of any type is taken for an empty object, because PHP writes that as a list; but
    where the API is ``foreign``, ``data`` is the body as it is. ``templated``: a path that holds references is read
    when they are filled in.
    """
    if not isinstance(item, dict):
        return Action("", "", error=RequestError(f"actions: [{index}]: Value is not a JSON object: {shown(item)}"))
    try:
        try:
            method = _METHODS[item["method"]]
        except (KeyError, TypeError):
            method = _read_method(item.get("method"))
        path = item.get("relative_path")
        query: Pairs = ()
        if not isinstance(path, str) or paths.is_plain(path) is None:
            if templated and isinstance(path, str) and "{{" in path:
                path = _bounded(path)
            else:
                path, query = paths.read(method, path)
        data, options = item.get("data"), item.get("options")
        body: object = None
        if method in _WITH_BODY and foreign:
            body = data
        elif method in _WITH_BODY:
            body = {"data": _read_object("data", data) if data else {}}
        elif data and method != "DELETE":
            query += _read_query(_read_object("data", data))
        if options:
            query = _override(query, _read_options(_read_object("options", options)))
        return Action(method, path, query, body)
    except RequestError as error:
        return _refused(item, error)


def read_wired(
    item: object, index: int, paths: PathRules, *, templated: bool, own: frozenset[str], foreign: bool = False
) -> Action:
    """The same for an action that may have a name, headers of its own, and the like; ``own`` are those that it may set.

    Raises ``EnvelopeError`` for a mistake that concerns the whole batch.
    """
    plain = read_action(item, index, paths, foreign=foreign, templated=templated)
    if not isinstance(item, dict):
        return plain
    wiring = read_wiring(item, index)
    if plain.error is not None:
        return replace(plain, wiring=wiring)
    try:
        wiring = read_manner(item, wiring)
        headers = read_headers(item.get("headers"), own)
        body = plain.body if item.get("base64") is None else _read_base64(item, plain, foreign=foreign)
    except RequestError as error:
        return replace(_refused(item, error), wiring=wiring)
    return Action(plain.method, plain.path, plain.query, body, headers, wiring=wiring)


def _bounded(path: str) -> str:
    if len(path) > MAX_LENGTH:
        raise RequestError(f"relative_path: Must be at most {MAX_LENGTH} characters long")
    return path


def _refused(item: dict[str, object], error: RequestError) -> Action:
    method, path = printable(item.get("method")), printable(item.get("relative_path"))
    return Action(method.upper(), path, error=error.alone())


def _read_base64(item: dict[str, object], plain: Action, *, foreign: bool) -> bytes:
    written = item["base64"]
    if not foreign or plain.method not in _WITH_BODY:
        raise RequestError("base64: Only a POST, PUT or PATCH to an API that takes any body may have one")
    if item.get("data") is not None:
        raise RequestError("base64: An action has either this or data")
    try:
        if isinstance(written, str):
            return base64.b64decode(written, validate=True)
    except (ValueError, binascii.Error):
        pass
    raise RequestError("base64: Value is not base64")


def _read_method(written: object) -> str:
    if written is None:
        raise RequestError("method: Missing input")
    method = _METHODS.get(written.lower()) if isinstance(written, str) else None
    if method is None:
        raise RequestError(f"method: Not a recognized HTTP method: {shown(written)}")
    return method


def _read_object(name: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise RequestError(f"{name}: Value is not a JSON object: {shown(value)}")
    return value


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
    if isinstance(value, list):
        try:
            return ",".join(value)
        except TypeError:
            pass
    raise RequestError(f"{name}: Value is not a list of strings: {shown(value)}")


def _override(query: Pairs, options: Pairs) -> Pairs:
    """``options`` win over what ``data`` of a GET says about the same."""
    if not query:
        return options
    names = {name for name, _ in options}
    return (*(pair for pair in query if pair[0] not in names), *options)
