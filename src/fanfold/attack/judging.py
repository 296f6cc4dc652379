"""Judges that many cases share. A judge looks at a trial and says what is wrong with it, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from fanfold.attack.cases import Judge, Reply, Trial

_TELLING = re.compile(rb"Traceback \(most recent|File \"/|site-packages|node_modules|\.py\", line \d|at [\w.<>]+ \(/")
_SPOKEN_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x1b]")
MOST_SAID = 65_536
"""Bytes in which a refusal can be said."""


def all_of(*judges: Judge) -> Judge:
    """The first thing that any of them finds."""

    def judge(trial: Trial) -> str:
        return next((found for one in judges if (found := one(trial))), "")

    return judge


def is_refusal(reply: Reply) -> str:
    """Whether a reply refuses the whole request, in few words."""
    if reply.status == 0:
        return f"it was not answered ({reply.broken})"
    if reply.status >= 500:
        return f"the whole request failed with {reply.status}"
    if reply.status < 400:
        return f"it was accepted with {reply.status}"
    return says_nothing_inside(reply)


def says_nothing_inside(reply: Reply) -> str:
    """Whether a refusal tells of the inside of the server."""
    if _TELLING.search(reply.body):
        return "the answer tells of the inside of the server"
    if len(reply.body) > MOST_SAID:
        return f"the refusal has {len(reply.body)} bytes"
    return ""


def refused_whole(trial: Trial) -> str:
    """Each request was refused as a whole, and nothing of it ran.

    On a client that is still sending a long body a server may also close the connection.
    """
    for shot, reply in zip(trial.sent, trial.replies, strict=True):
        is_cut = reply.status == 0 and len(shot.content() or b"") > MOST_SAID and "within" not in reply.broken
        if not is_cut and (found := is_refusal(reply)):
            return found
    return nothing_ran(trial)


def nothing_ran(trial: Trial) -> str:
    """Nothing reached the application."""
    if trial.seen:
        event = trial.seen[0]
        return f"the application was reached all the same: {event.method} {event.raw_path}"
    return ""


def answered(trial: Trial) -> str:
    """Each batch was answered with as many results as it had actions."""
    for shot, reply in zip(trial.sent, trial.replies, strict=True):
        if shot.actions is None:
            continue
        if reply.results is None:
            return f"the batch was answered {reply.status or reply.broken} instead of with results"
        if len(reply.results) != len(shot.actions):
            return f"{len(shot.actions)} actions were answered with {len(reply.results)} results"
    return ""


def good_at(*indexes: int) -> Judge:
    """These results are what ``good(index)`` is answered with."""

    def judge(trial: Trial) -> str:
        for index in indexes:
            if not trial.site.is_good(trial.result(index), index, trial.run):
                return f"the good action at place {index} was answered {short(trial.result(index))}"
        return ""

    return all_of(answered, judge)


def refused_at(*indexes: int) -> Judge:
    """These results refuse their action."""

    def judge(trial: Trial) -> str:
        for index in indexes:
            status = trial.result(index).get("status_code")
            if not isinstance(status, int) or not 400 <= status < 500:
                return f"the action at place {index} was answered {short(trial.result(index))}"
        return ""

    return all_of(answered, judge)


def whole_or_at(*indexes: int) -> Judge:
    """Either the whole request is refused and nothing ran, or these actions are."""

    def judge(trial: Trial) -> str:
        if 400 <= trial.reply.status < 500:
            return refused_whole(trial)
        return refused_at(*indexes)(trial)

    return judge


def never_reached(*pages: str) -> Judge:
    """No request reached these pages of the ground."""

    def judge(trial: Trial) -> str:
        for page in pages:
            if events := trial.reached(page):
                return f"{events[0].method} {events[0].raw_path} reached the application"
        return ""

    return judge


def no_failure(trial: Trial) -> str:
    """No request as a whole ended in a failure of the server."""
    for reply in trial.replies:
        if reply.status >= 500 or reply.status == 0:
            return f"the whole request failed with {reply.status or reply.broken}"
    return ""


def no_crash(trial: Trial) -> str:
    """Neither a request nor an action ended in a failure of the server, and none tells of its inside."""
    if found := no_failure(trial):
        return found
    for reply in trial.replies:
        for index, result in enumerate(reply.results or ()):
            if result.get("status_code", 0) in {500, 502, 503, 504}:
                return f"the action at place {index} was answered {short(result)}"
        if _TELLING.search(reply.body):
            return "the answer tells of the inside of the server"
    return ""


def unseen(word: str, *, where: str = "anywhere") -> Judge:
    """A word reached the application nowhere; ``where`` may be ``headers``."""

    def judge(trial: Trial) -> str:
        sought = word.replace("@RUN@", trial.run)
        for event in trial.seen:
            if any(sought in value or sought in name for name, value in event.headers):
                return f"{sought!r} reached the application in a header of {event.method} {event.raw_path}"
            if where == "anywhere" and event.mentions(sought):
                return f"{sought!r} reached the application in {event.method} {event.raw_path}"
        return ""

    return judge


def untold(*words: str) -> Judge:
    """None of these words stands in any answer."""

    def judge(trial: Trial) -> str:
        for reply in trial.replies:
            for word in words:
                sought = word.replace("@RUN@", trial.run).encode()
                if sought in reply.body or any(sought.decode() in value for _, value in reply.headers):
                    return f"{sought.decode()!r} stands in the answer"
        return ""

    return judge


def quick(seconds: float) -> Judge:
    """Everything was answered within so many seconds."""

    def judge(trial: Trial) -> str:
        slowest = max((reply.seconds for reply in trial.replies), default=0.0)
        return f"it took {slowest:.1f} s" if slowest > seconds else ""

    return judge


def no_control_characters(trial: Trial) -> str:
    """No message that is meant for people holds characters that a terminal obeys."""
    for reply in trial.replies:
        for text in texts(reply.document):
            if found := _SPOKEN_CONTROL.search(text):
                return f"the answer repeats the control character {found[0]!r}"
    return ""


def texts(document: Any) -> list[str]:
    """Every message in a document of errors, at whatever depth."""
    if isinstance(document, dict):
        found = [text for value in document.values() for text in texts(value)]
        return found + [value for name, value in document.items() if name == "message" and isinstance(value, str)]
    return [text for value in document for text in texts(value)] if isinstance(document, list) else []


def saying(check: Callable[[Trial], bool], sentence: str) -> Judge:
    """A judge of one condition that has to hold."""
    return lambda trial: "" if check(trial) else sentence


def short(value: Any, most: int = 160) -> str:
    """A value as it is shown to people."""
    text = msgspec.json.encode(value).decode("utf-8", "replace")
    return text if len(text) <= most else f"{text[:most]}…"
