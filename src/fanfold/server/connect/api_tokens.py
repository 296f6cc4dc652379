"""``/api-token``: the tokens of the user who asks. They are the server's tokens, shown once when they are made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from operator import itemgetter
from typing import Any

import msgspec

from fanfold.errors import RequestError
from fanfold.model import Answer
from fanfold.server.connect.asked import Asked, text_of
from fanfold.server.connect.calls import no_such
from fanfold.server.connect.pages import page_of
from fanfold.server.tokens import TokenBook, digest, keep_token, make_token
from fanfold.work import Store
from fanfold.work.api import Api
from fanfold.work.clock import stamp

_encode = msgspec.json.Encoder().encode


class TokenDesk:
    """Answers what is asked about tokens."""

    def __init__(self, api: Api, book: TokenBook, now: Callable[[], datetime]) -> None:
        self._api = api
        self._book = book
        self._now = now

    async def answer(self, asked: Asked) -> Answer:
        """Listed, shown without themselves, made, revoked."""
        user = asked.caller.user
        match asked.method, asked.parts[1:]:
            case "GET", ():
                found = await self._api.read(lambda session: _of(session.store, user))
                return _answer(page_of(found, asked.query(), itemgetter("id"), dict))
            case "GET", (number,):
                return _answer(await self._api.read(lambda session: _one(session.store, number, user)))
            case "POST", ():
                name = text_of(await asked.members(), "name") or "API token"
                token = make_token()
                made = await self._api.write(lambda session: self._make(session.store, user, name, token))
                return _answer({**made, "token": token})
            case "DELETE", (number,):
                await self._api.write(lambda session: self._revoke(session.store, number, user))
                self._book.forget()
                return _answer({"id": number})
            case _:
                raise no_such(asked)

    def _make(self, store: Store, user: str, name: str, token: str) -> dict[str, Any]:
        keep_token(store, int(user), name, self._now(), token)
        made = store.token_user(digest(token))
        return _one(store, "" if made is None else str(made[0]), user)

    def _revoke(self, store: Store, number: str, user: str) -> None:
        _one(store, number, user)
        store.revoke_token(int(number), stamp(self._now()))


def _of(store: Store, user: str) -> list[dict[str, Any]]:
    return [
        {"id": str(number), "name": name, "created_at": created, "is_revoked": False}
        for number, owner, name, created, revoked in store.tokens()
        if str(owner) == user and revoked is None
    ]


def _one(store: Store, number: str, user: str) -> dict[str, Any]:
    for token in _of(store, user):
        if token["id"] == number:
            return token
    raise RequestError(f"There is no API token {number[:20]!r}", status=404)


def _answer(value: Any) -> Answer:
    return Answer(200, _encode(value), trusted=True)
