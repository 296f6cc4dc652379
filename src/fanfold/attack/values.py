"""S9: what a reference fills in is one path segment, one query value, one header value, and nothing more.

A program that put an id into a path as it came reached other operations of the same API with the server's own token.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

import msgspec

from fanfold.attack.cases import Case, Trial, batch, get, needing, post
from fanfold.attack.judging import all_of, never_reached, no_failure, untold

HOLE = "A value that somebody else chose leads the action to another path, or gives it parameters or headers."

VALUES = {
    "the way up": "../admin",
    "the way up, far": "../../../admin/@RUN@",
    "two segments": "a/b",
    "a query": "x?admin=1",
    "a parameter more": "x&admin=1",
    "a fragment": "#x",
    "the way up, encoded": "%2e%2e%2fadmin",
    "the way up, encoded twice": "%252e%252e%252fadmin",
    "the way up with a backslash": "..\\admin",
    "a path parameter": "x;admin=1",
    "two dots": "..",
    "one dot": ".",
    "nothing": "",
    "a host": "//@TRAP@/landed/@RUN@",
    "an address": "http://@TRAP@/landed/@RUN@",
    "a line break": "x\r\nX-Injected: y",
    "another request": "x HTTP/1.1\r\nHost: x\r\n\r\nGET /smuggled/@RUN@ HTTP/1.1\r\n\r\n",
    "NUL": "x\x00y",
    "a space": "x y",
    "a plus": "x+y",
    "an equals sign": "x=y",
    "letters of other alphabets": "\u0436\u4e2d\U0001f600",
    "a quote and a brace": '"}],"x":[{',
    "a percent sign": "100%",
}


def _in_a_path(name: str, value: str) -> Case:
    def judge(trial: Trial) -> str:
        for event in trial.reached("echo"):
            segments = event.raw_path.split("/")
            if len(segments) != 6 or segments[3] != "one" or segments[5] != "end":
                return f"the path became {event.raw_path}"
            if event.query:
                return f"the path gave the query {event.query}"
        return ""

    return Case(
        line="S9",
        name=f"{name}, in a path",
        hole=HOLE,
        judge=all_of(no_failure, never_reached("admin", "landed", "smuggled"), untold("ground-secret"), judge),
        send=(batch(get("/value/@RUN@", id="a", data={"v": value}), get("/echo/@RUN@/one/{{a.body.v}}/end", id="b")),),
        needs=needing("references"),
    )


def _in_a_query(name: str, value: str) -> Case:
    def judge(trial: Trial) -> str:
        filled = trial.site.fill(value.encode(), trial.run, "").decode()
        for event in trial.reached("echo"):
            pairs = parse_qsl(event.query, keep_blank_values=True)
            if pairs not in ([("q", filled), ("z", "1")], [("z", "1"), ("q", filled)]):
                return f"the query became {event.query}"
        return ""

    return Case(
        line="S9",
        name=f"{name}, in a query",
        hole=HOLE,
        judge=all_of(no_failure, never_reached("admin", "landed", "smuggled"), judge),
        send=(
            batch(
                get("/value/@RUN@", id="a", data={"v": value}),
                get("/echo/@RUN@", id="b", data={"q": "{{a.body.v}}", "z": "1"}),
                get("/echo/@RUN@?q={{a.body.v}}&z=1", id="c"),
            ),
        ),
        needs=needing("references"),
    )


def _in_a_header(name: str, value: str) -> Case:
    def judge(trial: Trial) -> str:
        for event in trial.reached("echo"):
            for given, told in event.headers:
                if given == "x-injected" or "\r" in told or "\n" in told or "\x00" in told:
                    return f"the header {given} became {told!r}"
        return ""

    return Case(
        line="S9",
        name=f"{name}, in a header",
        hole=HOLE,
        judge=all_of(no_failure, never_reached("smuggled"), judge),
        send=(
            batch(
                get("/value/@RUN@", id="a", data={"v": value}),
                get("/echo/@RUN@", id="b", headers={"accept": "{{a.body.v}}"}),
            ),
        ),
        needs=needing("references", "headers"),
    )


def _in_a_body(name: str, value: str) -> Case:
    def judge(trial: Trial) -> str:
        filled = trial.site.fill(value.encode(), trial.run, "").decode()
        for event in trial.reached("echo"):
            try:
                body = msgspec.json.decode(event.body.encode("latin-1"))
            except ValueError:
                return f"the body became {event.body!r}"
            if body != {"x": filled, "y": f"({filled})"}:
                return f"the body became {event.body!r}"
        return ""

    return Case(
        line="S9",
        name=f"{name}, in a body",
        hole="A value breaks out of the text that it stands in: members are added to the body.",
        judge=all_of(no_failure, judge),
        send=(
            batch(
                get("/value/@RUN@", id="a", data={"v": value}),
                post("/echo/@RUN@", {"x": "{{a.body.v}}", "y": "({{a.body.v}})"}, id="b"),
            ),
        ),
        needs=needing("references"),
    )


CASES = (
    *(_in_a_path(name, value) for name, value in VALUES.items()),
    *(_in_a_query(name, value) for name, value in VALUES.items()),
    *(
        _in_a_header(name, VALUES[name])
        for name in ("a line break", "another request", "NUL", "letters of other alphabets", "a quote and a brace")
    ),
    *(
        _in_a_body(name, VALUES[name])
        for name in ("a quote and a brace", "a line break", "letters of other alphabets", "nothing", "the way up")
    ),
)
