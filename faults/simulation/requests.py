"""The batches that a simulation asks for: every kind of action, alone and hanging together, each with its nonce."""

from __future__ import annotations

from msgspec import Struct

from fanfold.errors import RequestError
from fanfold.model import Action, Batch, Conduct, Wiring
from faults.simulation.dice import Dice, Weather

MOST_ACTIONS = 10


class Asked(Struct, frozen=True):
    """A batch, and what is known of it beforehand.

    ``nonces`` are those of its actions, two of them alike where they ask the same; ``needs`` are the places of the
    actions that each one needs, ``each`` the number of elements that it fans out into, None where it does not.
    ``refs`` says of whose nonce each is told.
    """

    batch: Batch
    nonces: tuple[str, ...]
    needs: tuple[tuple[int, ...], ...]
    each: tuple[int | None, ...]
    refs: tuple[int | None, ...]

    def again(self, attempt: int) -> Batch:
        """The batch as it is sent for the so manieth time of all."""
        batch = self.batch
        inherited = (("x-attempt", str(attempt)),)
        return Batch(
            batch.actions, batch.single, batch.timeout, batch.deadline, batch.conduct, None, inherited=inherited
        )


class _Drafted(Struct):
    """An action on its way into a batch. ``own`` are the places of those that it says it depends on.

    ``items``: how many elements the list has that it reads; ``elements``: into how many it fans out itself, by the
    list of ``source``; ``ref``: whose nonce it is told.
    """

    action: Action
    nonce: str
    own: set[int]
    items: int | None = None
    source: int | None = None
    elements: int | None = None
    each: str = ""
    ref: int | None = None

    def needs(self) -> tuple[int, ...]:
        """All that have to succeed first."""
        return tuple(sorted(self.own | {place for place in (self.source, self.ref) if place is not None}))


class Drafting:
    """Makes batches up."""

    def __init__(self, dice: Dice, weather: Weather) -> None:
        self._dice = dice
        self._weather = weather
        self._number = 0

    def draft(self) -> Asked:
        """Any batch."""
        self._number += 1
        name = f"b{self._number}"
        size = 1 + int(self._dice.random() ** 2 * MOST_ACTIONS)
        return self._wired(name, size) if self._dice.happens(0.5) else self._plain(name, size)

    def plain_one(self) -> Asked:
        """A read and a write with which nothing is wrong."""
        self._number += 1
        nonces = (f"b{self._number}-0", f"b{self._number}-1")
        actions = (Action("GET", f"/do/{nonces[0]}"), Action("POST", f"/do/{nonces[1]}", body={"nonce": nonces[1]}))
        return Asked(Batch(actions, timeout=30.0, deadline=60.0), nonces, ((), ()), (None, None), (None, None))

    def _plain(self, name: str, size: int) -> Asked:
        nonces = tuple([f"{name}-{place}" for place in range(size)])
        actions = tuple([self._action(nonce) for nonce in nonces])
        timeout, deadline = self._times()
        batch = Batch(actions, size == 1 and self._dice.happens(0.5), timeout, deadline)
        none = (None,) * size
        return Asked(batch, nonces, ((),) * size, none, none)

    def _times(self) -> tuple[float | None, float | None]:
        """Where something may never end, somebody has to end it."""
        timeout = self._dice.one_of((None, 0.05, 1.0, 30.0))
        deadline = self._dice.one_of((None, 0.0, 0.1, 2.0, 60.0))
        return timeout, 60.0 if deadline is None and self._weather.never else deadline

    def _action(self, nonce: str) -> Action:
        dice = self._dice
        chance = dice.random()
        if chance < 0.03:
            return Action("GET", "/malformed", error=RequestError("malformed"))
        if chance < 0.09:
            return Action("GET", f"/{dice.one_of(('nowhere', 'broken', 'alone'))}/{nonce}")
        if chance < 0.5:
            return Action("GET", f"/{dice.one_of(('do', 'do', 'now', 'search'))}/{nonce}")
        method = dice.one_of(("POST", "PUT", "DELETE"))
        return Action(method, f"/{dice.one_of(('do', 'do', 'do', 'now', 'now', 'job'))}/{nonce}", body={"nonce": nonce})

    # -- actions that hang together ----------------------------------------------------------------------------------

    def _wired(self, name: str, size: int) -> Asked:
        conduct = self._conduct()
        drafted: list[_Drafted] = []
        for place in range(size):
            drafted.append(self._one_more(f"{name}-{place}", drafted, conduct))
        timeout, deadline = self._times()
        actions = tuple([self._with_wiring(one, place) for place, one in enumerate(drafted)])
        return Asked(
            Batch(actions, timeout=timeout, deadline=deadline, conduct=conduct),
            tuple([one.nonce for one in drafted]),
            tuple([one.needs() for one in drafted]),
            tuple([one.elements for one in drafted]),
            tuple([one.ref for one in drafted]),
        )

    def _one_more(self, nonce: str, before: list[_Drafted], conduct: Conduct) -> _Drafted:
        """An action that may have to do with those before it."""
        dice = self._dice
        place = len(before)
        own = {dice.randrange(place) for _ in range(2) if place and dice.happens(0.3)}
        twins = [one for one in before if conduct.coalesce and _is_plain_read(one.action)]
        lists = [number for number, one in enumerate(before) if one.items is not None]
        if twins and dice.happens(0.4):
            twin = dice.one_of(twins)
            return _Drafted(twin.action, twin.nonce, set(twin.own) if dice.happens(0.7) else own)
        if lists and dice.happens(0.3):
            source = dice.one_of(lists)
            each = f"{{{{a{source}.body.data.{dice.one_of(('items', 'items', 'items', 'nonce'))}}}}}"
            path = f"/do/{nonce}.{dice.one_of(('{{index}}', '{{item}}'))}"
            action = Action(dice.one_of(("GET", "POST")), path)
            return _Drafted(action, nonce, own, source=source, elements=before[source].items, each=each)
        if dice.happens(0.2):
            items = dice.one_of((0, 1, 3, 12, 25))
            return _Drafted(Action("GET", f"/list/{nonce}/{items}"), nonce, own, items=items)
        action = self._action(nonce)
        if not place or action.error is not None or not dice.happens(0.4):
            return _Drafted(action, nonce, own)
        ref = dice.randrange(place)
        fans = before[ref].elements is not None
        return _Drafted(self._referring(action, ref, fans=fans), nonce, own, ref=ref)

    def _with_wiring(self, one: _Drafted, place: int) -> Action:
        dice, action = self._dice, one.action
        wiring = Wiring(
            f"a{place}",
            tuple([f"A{need}" for need in sorted(one.own)]),
            one.each,
            dice.one_of((None, None, None, 0.1, 3.0)),
            self._key(place) if dice.happens(0.3) else "",
        )
        return Action(action.method, action.path, action.query, action.body, (), error=action.error, wiring=wiring)

    def _key(self, place: int) -> str:
        """A key of its own, or by mistake that of something else."""
        if self._dice.happens(self._weather.mistakes):
            return f"key-{self._dice.randint(1, self._number)}-{place}"
        return f"key-{self._number}-{place}"

    def _referring(self, action: Action, ref: int, *, fans: bool) -> Action:
        """The same action, which is told of another one's nonce."""
        dice = self._dice
        part = "body.data.0.body.data.nonce" if fans else dice.one_of(("body.data.nonce", "headers.x-nonce"))
        told = f"{{{{a{ref}.{part}}}}}"
        if action.body is not None and dice.happens(0.5):
            return Action(action.method, action.path, (), {**action.body, "told": told})
        return Action(
            action.method, f"{action.path}/told/{told}", (("why", f"{{{{a{ref}.status_code}}}}"),), action.body
        )

    def _conduct(self) -> Conduct:
        dice = self._dice
        serial = dice.happens(0.15)
        return Conduct(
            serial=serial,
            stop=dice.happens(0.2),
            max_parallel=dice.one_of((0, 0, 0, 1, 2, 4)),
            coalesce=not serial and dice.happens(0.2),
        )


def _is_plain_read(action: Action) -> bool:
    return action.path.startswith(("/do/", "/now/")) and action.method == "GET" and "{{" not in action.path
