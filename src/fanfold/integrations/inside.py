"""APIs in this process, reached by base URLs such as ``fanfold://work``: asked like any other, without a network."""

from __future__ import annotations

from typing import Protocol

from fanfold.integrations.accounts import Account
from fanfold.model import Answer, Caller
from fanfold.targets.exchange import Request

SCHEME = "fanfold://"


class Inside(Protocol):
    """Such an API."""

    async def ask(self, request: Request, account: Account, caller: Caller) -> Answer:
        """Answer a request, whose URL begins with ``fanfold://NAME/``, in the name of the account's owner."""


def name_in(url: str) -> str:
    """The NAME in ``fanfold://NAME/...``; empty for other URLs."""
    return url.removeprefix(SCHEME).partition("/")[0].partition("?")[0] if url.startswith(SCHEME) else ""
