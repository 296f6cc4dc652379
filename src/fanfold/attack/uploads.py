"""S29: uploads and binary bodies are bounded, and no name in them leads anywhere."""

from __future__ import annotations

import base64
from typing import Any

from fanfold.attack.cases import Case, Shot, Trial, batch, good, needing, post
from fanfold.attack.judging import all_of, good_at, is_refusal, no_failure, nothing_ran, quick, refused_whole

HOLE = "A part of an upload is written elsewhere, taken for another, or held without bound."

PART = (
    b'--x\r\nContent-Disposition: form-data; name="batch"\r\nContent-Type: application/json\r\n\r\n'
    b'{"data":{"actions":[@WRITE@]}}\r\n'
)
PARTS = {
    "a batch as a part": PART + b"--x--\r\n",
    "two parts of one name": PART + PART + b"--x--\r\n",
    "parts without an end": PART,
    "a part without a name": b"--x\r\n\r\n{}\r\n" + PART + b"--x--\r\n",
    "a file's name that climbs": (
        PART + b'--x\r\nContent-Disposition: form-data; name="f"; filename="../../etc/cron.d/x"\r\n\r\nx\r\n--x--\r\n'
    ),
    "ten thousand parts": PART
    + b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 10_000
    + b"--x--\r\n",
    "ten thousand headers in a part": b"--x\r\n" + b"X-A: b\r\n" * 10_000 + b"\r\nx\r\n" + PART + b"--x--\r\n",
    "nothing in parts": b"",
}


def _parts(name: str, body: bytes, kind: str = "multipart/form-data; boundary=x") -> Case:
    return Case(
        line="S29",
        name=f"{name}, sent as {kind.partition(';')[0]}",
        hole=HOLE,
        judge=all_of(refused_whole, quick(5)),
        send=(Shot(body=body, headers={"Content-Type": kind}),),
    )


def _binary(name: str, **action: Any) -> Case:
    def judge(trial: Trial) -> str:
        if trial.reply.results is None:
            return is_refusal(trial.reply) or nothing_ran(trial)
        ran = [event for event in trial.reached("echo") if event.raw_path.endswith("/1")]
        if ran:
            return f"it was sent with {ran[0].size} bytes under {dict(ran[0].headers).get('content-type')!r}"
        return good_at(0, 2)(trial)

    return Case(
        line="S29",
        name=name,
        hole="A binary body is not what it says it is, or as large as the attacker likes.",
        judge=all_of(no_failure, judge),
        send=(batch(good(0), {"method": "post", "relative_path": "/echo/@RUN@/1", **action}, good(2)),),
        needs=needing("base64"),
    )


def _as_it_was(trial: Trial) -> str:
    events = trial.reached("echo")
    return (
        ""
        if events and events[0].body == bytes(range(256)).decode("latin-1")
        else "the bytes did not arrive as they were"
    )


def _not_passed_off(trial: Trial) -> str:
    kinds = [dict(event.headers).get("content-type", "") for event in trial.reached("echo")]
    return (
        f"it was sent as {kinds[0]}" if kinds and kinds[0].startswith(("application/json", "application/x-www")) else ""
    )


BYTES = base64.b64encode(bytes(range(256))).decode()
KIND = {"content-type": "application/octet-stream"}

CASES = (
    *(_parts(name, body) for name, body in PARTS.items()),
    _parts("a batch as a part", PARTS["a batch as a part"], "multipart/mixed; boundary=x"),
    _parts("no boundary", PARTS["a batch as a part"], "multipart/form-data"),
    _parts(
        "a boundary of ten thousand letters",
        PARTS["a batch as a part"],
        f"multipart/form-data; boundary={'x' * 10_000}",
    ),
    _binary("a binary body that is no base64", base64="!!!", headers=KIND),
    _binary("a binary body with a letter too many", base64=BYTES + "A", headers=KIND),
    _binary("a binary body that is a number", base64=7, headers=KIND),
    _binary("a binary body that is a list", base64=[BYTES], headers=KIND),
    _binary("a binary body with line breaks", base64=BYTES[:10] + "\r\n" + BYTES[10:], headers=KIND),
    _binary("a binary body beside data", base64=BYTES, headers=KIND, data={"a": 1}),
    _binary(
        "a binary body under a type that ends its line", base64=BYTES, headers={"content-type": "a/b\r\nX-Injected: y"}
    ),
    Case(
        line="S29",
        name="a binary body of no known type",
        hole="Bytes are passed off as JSON or a form, which the application and its proxy read differently.",
        judge=all_of(no_failure, _not_passed_off),
        send=(batch({"method": "post", "relative_path": "/echo/@RUN@", "base64": BYTES}),),
        needs=needing("base64"),
    ),
    Case(
        line="S29",
        name="a binary body of every byte there is",
        hole="Not a hole: bytes that are changed on their way are somebody's broken file.",
        judge=all_of(no_failure, _as_it_was),
        send=(batch({"method": "post", "relative_path": "/echo/@RUN@", "base64": BYTES, "headers": KIND}),),
        needs=needing("base64"),
    ),
    Case(
        line="S29",
        name="parts in a body that an action sends",
        hole=HOLE,
        judge=all_of(no_failure, lambda trial: "" if len(trial.reached("echo")) <= 1 else "it became two requests"),
        send=(batch(post("/echo/@RUN@", PART.decode(), headers={"content-type": "multipart/form-data; boundary=x"})),),
        needs=needing("ground"),
    ),
)
