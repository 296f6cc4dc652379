"""The result of one action."""

from __future__ import annotations

from typing import Any

from fanfold.compat.asana_asyncio.models.model import Model


class BatchResponse(Model):
    """``status_code`` that the action alone would have had; its own ``headers``, such as ``location``; its ``body``."""

    status_code: int | None = None
    headers: dict[str, Any] | None = None
    body: dict[str, Any] | None = None


__all__ = ["BatchResponse"]
