"""What a batch would do: as the server plans it where it can say so without doing it, else as the file lets on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Raw, Struct, json
from rich.console import Group
from rich.table import Table
from rich.text import Text

from fanfold.cli.batches.carrying import Where, client_of
from fanfold.cli.batches.inert import inert, inert_json
from fanfold.cli.batches.written import BatchFile
from fanfold.client import Client, ClientError, Offer, post
from fanfold.client.grouping import groups_of, packed
from fanfold.errors import SetupError


class Preview(Struct, frozen=True):
    """``batches`` are places, as the actions would travel; ``plans`` what the server says of each, none if not asked.

    ``waves`` is for each action how many stand before it in the longest row of those that wait for each other.
    """

    batches: tuple[tuple[int, ...], ...]
    waves: tuple[int, ...]
    plans: tuple[dict[str, Any], ...] = ()


def parted(batch: BatchFile, most: int) -> tuple[tuple[int, ...], ...]:
    """The places of actions, batch by batch, ``most`` in each: those that hang together never parted.

    Raises ``SetupError`` if that cannot be.
    """
    lines = [action.in_batch() for action in batch.actions]
    whole = batch.serial or batch.stop
    groups = [list(range(len(lines)))] if whole else groups_of(batch.actions, lines)
    longest = max(groups, key=len)
    if len(longest) > most:
        spot = batch.document.where(batch.spots[longest[0]])
        raise SetupError(
            f"{spot}: {len(longest)} actions from here on hang together, and a batch takes {most} at most."
        )
    hung = packed([group for group in groups if len(group) > 1], most)
    single = [group[0] for group in groups if len(group) == 1]
    chunks = [single[begin : begin + most] for begin in range(0, len(single), most)]
    return tuple(sorted(tuple(places) for places in [*hung, *chunks]))


async def preview(batch: BatchFile, at: Where) -> Preview:
    """Ask, and have nothing done. Raises ``SetupError`` where the server refuses the batch."""
    async with client_of(at) as client:
        offer = await client.offer()
        batches = parted(batch, offer.max_actions)
        plans = await _asked(client, batch, batches) if _can_say(offer) else ()
    return Preview(batches, _waves(batch.needs), plans)


def _can_say(offer: Offer) -> bool:
    """Whether the server knows such questions: one that does not would carry the actions out."""
    return offer.told and offer.has("dry_run")


async def _asked(client: Client, batch: BatchFile, batches: Sequence[tuple[int, ...]]) -> tuple[dict[str, Any], ...]:
    plans = []
    for places in batches:
        actions = [Raw(batch.actions[place].in_batch()) for place in places]
        body = {"actions": actions, "options": {**batch.options, "dry_run": True}}
        try:
            reply = await client.request(post("/batch", body), alone=True)
        except ClientError as error:
            raise SetupError(f"The server gave no plan: {inert(error.message)}.") from None
        if reply.error is not None:
            raise SetupError(f"The server would refuse it with {reply.status}: {inert(reply.error.message)}.")
        plan = reply.data
        if not isinstance(plan, dict) or len(plan.get("actions") or ()) != len(places):
            raise SetupError("The server gave no plan: its answer is that of something else.")
        plans.append(plan)
    return tuple(plans)


def _waves(needs: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    waves: dict[int, int] = {}

    def wave(place: int) -> int:
        if place not in waves:
            waves[place] = 1 + max((wave(need) for need in needs[place]), default=-1)
        return waves[place]

    return tuple(wave(place) for place in range(len(needs)))


def preview_json(found: Preview) -> str:
    """The same for programs."""
    batches = [
        {"actions": list(places), "plan": plan}
        for places, plan in zip(found.batches, found.plans or [None] * len(found.batches), strict=True)
    ]
    return inert_json(json.format(json.encode({"waves": found.waves, "batches": batches}), indent=2).decode())


def preview_table(batch: BatchFile, found: Preview) -> Group:
    """The same for people."""
    table = Table(box=None, pad_edge=False)
    for name, justify in (("#", "right"), ("action", "left"), ("batch", "right"), ("wave", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    table.add_column("waits for")
    numbers = {place: number for number, places in enumerate(found.batches, 1) for place in places}
    for place, action in enumerate(batch.actions):
        name = batch.names[place]
        table.add_row(
            str(place + 1),
            Text(inert(f"{f'{name}: ' if name else ''}{action.title}")),
            str(numbers[place]),
            str(found.waves[place]),
            ", ".join(batch.names[need] or str(need + 1) for need in batch.needs[place]),
        )
    return Group(table, Text(_sentence(found)))


def _sentence(found: Preview) -> str:
    if not found.plans:
        return "Nothing was sent. The server does not tell plans, so this is what can be seen in the file."
    cost: dict[str, int] = {}
    refusing: dict[str, None] = {}
    for plan in found.plans:
        for name, amount in (plan.get("cost") or {}).items():
            cost[str(name)] = cost.get(str(name), 0) + (amount if isinstance(amount, int) else 0)
        refusing |= dict.fromkeys(map(_limit, plan.get("refused_by") or ()))
    told = ", ".join(f"{amount} {name}" for name, amount in cost.items()) or "nothing"
    refused = f" Now it would be refused by: {', '.join(refusing)}." if refusing else ""
    return inert(f"Nothing was carried out. The server says that it would cost {told}.{refused}")


def _limit(refusal: object) -> str:
    return str(refusal.get("limit", refusal)) if isinstance(refusal, dict) else str(refusal)


__all__ = ["Preview", "parted", "preview", "preview_json", "preview_table"]
