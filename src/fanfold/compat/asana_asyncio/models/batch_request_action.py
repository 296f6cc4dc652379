"""One action of a batch."""

from __future__ import annotations

from typing import Any

from fanfold.compat.asana_asyncio.exceptions import ApiValueError
from fanfold.compat.asana_asyncio.models.batch_request_action_options import BatchRequestActionOptions
from fanfold.compat.asana_asyncio.models.model import Model

_METHODS = ("get", "post", "put", "delete", "patch", "head")


class BatchRequestAction(Model):
    """``relative_path`` below the API's base; ``method`` in lower case; ``data``: parameters, or what is sent."""

    relative_path: str
    method: str
    data: dict[str, Any] | None = None
    options: BatchRequestActionOptions | None = None

    def __post_init__(self) -> None:
        for name in ("relative_path", "method"):
            if getattr(self, name) is None:
                raise ApiValueError(f"{name}: Missing input")
        super().__post_init__()

    def __setattr__(self, name: str, value: object) -> None:
        if name == "method" and value not in _METHODS:
            raise ApiValueError(f"method: Must be one of {', '.join(_METHODS)}, not {value!r}")
        super().__setattr__(name, value)


__all__ = ["BatchRequestAction"]
