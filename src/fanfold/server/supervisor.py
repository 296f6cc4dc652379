"""Several workers for one address: begun together, begun anew when they die, replaced one after the other.

The supervisor itself serves nothing and opens nothing but sockets. Each worker has a place (a slot) with a listening
socket of its own, which outlives it: while a place is empty another worker serves its socket too, and a successor finds
in it whoever has connected meanwhile.

Signals: TERM and INT stop everything, a second one ends everything at once, HUP reads the settings anew and replaces
all workers, each by one that is ready, so that somebody serves at any time.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, Protocol

from fanfold.errors import SetupError
from fanfold.server.draining import Patience, end_by
from fanfold.server.listening import Place, listen_apart
from fanfold.server.workers import Launcher, Order, Said, Worker

logger = logging.getLogger("fanfold")

START_WITHIN = 60.0
"""Seconds in which a worker has to be ready."""

FIRST_WITHIN = 600.0
"""Seconds that the very first one has, which may have a new database to fill."""

SETTLED = 10.0
"""Seconds after which a worker that dies was not dead from the beginning."""

PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before the next try, by how many workers of a place died early in a row."""

SLACK = 10.0
"""Seconds that workers have for their end beyond what the settings give them."""

ROUND = 1.0
"""Seconds between two looks where nothing happens."""

STOPPING = (signal.SIGTERM, signal.SIGINT)
RELOAD = getattr(signal, "SIGHUP", None)

FIXED = ("host", "port", "workers")
"""Settings that the whole has to be started anew for."""


class Terms(Place, Patience, Protocol):
    """What a supervisor has to know of the settings."""

    @property
    def workers(self) -> int:
        """How many there are to be."""

    @property
    def metrics(self) -> bool:
        """Whether they count."""


class Launch(Protocol):
    """How workers are started, and forgotten when they have ended."""

    def __call__(self, slot: int, settings: Any, *, first: bool = False) -> Worker:
        """Start one."""

    def forget(self, worker: Worker) -> None:
        """One has ended."""


class Slot:
    """A place for a worker: who serves, who is starting, who has been replaced and is not done yet."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.serving: Worker | None = None
        self.coming: Worker | None = None
        self.leaving: list[Worker] = []
        self.since = 0.0
        self.early_deaths = 0
        self.not_before = 0.0
        self.used = False
        self.deputy: Worker | None = None

    def everyone(self) -> list[Worker]:
        """All its processes."""
        return [worker for worker in (self.serving, self.coming, *self.leaving) if worker is not None]


class Supervisor:
    """Decides which workers there are. It is told of signals and time by whoever calls ``turn`` again and again.

    ``read`` reads the settings, and raises ``SetupError`` where they are not right; the first ones are ``settings``.
    """

    def __init__(
        self,
        settings: Terms,
        read: Callable[[], Terms],
        launch: Launch,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._read = read
        self._launch = launch
        self._clock = clock
        self.slots = [Slot(number) for number in range(settings.workers)]
        self._up = False
        self.stopping = False
        self._until = 0.0
        self._rolling: deque[Slot] = deque()
        self._candidate: Terms | None = None
        self._again = False
        self._reasons: dict[Worker, str] = {}
        self.code: int | None = None
        """The exit code, once all is over."""

    def begin(self) -> None:
        """Start the first worker; the others follow when it is ready."""
        self._start(self.slots[0], self._settings, first=True)

    def everyone(self) -> list[Worker]:
        """All processes."""
        return [worker for slot in self.slots for worker in slot.everyone()]

    def turn(self, signals: Iterable[int] = ()) -> None:
        """Look at what has happened, and do what is to be done. Raises ``SetupError`` where the first cannot start."""
        for number in signals:
            self._signalled(number)
        for slot in self.slots:
            for worker in slot.everyone():
                for word in worker.hear():
                    self._heard(slot, worker, word)
                code = worker.ended()
                if code is not None:
                    self._lost(slot, worker, code)
        if self.stopping:
            self._wind_up()
            return
        self._look_for_late_ones()
        if self._up:
            self._roll()
            self._fill()
            self._depute()

    # -- signals -----------------------------------------------------------------------------------------------------

    def _signalled(self, number: int) -> None:
        if number == RELOAD:
            self._reload()
        elif self.stopping:
            for worker in self.everyone():
                worker.kill()
            self.code = -number
        else:
            self._stop()

    def _stop(self) -> None:
        self.stopping = True
        terms = self._settings
        self._until = self._clock() + terms.drain_delay + 2 * terms.drain_timeout + SLACK
        for worker in self.everyone():
            worker.stop()

    def _wind_up(self) -> None:
        left = self.everyone()
        if not left:
            self.code = self.code or 0
        elif self.code is None and self._clock() >= self._until:
            logger.error("%s did not stop, and is ended", ", ".join(map(repr, left)))
            for worker in left:
                worker.kill()
            self.code = 1

    # -- workers that come and go ------------------------------------------------------------------------------------

    def _start(self, slot: Slot, settings: Terms, *, first: bool = False) -> None:
        slot.coming = self._launch(slot.number, settings, first=first)
        slot.since = self._clock()

    def _heard(self, slot: Slot, worker: Worker, word: Said) -> None:
        if word.refused:
            self._reasons[worker] = word.refused
        if word.ready and worker is slot.coming:
            slot.coming, before, slot.serving = None, slot.serving, worker
            slot.since, slot.used = self._clock(), True
            if worker.settings is self._candidate:
                self._settings = self._candidate
            self._relieve(slot)
            if before is not None:
                slot.leaving.append(before)
                self._depute()
                before.tell(Order("retire"))
            if not self._up:
                self._up = True
                for other in self.slots[1:]:
                    self._start(other, self._settings)

    def _lost(self, slot: Slot, worker: Worker, code: int) -> None:
        self._launch.forget(worker)
        reason = self._reasons.pop(worker, f"{worker!r} ended {_how(code)}.")
        if worker in slot.leaving:
            slot.leaving.remove(worker)
            return
        early = worker is slot.coming or self._clock() - slot.since < SETTLED
        if worker is slot.coming:
            slot.coming = None
        else:
            slot.serving = None
        if self.stopping:
            return
        if not self._up:
            raise SetupError(reason)
        if worker.settings is self._candidate and self._settings is not self._candidate:
            self._rolling.clear()
            self._candidate = None
            _refuse(reason)
            return
        pause = PAUSES[min(slot.early_deaths, len(PAUSES) - 1)] if early else 0.0
        slot.early_deaths = slot.early_deaths + 1 if early else 0
        slot.not_before = self._clock() + pause
        logger.warning("%s The next one is started%s.", reason, f" in {pause:g} s" if pause else "")

    def _look_for_late_ones(self) -> None:
        for slot in self.slots:
            within = START_WITHIN if self._up else FIRST_WITHIN
            if slot.coming is not None and self._clock() - slot.since > within:
                self._reasons[slot.coming] = f"{slot.coming!r} was not ready within {within:g} s."
                slot.coming.kill()
                slot.since = self._clock()

    def _fill(self) -> None:
        """Start workers where there are none."""
        for slot in self.slots:
            if slot.serving is None and slot.coming is None and self._clock() >= slot.not_before:
                self._start(slot, self._settings)

    # -- empty places ------------------------------------------------------------------------------------------------

    def _depute(self) -> None:
        """Have somebody serve the sockets of empty places too."""
        serving = [slot.serving for slot in self.slots if slot.serving is not None]
        for slot in self.slots:
            if slot.serving is None and slot.used and slot.deputy not in serving and serving:
                slot.deputy = serving[slot.number % len(serving)]
                slot.deputy.tell(Order("serve", slot.number))

    def _relieve(self, slot: Slot) -> None:
        """The place is not empty any more."""
        if slot.deputy is not None:
            slot.deputy.tell(Order("leave", slot.number))
            slot.deputy = None

    # -- replacing all of them ---------------------------------------------------------------------------------------

    def _reload(self) -> None:
        if self.stopping or not self._up:
            return
        if self._rolling:
            self._again = True
            return
        try:
            settings = self._read()
        except SetupError as error:
            _refuse(error.message)
            return
        changed = [name for name in FIXED if getattr(settings, name) != getattr(self._settings, name)]
        if changed:
            _refuse(f"{' and '.join(changed)} can only change when all of it is started anew.")
            return
        self._candidate = settings
        self._rolling.extend(self.slots)

    def _roll(self) -> None:
        while self._rolling:
            slot = self._rolling[0]
            if slot.coming is not None or slot.leaving or self._clock() < slot.not_before:
                return
            if slot.serving is None or slot.serving.settings is not self._candidate:
                self._start(slot, self._candidate)  # type: ignore[arg-type]
                return
            self._rolling.popleft()
            if not self._rolling:
                logger.warning("All %d workers have been replaced.", len(self.slots))
                if self._again:
                    self._again = False
                    self._reload()


class Bell:
    """Waits until something happens: a signal, a word of a worker, an end of one."""

    def __init__(self) -> None:
        self._signals: list[int] = []
        self._terminal = os.isatty(2)
        self._reading, self._waking = socket.socketpair()
        for end in (self._reading, self._waking):
            end.settimeout(0)

    @contextlib.contextmanager
    def hung(self) -> Generator[None, None, None]:
        """Take signals for the length of a block."""
        numbers = [*STOPPING, signal.SIGCHLD, *([RELOAD] if RELOAD else [])]
        before = {number: signal.signal(number, self._rung) for number in numbers}
        waking = signal.set_wakeup_fd(self._waking.fileno())
        try:
            yield
        finally:
            signal.set_wakeup_fd(waking)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._reading.close()
            self._waking.close()

    def _rung(self, number: int, _: object) -> None:
        if number == RELOAD and self._terminal and not os.isatty(2):
            number = signal.SIGTERM  # the terminal has been closed
        if number != signal.SIGCHLD:
            self._signals.append(number)

    def wait(self, wires: Sequence[socket.socket], seconds: float) -> list[int]:
        """The signals that have come, within so many seconds."""
        if not self._signals:
            with selectors.DefaultSelector() as watched:
                for wire in (self._reading, *wires):
                    watched.register(wire, selectors.EVENT_READ)
                watched.select(seconds)
            with contextlib.suppress(BlockingIOError):
                self._reading.recv(4096)
        signals, self._signals = self._signals, []
        return signals


def watch_over(supervisor: Supervisor, listeners: Sequence[socket.socket] = ()) -> int:
    """Keep the workers until told to stop; the exit code, negative for the signal that ended all at once.

    The listeners are closed when it stops, so that the workers are the last who have them.
    """
    bell = Bell()
    with bell.hung():
        try:
            supervisor.begin()
            while supervisor.code is None or supervisor.everyone():
                wires = [wire for worker in supervisor.everyone() if (wire := worker.wire) is not None]
                supervisor.turn(bell.wait(wires, ROUND))
                if os.getpid() == 1:
                    _bury_strangers({worker.pid for worker in supervisor.everyone()})
                if supervisor.stopping:
                    for listener in listeners:
                        listener.close()
        finally:
            for worker in supervisor.everyone():
                worker.bury()
    return supervisor.code


def supervise(part: str, settings: Terms, read: Callable[[], Terms], token: str = "") -> None:
    """Keep the workers that the settings ask for, until told to stop; ``part`` is what makes their applications."""
    listeners = listen_apart(settings, settings.workers)
    launcher = Launcher(part, listeners, token)
    try:
        code = watch_over(Supervisor(settings, read, launcher), listeners)
    finally:
        launcher.close()
    if code < 0:
        end_by(-code)
    if code:
        sys.exit(code)


def _bury_strangers(ours: set[int]) -> None:
    """Look after what the first process of a container is left with: children of workers that have died."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid not in ours:
            os.waitpid(ended.si_pid, os.WNOHANG)


def _refuse(reason: str) -> None:
    logger.error("The new settings are refused: %s The old ones go on.", reason)


def _how(code: int) -> str:
    if code >= 0:
        return f"with exit code {code}"
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:
        return f"by signal {-code}"
