"""S16: what waits for itself, or for nobody, is refused at once and whole."""

from __future__ import annotations

from typing import Any

from fanfold.attack.cases import Case, Trial, batch, get, needing
from fanfold.attack.judging import all_of, no_failure, quick, refused_whole

HOLE = "A batch that waits for itself is never answered: a few of them take up the whole server."


def _waiting(name: str, on: Any) -> dict[str, Any]:
    return get(f"/echo/@RUN@/{name}", id=name, depends_on=on)


def _ring(size: int) -> list[dict[str, Any]]:
    return [_waiting(f"n{index}", f"n{(index + 1) % size}") for index in range(size)]


def _referring(name: str, to: str) -> dict[str, Any]:
    return get(f"/echo/@RUN@/{name}", id=name, data={"q": f"{{{{{to}.body.path}}}}"})


def _case(name: str, *actions: Any, needs: str = "dependencies") -> Case:
    return Case(
        line="S16",
        name=name,
        hole=HOLE,
        judge=all_of(refused_whole, quick(3)),
        send=(batch(*actions),),
        needs=needing(needs, "ground"),
    )


def _not_run_twice(trial: Trial) -> str:
    paths = [event.raw_path for event in trial.seen]
    return "" if len(paths) == len(set(paths)) else "an action ran twice"


CASES = (
    _case("an action that waits for itself", _waiting("a", "a")),
    _case("two that wait for each other", *_ring(2)),
    _case("three in a ring", *_ring(3)),
    _case("as many in a ring as there is room for", *_ring(8)),
    _case("a ring behind an action that is fine", get("/echo/@RUN@/x", id="x"), *_ring(2)),
    _case("a ring beside a chain", _waiting("a", ["b", "x"]), _waiting("b", "a"), get("/echo/@RUN@/x", id="x")),
    _case("one that waits for nobody known", _waiting("a", "nobody")),
    _case("one that waits for one known and one unknown", get("/echo/@RUN@/x", id="x"), _waiting("a", ["x", "nobody"])),
    _case("two of the same name", _waiting("a", []), _waiting("a", [])),
    _case("a name of nothing", get("/echo/@RUN@", id=""), get("/echo/@RUN@", id="b", depends_on="")),
    _case("a name of sixty-five letters", get("/echo/@RUN@", id="a" * 65)),
    _case("a name that is a number", get("/echo/@RUN@", id=7), get("/echo/@RUN@", id="b")),
    _case("a name with a line break", get("/echo/@RUN@", id="a\r\nb")),
    _case("a name with a dot", get("/echo/@RUN@", id="a.body")),
    _case("a name that a list's item has", get("/echo/@RUN@", id="item")),
    _case("a name that is a place of the language", get("/echo/@RUN@", id="__proto__."), get("/echo/@RUN@", id="b")),
    _case("waiting for a number", get("/echo/@RUN@", id="a"), _waiting("b", 7)),
    _case("waiting for an object", get("/echo/@RUN@", id="a"), _waiting("b", {"a": 1})),
    _case("waiting for a list of lists", get("/echo/@RUN@", id="a"), _waiting("b", [["a"]])),
    _case(
        "waiting for ten thousand unknown", get("/echo/@RUN@", id="a"), _waiting("b", [f"x{n}" for n in range(10_000)])
    ),
    _case("a reference to itself", _referring("a", "a"), needs="references"),
    _case("references in a ring", _referring("a", "b"), _referring("b", "a"), needs="references"),
    _case("a reference to nobody", _referring("a", "nobody"), needs="references"),
    _case("a ring of one reference and one wait", _referring("a", "b"), _waiting("b", "a"), needs="references"),
    _case(
        "a reference that is not closed",
        get("/echo/@RUN@", id="a"),
        get("/echo/@RUN@/{{a.body.path", id="b"),
        needs="references",
    ),
    _case("a list from itself", get("/echo/@RUN@/{{item}}", id="a", for_each="{{a.body.items}}"), needs="fan-out"),
    Case(
        line="S16",
        name="waiting for the same action a thousand times over",
        hole=HOLE,
        judge=all_of(no_failure, quick(3), _not_run_twice),
        send=(batch(get("/echo/@RUN@/a", id="a"), _waiting("b", ["a"] * 1000)),),
        needs=needing("dependencies"),
    ),
)
