"""S1: results stand where their actions stood, whatever is among them.

A batch endpoint was taken over because one unreadable path made two lists slip out of step. So each kind of bad action
is put in each place, among good ones that say which one they are.
"""

from __future__ import annotations

from random import Random
from typing import Any

from fanfold.attack.cases import Case, Trial, batch, get, good, needing, post
from fanfold.attack.judging import all_of, answered, good_at, no_failure, refused_at, whole_or_at

HOLE = "An action's result, rights or handler is another's: what was checked for one action is run for its neighbour."

BAD: dict[str, Any] = {
    "a path of slashes alone": get("///"),
    "an address without a host": get("http://:"),
    "a number": 5,
    "null": None,
    "an empty object": {},
    "a list": ["get", "/echo"],
    "a path that is a number": {"method": "get", "relative_path": 7},
    "no path": {"method": "get"},
    "no method": {"relative_path": "/echo/@RUN@"},
    "an unknown method": {"method": "fetch", "relative_path": "/echo/@RUN@"},
}
PLACES = 4
SHOWN_MIXES = 12


def _with_bad(name: str, bad: Any, place: int) -> Case:
    actions = [good(index) for index in range(PLACES)]
    actions[place] = bad
    others = [index for index in range(PLACES) if index != place]

    def judge(trial: Trial) -> str:
        if trial.reply.results is None:
            return whole_or_at(place)(trial)
        return all_of(refused_at(place), good_at(*others))(trial)

    return Case(line="S1", name=f"{name} at place {place} of {PLACES}", hole=HOLE, judge=judge, send=(batch(*actions),))


def _mixed(seed: int) -> Case:
    """Eight actions, some of them bad, as a seeded coin would have it."""
    coin = Random(seed)  # noqa: S311 - only to be the same each time
    kinds = [coin.choice([None, *BAD]) for _ in range(8)]
    actions = [good(index) if kind is None else BAD[kind] for index, kind in enumerate(kinds)]
    bad = [index for index, kind in enumerate(kinds) if kind is not None]
    fine = [index for index, kind in enumerate(kinds) if kind is None]

    def judge(trial: Trial) -> str:
        if trial.reply.results is None:
            return whole_or_at(*bad)(trial)
        return all_of(refused_at(*bad), good_at(*fine))(trial)

    return Case(
        line="S1",
        name=f"good and bad actions mixed, {''.join('b' if kind else 'g' for kind in kinds)} (mix {seed})",
        hole=HOLE,
        judge=judge,
        send=(batch(*actions),),
        needs=needing("room"),
    )


def _slowest_first(trial: Trial) -> str:
    slept = [index for index in (0, 2) if trial.result(index).get("body") != {"slept": True}]
    return f"place {slept[0]} is not the slow action's" if slept else good_at(1, 3)(trial)


CASES = (
    *(_with_bad(name, bad, place) for name, bad in BAD.items() for place in range(PLACES)),
    *(_mixed(seed) for seed in range(1, SHOWN_MIXES + 1)),
    Case(
        line="S1",
        name="slow actions before quick ones",
        hole=HOLE,
        judge=all_of(answered, _slowest_first),
        send=(
            batch(
                get("/slow/@RUN@", data={"seconds": 0.5}), good(1), get("/slow/@RUN@", data={"seconds": 0.2}), good(3)
            ),
        ),
        needs=needing("ground"),
    ),
    Case(
        line="S1",
        name="an action in the middle at which the application crashes",
        hole=HOLE,
        judge=all_of(no_failure, good_at(0, 2)),
        send=(batch(good(0), get("/crash/@RUN@"), good(2)),),
        needs=needing("ground"),
    ),
    Case(
        line="S1",
        name="an action in the middle whose answer breaks off",
        hole=HOLE,
        judge=all_of(no_failure, good_at(0, 2)),
        send=(batch(good(0), get("/crash/@RUN@", data={"late": "1"}), good(2)),),
        needs=needing("ground"),
    ),
    Case(
        line="S1",
        name="an answer that says it is JSON and is not",
        hole="One broken answer makes the whole batch unreadable, or an action writes its neighbour's result.",
        judge=all_of(no_failure, good_at(0, 2)),
        send=(
            batch(
                good(0), get("/say/@RUN@", data={"type": "application/json", "body": '"}},{"status_code":200'}), good(2)
            ),
        ),
        needs=needing("ground"),
    ),
    Case(
        line="S1",
        name="an answer of half an object",
        hole="One broken answer makes the whole batch unreadable, or an action writes its neighbour's result.",
        judge=all_of(no_failure, good_at(0, 2)),
        send=(batch(good(0), get("/say/@RUN@", data={"type": "application/json", "body": '{"a":'}), good(2)),),
        needs=needing("ground"),
    ),
    Case(
        line="S1",
        name="the same write three times",
        hole="Actions that look alike are confused, or one is lost.",
        judge=lambda trial: (
            answered(trial)
            or ("" if len(trial.reached("count")) == 3 else f"it ran {len(trial.reached('count'))} times")
        ),
        send=(batch(post("/count/@RUN@"), post("/count/@RUN@"), post("/count/@RUN@")),),
        needs=needing("ground"),
    ),
)
