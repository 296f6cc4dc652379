"""One call as a handler sees it: the record it is about, what was sent, what is to be shown."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct
from msgspec.json import Encoder
from msgspec.json import format as reindent

from fanfold.errors import RequestError
from fanfold.model import Answer, Call
from fanfold.work.schema import Document, Kind, Route
from fanfold.work.scopes import must_be_in_scope
from fanfold.work.selection import Selection, select
from fanfold.work.shape import reach, shape_one

if TYPE_CHECKING:
    from pathlib import Path

    from fanfold.work.store import Row
    from fanfold.work.store.rows import Reach
    from fanfold.work.view import View

encode = Encoder().encode

EMPTY = Answer(200, b'{"data":{}}', trusted=True)
TRUE = frozenset(("true", "1", "yes", ""))
FALSE = frozenset(("false", "0", "no"))


class Upload(Struct, frozen=True):
    """A file that was sent, already on disk; whoever keeps it moves it away from ``path``."""

    name: str
    path: Path
    size: int
    content_type: str = ""


class Form(Struct, frozen=True):
    """A multipart body: plain fields and files."""

    fields: dict[str, str]
    files: dict[str, Upload]


class Request:
    """One call.

    ``row`` is the record that the first path parameter names, found before the handler runs; ``found`` is what the
    route's ``before`` gave.
    """

    __slots__ = ("_data", "body", "call", "found", "params", "query", "route", "row", "view")

    row: Row

    def __init__(self, view: View, call: Call, route: Route, found: Any = None) -> None:
        if call.caller.scopes is not None:
            must_be_in_scope(call.caller.scopes, route)
        self.found = found
        self.view = view
        self.call = call
        self.route = route
        self.params = call.params
        self.body = call.body
        self.query = dict(call.query)
        if len(self.query) < len(call.query):
            self.query = _merged(call.query)
        for name, value in self.query.items():
            if "\0" in value or "\0" in name:
                raise RequestError(f"{brief(name)}: Text must not hold the character NUL")
        self._data: Document | None = None
        if self.body is not None and type(self.body) is not Form and not route.bare:
            self._read_envelope()
        if route.subject:
            self.row = view.find(route.label, self.params[0], route.subject)

    @property
    def kind(self) -> Kind:
        """The kind that the operation answers with."""
        return self.view.kinds[self.route.kind]

    # -- what was sent -----------------------------------------------------------------------------------------------

    def _read_envelope(self) -> None:
        body = self.body
        if not isinstance(body, dict):
            raise RequestError(f"data: Value is not a JSON object: {brief(body)}")
        if len(body) > 1 or "data" not in body:
            for key in body:
                if key not in ("data", "options"):
                    raise RequestError(
                        f"Unrecognized request field {brief(key)} . The only allowed keys at the top level are: "
                        "data, options. Put the fields of the object inside data."
                    )
            self._read_options(body.get("options"))

    def _read_options(self, options: object) -> None:
        if options is None:
            return
        if not isinstance(options, dict):
            raise RequestError(f"options: Value is not a JSON object: {brief(options)}")
        for name, parameter in (("fields", "opt_fields"), ("expand", "opt_expand"), ("pretty", "opt_pretty")):
            value = options.get(name)
            if isinstance(value, list):
                for item in value:
                    if not isinstance(item, str):
                        raise RequestError(f"options: [{name}]: Value is not a string: {brief(item)}")
                self.query.setdefault(parameter, ",".join(value))
            elif value is not None:
                self.query.setdefault(parameter, str(value).lower() if isinstance(value, bool) else str(value))

    @property
    def data(self) -> Document:
        """What the client sent about the object."""
        if self._data is None:
            if type(self.body) is Form:
                self._data = dict(self.body.fields)
            else:
                data = self.body.get("data") if self.body else None
                if data is None:
                    data = {}
                if not isinstance(data, dict):
                    raise RequestError(f"data: Value is not a JSON object: {brief(data)}")
                self._data = data
        return self._data

    def about(self, data: Document) -> Request:
        """The same call with other data."""
        other = copy(self)
        other._data = data  # noqa: SLF001 - it is of this class
        return other

    def flag(self, name: str) -> bool | None:
        """A boolean query parameter, or None where it is absent."""
        value = self.query.get(name)
        if value is None:
            return None
        if value.lower() not in TRUE and value.lower() not in FALSE:
            raise RequestError(f"{name}: Value is not a boolean: {brief(value)}")
        return value.lower() in TRUE

    def words(self, name: str) -> list[str]:
        """The members of a query parameter that is a list: comma-separated, repeated, or as Python prints a list."""
        parts = (part.strip("[]'\" ") for part in self.query.get(name, "").split(","))
        return [part for part in parts if part]

    def named(self, name: str, kind: str, *, required: bool = False) -> Row | None:
        """The record that a query parameter names, or None where it is absent."""
        value = self.query.get(name)
        if value is None or value == "":
            if required:
                raise RequestError(f"{name}: Missing input")
            return None
        return self.view.find(name, value, kind, status=400)

    def require(self, name: str, kind: str) -> Row:
        """The record that a query parameter names; it must be there."""
        return cast("Row", self.named(name, kind, required=True))

    # -- what is shown -----------------------------------------------------------------------------------------------

    def selection(self, *, full: bool) -> Selection:
        """What to show of each record; ``full`` is what the operation shows by default."""
        query = self.query
        try:
            return select(query.get("opt_fields", ""), query.get("opt_expand", ""), full=full)
        except ValueError as error:
            raise RequestError(str(error)) from None

    def record(self, gid: int, document: bytes, *, status: int = 200, headers: Any = (), kind: str = "") -> Answer:
        """An answer that shows one record."""
        of = self.view.kinds[kind or self.route.kind]
        shown = shape_one(self.view, of, gid, document, self.selection(full=True))
        return self.answer(b'{"data":%b}' % encode(shown), status=status, headers=headers)

    def reread(self, gid: int, *, status: int = 200, kind: str = "") -> Answer:
        """An answer that shows a record as it is stored now."""
        row = cast("Row", self.view.store.record(gid))
        collection = self.view.kinds[row.kind].collection
        headers = (("location", f"/api/1.0/{collection}/{gid}"),) if status == 201 else ()
        return self.record(gid, row.document, status=status, headers=headers, kind=kind)

    def value(self, value: object, *, status: int = 200) -> Answer:
        """An answer whose ``data`` is the given JSON value."""
        return self.answer(b'{"data":%b}' % encode(value), status=status)

    def answer(self, body: bytes, *, status: int = 200, headers: Any = ()) -> Answer:
        """An answer with this JSON body, indented if the caller asked for that."""
        pretty = self.query.get("opt_pretty")
        if pretty is not None and pretty.lower() in TRUE:
            body = reindent(body, indent=2)
        return Answer(status, body, headers, trusted=True)


def looked_at(call: Call, kind: Kind) -> Reach:
    """What showing the record that a call is about is going to look at; nothing where the call is refused."""
    query = dict(call.query)
    try:
        return reach(kind, select(query.get("opt_fields", ""), query.get("opt_expand", ""), full=True))
    except ValueError:
        return (), ()


def _merged(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in pairs:
        query[name] = f"{query[name]},{value}" if name in query else value
    return query


def brief(value: object) -> str:
    """A value as shown in a message: cut to 100 characters, on one line."""
    text = value if isinstance(value, str) else encode(value).decode()
    text = "".join(char if char.isprintable() else " " for char in text[:101])
    return text if len(text) <= 100 else f"{text[:100]}…"
