"""A faked clock is what it was set to at once, and only the wall clock is one."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from faults.faked_time import FakedTime
from faults.setting import UnableError

TELLS = """
import sys, time
for _ in sys.stdin:
    print(time.time(), time.monotonic(), flush=True)
"""


class Told:
    """A process that goes by the clock."""

    def __init__(self, faked):
        self.environment = {}
        faked.give(self)
        self.process = subprocess.Popen(
            [sys.executable, "-c", TELLS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self.environment,
            text=True,
        )

    def __call__(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return tuple(map(float, self.process.stdout.readline().split()))


@pytest.fixture
def faked(tmp_path):
    try:
        return FakedTime(tmp_path)
    except UnableError as error:
        pytest.skip(str(error))


def test_a_process_sees_at_once_that_its_clock_was_set(faked):
    told = Told(faked)
    try:
        right, began = told()
        faked.set(3600)
        ahead, _ = told()
        faked.set(-3600)
        back, ended = told()
        faked.freeze(datetime.now(UTC) + timedelta(days=1))
        stands, still = told()[0], told()[0]
    finally:
        told.process.kill()
        told.process.communicate()
    assert 3590 < ahead - right < 3690
    assert 3510 < right - back < 3610
    assert 0 <= ended - began < 100
    assert stands == still
    assert 86_300 < stands - right < 86_500
