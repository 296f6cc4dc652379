"""How the answer to an action is to look."""

from __future__ import annotations

from fanfold.compat.asana_asyncio.models.model import Model


class BatchRequestActionOptions(Model):
    """``limit`` and ``offset`` of a page; the ``fields`` that are wanted, and those to ``expand``.

    Asana describes ``offset`` as a number, and answers with text.
    """

    limit: int | None = None
    offset: int | str | None = None
    fields: list[str] | None = None
    expand: list[str] | None = None


__all__ = ["BatchRequestActionOptions"]
