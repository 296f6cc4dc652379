"""S8: what stands in double braces is looked up in results and is never run.

A batch endpoint for Node resolved its references with ``eval``, and whoever could send a batch could run code on the
server. Here a sum is sent in every template language that a server might be built on; nobody may ever do it.
"""

from __future__ import annotations

from fanfold.attack.cases import Case, Trial, batch, get, needing, post
from fanfold.attack.judging import all_of, no_failure, quick

HOLE = "Text in an action is run as code by the server, with the server's rights."

SUM = "1337*7331"
DONE = "9801547"
"""What no answer or request holds unless somebody did the sum."""

SUMS = {
    "double braces": "{{%s}}",
    "double braces with spaces": "{{ %s }}",
    "a dollar and braces": "${%s}",
    "a hash and braces": "#{%s}",
    "an at sign and braces": "@{%s}",
    "an asterisk and braces": "*{%s}",
    "angle brackets and percent": "<%%= %s %%>",
    "percent and braces": "{%% print(%s) %%}",
    "a Velocity directive": "#set($x=%s)$x",
    "a Python format": "{0.__class__}{%s}",
    "backticks": "`%s`",
    "a JSONata expression": "={{ $eval('%s') }}",
    "a JavaScript call": "{{constructor.constructor('return %s')()}}",
    "a Python call": "{{__import__('os').popen('expr %s')}}",
    "a subshell": "$((%s))",
}
"""A sum, in the words of as many template languages."""

LOOKUPS = (
    *("a.__class__", "a.body.__class__.__mro__.1.__subclasses__", "a.body.v.__len__", "a.__init__.__globals__"),
    *(
        "a.body.constructor",
        "a.body.__proto__.polluted",
        "a.body.v.length",
        "a.body['v']",
        "a.body.v|upper",
        "a.body.v()",
    ),
    *(
        "a.body.$eval('1+1')",
        "a.$.body",
        "a.body.*",
        "a.body..v",
        "a.headers.__class__",
        "self",
        "this",
        "globals",
        "env.PATH",
    ),
    *(
        "a.request.headers.authorization",
        "config",
        "a.body.v;b",
        "a.body.v+a.body.v",
        "item",
        "index",
        "a.error",
        "a.action",
    ),
)
"""References that lead to no member of an answer; some lead to the inside of a careless resolver."""

_INSIDE = ("<class", "<function", "<built-in", "<bound method", "[object", "native code", "dict_keys", "/usr/", "/bin")


def _not_done(trial: Trial) -> str:
    told = [reply.body.decode("utf-8", "replace") for reply in trial.replies]
    if any(DONE in text for text in told) or any(event.mentions(DONE) for event in trial.seen):
        return f"somebody worked out {SUM}: {DONE}"
    return ""


def _nothing_inside(trial: Trial) -> str:
    for event in trial.reached("echo"):
        for sign in _INSIDE:
            if sign in event.body or sign in event.query or sign in event.path:
                return f"the application was sent {sign!r}"
    return ""


def _sum(name: str, pattern: str) -> Case:
    text = pattern % SUM
    return Case(
        line="S8",
        name=f"a sum in {name}",
        hole=HOLE,
        judge=all_of(no_failure, _not_done),
        send=(
            batch(
                get("/echo/@RUN@", id="a"),
                post("/echo/@RUN@", {"text": text}, id="b"),
                get("/echo/@RUN@", data={"q": text}),
            ),
            batch(post("/echo/@RUN@", {"text": text}), get("/echo/@RUN@", data={"q": text})),
        ),
        needs=needing("ground"),
    )


def _lookup(path: str) -> Case:
    return Case(
        line="S8",
        name=f"a reference to {path}",
        hole=HOLE,
        judge=all_of(no_failure, _nothing_inside, quick(5)),
        send=(
            batch(
                get("/value/@RUN@", id="a", data={"v": "one"}), post("/echo/@RUN@", {"x": f"{{{{{path}}}}}"}, id="b")
            ),
        ),
        needs=needing("references"),
    )


def _long(name: str, text: str) -> Case:
    return Case(
        line="S8",
        name=name,
        hole="Reading a reference takes time or memory out of all proportion: one batch holds up everybody.",
        judge=all_of(no_failure, quick(8)),
        send=(batch(get("/value/@RUN@", id="a", data={"v": "one"}), post("/echo/@RUN@", {"x": text}, id="b")),),
        needs=needing("references"),
    )


CASES = (
    *(_sum(name, pattern) for name, pattern in SUMS.items()),
    *(_lookup(path) for path in LOOKUPS),
    _long("a reference with fifty thousand steps", "{{a.body" + ".v" * 50_000 + "}}"),
    _long("fifty thousand opened braces", "{{" * 50_000),
    _long("fifty thousand references to nothing", "{{}}" * 50_000),
    _long("ten thousand references in one text", "{{a.body.v}}" * 10_000),
    _long("a reference full of spaces", "{{" + " " * 200_000 + "a.body.v}}"),
    _long("references within references", "{{a.body.{{a.body.v}}}}"),
)
