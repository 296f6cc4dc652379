"""Our own batch servers before the ground: the middleware in this process, the gateway in one of its own."""

import logging
import os
import re
import subprocess
import sys
import time

import pytest

from fanfold import BatchMiddleware
from fanfold.attack.ground import Ground
from tests.attack.servers import attacked, failures, serving

TIMES = {"timeout": 2.0, "deadline": 4.0}
PATIENCE = 12.0
BIG = 60

JUDGED = {f"S{number}" for number in range(1, 31)} - {"S26"}


def lines_judged(outcomes):
    return {one.case.line for one in outcomes if one.verdict != "n/a"}


@pytest.fixture(autouse=True)
def _quiet():
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    logging.getLogger("fanfold").setLevel(logging.CRITICAL)
    yield
    logging.getLogger("fanfold").setLevel(logging.NOTSET)


def test_nothing_gets_past_the_middleware():
    with serving(BatchMiddleware(Ground(), deny=["/forbidden/**"], **TIMES)) as address:
        outcomes = attacked(f"{address}/batch", patience=PATIENCE, big=BIG)
    assert failures(outcomes) == {}
    assert lines_judged(outcomes) >= JUDGED
    assert sum(one.verdict == "passed" for one in outcomes) >= 900


def test_nothing_gets_past_the_limits_of_the_middleware():
    with serving(BatchMiddleware(Ground(), limiter="requests=45", **TIMES)) as address:
        outcomes = attacked(f"{address}/batch", only=["S3", "S4"], patience=PATIENCE)
    assert failures(outcomes) == {}
    assert all(one.verdict != "n/a" for one in outcomes)


def test_nothing_gets_past_the_gateway(tmp_path):
    with serving(Ground()) as ground, gateway_before(ground, tmp_path) as (address, log):
        outcomes = attacked(f"{address}/batch", patience=PATIENCE, big=BIG, log=str(log))
    assert failures(outcomes) == {}
    assert lines_judged(outcomes) >= JUDGED - {"S6"}
    assert sum(one.verdict == "passed" for one in outcomes) >= 900


class gateway_before:  # noqa: N801 - used like a function
    """A gateway process; entered, its address and the file that it writes to."""

    def __init__(self, upstream, directory):
        settings = directory / "fanfold.toml"
        settings.write_text(
            "action_timeout = 3.0\nbatch_deadline = 5.0\n"
            f'[upstreams.u]\nurl = "{upstream}"\nprefix = "/"\ntimeout = 2.0\n'
        )
        self.output = directory / "gateway.out"
        self.command = [sys.executable, "-m", "fanfold", "gateway", "--port", "0", "--allow-private"]
        self.command += ["--config", str(settings)]
        self.process = None

    def __enter__(self):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FANFOLD_")}
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(self.command, stdout=out, stderr=out, env=inherited)
        until = time.monotonic() + 30
        while not (found := re.search(r"listening on (http://\S+:\d+)", self.output.read_text())):
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < until, self.output.read_text()
            time.sleep(0.02)
        return found[1], self.output

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=40)
