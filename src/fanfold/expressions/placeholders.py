"""Placeholders such as ``{{args.id}}``: compiled once, filled for each run, and never looked at twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from fanfold.errors import RequestError

Path = tuple[str, ...]


class Unresolved(RequestError):
    """A placeholder stands for nothing"""


class Template(Struct, frozen=True):
    """A JSON value with placeholders somewhere inside. ``paths`` are those that they look up, split at dots.

    Of ``a/b.c`` the path is ``("a/b", "c")``.
    """

    source: Any
    paths: tuple[Path, ...] = ()


def compile_template(value: Any) -> Template:
    """A template of decoded JSON; raises ``RequestError`` for a cast that there is not."""
    raise NotImplementedError


def fill(template: Template, context: Mapping[str, Any], *, strict: bool = False) -> Any:
    """The value with everything filled in.

    What cannot be resolved is left as written, and raises ``Unresolved`` where ``strict``.
    """
    raise NotImplementedError
