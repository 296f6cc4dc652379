"""``fanfold integration``: check declarations of APIs, and draft one from an OpenAPI description."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from fanfold.errors import SetupError

integration = App(name="integration", help="Check declarations of APIs, and draft them from OpenAPI descriptions.")

MAX_DESCRIPTION = 32 * 1024 * 1024
"""Bytes of the largest OpenAPI description that is read."""


@integration.command
def check(
    files: Annotated[list[Path], Parameter(name="FILE", negative="", help="Files in YAML, JSON or TOML.")],
    /,
) -> None:
    """Say what is declared in each file, or everything that is wrong with it. Exit code 2 if anything is."""
    from fanfold.integrations.evaluation import evaluator  # noqa: PLC0415 - help starts without it
    from fanfold.integrations.reading import read_declaration_file  # noqa: PLC0415

    wrong = False
    expressions = evaluator()
    for file in files:
        try:
            found = read_declaration_file(file, expressions)
        except SetupError as error:
            print(error.message, file=sys.stderr)
            wrong = True
            continue
        for doubt in found.doubts:
            print(f"{doubt} (allowed)", file=sys.stderr)
        print(f"{file}: {_said(found.declaration.name, found.declaration.resources, found.declaration.unified)}")
    if wrong:
        sys.exit(2)


@integration.command
def draft(
    openapi: Annotated[Path, Parameter(name="OPENAPI", help="A file with an OpenAPI 3.x or 2.0 description.")],
    /,
    *,
    name: Annotated[str, Parameter(help="What the integration is called; made from the title unless told.")] = "",
    out: Annotated[Path | None, Parameter(help="Where the declaration goes; standard output unless told.")] = None,
) -> None:
    """Declare all operations of an OpenAPI description, and say what had to be guessed."""
    from fanfold.integrations.documents import read_file  # noqa: PLC0415
    from fanfold.integrations.drafting.draft import draft as drafted  # noqa: PLC0415
    from fanfold.integrations.evaluation import evaluator  # noqa: PLC0415
    from fanfold.integrations.reading import read_declaration  # noqa: PLC0415
    from fanfold.integrations.writing import as_yaml  # noqa: PLC0415

    found = drafted(read_file(openapi, limit=MAX_DESCRIPTION).value, name=name)
    text = as_yaml(found.value, [f"Drafted from {openapi.name}. Look through it before it is used.", *found.notes])
    declaration = read_declaration(text.encode(), "draft.yaml", evaluator())
    if out is None:
        print(text, end="")
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{out} cannot be written: {error.strerror}.") from None
    for note in found.notes:
        print(note, file=sys.stderr)
    print(f"{out}: {_said(declaration.name, declaration.resources, {})}")


def _said(name: str, resources: Mapping[str, Mapping[str, Any]], unified: Mapping[str, Mapping[str, Any]]) -> str:
    """What is declared, in figures."""
    methods = sum(map(len, resources.values()))
    figures = f"{name}: {_count(len(resources), 'resource')}, {_count(methods, 'method')}"
    return figures + "".join(f", {_count(len(each), 'resource')} of {model}" for model, each in unified.items())


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")
