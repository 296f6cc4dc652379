"""S5 and S21: the method that is looked at is the one that is run, and only ordinary methods are."""

from __future__ import annotations

from fanfold.attack.cases import JSON, Case, Judge, Shot, Trial, batch, get, good, needing, post
from fanfold.attack.judging import all_of, good_at, no_failure, refused_at, unseen, whole_or_at

SPOOFED = "A request that counts as one method is run as another: lists and limits by method are passed by."
UPGRADED = "An action becomes something that no check was made for: a tunnel, an upgrade, a diagnosis."

OVERRIDES = (
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "x_http_method_override",
    "x-Http-mEthod-OverridE",
)
STRANGE = {
    "TRACE": "TRACE",
    "trace": "trace",
    "CONNECT": "CONNECT",
    "TRACK": "TRACK",
    "DEBUG": "DEBUG",
    "PROPFIND": "PROPFIND",
    "PRI": "PRI",
    "an asterisk": "*",
    "nothing": "",
    "two methods": "get post",
    "a space at the end": "get ",
    "a space before": " get",
    "a line break at the end": "get\r\n",
    "a header behind it": "GET / HTTP/1.1\r\nX-Injected: y",
    "NUL at the end": "get\x00",
    "wide letters": "\uff27\uff25\uff34",
    "a Cyrillic letter": "G\u0415T",
    "a method that does not exist": "GETX",
    "four thousand letters": "G" * 4096,
    "a number": 1,
    "a list": ["get", "delete"],
    "an object": {"get": 1},
    "null": None,
    "true": True,
}


def _only(method: str) -> Judge:
    def judge(trial: Trial) -> str:
        ran = {event.method for event in trial.reached("echo")}
        return "" if ran <= {method} else f"it was run as {', '.join(sorted(ran))}"

    return judge


def _spoofed(name: str, shot: Shot, *judges: Judge) -> Case:
    judge = all_of(no_failure, _only("POST"), *judges)
    return Case(line="S5", name=name, hole=SPOOFED, judge=judge, send=(shot,), needs=needing("ground"))


def _strange(name: str, method: object) -> Case:
    action = {"method": method, "relative_path": "/echo/@RUN@/1"}
    return Case(
        line="S21",
        name=f"as the method: {name}",
        hole=UPGRADED,
        judge=all_of(whole_or_at(1), _not_run),
        send=(batch(good(0), action, good(2)),),
    )


def _not_run(trial: Trial) -> str:
    ran = [event for event in trial.reached("echo") if event.raw_path.endswith("/1")]
    return f"it was run as {ran[0].method!r}" if ran else ""


def _cased(written: str, meant: str) -> Case:
    action = {"method": written, "relative_path": "/echo/@RUN@", "data": {"a": "1"}}
    return Case(
        line="S5",
        name=f"the method written {written}",
        hole=SPOOFED,
        judge=all_of(no_failure, _only(meant)),
        send=(batch(action),),
        needs=needing("ground"),
    )


def _safe(trial: Trial) -> str:
    """OPTIONS and HEAD may be run or refused, but have to be answered at their place."""
    return all_of(no_failure, good_at(0, 2))(trial)


CASES = (
    *(
        _spoofed(
            f"{name}: DELETE in an action's headers",
            batch(post("/echo/@RUN@", headers={name: "DELETE"})),
            unseen("DELETE", where="headers"),
        )
        for name in OVERRIDES
    ),
    *(
        _spoofed(
            f"{name}: DELETE on the batch",
            batch(post("/echo/@RUN@"), headers={**JSON, name: "DELETE"}),
            unseen("DELETE", where="headers"),
        )
        for name in OVERRIDES
    ),
    _spoofed("_method in an action's data", batch(post("/echo/@RUN@", {"_method": "delete"}))),
    _spoofed("_method beside an action's method", batch(post("/echo/@RUN@", _method="delete"))),
    _spoofed("http_method beside an action's method", batch(post("/echo/@RUN@", http_method="delete", verb="delete"))),
    _spoofed("another Method in capitals", batch(post("/echo/@RUN@", Method="delete", METHOD="delete"))),
    _spoofed("_method in the query of the batch", batch(post("/echo/@RUN@"), query="_method=delete")),
    *(
        _cased(written, meant)
        for written, meant in (("gEt", "GET"), ("pOsT", "POST"), ("DELETE", "DELETE"), ("Put", "PUT"))
    ),
    *(_strange(name, method) for name, method in STRANGE.items()),
    *(
        Case(
            line="S21",
            name=f"{method} in the middle of a batch",
            hole="A method without a body of its own makes the batch unreadable.",
            judge=_safe,
            send=(batch(good(0), {"method": method, "relative_path": "@READ:1@"}, good(2)),),
        )
        for method in ("OPTIONS", "head")
    ),
    *(
        Case(
            line="S21",
            name=f"an upgrade to {what} by an action's headers",
            hole=UPGRADED,
            judge=all_of(no_failure, unseen(f"{what}", where="headers")),
            send=(batch(get("/echo/@RUN@", headers={"Connection": "Upgrade", "Upgrade": what})),),
            needs=needing("ground"),
        )
        for what in ("websocket", "h2c", "TLS/1.0")
    ),
    Case(
        line="S21",
        name="an upgrade to websocket by the headers of the batch",
        hole=UPGRADED,
        judge=unseen("websocket", where="headers"),
        send=(
            batch(
                get("/echo/@RUN@"),
                headers={
                    **JSON,
                    "Connection": "Upgrade",
                    "Upgrade": "websocket",
                    "Sec-WebSocket-Version": "13",
                    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                },
            ),
        ),
        needs=needing("ground"),
    ),
    Case(
        line="S21",
        name="a GET with a body beside its query",
        hole="A read carries a body that only some readers see.",
        judge=all_of(
            no_failure,
            lambda trial: (
                "" if not any(event.size for event in trial.seen) else "the application was sent a body with GET"
            ),
        ),
        send=(batch(get("/echo/@RUN@", body="x=1", json={"x": 1})),),
        needs=needing("ground"),
    ),
    Case(
        line="S21",
        name="a path of another application beside the API",
        hole="Pages that are not the API's are reached through a batch.",
        judge=refused_at(0),
        send=(batch(get("/-/healthz")),),
    ),
)
