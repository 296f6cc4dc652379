"""S2: a batch that is an action of a batch gets past whatever holds for actions, so it is refused in every spelling."""

from __future__ import annotations

from typing import Any

from fanfold.attack.cases import JSON, Case, Shot, Trial, batch, get, good, needing, post
from fanfold.attack.judging import all_of, good_at, never_reached, no_failure, saying, whole_or_at

HOLE = "The inner batch was carried out: limits, lists of methods and of paths hold for the outer one only."

INNER = {"data": {"actions": [post("/count/@RUN@")]}, "actions": [post("/count/@RUN@")], "_method": "post"}
"""What a nested batch would do, as the body itself and as the ``data`` of one."""

SPELLINGS = (
    *("/@BATCH@", "@BATCH@", "/@BATCH@/", "//@BATCH@", "///@BATCH@", "/./@BATCH@", "/@BATCH@/.", "/x/../@BATCH@"),
    *("/x/%2e%2e/@BATCH@", "/x/.%2e/@BATCH@", "/x/..;/@BATCH@", "/x/..%2f@BATCH@", "/%2e/@BATCH@", "/..//@BATCH@"),
    *("/@%BATCH@", "/@%25BATCH@", "/%2f@BATCH@", "/%5c@BATCH@", "\\@BATCH@", "/\\@BATCH@"),
    *("/@BIGBATCH@", "/@BIGBATCH@/", "/@WIDEBATCH@"),
    *("/@BATCH@?x=1", "/@BATCH@?", "/@BATCH@#x", "/@BATCH@;v=1", "/@BATCH@;", "/@BATCH@%3fx=1", "/@BATCH@%23x"),
    *("/@BATCH@%2f", "/@BATCH@%20", "/@BATCH@ ", " /@BATCH@", "\t/@BATCH@", "/@BATCH@\t", "/@BATCH@%00", "/@BATCH@%0a"),
    *("/@BATCH@\r\n", "@BASE@/@BATCH@", "@BASE@//@BATCH@", "/@BATCH@/../@BATCH@", "/@BATCH@.json", "/\u200b@BATCH@"),
    *("http://@HOST@@BASE@/@BATCH@", "//@HOST@@BASE@/@BATCH@", "https://u:p@@HOST@@BASE@/@BATCH@", "http:/@BATCH@"),
)


def _around(nested: Any) -> tuple[Shot, ...]:
    return (batch(good(0), nested, good(2)),)


def _is_refused(trial: Trial) -> str:
    if trial.reply.results is None:
        return all_of(no_failure, whole_or_at(1), never_reached("count"))(trial)
    return all_of(whole_or_at(1), never_reached("count"), good_at(0, 2))(trial)


def _spelt(path: str, method: str) -> Case:
    nested = {"method": method, "relative_path": path, "data": INNER}
    return Case(line="S2", name=f"{method} {ascii(path)[1:-1]}", hole=HOLE, judge=_is_refused, send=_around(nested))


def _headed(name: str, value: str, *, outer: bool = False) -> Case:
    """A harmless path, and a header from which some frameworks take another."""
    header = {name: value}
    action = post("/echo/@RUN@", INNER, **({} if outer else {"headers": header}))
    return Case(
        line="S2",
        name=f"{name}: {value} {'on the batch' if outer else 'of an action'}",
        hole=HOLE,
        judge=all_of(no_failure, never_reached("count")),
        send=(batch(action, headers={**JSON, **header} if outer else JSON),),
    )


CASES = (
    *(_spelt(path, "post") for path in SPELLINGS),
    *(_spelt(path, "GET") for path in ("/@BATCH@", "//@BATCH@/", "/@%BATCH@", "/x/../@BATCH@")),
    *(_spelt("/@BATCH@", method) for method in ("Put", "patch", "delete")),
    *(_headed(name, "/@BATCH@") for name in ("X-Original-URL", "X-Rewrite-URL", "X-Original-Uri")),
    *(_headed(name, "/@BATCH@", outer=True) for name in ("X-Original-URL", "X-Rewrite-URL")),
    Case(
        line="S2",
        name="a batch in a batch in a batch",
        hole=HOLE,
        judge=_is_refused,
        send=_around(post("/@BATCH@", {"data": {"actions": [post("/@BATCH@", INNER)]}})),
    ),
    Case(
        line="S2",
        name="by a redirect that keeps the method",
        hole=HOLE,
        judge=all_of(no_failure, never_reached("count")),
        send=_around(post("/redirect/@RUN@?status=307&to=http://@HOST@@BASE@/@BATCH@", INNER)),
        needs=needing("ground"),
    ),
    Case(
        line="S2",
        name="by a redirect within the API",
        hole=HOLE,
        judge=all_of(no_failure, never_reached("count")),
        send=_around(get("/redirect/@RUN@", data={"status": 308, "to": "/@BATCH@"})),
        needs=needing("ground"),
    ),
    *(
        Case(
            line="S2",
            name=f"by a path that a reference fills in with {value}",
            hole=HOLE,
            judge=all_of(no_failure, never_reached("count")),
            send=(batch(get("/value/@RUN@", id="a", data={"v": value}), post("/{{a.body.v}}", INNER, id="b")),),
            needs=needing("references"),
        )
        for value in ("@BATCH@", "/@BATCH@", "x/../@BATCH@", "@%BATCH@", "@BIGBATCH@")
    ),
    Case(
        line="S2",
        name="by a path of each item of a list",
        hole=HOLE,
        judge=all_of(no_failure, never_reached("count")),
        send=(
            batch(
                get("/many/@RUN@", id="a", data={"n": 2, "v": "@BATCH@"}),
                post("/{{item}}", INNER, id="b", for_each="{{a.body.items}}"),
            ),
        ),
        needs=needing("fan-out"),
    ),
    Case(
        line="S2",
        name="a path that only ends like the batch endpoint",
        hole="Not a hole: what is none of the batch endpoint's business is refused, so that callers go around it.",
        judge=saying(lambda trial: trial.result(0).get("status_code") == 200, "it was refused"),
        send=(batch(get("/classes/@RUN@/@BATCH@")),),
        needs=needing("ground"),
    ),
)
