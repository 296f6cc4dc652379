"""S23: when whoever asked has gone, what only reads is ended, and nothing is left running for ever."""

from __future__ import annotations

import asyncio

from fanfold.attack.cases import Bout, Case, Play, Shot, Trial, batch, get, good, needing
from fanfold.attack.ground.log import Event

HOLE = "A client that asks and leaves, again and again, makes the server do work that nobody waits for."
ENDS_WITHIN = 6.0
"""Seconds in which it should be noticed that a client has left."""


def _leaving(times: int, page: str, **data: object) -> Play:
    async def play(bout: Bout) -> None:
        actions = (get(f"/{page}/@RUN@", data=data or {"n": 1}), get(f"/{page}/@RUN@", data=data or {"n": 2}))
        await asyncio.gather(*(bout.send(Shot(actions=actions, leave=0.6)) for _ in range(times)))
        loop = asyncio.get_running_loop()
        until = loop.time() + min(ENDS_WITHIN, bout.site.patience)
        while loop.time() < until and not _all_ended(await bout.look()):  # noqa: ASYNC110 - it is another server's
            await asyncio.sleep(0.2)
        bout.trial.noted["open"] = sum(not event.ended for event in await bout.look())
        await bout.send(batch(good(0)))

    return play


def _all_ended(events: list[Event]) -> bool:
    return bool(events) and all(event.ended for event in events)


def _judge(trial: Trial) -> str:
    if not any(event.raw_path.split("/")[1] != "echo" for event in trial.seen):
        return "nothing had begun when the client left"
    left = trial.noted.get("open", 0)
    return f"{left} requests went on after the client had left" if left else _still_serves(trial)


def _still_serves(trial: Trial) -> str:
    results = trial.reply.results or [{}]
    return "" if trial.site.is_good(results[0], 0, trial.run) else "afterwards a plain batch was not answered"


def _case(name: str, play: Play) -> Case:
    return Case(line="S23", name=name, hole=HOLE, judge=_judge, play=play, needs=needing("ground"), company="nobody")


CASES = (
    _case("a client that leaves while it waits", _leaving(1, "slow", seconds=100)),
    _case("ten clients that leave at once", _leaving(10, "slow", seconds=100)),
    _case("a client that leaves before a stream's end", _leaving(1, "drip")),
    _case("a client that leaves where nothing is ever answered", _leaving(1, "hang")),
    Case(
        line="S23",
        name="a client that leaves in the middle of its own request",
        hole="Half a request is run, or waited for without end.",
        judge=lambda trial: f"{trial.seen[0].raw_path} was run" if len(trial.seen) > 1 else _still_serves(trial),
        send=(
            Shot(
                raw=b"POST @ENDPOINT@ HTTP/1.1\r\nHost: @HOST@\r\nContent-Type: application/json\r\n"
                b'Authorization: Bearer @TOKEN@\r\nContent-Length: 5000\r\n\r\n{"data":{"actions":[@WRITE@',
                leave=0.5,
            ),
            batch(good(0)),
        ),
    ),
)
