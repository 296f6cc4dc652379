"""S11, in a batch: no text in an action ends a line of the request that is made of it."""

from __future__ import annotations

from typing import Any

from fanfold.attack.cases import Case, Trial, batch, get, good, post
from fanfold.attack.judging import all_of, good_at, never_reached, no_control_characters, no_failure

HOLE = "Text in an action ends its own line: it adds headers, or a whole request that no check has seen."

TAILS = {
    "a header": "\r\nX-Injected: yes",
    "a header after a bare line feed": "\nX-Injected: yes",
    "a header after a bare carriage return": "\rX-Injected: yes",
    "a version and a header": " HTTP/1.1\r\nX-Injected: yes\r\n\r\n",
    "another request": " HTTP/1.1\r\nHost: x\r\n\r\nGET /smuggled/@RUN@ HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL": "\x00x",
    "an encoded line break": "%0d%0aX-Injected:%20yes",
    "an encoded request": "%20HTTP/1.1%0d%0a%0d%0aGET%20/smuggled/@RUN@",
    "a line break, encoded twice": "%250d%250aX-Injected:%20yes",
    "a vertical tab": "\x0bx",
    "a next-line character": "\x85X-Injected: yes",
    "a line separator": "\u2028X-Injected: yes",
    "letters whose low bytes are a line break": "\u560d\u560aX-Injected: yes",
    "an escape sequence": "\x1b[31mred",
}


def _kept_apart(trial: Trial) -> str:
    for event in trial.seen:
        for name, value in event.headers:
            if name == "x-injected" or any(char in value for char in "\r\n\x00"):
                return f"the header {name}: {value!r} reached the application"
        if any(char in event.raw_path + event.query for char in "\r\n\x00"):
            return f"{event.raw_path!r} reached the application"
    return ""


_JUDGE = all_of(no_failure, _kept_apart, never_reached("smuggled"), no_control_characters)


def _case(name: str, action: Any) -> Case:
    judge = all_of(_JUDGE, _neighbours)
    return Case(line="S11", name=name, hole=HOLE, judge=judge, send=(batch(good(0), action, good(2)),))


def _neighbours(trial: Trial) -> str:
    return "" if 400 <= trial.reply.status < 500 else good_at(0, 2)(trial)


CASES = (
    *(_case(f"{name} at the end of a path", get(f"@READ:1@{tail}")) for name, tail in TAILS.items()),
    *(_case(f"{name} in a query", get("@READ:1@", data={"q": f"x{tail}"})) for name, tail in TAILS.items()),
    *(_case(f"{name} in a header", get("@READ:1@", headers={"accept": f"a/b{tail}"})) for name, tail in TAILS.items()),
    *(
        _case(f"{name} in a header's name", get("@READ:1@", headers={f"accept{tail}": "x"}))
        for name, tail in TAILS.items()
        if "encoded" not in name
    ),
    _case("a header's name of nothing", get("@READ:1@", headers={"": "x"})),
    _case("a header's name with a colon", get("@READ:1@", headers={"accept: x\r\nx-injected": "x"})),
    _case("a folded header", get("@READ:1@", headers={"accept": "a/b\r\n X-Injected: yes"})),
    _case("a header of a hundred thousand letters", get("@READ:1@", headers={"accept": "a" * 100_000})),
    _case(
        "a content type that ends its line", {**post("@READ:1@"), "headers": {"content-type": "a/b\r\nX-Injected: yes"}}
    ),
)
