"""``fanfold batch``: a batch kept in a file, carried out by any server, with a waterfall of what happened when."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

URL = "http://127.0.0.1:8480/api/1.0"

Url = Annotated[str, Parameter(help="The API; its batch endpoint is /batch below that.")]
Token = Annotated[
    str,
    Parameter(help="A token of the server.", env_var="FANFOLD_TOKEN", show_default=False, allow_leading_hyphen=True),
]
Timeout = Annotated[float, Parameter(help="Seconds that each request to the server may take.")]


def batch(  # noqa: PLR0913 - each is an option
    file: Annotated[
        str,
        Parameter(
            name="FILE", allow_leading_hyphen=True, help="Actions in YAML or JSON, or curl commands; - reads them."
        ),
    ],
    /,
    *,
    url: Url = URL,
    token: Token = "",
    json: Annotated[
        bool, Parameter(negative="", help="Print the results as JSON, in the order of the actions.")
    ] = False,
    dry_run: Annotated[bool, Parameter(negative="", help="Show what would be done, and do nothing.")] = False,
    compare: Annotated[
        bool, Parameter(negative="", help="Then send the reads one by one as well, to measure what the batch saves.")
    ] = False,
    report: Annotated[Path | None, Parameter(help="Write a page of HTML about it, with all results.")] = None,
    timeout: Timeout = 60.0,
) -> None:
    """Carry out a batch. Exit code 0 if all succeeded, 1 if an action failed, 2 for a mistake or no usable answer."""
    import asyncio  # noqa: PLC0415 - help starts without all this

    from fanfold.cli.batches import carrying, files, preview, telling  # noqa: PLC0415
    from fanfold.cli.batches.report import check_writable, write_report  # noqa: PLC0415
    from fanfold.cli.batches.timeline import Timeline  # noqa: PLC0415
    from fanfold.cli.batches.waterfall import Waterfall, console_for, may_move  # noqa: PLC0415

    at = carrying.where(url, token, timeout)
    found = files.read_batch(file, at.path)
    out, beside = console_for(sys.stdout), console_for(sys.stderr)
    if dry_run or found.dry_run:
        shown = asyncio.run(preview.preview(found, at))
        if json:
            print(preview.preview_json(shown))
        else:
            out.print(preview.preview_table(found, shown))
        return
    if report is not None:
        check_writable(report)
    timeline = Timeline(found.needs)
    try:
        with Waterfall(found, timeline, beside).live(moving=may_move(beside, dict(os.environ))):
            carried = asyncio.run(carrying.carry(found, at, timeline, compare=compare))
    except KeyboardInterrupt:
        print(telling.interrupted(timeline), file=sys.stderr)
        raise
    unusable = telling.why_unusable(carried.outcomes, at)
    if json:
        print(telling.as_json(found, carried))
        print(telling.summary(carried, timeline), file=sys.stderr)
    elif not telling.is_empty(carried.outcomes):
        out.print(Waterfall(found, timeline, out).final(carried.outcomes))
        out.print(telling.summary(carried, timeline), soft_wrap=True, markup=False)
    if report is not None:
        write_report(report, found, carried, timeline, at)
    if unusable:
        print(unusable, file=sys.stderr)
    sys.exit(telling.exit_code(carried.outcomes))
