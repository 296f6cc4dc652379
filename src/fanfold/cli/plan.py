"""``fanfold plan``: check plan files, and make them of Arazzo workflows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from fanfold.errors import SetupError

plan = App(name="plan", help="Check plans, and make them of Arazzo workflows.")

MAX_DESCRIPTION = 4 * 1024 * 1024
"""Bytes of the largest Arazzo description that is read."""


@plan.command
def check(
    files: Annotated[list[Path], Parameter(name="FILE", negative="", help="Files in YAML, JSON or TOML.")],
    /,
) -> None:
    """Say how much each plan holds, or everything that is wrong with it. Exit code 2 if anything is."""
    from fanfold.integrations.evaluation import evaluator  # noqa: PLC0415 - help starts without it
    from fanfold.integrations.plan_files import read_plan_file  # noqa: PLC0415

    wrong = False
    expressions = evaluator()
    for file in files:
        try:
            found = read_plan_file(file, expressions)
        except SetupError as error:
            print(error.message, file=sys.stderr)
            wrong = True
            continue
        count = len(found.entries)
        print(f"{file}: {count} {'entry' if count == 1 else 'entries'}")
    if wrong:
        sys.exit(2)


@plan.command(name="import")
def import_workflow(
    arazzo: Annotated[Path, Parameter(name="ARAZZO", help="A file with an Arazzo 1.0 or 1.1 description.")],
    /,
    *,
    integration: Annotated[Path, Parameter(help="The declaration of the API that the workflow is about.")],
    workflow: Annotated[str, Parameter(help="The workflowId; the first one unless told.")] = "",
    out: Annotated[Path | None, Parameter(help="Where the plan goes; standard output unless told.")] = None,
) -> None:
    """Make a plan of a workflow, and say what could not be carried over."""
    from fanfold.integrations.arazzo.importing import import_workflow as imported  # noqa: PLC0415
    from fanfold.integrations.documents import read_file  # noqa: PLC0415
    from fanfold.integrations.evaluation import evaluator  # noqa: PLC0415
    from fanfold.integrations.plan_files import plan_yaml, read_plan  # noqa: PLC0415
    from fanfold.integrations.reading import read_declaration_file  # noqa: PLC0415

    expressions = evaluator()
    declaration = read_declaration_file(integration, expressions).declaration
    found = imported(read_file(arazzo, limit=MAX_DESCRIPTION).value, declaration, workflow)
    text = plan_yaml(found.body, [f"Made of {arazzo.name}. Look through it before it is run.", *found.notes])
    count = len(read_plan(text.encode(), "plan.yaml", expressions).entries)
    if out is None:
        print(text, end="")
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{out} cannot be written: {error.strerror}.") from None
    for note in found.notes:
        print(note, file=sys.stderr)
    print(f"{out}: {count} {'entry' if count == 1 else 'entries'}")
