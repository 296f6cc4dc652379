"""OAuth 2 tokens of accounts: renewed before they end or when an API refuses them, once for all who need them.

Tokens are kept in the account, at ``context.oauth.token``: ``access_token``, ``refresh_token`` and ``expires_at``, an
ISO 8601 time. Some servers void a refresh token with its first use, so that two renewals at a time would lock the
account out. Whoever comes while one is under way waits for that one, in this process or in another that has the same
accounts: only who has claimed an account renews it, and what was renewed meanwhile is not renewed again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from msgspec.structs import replace

from fanfold.errors import RemoteError, RequestError
from fanfold.integrations.accounts import Account, Accounts, Change, Claim, Status
from fanfold.integrations.declaration import Declaration, Method
from fanfold.integrations.redaction import Secrets, secrets_in
from fanfold.integrations.responses import Reply, Unreadable, remote_error
from fanfold.integrations.sending import Times
from fanfold.integrations.token_requests import as_object, token_of, token_request
from fanfold.targets.exchange import Exchanges, NoAnswer

LEEWAY = 30.0
"""Seconds before its end from which on a token is not used any more: calls take a while, and clocks differ."""

LONGEST = 20.0
"""Seconds that a token endpoint may take."""

CLAIMED = 30.0
"""Seconds for which an account is claimed: longer than a renewal takes, or another would begin beside it."""

PATIENCE = 60.0
"""Seconds that another process is waited for: also one that has died lets go before."""

REMEMBERED = 30.0
"""Seconds for which a refused renewal is not tried again with the same credentials."""

_MOST_REFUSED = 1000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5

Wanted = Callable[[Account], bool]


class Tokens:
    """Keeps the tokens of accounts fresh."""

    def __init__(self, accounts: Accounts, times: Times) -> None:
        self._accounts = accounts
        self._times = times
        self._under_way: dict[str, asyncio.Task[Account]] = {}
        self._refused: dict[str, tuple[dict[str, Any], float, str]] = {}

    async def fresh(self, account: Account, declaration: Declaration, exchanges: Exchanges) -> Account:
        """The account with a token that may be used; itself where there is nothing to renew."""
        if self._usable(account) or not _renewable(account, declaration):
            return account
        return await self._renewed(account, lambda current: not self._usable(current), declaration, exchanges)

    async def after_refusal(self, account: Account, declaration: Declaration, exchanges: Exchanges) -> Account | None:
        """The account with another token than the one that was just refused; None where there is none to be had."""
        refused = token_of(account).get("access_token")
        if account.id not in self._under_way:
            account = await self._accounts.get(account.id) or account
            if token_of(account).get("access_token") != refused:
                return account
            if not _renewable(account, declaration):
                return None
        wanted: Wanted = lambda current: token_of(current).get("access_token") == refused  # noqa: E731 - as in ``fresh``
        return await self._renewed(account, wanted, declaration, exchanges)

    async def mark(self, account: Account, status: Status) -> None:
        """Keep what became of an account, unless it has other credentials by now than those that showed it."""
        known = await self._accounts.lately(account.id)
        if known is not None and known.status != status:
            await self._accounts.change(account.id, partial(self._marked, account, status))

    async def close(self, seconds: float = LONGEST) -> None:
        """Let renewals end that are under way: their answers may be the only way back into an account."""
        tasks = list(self._under_way.values())
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=seconds)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    # -- once for all ------------------------------------------------------------------------------------------------

    async def _renewed(
        self, account: Account, wanted: Wanted, declaration: Declaration, exchanges: Exchanges
    ) -> Account:
        task = self._under_way.get(account.id)
        if task is None:
            task = asyncio.create_task(self._renew(account.id, wanted, declaration, exchanges))
            self._under_way[account.id] = task
            task.add_done_callback(partial(self._ended, account.id))
        try:
            return await asyncio.shield(task)  # others wait for it too
        except RequestError as error:
            raise _again(error) from None

    def _ended(self, gid: str, task: asyncio.Task[Account]) -> None:
        self._under_way.pop(gid, None)
        if not task.cancelled():
            task.exception()  # whoever waited may have gone

    async def _renew(self, gid: str, wanted: Wanted, declaration: Declaration, exchanges: Exchanges) -> Account:
        claim = await self._claim(gid, lambda current: _renewable(current, declaration) and wanted(current))
        account = claim.account
        if not claim.key:
            return account
        become: Change = _as_it_is
        try:
            told = await self._ask(account, declaration, exchanges)
            become = partial(self._with_token, account, told)
        except _RefusedError as refusal:
            become = partial(self._marked, account, "needs_reauth")
            self._remember(account, refusal.message)
            raise _refusal(refusal.message) from None
        finally:
            kept = await self._accounts.settle(gid, claim.key, become)
        return become(account) if kept is None else kept

    async def _claim(self, gid: str, wanted: Wanted) -> Claim:
        """What is to be renewed, claimed; or what others have renewed meanwhile."""

        def still_wanted(current: Account) -> bool:
            if not wanted(current):
                return False
            self._must_not_be_refused(current)
            return True

        until, pause = self._times.clock() + PATIENCE, _FIRST_PAUSE
        while True:
            claim = await self._accounts.claim(gid, still_wanted, CLAIMED)
            if claim is None:
                raise RequestError("There is no such integrated account", status=404)
            if not claim.busy:
                return claim
            if self._times.clock() >= until:
                raise RequestError("The account's credentials are being renewed, which takes too long", status=503)
            await self._times.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    # -- what was refused --------------------------------------------------------------------------------------------

    def _must_not_be_refused(self, account: Account) -> None:
        """Raise what was told when it was tried with these credentials lately."""
        known = self._refused.get(account.id)
        if known is not None:
            if known[1] > self._times.now() and known[0] == account.context:
                raise _refusal(known[2])
            del self._refused[account.id]

    def _remember(self, account: Account, message: str) -> None:
        self._refused[account.id] = account.context, self._times.now() + REMEMBERED, message
        if len(self._refused) > _MOST_REFUSED:
            del self._refused[next(iter(self._refused))]

    # -- asking ------------------------------------------------------------------------------------------------------

    async def _ask(self, account: Account, declaration: Declaration, exchanges: Exchanges) -> dict[str, Any]:
        """What the token endpoint gives."""
        request = token_request(account, declaration)
        try:
            async with asyncio.timeout(LONGEST):
                answer = await exchanges.ask(request)
        except NoAnswer as error:
            raise RequestError(f"The token could not be renewed: {error.message}", status=502) from None
        except TimeoutError:
            raise RequestError(
                f"The token could not be renewed: its endpoint took longer than {LONGEST:g} seconds", status=504
            ) from None
        reply = Reply(answer.status, dict(answer.headers), answer.body, Method(path="/"))
        secrets = Secrets(secrets_in(account.context))
        if reply.status == 429 or reply.status >= 500:
            raise remote_error(reply, secrets, status=502 if reply.status != 429 else 429)
        try:
            told = as_object(reply.data())
        except Unreadable:
            told = {}
        access = told.get("access_token")
        if reply.status >= 400 or not isinstance(access, str) or not access:
            raise _RefusedError(remote_error(reply, secrets).message)
        return told

    # -- what an account becomes -------------------------------------------------------------------------------------

    def _with_token(self, renewed: Account, told: Mapping[str, Any], current: Account) -> Account:
        """The account with a new token. Whatever else became of it meanwhile stays, also a token from elsewhere."""
        token = token_of(current)
        if token != token_of(renewed):
            return current
        token = {**token, **{name: value for name, value in told.items() if value is not None}}
        span = _span(token.pop("expires_in", None))
        token.pop("expires_at", None)
        if span is not None:
            token["expires_at"] = self._iso(self._times.now() + span)
        oauth = {**as_object(current.context.get("oauth")), "token": token}
        context = {**current.context, "oauth": oauth}
        status: Status = "active" if current.status == "needs_reauth" else current.status
        return replace(current, context=context, status=status, updated_at=self._iso(self._times.now()))

    def _marked(self, seen: Account, status: Status, current: Account) -> Account:
        if current.status == status or current.context != seen.context:
            return current
        return replace(current, status=status, updated_at=self._iso(self._times.now()))

    def _usable(self, account: Account) -> bool:
        """Whether there is a token that holds for a while."""
        token = token_of(account)
        end = _time(token.get("expires_at"))
        return bool(token.get("access_token")) and (end is None or end - LEEWAY > self._times.now())

    @staticmethod
    def _iso(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _RefusedError(Exception):
    """The token endpoint says no."""

    def __init__(self, message: str) -> None:
        self.message = message


def _renewable(account: Account, declaration: Declaration) -> bool:
    """Whether there is something to get a new token with."""
    kind = declaration.credentials_for(account.authentication_method).format
    return kind == "oauth2_client_credentials" or (kind == "oauth2" and bool(token_of(account).get("refresh_token")))


def _as_it_is(account: Account) -> Account:
    return account


def _refusal(message: str) -> RemoteError:
    return RemoteError(
        f"The account has to be connected again: {message}",
        status=401,
        extra={"truto_is_remote_error": True, "raw_response": None},
    )


def _again(error: RequestError) -> RequestError:
    """The same error for each who waited: an exception that is raised twice gathers the traces of both."""
    if isinstance(error, RemoteError):
        return RemoteError(error.message, status=error.status, extra=error.extra, headers=error.headers)
    return RequestError(error.message, status=error.status, extra=error.extra)


def _span(value: Any) -> float | None:
    try:
        return float(value) if value is not None else None
    except (TypeError, ValueError):
        return None


def _time(value: Any) -> float | None:
    """Seconds since 1970 of a time as text, in seconds or in milliseconds; None for what is no time."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value / 1000 if value > 1e11 else float(value)
    if isinstance(value, str):
        try:
            when = datetime.fromisoformat(value)
        except ValueError:
            return None
        return when.replace(tzinfo=when.tzinfo or UTC).timestamp()
    return None
