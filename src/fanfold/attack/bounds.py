"""S18 and S19: bodies are bounded before they are read, and answers however they are made up."""

from __future__ import annotations

import gzip
import zlib

import msgspec

from fanfold.attack.cases import JSON, Bout, Case, Shot, Trial, batch, get, good, needing
from fanfold.attack.judging import all_of, answered, good_at, no_failure, quick, refused_whole

HELD = "A client makes the server hold or unpack more than it ever sent."
SWELLED = "A small batch is answered with as much as the attacker likes: memory and line are used up."

BATCH = msgspec.json.encode({"data": {"actions": [good(0)]}})
OPENING = b'{"data":{"actions":[@WRITE@],"x":"'
CLOSING = b'"}}'

MOST_ANSWERED = 85_000_000
"""Bytes that no answer to a batch should have."""


def _packed(name: str, body: bytes, encoding: str) -> Case:
    return Case(
        line="S18",
        name=name,
        hole=HELD,
        judge=all_of(refused_whole, quick(5)),
        send=(Shot(body=body, headers={**JSON, "Content-Encoding": encoding}),),
    )


async def _unpacked(bout: Bout) -> None:
    """Fifty megabytes, made only when they are sent."""
    body = gzip.compress(OPENING + b"x" * 50_000_000 + CLOSING, 6)
    await bout.send(Shot(body=body, headers={**JSON, "Content-Encoding": "gzip"}))


def _large(name: str, headers: dict[str, str]) -> Case:
    async def play(bout: Bout) -> None:
        await bout.send(Shot(body=OPENING + b"x" * 20_000_000 + CLOSING, headers=headers))
        bout.trial.sent[-1] = Shot(body=OPENING + b"x" * 100 + CLOSING, headers=headers)  # not to be kept

    return Case(line="S18", name=name, hole=HELD, judge=_refused_or_cut, play=play, company="nobody")


def _refused_or_cut(trial: Trial) -> str:
    """A server may close the connection on a client that does not stop sending."""
    if trial.reply.status == 0:
        return "" if not trial.seen else "it ran all the same"
    return refused_whole(trial)


def _bounded(trial: Trial) -> str:
    size = len(trial.reply.body)
    if size > MOST_ANSWERED or trial.reply.cut:
        return (
            f"the batch was answered with {size / 1e6:.0f} MB, and no end"
            if trial.reply.cut
            else f"the answer has {size / 1e6:.0f} MB"
        )
    return ""


async def _as_large_as_all(bout: Bout) -> None:
    """Answers that are fine each, and too much together."""
    number = bout.site.most
    each = max(bout.site.big // 60, 1)
    await bout.send(Shot(actions=tuple(get("/big/@RUN@", data={"mb": each}) for _ in range(number)), patience=60))


async def _large_failures(bout: Bout) -> None:
    number = bout.site.most
    each = max(bout.site.big // 60, 1)
    await bout.send(
        Shot(actions=tuple(get("/big/@RUN@", data={"mb": each, "status": 500}) for _ in range(number)), patience=60)
    )


def _headed(name: str, **data: int) -> Case:
    return Case(
        line="S19",
        name=f"an answer with {name}",
        hole=SWELLED,
        judge=all_of(
            no_failure, good_at(0, 2), lambda trial: "" if len(trial.reply.body) < 20_000_000 else "they were passed on"
        ),
        send=(batch(good(0), get("/headers/@RUN@", data=data), good(2)),),
        needs=needing("ground"),
        company="nobody",
    )


def _one_is_too_large(trial: Trial) -> str:
    status = trial.result(1).get("status_code")
    if status == 200:
        return "it was taken whole"
    sent = max((event.sent for event in trial.reached("big")), default=0)
    return (
        f"the application sent {sent / 1e6:.0f} MB before anybody stopped it" if sent > 0.9e6 * trial.site.big else ""
    )


async def _one_large(bout: Bout, *, lying: bool) -> None:
    data = {"mb": bout.site.big, **({"lying": "1"} if lying else {})}
    await bout.send(Shot(actions=(good(0), get("/big/@RUN@", data=data), good(2)), patience=80))


async def _one_too_many(bout: Bout) -> None:
    await bout.send(Shot(actions=tuple(good(index) for index in range(bout.site.most + 1))))


CASES = (
    _large("a body of 20 MB", JSON),
    _large("a body of 20 MB in chunks, of no length that is told", {**JSON, "Transfer-Encoding": "chunked"}),
    _packed("a batch, packed with gzip", gzip.compress(BATCH), "gzip"),
    _packed("a batch, packed with deflate", zlib.compress(BATCH), "deflate"),
    _packed("a batch, packed twice", gzip.compress(gzip.compress(BATCH)), "gzip, gzip"),
    Case(
        line="S18",
        name="fifty megabytes in fifty kilobytes",
        hole=HELD,
        judge=all_of(refused_whole, quick(5)),
        play=_unpacked,
        company="nobody",
    ),
    _packed("a batch that says it is packed and is not", BATCH, "gzip"),
    _packed("a batch packed in an unknown manner", BATCH, "x-unknown"),
    Case(
        line="S18",
        name="a length of a petabyte",
        hole=HELD,
        judge=all_of(
            lambda trial: "" if trial.reply.status < 500 else "it failed",
            lambda trial: "" if not trial.seen else "it ran",
        ),
        send=(
            Shot(
                raw=b"POST @ENDPOINT@ HTTP/1.1\r\nHost: @HOST@\r\nContent-Type: application/json\r\n"
                b"Authorization: Bearer @TOKEN@\r\nContent-Length: 1000000000000000\r\n\r\n{"
            ),
        ),
    ),
    Case(
        line="S18",
        name="more actions than are allowed, by one",
        hole="The number of actions is not bounded as it is said to be.",
        judge=refused_whole,
        play=_one_too_many,
        needs=needing("told"),
    ),
    Case(
        line="S19",
        name="one answer of as much as there is",
        hole=SWELLED,
        judge=all_of(no_failure, _bounded, good_at(0, 2), _one_is_too_large),
        play=lambda bout: _one_large(bout, lying=False),
        needs=needing("ground"),
        company="nobody",
        seconds=90,
    ),
    Case(
        line="S19",
        name="one answer of as much as there is, of no length that is told",
        hole=SWELLED,
        judge=all_of(no_failure, _bounded, good_at(0, 2), _one_is_too_large),
        play=lambda bout: _one_large(bout, lying=True),
        needs=needing("ground"),
        company="nobody",
        seconds=90,
    ),
    Case(
        line="S19",
        name="answers that are fine each and too much together",
        hole=SWELLED,
        judge=all_of(no_failure, _bounded, answered),
        play=_as_large_as_all,
        needs=needing("ground"),
        company="nobody",
        seconds=90,
    ),
    Case(
        line="S19",
        name="failures that are too much together",
        hole="The bound counts successes only: whoever makes everything fail is answered without bound.",
        judge=all_of(no_failure, _bounded, answered),
        play=_large_failures,
        needs=needing("ground"),
        company="nobody",
        seconds=90,
    ),
    _headed("ten thousand headers", n=10_000, size=10),
    _headed("headers of ten megabytes", n=100, size=100_000),
    _headed("a link of a megabyte", n=1, size=1_000_000, link=1),
    Case(
        line="S19",
        name="a hundred megabytes, packed into a hundred kilobytes",
        hole=SWELLED,
        judge=all_of(no_failure, _bounded, good_at(0, 2)),
        send=(batch(good(0), get("/bomb/@RUN@"), good(2)),),
        needs=needing("ground"),
        company="nobody",
    ),
    Case(
        line="S19",
        name="messages that repeat what was sent, many times over",
        hole=SWELLED,
        judge=lambda trial: (
            ""
            if len(trial.reply.body) < 2 * len(trial.sent[-1].content() or b"") + 10_000
            else (f"{len(trial.sent[-1].content() or b'')} bytes were answered with {len(trial.reply.body)}")
        ),
        send=(batch(*({"method": "x" * 20_000, "relative_path": "\u560a" * 2_000} for _ in range(8))),),
        needs=needing("room"),
    ),
)
