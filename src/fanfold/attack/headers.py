"""S7: an action says neither where it came from nor who passed it on, in any spelling of a header's name.

An API gateway was taken over because an action could overwrite ``X-Real-IP``. So a word that no application has any
business to see is sent under each such name, and the ground is asked whether it came.
"""

from __future__ import annotations

from fanfold.attack.cases import JSON, Case, Trial, batch, get, good, needing
from fanfold.attack.judging import all_of, good_at, no_failure, unseen

HOLE = (
    "The application takes an action for one from another address, host, user or proxy: what it trusts can be forged."
)
FRAMED = "A header that belongs to the batch's own message is taken for the action's: it is read wrongly or as another."

NEVER = (
    *(
        "X-Forwarded-For",
        "x-forwarded-for",
        "X_Forwarded_For",
        "X-FORWARDED-FOR",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
    ),
    *("X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-User", "X-Forwarded-Client-Cert", "X-Forwarded-Server"),
    *("Forwarded", "FORWARDED", "X-Real-IP", "X-REAL-IP", "x_real_ip", "X-Client-IP", "X-Cluster-Client-IP"),
    *("True-Client-IP", "CF-Connecting-IP", "CF-IPCountry", "Fastly-Client-IP", "X-Remote-User", "Remote-User"),
    *("X-Remote-Group", "X-Internal-Token", "X-Envoy-Internal", "X-Original-Forwarded-For", "X-ProxyUser-Ip"),
    *("Host", "host", "Via", "Max-Forwards", "Proxy-Authorization", "Proxy-Connection", "Proxy", "Connection", "TE"),
    *("Trailer", "Keep-Alive", "Origin", "Referer", "Sec-Fetch-Site", "X-SSL-Client-Verify", "SSL-Client-Cert"),
    *("Server-Name", "X-Scheme", "Front-End-Https", "X-Amzn-Oidc-Identity", "X-Ms-Client-Principal", "X-Goog-Iap-Jwt"),
    *("Authorization", "authorization", "Cookie", "COOKIE", "X-Csrf-Token", "X-Api-Key", ":authority", "Fanfold-Hops"),
)
"""None of these is an action's to set; most are set by proxies, which applications believe."""

FRAMING = {
    "Content-Length": "7",
    "content_length": "7",
    "Transfer-Encoding": "chunked",
    "transfer_encoding": "chunked",
    "Content-Encoding": "gzip",
    "Expect": "100-continue",
}
OF_THE_BATCH = {
    "Connection": "x-own, close",
    "Keep-Alive": "spoof-@RUN@",
    "TE": "spoof-@RUN@",
    "Proxy-Authorization": "Basic spoof-@RUN@",
    "Proxy-Connection": "spoof-@RUN@",
    "Range": "bytes=spoof-@RUN@",
    "Content-MD5": "spoof-@RUN@",
    "Content-Range": "spoof-@RUN@",
    "X-HTTP-Method": "spoof-@RUN@",
    "If-None-Match": '"spoof-@RUN@"',
    "If-Match": '"spoof-@RUN@"',
    "Idempotency-Key": "spoof-@RUN@",
}


def _spoofed(name: str) -> Case:
    action = get("@READ:1@", headers={name: "spoof-@RUN@"})
    return Case(
        line="S7",
        name=f"{name} in an action's headers",
        hole=HOLE,
        judge=all_of(no_failure, unseen("spoof-@RUN@", where="headers"), good_at(0, 2)),
        send=(batch(good(0), action, good(2)),),
        needs=needing("ground"),
    )


def _framed(name: str, value: str) -> Case:
    action = {"method": "post", "relative_path": "/echo/@RUN@/1", "data": {"a": "1234567890"}, "headers": {name: value}}
    return Case(
        line="S7",
        name=f"{name}: {value} in an action's headers",
        hole="The length or coding of an action's body is what the attacker says: the rest of it is another request.",
        judge=all_of(no_failure, _whole_body, good_at(0, 2)),
        send=(batch(good(0), action, good(2)),),
        needs=needing("ground"),
    )


def _whole_body(trial: Trial) -> str:
    for event in trial.reached("echo"):
        names = [name.replace("_", "-") for name, _ in event.headers]
        if event.method == "POST" and ("1234567890" not in event.body or names.count("content-length") > 1):
            return f"the body arrived as {event.body!r} under {names.count('content-length')} lengths"
        if {"content-encoding", "expect"} & set(names):
            return "the header reached the application"
    return ""


def _of_the_batch(name: str, value: str) -> Case:
    return Case(
        line="S7",
        name=f"{name} on the batch",
        hole=FRAMED,
        judge=all_of(no_failure, unseen("spoof-@RUN@", where="headers"), unseen("x-own", where="headers")),
        send=(batch(good(0), headers={**JSON, name: value}),),
        needs=needing("ground"),
    )


def _one_of_each(trial: Trial) -> str:
    for event in trial.seen:
        names = [name for name, _ in event.headers]
        for name in ("host", "content-length", "content-type", "authorization", "cookie"):
            if names.count(name) > 1:
                return f"{name} reached the application {names.count(name)} times"
    return ""


def _same_place(trial: Trial) -> str:
    found = {event.client for event in trial.reached("echo")}
    return "" if len(found) <= 1 else f"the actions came from {', '.join(sorted(found))}"


CASES = (
    *(_spoofed(name) for name in NEVER),
    *(_framed(name, value) for name, value in FRAMING.items()),
    *(_of_the_batch(name, value) for name, value in OF_THE_BATCH.items()),
    Case(
        line="S7",
        name="a client address as a member of the action",
        hole=HOLE,
        judge=all_of(no_failure, _same_place),
        send=(batch(good(0), get("@READ:1@", client="203.0.113.9", remote_addr="203.0.113.9", ip="203.0.113.9")),),
        needs=needing("ground"),
    ),
    Case(
        line="S7",
        name="each header of a message at most once",
        hole=FRAMED,
        judge=all_of(no_failure, _one_of_each),
        send=(
            batch(
                {
                    "method": "post",
                    "relative_path": "@READ:0@",
                    "data": {"a": 1},
                    "headers": {"content-type": "text/a"},
                },
                get("@READ:1@", headers={"Accept": "a/b", "accept": "c/d"}),
                headers={**JSON, "Cookie": "a=1"},
            ),
        ),
        needs=needing("ground"),
    ),
    *(
        Case(
            line="S7",
            name=f"headers that are {what}",
            hole="What is no header is read as one.",
            judge=all_of(no_failure, good_at(0)),
            send=(batch(good(0), get("@READ:1@", headers=value)),),
        )
        for what, value in (
            ("a list of pairs", [["x-real-ip", "203.0.113.9"]]),
            ("text", "X-Real-IP: 203.0.113.9"),
            ("an object of lists", {"accept": ["a/b", "c/d"]}),
            ("a number", 7),
            ("an object of numbers", {"accept": 7}),
            ("ten thousand", {f"x-{index}": "1" for index in range(10_000)}),
        )
    ),
)
