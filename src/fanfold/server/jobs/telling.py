"""Telling somebody that a job has ended: one signed message to a URL, sent again until it has arrived.

The message and its signature are as Standard Webhooks has them, so that any library for that can check it: the headers
``webhook-id`` (the same with each attempt), ``webhook-timestamp`` and ``webhook-signature``.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fanfold.errors import ForbiddenTarget, RequestError, Unreachable
from fanfold.server.jobs import records
from fanfold.server.jobs.records import HOOKS, OVER, Job
from fanfold.work.clock import stamp
from fanfold.work.posting import TIMEOUT
from fanfold.work.store.shelves import Shelved

if TYPE_CHECKING:
    from fanfold.server.durable import Runner
    from fanfold.server.outbound import Poster
    from fanfold.work.api import Api
    from fanfold.work.posting import Reply
    from fanfold.work.store import Store

WANTED = b"fanfold-webhook"
"""The header of a request that says where to tell of the end of its job."""

PERFORMANCE = "job webhook"
"""What the durable engine knows the telling by."""

PAUSES = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0)
"""Seconds between two attempts, those that Standard Webhooks proposes; after the last one it is given up."""

LONGEST = 86_400.0
"""Seconds at most for which a target is obeyed that says when it wants to be asked again."""

KEPT = sum(PAUSES) + LONGEST

ROUNDED = 1e-3
"""Seconds by which a difference of two moments may be out."""

MAX_URL = 2048
GONE = 410

_encode = msgspec.json.Encoder().encode


class Hook(Struct, frozen=True):
    """Whom to tell, what signs it, how often it was tried, and when it is tried next (seconds since 1970).

    ``pause`` is what was to lie between the last attempt and the next.
    """

    url: str
    secret: bytes
    attempts: int = 0
    due: float = 0.0
    pause: float = 0.0


_read = msgspec.json.Decoder(Hook).decode


def new_hook(url: str) -> Hook:
    """Whoever is at a URL, with a new secret; raises ``RequestError`` for what is no URL."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine or len(url) > MAX_URL or any(char <= " " or char >= "\x7f" for char in url):
        raise RequestError("Fanfold-Webhook: Must be one http or https URL")
    return Hook(url, secrets.token_bytes(32))


def shown_secret(hook: Hook) -> str:
    """The secret as libraries for Standard Webhooks take it."""
    return f"whsec_{base64.b64encode(hook.secret).decode()}"


def put(store: Store, job: Job, hook: Hook, until: float) -> None:
    """In the open action: keep whom to tell."""
    store.shelve(HOOKS, Shelved(job.id, int(job.user), until, _encode(hook)))


class Teller:
    """Tells those who want to know of jobs that have ended. ``runner`` is to be given before anything begins."""

    runner: Runner

    def __init__(self, api: Api, poster: Poster, shown: Callable[[Job, float], dict[str, Any]]) -> None:
        """``shown`` is what is told of a job that is kept until a moment."""
        self._api = api
        self._poster = poster
        self._shown = shown

    async def vet(self, hook: Hook) -> None:
        """Raise ``RequestError`` for a target that may not be called, or that nobody knows."""
        try:
            await self._poster.vet(hook.url)
        except ForbiddenTarget as error:
            raise RequestError(f"Fanfold-Webhook: {error.message}", status=403) from None
        except Unreachable as error:
            raise RequestError(f"Fanfold-Webhook: {error.message}") from None

    def start(self, job: Job) -> None:
        """Have whoever wants to know told of a job that has ended."""
        if job.webhook:
            self.runner.start(PERFORMANCE, job.id, f"told-{job.id}")

    async def resume(self) -> bool:
        """Have all told who have not been; those who are being told just are."""

        def wanted(store: Store) -> list[Job]:
            found = [records.find(store, row.name, 0.0) for row in store.shelved_on(HOOKS)]
            return [one[0] for one in found if one is not None and one[0].status in OVER]

        for job in await self._api.read(lambda session: wanted(session.store)):
            self.start(job)
        return False

    async def tell(self, subject: str) -> float | None:
        """A performance: one attempt; the seconds until the next."""
        now = self._api.now().timestamp()

        def look(store: Store) -> tuple[Hook, Job, float] | None:
            row, found = store.shelved(HOOKS, subject), records.find(store, subject, 0.0)
            if row is None or found is None or found[0].status not in OVER:
                return None
            return _read(row.document), *found

        found = await self._api.read(lambda session: look(session.store))
        if found is None:
            return None
        hook, job, until = found
        left = hook.due - now
        if left > hook.pause + ROUNDED:  # the clock was put back: it is put off anew, by what was meant
            left, again = hook.pause, replace(hook, due=now + hook.pause)
            await self._api.write(lambda session: put(session.store, job, again, now + KEPT), records.lane_of(job.user))
        if left > 0:
            return left
        pause = _pause(hook, await self._send(hook, job, until, int(now)))
        await self._api.write(lambda session: _note(session.store, job, hook, now, pause), records.lane_of(job.user))
        return pause

    async def _send(self, hook: Hook, job: Job, until: float, now: int) -> Reply | None:
        data = {"type": f"job.{job.status}", "timestamp": stamp(self._api.now()), "data": self._shown(job, until)}
        body = _encode(data)
        name = f"msg_{job.id}"
        signature = hmac.digest(hook.secret, b"%b.%d.%b" % (name.encode(), now, body), "sha256")
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(now),
            "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
        }
        try:
            return await self._poster(hook.url, headers, body, TIMEOUT)
        except Unreachable:
            return None


def _pause(hook: Hook, reply: Reply | None) -> float | None:
    """Seconds until the next attempt; None where it has arrived, or is given up."""
    if reply is not None and (200 <= reply.status < 300 or reply.status == GONE):
        return None
    if hook.attempts >= len(PAUSES):
        return None
    wait = reply.headers.get("retry-after", "") if reply is not None else ""
    wanted = min(float(wait), LONGEST) if wait.isascii() and wait.isdigit() and len(wait) < 10 else 0.0
    return max(PAUSES[hook.attempts], wanted)


def _note(store: Store, job: Job, hook: Hook, now: float, pause: float | None) -> None:
    if pause is None:
        store.unshelve(HOOKS, job.id)
    elif store.shelved(HOOKS, job.id) is not None:
        put(store, job, replace(hook, attempts=hook.attempts + 1, due=now + pause, pause=pause), now + KEPT)
