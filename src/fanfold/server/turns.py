"""Whose turn it is: what is to be done now and then, one of several processes does for all."""

from __future__ import annotations

import secrets

from fanfold.work.api import Api
from fanfold.work.leases import take
from fanfold.work.session import Session

TURN = 75.0
"""Seconds for which it is a process's turn, unless it asks again: a little more than there are between two rounds."""


class Turns:
    """Tells this process whether it is its turn; it always is where nobody else has the database."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._holder = secrets.token_bytes(8)

    async def mine(self) -> bool:
        """Whether it is. It stays so if this is asked again in time."""
        return not self._api.shared or await self._api.write(self._take)

    def _take(self, session: Session) -> bool:
        return not take(session.store, "turn", self._holder, session.now().timestamp(), TURN)
