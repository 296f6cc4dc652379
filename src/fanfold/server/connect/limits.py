"""The platform's own limits: requests in any ten seconds, for each token and for each account."""

from __future__ import annotations

from fanfold.engine import Admission
from fanfold.errors import LimitExceeded, SetupError
from fanfold.limits import MemoryLimiter, Profile
from fanfold.limits.window import Window
from fanfold.model import Caller, Refusal
from fanfold.server.limits import MakeLimiter

SECONDS = 10.0
TRUTO = {"token": 500, "account": 50}
"""What the service publishes."""

_COST = {"requests": 1}


class PlatformLimits:
    """``text``: ``off``, ``truto``, or numbers such as ``token=500,account=50``. Raises ``SetupError``.

    ``make`` makes what keeps them.
    """

    def __init__(self, text: str, make: MakeLimiter = lambda profile, _: MemoryLimiter(profile)) -> None:
        numbers = _numbers(text)
        token, account = (numbers.get(name) for name in ("token", "account"))
        self.admission = Admission(*([make(_profile(token), "token")] if token else []))
        """What the engine asks: a request, and a whole batch, cost one."""
        self._accounts = make(_profile(account), "account") if account else None

    async def take_from_account(self, account: str, caller: Caller) -> None:
        """Count a request to an account, unless its token has none left; raises ``LimitExceeded``."""
        if self._accounts is None:
            return
        refusals, _ = await self.admission.look(_COST, caller)
        outcome = refusals[0] if refusals else await self._accounts.take(account, _COST)
        if isinstance(outcome, Refusal):
            raise LimitExceeded(outcome.retry_after, limit=outcome.limit, standing=outcome.standing)


def _profile(limit: int) -> Profile:
    return Profile((Window("requests", limit, SECONDS),))


def _numbers(text: str) -> dict[str, int]:
    if text == "off":
        return {}
    if text == "truto":
        return TRUTO
    found: dict[str, int] = {}
    for part in text.split(","):
        name, _, amount = (piece.strip() for piece in part.partition("="))
        if name not in TRUTO or name in found or not (amount.isascii() and amount.isdecimal() and int(amount)):
            raise SetupError(
                f"Limits {text!r} are not understood. Write off, truto, or requests in any ten seconds of your own, "
                "such as token=500,account=50."
            )
        found[name] = int(amount)
    return found
