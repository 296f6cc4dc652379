"""A batch endpoint before APIs that have none: the same engine and dialect as the server's, before other targets.

A single request to an upstream goes the same way as an action in a batch. What is the caller's own goes on to the
upstream; where the gateway adds credentials of its own, callers have to show that they may use them.
"""

from __future__ import annotations

import asyncio
import hmac
import itertools
import logging
import os
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic, perf_counter
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from fanfold.dialects import AsanaDialect
from fanfold.dialects.asana import FOREIGN_HEADERS
from fanfold.engine import Admission, Engine
from fanfold.errors import (
    Crashed,
    ForbiddenTarget,
    LimitExceeded,
    RequestError,
    SetupError,
    Unauthenticated,
    Unreachable,
)
from fanfold.idempotency import Ledger
from fanfold.limits import Profile, Waiting, profile
from fanfold.model import Action, Answer, Batch, Caller, Pairs, Result
from fanfold.server.access_log import AccessLog
from fanfold.server.gateway_settings import GatewaySettings, Upstream, filled_in, lends, upstreams_of
from fanfold.server.limits import Limits
from fanfold.server.listening import address_of, listen
from fanfold.server.readiness import Readiness
from fanfold.server.run import Say, Served, run
from fanfold.server.supervisor import supervise
from fanfold.server.workers import Told
from fanfold.serving.answering import live, send_answer
from fanfold.serving.batches import COSTS, Batches
from fanfold.serving.bodies import ClientLeftError, Receive, Scope, Send, gone, header, read_body, read_query
from fanfold.serving.callers import client_address, shown_key
from fanfold.serving.observing import METRICS, observing
from fanfold.targets import Mounts, Terms, UpstreamTarget
from fanfold.targets.forwarding import INHERITED, OWN, spelt
from fanfold.targets.observed import observed
from fanfold.targets.origins import origin_of
from fanfold.targets.vetting import OwnAddress, Vetting

logger = logging.getLogger("fanfold")

BATCH = b"/batch"
HEALTH = b"/-/healthz"
READY = b"/-/readyz"

HOPS = "fanfold-hops"
"""A header in which gateways tell each other how many a request has passed."""

MAX_HOPS = 3
"""Gateways in a row: one that stands before itself has to notice some time."""

SLOT_WAIT = 1.0
"""Seconds after which a refused caller looks again for a slot at an upstream."""

_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Gateway:
    """All of it behind one ASGI callable."""

    def __init__(
        self, settings: GatewaySettings, environment: Mapping[str, str] = os.environ, *, secret: str = ""
    ) -> None:
        """``secret``: what its token is to be where it needs one and the settings have none."""
        self.settings = settings
        self.readiness = Readiness()
        upstreams = upstreams_of(settings)
        self.vetting = Vetting(loopback=settings.allow_private, private=settings.allow_private)
        alone = len(upstreams) == 1 and not settings.gateway_token
        self.targets = {
            prefix: UpstreamTarget(
                upstream.url, _terms(prefix, upstream, environment, alone=alone), vetting=self.vetting
            )
            for prefix, upstream in upstreams.items()
        }
        lent = any(lends(upstream) for upstream in upstreams.values())
        self.token = (
            (settings.gateway_token or secret or secrets.token_urlsafe(24)) if lent or settings.gateway_token else ""
        )
        if self.token and any("authorization" in target.terms.passed for target in self.targets.values()):
            raise SetupError(
                "Where callers show the gateway's token in Authorization it cannot be passed on as well: "
                "leave out pass_authorization."
            )
        self.dialect = AsanaDialect(
            max_actions=settings.max_actions,
            lenient_paths=settings.lenient_paths,
            refused=(("*", "batch"), ("*", "-")),
            foreign=True,
            own=OWN,
            shows=FOREIGN_HEADERS,
            timeout=settings.action_timeout,
            deadline=settings.batch_deadline,
        )
        self.observing = observing(metrics=settings.metrics)
        self.limits = Limits(
            settings.redis, settings.without_redis, settings.sharing, self.observing.metrics, batch=settings.max_actions
        )
        self.ledger = Ledger()
        self.engine = Engine(
            observed(Mounts(self.targets), *self.observing.observers),
            Admission(*_limiters(settings, upstreams, self.limits)),
            max_fan_out=settings.max_fan_out,
            max_results=settings.max_results,
            ledger=self.ledger,
        )
        self.batches = Batches(
            self.engine,
            self.dialect,
            max_body=settings.max_body,
            body_timeout=settings.body_timeout,
            observing=self.observing,
            ledger=self.ledger,
            json_only=True,
        )
        self._costs = COSTS | {f"{prefix}:{name}": 1 for prefix in upstreams for name in COSTS}
        self.log = AccessLog(settings.access_log)
        self._inherited = {name for target in self.targets.values() for name in target.terms.passed} - OWN - {HOPS}
        self._numbers = itertools.count(1)
        self._run = secrets.token_hex(8)

    async def _begin(self) -> None:
        """Begin to connect to what limits are shared over; there is nothing to go on with."""
        self.limits.open()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection's event: a request, or the gateway's start and stop."""
        if scope["type"] == "lifespan":
            await live(receive, send, self._begin, self.close)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def vet(self) -> None:
        """Raise ``SetupError`` for an upstream that may not be called; one that cannot be found now may be later."""
        for target in self.targets.values():
            origin = target.origin
            try:
                await target.vetting.resolve(origin.hostname or "", origin_of(origin)[2])
            except OwnAddress:
                raise SetupError(f"The upstream {origin.geturl()} is this gateway itself.") from None
            except ForbiddenTarget:
                raise SetupError(
                    f"{origin.hostname} is at an address of this machine or of a private network; "
                    "if that is meant, allow it with --allow-private."
                ) from None
            except Unreachable as error:
                logger.warning("%s", error.message)

    async def close(self) -> None:
        """Let what still runs finish, then close the connections."""
        until = monotonic() + self.settings.drain_timeout
        await self.ledger.drain(until - monotonic())
        await self.engine.drain(until - monotonic())
        for target in self.targets.values():
            await target.close()
        await self.limits.close()
        self.log.close()

    # -- one request -------------------------------------------------------------------------------------------------

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        raw: bytes = scope["raw_path"]
        method: str = scope["method"]
        caller: Caller | None = None
        results: Sequence[Result] = ()
        request = f"{self._run}-{next(self._numbers)}"
        try:
            if raw == HEALTH:
                answer = Answer(200, b'{"status":"ok"}')
            elif raw == READY:
                answer = (await self.readiness.look()).answer()
            elif raw == METRICS and (shown := self.observing.exposition()) is not None:
                answer = shown
            else:
                caller = self._caller(scope)
                if raw == BATCH and method == "POST":
                    answer, results = await self._batch(scope, receive, caller)
                elif raw == BATCH and method == "OPTIONS":
                    answer = await self.batches.describe(caller, self._costs)
                else:
                    answer = await self._single(scope, receive, caller)
        except ClientLeftError:
            return
        except LimitExceeded as error:
            answer = self.dialect.limit_answer(error)
        except RequestError as error:
            answer = self.dialect.error_answer(error)
        except Exception:
            logger.exception("%s %r crashed", method, scope["path"])
            answer = self.dialect.error_answer(Crashed())
        await send_answer(send, receive, answer, request, head=method == "HEAD")
        self.log.note(request, method, scope["path"], answer.status, started, caller, results)

    def _caller(self, scope: Scope) -> Caller:
        """Who asks, known by a digest of their credentials. With a token of the gateway's own everybody is one."""
        shown = header(scope["headers"], b"authorization")
        if self.token:
            if not hmac.compare_digest(shown, f"Bearer {self.token}".encode()):
                raise Unauthenticated
            return Caller("gateway")
        key = shown_key(scope)[:16]
        # Without credentials all count as one, as they do for the upstream; but no answer is kept for all of them.
        return Caller(key) if key else Caller("anonymous", client_address(scope))

    async def _batch(self, scope: Scope, receive: Receive, caller: Caller) -> tuple[Answer, Sequence[Result]]:
        given = self._headers(scope, self._inherited)

        async def prepare(batch: Batch) -> Batch:
            return replace(batch, inherited=given)

        return await self.batches.answer(scope, receive, caller, prepare)

    async def _single(self, scope: Scope, receive: Receive, caller: Caller) -> Answer:
        method: str = scope["method"]
        path, _ = self.dialect.paths.read(method, scope["raw_path"].decode("latin-1"))
        query = read_query(scope["query_string"]) if scope["query_string"] else ()
        given = self._headers(scope, self._inherited | OWN)
        body: Any = None
        if method in _WITH_BODY:
            body = await read_body(scope, receive, self.settings.max_body, self.settings.body_timeout)
        action = Action(method, path, query, body, given)
        batch = Batch((action,), single=True, timeout=self.settings.action_timeout)
        (result,) = await self.engine.run(batch, caller, lambda: gone(receive))
        return self.dialect.answer_of(result)

    def _headers(self, scope: Scope, names: set[str]) -> Pairs:
        """Those of the request's headers that may go on to some upstream; each takes what it is meant to have."""
        hops = header(scope["headers"], HOPS.encode()) or b"0"
        if not hops.isdigit() or len(hops) > 3 or int(hops) >= MAX_HOPS:
            raise RequestError("This request has passed too many gateways", status=508)
        found = [(name.decode("latin-1"), _text(value)) for name, value in scope["headers"]]
        kept = [(name, value) for name, value in found if spelt(name) in names]
        return (*kept, (HOPS, str(int(hops) + 1)))


def _text(value: bytes) -> str:
    """The value of a header, so that it goes on as the bytes that it came as where these are UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _terms(prefix: str, upstream: Upstream, environment: Mapping[str, str], *, alone: bool) -> Terms:
    passing = upstream.pass_authorization
    if passing is None:
        passing = alone and not lends(upstream)
    passed = INHERITED | OWN | {HOPS, *map(spelt, upstream.pass_headers)}
    return Terms(
        timeout=upstream.timeout,
        connections=upstream.connections,
        max_response=upstream.max_response,
        redirects=upstream.redirects,
        ca_file=upstream.ca_file,
        attempts=upstream.attempts,
        headers=filled_in(upstream.headers, environment),
        passed=passed if passing else passed - {"authorization"},
        wrapped=upstream.wrap,
        counts=f"{prefix}:" if upstream.limits else "",
    )


def _limiters(settings: GatewaySettings, upstreams: Mapping[str, Upstream], limits: Limits) -> list[Any]:
    """The limits for each caller, then those of the upstreams: one account where all call with the same credentials.

    Gateways that share a Redis count together if they stand before the same upstreams.
    """
    own = profile(settings.limits, settings.action_timeout)
    space = " ".join([f"{prefix} {upstream.url}" for prefix, upstream in sorted(upstreams.items())])
    found: list[Any] = [limits.limiter(own, space)] if own.rules else []
    for key in ("", "all"):
        rules = [
            rule
            for prefix, upstream in upstreams.items()
            if upstream.limits and (lends(upstream) or len(upstreams) > 1) == bool(key)
            for rule in _rules(prefix, upstream)
        ]
        if rules:
            limiter = limits.limiter(Profile(tuple(rules)), f"upstreams {space}")
            found.append(Waiting(limiter, settings.limits_wait, key=key))
    return found


def _rules(prefix: str, upstream: Upstream) -> list[Any]:
    """The limits of one upstream, under names of its own."""
    found: list[Any] = []
    for rule in profile(upstream.limits, upstream.timeout).rules:
        name = f"{prefix}:{rule.name}"
        if rule.name in {"requests", "searches"}:
            found.append(replace(rule, name=name, seconds=upstream.limits_window))
        else:
            found.append(replace(rule, name=name, lease=2 * upstream.timeout, deadline=SLOT_WAIT))
    return found


def serve_gateway(
    settings: GatewaySettings,
    *,
    environment: Mapping[str, str] = os.environ,
    say: Say = print,
    again: Callable[[], GatewaySettings] | None = None,
) -> None:
    """Serve until told to stop; ``again`` reads the settings anew, for several workers."""
    if settings.workers > 1:
        supervise(WORKER, settings, again or (lambda: settings))
        return
    gateway = Gateway(settings, environment)
    listener = listen(settings)
    try:
        served = _served(gateway, address_of(listener), say)
    except SetupError:
        listener.close()
        raise
    served.greet()
    run(gateway, settings, listener)


WORKER = "fanfold.server.gateway:worker"


def worker(told: Told) -> Served:
    """What one of several workers serves."""
    settings = msgspec.json.decode(told.settings, type=GatewaySettings)
    served = _served(Gateway(settings, secret=told.secret), told.address, print)
    return served if told.first else replace(served, greet=lambda: None)


def _served(gateway: Gateway, address: str, say: Say) -> Served:
    """A gateway at an address, its upstreams looked at. Raises ``SetupError``."""
    place = urlsplit(address)
    gateway.vetting.at_home(place.hostname or "", place.port or 0)
    asyncio.run(gateway.vet())
    return Served(gateway, gateway.settings, partial(_greet, gateway, address, say))


def _greet(gateway: Gateway, address: str, say: Say) -> None:
    settings = gateway.settings
    say(f"Fanfold is listening on {address}  (a gateway)")
    for prefix, target in gateway.targets.items():
        say(f"Upstream      {address}{prefix.rstrip('/')}/…  is  {target.origin.geturl()}")
    say(f"Batch         {address}{BATCH.decode()}")
    if settings.workers > 1:
        shared = any(upstream.limits for upstream in upstreams_of(settings).values()) or settings.limits != "off"
        say(f"Workers       {settings.workers}{', each with its share of the limits' if shared else ''}")
    if gateway.token and not settings.gateway_token:
        say(f"Token         {gateway.token}   (until the gateway stops; your own with FANFOLD_GATEWAY_TOKEN)")
    sys.stdout.flush()
