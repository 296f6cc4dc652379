"""From records as stored to JSON as shown: the fields selected, relations compact or opened, nothing hidden.

The number of queries depends on the selection's depth, never on how many records are shown: links of all records come
in one, the compact forms of everything referred to in another, and each opened relation costs the same again. Compact
forms are embedded as the bytes they are stored as.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import UNSET, Raw, Struct
from msgspec.json import Decoder, Encoder

from fanfold.errors import RequestError
from fanfold.work.schema import Document, Field, Kind, Ref
from fanfold.work.selection import COMPACT, NAMED, Selection

if TYPE_CHECKING:
    from fanfold.work.store import Link
    from fanfold.work.store.rows import Reach
    from fanfold.work.view import View

decode = Decoder().decode
encode = Encoder().encode

T = TypeVar("T")

Place = tuple[Any, Any, int, Selection]
"""Where something is still to be filled in: container, key or index, gid, selection."""

MAX_DEPTH = 12
"""How deep relations may be opened within relations."""

MAX_OPENED = 4 * 1024 * 1024
"""Bytes that the records of one kind, opened at one depth, may come to: each is made once but may stand in many places,
and those that refer to each other would multiply with every step."""


Compute = Callable[["Sheet", int, Document], Any]


class _Wanted(Struct, frozen=True):
    """The fields of a kind that are to be shown, sorted by how they are found.

    ``hanging``: by link field, the computed fields that need nothing else, and what they show while nothing is linked.
    """

    scalars: tuple[tuple[str, Any], ...]
    omitted: tuple[str, ...]
    ones: tuple[str, ...]
    manys: tuple[tuple[str, str], ...]
    computed: tuple[tuple[str, Compute], ...]
    hanging: tuple[tuple[str, tuple[tuple[str, Compute], ...], Document], ...]
    forward: tuple[str, ...]
    backward: tuple[str, ...]
    resource_type: bool
    plain: bool


def _wanted(kind: Kind, selection: Selection) -> _Wanted:
    names = _names(kind, selection)
    fields = [kind.fields[name] for name in names if name in kind.fields]
    computed = tuple(f for f in fields if f.compute is not None)
    fields = [f for f in fields if f.compute is None]
    manys = tuple(f for f in fields if f.type == "many")
    links = {f.link for f in manys}.union(*(f.needs for f in computed))
    return _Wanted(
        scalars=tuple((f.name, f.default) for f in fields if f.stored and f.type != "one" and not f.omitted),
        omitted=tuple(f.name for f in fields if f.omitted and f.stored),
        ones=tuple(f.name for f in fields if f.type == "one" and not f.omitted),
        manys=tuple((f.name, f.link) for f in manys),
        computed=tuple((f.name, f.compute) for f in computed if f.compute is not None and f.blank is UNSET),
        hanging=_hanging([f for f in computed if f.blank is not UNSET]),
        forward=tuple(sorted(link for link in links if not link.startswith("<"))),
        backward=tuple(sorted(link[1:] for link in links if link.startswith("<"))),
        resource_type=kind.typed and "resource_type" in names,
        plain=all(f.stored and f.type != "one" and not f.omitted for f in fields) and not computed,
    )


def _hanging(fields: list[Field]) -> tuple[tuple[str, tuple[tuple[str, Compute], ...], Document], ...]:
    groups: dict[str, list[Field]] = {}
    for field in fields:
        groups.setdefault(field.needs[0], []).append(field)
    return tuple(
        (
            link,
            tuple((field.name, field.compute) for field in group if field.compute is not None),
            {field.name: field.blank for field in group},
        )
        for link, group in groups.items()
    )


def _names(kind: Kind, selection: Selection) -> tuple[str, ...]:
    if selection.full:
        more = tuple(name for name in selection.fields if name not in kind.full)
        return ("resource_type", *kind.full, *more)
    return tuple(selection.fields) if selection.fields else ("resource_type", *kind.compact)


class Sheet:
    """A set of records of one kind while they are being shaped; computed fields read what they need from it."""

    def __init__(self, view: View, kind: Kind, gids: Sequence[int], wanted: _Wanted, selection: Selection) -> None:
        self.view = view
        self.kind = kind
        self.gids = gids
        self.selection = selection
        self._links = view.links(gids, wanted.forward, wanted.backward) if wanted.forward or wanted.backward else {}
        self._counts: dict[str, dict[int, int]] = {}
        self._found: dict[str, Any] = {}

    def links(self, gid: int, field: str) -> Sequence[Link]:
        """What hangs on a record by a link field that the computed field declared in ``needs``."""
        return self._links.get((gid, field), ())

    def count(self, gid: int, field: str) -> int:
        """How many hang on a record by a link field; one query for all records of the sheet."""
        if field not in self._counts:
            self._counts[field] = self.view.store.counts(self.gids, field)
        return self._counts[field].get(gid, 0)

    def once(self, name: str, find: Callable[[Sheet], T]) -> T:
        """What ``find`` gives for this sheet, looked up once for all its records."""
        if name not in self._found:
            self._found[name] = find(self)
        found: T = self._found[name]
        return found


def reach(kind: Kind, selection: Selection) -> Reach:
    """What is looked at to show a record."""
    wanted = _plan_for(kind, selection)
    return wanted.forward, wanted.backward


def _plan_for(kind: Kind, selection: Selection) -> _Wanted:
    wanted: _Wanted | None = selection.plans.get(kind.name)
    if wanted is None:
        wanted = selection.plans[kind.name] = _wanted(kind, selection)
    return wanted


def shape_one(view: View, kind: Kind, gid: int, document: bytes, selection: Selection) -> Document:
    """What is shown of one record."""
    wanted = selection.plans.get(kind.name)
    if wanted is not None and wanted.plain:
        return _plain(kind, wanted, gid, decode(document))
    return shape(view, kind, [(gid, document)], selection)[0]


def shape(
    view: View, kind: Kind, rows: Sequence[tuple[int, bytes]], selection: Selection, depth: int = 0
) -> list[Document]:
    """What is shown of ``rows`` (gid and stored document each), in order."""
    wanted = _plan_for(kind, selection)
    if wanted.plain:
        return [_plain(kind, wanted, gid, decode(document)) for gid, document in rows]
    documents = [(gid, decode(document)) for gid, document in rows]
    if view.store.far and wanted.ones:
        referred = (document.get(name) for _, document in documents for name in wanted.ones)
        view.store.expect(*{int(gid) for gid in referred if gid is not None})
    sheet = Sheet(view, kind, [gid for gid, _ in documents], wanted, selection)
    open_places: list[Place] = []
    shown = [_one(sheet, wanted, selection, gid, document, open_places) for gid, document in documents]
    if open_places:
        _fill(view, open_places, depth)
    return shown


def _plain(kind: Kind, wanted: _Wanted, gid: int, document: Document) -> Document:
    """A record of which only stored values are shown."""
    out: Document = {"gid": str(gid)}
    if wanted.resource_type:
        out["resource_type"] = kind.name
    get = document.get
    for name, default in wanted.scalars:
        out[name] = get(name, default)
    return out


def _one(
    sheet: Sheet, wanted: _Wanted, selection: Selection, gid: int, document: Document, open_places: list[Place]
) -> Document:
    out = _plain(sheet.kind, wanted, gid, document)
    subfields = selection.fields
    _show_ones(sheet.view, wanted, subfields, document, out, open_places)
    _show_manys(sheet, wanted, subfields, gid, out, open_places)
    computed = wanted.computed
    for field, fields, blanks in wanted.hanging:
        if sheet.links(gid, field):
            computed += fields
        else:
            out.update(blanks)
    for name, compute in computed:
        value = compute(sheet, gid, document)
        kind = type(value)
        if value and (kind is list or kind is dict or kind is Ref):
            _plan(sheet.view, out, name, value, subfields.get(name, COMPACT), open_places)
        else:
            out[name] = value
    for name in wanted.omitted:
        if document.get(name) is not None:
            _show_if_set(sheet.kind.fields[name], selection, document, out, open_places)
    return out


def _show_ones(
    view: View,
    wanted: _Wanted,
    subfields: dict[str, Selection],
    document: Document,
    out: Document,
    open_places: list[Place],
) -> None:
    for name in wanted.ones:
        target = document.get(name)
        out[name] = None
        if target is not None:
            sub = subfields.get(name, COMPACT)
            compact = view.known(int(target)) if sub is COMPACT else None
            if compact:
                out[name] = Raw(compact)
            else:
                open_places.append((out, name, int(target), sub))


def _show_manys(
    sheet: Sheet,
    wanted: _Wanted,
    subfields: dict[str, Selection],
    gid: int,
    out: Document,
    open_places: list[Place],
) -> None:
    for name, field in wanted.manys:
        links = sheet.links(gid, field)
        sub = subfields.get(name, COMPACT)
        shut = sub is COMPACT or sub.compact
        out[name] = shown = [Raw(link.compact) if shut and link.compact else None for link in links]
        if not shut or None in shown:
            open_places += [(shown, index, link.gid, sub) for index, link in enumerate(links) if shown[index] is None]


def _show_if_set(
    field: Field, selection: Selection, document: Document, out: Document, open_places: list[Place]
) -> None:
    value = document[field.name]
    if field.type == "one":
        open_places.append((out, field.name, int(value), selection.fields.get(field.name, COMPACT)))
    else:
        out[field.name] = value


def _plan(view: View, container: Any, key: Any, value: Any, selection: Selection, open_places: list[Place]) -> None:
    """Put a computed value in its place, cut to the selection.

    References are shown at once where their compact form is at hand, and noted to be filled in together elsewhere.
    """
    kind = type(value)
    if kind is Ref:
        if value.named and selection.compact:
            selection = NAMED
        compact = view.known(value.gid) if selection is COMPACT else None
        if compact:
            container[key] = Raw(compact)
        else:
            container[key] = None
            open_places.append((container, key, value.gid, selection))
    elif kind is list:
        container[key] = value = list(value)
        for index, item in enumerate(value):
            _plan(view, value, index, item, selection, open_places)
    elif kind is dict:
        cut = selection.fields
        value = {k: v for k, v in value.items() if k in cut or k == "gid"} if cut else dict(value)
        container[key] = value
        for name, item in value.items():
            inner = type(item)
            if inner is Ref or inner is list or inner is dict:
                _plan(view, value, name, item, cut.get(name, COMPACT), open_places)
    else:
        container[key] = value


def fill(view: View, value: Any, selection: Selection) -> Any:
    """A value that is no record, cut to the selection and with its references filled in."""
    holder = [value]
    places: list[Place] = []
    _plan(view, holder, 0, value, selection, places)
    if places:
        _fill(view, places, 0)
    return holder[0]


def _fill(view: View, places: list[Place], depth: int) -> None:
    shut = [place for place in places if place[3].compact]
    opened = [place for place in places if not place[3].compact]
    if shut:
        found = view.compacts({place[2] for place in shut})
        for place in shut:
            container, key, gid, _ = place
            compact = found.get(gid)
            if compact:
                container[key] = Raw(compact)
            elif compact is not None:
                opened.append(place)
    if opened and depth < MAX_DEPTH:
        _open(view, opened, depth)


def _open(view: View, places: list[Place], depth: int) -> None:
    """Fill in relations that the selection opens, those with the same selection and kind together."""
    rows = view.rows({place[2] for place in places})
    groups: dict[tuple[int, str], list[Place]] = {}
    for place in places:
        row = rows.get(place[2])
        if row is not None:
            groups.setdefault((id(place[3]), row.kind), []).append(place)
    for (_, kind), members in groups.items():
        gids = _distinct(place[2] for place in members)
        shown = shape(view, view.kinds[kind], [(gid, rows[gid].document) for gid in gids], members[0][3], depth + 1)
        by_gid = {gid: encode(document) for gid, document in zip(gids, shown, strict=True)}
        if sum([len(by_gid[place[2]]) for place in members]) > MAX_OPENED:
            raise RequestError(
                "opt_fields: The result is too large. Name fewer fields, or fewer relations in relations."
            )
        for container, key, gid, _ in members:
            container[key] = Raw(by_gid[gid])


def _distinct(gids: Iterable[int]) -> list[int]:
    return list(dict.fromkeys(gids))
