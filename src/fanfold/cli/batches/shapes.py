"""What may stand in a batch file: the envelope of a batch request, field by field, so that every mistake has a name."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Text = Annotated[str, Meta(min_length=1)]
Names = str | tuple[str, ...]


class OutputShape(Struct, frozen=True, kw_only=True):
    """What is wanted of an answer."""

    fields: Names = ()
    expand: Names = ()
    limit: Annotated[int, Meta(ge=1, le=100)] | None = None
    offset: Text | None = None


class ActionShape(Struct, frozen=True, kw_only=True):
    """An action. ``fields`` is short for that of its options."""

    method: Text
    relative_path: Text
    data: Any = None
    options: OutputShape | None = None
    fields: Names = ()
    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    depends_on: Names | None = None
    for_each: Text | None = None
    timeout: Annotated[float, Meta(gt=0)] | None = None
    headers: dict[str, str] | None = None
    idempotency_key: Annotated[str, Meta(pattern=r"^[!-~]{1,255}$")] | None = None
    base64: Text | None = None


class OptionsShape(Struct, frozen=True, kw_only=True):
    """Options of a batch."""

    execution: Literal["parallel", "serial"] = "parallel"
    on_error: Literal["continue", "stop"] = "continue"
    deadline: Annotated[float, Meta(gt=0)] | None = None
    max_parallel: Annotated[int, Meta(ge=0, le=10_000)] = 0
    coalesce: bool = False
    dry_run: bool = False


ENVELOPE = ("actions", "options")
"""Members of a batch."""
