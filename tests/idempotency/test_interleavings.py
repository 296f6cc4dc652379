"""Whatever comes in whatever order: a key of a caller is carried out once, and all who ask are given that answer.

Runs answer, refuse, crash and take their time, clients give up, time passes, and now and then the process dies.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanfold.errors import RequestError
from fanfold.idempotency import Ledger
from fanfold.idempotency.ledger import ASK_AGAIN
from fanfold.model import Answer
from tests.idempotency.runs import ADA, BOB, ONE, OTHER, Runs, others, quiet

SECONDS = 100
WAYS = ("answer", "answer", "busy", "refuse", "crash", "cancel")

NAMES = ((ADA, "k"), (ADA, "k"), (ADA, "k"), (ADA, "l"), (BOB, "k"))

asks = st.tuples(st.just("ask"), st.tuples(st.sampled_from(NAMES), st.sampled_from((ONE, ONE, ONE, OTHER))))
ends = st.tuples(st.just("end"), st.tuples(st.integers(0, 9), st.sampled_from(WAYS)))
leaves = st.tuples(st.just("leave"), st.integers(0, 9))
waits = st.tuples(st.just("wait"), st.integers(1, 60))
moves = st.one_of(asks, asks, asks, ends, ends, leaves, waits, st.tuples(st.sampled_from(("go on", "die")), st.none()))
histories = st.integers(10, 50).flatmap(lambda length: st.lists(moves, min_size=length, max_size=length))


@dataclass
class Asker:
    """Somebody who asks ``at`` a moment, ``before`` a run's end; ``known`` is what was known of the key then."""

    name: tuple[Any, str]
    fingerprint: bytes
    at: float
    before: int
    known: tuple[bytes, Answer | None, float] | None
    task: Any = None
    left: bool = False


class Story:
    """A ledger, those who ask it, and what came of each run."""

    def __init__(self, store):
        self.now = 1000.0
        self.runs = Runs()
        self.store = store
        self.open()
        self.askers = []
        self.ends = []  # (asker, end, moment), one for each run that has ended
        self.kept = {}  # name -> (fingerprint, answer or None where nobody saw it, until)

    def open(self):
        self.ledger = Ledger(self.store, seconds=SECONDS, clock=lambda: self.now)

    async def die(self):
        """The process is gone, with all that was under way; another begins with the same store."""
        await quiet()
        for run in self.runs.begun:
            if not run.end.done():
                self.kept[run.label.name] = (run.label.fingerprint, None, run.label.at + SECONDS)
        for asker in self.askers:
            asker.left = asker.left or not asker.task.done()
        for task in others():
            task.cancel()
        await quiet()
        self.open()

    def ask(self, who):
        (caller, key), fingerprint = who
        kept = self.kept.get((caller, key))
        asker = Asker(
            (caller, key), fingerprint, self.now, len(self.ends), kept if kept and self.now < kept[2] else None
        )
        run = self.runs.run(asker)

        async def alone():
            running = [each for each in self.runs.begun if not each.end.done() and each.label.name == asker.name]
            assert running == [], "two runs of one key at once"
            _, _, until = self.kept.get(asker.name, (b"", None, 0))
            assert self.now >= until, "run again although it was done, or may have been"
            asker.at = self.now
            return await run()

        asker.task = asyncio.get_running_loop().create_task(self.ledger.once(caller, key, fingerprint, alone))
        self.askers.append(asker)

    def end(self, which):
        index, way = which
        open_ = [number for number, run in enumerate(self.runs.begun) if not run.end.done()]
        if not open_:
            return
        number = open_[index % len(open_)]
        end = {
            "answer": Answer(201, b'{"run":%d}' % number, (("number", str(number)),), trusted=True),
            "busy": Answer(503, b"busy %d" % number),
            "refuse": RequestError("refused"),
            "crash": ValueError("crash"),
            "cancel": asyncio.CancelledError(),
        }[way]
        self.runs.finish(number, end)
        asker = self.runs.begun[number].label
        self.ends.append((asker, end))
        if isinstance(end, Answer) and end.status not in ASK_AGAIN:
            self.kept[asker.name] = (asker.fingerprint, end, self.now + SECONDS)

    async def tell(self, history):
        for verb, what in history:
            if verb == "ask":
                self.ask(what)
            elif verb == "end":
                self.end(what)
                await quiet()  # what is kept is kept at this moment of the clock
            elif verb == "leave" and self.askers:
                asker = self.askers[what % len(self.askers)]
                asker.left = asker.task.cancel() or asker.left
            elif verb == "die":
                await self.die()
            elif verb == "wait":
                await quiet()
                self.now += what
            else:
                await quiet()
        await quiet()
        while any(not run.end.done() for run in self.runs.begun):
            self.end((0, "answer"))
            await quiet()
        await self.ledger.drain()

    def check(self):
        assert len(self.ledger) == 0
        for asker in self.askers:
            assert asker.task.done()
            self.check_one(asker)

    def check_one(self, asker):
        own = [end for who, end in self.ends if who is asker]
        assert len(own) <= 1
        if asker.task.cancelled():
            assert asker.left or isinstance(own[0], asyncio.CancelledError)
            return
        error = asker.task.exception()
        known = asker.known
        if known is not None:
            fingerprint, answer, _ = known
            assert own == []
            if fingerprint != asker.fingerprint:
                assert error.status == 422
            elif answer is None:
                assert error.status == 409
            else:
                assert asker.task.result() == (answer, True)
        elif error is None:
            answer, replayed = asker.task.result()
            assert replayed == (own != [answer])
            later = self.ends[asker.before :]
            assert answer in [e for who, e in later if (who.name, who.fingerprint) == (asker.name, asker.fingerprint)]
        elif isinstance(error, RequestError) and error.status == 422:
            assert own == []
            assert any((a.name == asker.name) and (a.fingerprint != asker.fingerprint) for a in self.askers)
        else:
            assert own == [error]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(history=histories)
def test_each_key_is_carried_out_once_and_nobody_is_left_waiting(make_store, history):
    async def tell():
        loop_faults = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: loop_faults.append(context))
        story = Story(make_store())
        await story.tell(history)
        story.check()
        assert not others()
        assert loop_faults == []

    asyncio.run(tell())
