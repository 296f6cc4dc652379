"""S28: whoever asks for the same is not therefore the same; nothing is answered out of another's answer."""

from __future__ import annotations

from typing import Any

from fanfold.attack.cases import JSON, Case, Judge, Shot, Trial, batch, get, needing, post
from fanfold.attack.judging import all_of, no_failure

HOLE = "A caller is given what was answered to another: their name, their data, their session."

TOGETHER = {"coalesce": True}
ASK = get("/whoami/@RUN@")


def _each_their_own(trial: Trial) -> str:
    for shot, reply in zip(trial.sent, trial.replies, strict=False):
        want = "" if shot.caller == "nobody" else f"{trial.run}-{shot.caller}"
        for result in reply.results or ():
            body = result.get("body")
            if isinstance(body, dict) and "user" in body and body["user"] != want:
                return f"{want or 'nobody'!r} was answered as {body['user']!r}"
    return ""


def _fresh(trial: Trial) -> str:
    """Between two batches nothing that is not to be stored was stored."""
    first, second = (reply.results or [{}] for reply in trial.replies[:2])
    numbers = {str((result.get("body") or {}).get("number")) for result in (*first, *second)}
    return (
        "" if len(numbers) > 1 or trial.reply.results is None else "an answer that must not be stored was given again"
    )


def _ran(times: int) -> Judge:
    def judge(trial: Trial) -> str:
        ran = len(trial.reached("count"))
        return "" if ran == times else f"{times} writes were run {ran} times"

    return judge


def _apart(trial: Trial) -> str:
    seen = {dict(event.headers).get("accept", "") for event in trial.reached("echo")}
    return "" if {"a/one", "a/two"} <= seen else "reads with different headers were taken for one"


def _case(name: str, judge: Judge, *shots: Shot, needs: tuple[str, ...] = ("ground",), way: Any = "in turn") -> Case:
    return Case(
        line="S28", name=name, hole=HOLE, judge=all_of(no_failure, judge), send=shots, needs=needing(*needs), way=way
    )


def _callers(**more: Any) -> tuple[Shot, ...]:
    return tuple(batch(ASK, ASK, caller=caller, **more) for caller in ("main", "other", "third", "nobody"))


CASES = (
    _case(
        "four callers that ask the same, one after another",
        _each_their_own,
        *_callers(),
        needs=("ground", "credentials"),
    ),
    _case(
        "four callers that ask the same at once",
        _each_their_own,
        *_callers(),
        needs=("ground", "credentials"),
        way="at once",
    ),
    _case(
        "four callers at once whose reads may be run together",
        _each_their_own,
        *_callers(options=TOGETHER),
        needs=("ground", "credentials"),
        way="at once",
    ),
    _case("the same read in two batches", _fresh, batch(ASK), batch(ASK)),
    _case(
        "the same read in two batches that may be run together",
        _fresh,
        batch(ASK, options=TOGETHER),
        batch(ASK, options=TOGETHER),
    ),
    _case("writes that look alike", _ran(4), batch(*[post("/count/@RUN@")] * 4)),
    _case(
        "writes that look alike, in a batch that may be run together",
        _ran(4),
        batch(*[post("/count/@RUN@")] * 4, options=TOGETHER),
    ),
    _case(
        "reads with different headers that may be run together",
        _apart,
        batch(
            get("/echo/@RUN@", headers={"accept": "a/one"}),
            get("/echo/@RUN@", headers={"accept": "a/two"}),
            options=TOGETHER,
        ),
        needs=("headers",),
    ),
    _case(
        "reads with different queries that may be run together",
        lambda trial: "" if len({event.query for event in trial.reached("echo")}) == 2 else "they were taken for one",
        batch(get("/echo/@RUN@", data={"a": "1"}), get("/echo/@RUN@", data={"a": "2"}), options=TOGETHER),
    ),
    _case(
        "callers known by cookies, one after another",
        lambda trial: (
            ""
            if [str((reply.results or [{}])[0].get("body", {}).get("user")) for reply in trial.replies]
            == ["one", "two"]
            else "one was answered as the other"
        ),
        *(batch(ASK, headers={**JSON, "Cookie": f"session={name}"}, caller="nobody") for name in ("one", "two")),
        needs=("ground", "cookies"),
    ),
    _case(
        "what a cache between may keep of a batch",
        lambda trial: (
            "the answer may be kept by anybody" if "public" in trial.reply.header("cache-control").lower() else ""
        ),
        batch(ASK),
    ),
)
