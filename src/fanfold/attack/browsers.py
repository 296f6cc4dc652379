"""S30: markup in an answer stays text, whoever opens the answer in a browser."""

from __future__ import annotations

from fanfold.attack.cases import Case, Reply, Shot, Trial, batch, get, needing
from fanfold.attack.judging import all_of

HOLE = "A link to the server, or an answer of it, runs an attacker's script in the name of whoever opens it."

SCRIPT = "<script>alert('fanfold-@RUN@')</script>"
_DATA = ("application/json", "application/x-ndjson", "text/event-stream", "application/problem+json")


def _inert(trial: Trial) -> str:
    return next((found for reply in trial.replies if (found := _runs(reply))), "")


def _runs(reply: Reply) -> str:
    kind = reply.header("content-type").partition(";")[0].strip().lower()
    if b"<script>" not in reply.body or kind in _DATA:
        return ""
    if kind == "text/plain" and reply.header("x-content-type-options").lower() == "nosniff":
        return ""
    return f"markup that was sent came back as {kind or 'nothing in particular'}"


def _case(name: str, *shots: Shot, needs: tuple[str, ...] = ()) -> Case:
    return Case(line="S30", name=name, hole=HOLE, judge=_inert, send=shots, needs=needing(*needs))


def _says_what_it_is(trial: Trial) -> str:
    kind = trial.reply.header("content-type").partition(";")[0].strip().lower()
    return "" if kind in _DATA else f"a batch is answered as {kind or 'nothing in particular'}"


CASES = (
    _case(
        "a page that an application answers with",
        batch(get("/say/@RUN@", data={"type": "text/html", "body": SCRIPT})),
        needs=("ground",),
    ),
    _case(
        "a script that an application answers with",
        batch(get("/say/@RUN@", data={"type": "text/javascript", "body": f"{SCRIPT}//"})),
        needs=("ground",),
    ),
    _case(
        "an image that is markup",
        batch(get("/say/@RUN@", data={"type": "image/svg+xml", "body": f"<svg>{SCRIPT}</svg>"})),
        needs=("ground",),
    ),
    _case("markup in a path", batch(get(f"/echo/{SCRIPT}"))),
    _case("markup in a method", batch({"method": SCRIPT, "relative_path": "/"})),
    _case("markup in an action's name", batch(get("@READ:0@", id=SCRIPT))),
    _case("markup in place of a batch", Shot(body=SCRIPT.encode())),
    _case("markup in place of the envelope", Shot(body=f'{{"data":"{SCRIPT}"}}'.encode())),
    _case(
        "markup in the query of the batch", batch(get("@READ:0@"), query="opt_fields=%3Cscript%3Ealert(1)%3C/script%3E")
    ),
    _case("a function's name in the query, for JSONP", batch(get("@READ:0@"), query="callback=%3Cscript%3E&jsonp=x")),
    _case("markup in a header", batch(get("@READ:0@"), headers={"Content-Type": "application/json", "X-A": SCRIPT})),
    _case(
        "an answer that a browser would rather have as a page",
        batch(
            get("/echo/@RUN@", data={"q": SCRIPT}), headers={"Content-Type": "application/json", "Accept": "text/html"}
        ),
    ),
    Case(
        line="S30",
        name="what a batch says it is",
        hole=HOLE,
        judge=all_of(_says_what_it_is),
        send=(batch(get("@READ:0@")),),
    ),
    Case(
        line="S30",
        name="the console",
        hole=HOLE,
        judge=_inert,
        send=(Shot(method="GET", path="/console", headers={}),),
        needs=needing("console"),
    ),
)
