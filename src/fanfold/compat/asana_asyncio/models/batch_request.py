"""A batch."""

from __future__ import annotations

from fanfold.compat.asana_asyncio.models.batch_request_action import BatchRequestAction
from fanfold.compat.asana_asyncio.models.model import Model


class BatchRequest(Model):
    """``actions`` to be carried out, at most ten."""

    actions: list[BatchRequestAction] | None = None


__all__ = ["BatchRequest"]
