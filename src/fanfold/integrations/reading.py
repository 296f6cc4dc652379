"""From what somebody wrote to a declaration, in a file or a request: it is right, or all its mistakes are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct

from fanfold.errors import RequestError
from fanfold.expressions.evaluator import Evaluator
from fanfold.integrations.checking import checked
from fanfold.integrations.conforming import Findings
from fanfold.integrations.declaration import Declaration
from fanfold.integrations.documents import read_document, read_file, too_deep
from fanfold.integrations.notations import MAX_DEPTH
from fanfold.integrations.places import Document, WrongDocument, pointer


class DeclarationError(WrongDocument):
    """The declaration is not right."""


class Read(Struct, frozen=True):
    """A declaration that is right, with ``doubts``: what is allowed in it and yet seldom meant, each with its place."""

    declaration: Declaration
    doubts: tuple[str, ...] = ()


def read_declaration(data: bytes, source: str, evaluator: Evaluator | None) -> Declaration:
    """The declaration in a file of that name; raises ``DeclarationError`` with all its mistakes.

    Expressions are not compiled where there is no evaluator.
    """
    return _from_document(read_document(data, source), evaluator).declaration


def read_declaration_file(path: Path, evaluator: Evaluator | None) -> Read:
    """The declaration in a file, with doubts; raises ``SetupError``."""
    return _from_document(read_file(path), evaluator)


def declaration_from(value: Any, evaluator: Evaluator | None) -> Declaration:
    """The declaration that decoded JSON stands for; raises ``RequestError`` (400) that lists all ``failures``."""
    findings = Findings()
    if too_deep(value):
        findings.wrong((), f"more than {MAX_DEPTH} levels deep.")
    declaration = None if findings.mistakes else checked(value, evaluator, findings)
    if declaration is None:
        failures = [{"path": pointer(each.place), "message": each.message} for each in findings.mistakes]
        raise RequestError("The declaration is not right", extra={"details": {"failures": failures}})
    return declaration


def _from_document(document: Document, evaluator: Evaluator | None) -> Read:
    value = document.value
    if isinstance(value, dict) and "name" not in value:
        value = {"name": Path(document.source).stem, **value}
    findings = Findings()
    declaration = checked(value, evaluator, findings)
    if declaration is None:
        mistakes = sorted(findings.mistakes, key=lambda each: document.line(each.place))
        raise DeclarationError(tuple(document.told(each.place, each.message) for each in mistakes))
    return Read(declaration, tuple(document.told(each.place, each.message) for each in findings.doubts))
