"""One thing that is wrong with a request."""

from __future__ import annotations

from fanfold.compat.asana_asyncio.models.model import Model


class Error(Model):
    """``message`` says what, ``help`` where to read on; ``phrase`` is what support knows a server error by."""

    message: str | None = None
    help: str | None = None
    phrase: str | None = None


__all__ = ["Error"]
