"""Filling a database with what a seed file says, through the API itself, so that every rule holds.

The format is documented in ``docs/seeding.md``. Nothing here knows the kinds one by one: where a collection may stand,
and which fields it takes, is read from the routes; only a few names that read more naturally are spelt out. The same
file gives the same gids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec import json

from fanfold.errors import RequestError
from fanfold.model import Call, Caller
from fanfold.work.api import WorkApi
from fanfold.work.change import born
from fanfold.work.clock import Clock, utc_now
from fanfold.work.kinds.workspace_memberships import join_workspace
from fanfold.work.schema import Route
from fanfold.work.seed import FIRST_USER, first_user, seed
from fanfold.work.seed_keys import Keys, SeedError
from fanfold.work.seed_reading import a_text, known, listed, mapping
from fanfold.work.seed_records import write_record
from fanfold.work.seed_words import BELOW
from fanfold.work.store import Store
from fanfold.work.strictness import nearest

Item = dict[str, Any]

SECTIONS = ("base", "people", "workspaces", "records", "actions")
"""What may stand at the top of a file."""

FIRST = ("custom_types", "custom_fields", "tags", "teams")
"""Collections of a workspace that others refer to, and that therefore are made before them."""

ACTION = ("key", "as", "method", "path", "data", "query")


def load(store: Store, document: Any, *, source: str = "seed", clock: Clock = utc_now) -> None:
    """Fill a database that is empty. Raises ``SeedError`` with the file, the place and what was expected there.

    What was made until then stays: load into a store in memory, and copy that when all is well.
    """
    loader = Loader(store, source, clock)
    try:
        loader.load(document)
    except SeedError as error:
        end = "" if error.message.endswith((".", "?")) else "."
        raise SeedError(f"{source}: {error.message}{end}") from None


class Loader:
    """One file on its way into one database."""

    def __init__(self, store: Store, source: str, clock: Clock) -> None:
        self._source = source
        self._store = store
        self._api = WorkApi(store, clock=clock)
        self._clock = clock
        self._keys = Keys()
        self._people: list[int] = []
        self._workspaces: list[int] = []
        self._later: list[Callable[[], object]] = []

    def load(self, document: Any) -> None:
        """Carry out everything that the file says, in its order."""
        top = mapping(document, "the file")
        known(top, SECTIONS, "the file")
        base = top.pop("base", None)
        if base is not None:
            self._begin_with(base)
        makers = {
            "people": self._person,
            "workspaces": self._workspace,
            "records": self._record,
            "actions": self._action,
        }
        for name, items in top.items():
            for index, item in enumerate(listed(items, name)):
                makers[name](item, f"{name}[{index}]")
                self._api.commit()
        for late in self._later:
            late()
        self._api.commit()
        if not self._people or not self._workspaces:
            raise SeedError("expected at least one of people, and one of workspaces")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._store.begin_action()
        yield
        self._store.end_action()

    def _begin_with(self, base: Any) -> None:
        if base not in ("demo", "empty"):
            raise SeedError(f"base: expected demo or empty, not {base!r}")
        seed(self._store, base, self._clock)
        self._people.append(first_user(self._store))
        self._workspaces.append(self._store.owners(self._people[0], "workspace.members")[0][0])

    # -- what is at the top ------------------------------------------------------------------------------------------

    def _person(self, item: Any, place: str) -> None:
        if isinstance(item, str):
            item = {"name": item}
        person = mapping(item, place)
        known(person, ("key", "name", "email"), place)
        name = a_text(person.get("name"), f"{place}.name")
        key = person.get("key") or name.partition(" ")[0].lower()
        email = a_text(person.get("email", f"{key}@example.com"), f"{place}.email")
        if "@" not in email or self._store.user_by_email(email) is not None:
            raise SeedError(f"{place}.email: expected an e-mail address that nobody else has, not {email!r}")
        with self._writing():
            gid = born(self._api.view(0), "user", 0, name=name, email=email).gid
            if not self._people:
                self._store.set(FIRST_USER, str(gid).encode())
        self._keys.define(key, {"gid": str(gid)}, place)
        self._people.append(gid)

    def _workspace(self, item: Any, place: str) -> None:
        given = mapping(item, place)
        if not self._people:
            raise SeedError(f"{place}: expected people before the first of workspaces")
        own = ("key", "name", "organization", "email_domains", "members", "admins")
        key, name, organization, domains, members, admins = (given.pop(part, None) for part in own)
        values = {
            "name": a_text(name, f"{place}.name"),
            "email_domains": [a_text(d, f"{place}.email_domains") for d in listed(domains or [], place)],
            "is_organization": organization is not False,
        }
        inside = self._users(members, f"{place}.members") or self._people
        leading = self._users(admins, f"{place}.admins") or inside[:1]
        with self._writing():
            gid = born(self._api.view(0), "workspace", self._store.peek_gid(), **values).gid
            for user in dict.fromkeys([*leading, *inside]):
                join_workspace(self._api.view(leading[0]), gid, user, admin=user in leading)
        if key is not None:
            self._keys.define(key, {"gid": str(gid)}, place)
        self._workspaces.append(gid)
        for collection in sorted(given, key=lambda c: FIRST.index(c) if c in FIRST else len(FIRST)):
            self._collection(collection, given[collection], gid, leading[0], f"{place}.{collection}")

    def _users(self, given: Any, place: str) -> list[int]:
        return [int(self._keys.related(user, place)) for user in listed(given or [], place)]

    def _collection(self, name: str, items: Any, workspace: int, who: int, place: str) -> None:
        route = self._route(f"/{name}")
        taken = {field.name for field in route.takes} if route else set()
        parent = next((field for field in ("workspace", "organization") if field in taken), None)
        if parent is None:
            offered = [
                r.template[1:] for r in self._api.operations() if r.method == "POST" and r.template.count("/") == 1
            ]
            raise SeedError(f"{place}: a workspace has no such collection.{nearest(name, offered)}")
        for index, item in enumerate(listed(items, place)):
            self.make(item, f"{place}[{index}]", f"/{name}", who, {parent: str(workspace)})

    def _action(self, item: Any, place: str) -> None:
        action = mapping(item, place)
        known(action, ACTION, place)
        path = self._keys.path(a_text(action.get("path"), f"{place}.path"), f"{place}.path")
        data = self._keys.filled(mapping(action.get("data", {}), f"{place}.data"), f"{place}.data")
        query = self._keys.filled(mapping(action.get("query", {}), f"{place}.query"), f"{place}.query")
        method = a_text(action.get("method", "post"), f"{place}.method").upper()
        shown = self.ask(place, self._who(action, place), method, path, data, query)
        if action.get("key") is not None:
            self._keys.define(action["key"], shown, place)

    def _record(self, item: Any, place: str) -> None:
        record = mapping(item, place)
        known(record, ("key", "as", "kind", "workspace", "values"), place)
        workspace = self._keys.related(record.get("workspace", str((self._workspaces or [0])[0])), place)
        values = self._keys.filled(mapping(record.get("values", {}), f"{place}.values"), f"{place}.values")
        kind = a_text(record.get("kind"), f"{place}.kind")
        if kind not in self._api.kinds:
            raise SeedError(f"{place}.kind: there is no kind {kind!r}.{nearest(kind, self._api.kinds)}")
        try:
            with self._writing():
                gid = write_record(self._api, self._who(record, place), self._api.kinds[kind], int(workspace), values)
        except RequestError as error:
            raise SeedError(f"{place}.values: {error.message}") from None
        if record.get("key") is not None:
            self._keys.define(record["key"], {"gid": str(gid)}, place)

    def _who(self, item: Item, place: str, default: int = 0) -> int:
        named = item.get("as")
        if named is not None:
            return int(self._keys.related(named, f"{place}.as"))
        if not default and not self._people:
            raise SeedError(f"{place}: expected people before this")
        return default or self._people[0]

    # -- one record and what is below it -----------------------------------------------------------------------------

    def make(self, item: Any, place: str, path: str, who: int, preset: Item, text: str = "name") -> Item:
        """Create one record at ``path``, with everything that is written below it."""
        given = {text: item} if isinstance(item, str) else mapping(item, place)
        route = self._route(path)
        takes = {field.name: field for field in route.takes} if route else {}
        key, author = given.pop("key", None), self._who(given, place, who)
        given.pop("as", None)
        data, below, option_keys = dict(preset), {}, []
        for name, value in given.items():
            if name == "custom_fields" and isinstance(value, Mapping) and name in takes:
                data[name] = self._custom_values(value, f"{place}.{name}")
            elif name == "enum_options" and name in takes:
                data[name] = [mapping(o if isinstance(o, dict) else {"name": o}, place) for o in listed(value, place)]
                option_keys = [option.pop("key", None) for option in data[name]]
            elif name in takes and takes[name].access != "read":
                related = takes[name].type in ("one", "many") and takes[name].parse is None
                fill = self._keys.related if related else self._keys.filled
                data[name] = fill(value, f"{place}.{name}")
            else:
                below[name] = value
        made: Item = self.ask(place, author, "POST", path, data)
        if key is not None:
            self._keys.define(key, made, place)
        for option, option_key in zip(made.get("enum_options", ()), option_keys, strict=False):
            if option_key is not None:
                self._keys.define(option_key, option, f"{place}.enum_options")
        for name, value in below.items():
            self._below(made, name, value, f"{place}.{name}", author, tuple(takes))
        return made

    def _custom_values(self, value: Mapping[str, Any], place: str) -> Item:
        """Values by custom field; fields, options and people may be named by their keys."""
        found = {}
        for name, wanted in value.items():
            many = (
                [self._keys.find(w, place) if w in self._keys else w for w in wanted]
                if isinstance(wanted, list)
                else ()
            )
            one = self._keys.find(wanted, place) if isinstance(wanted, str) and wanted in self._keys else wanted
            found[self._keys.related(str(name), place)] = self._keys.filled(
                list(many) if isinstance(wanted, list) else one, place
            )
        return found

    def _below(self, made: Item, name: str, value: Any, place: str, who: int, taken: tuple[str, ...]) -> None:
        """What is written below a record that has just been made."""
        kind, gid = str(made.get("resource_type", "")), made["gid"]
        here = f"/{self._api.kinds[kind].collection}/{gid}" if kind in self._api.kinds else ""
        special = BELOW.get((kind, name))
        if special is None and (name.startswith(("add", "remove")) or self._route(f"{here}/{name}") is None):
            expected = [*taken, *self._children(kind)]
            raise SeedError(f"{place}: a {kind.replace('_', ' ')} has no {name!r}.{nearest(name, expected)}")
        for index, item in enumerate(listed(value, place)):
            at = f"{place}[{index}]"
            if special is None:
                self.make(item, at, f"{here}/{name}", who, {})
            else:
                special(self, made, here, item, at, who)

    def _children(self, kind: str) -> list[str]:
        start = f"/{self._api.kinds[kind].collection}/{{{kind}_gid}}/" if kind in self._api.kinds else "?"
        routes = [route.template for route in self._api.operations() if route.method == "POST"]
        return [t.removeprefix(start) for t in routes if t.startswith(start)] + [n for k, n in BELOW if k == kind]

    def later(self, late: Callable[[], object]) -> None:
        """Have something done when all records are there."""
        self._later.append(late)

    def related(self, value: Any, place: str) -> Any:
        """The gid that a key in a relation stands for."""
        return self._keys.related(value, place)

    # -- asking ------------------------------------------------------------------------------------------------------

    def _route(self, path: str) -> Route | None:
        try:
            return self._api.resolve("POST", path)[0]
        except RequestError:
            return None

    def ask(self, place: str, who: int, method: str, path: str, data: Item, query: Item | None = None) -> Any:
        """What the API answers a member; a refusal names the place in the file."""
        parameters = tuple((name, str(value)) for name, value in (query or {}).items())
        body = {"data": data} if method in ("POST", "PUT") else None
        try:
            route, params = self._api.resolve(method, path)
            if route.before is not None:
                raise RequestError("what waits for others cannot stand in a seed file")
            answer = self._api.answer(Call(method, path, parameters, body, (), Caller("seed", str(who)), route, params))
        except RequestError as error:
            raise SeedError(f"{place}: {method} {path}: {error.message}") from None
        return json.decode(answer.body)["data"]
