"""Creates many tasks in a project in the order given: by whatever is the cheapest with the server that is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fanfold.client.offers import Offer
from fanfold.client.ordered.creation import Batches, Creation, Patience
from fanfold.client.ordered.lined import Line, keeps_order
from fanfold.client.ordered.schemes import Scarce, chosen
from fanfold.client.ordered.wanted import Wanted


async def create_in_order(  # noqa: PLR0913 - what it needs to know
    client: Batches,
    project: str,
    tasks: Iterable[str | Mapping[str, Any]],
    *,
    offer: Offer,
    size: int,
    room: int,
    scarce: Scarce = "requests",
    fields: tuple[str, ...] = (),
    patience: Patience | None = None,
) -> list[Any]:
    """Create ``tasks`` through ``client``, in batches of up to ``size`` actions and ``room`` bytes.

    Raises ``ValueError`` for tasks that can be none, ``PartlyCreated``, or why nothing was created.
    """
    if scarce not in {"requests", "quota"}:
        raise ValueError(f"scarce: Must be requests or quota, not {scarce!r}")
    wanted = Wanted(project, tasks, fields)
    if not len(wanted):
        return []
    patience = patience or Patience()
    if keeps_order(offer):
        return await Line(client, wanted, offer, size, room, patience).run()
    return await Creation(client, project, wanted, chosen(len(wanted), size, scarce), size, patience).run()


__all__ = ["create_in_order"]
