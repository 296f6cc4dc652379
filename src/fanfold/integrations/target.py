"""Calls to declared resources of accounts, as a target: ``/{account}/{resource}`` with a method of the declaration.

Where calls lead is found with the account that was looked up for the request. Whose account it is, is asked with each
call again and not with the plan: a batch may take long, and an account may be blocked or be gone meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Protocol

from msgspec import Struct
from msgspec.structs import replace

from fanfold.entries import Fetch, Page
from fanfold.errors import NoSuchRoute, RemoteError, RequestError, TimedOut
from fanfold.expressions.evaluator import Evaluator
from fanfold.integrations.accounts import Account, Accounts
from fanfold.integrations.asking import Asker, Fetched, end_of
from fanfold.integrations.compiled import READS, CompiledIntegration, CompiledMethod, missing
from fanfold.integrations.declaration import Declaration, Method
from fanfold.integrations.inside import Inside
from fanfold.integrations.oauth import LONGEST, Tokens
from fanfold.integrations.sending import Sender, Times
from fanfold.model import Answer, Call, Caller, Pairs, Resolve
from fanfold.targets.vetting import Vetting

CALL = "call"
"""What a method is called that is declared nowhere."""

MAX_EMPTY = 100
"""Empty pages in a row that are passed over."""

MAX_REMEMBERED = 1000
"""Integrations that are kept compiled, and as many whose connections are kept."""


class Mapper(Protocol):
    """What translates unified resources (see ``unified``)."""

    def find(self, declaration: Declaration, model: str, resource: str, method: str) -> Any | None:
        """The mapping, or None where there is none."""

    def methods(self, declaration: Declaration, model: str, resource: str) -> tuple[str, ...]:
        """The methods of a unified resource."""

    async def outgoing(self, operation: Any, fetch: Fetch, context: Mapping[str, Any]) -> tuple[str, str, Fetch]:
        """What of the API to ask instead: resource, method, and what with."""

    async def incoming(
        self,
        operation: Any,
        fetch: Fetch,
        value: Any,
        response: Mapping[str, Any],
        context: Mapping[str, Any],
        *,
        sent: Fetch | None = None,
    ) -> Any:
        """The unified page of a page."""

    async def refused(
        self, operation: Any, fetch: Fetch, error: RemoteError, context: Mapping[str, Any]
    ) -> RemoteError:
        """The API's refusal as the unified resource tells it."""


class Operation(Struct, frozen=True):
    """What a call leads to.

    ``compiled`` is the method, unless only a ``mapping`` of a unified resource says which that is.
    """

    integration: CompiledIntegration
    resource: str
    method: str
    write: bool
    compiled: CompiledMethod | None = None
    mapping: Any = None
    batchable: bool = True
    inline: bool = False
    costs: tuple[str, ...] = ()
    remote: ClassVar[bool] = True

    @property
    def declaration(self) -> Declaration:
        """The declaration that it is of."""
        return self.integration.declaration


class IntegrationsTarget:
    """Asks declared APIs in the names of ``accounts``, at addresses that ``vetting`` allows only.

    ``inside`` are the APIs in this process; ``models`` translates unified resources, of which there are none without.
    ``clock`` only goes forward, ``now`` gives seconds since 1970.
    """

    def __init__(  # noqa: PLR0913 - the ports that it stands between, each by name
        self,
        accounts: Accounts,
        evaluator: Evaluator,
        *,
        vetting: Vetting,
        inside: Mapping[str, Inside] | None = None,
        models: Mapper | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._accounts = accounts
        self._evaluator = evaluator
        self._vetting = vetting
        self._models = models
        self._times = Times(sleep, clock, now)
        self._tokens = Tokens(accounts, self._times)
        self._asker = Asker(self._tokens, inside or {}, self._times)
        self._compiled: dict[str, CompiledIntegration] = {}
        self._senders: dict[str, Sender] = {}
        self._closing: set[asyncio.Task[None]] = set()

    # -- which operation ---------------------------------------------------------------------------------------------

    def resolve(self, method: str, path: str) -> tuple[Operation, tuple[str, ...]]:
        """Nothing is found by a path alone: ``opened`` gives what finds it, when the account has been looked up."""
        del method, path
        raise _unknown()

    def opened(self, account: Account, declaration: Declaration | None) -> Resolve:
        """What finds the operations of an account whose integration is declared so, or not at all any more.

        It gives them with the account's id, and raises ``NoSuchRoute`` that says what there is.
        """
        return partial(self._resolve, account, declaration)

    def _resolve(
        self, account: Account, declaration: Declaration | None, method: str, path: str
    ) -> tuple[Operation, tuple[str, ...]]:
        gid, _, resource = path.removeprefix("/").partition("/")
        if gid != account.id:
            raise _unknown()
        integration = self._integration(account, declaration)
        if "/" not in resource:
            compiled = integration.method(resource, method)
            return Operation(integration, resource, method, compiled.write, compiled), (gid,)
        mapping = self._mapping(integration.declaration, resource, method)
        return Operation(
            integration, resource, method, self._maps_to_write(integration, method, mapping), None, mapping
        ), (gid,)

    def _integration(self, account: Account, declaration: Declaration | None) -> CompiledIntegration:
        name = account.integration
        if declaration is None:
            raise NoSuchRoute(f"The account's integration {name[:100]!r} is not declared here any more")
        known = self._compiled.get(name)
        if known is None or known.declaration is not declaration:
            if len(self._compiled) >= MAX_REMEMBERED:
                self._compiled.clear()
            known = self._compiled[name] = CompiledIntegration(declaration, self._evaluator, self._times.now)
        return known

    def _mapping(self, declaration: Declaration, path: str, method: str) -> Any:
        model, _, resource = path.partition("/")
        if self._models is None:
            raise missing(f"{declaration.name} has no unified resources", ())
        mapping = self._models.find(declaration, model, resource, method)
        if mapping is None:
            methods = self._models.methods(declaration, model, resource)
            if methods:
                raise missing(f"{declaration.name}: {path[:100]} has no method {method[:100]!r}", tuple(methods))
            raise NoSuchRoute(f"{declaration.name} has no unified resource {path[:100]!r}")
        return mapping

    @staticmethod
    def _maps_to_write(integration: CompiledIntegration, method: str, mapping: Any) -> bool:
        """Whether it may change something: all but list and get, unless it is mapped to what reads."""
        if method in READS:
            return False
        resource, name = getattr(mapping, "proxy_resource", None), getattr(mapping, "proxy_method", None)
        known = integration.declaration.resources
        if isinstance(resource, str) and isinstance(name, str) and name in known.get(resource, {}):
            return integration.method(resource, name).write
        return True

    # -- one call ----------------------------------------------------------------------------------------------------

    async def send(self, call: Call) -> Answer:
        """What the resource gave, in ``page``; raises ``RequestError``. What is no JSON is the answer's body."""
        operation = _operation(call)
        account = await self._accounts.lately(call.params[0])
        if account is None or not call.caller.user or account.owner != call.caller.user:
            raise _unknown()
        if account.is_blocked:
            raise RequestError("The account is blocked", status=503)
        if account.is_sandbox and operation.write:
            raise RequestError("This is a sandbox account: it can be read, and nothing changed", status=405)
        fetch = call.body if isinstance(call.body, Fetch) else Fetch()
        sender = self._sender(operation.declaration)
        timeout = fetch.timeout if fetch.timeout is not None else sender.manners.timeout
        try:
            async with asyncio.timeout(timeout):
                fetched = await self._filled_page(operation, sender, account, fetch, call.caller, end_of(timeout))
        except TimeoutError:
            sender.failed(account.id)
            raise TimedOut(f"{operation.declaration.name} took longer than {timeout:g} seconds") from None
        return _answer(fetched)

    def describe(self, account: Account, call: Call) -> dict[str, Any]:
        """Method and URL of the request that a call would make, without credentials; empty where it is not known."""
        operation = _operation(call)
        if operation.compiled is None:
            return {}
        fetch = call.body if isinstance(call.body, Fetch) else Fetch()
        return self._asker.describe(operation.compiled, account, fetch)

    def undeclared(self, account: Account, declaration: Declaration | None, method: Method) -> Operation:
        """A method that is declared nowhere, as an operation of an account's integration."""
        known = self._integration(account, declaration).declaration
        alone = replace(known, resources={method.path: {CALL: method}}, unified={})
        integration = CompiledIntegration(alone, self._evaluator, self._times.now)
        compiled = integration.method(method.path, CALL)
        return Operation(integration, method.path, CALL, compiled.write, compiled)

    async def refresh(self, account: Account, declaration: Declaration | None) -> Account:
        """The account with fresh credentials; raises ``RequestError`` where it has none that can be renewed."""
        known = self._integration(account, declaration).declaration
        renewed = await self._tokens.after_refusal(account, known, self._sender(known).exchanges)
        if renewed is None:
            raise RequestError("The account has no credentials that can be renewed: PATCH /integrated-account/{id}")
        return renewed

    async def close(self, seconds: float = LONGEST) -> None:
        """Close all connections, when the renewals of credentials are over that are under way, or after ``seconds``."""
        await self._tokens.close(seconds)
        senders, self._senders = list(self._senders.values()), {}
        for sender in senders:
            await sender.close()
        await asyncio.gather(*self._closing)

    def _sender(self, declaration: Declaration) -> Sender:
        """The one sender of an integration; another where a change of its manners asks for that."""
        sender = self._senders.pop(declaration.name, None)
        if sender is not None and sender.manners != declaration.manners:
            self._retire(sender)
            sender = None
        if sender is None:
            if len(self._senders) >= MAX_REMEMBERED:
                self._retire(self._senders.pop(next(iter(self._senders))))
            sender = Sender(declaration, self._vetting, self._times)
        self._senders[declaration.name] = sender  # those that were asked for last are at the end
        return sender

    def _retire(self, sender: Sender) -> None:
        task = asyncio.create_task(sender.retire())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _filled_page(
        self, operation: Operation, sender: Sender, account: Account, fetch: Fetch, caller: Caller, until: float
    ) -> Fetched:
        """A page that has records, or is the last one: clients take an empty page for the end."""
        for _ in range(MAX_EMPTY):
            if operation.compiled is not None:
                fetched = await self._asker.ask(operation.compiled, sender, account, fetch, caller, until)
            else:
                fetched = await self._unified_page(operation, sender, account, fetch, caller, until)
            if not fetched.page.cursor or fetched.page.value != []:
                return fetched
            fetch = replace(fetch, cursor=fetched.page.cursor)
        raise RemoteError(
            f"The API gave {MAX_EMPTY} empty pages in a row, each with another to follow",
            status=502,
            extra={"truto_is_remote_error": True, "raw_response": None},
        )

    async def _unified_page(
        self, operation: Operation, sender: Sender, account: Account, fetch: Fetch, caller: Caller, until: float
    ) -> Fetched:
        models = self._models
        if models is None:
            raise missing(f"{operation.declaration.name} has no unified resources", ())
        resource, name, sent = await models.outgoing(operation, fetch, account.context)
        compiled = operation.integration.method(resource, name)
        if account.is_sandbox and compiled.write:
            raise RequestError("This is a sandbox account: it can be read, and nothing changed", status=405)
        try:
            fetched = await self._asker.ask(compiled, sender, account, sent, caller, until)
        except RemoteError as error:
            raise await models.refused(operation, fetch, error, account.context) from None
        reply = fetched.reply
        response = {"status": reply.status, "headers": reply.headers, "body": reply.shown()}
        page = await models.incoming(operation, fetch, fetched.page, response, account.context, sent=sent)
        return replace(fetched, page=page if isinstance(page, Page) else Page(page))


def _operation(call: Call) -> Operation:
    if not isinstance(call.endpoint, Operation):
        raise TypeError("not a call that this target resolved")
    return call.endpoint


def _unknown() -> NoSuchRoute:
    return NoSuchRoute("There is no such integrated account")


def _answer(fetched: Fetched) -> Answer:
    reply = fetched.reply
    headers: Pairs = fetched.limits
    if not reply.binary or fetched.page.value is not None:
        return Answer(reply.status, headers=headers, page=fetched.page)
    kind = reply.headers.get("content-type", "application/octet-stream")
    more = [(name, reply.headers[name]) for name in ("content-disposition",) if name in reply.headers]
    return Answer(reply.status, reply.body, (("content-type", kind), *more, *headers), page=Page())
