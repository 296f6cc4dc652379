"""``/integration`` and ``/environment-integration``: what can be connected to, and whether a user wants to see it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

import msgspec

from fanfold.errors import RequestError
from fanfold.integrations.accounts import Accounts
from fanfold.model import Answer
from fanfold.server.connect.asked import Asked, failed, text_of
from fanfold.server.connect.calls import no_such
from fanfold.server.connect.declared import Integration, Integrations, merged
from fanfold.server.connect.masking import masked_config, unmasked
from fanfold.server.connect.pages import page_of
from fanfold.work import Store
from fanfold.work.store.shelves import Shelved

SWITCHES = "integration switched off"

_NAMESPACE = uuid.UUID("0d6c9b2e-0a1f-4a4e-8a5b-6d8a0c8a4b11")
_BESIDE = ("category", "label", "description", "logo", "icon")

_encode = msgspec.json.Encoder().encode


class IntegrationDesk:
    """Answers what is asked about integrations. ``now`` gives a moment as it is shown."""

    def __init__(self, integrations: Integrations, accounts: Accounts, store: Store, now: Callable[[], str]) -> None:
        self._integrations = integrations
        self._accounts = accounts
        self._store = store
        self._now = now

    # -- /integration ------------------------------------------------------------------------------------------------

    async def answer(self, asked: Asked) -> Answer:
        """Definitions: listed, shown, added, changed with their version, removed."""
        user = asked.caller.user
        match asked.method, asked.parts[1:]:
            case "GET", ():
                query = asked.query()
                name, category = query.get("name"), query.get("category")
                found = [
                    one
                    for one in self._integrations.of(user)
                    if name in (None, one.name) and category in (None, one.document.get("category", ""))
                ]
                return _answer(page_of(found, query, attrgetter("id"), shown_integration))
            case "GET", (key,):
                return _answer(shown_integration(self._integrations.find(key, user)))
            case "POST", ():
                added = self._integrations.add(_document(await asked.members(), {}), user, self._now())
                return _answer(shown_integration(added))
            case "PATCH", (key,):
                return _answer(shown_integration(self._change(key, user, await asked.members())))
            case "DELETE", (key,):
                return _answer({"id": self._remove(key, user)})
            case _:
                raise no_such(asked)

    def _change(self, key: str, user: str, members: dict[str, Any]) -> Integration:
        before = self._integrations.find(key, user)
        version = members.get("version")
        if version.__class__ is not int:
            raise failed("/version", "Must be the version that is to be changed, a whole number")
        if version != before.version:
            raise RequestError(f"This changes version {version}, but there is version {before.version}", status=409)
        return self._integrations.change(before, _document(members, before.document), self._now())

    def _remove(self, key: str, user: str) -> str:
        found = self._integrations.find(key, user)
        using = [one.id for one in self._accounts.of(user) if one.integration == found.name]
        if using:
            raise RequestError(
                f"The integration {found.name!r} has accounts: {', '.join(using)[:1000]}; delete these first",
                status=409,
            )
        self._integrations.remove(found)
        return found.id

    # -- /environment-integration ------------------------------------------------------------------------------------

    async def answer_installed(self, asked: Asked) -> Answer:
        """Whether a user wants to see an integration: all are there until they are switched off."""
        user = asked.caller.user
        match asked.method, asked.parts[1:]:
            case "GET", ():
                found = list(self._integrations.of(user))
                shown = partial(self._installed, user=user)
                return _answer(page_of(found, asked.query(), lambda one: installed_id(one.name, user), shown))
            case "GET", (key,):
                return _answer(self._installed(self.installed(key, user), user=user))
            case "POST", ():
                members = await asked.members()
                key = text_of(members, "integration_id", required=True)
                return _answer(self._switch(self._integrations.find(key, user), user, members))
            case "PATCH", (key,):
                return _answer(self._switch(self.installed(key, user), user, await asked.members()))
            case "DELETE", (key,):
                one = self.installed(key, user)
                self._switch(one, user, {"is_enabled": False})
                return _answer({"id": installed_id(one.name, user)})
            case _:
                raise no_such(asked)

    def installed(self, key: str, user: str) -> Integration:
        """The integration of an installation's id; clients also come with the integration's own."""
        for one in self._integrations.of(user):
            if key == installed_id(one.name, user):
                return one
        return self._integrations.find(key, user)

    def is_on(self, name: str, user: str) -> bool:
        """Whether a user has not switched an integration off."""
        return self._store.shelved(SWITCHES, _switch_of(name, user)) is None

    def _switch(self, integration: Integration, user: str, members: dict[str, Any]) -> dict[str, Any]:
        enabled = members.get("is_enabled", True)
        if not isinstance(enabled, bool):
            raise failed("/is_enabled", "Must be true or false")
        if members.get("override"):
            raise failed(
                "/override", "Is not supported here: add an integration of your own, and PATCH /integration/{id}"
            )
        name = _switch_of(integration.name, user)
        with self._store.transaction():
            if enabled:
                self._store.unshelve(SWITCHES, name)
            else:
                self._store.shelve(SWITCHES, Shelved(name, int(user), None, b"off"))
        return self._installed(integration, user=user)

    def _installed(self, integration: Integration, *, user: str) -> dict[str, Any]:
        return {
            "id": installed_id(integration.name, user),
            "integration_id": integration.id,
            "integration": shown_integration(integration, config=False),
            "is_enabled": self.is_on(integration.name, user),
            "override": {},
        }


def _switch_of(name: str, user: str) -> str:
    return f"{user} {name}"


def installed_id(name: str, user: str) -> str:
    """The id of what a user has of an integration; it can be worked out, so that nothing has to be stored for it."""
    return str(uuid.uuid5(_NAMESPACE, f"{name} {user}"))


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
