"""A batch and what became of it as one HTML file: nothing in it is fetched, nothing runs, nothing can be followed.

What servers and files said stands there as text. The page says the same to browsers, by a policy that allows its own
style sheet and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path

from msgspec import json

from fanfold.cli.batches.carrying import Carried, Where
from fanfold.cli.batches.inert import inert
from fanfold.cli.batches.telling import in_brief, summary, why_unusable
from fanfold.cli.batches.timeline import Timeline, is_good
from fanfold.cli.batches.written import BatchFile
from fanfold.client import ClientError, Reply
from fanfold.errors import SetupError

_WIDE = 600
"""Units that the time of the whole batch is wide."""

_HIGH = 18

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1c2024;background:#fff}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #d9dde1;vertical-align:top}
td.n{text-align:right}
code,pre{font:13px/1.45 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
svg{width:100%;height:auto}
text{font:12px ui-monospace,monospace;fill:#1c2024}
.good{color:#12652a}.bad{color:#b3261e}
.queued{fill:#c3c9d0}.limit{fill:#d99a1c}.dependency{fill:#4a7fd1}.running{fill:#2f8f46}.retry{fill:#a54ab3}
.critical{fill:none;stroke:#1c2024;stroke-width:1.5}
.key span{margin-right:1.5rem}.key svg{width:12px;height:12px}
@media(prefers-color-scheme:dark){body{color:#e6e9ec;background:#16191d}th,td{border-color:#3a4047}
text{fill:#e6e9ec}.critical{stroke:#fff}.good{color:#7fd196}.bad{color:#ff9a92}}
"""

_LEGEND = (
    ("queued", "queued"),
    ("limit", "waits for a limit"),
    ("dependency", "sent, waits for other actions"),
    ("running", "runs"),
    ("retry", "waits to be tried again"),
)


def check_writable(path: Path) -> None:
    """Raise ``SetupError`` where no report could be written, which is better known before anything is done."""
    try:
        path.open("a").close()
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}.") from None


def write_report(path: Path, batch: BatchFile, carried: Carried, timeline: Timeline, at: Where) -> None:
    """Write it to a file. Raises ``SetupError`` where that cannot be."""
    try:
        path.write_text(report(batch, carried, timeline, at), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}.") from None


def report(batch: BatchFile, carried: Carried, timeline: Timeline, at: Where) -> str:
    """The whole page."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    unusable = why_unusable(carried.outcomes, at)
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{_shown(batch.document.source)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{_shown(batch.document.source)}</h1>",
        f"<p>At <code>{_shown(at.url)}</code>. {_shown(summary(carried, timeline))}</p>",
        f'<p class="bad">{_shown(unusable)}</p>' if unusable else "",
        _waterfall(batch, timeline),
        _results(batch, carried, timeline),
        "</body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _shown(text: str) -> str:
    return escape(inert(text), quote=True)


def _waterfall(batch: BatchFile, timeline: Timeline) -> str:
    critical = timeline.critical() if any(timeline.needs) else ()
    whole = timeline.took or 1.0
    high = _HIGH * len(batch.actions)
    lines = [f'<svg viewBox="0 0 {_WIDE + 300} {high}" role="img" aria-label="What each action did when">']
    kinds = set()
    for place, action in enumerate(batch.actions):
        top = _HIGH * place
        title = _shown(action.title)
        short = title if len(action.title) <= 38 else _shown(action.title[:37]) + "…"
        lines.append(f'<text x="0" y="{top + 13}">{place + 1} {short}<title>{title}</title></text>')
        for stretch in timeline.stretches(place):
            left = 300 + stretch.begin / whole * _WIDE
            wide = max((stretch.end - stretch.begin) / whole * _WIDE, 1.0)
            kinds.add(stretch.kind)
            told = f"{dict(_LEGEND)[stretch.kind]}, {(stretch.end - stretch.begin) * 1000:.1f} ms"
            lines.append(
                f'<rect class="{stretch.kind}" x="{left:.1f}" y="{top + 3}" width="{wide:.1f}" height="{_HIGH - 6}">'
                f"<title>{told}</title></rect>"
            )
        if place in critical:
            lines.append(
                f'<rect class="critical" x="300" y="{top + 1}" width="{_WIDE - 1}" height="{_HIGH - 2}">'
                "<title>on the critical path</title></rect>"
            )
    key = "".join(
        f'<span><svg viewBox="0 0 12 12"><rect class="{kind}" width="12" height="12"/></svg> {said}</span>'
        for kind, said in _LEGEND
        if kind in kinds
    )
    framed = " Framed: the critical path." if critical else ""
    return "\n".join([*lines, "</svg>", f'<p class="key">{key}{framed}</p>'])


def _results(batch: BatchFile, carried: Carried, timeline: Timeline) -> str:
    rows = ["<table><thead><tr><th>#<th>Action<th>Status<th>ms<th>Result</tr></thead><tbody>"]
    for place, (action, outcome) in enumerate(zip(batch.actions, carried.outcomes, strict=True)):
        name = f"{batch.names[place]}: " if batch.names[place] else ""
        reply = outcome if isinstance(outcome, Reply) else None
        good = reply is not None and is_good(reply.status)
        attempts = timeline.attempts[place]
        last = attempts[-1] if attempts else None
        took = f"{(last.ended - last.sent) * 1000:.1f}" if last is not None and last.ended is not None else ""
        again = f" (attempt {len(attempts)})" if len(attempts) > 1 else ""
        rows.append(
            f'<tr><td class="n">{place + 1}<td><code>{_shown(name + action.title)}</code>'
            f'<td class="{"good" if good else "bad"}">{"none" if reply is None else reply.status}{again}'
            f'<td class="n">{took}<td>{_shown(in_brief(outcome))}{_details(outcome)}</tr>'
        )
    return "\n".join([*rows, "</tbody></table>"])


def _details(outcome: Reply | ClientError) -> str:
    if isinstance(outcome, ClientError) or outcome.body is None:
        return ""
    lines = json.format(json.encode(outcome.body), indent=2).decode().split("\n")
    return f"<details><summary>body</summary><pre>{'&#10;'.join(map(_shown, lines))}</pre></details>"


__all__ = ["check_writable", "report", "write_report"]
