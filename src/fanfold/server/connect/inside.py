"""The embedded work API as an API that accounts can be at, without a network: ``fanfold://work``."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from fanfold.dialects import AsanaDialect
from fanfold.engine import Engine
from fanfold.errors import LimitExceeded, RequestError
from fanfold.integrations.accounts import Account
from fanfold.model import Action, Answer, Batch, Caller
from fanfold.serving.bodies import read_json, read_query
from fanfold.targets.exchange import Request

WORK = "work"


class WorkInside:
    """Asks the server's own engine in the name of the account's owner, so that the limits hold as for anybody."""

    def __init__(self, engine: Callable[[], Engine], dialect: AsanaDialect, timeout: float) -> None:
        self._engine = engine
        self._dialect = dialect
        self._timeout = timeout

    async def ask(self, request: Request, account: Account, caller: Caller) -> Answer:
        """What the work API answers; whatever it refuses is an answer too."""
        del caller  # whoever may use the account does so in the name of its owner
        try:
            return await self._ask(request, Caller(f"account:{account.id}", account.owner))
        except LimitExceeded as error:
            return self._dialect.limit_answer(error)
        except RequestError as error:
            return self._dialect.error_answer(error)

    async def _ask(self, request: Request, caller: Caller) -> Answer:
        parts = urlsplit(request.url)
        query = read_query(parts.query.encode()) if parts.query else ()
        body = read_json(request.body) if request.body else None
        action = Action(request.method.upper(), parts.path or "/", query, body)
        batch = Batch((action,), single=True, timeout=self._timeout)
        (result,) = await self._engine().run(batch, caller)
        return self._dialect.answer_of(result)
