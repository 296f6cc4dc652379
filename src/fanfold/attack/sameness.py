"""S20: what was checked is what is run, and an action is answered as it would be alone.

The difference between the two is where nearly every hole in a batch endpoint was found, so every page is asked both
ways, by somebody with credentials and by nobody.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fanfold.attack.cases import JSON, Bout, Case, Judge, Shot, Trial, batch, get, good, needing
from fanfold.attack.judging import all_of, no_failure, whole_or_at

HOLE = "A check that holds for a single request is missing in a batch, or the other way round."
SWAPPED = "What the check looked at is not what is run."

PAGES = (
    *("/echo/@RUN@", "/echo/@RUN@/", "/echo/@RUN@/%C3%A9", "/echo/@RUN@/a%20b", "/echo/@RUN@/a+b", "/echo/@RUN@/a,b;c"),
    *("/echo/@RUN@/~x", "/echo/@RUN@/a%2Fb", "/nowhere/@RUN@", "/private/@RUN@-main", "/private/@RUN@-other"),
    *("/whoami/@RUN@", "/item/@RUN@", "/redirect/@RUN@", "/count/@RUN@", "/ECHO/@RUN@"),
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def _same_status(trial: Trial) -> str:
    alone, within = trial.replies[0].status, trial.result(0).get("status_code")
    return "" if alone == within else f"alone it is answered {alone}, in a batch {within}"


def _same_request(trial: Trial) -> str:
    """The application received the same path, query, body and user both ways."""
    if trial.result(0).get("status_code") == 400:
        return ""
    if len(trial.seen) != 2:
        return f"of two requests {len(trial.seen)} reached the application" if len(trial.seen) == 1 else ""
    one, other = trial.seen
    for part in ("method", "path", "query", "body", "user"):
        first, second = getattr(one, part), getattr(other, part)
        within = _plain(second)
        if part == "body" and trial.site.wraps and isinstance(within, dict):
            within = within.get("data")
        if _plain(first) != within:
            return f"alone the {part} was {first!r}, in a batch {second!r}"
    return ""


def _plain(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except ValueError:
        return text


def _both_ways(page: str, caller: str) -> Case:
    return Case(
        line="S20",
        name=f"GET {page.replace('/@RUN@', '')} alone and in a batch, as {caller}",
        hole=HOLE,
        judge=all_of(no_failure, _same_or_refused, _same_request),
        send=(Shot(method="GET", path=page, headers={}, caller=caller), batch(get(page), caller=caller)),
        needs=needing("ground", "single"),
    )


def _same_or_refused(trial: Trial) -> str:
    """A spelling that only a batch refuses as ambiguous is no hole; one that it opens is."""
    within = trial.result(0).get("status_code")
    return "" if within == 400 else _same_status(trial)


def _written(method: str, caller: str) -> Case:
    data = {} if method == "GET" else {"data": {"a": 1}}
    body = None if method in {"GET", "DELETE"} else b'{"a":1}'
    action = {"method": method, "relative_path": "/echo/@RUN@", **({} if method == "DELETE" else data)}
    return Case(
        line="S20",
        name=f"{method} alone and in a batch, as {caller}",
        hole=HOLE,
        judge=all_of(no_failure, _same_status, _same_request),
        send=(
            Shot(method=method, path="/echo/@RUN@", body=body, headers=JSON if body else {}, caller=caller),
            batch(action, caller=caller),
        ),
        needs=needing("ground", "single"),
    )


async def _write_of_nothing(bout: Bout) -> None:
    method, _, path = (bout.site.write or "POST /count/@RUN@").partition(" ")
    await bout.send(Shot(method=method.upper(), path=path.strip(), body=b'{"data":{}}'))
    await bout.send(batch({"method": method, "relative_path": path.strip(), "data": {}}))


def _two_paths(name: str, member: str, value: Any = "/echo/@RUN@/other") -> Case:
    def judge(trial: Trial) -> str:
        ran = [event.raw_path for event in trial.reached("echo") if not event.raw_path.endswith("/0")]
        return f"{ran[0]} was run" if ran else ""

    return Case(
        line="S20",
        name=name,
        hole=SWAPPED,
        judge=all_of(no_failure, judge),
        send=(batch({**good(0), member: value}),),
        needs=needing("ground"),
    )


def _neither(name: str, action: Any) -> Case:
    judge: Judge = whole_or_at(0)
    return Case(line="S20", name=name, hole=SWAPPED, judge=judge, send=(batch(action),))


CASES = (
    *(_both_ways(page, caller) for page in PAGES for caller in ("main", "nobody")),
    *(_written(method, caller) for method in METHODS for caller in ("main", "nobody")),
    *(
        _two_paths(f"a member {member} with another path", member)
        for member in ("path", "url", "uri", "relative_url", "Relative_Path", "relativePath", "raw_path", "endpoint")
    ),
    _two_paths("a member data that holds an action", "data", {"method": "post", "relative_path": "/echo/@RUN@/other"}),
    _two_paths(
        "options that hold a path", "options", {"relative_path": "/echo/@RUN@/other", "path": "/echo/@RUN@/other"}
    ),
    _neither("a path in a list", {"method": "get", "relative_path": ["/echo/@RUN@"]}),
    _neither("a path in an object", {"method": "get", "relative_path": {"toString": "/echo/@RUN@"}}),
    _neither("a path that is true", {"method": "get", "relative_path": True}),
    _neither("a path of nine thousand letters", get("/echo/@RUN@/" + "a" * 9000)),
    _neither("a path that is not encoded to its end", get("/echo/@RUN@/%2")),
    _neither("a path that decodes to no UTF-8", get("/echo/@RUN@/%ff%fe")),
    _neither("a path with overlong UTF-8", get("/echo/@RUN@/%c0%ae%c0%ae/admin")),
    _neither("a path that climbs", get("/echo/@RUN@/../../admin")),
    _neither("a path that climbs, encoded", get("/echo/@RUN@/%2e%2e/%2e%2e/admin")),
    _neither("a path that climbs, encoded twice", get("/echo/@RUN@/%252e%252e/%252e%252e/admin")),
    _neither("a path that climbs by backslashes", get("/echo/@RUN@\\..\\..\\admin")),
    _neither("a path that climbs by encoded backslashes", get("/echo/@RUN@/..%5c..%5cadmin")),
    Case(
        line="S20",
        name="a read of what may be read, alone and in a batch",
        hole=HOLE,
        judge=_same_status,
        send=(Shot(method="GET", path="@READ:0@", headers={}), batch(good(0))),
        needs=needing("single"),
    ),
    Case(
        line="S20",
        name="a write of nothing, alone and in a batch",
        hole=HOLE,
        judge=_same_status,
        play=_write_of_nothing,
        needs=needing("single", "write"),
    ),
    Case(
        line="S20",
        name="a stale version in If-Match, alone and in a batch",
        hole="A condition that a write was to have is lost, and somebody else's change with it.",
        judge=all_of(no_failure, _same_status),
        send=(
            Shot(method="PUT", path="/item/@RUN@", body=b"{}", headers={**JSON, "If-Match": '"0"'}),
            batch({"method": "put", "relative_path": "/item/@RUN@", "data": {}, "headers": {"if-match": '"0"'}}),
        ),
        needs=needing("ground", "single", "headers"),
    ),
    Case(
        line="S20",
        name="the right version in If-Match, alone and in a batch",
        hole="A condition that a write was to have is lost, and somebody else's change with it.",
        judge=all_of(no_failure, _same_status),
        send=(
            Shot(method="PUT", path="/item/@RUN@", body=b"{}", headers={**JSON, "If-Match": '"1"'}),
            batch({"method": "put", "relative_path": "/item/@RUN@", "data": {}, "headers": {"if-match": '"1"'}}),
        ),
        needs=needing("ground", "single", "headers"),
    ),
)
