"""S22: an answer without end ends its own action and nothing else."""

from __future__ import annotations

from typing import Any

from fanfold.attack.cases import Bout, Case, Shot, Trial, get, good, needing, post
from fanfold.attack.judging import all_of, good_at, no_failure

HOLE = "One address that never stops answering holds up the whole batch, and in time the whole server."


def _ended(trial: Trial) -> str:
    status = trial.result(1).get("status_code")
    return "" if isinstance(status, int) and status >= 400 else f"it was answered {status}"


def _case(name: str, action: dict[str, Any], *, needs: tuple[str, ...] = ("ground",)) -> Case:
    async def play(bout: Bout) -> None:
        await bout.send(Shot(actions=(good(0), action, good(2)), patience=bout.site.patience))

    return Case(
        line="S22",
        name=name,
        hole=HOLE,
        judge=all_of(no_failure, _ended, good_at(0, 2)),
        play=play,
        needs=needing(*needs),
        seconds=75,
        company="its line",
    )


CASES = (
    _case("a stream as fast as it goes", get("/stream/@RUN@")),
    _case("a stream as fast as it goes, after a write", post("/stream/@RUN@")),
    _case("one byte at a time", get("/drip/@RUN@")),
    _case("a stream of events", get("/sse/@RUN@")),
    _case("no answer at all", get("/hang/@RUN@")),
    _case("no answer at all, to a write", post("/hang/@RUN@")),
    _case("an answer that takes as long as it was asked to", get("/slow/@RUN@", data={"seconds": 119})),
    _case("one byte at a time, with a limit of its own", get("/drip/@RUN@", timeout=0.5), needs=("ground", "timeout")),
    _case("no answer, with a limit beyond all measure", get("/hang/@RUN@", timeout=1e9), needs=("ground", "timeout")),
)
