"""The body of an answer that is no success."""

from __future__ import annotations

from fanfold.compat.asana_asyncio.models.error import Error
from fanfold.compat.asana_asyncio.models.model import Model


class ErrorResponse(Model):
    """All ``errors``."""

    errors: list[Error] | None = None


__all__ = ["ErrorResponse"]
