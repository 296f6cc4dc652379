"""S10: what came out of an answer is never read for references again."""

from __future__ import annotations

from fanfold.attack.cases import Case, Judge, Trial, batch, get, needing, post
from fanfold.attack.judging import all_of, no_failure, unseen

HOLE = "Whoever can write what an API answers (a name, a comment) reads other results, or has code run."

TEXTS = {
    "a reference": "{{a.body.secret}}",
    "a reference in text": "x {{a.body.secret}} y",
    "a reference in braces": "{{{{a.body.secret}}}}",
    "half a reference": "{{a.body.",
    "an end and a beginning": "}}{{a.body.secret}}{{",
    "an escaped reference": "{{'{{'}}a.body.secret}}",
    "a placeholder of another kind": "{result=a:$.secret}",
    "a third kind": "@{a.secret}",
    "a fourth kind": "$a.body.secret",
}


def _literal(value: str) -> Judge:
    def judge(trial: Trial) -> str:
        for event in trial.reached("echo"):
            if event.method == "POST" and value not in event.body.replace("\\", ""):
                return f"{value!r} became {event.body!r}"
        return ""

    return judge


def _told(value: str) -> Judge:
    def judge(trial: Trial) -> str:
        result = trial.result(0)
        if result.get("status_code") == 200 and result.get("body") != value:
            return f"{value!r} became {result.get('body')!r}"
        return ""

    return judge


CASES = (
    *(
        Case(
            line="S10",
            name=f"{name} in what is referred to",
            hole=HOLE,
            judge=all_of(no_failure, unseen("ground-inner-secret"), _literal(value)),
            send=(
                batch(
                    get("/value/@RUN@", id="a", data={"v": "@RUN@"}),
                    get("/many/@RUN@", id="c", data={"n": 1, "hex": value.encode().hex()}),
                    post("/echo/@RUN@", {"x": "{{c.body.items.0}}"}, id="b", depends_on="a"),
                ),
            ),
            needs=needing("references", "dependencies"),
        )
        for name, value in TEXTS.items()
    ),
    *(
        Case(
            line="S10",
            name=f"{name} in what is answered, and referred to by nobody",
            hole=HOLE,
            judge=all_of(no_failure, _told(value)),
            send=(batch(get("/say/@RUN@", data={"type": "text/plain", "hex": value.encode().hex()})),),
            needs=needing("ground"),
        )
        for name, value in TEXTS.items()
    ),
    Case(
        line="S10",
        name="a reference in each item of a list",
        hole=HOLE,
        judge=all_of(no_failure, unseen("ground-inner-secret")),
        send=(
            batch(
                get("/value/@RUN@", id="a", data={"v": "x"}),
                get("/many/@RUN@", id="c", data={"n": 2, "hex": b"{{a.body.secret}}".hex()}),
                post("/echo/@RUN@", {"x": "{{item}}"}, id="b", for_each="{{c.body.items}}", depends_on="a"),
            ),
        ),
        needs=needing("fan-out"),
    ),
    Case(
        line="S10",
        name="a reference that one value begins and the next ends",
        hole=HOLE,
        judge=all_of(no_failure, unseen("ground-inner-secret")),
        send=(
            batch(
                get("/value/@RUN@", id="a", data={"hex": b"{{a.body".hex()}),
                get("/many/@RUN@", id="c", data={"n": 1, "hex": b".secret}}".hex()}),
                post("/echo/@RUN@", {"x": "{{a.body.v}}{{c.body.items.0}}"}, id="b"),
            ),
        ),
        needs=needing("references"),
    ),
)
