"""What a kind is: a descriptor (fields, relations, routes) with plain functions beside it.

Everything that 247 operations share is written once, in ``routes``, ``shape`` and ``validate``, and reads what it needs
here. A descriptor checks itself when the API is put together, so that a slip in a kind's page is found at start.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal

from msgspec import UNSET, Struct, structs

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.api import Api
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.shape import Sheet

Document = dict[str, Any]
"""A record as stored: values by field name; a relation to one is the other's gid as a string."""

Type = Literal[
    "text", "boolean", "integer", "number", "date", "datetime", "choice", "one", "many", "object", "list", "computed"
]
Access = Literal["write", "create", "read"]


class Ref(Struct, frozen=True, gc=False):
    """In a computed value: stands for the record of this gid, shown compact or as ``opt_fields`` asks.

    ``named``: not the whole compact form but the name alone, where records of several kinds are to look alike.
    """

    gid: int
    named: bool = False


class Field(Struct, frozen=True):
    """One property of a kind, or one parameter of a verb.

    ``access``: ``write`` may be set at any time, ``create`` only at creation, ``read`` never by a client.
    ``link``: for relations to many, the link field; a leading ``<`` reads it backwards. ``needs``: the link fields that
    ``compute`` reads from the sheet. ``opt_in``: shown only when ``opt_fields`` names it. ``omitted``: left out of the
    full record, rather than shown as null, while it has no value. ``blank``: what is shown, without computing anything,
    while nothing hangs on the record by the one link field in ``needs``. ``of``: the JSON type of a computed value or
    of a list's members. A field with ``compute`` is shown as that says, whatever a client may set it to.
    ``described``: whether the API's description has it among what is taken; what else clients send is taken quietly.
    """

    name: str
    type: Type
    kind: str = ""
    access: Access = "write"
    default: Any = None
    required: bool = False
    nullable: bool = True
    opt_in: bool = False
    omitted: bool = False
    choices: tuple[str, ...] = ()
    max_length: int = 0
    low: int | None = None
    high: int | None = None
    link: str = ""
    needs: tuple[str, ...] = ()
    compute: Callable[[Sheet, int, Document], Any] | None = None
    blank: Any = UNSET
    parse: Callable[[Request, Any], Any] | None = None
    of: str = ""
    described: bool = True

    @property
    def stored(self) -> bool:
        """Whether the value stands in the document."""
        return self.type not in ("many", "computed")


def text(name: str, *, max_length: int = 0, **more: Any) -> Field:
    """A string; ``max_length`` in characters."""
    return Field(name, "text", max_length=max_length, **more)


def boolean(name: str, *, default: bool | None = False, **more: Any) -> Field:
    """True or false."""
    return Field(name, "boolean", default=default, nullable=default is None, **more)


def integer(name: str, **more: Any) -> Field:
    """A whole number between ``low`` and ``high``."""
    return Field(name, "integer", **more)


def number(name: str, **more: Any) -> Field:
    """A number."""
    return Field(name, "number", **more)


def date(name: str, **more: Any) -> Field:
    """A day, ``YYYY-MM-DD``."""
    return Field(name, "date", **more)


def datetime(name: str, **more: Any) -> Field:
    """A moment, ISO 8601, kept in UTC with milliseconds."""
    return Field(name, "datetime", **more)


def choice(name: str, *choices: str, **more: Any) -> Field:
    """One of a few words."""
    return Field(name, "choice", choices=choices, **more)


def one(name: str, kind: str, **more: Any) -> Field:
    """A relation to one record of ``kind`` (empty: of any kind), stored as its gid."""
    return Field(name, "one", kind=kind, **more)


def many(name: str, kind: str, *, link: str = "", **more: Any) -> Field:
    """A relation to many records of ``kind``, stored as links."""
    return Field(name, "many", kind=kind, link=link, nullable=False, **more)


def computed(
    name: str,
    compute: Callable[[Sheet, int, Document], Any],
    *,
    needs: tuple[str, ...] = (),
    of: str = "object",
    **more: Any,
) -> Field:
    """A value worked out when it is shown; ``of`` is its JSON type, for the API description."""
    return Field(name, "computed", access="read", compute=compute, needs=needs, of=of, **more)


def obj(name: str, **more: Any) -> Field:
    """A JSON object, kept as given unless ``parse`` says otherwise."""
    return Field(name, "object", **more)


def items(name: str, of: str = "text", **more: Any) -> Field:
    """A JSON array of simple values."""
    return Field(name, "list", of=of, **more)


Handler = Callable[["Request"], "Answer"]
Waiting = Callable[["Api"], Awaitable[Any]]
"""What is to be waited for: told which API it is for, it gives what was found."""

Before = Callable[["Request"], Waiting]
Rule = Callable[["Change"], None]


class Route(Struct, frozen=True):
    """One operation: where it is, what it takes, which function answers.

    Satisfies ``fanfold.model.Endpoint``. ``answers``: what the body's ``data`` is; ``mixed`` is a list of several
    kinds. ``subject``: the kind that the first path parameter names; its record is found, and the caller's access
    checked, before the handler runs. ``label``: what messages call it. ``before``: tells what has to be waited for (a
    call to somebody else, a long scan), outside of any transaction, before the handler runs, which finds what it gave
    in ``request.found``; such a route is not ``inline``. ``scope``: what an app has to be allowed, if
    it is not what its path and method say. ``bare``: its body is the object itself, in no envelope.
    """

    method: str
    template: str
    operation: str
    handler: Handler
    kind: str
    summary: str = ""
    subject: str = ""
    takes: tuple[Field, ...] = ()
    query: tuple[Field, ...] = ()
    answers: Literal["record", "list", "mixed", "empty", "stream", "other"] = "record"
    paged: bool = False
    status: int = 200
    write: bool = False
    batchable: bool = True
    inline: bool = True
    costs: tuple[str, ...] = ()
    label: str = ""
    before: Before | None = None
    scope: str = ""
    bare: bool = False

    def __post_init__(self) -> None:
        structs.force_setattr(self, "label", self.template.partition("{")[2].partition("}")[0].removesuffix("_gid"))

    @property
    def tag(self) -> str:
        """The group that the operation belongs to in the API description."""
        return self.kind


class Kind:
    """One kind of record.

    ``compact``: the fields of the short form beside ``gid`` and ``resource_type``. ``within``: the field that names the
    record whose visibility this kind shares. ``collection``: the path segment; ``label``: the name used in messages and
    path parameters. ``typed``: whether answers say of which kind a record is. ``composed``: the short form holds
    relations, so it is put together when shown, not stored. ``made_with``: what its creation by the system is told
    beside its fields, for a rule to take out of the record again.
    """

    def __init__(  # noqa: PLR0913 - each is said of some kind
        self,
        name: str,
        *,
        fields: tuple[Field, ...],
        compact: tuple[str, ...] = ("name",),
        collection: str = "",
        within: str = "",
        workspace_from: str = "workspace",
        typed: bool = True,
        made_with: tuple[Field, ...] = (),
    ) -> None:
        self.name = name
        self.made_with = made_with
        self.collection = collection or f"{name}s"
        self.within = within
        self.typed = typed
        self.workspace_from = workspace_from
        self.fields = {field.name: field for field in fields}
        self.compact = compact
        self.routes: list[Route] = []
        self.rules: dict[str, list[Rule]] = {"create": [], "update": [], "delete": []}
        self.composed = any(self.fields[n].type in ("one", "many", "computed") for n in compact)
        self.full = tuple(f.name for f in fields if not f.opt_in)
        self.required = tuple(f.name for f in fields if f.required)
        self.defaults = {f.name: f.default for f in fields if f.stored and f.compute is None and not f.omitted}
        self._check()

    def _check(self) -> None:
        for field in self.fields.values():
            if field.type == "many" and not field.link and field.compute is None:
                self.fields[field.name] = structs.replace(field, link=f"{self.name}.{field.name}")
            if field.type == "choice" and not field.choices:
                raise TypeError(f"{self.name}.{field.name}: a choice needs its words")
            if field.type == "computed" and field.compute is None:
                raise TypeError(f"{self.name}.{field.name}: a computed field needs its function")

    def rule(self, *moments: Literal["create", "update", "delete"]) -> Callable[[Rule], Rule]:
        """Have a function look at each change of this kind before it is written; it sets fields or raises."""

        def keep(rule: Rule) -> Rule:
            for moment in moments:
                self.rules[moment].append(rule)
            return rule

        return keep

    def route(self, method: str, template: str, operation: str, handler: Handler, **more: Any) -> None:
        """Add one operation."""
        more.setdefault("write", method != "GET")
        self.routes.append(Route(method, template, operation, handler, self.name, **more))

    def verb(self, method: str, template: str, operation: str, **more: Any) -> Callable[[Handler], Handler]:
        """Add an operation that a written function answers."""

        def keep(handler: Handler) -> Handler:
            summary = (handler.__doc__ or "").partition("\n")[0].rstrip(".")
            self.route(method, template, operation, handler, **{"summary": summary, **more})
            return handler

        return keep
