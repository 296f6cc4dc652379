"""What came of an attack, line by line: for people, or as JSON for machines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal, TypeVar

import msgspec

from fanfold.attack.cases import Case, Reply, Shot, Trial
from fanfold.attack.lines import LINES

Verdict = Literal["passed", "failed", "n/a"]

SHOWN = 400
"""Characters of what was sent, and of what came back."""

Thing = TypeVar("Thing")

_SECRET = re.compile(r"(?i)(bearer\s+|(?:session|token|secret|password)[\"']?\s*[=:]\s*[\"']?)[^\s\"',;}]+")


class Outcome(msgspec.Struct, frozen=True):
    """What came of one case; ``why`` is what was found, or why it could not be judged."""

    case: Case
    verdict: Verdict
    why: str = ""
    trial: Trial | None = None
    seconds: float = 0.0


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """1 if anything failed."""
    return 1 if any(outcome.verdict == "failed" for outcome in outcomes) else 0


def as_text(outcomes: Sequence[Outcome], seconds: float) -> str:
    """The report for people."""
    lines: list[str] = []
    for line, sentence in LINES.items():
        of_line = [outcome for outcome in outcomes if outcome.case.line == line]
        if of_line:
            lines += [f"{line:<4} {sentence}", f"     {_counts(of_line)}{_reasons(of_line)}"]
    for outcome in outcomes:
        if outcome.verdict == "failed":
            lines += ["", *_failure(outcome)]
    return "\n".join([*lines, "", f"{len(outcomes)} cases: {_counts(outcomes)}, in {seconds:.0f} s"])


def as_json(outcomes: Sequence[Outcome], seconds: float) -> str:
    """The report for machines: ``lines`` by name with their counts, ``cases`` one by one."""
    lines = {
        line: dict(Counter(outcome.verdict for outcome in outcomes if outcome.case.line == line)) for line in LINES
    }
    cases = [_as_record(outcome) for outcome in outcomes]
    told = {"seconds": round(seconds, 1), "lines": lines, "cases": cases}
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode()


def _as_record(outcome: Outcome) -> dict[str, str]:
    case = outcome.case
    record = {"line": case.line, "name": case.name, "verdict": outcome.verdict}
    if outcome.why:
        record["why"] = _why(outcome)
    if outcome.verdict == "failed" and outcome.trial is not None:
        record |= {"hole": case.hole, "sent": sent(outcome.trial), "came_back": came_back(outcome.trial)}
    return record


def _counts(outcomes: Sequence[Outcome]) -> str:
    counted = Counter(outcome.verdict for outcome in outcomes)
    order: tuple[Verdict, ...] = ("passed", "failed", "n/a")
    return ", ".join(
        f"{counted[verdict]} {verdict.upper() if verdict == 'failed' else verdict}"
        for verdict in order
        if counted[verdict]
    )


def _reasons(outcomes: Sequence[Outcome]) -> str:
    reasons = dict.fromkeys(outcome.why for outcome in outcomes if outcome.verdict == "n/a")
    return f" ({'; '.join(reasons)})" if reasons else ""


def _failure(outcome: Outcome) -> list[str]:
    case = outcome.case
    found = [f"{case.line} FAILED: {case.name}"]
    if outcome.trial is not None:
        found += [f"  sent       {sent(outcome.trial)}", f"  came back  {came_back(outcome.trial)}"]
    return [*found, f"  found      {_why(outcome)}", f"  a hole     {case.hole}"]


def sent(trial: Trial) -> str:
    """What was sent, the first and the last of it, shortened and without secrets."""
    return _first_and_last([describe(shot, trial) for shot in _ends(trial.sent)], len(trial.sent), trial)


def came_back(trial: Trial) -> str:
    """What came back, the first and the last of it, shortened and without secrets."""
    return _first_and_last([_told(reply) for reply in _ends(trial.replies)], len(trial.replies), trial)


def _ends(things: Sequence[Thing]) -> Sequence[Thing]:
    return things if len(things) < 3 else (things[0], things[-1])


def _first_and_last(texts: Sequence[str], number: int, trial: Trial) -> str:
    shown = [_shortened(text, trial) for text in texts]
    more = f"\n             … {number - 2} more …" if number > 2 else ""
    return f"{more}\n             ".join(shown) or "nothing"


def describe(shot: Shot, trial: Trial) -> str:
    """A request in one line."""
    site = trial.site
    if shot.raw is not None:
        return repr(site.fill(shot.raw, trial.run, "")[: 4 * SHOWN])[2:-1]
    path = site.endpoint if not shot.path else f"{site.base}{shot.path}"
    given = " ".join(f"{name}: {value};" for name, value in shot.headers.items() if name.lower() != "content-type")
    kind = (
        ""
        if "Content-Type" not in shot.headers or shot.headers["Content-Type"] == "application/json"
        else (f"Content-Type: {shot.headers['Content-Type']}; ")
    )
    content = (shot.content() or b"")[: 4 * SHOWN]
    body = content.decode("utf-8", "backslashreplace")
    text = f"{shot.method} {path}{'?' if shot.query else ''}{shot.query} {kind}{given}{' ' if given else ''}{body}"
    return site.fill(text.encode("utf-8", "replace"), trial.run, "").decode("utf-8", "replace")


def _told(reply: Reply) -> str:
    if reply.status == 0:
        return reply.broken or "nothing"
    return f"{reply.status} {reply.body[: 4 * SHOWN].decode('utf-8', 'backslashreplace')}"


def _why(outcome: Outcome) -> str:
    return outcome.why if outcome.trial is None else _shortened(outcome.why, outcome.trial)


def _shortened(text: str, trial: Trial) -> str:
    text = clean(text.replace(trial.site.token, "<hidden>") if trial.site.token else text)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} and more characters)"


def clean(text: str) -> str:
    """Text without secrets, and without what a terminal would obey."""
    text = _SECRET.sub(r"\1<hidden>", text)
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
