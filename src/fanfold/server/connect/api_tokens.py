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
from fanfold.server.tokens import TokenBook, digest, issue
from fanfold.work import Store
from fanfold.work.clock import stamp

_encode = msgspec.json.Encoder().encode


class TokenDesk:
    """Answers what is asked about tokens."""

    def __init__(self, store: Store, book: TokenBook, now: Callable[[], datetime]) -> None:
        self._store = store
        self._book = book
        self._now = now

    async def answer(self, asked: Asked) -> Answer:
        """Listed, shown without themselves, made, revoked."""
        match asked.method, asked.parts[1:]:
            case "GET", ():
                return _answer(page_of(self._of(asked.caller.user), asked.query(), itemgetter("id"), dict))
            case "GET", (number,):
                return _answer(self._one(number, asked.caller.user))
            case "POST", ():
                name = text_of(await asked.members(), "name") or "API token"
                token = issue(self._store, int(asked.caller.user), name, self._now())
                made = self._store.token_user(digest(token))
                number = "" if made is None else str(made[0])
                return _answer({**self._one(number, asked.caller.user), "token": token})
            case "DELETE", (number,):
                self._one(number, asked.caller.user)
                with self._store.transaction():
                    self._store.revoke_token(int(number), stamp(self._now()))
                self._book.forget()
                return _answer({"id": number})
            case _:
                raise no_such(asked)

    def _of(self, user: str) -> list[dict[str, Any]]:
        return [
            {"id": str(number), "name": name, "created_at": created, "is_revoked": False}
            for number, owner, name, created, revoked in self._store.tokens()
            if str(owner) == user and revoked is None
        ]

    def _one(self, number: str, user: str) -> dict[str, Any]:
        for token in self._of(user):
            if token["id"] == number:
                return token
        raise RequestError(f"There is no API token {number[:20]!r}", status=404)


def _answer(value: Any) -> Answer:
    return Answer(200, _encode(value), trusted=True)
