"""The operations, each in the module that the generated client has it in."""

from fanfold.compat.asana_asyncio.api.batch_api_api import BatchAPIApi

__all__ = ["BatchAPIApi"]
