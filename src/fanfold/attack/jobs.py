"""S26: a job belongs to whoever began it. No server that the kit knows begins jobs from a batch yet."""

from __future__ import annotations

from fanfold.attack.cases import Case, Shot, batch, good, needing
from fanfold.attack.judging import no_failure

CASES = (
    Case(
        line="S26",
        name="another caller's job",
        hole="Whoever guesses a job's name reads or ends what somebody else began.",
        judge=no_failure,
        send=(batch(good(0)), Shot(method="GET", path="/jobs/1", headers={}, caller="other")),
        needs=needing("jobs"),
    ),
)
