"""Replays what was decided, in the order in which it was, against the model that is obviously right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO
from zlib import crc32

from msgspec import Struct, json

from fanfold.limits import Profile
from fanfold.model import Refusal
from faults.limiter_holders import RULES, SPACES, Seen
from faults.limiter_reference import Model

SECOND = 1_000_000
LONGEST = max(rule.seconds if hasattr(rule, "seconds") else rule.span for rule in RULES) * SECOND
BY_LIMIT = {rule.limit: rule for rule in RULES}
FIRST_ARGUMENT = 3


class Verdict(Struct, kw_only=True):
    """What was replayed. Any of ``differences`` is a decision that the model would have made otherwise."""

    decisions: int = 0
    admitted: int = 0
    refused: int = 0
    repeated: int = 0
    given_up: int = 0
    released: int = 0
    renewed: int = 0
    lost: int = 0
    heard: int = 0
    differences: list[str] = []

    def add(self, other: Verdict) -> Verdict:
        """Both together."""
        return Verdict(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


class Replay:
    """The callers of one part of the trace."""

    def __init__(self, profiles: Mapping[str, Profile]) -> None:
        self.verdict = Verdict()
        self.answers: dict[str, str] = {}
        self._profiles = profiles
        self._models: dict[str, Model] = {}
        self._given_up: set[str] = set()

    def note(self, caller: str, arguments: list[str], answer: str) -> None:
        """One note of the trace."""
        name, verb = arguments[:2]
        if verb in ("take", "charge"):
            self._decision(caller, name, verb, arguments[FIRST_ARGUMENT:], answer)
        elif caller in self._models:
            self._lease(self._models[caller], name, verb, int(arguments[2]), answer)

    def _decision(self, caller: str, name: str, verb: str, arguments: list[str], answer: str) -> None:
        if name in self._given_up:
            self._compare(caller, "given up before it was decided", "", answer)
            return
        if name in self.answers:
            self.verdict.repeated += 1
            self._compare(caller, "decided before", self.answers[name], answer)
            return
        self.answers[name] = answer
        self.verdict.decisions += 1
        profile = self._profiles["charged" if verb == "charge" else "free"]
        model = self._models.setdefault(caller, Model(profile, SECOND))
        now = int(answer.split(" ")[2])
        model.charges = [charge for charge in model.charges if now < charge.at + LONGEST]
        for known in list(islice(model.leases, 8)):
            if all(lease.end <= now for lease in model.leases[known]):
                del model.leases[known]
        asked = [(BY_LIMIT[int(most)], int(n)) for _, n, most, _, _ in zip(*[iter(arguments)] * 5, strict=True)]
        costs = {rule.counts: n for rule, n in asked}
        refusal = model.take(name, caller, costs, now)
        self._compare(caller, f"{costs} at {now}", _written(model, caller, costs, now, refusal), answer)
        if refusal is None:
            self.verdict.admitted += 1
        else:
            self.verdict.refused += 1

    def _lease(self, model: Model, name: str, verb: str, now: int, answer: str) -> None:
        held = name in model.leases and any(lease.end > now for lease in model.leases[name])
        if verb == "renew":
            kept = name in model.leases and model.renew(name, now)
            self._compare(name, f"renewed at {now}", str(int(kept)), answer)
            self.verdict.renewed += kept
            self.verdict.lost += not kept
            return
        if verb == "forget":
            self._given_up.add(name)
            self.verdict.given_up += 1
        if name in model.leases:
            model.release(name)
        self.verdict.released += held

    def _compare(self, who: str, what: str, expected: str, found: str) -> None:
        if expected != found:
            self.verdict.differences.append(f"{who}, {what}: {found!r} instead of {expected!r}")


def _written(model: Model, caller: str, costs: Mapping[str, int], now: int, refusal: Refusal | None) -> str:
    """The answer of the script, had the model given it."""
    rules = [rule.name for rule, _ in model.asked(costs)]
    place = 0 if refusal is None else rules.index(refusal.limit) + 1
    wait = 0 if refusal is None else -1 if refusal.retry_after is None else refusal.retry_after
    stood = [f"{one.left} {one.reset}" for one in model.standing(caller, costs, now)]
    return " ".join([str(place), str(wait), str(now), *stood])


def read_trace(trace: IO[bytes], part: int, parts: int) -> Iterator[tuple[str, list[str], str]]:
    """The notes about a part of the callers."""
    for line in trace:
        key, arguments, answer = line.decode().rstrip("\n").split("|")
        caller = key[key.index("{") : key.index("}")]
        if crc32(caller.encode()) % parts == part:
            yield caller, arguments.split(" "), answer


def replay(folder: Path, part: int, parts: int) -> Verdict:
    """What the model says about a part of the callers, and about what programs heard of them."""
    found = Replay(SPACES)
    with (folder / "trace").open("rb") as trace:
        for caller, arguments, answer in read_trace(trace, part, parts):
            found.note(caller, arguments, answer)
    decoder = json.Decoder(Seen)
    for path in sorted(folder.glob("seen-*")):
        for line in path.read_bytes().split(b"\n"):
            if not re.fullmatch(rb"\[.*\]", line):
                continue  # a process that was killed may leave half a line
            seen = decoder.decode(line)
            decided = found.answers.get(seen.name)
            if decided is not None:
                found.verdict.heard += 1
                if not _same(seen, decided):
                    found.verdict.differences.append(f"{seen.name} heard {line!r}, but {decided!r} was decided")
    return found.verdict


def _same(seen: Seen, decided: str) -> bool:
    numbers = [int(number) for number in decided.split(" ")]
    wait = None if numbers[0] == 0 or numbers[1] < 0 else numbers[1]
    return (bool(numbers[0]), wait, numbers[3::2]) == (bool(seen.limit), seen.wait, seen.left)
