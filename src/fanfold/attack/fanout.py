"""S17: one action that becomes many is bounded, alone and with all others of its batch."""

from __future__ import annotations

from typing import Any

from fanfold.attack.cases import Case, Trial, batch, get, needing
from fanfold.attack.judging import all_of, no_failure, quick

HOLE = "A few bytes make the server send thousands of requests: an amplifier for whoever wants to hurt the application."
MOST = 300
"""Requests that one batch may never become, whatever a server allows."""


def _bounded(trial: Trial) -> str:
    calls = len(trial.reached("echo"))
    return f"one batch became {calls} requests" if calls > MOST else ""


def _listed(size: int, **more: Any) -> dict[str, Any]:
    return get("/many/@RUN@", id="a", data={"n": size}, **more)


def _each(of: str = "a", name: str = "b", **more: Any) -> dict[str, Any]:
    return get("/echo/@RUN@/{{index}}", id=name, for_each=f"{{{{{of}.body.items}}}}", **more)


def _case(name: str, *actions: Any) -> Case:
    return Case(
        line="S17",
        name=name,
        hole=HOLE,
        judge=all_of(no_failure, _bounded, quick(15)),
        send=(batch(*actions),),
        needs=needing("fan-out"),
        company="nobody",
    )


def _refused(name: str, for_each: Any) -> Case:
    def judge(trial: Trial) -> str:
        calls = [event for event in trial.reached("echo") if "each" in event.raw_path]
        return f"it became {len(calls)} requests" if calls else ""

    return Case(
        line="S17",
        name=f"a list that is {name}",
        hole="What is no list is taken for one, and a request made of each letter or member.",
        judge=all_of(no_failure, judge),
        send=(batch(_listed(3), get("/echo/@RUN@/each/{{index}}", id="b", for_each=for_each)),),
        needs=needing("fan-out"),
    )


CASES = (
    _case("a list of a thousand", _listed(1000), _each()),
    _case("a list of a hundred thousand", _listed(100_000), _each()),
    _case("a list of a million", _listed(1_000_000), _each()),
    _case("six lists of ninety", _listed(90), *(_each(name=f"b{index}") for index in range(6))),
    _case(
        "a list for each item of a list",
        _listed(50),
        get("/many/@RUN@/{{index}}", id="b", data={"n": 50}, for_each="{{a.body.items}}"),
        get("/echo/@RUN@/{{index}}", id="c", for_each="{{b.body.data}}"),
        get("/echo/@RUN@/{{index}}", id="d", for_each="{{b.body.data.0.body.items}}"),
        get("/echo/@RUN@/{{index}}", id="e", for_each="{{b.body.data.1.body.items}}"),
        get("/echo/@RUN@/{{index}}", id="f", for_each="{{b.body.data.2.body.items}}"),
        get("/echo/@RUN@/{{index}}", id="g", for_each="{{b.body.data.3.body.items}}"),
        get("/echo/@RUN@/{{index}}", id="h", for_each="{{b.body.data.4.body.items}}"),
    ),
    _case("a list of a list of a list", _listed(40), _each(), _each("b", "c"), _each("c", "d")),
    _refused("text", "{{a.body.v}}"),
    _refused("an object", "{{a.body}}"),
    _refused("a number", "{{a.status_code}}"),
    _refused("missing", "{{a.body.nothing}}"),
    _refused("null", None),
    _refused("a range", "1..1000000"),
    _refused("two references", "{{a.body.items}}{{a.body.items}}"),
    _refused("nested in a list", ["{{a.body.items}}"]),
)
