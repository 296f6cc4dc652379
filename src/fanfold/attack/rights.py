"""S15: a batch runs as whoever sent it, and a page in somebody's browser cannot send one for them."""

from __future__ import annotations

import msgspec

from fanfold.attack.cases import JSON, Case, Shot, Trial, batch, get, good, needing
from fanfold.attack.judging import all_of, is_refusal, no_failure, nothing_ran

WIDER = "Through a batch somebody does what they may not do alone."
RIDDEN = "A foreign page makes a visitor's browser send a batch, with methods that it could not have sent otherwise."

BODY = msgspec.json.encode({"data": {"actions": [{"method": "delete", "relative_path": "/count/@RUN@"}]}})
SIMPLE = {
    "text/plain": "text/plain",
    "text/plain that names JSON": "text/plain; application/json",
    "a form": "application/x-www-form-urlencoded",
    "a form in parts": "multipart/form-data; boundary=x",
    "text/plain in other letters": "Text/Plain;charset=UTF-8",
    "two types": "text/plain, application/json",
    "nothing at all": "",
}
"""Content types with which a browser sends a request to a foreign server without asking that server."""


def _nobody(trial: Trial) -> str:
    users = {event.user for event in trial.seen} - {""}
    return f"the action ran as {users.pop()!r}" if users else ""


def _anonymous(name: str, action: dict[str, object]) -> Case:
    return Case(
        line="S15",
        name=f"without credentials on the batch, but {name}",
        hole=WIDER,
        judge=_nobody,
        send=(batch(good(0), action, caller="nobody"),),
        needs=needing("ground"),
    )


def _himself(trial: Trial) -> str:
    users = {event.user for event in trial.reached("echo")}
    return "" if users <= {f"{trial.run}-main"} else f"the actions ran as {', '.join(sorted(map(repr, users)))}"


def _another(name: str, action: dict[str, object]) -> Case:
    return Case(
        line="S15",
        name=f"another user by {name}",
        hole=WIDER,
        judge=all_of(no_failure, _himself),
        send=(batch(good(0), action),),
        needs=needing("ground", "credentials"),
    )


def _simple(name: str, kind: str) -> Case:
    headers = {"Origin": "http://evil.example", "Cookie": "session=victim", **({"Content-Type": kind} if kind else {})}
    return Case(
        line="S15",
        name=f"a batch from a foreign page, sent as {name}",
        hole=RIDDEN,
        judge=all_of(nothing_ran, lambda trial: is_refusal(trial.reply)),
        send=(Shot(body=BODY, headers=headers, caller="nobody"),),
    )


def _pages_of(caller: str) -> Case:
    def judge(trial: Trial) -> str:
        alone = [reply.status for reply in trial.replies[:-1]]
        within = [trial.result(index).get("status_code") for index in range(2)]
        return "" if alone == within else f"alone the answers were {alone}, in a batch {within}"

    pages = ("/private/@RUN@-main", "/private/@RUN@-other")
    return Case(
        line="S15",
        name=f"the pages of two users, asked by {caller}",
        hole=WIDER,
        judge=all_of(no_failure, judge),
        send=(
            *(Shot(method="GET", path=page, headers={}, caller=caller) for page in pages),
            batch(*map(get, pages), caller=caller),
        ),
        needs=needing("ground", "single"),
    )


CASES = (
    _anonymous("Authorization in an action's headers", get("@READ:1@", headers={"Authorization": "Bearer admin"})),
    _anonymous("authorization in other letters", get("@READ:1@", headers={"aUTHORIZATION": "Bearer admin"})),
    _anonymous("a cookie in an action's headers", get("@READ:1@", headers={"Cookie": "session=admin"})),
    _anonymous("a token as a member", {**get("@READ:1@"), **dict.fromkeys(("token", "access_token", "auth"), "admin")}),
    _another("Authorization in an action's headers", get("@READ:1@", headers={"Authorization": "Bearer @RUN@-other"})),
    _another("AUTHORIZATION in an action's headers", get("@READ:1@", headers={"AUTHORIZATION": "Bearer @RUN@-other"})),
    _another("a cookie in an action's headers", get("@READ:1@", headers={"cookie": "session=@RUN@-other"})),
    _another("a member of the action", {**get("@READ:1@"), **dict.fromkeys(("user", "token", "auth"), "@RUN@-other")}),
    _another("the data of a read", get("@READ:1@", data={"access_token": "@RUN@-other"})),
    *(_simple(name, kind) for name, kind in SIMPLE.items()),
    Case(
        line="S15",
        name="a batch in the query of a GET",
        hole=RIDDEN,
        judge=nothing_ran,
        send=(
            Shot(
                method="GET",
                query='actions=[{"method":"post","relative_path":"/count/@RUN@"}]'.replace('"', "%22"),
                headers={"Cookie": "session=victim"},
                caller="nobody",
            ),
        ),
    ),
    *(
        Case(
            line="S15",
            name=f"a batch sent with {method}",
            hole="What is checked for POST alone is passed by with another method.",
            judge=nothing_ran,
            send=(Shot(method=method, body=BODY, headers=JSON),),
        )
        for method in ("PUT", "PATCH", "DELETE", "QUERY")
    ),
    *(_pages_of(caller) for caller in ("main", "other", "nobody")),
    Case(
        line="S15",
        name="what asks before a foreign page may send a batch",
        hole=RIDDEN,
        judge=lambda trial: (
            f"every origin is welcome with credentials: {trial.reply.header('access-control-allow-origin')}"
            if trial.reply.header("access-control-allow-origin") in {"*", "http://evil.example"}
            and trial.reply.header("access-control-allow-credentials") == "true"
            else ""
        ),
        send=(
            Shot(
                method="OPTIONS",
                headers={
                    "Origin": "http://evil.example",
                    "Access-Control-Request-Method": "POST",
                    "Access-Control-Request-Headers": "content-type",
                },
                caller="nobody",
            ),
        ),
    ),
)
