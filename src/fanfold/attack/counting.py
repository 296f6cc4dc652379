"""S3 and S4: how often something may be done is counted for each action, under a key that its caller did not choose.

A login that allows three attempts is worth nothing if a batch of a hundred counts as one.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fanfold.attack.cases import JSON, Bout, Case, Judge, Shot, Trial, batch, get, good, needing, post
from fanfold.attack.judging import all_of, answered, no_failure, unseen

FEW = 5
UNCOUNTED = "As many attempts as a batch has room for count as one: passwords and codes can be guessed."
REKEYED = "Whoever asks is counted as somebody new whenever they like: there is no limit."


def _each_attempt_counts(times: int) -> Judge:
    def judge(trial: Trial) -> str:
        attempts = len(trial.reached("login")) + len(trial.reached("login-by-address"))
        refused = sum(_status(trial, index) == 429 for index in range(len(trial.sent[-1].actions or ())))
        if trial.reply.status == 429:
            return ""
        if attempts != times:
            return f"{times} attempts were seen by the application as {attempts}"
        return "" if refused >= times - 3 else f"of {times} attempts only {refused} were refused"

    return judge


def _status(trial: Trial, index: int) -> int:
    status = trial.result(index).get("status_code", 0)
    return status if isinstance(status, int) else 0


def _attempt(number: int, **more: Any) -> dict[str, Any]:
    return post("/login/@RUN@", {"user": "ada", "password": f"guess {number}"}, **more)


async def _exhaust(bout: Bout, *shots: Shot) -> None:
    """Send batches of reads, each the next of ``shots``, until one is refused or twice the limit was asked for."""
    size = min(bout.site.most, max(bout.site.limit, 1))
    for number in range(2 * (bout.site.limit // size + 1)):
        shot = shots[number % len(shots)]
        actions = tuple(get(f"/echo/@RUN@/{number}-{index}") for index in range(size))
        headers = {name: value.replace("@NUMBER@", str(number)) for name, value in shot.headers.items()}
        reply = await bout.send(Shot(actions=actions, headers=headers, caller=shot.caller))
        if reply.status == 429:
            return


async def _exhaust_plainly(bout: Bout) -> None:
    await _exhaust(bout, batch())


async def _race(bout: Bout) -> None:
    size = min(bout.site.most, max(bout.site.limit, 1))
    shot = Shot(actions=tuple(get(f"/echo/@RUN@/{index}") for index in range(size)))
    await asyncio.gather(*(bout.send(shot) for _ in range(2 * (bout.site.limit // size + 1))))


def _kept(trial: Trial) -> str:
    ran, most = len(trial.reached("echo")), trial.site.limit
    if ran > most:
        return f"{ran} requests ran where {most} are allowed"
    if not any(400 <= reply.status < 500 for reply in trial.replies):
        return "no batch was refused"
    refused = sum(
        len(shot.actions or ()) for shot, reply in zip(trial.sent, trial.replies, strict=True) if reply.results
    )
    return "" if ran == refused else f"{ran} requests ran, but {refused} were answered: a refused batch ran in part"


def _all_or_none(times: int) -> Judge:
    def judge(trial: Trial) -> str:
        seen = len(trial.reached("echo"))
        if trial.reply.status == 429:  # where callers are counted by address, others may have used it up
            return f"{seen} of a batch that was refused were seen" if seen else ""
        return answered(trial) or ("" if seen == times else f"{seen} of {times} were seen")

    return judge


def _tells_when(trial: Trial) -> str:
    return "" if trial.reply.status != 429 or trial.reply.header("retry-after") else "429 says not when to come back"


def _under(name: str, *headers: dict[str, str], line: str = "S4") -> Case:
    """The whole limit is used up under changing headers."""

    async def play(bout: Bout) -> None:
        await _exhaust(bout, *(batch(headers={**JSON, **one}) for one in headers))

    return Case(
        line=line, name=name, hole=REKEYED, judge=_kept, play=play, needs=needing("limit", "ground"), company="nobody"
    )


def _from_address(name: str, value: str) -> Case:
    """The application counts by the address that proxies tell; actions must not tell it one."""
    actions = [post("/login-by-address/@RUN@", headers={name: value.replace("#", str(index))}) for index in range(FEW)]
    return Case(
        line="S4",
        name=f"an address of its own for each attempt, in {name} of the action",
        hole=REKEYED,
        judge=all_of(no_failure, unseen("203.0.113.", where="headers")),
        send=(batch(*actions),),
        needs=needing("ground"),
    )


def _counted(name: str, *shots: Shot, times: int = FEW, needs: frozenset[str] = needing("ground")) -> Case:
    judge = _each_attempt_counts(times)
    return Case(line="S3", name=name, hole=UNCOUNTED, judge=judge, send=shots, needs=needs)


_SINGLE = Shot(path="/login/@RUN@", body=b"{}")

CASES = (
    _counted("five attempts to log in, in one batch", batch(*map(_attempt, range(FEW)))),
    _counted("five attempts with the same password", batch(*[_attempt(0)] * FEW)),
    _counted("five attempts that are to be run together", batch(*[_attempt(0)] * FEW, options={"coalesce": True})),
    _counted("five attempts, one at a time", batch(*map(_attempt, range(FEW)), options={"execution": "serial"})),
    _counted(
        "two attempts alone and three in a batch",
        *(_SINGLE, _SINGLE, batch(*map(_attempt, range(3)))),
        needs=needing("ground", "single"),
    ),
    _counted("attempts in two batches", batch(*map(_attempt, range(3))), batch(*map(_attempt, range(3))), times=6),
    Case(
        line="S3",
        name="an attempt for each item of a list",
        hole=UNCOUNTED,
        judge=lambda trial: (
            "" if len(trial.reached("login")) in {0, 6} else f"six attempts were seen as {len(trial.reached('login'))}"
        ),
        send=(
            batch(
                get("/many/@RUN@", id="a", data={"n": 6}),
                post("/login/@RUN@", {"password": "{{item}}"}, id="b", for_each="{{a.body.items}}"),
            ),
        ),
        needs=needing("fan-out"),
    ),
    Case(
        line="S3",
        name="batch after batch until the limit is reached",
        hole="More is done than the limit allows, or part of a refused batch has run.",
        judge=all_of(_kept, _tells_when),
        play=_exhaust_plainly,
        needs=needing("limit", "ground"),
        company="nobody",
    ),
    Case(
        line="S3",
        name="many batches at once, more than the limit together",
        hole="Two batches that are counted at the same time both slip under the limit.",
        judge=_kept,
        play=_race,
        needs=needing("limit", "ground"),
        company="nobody",
    ),
    Case(
        line="S3",
        name="as many reads as there is room for",
        hole="Not all of a batch reaches the application, so that not all is counted there.",
        judge=_all_or_none(8),
        send=(batch(*(good(index) for index in range(8))),),
        needs=needing("ground", "room"),
    ),
    *(
        _from_address(name, value)
        for name, value in (
            ("X-Forwarded-For", "203.0.113.#"),
            ("x_forwarded_for", "203.0.113.#"),
            ("X-REAL-IP", "203.0.113.#"),
            ("Forwarded", "for=203.0.113.#"),
            ("True-Client-IP", "203.0.113.#"),
            ("CF-Connecting-IP", "203.0.113.#"),
        )
    ),
    _under("another X-Forwarded-For with each batch", {"X-Forwarded-For": "203.0.113.@NUMBER@"}),
    _under("another X-Real-IP with each batch", {"X-Real-IP": "203.0.113.@NUMBER@"}),
    _under("another cookie beside the same token with each batch", {"Cookie": "junk=@NUMBER@"}),
    _under(
        "the same token in another spelling with each batch",
        *({"Authorization": f"{scheme} @TOKEN@"} for scheme in ("Bearer", "bearer", "BEARER", "bEARER")),
    ),
    _under(
        "a made-up token before the same token with each batch",
        {"authorization": "Bearer junk@NUMBER@", "Authorization": "Bearer @TOKEN@"},
    ),
    _under("a made-up token with each batch", {"Authorization": "Bearer @RUN@-@NUMBER@"}),
    _under("another User-Agent with each batch", {"User-Agent": "agent @NUMBER@"}),
    _under("another X-Api-Key with each batch", {"X-Api-Key": "@NUMBER@"}),
)
