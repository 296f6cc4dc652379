"""The body of a batch request."""

from __future__ import annotations

from fanfold.compat.asana_asyncio.models.batch_request import BatchRequest
from fanfold.compat.asana_asyncio.models.model import Model


class CreateBatchRequestRequest(Model):
    """``data`` is the batch."""

    data: BatchRequest | None = None


__all__ = ["CreateBatchRequestRequest"]
