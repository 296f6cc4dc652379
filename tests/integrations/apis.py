"""APIs of other people, on a port of loopback: with every way of paging, and with every bad day that an API can have.

What is asked is decided by the first segment of the path. ``says`` is for tests to fill.
"""

import asyncio
import json
from collections import Counter
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import parse_qs

from aiohttp import web

RECORDS = 25


class Seen(NamedTuple):
    """One request as it arrived. ``path`` is as written, with its query."""

    method: str
    path: str
    query: dict
    headers: dict
    body: bytes


class Said(NamedTuple):
    """One answer that a test wants to be given."""

    status: int = 200
    body: object = None
    headers: dict = MappingProxyType({})


async def come_to(condition):
    """Let others go on until something is so."""
    while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0)


def contact(number):
    return {"id": f"c_{number}", "name": f"Contact {number}", "company_id": f"co_{number % 3}"}


class Api:
    """``says`` holds, by the last segment of ``/say/...``, the answers to come; the last of them is given for good.

    ``token`` is the only one that ``/private`` takes; ``/oauth/token`` makes another and counts its ``refreshes``.
    Where it ``rotates``, each refresh token is good for once, and one that comes again ends the whole grant.
    ``most`` is how many records a page has at most, ``slow`` the seconds that a page of ``/slow`` takes.
    """

    def __init__(self):
        self.seen = []
        self.says = {}
        self.token = "first-token-of-the-canary"
        self.refresh_token = "refresh-of-the-canary-1"
        self.rotates = False
        self.refreshes = 0
        self.refuses_refresh = None
        self.most = 10
        self.records = [contact(number) for number in range(RECORDS)]
        self.under_way = 0
        self.at_once = 0
        self.times = Counter()
        self.held = None

    def paths(self):
        return [f"{one.method} {one.path}" for one in self.seen]

    async def handle(self, request):
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append(Seen(request.method, request.raw_path, dict(request.query), headers, body))
        self.under_way += 1
        self.at_once = max(self.at_once, self.under_way)
        try:
            if self.held is not None:
                await self.held.wait()
            first = request.raw_path.split("?")[0].split("/")[1]
            return await getattr(self, f"do_{first}")(request, body)
        finally:
            self.under_way -= 1

    # -- paging -------------------------------------------------------------------------------------------------------

    def _size(self, request, name="limit"):
        return min(self.most, int(request.query.get(name, self.most)))

    def _slice(self, start, size):
        return self.records[start : start + size]

    async def do_numbered(self, request, _body):
        page, size = int(request.query.get("page", 1)), self._size(request, "per_page")
        return web.json_response(self._slice((page - 1) * size, size))

    async def do_offset(self, request, _body):
        start = int(request.query.get("offset", 0))
        return web.json_response({"items": self._slice(start, self._size(request))})

    async def do_cursor(self, request, body):
        asked = json.loads(body) if body else {}
        start = int((request.query.get("after") or asked.get("after") or "at-0").removeprefix("at-"))
        end = start + self._size(request)
        more = end < len(self.records)
        told = {"next": f"at-{end}" if more else None, "more": more}
        return web.json_response({"data": {"items": self._slice(start, end - start)}, "paging": told})

    async def do_hypermedia(self, request, _body):
        start = int(request.query.get("start", 0))
        end = start + self._size(request)
        url = request.url.with_query({**request.query, "start": end})
        return web.json_response(
            {"items": self._slice(start, end - start), "next": str(url) if end < len(self.records) else ""}
        )

    async def do_linked(self, request, _body):
        start = int(request.query.get("start", 0))
        end = start + self._size(request)
        headers = {}
        if end < len(self.records):
            url = request.url.with_query({"start": end})
            headers["Link"] = f'<{url}>; rel="next", <{request.url.with_query(None)}>; rel="first"'
        return web.json_response(self._slice(start, end - start), headers=headers)

    async def do_ranged(self, request, _body):
        start, end = map(int, request.headers["Range"].removeprefix("items=").split("-"))
        found = self._slice(start, min(end + 1 - start, self.most))
        if not found:
            return web.json_response({"error": "beyond the end"}, status=416)
        told = f"items {start}-{start + len(found) - 1}/{len(self.records)}"
        return web.json_response(found, status=206, headers={"Content-Range": told})

    # -- single records ----------------------------------------------------------------------------------------------

    async def do_contacts(self, request, body):
        gid = request.raw_path.split("?")[0].removeprefix("/contacts").removeprefix("/")
        if request.method == "POST":
            return web.json_response({"data": {"id": "c_new", **json.loads(body)}}, status=201)
        if request.method == "DELETE":
            return web.Response(status=204)
        known = {one["id"]: one for one in self.records}
        if gid not in known:
            return web.json_response({"error": {"message": f"no contact {gid}"}}, status=404)
        return web.json_response({"data": {**known[gid], **(json.loads(body) if body else {})}})

    async def do_echo(self, request, body):
        told = self.seen[-1]._asdict() | {"body": body.decode("latin-1")}
        return web.json_response(told, headers={"X-Echo": "1"})

    async def do_private(self, request, _body):
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"message": f"wrong: {request.headers.get('Authorization')}"}, status=401)
        return web.json_response({"me": "you"})

    # -- bad days ----------------------------------------------------------------------------------------------------

    async def do_say(self, request, _body):
        name = request.path.rsplit("/", 1)[-1]
        said = self.says[name]
        one = said.pop(0) if len(said) > 1 else said[0]
        self.times[name] += 1
        if isinstance(one, Exception):
            request.transport.abort()
            return web.Response()
        body = one.body if isinstance(one.body, bytes) else json.dumps(one.body).encode()
        return web.Response(status=one.status, body=body, headers={"Content-Type": "application/json", **one.headers})

    async def do_hang(self, _request, _body):
        await asyncio.Event().wait()

    async def do_file(self, _request, _body):
        headers = {"Content-Type": "image/png", "Content-Disposition": 'attachment; filename="a.png"'}
        return web.Response(body=b"\x89PNG\r\n", headers=headers)

    # -- OAuth -------------------------------------------------------------------------------------------------------

    async def do_oauth(self, _request, body):
        self.refreshes += 1
        if self.refuses_refresh is not None:
            return web.json_response(self.refuses_refresh.body, status=self.refuses_refresh.status)
        told = parse_qs(body.decode()).get("refresh_token")
        if self.rotates and told != [self.refresh_token]:
            # A token that comes twice was stolen, as far as the server can know: the whole grant ends.
            self.token = self.refresh_token = "nobody has this one"
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.token = f"renewed-token-of-the-canary-{self.refreshes}"
        told = {"access_token": self.token, "expires_in": 3600, "token_type": "bearer"}
        if self.rotates:
            told["refresh_token"] = self.refresh_token = f"refresh-of-the-canary-{self.refreshes + 1}"
        return web.json_response(told)


@asynccontextmanager
async def api_running():
    """An API, with its ``url``."""
    api = Api()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    api.url = f"http://127.0.0.1:{port}"
    api.host = f"127.0.0.1:{port}"
    try:
        yield api
    finally:
        if api.held is not None:
            api.held.set()
        await runner.cleanup()
