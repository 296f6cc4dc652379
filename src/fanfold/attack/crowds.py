"""S24: a batch waits for nothing that another batch holds, and leaves room for others."""

from __future__ import annotations

import asyncio

from fanfold.attack.cases import Bout, Case, Shot, Trial, batch, get, good, needing
from fanfold.attack.judging import good_at

HOLE = "Batches wait for each other, or for room that they hold themselves: a few of them stop the server."
BATCHES = 25
SOON = 12.0
"""Seconds in which work that takes well below one second each should be done."""


async def _all_at_once(bout: Bout) -> None:
    actions = tuple(get("/slow/@RUN@", data={"seconds": 0.2}) for _ in range(min(bout.site.most, 10)))
    await asyncio.gather(*(bout.send(Shot(actions=actions, caller=f"c{n}", patience=30)) for n in range(BATCHES)))


async def _beside_a_crowd(bout: Bout) -> None:
    """While one caller's batches hang about, another's is answered."""
    actions = tuple(get("/slow/@RUN@", data={"seconds": 4}) for _ in range(min(bout.site.most, 10)))
    crowd = [asyncio.ensure_future(bout.send(Shot(actions=actions, caller="crowd", leave=3.0))) for _ in range(6)]
    await asyncio.sleep(0.5)
    reply = await bout.send(batch(good(0), caller="other"))
    bout.trial.noted["other"] = reply
    await asyncio.gather(*crowd)


async def _beside_failures(bout: Bout) -> None:
    """One caller asks for what fails, again and again; another asks for what does not."""
    actions = tuple(get("/say/@RUN@", data={"status": 503}) for _ in range(min(bout.site.most, 8)))
    for _ in range(2):
        await bout.send(Shot(actions=actions, caller="crowd"))
    bout.trial.noted["other"] = await bout.send(batch(good(0), caller="other"))


def _all_answered(trial: Trial) -> str:
    for reply in trial.replies:
        if reply.results is None:
            return f"a batch was answered {reply.status or reply.broken}"
        if reply.seconds > SOON:
            return f"a batch took {reply.seconds:.1f} s"
    return ""


def _not_held_up(trial: Trial) -> str:
    reply = trial.noted["other"]
    if reply.results is None or not trial.site.is_good(reply.results[0], 0, trial.run):
        return f"another caller's batch was answered {reply.status or reply.broken}"
    return f"another caller waited {reply.seconds:.1f} s" if reply.seconds > 2.5 else ""


CASES = (
    Case(
        line="S24",
        name=f"{BATCHES} batches at once, each full of slow actions",
        hole=HOLE,
        judge=_all_answered,
        play=_all_at_once,
        needs=needing("ground"),
        company="nobody",
    ),
    Case(
        line="S24",
        name="one caller beside another's crowd",
        hole="One caller takes all there is, and the others wait.",
        judge=_not_held_up,
        play=_beside_a_crowd,
        needs=needing("ground"),
        company="nobody",
    ),
    Case(
        line="S24",
        name="one caller whose reads all fail, beside another",
        hole="Whoever knows a path that fails shuts the whole application to everybody else.",
        judge=_not_held_up,
        play=_beside_failures,
        needs=needing("ground"),
        company="nobody",
    ),
    Case(
        line="S24",
        name="a batch of reads of the server's own address",
        hole=HOLE,
        judge=lambda trial: (
            good_at(0)(trial) or (f"it took {trial.reply.seconds:.1f} s" if trial.reply.seconds > SOON else "")
        ),
        send=(batch(good(0), *(get("http://@HOST@@BASE@/echo/@RUN@") for _ in range(7))),),
        needs=needing("room"),
        company="nobody",
    ),
)
