"""``/integration`` and ``/environment-integration``: what can be connected to, and whether a user wants to see it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import msgspec

from fanfold.errors import RequestError
from fanfold.model import Answer
from fanfold.server.connect.asked import Asked, failed, text_of
from fanfold.server.connect.calls import no_such
from fanfold.server.connect.declared import Integration, Integrations, merged
from fanfold.server.connect.masking import masked_config, unmasked
from fanfold.server.connect.pages import page_of
from fanfold.server.connect.store import SealedAccounts
from fanfold.work import Store
from fanfold.work.api import Api
from fanfold.work.store.shelves import Shelved

SWITCHES = "integration switched off"

_NAMESPACE = uuid.UUID("0d6c9b2e-0a1f-4a4e-8a5b-6d8a0c8a4b11")
_BESIDE = ("category", "label", "description", "logo", "icon")

_encode = msgspec.json.Encoder().encode


class IntegrationDesk:
    """Answers what is asked about integrations. ``now`` gives a moment as it is shown."""

    def __init__(self, api: Api, integrations: Integrations, accounts: SealedAccounts, now: Callable[[], str]) -> None:
        self._api = api
        self._integrations = integrations
        self._accounts = accounts
        self._now = now

    # -- /integration ------------------------------------------------------------------------------------------------

    async def answer(self, asked: Asked) -> Answer:
        """Definitions: listed, shown, added, changed with their version, removed."""
        user, known = asked.caller.user, self._integrations
        match asked.method, asked.parts[1:]:
            case "GET", ():
                return await self._read(lambda store: self._list(store, user, asked.query()))
            case "GET", (key,):
                return await self._read(lambda store: shown_integration(known.find(store, key, user)))
            case "POST", ():
                document, now = _document(await asked.members(), {}), self._now()
                return await self._write(lambda store: shown_integration(known.add(store, document, user, now)))
            case "PATCH", (key,):
                members = await asked.members()
                return await self._write(lambda store: shown_integration(self._change(store, key, user, members)))
            case "DELETE", (key,):
                return await self._write(lambda store: {"id": self._remove(store, key, user)})
            case _:
                raise no_such(asked)

    def _list(self, store: Store, user: str, query: dict[str, Any]) -> dict[str, Any]:
        name, category = query.get("name"), query.get("category")
        found = [
            one
            for one in self._integrations.of(store, user)
            if name in (None, one.name) and category in (None, one.document.get("category", ""))
        ]
        return page_of(found, query, attrgetter("id"), shown_integration)

    def _change(self, store: Store, key: str, user: str, members: dict[str, Any]) -> Integration:
        before = self._integrations.find(store, key, user)
        version = members.get("version")
        if version.__class__ is not int:
            raise failed("/version", "Must be the version that is to be changed, a whole number")
        if version != before.version:
            raise RequestError(f"This changes version {version}, but there is version {before.version}", status=409)
        return self._integrations.change(store, before, _document(members, before.document), self._now())

    def _remove(self, store: Store, key: str, user: str) -> str:
        found = self._integrations.find(store, key, user)
        using = [one.id for one in self._accounts.of(store, user) if one.integration == found.name]
        if using:
            raise RequestError(
                f"The integration {found.name!r} has accounts: {', '.join(using)[:1000]}; delete these first",
                status=409,
            )
        self._integrations.remove(store, found)
        return found.id

    # -- /environment-integration ------------------------------------------------------------------------------------

    async def answer_installed(self, asked: Asked) -> Answer:
        """Whether a user wants to see an integration: all are there until they are switched off."""
        user, known = asked.caller.user, self._integrations
        match asked.method, asked.parts[1:]:
            case "GET", ():
                return await self._read(lambda store: self._list_installed(store, user, asked.query()))
            case "GET", (key,):
                return await self._read(lambda store: self._one_installed(store, key, user))
            case "POST", ():
                members = await asked.members()
                meant = text_of(members, "integration_id", required=True)
                return await self._write(
                    lambda store: self._switch(store, known.find(store, meant, user), user, members)
                )
            case "PATCH", (key,):
                members = await asked.members()
                return await self._write(
                    lambda store: self._switch(store, self.installed(store, key, user), user, members)
                )
            case "DELETE", (key,):
                return await self._write(lambda store: self._switch_off(store, key, user))
            case _:
                raise no_such(asked)

    def installed(self, store: Store, key: str, user: str) -> Integration:
        """The integration of an installation's id; clients also come with the integration's own."""
        for one in self._integrations.of(store, user):
            if key == installed_id(one.name, user):
                return one
        return self._integrations.find(store, key, user)

    def is_on(self, store: Store, name: str, user: str) -> bool:
        """Whether a user has not switched an integration off."""
        return store.shelved(SWITCHES, _switch_of(name, user)) is None

    def _list_installed(self, store: Store, user: str, query: dict[str, Any]) -> dict[str, Any]:
        found = list(self._integrations.of(store, user))
        off = {row.name for row in store.shelved_of(SWITCHES, int(user))}
        return page_of(
            found,
            query,
            lambda one: installed_id(one.name, user),
            lambda one: _installed(one, user, enabled=_switch_of(one.name, user) not in off),
        )

    def _one_installed(self, store: Store, key: str, user: str) -> dict[str, Any]:
        one = self.installed(store, key, user)
        return _installed(one, user, enabled=self.is_on(store, one.name, user))

    def _switch(self, store: Store, integration: Integration, user: str, members: dict[str, Any]) -> dict[str, Any]:
        enabled = members.get("is_enabled", True)
        if not isinstance(enabled, bool):
            raise failed("/is_enabled", "Must be true or false")
        if members.get("override"):
            raise failed(
                "/override", "Is not supported here: add an integration of your own, and PATCH /integration/{id}"
            )
        name = _switch_of(integration.name, user)
        if enabled:
            store.unshelve(SWITCHES, name)
        else:
            store.shelve(SWITCHES, Shelved(name, int(user), None, b"off"))
        return _installed(integration, user, enabled=enabled)

    def _switch_off(self, store: Store, key: str, user: str) -> dict[str, Any]:
        one = self.installed(store, key, user)
        self._switch(store, one, user, {"is_enabled": False})
        return {"id": installed_id(one.name, user)}

    # -- the database ------------------------------------------------------------------------------------------------

    async def _read(self, work: Callable[[Store], dict[str, Any]]) -> Answer:
        return _answer(await self._api.read(lambda session: work(session.store)))

    async def _write(self, work: Callable[[Store], dict[str, Any]]) -> Answer:
        return _answer(await self._api.write(lambda session: work(session.store)))


def _switch_of(name: str, user: str) -> str:
    return f"{user} {name}"


def installed_id(name: str, user: str) -> str:
    """The id of what a user has of an integration; it can be worked out, so that nothing has to be stored for it."""
    return str(uuid.uuid5(_NAMESPACE, f"{name} {user}"))


def _installed(integration: Integration, user: str, *, enabled: bool) -> dict[str, Any]:
    return {
        "id": installed_id(integration.name, user),
        "integration_id": integration.id,
        "integration": shown_integration(integration, config=False),
        "is_enabled": enabled,
        "override": {},
    }


def shown_integration(integration: Integration, *, config: bool = True) -> dict[str, Any]:
    """An integration as it is shown: without secrets."""
    document = integration.document
    shown: dict[str, Any] = {
        "id": integration.id,
        "name": integration.name,
        **{name: document.get(name) for name in _BESIDE},
        "version": integration.version,
        "is_editable": bool(integration.owner),
        "created_at": integration.created_at or None,
        "updated_at": integration.updated_at or None,
    }
    return {**shown, "config": masked_config(integration.config)} if config else shown


def _document(members: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """The declaration that a request makes of what was there."""
    config = members.get("config", {})
    if not isinstance(config, dict):
        raise failed("/config", "Must be an object")
    # What is new may hold nulls, which mean something in a declaration; in a change they take away.
    document: dict[str, Any] = merged(before, unmasked(config, before)) if before else dict(config)
    for name in ("name", *_BESIDE):
        if members.get(name) is not None:
            document[name] = members[name]
        elif name in members and name != "name":
            document.pop(name, None)
    return document


def _answer(value: Any) -> Answer:
    return Answer(200, _encode(value), trusted=True)
