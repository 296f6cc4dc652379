"""Which workers a supervisor starts, replaces and ends: with workers that are none, and time that the test makes."""

import logging
import signal
from types import SimpleNamespace

import pytest

from fanfold.errors import SetupError
from fanfold.server.supervisor import FIRST_WITHIN, PAUSES, SETTLED, START_WITHIN, Supervisor
from fanfold.server.workers import Order, Said

TERM, INT, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGHUP


class Fake:
    """A worker that does what the test says."""

    def __init__(self, slot, settings, first):
        self.slot, self.settings, self.first = slot, settings, first
        self.words, self.orders, self.code, self.stopped = [], [], None, False

    def __repr__(self):
        return "process 7"

    def hear(self):
        words, self.words = self.words, []
        return words

    def tell(self, order):
        self.orders.append(order)

    def ended(self):
        return self.code

    def stop(self):
        self.stopped = True

    def kill(self):
        self.code = -9


class Stage:
    """A supervisor, its workers in the order in which they were started, and the time."""

    def __init__(self, workers=2):
        self.now = 0.0
        self.started = []
        self.forgotten = []
        self.settings = self.terms(workers)
        self.supervisor = Supervisor(self.settings, self.read, self, clock=lambda: self.now)

    @staticmethod
    def terms(workers, **more):
        given = {"host": "h", "port": 1, "workers": workers, "drain_delay": 0.0, "drain_timeout": 5.0, "metrics": False}
        return SimpleNamespace(**(given | more))

    def read(self):
        if isinstance(self.settings, SetupError):
            raise self.settings
        return self.settings

    def __call__(self, slot, settings, *, first=False):
        self.started.append(Fake(slot, settings, first))
        return self.started[-1]

    def forget(self, worker):
        self.forgotten.append(worker)

    def turn(self, *signals, later=0.0):
        self.now += later
        self.supervisor.turn(signals)

    def ready(self, worker):
        worker.words.append(Said(ready=True))
        self.turn()

    def end(self, worker, code=0):
        worker.code = code
        self.turn()

    def up(self):
        """All workers serve."""
        self.supervisor.begin()
        for _ in self.supervisor.slots:
            for worker in list(self.started):
                self.ready(worker)
        return self.started[:]

    def replaced(self):
        """The newest worker is ready, and the one before it has gone."""
        new = self.started[-1]
        self.ready(new)
        for worker in self.started:
            if Order("retire") in worker.orders and worker.code is None:
                self.end(worker)


@pytest.fixture
def stage():
    return Stage()


def test_the_first_worker_is_ready_before_the_others_start(stage):
    stage.supervisor.begin()
    stage.turn(later=5)
    assert [(worker.slot, worker.first) for worker in stage.started] == [(0, True)]
    stage.ready(stage.started[0])
    assert [(worker.slot, worker.first) for worker in stage.started] == [(0, True), (1, False)]


def test_what_the_first_worker_cannot_start_for_is_the_reason_that_all_of_it_ends(stage):
    stage.supervisor.begin()
    stage.started[0].words.append(Said(refused="The key file is damaged."))
    stage.turn()
    with pytest.raises(SetupError, match=r"^The key file is damaged\.$"):
        stage.end(stage.started[0], 2)


def test_a_first_worker_that_just_dies_ends_all_of_it_too(stage):
    stage.supervisor.begin()
    with pytest.raises(SetupError, match="process 7 ended by SIGSEGV"):
        stage.end(stage.started[0], -signal.SIGSEGV)


def test_a_worker_that_dies_is_started_anew_at_once(stage):
    one, _ = stage.up()
    stage.now += SETTLED
    stage.end(one, -signal.SIGKILL)
    assert [worker.slot for worker in stage.started] == [0, 1, 0]
    assert stage.forgotten == [one]


def test_one_that_dies_again_and_again_is_waited_with_longer_and_longer(stage):
    stage.up()
    waited = []
    for _ in range(len(PAUSES) + 1):
        count = len(stage.started)
        stage.end(stage.supervisor.slots[0].serving or stage.supervisor.slots[0].coming, 1)
        pause = 0.0
        while len(stage.started) == count:
            stage.turn(later=0.5)
            pause += 0.5
        waited.append(pause)
    assert waited == [*PAUSES, PAUSES[-1]]


def test_one_that_has_lived_is_not_waited_with_for_those_before_it(stage):
    one, _ = stage.up()
    stage.end(one, 1)
    stage.end(stage.started[-1], 1)
    stage.turn(later=PAUSES[1])
    stage.ready(stage.started[-1])
    stage.now += SETTLED
    count = len(stage.started)
    stage.end(stage.started[-1], 1)
    assert len(stage.started) == count + 1


def test_the_socket_of_an_empty_place_is_served_by_another_until_somebody_is_there(stage):
    one, two = stage.up()
    stage.end(one, -9)
    assert two.orders == [Order("serve", 0)]
    stage.turn(later=1)
    assert two.orders == [Order("serve", 0)]
    stage.ready(stage.started[-1])
    assert two.orders == [Order("serve", 0), Order("leave", 0)]


def test_when_the_deputy_dies_too_the_next_who_serves_takes_over():
    stage = Stage(workers=3)
    one, two, three = stage.up()
    stage.end(one, -9)
    (deputy,) = [worker for worker in (two, three) if worker.orders]
    (other,) = [worker for worker in (two, three) if not worker.orders]
    stage.end(deputy, -9)
    assert other.orders == [Order("serve", 0), Order("serve", deputy.slot)]


def test_a_first_worker_that_is_never_ready_ends_all_of_it_after_time_enough_for_first_data(stage):
    stage.supervisor.begin()
    stage.turn(later=FIRST_WITHIN)
    assert stage.started[0].code is None
    stage.turn(later=1)
    with pytest.raises(SetupError, match="was not ready within 600 s"):
        stage.turn()


def test_a_worker_that_is_never_ready_is_ended(stage, caplog):
    stage.up()
    stage.end(stage.started[0], -9)
    coming = stage.started[-1]
    stage.turn(later=START_WITHIN + 1)
    assert coming.code == -9
    stage.turn()
    stage.turn(later=PAUSES[1])
    assert stage.started[-1] is not coming
    assert "was not ready within" in caplog.text


# -- stopping ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [TERM, INT])
def test_told_to_stop_it_has_all_finish_and_ends_well(stage, number):
    one, two = stage.up()
    stage.turn(number)
    assert (one.stopped, two.stopped) == (True, True)
    stage.end(one)
    assert stage.supervisor.code is None
    stage.end(two)
    assert stage.supervisor.code == 0
    assert len(stage.started) == 2


def test_told_twice_it_ends_them_at_once(stage):
    one, two = stage.up()
    stage.turn(TERM)
    stage.turn(INT)
    assert (one.code, two.code) == (-9, -9)
    stage.turn()
    assert stage.supervisor.everyone() == []
    assert stage.supervisor.code == -INT


def test_those_who_do_not_stop_in_time_are_ended_which_is_no_good_end(stage):
    one, two = stage.up()
    stage.turn(TERM)
    stage.end(one)
    stage.turn(later=1000)
    stage.turn()
    assert (two.code, stage.supervisor.code, stage.supervisor.everyone()) == (-9, 1, [])


def test_it_can_be_stopped_before_anybody_serves(stage):
    stage.supervisor.begin()
    stage.turn(TERM)
    assert stage.started[0].stopped
    stage.end(stage.started[0])
    assert stage.supervisor.code == 0


# -- replacing ---------------------------------------------------------------------------------------------------------


def test_workers_are_replaced_one_after_the_other_each_by_one_that_is_ready(stage, caplog):
    one, two = stage.up()
    new = stage.settings = stage.terms(2)
    stage.turn(HUP)
    assert [worker.slot for worker in stage.started] == [0, 1, 0]
    assert (one.orders, two.orders) == ([], [])
    stage.ready(stage.started[2])
    assert (one.orders, two.orders) == ([Order("retire")], [])
    stage.turn(later=3)
    assert len(stage.started) == 3
    stage.end(one)
    assert [worker.slot for worker in stage.started] == [0, 1, 0, 1]
    stage.replaced()
    assert two.orders == [Order("retire")]
    assert [slot.serving.settings for slot in stage.supervisor.slots] == [new, new]
    assert "All 2 workers have been replaced." in caplog.text


def test_settings_that_are_not_right_change_nothing(stage, caplog):
    stage.up()
    stage.settings = SetupError("The setting port cannot be 'x'.")
    stage.turn(HUP)
    assert len(stage.started) == 2
    assert "The new settings are refused: The setting port cannot be 'x'. The old ones go on." in caplog.text


@pytest.mark.parametrize("change", [{"port": 2}, {"host": "other"}, {"workers": 3}])
def test_what_all_of_it_has_to_be_started_anew_for_is_refused(stage, caplog, change):
    stage.up()
    stage.settings = stage.terms(2, **change) if "workers" not in change else stage.terms(3)
    stage.turn(HUP)
    assert len(stage.started) == 2
    assert f"{next(iter(change))} can only change when all of it is started anew" in caplog.text


@pytest.mark.parametrize("reason", ["", "The database cannot be reached."])
def test_settings_that_no_worker_can_start_with_are_given_up_and_the_old_ones_go_on(stage, caplog, reason):
    one, _ = stage.up()
    old, stage.settings = stage.settings, stage.terms(2)
    stage.turn(HUP)
    if reason:
        stage.started[2].words.append(Said(refused=reason))
    stage.end(stage.started[2], 2)
    stage.turn(later=60)
    assert len(stage.started) == 3
    assert one.orders == []
    assert f"refused: {reason or 'process 7 ended with exit code 2.'} The old ones go on." in caplog.text
    stage.end(one, -9)
    assert stage.started[3].settings is old


def test_a_worker_that_dies_after_the_new_settings_have_proved_good_is_started_with_them(stage):
    stage.up()
    new = stage.settings = stage.terms(2)
    stage.turn(HUP)
    stage.replaced()
    stage.replaced()
    stage.end(stage.supervisor.slots[1].serving, -9)
    assert stage.started[-1].settings is new


def test_a_later_worker_that_fails_is_tried_again_while_the_old_one_serves(stage):
    _, two = stage.up()
    new = stage.settings = stage.terms(2)
    stage.turn(HUP)
    stage.replaced()
    stage.end(stage.started[-1], 1)
    stage.turn(later=PAUSES[0])
    assert (stage.started[-1].slot, stage.started[-1].settings) == (1, new)
    assert two.orders == []


def test_who_asks_again_meanwhile_has_all_replaced_once_more(stage):
    stage.up()
    stage.settings = stage.terms(2)
    stage.turn(HUP)
    newest = stage.settings = stage.terms(2)
    stage.turn(HUP)
    for _ in range(4):
        stage.replaced()
    assert [slot.serving.settings for slot in stage.supervisor.slots] == [newest, newest]
    assert len(stage.started) == 6


def test_stopping_while_workers_are_replaced_stops_them_all(stage):
    stage.up()
    stage.settings = stage.terms(2)
    stage.turn(HUP)
    stage.turn(TERM)
    assert all(worker.stopped for worker in stage.started)
    for worker in stage.started:
        stage.end(worker)
    assert (len(stage.started), stage.supervisor.code) == (3, 0)


@pytest.fixture(autouse=True)
def heard(caplog):
    caplog.set_level(logging.INFO, logger="fanfold")
