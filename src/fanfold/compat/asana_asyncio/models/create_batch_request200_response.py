"""The body of the answer to a batch."""

from __future__ import annotations

from fanfold.compat.asana_asyncio.models.batch_response import BatchResponse
from fanfold.compat.asana_asyncio.models.model import Model


class CreateBatchRequest200Response(Model):
    """``data`` are the results, in the order of the actions."""

    data: list[BatchResponse] | None = None


__all__ = ["CreateBatchRequest200Response"]
