"""Single calls: ``/proxy``, ``/unified`` and ``/custom``. Each is a batch of one, so that no check is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from fanfold.dialects import TrutoDialect
from fanfold.engine import Engine, Gone
from fanfold.entries import Fetch, Page
from fanfold.errors import Crashed, NoSuchRoute, RequestError
from fanfold.integrations.accounts import Account
from fanfold.integrations.declaration import Declaration, Method
from fanfold.integrations.target import CALL
from fanfold.model import Action, Answer, Batch, Endpoint, Pairs, Resolve, Result
from fanfold.server.connect.asked import Asked, failed
from fanfold.server.connect.batch import Handled, Usable
from fanfold.server.connect.limits import PlatformLimits
from fanfold.server.connect.once import Once
from fanfold.server.connect.opening import Opened
from fanfold.serving.bodies import gone, read_json
from fanfold.targets.origins import check_path

ACCOUNT = "integrated_account_id"

_SHOWN = frozenset({"content-disposition", "etag", "last-modified", "location", "retry-after"})
"""Headers of an API's answer that are passed on, beside those about its limits."""

_VERBS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})

_FIXED = frozenset({"authorization", "base_url", "method", "path"})
"""What a method that is declared by a body may not say."""

_encode = msgspec.json.Encoder().encode


class Wanted(msgspec.Struct, frozen=True):
    """What is to be called. ``unified``: the resource is one of a model, so that custom methods have an envelope.

    ``verb`` is set where it is no declared method but a path of the API, and then is the HTTP method.
    """

    resource: str
    method: str
    id: str = ""
    unified: bool = False
    verb: str = ""


class Ways(Protocol):
    """A target that knows where calls for an account lead."""

    def opened(self, account: Account, declaration: Declaration | None) -> Resolve:
        """What finds its operations."""

    def undeclared(self, account: Account, declaration: Declaration | None, method: Method) -> Endpoint:
        """A method of its API that is declared nowhere, as an operation."""


class Calls:
    """Answers single calls through one engine."""

    def __init__(
        self,
        engine: Engine,
        dialect: TrutoDialect,
        *,
        usable: Usable,
        ways: Ways,
        limits: PlatformLimits,
        once: Once,
        timeout: float,
    ) -> None:
        self._engine = engine
        self._dialect = dialect
        self._usable = usable
        self._ways = ways
        self._limits = limits
        self._once = once
        self._timeout = timeout

    async def proxy(self, asked: Asked) -> Handled:
        """A resource as the API itself has it."""
        resource, *rest = asked.parts[1:] if len(asked.parts) > 1 else ("",)
        return await self._answer(asked, _wanted(asked, resource, rest))

    async def unified(self, asked: Asked) -> Handled:
        """A resource of a unified model."""
        if len(asked.parts) < 3 or not asked.parts[1] or "/" in asked.parts[1]:
            raise no_such(asked)
        model, resource, *rest = asked.parts[1:]
        return await self._answer(asked, _wanted(asked, resource, rest, model))

    async def custom(self, asked: Asked) -> Handled:
        """Any path of the API itself."""
        path = asked.path.removeprefix("/custom")
        if asked.method not in _VERBS or not path.startswith("/"):
            raise no_such(asked)
        check_path(path)
        return await self._answer(asked, Wanted(path, CALL, verb=asked.method))

    async def _answer(self, asked: Asked, wanted: Wanted) -> Handled:
        query = asked.query()
        account, declaration = await self._opened(asked, query)
        fetch = await self._fetch(asked, query) if wanted.verb else await self._fetch_page(asked, wanted, query)
        action = Action(wanted.method, f"/{account.id}/{wanted.resource}", body=fetch)
        if wanted.verb:
            fetch, method = _method_of(wanted, fetch, asked)
            operation = self._ways.undeclared(account, declaration, method)
            action = replace(action, body=fetch, endpoint=operation, params=(account.id,))
        await self._limits.take_from_account(account.id, asked.caller)
        batch = Batch((action,), single=True, timeout=self._timeout, resolve=self._ways.opened(account, declaration))
        key = asked.header(b"idempotency-key")
        if key and asked.method != "GET":
            return await self._once.of(asked, account.id, key, lambda: self._run(asked, wanted, batch, None))
        return await self._run(asked, wanted, batch, lambda: gone(asked.receive))

    async def _opened(self, asked: Asked, query: dict[str, Any]) -> Opened:
        """The account that is meant, which the caller may use."""
        named = query.pop(ACCOUNT, None)
        if named is not None and not isinstance(named, str):
            raise RequestError(f"{ACCOUNT}: Must be there once")
        if asked.account and named and named != asked.account:
            raise RequestError(f"{ACCOUNT}: This token opens another account", status=403)
        account = asked.account or named
        if not account:
            raise RequestError(f"{ACCOUNT}: Missing in the query")
        return await self._usable(account, asked.caller, asked.opened)

    async def _fetch_page(self, asked: Asked, wanted: Wanted, query: dict[str, Any]) -> Fetch:
        cursor = query.pop("next_cursor", "")
        if not isinstance(cursor, str):
            raise RequestError("next_cursor: Must be there once")
        return replace(await self._fetch(asked, query), id=wanted.id, cursor=cursor)

    @staticmethod
    async def _fetch(asked: Asked, query: dict[str, Any]) -> Fetch:
        raw = await asked.body() if asked.method != "GET" else b""
        kind = asked.header(b"content-type").partition(";")[0].strip().lower()
        if raw and kind not in ("", "application/json") and not kind.endswith("+json"):
            raise RequestError("Content-Type: A body has to be application/json", status=415)
        return Fetch("", query, read_json(raw))

    async def _run(self, asked: Asked, wanted: Wanted, batch: Batch, left: Gone | None) -> Handled:
        results = await self._engine.run(batch, asked.caller, left)
        return self._shown(wanted, results[0]), results

    def _shown(self, wanted: Wanted, result: Result) -> Answer:
        answer = result.answer
        if answer is None:
            return self._dialect.error_answer(result.error or Crashed())
        headers = tuple([pair for pair in answer.headers if pair[0] in _SHOWN or pair[0].startswith("ratelimit")])
        page = answer.page
        if page is None or (answer.body and page.value is None):
            return Answer(_status(answer), answer.body, (*headers, *_type_of(answer)), trusted=answer.trusted)
        return Answer(200, _encode(_envelope(wanted, page)), headers, trusted=True)


def _method_of(wanted: Wanted, fetch: Fetch, asked: Asked) -> tuple[Fetch, Method]:
    """The method that a path stands for, declared by the body where it says more, and what is asked of it.

    Where it leads and who it says it is from are the integration's business: a body that could say otherwise could have
    the account's credentials sent anywhere.
    """
    told: Any = {}
    body = fetch.body
    if isinstance(body, dict) and "methodConfig" in body:
        if asked.account:
            raise RequestError("methodConfig: The token of an account may not declare methods", status=403)
        told = body["methodConfig"]
        rest = {name: value for name, value in body.items() if name != "methodConfig"}
        fetch = replace(fetch, body=rest or None)
    if not isinstance(told, dict) or not _FIXED.isdisjoint(told):
        raise failed("/methodConfig", f"Must be an object without {', '.join(sorted(_FIXED))}")
    try:
        method = msgspec.convert(
            {"pagination": None, **told, "path": wanted.resource, "method": wanted.verb.lower()}, Method
        )
    except msgspec.ValidationError as error:
        raise failed("/methodConfig", str(error)) from None
    return fetch, method


def no_such(asked: Asked) -> RequestError:
    """What is told where nothing is."""
    return NoSuchRoute(f"There is no {asked.method} {asked.path[:200]}")


def _wanted(asked: Asked, resource: str, rest: Sequence[str], model: str = "") -> Wanted:
    if not resource or "/" in resource:
        raise no_such(asked)
    full = f"{model}/{resource}" if model else resource
    match asked.method, list(rest):
        case "GET", []:
            return Wanted(full, "list", unified=bool(model))
        case "GET", [gid] if gid:
            return Wanted(full, "get", gid, unified=bool(model))
        case "POST", []:
            return Wanted(full, "create", unified=bool(model))
        case "POST", [method] if method:
            return Wanted(full, method, unified=bool(model))
        case (("PATCH" | "PUT"), ([] | [_])) if rest or model:
            return Wanted(full, "update", "".join(rest), unified=bool(model))
        case "DELETE", ([] | [_]) if rest or model:
            return Wanted(full, "delete", "".join(rest), unified=bool(model))
        case _:
            raise no_such(asked)


def _envelope(wanted: Wanted, page: Page) -> Any:
    """A method's value as it is shown: a page of a list with what goes on, a custom method's as a result."""
    value = page.value
    if wanted.method == "list":
        told = page.told
        shown = {
            "result": value,
            "next_cursor": page.cursor or None,
            "prev_cursor": told.get("prev_cursor"),
            "result_count": told.get("result_count", len(value)),
        }
        if "is_partial_response" in told:
            shown["is_partial_response"] = told["is_partial_response"]
        return shown
    if wanted.method == "delete":
        return value if isinstance(value, Mapping) and "id" in value else {"id": wanted.id}
    if wanted.unified and wanted.method not in ("get", "create", "update"):
        return {"result": value}
    return value


def _status(answer: Answer) -> int:
    return answer.status if 200 <= answer.status < 300 and answer.status not in (204, 205) else 200


def _type_of(answer: Answer) -> Pairs:
    """The type of a body that is passed on as it came; it is data, whatever a browser may see in it."""
    kinds = [value for name, value in answer.headers if name == "content-type"]
    return (("content-type", kinds[0] if kinds else "application/octet-stream"), ("x-content-type-options", "nosniff"))
