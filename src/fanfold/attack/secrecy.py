"""S13: credentials go to the server they were meant for, and secrets of the inside come out nowhere."""

from __future__ import annotations

from typing import Any

from fanfold.attack.cases import JSON, Case, Judge, Shot, Trial, batch, get, good, needing, post
from fanfold.attack.judging import all_of, no_failure, untold

LEAKED = "A caller's credentials are handed to a server of the attacker's choice."
TOLD = "Something of the inside, or of another caller, is told to whoever asks."


def _bare(trial: Trial) -> str:
    for event in trial.reached("landed"):
        for name in ("authorization", "cookie", "x-api-key"):
            if name in dict(event.headers):
                return f"{name} was sent on to another server"
    return ""


def _redirected(status: int, method: str) -> Case:
    path = f"/redirect/@RUN@?status={status}&path=/landed/@RUN@"
    action = {"method": method, "relative_path": path, **({} if method == "get" else {"data": {"a": 1}})}
    headers = {**JSON, "Cookie": "session=@TOKEN@", "X-Api-Key": "@TOKEN@"}
    return Case(
        line="S13",
        name=f"a {status} to another server, after {method}",
        hole=LEAKED,
        judge=all_of(no_failure, _bare),
        send=(batch(good(0), action, headers=headers),),
        needs=needing("ground"),
    )


def _away(to: str) -> Case:
    def judge(trial: Trial) -> str:
        status = trial.result(0).get("status_code")
        return f"it was followed, and answered {status}" if status in {502, 503, 504} else ""

    return Case(
        line="S13",
        name=f"a redirect to {to}",
        hole="An answer leads the server to addresses within its network.",
        judge=all_of(no_failure, judge),
        send=(batch(get("/redirect/@RUN@", data={"to": to})),),
        needs=needing("ground"),
    )


def _no_more_than_alone(trial: Trial) -> str:
    alone = {name.lower() for name, _ in trial.replies[0].headers}
    more = set(map(str.lower, trial.result(0).get("headers") or {})) - alone
    return f"in a batch it shows {', '.join(sorted(more))} too" if more else ""


def _no_cookie_of_the_batch(trial: Trial) -> str:
    for name in ("set-cookie", "x-upstream-secret", "x-mark"):
        if trial.reply.header(name):
            return f"the batch itself was answered with the header {name} of an action"
    return ""


def _says(name: str, action: Any, judge: Judge, *, needs: tuple[str, ...] = ("ground",)) -> Case:
    return Case(
        line="S13",
        name=name,
        hole=TOLD,
        judge=all_of(no_failure, judge),
        send=(batch(good(0), action),),
        needs=needing(*needs),
    )


_ODD = Shot(
    body=b'{"data":{"actions":[', headers={**JSON, "Cookie": "session=canary-@RUN@", "X-Api-Key": "canary-@RUN@"}
)

CASES = (
    *(_redirected(status, method) for status in (301, 302, 303, 307, 308) for method in ("get", "post")),
    *(
        _away(to)
        for to in ("http://169.254.169.254/latest/", "http://10.255.255.1/", "file:///etc/passwd", "//127.0.0.1:1/x")
    ),
    Case(
        line="S13",
        name="headers of an answer that a single request is not shown",
        hole=TOLD,
        judge=all_of(no_failure, _no_more_than_alone),
        send=(Shot(method="GET", path="/say/@RUN@", query="body=x", headers={}), batch(get("/say/@RUN@"))),
        needs=needing("ground", "single"),
    ),
    _says("a cookie that an application set", get("/say/@RUN@", data={"body": "x"}), _no_cookie_of_the_batch),
    _says("an exception's text", get("/crash/@RUN@"), untold("ground-inner-secret", "RuntimeError")),
    _says(
        "an exception's text behind half an answer",
        get("/crash/@RUN@", data={"late": "1"}),
        untold("ground-inner-secret", "RuntimeError"),
    ),
    Case(
        line="S13",
        name="credentials in the refusal of a malformed batch",
        hole=TOLD,
        judge=untold("canary-@RUN@", "@RUN@-main"),
        send=(_ODD,),
    ),
    Case(
        line="S13",
        name="credentials in the refusal of an action",
        hole=TOLD,
        judge=all_of(no_failure, untold("canary-@RUN@", "@RUN@-main")),
        send=(batch(get("http://@TRAP@/x"), {"method": "fetch"}, 5, headers={**JSON, "X-Api-Key": "canary-@RUN@"}),),
    ),
    Case(
        line="S13",
        name="a token in the URL of an action that fails",
        hole=TOLD,
        judge=all_of(no_failure, untold("canary-@RUN@")),
        send=(batch(post("/crash/@RUN@?access_token=canary-@RUN@")),),
        needs=needing("ground"),
    ),
)
