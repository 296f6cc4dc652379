"""The same bad days as ``faults.upstreams`` has, met by batch requests: an API that somebody declared, and an account.

Nine entries ask for what is well and one for what is not; the errors and the records of all stand in one answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from msgspec import json

from faults.checker import leaked, printed
from faults.client import Link
from faults.server import Server
from faults.setting import Setting
from faults.stores import home
from faults.upstream import Upstream

TIMEOUT = 2.5
SLACK = 1.0
GOOD = 9
AT_ONCE = 6
SECRET = "s3cr3t-key"  # what no answer and no line of the log may hold
STATUSES = frozenset({302, 502, 503, 504})


def _declaration(url: str, names: Iterable[str]) -> bytes:
    """An API with a resource for each behaviour."""
    resources = {name: {"get": {"path": f"/{name}/{{{{id}}}}"}} for name in ("echo", *names)}
    field = {"name": "api_key", "label": "Key", "type": "password"}
    return json.encode(
        {
            "label": "Bad days",
            "category": "faults",
            "base_url": url,
            "credentials": {"format": "api_key", "config": {"fields": [field]}},
            "authorization": {
                "format": "header",
                "config": {"header_name": "X-Key", "header_value": "{{credentials.api_key}}"},
            },
            "resources": resources,
        }
    )


class Fetching:
    """Batch requests of one server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.found: list[str] = []
        self.requests = 0
        self.latest = 0.0

    async def one(self, name: str) -> None:
        """An account of its own, nine good entries and the bad one among them."""
        async with self._server.link() as link:
            account = await _account(link)
            nonces = [f"{name}-{number}-" for number in range(GOOD)]
            entries: list[dict[str, object]] = [
                {"resource": "echo", "name": nonce, "method": "get", "id": nonce, "persist": True} for nonce in nonces
            ]
            bad = {"resource": name, "name": "bad", "method": "get", "id": "x", "timeout": TIMEOUT, "persist": True}
            entries.insert(GOOD // 2, bad)
            reply = await link.ask("POST", "/batch-request", {"integrated_account_id": account, "resources": entries})
        self.requests += 1
        self.latest = max(self.latest, reply.seconds - TIMEOUT)
        self._judge(name, nonces, reply.status, reply.body)

    def _judge(self, name: str, nonces: list[str], status: int, body: bytes) -> None:
        if status != 200:
            self.found.append(f"fetching {name}: answered {status} {body[:200]!r}")
            return
        answer = json.decode(body)
        echoed = [record.get("path") for record in answer["result"]["echo"]]
        if echoed != [f"/echo/{nonce}" for nonce in nonces] or answer["errors"]["echo"]:
            self.found.append(f"I4: fetching {name}: beside it {echoed} came, and {answer['errors']['echo']}")
        wrong = [one["statusCode"] for one in answer["errors"][name] if one["statusCode"] not in STATUSES]
        if wrong or not (answer["errors"][name] or answer["result"][name]):
            self.found.append(f"fetching {name}: {answer['errors'][name]}")
        if SECRET.encode() in body or b"smuggled" in body:
            self.found.append(f"I11: fetching {name} was answered {body[:300]!r}")


async def _account(link: Link) -> str:
    body = {"integration": "bad", "context": {"api_key": SECRET}}
    return str(json.decode((await link.ask("POST", "/integrated-account", body)).body)["id"])


async def fetch(setting: Setting, upstream: Upstream, names: list[str]) -> tuple[list[str], dict[str, float]]:
    """Batch requests that meet each of these behaviours: what was wrong, and figures."""
    folder = setting.folder / "fetching"
    async with home(setting, folder) as place:
        declared = folder / "declared"
        declared.mkdir()
        (declared / "bad.json").write_bytes(_declaration(upstream.url, names))
        server = Server(folder, "--access-log", "off", "--integrations", str(declared), *place.flags, db=place.db)
        server.environment["FANFOLD_ALLOW_PRIVATE_UPSTREAMS"] = "true"
        server.tamper()
        await server.start()
        fetching = Fetching(server)
        await fetching.one("early")
        fetching.found.clear()  # what the server needs for upstreams was loaded only now
        before = server.sample(), await server.inner()
        server.forget_lag()
        room = asyncio.Semaphore(AT_ONCE)

        async def one(name: str) -> None:
            async with room:
                await fetching.one(name)

        await asyncio.gather(*map(one, names))
        await asyncio.sleep(5)  # idle connections to the upstream are kept for a while
        after = server.sample(), await server.inner()
        found = [*fetching.found, *leaked(before, after), *printed(server)]
        await server.stop()
        if SECRET in server.printed():
            found.append("I11: the key of an account was printed")
    if fetching.latest > SLACK + after[1].lag:
        found.append(f"batch requests took {fetching.latest:.2f} s more than their timeout")
    return found, {"batch_requests": fetching.requests}
