"""Finding out what a server can do, with one harmless request for each ability, so that nothing is judged unasked."""

from __future__ import annotations

import secrets
from typing import Any

from fanfold.attack.cases import JSON, Reply, Shot, batch, get, good, post
from fanfold.attack.site import Site
from fanfold.attack.wire import Wire
from fanfold.errors import SetupError

MOST_LIMIT = 500
"""Requests that a limit may allow for it to be used up by the kit."""


async def explore(site: Site, wire: Wire, *, ground: str = "") -> None:
    """Fill in what a site can do. Raises ``SetupError`` where there is no batch endpoint to be attacked.

    ``ground`` is where the proving ground can be asked, for servers through which single requests do not pass.
    """
    run = f"p{secrets.token_hex(6)}"
    await _find_ground(site, wire, ground, run)
    reply = await wire.fire(batch(good(0)), run)
    if reply.results is None or len(reply.results) != 1:
        raise SetupError(
            f"A batch of one GET was answered {reply.status or reply.broken}: "
            f"{reply.body[:200].decode('utf-8', 'replace')!r}. Is {site.origin}{site.endpoint} a batch endpoint, "
            "and is a --token needed?"
        )
    status = reply.results[0]["status_code"]
    if site.ground and status != 200:
        raise SetupError(f"The proving ground is there, but a GET of it in a batch was answered {status}.")
    site.usual = status
    site.abilities |= {"ground": bool(site.ground), "log": bool(site.log), "write": bool(site.write or site.ground)}
    await _advertised(site, wire, run)
    await wire.fire(batch(post("/echo/@RUN@", {"probe": 1})), f"{run}-wrap")
    site.wraps = any('"data"' in event.body for event in await site.seen(f"{run}-wrap"))
    for ability, shot, shows in _PROBES:
        site.abilities[ability] = shows(await wire.fire(shot, f"{run}-{ability.replace(' ', '-')}"), site)
    site.abilities["dependencies"] = await _waits(site, wire, run)
    for ability, member in (("idempotency", None), ("action keys", "idempotency_key")):
        site.abilities[ability] = await _replays(site, wire, run, member)
    site.abilities["room"] = site.most >= 8
    site.abilities["limit"] = 0 < site.limit <= MOST_LIMIT


async def _find_ground(site: Site, wire: Wire, ground: str, run: str) -> None:
    """The ground is looked for behind the server first, so that it is this server's and nobody else's."""
    through = f"{site.origin}{site.base}"
    for root in (through, ground):
        reply = await wire.ask(f"{root}/-ground/") if root else Reply(0)
        told = reply.document if reply.status == 200 else None
        if isinstance(told, dict) and isinstance(told.get("ground"), str):
            site.ground, site.ground_port = told["ground"], int(told.get("port") or site.port)
            site.abilities["single"] = root == through
            near = f"http://127.0.0.1:{site.ground_port}"
            direct = await wire.ask(f"{near}/-ground/") if site.is_near else Reply(0)
            is_same = isinstance(direct.document, dict) and direct.document.get("ground") == site.ground
            root = near if is_same else root  # noqa: PLW2901 - asked directly, a server in trouble cannot hide anything
            site.ask_with(lambda path, root=root: wire.ask(f"{root}{path}"))
            return
    single = await wire.fire(Shot(method="GET", path=site.read or "/", headers={}), run)
    site.abilities["single"] = 200 <= single.status < 300


async def _advertised(site: Site, wire: Wire, run: str) -> None:
    """The limits that the endpoint tells of."""
    reply = await wire.fire(Shot(method="OPTIONS", headers={}), run)
    told = reply.document.get("data") if reply.status == 200 and isinstance(reply.document, dict) else None
    if not isinstance(told, dict):
        return
    if isinstance(told.get("max_actions"), int):
        site.most = min(max(told["max_actions"], 1), 50)
        site.abilities["told"] = told["max_actions"] <= 50
    if not site.limit:
        site.limit = _requests_in(told.get("limits"))


def _requests_in(limits: Any) -> int:
    for one in limits if isinstance(limits, list) else []:
        if isinstance(one, dict) and "request" in str(one.get("limit", one.get("name", ""))):
            number = one.get("quota", 0)
            return number if isinstance(number, int) else 0
    return 0


def _header_seen(name: str, value: str) -> Any:
    def shows(reply: Reply, site: Site) -> bool:
        body = (reply.results or [{}])[0].get("body")
        if not (site.ground and isinstance(body, dict)):
            return False
        return any(given == name and value in told for given, told in body.get("headers", []))

    return shows


def _both(reply: Reply, site: Site) -> bool:
    statuses = [one["status_code"] for one in reply.results or ()]
    return bool(site.ground) and statuses == [200, 200]


def _referred(reply: Reply, site: Site) -> bool:
    body = (reply.results or [{}, {}])[-1].get("body")
    return _both(reply, site) and isinstance(body, dict) and body.get("v") == "referred"


def _fanned(reply: Reply, site: Site) -> bool:
    body = (reply.results or [{}])[-1].get("body")
    data = body.get("data") if isinstance(body, dict) else None
    return bool(site.ground) and isinstance(data, list) and len(data) == 3


async def _waits(site: Site, wire: Wire, run: str) -> bool:
    """Whether an action that is named first begins after the one that it waits for."""
    if not site.ground:
        return False
    waiting = get("/echo/@RUN@/late", id="late", depends_on="early")
    await wire.fire(batch(waiting, get("/slow/@RUN@", id="early", data={"seconds": 0.3})), f"{run}-waits")
    return [event.path.split("/")[1] for event in await site.seen(f"{run}-waits")] == ["slow", "echo"]


async def _replays(site: Site, wire: Wire, run: str, member: str | None) -> bool:
    """Whether the same write with the same key runs once."""
    if not site.ground:
        return False
    run = f"{run}-{'action' if member else 'batch'}-key"
    action = post("/count/@RUN@", **({member: run} if member else {}))
    shot = batch(action, headers=JSON if member else {**JSON, "Idempotency-Key": run})
    for _ in range(2):
        await wire.fire(shot, run)
    return len(await site.seen(run)) == 1


def _denied(reply: Reply, site: Site) -> bool:
    status = (reply.results or [{}])[0].get("status_code", 0)
    return bool(site.ground) and 400 <= status < 500


def _binary(reply: Reply, site: Site) -> bool:
    body = (reply.results or [{}])[0].get("body")
    return bool(site.ground) and isinstance(body, dict) and body.get("body") == "probe"


def _limited(reply: Reply, site: Site) -> bool:
    return bool(site.ground) and bool(reply.results) and reply.results is not None and reply.seconds < 3


_VALUE = get("/value/@RUN@", data={"v": "referred"}, id="a")
_BINARY = {
    "method": "post",
    "relative_path": "/echo/@RUN@",
    "base64": "cHJvYmU=",
    "headers": {"content-type": "application/octet-stream"},
}

_PROBES: tuple[tuple[str, Shot, Any], ...] = (
    ("credentials", batch(good(0)), _header_seen("authorization", "Bearer")),
    ("cookies", batch(good(0), headers={**JSON, "Cookie": "probe=1"}), _header_seen("cookie", "probe=1")),
    ("headers", batch(get("/echo/@RUN@", headers={"accept": "text/x-probe"})), _header_seen("accept", "text/x-probe")),
    ("references", batch(_VALUE, get("/value/@RUN@", id="b", data={"v": "{{a.body.v}}"})), _referred),
    (
        "fan-out",
        batch(
            get("/many/@RUN@", id="a", data={"n": 3}),
            get("/echo/@RUN@/{{item}}", id="b", for_each="{{a.body.items}}"),
        ),
        _fanned,
    ),
    (
        "dry-run",
        batch(good(0), options={"dry_run": True}),
        lambda reply, _: isinstance(reply.document, dict) and "waves" in str(reply.body[:2000]),
    ),
    ("deny", batch(get("/forbidden/@RUN@")), _denied),
    ("base64", batch(_BINARY), _binary),
    (
        "stream",
        batch(good(0), headers={**JSON, "Accept": "application/x-ndjson"}),
        lambda reply, _: reply.header("content-type").startswith("application/x-ndjson"),
    ),
    (
        "coalesce",
        batch(get("/whoami/@RUN@"), get("/whoami/@RUN@"), options={"coalesce": True}),
        lambda reply, site: bool(site.ground) and len({str(one.get("body")) for one in reply.results or ()}) == 1,
    ),
    ("timeout", batch(get("/slow/@RUN@", data={"seconds": 4}, timeout=0.3)), _limited),
)
