"""What may be asked in two ways is answered alike: a batch and its actions alone, in another order, with others beside.

What becomes of an action depends on its nonce alone here, so that nothing else can be to blame for a difference.
"""

from __future__ import annotations

from collections.abc import Mapping

from fanfold.engine import Admission, Engine
from fanfold.limits import NoLimiter
from fanfold.model import Action, Batch, Caller, Conduct, Grant, Result, Wiring
from faults.simulation.checks import shown
from faults.simulation.dice import Dice, Weather
from faults.simulation.journal import Journal
from faults.simulation.loop import VirtualLoop
from faults.simulation.target import Ground, Seen, SwarmTarget

CALLER = Caller("ada")
FATE = Weather(raises=0.1, refuses=0.2, limited=0.05, wrong_type=0.05, cancels=0.05, exits=0.02)


class FateTarget(SwarmTarget):
    """Does the same for the same nonce."""

    seed = 0

    def _dice_for(self, seen: Seen) -> Dice:
        return Dice(f"{self.seed}/{seen.nonce}")


class Counting(NoLimiter):
    """Allows everything, and adds up what was asked for."""

    charged = 0

    async def take(self, key: str, costs: Mapping[str, int]) -> Grant:
        """Yes."""
        self.charged += costs["requests"]
        return await super().take(key, costs)


class Sameness:
    """One engine, and one batch that is asked in every way."""

    def __init__(self, seed: int, loop: VirtualLoop, journal: Journal) -> None:
        self._journal = journal
        self._dice = dice = Dice(f"{seed}/sameness")
        target = FateTarget(Ground(journal), dice, FATE, loop)
        target.seed = seed
        self._counting = Counting()
        self._engine = Engine(target, Admission(self._counting))
        self._engine.means.clock = loop.time
        self._actions = [self._action(number) for number in range(dice.randint(2, 10))]

    def _action(self, number: int) -> Action:
        kind = self._dice.one_of(("do", "do", "do", "nowhere", "broken"))
        return Action(self._dice.one_of(("GET", "POST")), f"/{kind}/s-{number}")

    async def compare(self) -> None:
        """Ask in every way."""
        await self._alone()
        whole = shown(await self._run(self._actions))
        await self._in_another_order(whole)
        await self._with_one_more(whole)
        await self._in_parts(whole)
        for conduct in (Conduct(), Conduct(serial=True), Conduct(max_parallel=2), Conduct(coalesce=True)):
            self._same(f"as {conduct}", shown(await self._run(self._actions, conduct)), whole)
        self._engine.shuffle(1)
        self._same("shuffled", shown(await self._run(self._actions)), whole)
        self._engine.shuffle(None)
        await self._fanned_out()

    async def _run(
        self, actions: list[Action], conduct: Conduct | None = None, *, single: bool = False
    ) -> list[Result]:
        batch = Batch(tuple(actions), single, conduct=conduct, inherited=(("x-attempt", "1"),))
        return await self._engine.run(batch, CALLER)

    def _same(self, how: str, found: list[object], expected: list[object]) -> None:
        self._journal.note("same", how, len(found))
        self._journal.demand(found == expected, f"not the same {how}", found, expected)

    async def _alone(self) -> None:
        """A batch is its actions, and costs what they cost."""
        before = self._counting.charged
        whole = shown(await self._run(self._actions))
        between = self._counting.charged
        alone = [shown(await self._run([action], single=True))[0] for action in self._actions]
        after = self._counting.charged
        self._same("one by one", alone, whole)
        self._journal.demand(between - before == after - between, "not the same charge one by one")

    async def _in_another_order(self, whole: list[object]) -> None:
        order = self._dice.sample(range(len(self._actions)), len(self._actions))
        found = shown(await self._run([self._actions[place] for place in order]))
        self._same("in another order", found, [whole[place] for place in order])

    async def _with_one_more(self, whole: list[object]) -> None:
        place = self._dice.randint(0, len(self._actions))
        failing = Action("GET", self._dice.one_of(("/nowhere/x", "/alone/x", "/broken/x")))
        found = shown(await self._run([*self._actions[:place], failing, *self._actions[place:]]))
        self._same("with one more that fails", [*found[:place], *found[place + 1 :]], whole)

    async def _in_parts(self, whole: list[object]) -> None:
        place = self._dice.randint(1, len(self._actions) - 1)
        before = self._counting.charged
        found = shown(await self._run(self._actions[:place])) + shown(await self._run(self._actions[place:]))
        self._same("in two parts", found, whole)
        charged = self._counting.charged - before
        self._journal.demand(charged == len(self._actions), "not the same charge in two parts", charged)

    async def _fanned_out(self) -> None:
        """Each element is as if it had been written out."""
        count = self._dice.randint(1, 20)
        # Whether the list can be read at all is up to its nonce: one that can is looked for.
        for number in range(50):
            each = Wiring("e", for_each="{{list.body.data.items}}")
            made = [
                Action("GET", f"/list/l-{number}/{count}", wiring=Wiring("list")),
                Action("POST", "/do/e-{{index}}", wiring=each),
            ]
            read, spread = await self._run(made, Conduct())
            if read.status == 200:
                break
        else:
            return
        written = [Action("POST", f"/do/e-{number}") for number in range(count)]
        self._same("as elements", shown([*(spread.parts or ())]), shown(await self._run(written)))
