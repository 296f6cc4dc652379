"""S14: nothing that one action leaves behind is found by another, in the same batch or in any other."""

from __future__ import annotations

import asyncio
from typing import Any

from fanfold.attack.cases import JSON, Bout, Case, Judge, Trial, batch, get, good, needing
from fanfold.attack.judging import all_of, answered, good_at, no_failure

HOLE = "What belongs to one caller or one action is found by another: identities, cookies, half-done work."
CROWD = 40


def _nothing_found(trial: Trial) -> str:
    for reply in trial.replies:
        for result in reply.results or ():
            body = result.get("body")
            if isinstance(body, dict) and "context" in body:
                for place in ("context", "scope", "state", "headers"):
                    if "mark" in str(body.get(place)):
                        return f"the mark of another action was found in its {place}"
                if "mark" in str(body.get("cookie")):
                    return "a cookie that another action was given was sent on"
    return ""


def _look(**more: Any) -> dict[str, Any]:
    return get("/state/@RUN@/look", **more)


def _put() -> dict[str, Any]:
    return get("/state/@RUN@/put", data={"v": "mark-@RUN@"})


def _case(name: str, judge: Judge, *shots: Any, needs: tuple[str, ...] = ("ground",), way: Any = "in turn") -> Case:
    return Case(line="S14", name=name, hole=HOLE, judge=judge, send=shots, needs=needing(*needs), way=way)


async def _crowd(bout: Bout) -> None:
    """Many callers at once, each asking several times who they are."""
    actions = tuple(get("/state/@RUN@/look", data={"after": (index % 3) / 50}) for index in range(5))
    shots = [batch(*actions, caller=f"caller{number}") for number in range(CROWD)]
    await asyncio.gather(*map(bout.send, shots))


def _own_only(trial: Trial) -> str:
    for shot, reply in zip(trial.sent, trial.replies, strict=False):
        if reply.results is None:
            return f"a batch was answered {reply.status or reply.broken}"
        del shot
    users = [{str((one.get("body") or {}).get("user")) for one in reply.results or ()} for reply in trial.replies]
    if any(len(found) != 1 for found in users):
        return "the actions of one batch ran as different users"
    if len(set(map(frozenset, users))) != CROWD:
        return "two callers were taken for one"
    return ""


def _plain_query(trial: Trial) -> str:
    queries = {event.query for event in trial.reached("echo")}
    return "" if queries <= {""} else f"the actions had the query {', '.join(sorted(queries))}"


def _as_sent(trial: Trial) -> str:
    for event in trial.reached("echo"):
        number = event.raw_path.rpartition("/")[2]
        if event.query != f"n={number}":
            return f"{event.raw_path} had the query {event.query}"
    return ""


def _only_with(name: str) -> Judge:
    def judge(trial: Trial) -> str:
        for event in trial.reached("echo"):
            if event.raw_path.endswith("/1") and any(
                "own-@RUN@".replace("@RUN@", trial.run) in value for _, value in event.headers
            ):
                return f"the {name} of one action was found by another"
        return ""

    return judge


CASES = (
    _case(
        "a mark in everything that a request holds, then a look around", _nothing_found, batch(_put(), _look(), _look())
    ),
    _case("the look first in order, the mark behind it", _nothing_found, batch(_look(data={"after": 0.2}), _put())),
    _case("one at a time", _nothing_found, batch(_put(), _look(), options={"execution": "serial"})),
    _case("a mark in one batch, a look in the next", _nothing_found, batch(_put(), _put()), batch(_look(), _look())),
    _case("a mark by one caller, a look by another", _nothing_found, batch(_put()), batch(_look(), caller="other")),
    _case(
        "marks and looks in many batches at once",
        _nothing_found,
        *(
            batch(_put() if number % 2 else _look(data={"after": 0.1}), _look(data={"after": 0.1}))
            for number in range(10)
        ),
        way="at once",
    ),
    Case(
        line="S14",
        name=f"{CROWD} callers at once, each asked who it is",
        hole=HOLE,
        judge=all_of(no_failure, _own_only),
        play=_crowd,
        needs=needing("ground", "credentials"),
        company="nobody",
    ),
    _case("a query on the batch", all_of(answered, _plain_query), batch(good(0), good(1), query="limit=100&admin=1")),
    _case(
        "a query for each action",
        all_of(answered, _as_sent),
        batch(*(get(f"/echo/@RUN@/{index}", data={"n": str(index)}) for index in range(8))),
    ),
    _case(
        "a header of one action only",
        all_of(no_failure, _only_with("header")),
        batch(get("@READ:0@", headers={"accept": "own-@RUN@"}), good(1), good(1)),
    ),
    _case(
        "a cookie of one action only",
        all_of(no_failure, _only_with("cookie")),
        batch(get("@READ:0@", headers={"cookie": "own-@RUN@"}), good(1)),
    ),
    _case(
        "an action that crashes, and its neighbours",
        all_of(no_failure, good_at(0, 2)),
        batch(good(0), get("/crash/@RUN@"), good(2)),
    ),
    _case(
        "a cookie on the batch, and none on the next",
        all_of(no_failure, _only_with("cookie")),
        batch(good(0), headers={**JSON, "Cookie": "own-@RUN@"}),
        batch(good(0), good(1)),
    ),
)
