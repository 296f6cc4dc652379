"""Work in the background: carried to its end, once, in this process or a later one."""

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fanfold.errors import Unavailable
from fanfold.server import workflows
from fanfold.server.durable import TaskRunner

CARRIER = """
import asyncio, os, sys
from pathlib import Path
from fanfold.server.durable import DurableRunner

engine, notes, mode = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]


async def count(subject):
    done = notes.read_text().split() if notes.exists() else []
    if len(done) == 20:
        return None
    notes.write_text(" ".join([*done, subject]))
    if mode == "die" and len(done) == 9:
        os._exit(9)
    return 0.01 if len(done) % 5 == 0 else 0


async def main():
    runner = DurableRunner({"count": count}, engine)
    if mode in ("die", "start"):
        runner.start("count", "7", "count-7")
        runner.start("count", "7", "count-7")
    else:
        runner.resume()
    for _ in range(1000):
        await asyncio.sleep(0.01)
        if notes.exists() and len(notes.read_text().split()) == 20:
            break
    await asyncio.sleep(0.3)
    await runner.close()


asyncio.run(main())
"""


@pytest.fixture
def carry(tmp_path):
    """Runs a process that carries work on and tells what it noted."""

    def carry(mode):
        command = [sys.executable, "-c", CARRIER, str(tmp_path / "engine"), str(tmp_path / "notes"), mode]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stderr, Path(tmp_path / "notes").read_text().split()

    return carry


def test_work_is_carried_to_its_end_once(carry):
    assert carry("start") == (0, "", ["7"] * 20)
    assert carry("start") == (0, "", ["7"] * 20)


def test_what_a_dead_process_left_is_gone_on_with(carry):
    assert carry("die") == (9, "", ["7"] * 10)
    assert carry("resume") == (0, "", ["7"] * 20)


async def test_work_in_memory_goes_on_until_its_end_and_is_not_started_twice():
    done = []

    async def step(subject):
        done.append(subject)
        return 0 if len(done) < 3 else None

    runner = TaskRunner({"step": step})
    runner.start("step", "1", "key")
    runner.start("step", "1", "key")
    for _ in range(9):
        await asyncio.sleep(0)
    await runner.close()
    assert done == ["1", "1", "1"]


async def test_work_that_has_to_wait_is_tried_again_until_it_can_be_done(monkeypatch, caplog):
    monkeypatch.setattr("fanfold.server.durable.AGAIN", 0.0)
    tries = []

    async def step(subject):
        tries.append(subject)
        if len(tries) < 4:
            raise Unavailable

    runner = TaskRunner({"step": step})
    runner.start("step", "1", "key")
    for _ in range(9):
        await asyncio.sleep(0)
    await runner.close()
    assert len(tries) == 4
    assert "has to wait" in caplog.text
    assert "Traceback" not in caplog.text


async def test_work_that_breaks_is_reported_and_harms_nobody(caplog):
    async def step(_):
        raise ValueError("broken")

    runner = TaskRunner({"step": step})
    runner.start("step", "1", "key")
    await asyncio.sleep(0)
    await runner.close()
    assert "step 1 broke off" in caplog.text


async def test_an_engine_that_does_not_end_is_left(monkeypatch, caplog):
    never = threading.Event()

    class Engine:
        def destroy(self, **_):
            never.wait(10)

    monkeypatch.setattr(workflows, "LAST", 0.05)
    left = workflows.Workflows(Path("unused"), lambda *_: None, "local", lambda: 0, lambda *_: None)
    left._thread.start()
    left._engine = Engine()
    began = time.monotonic()
    left.stop()
    assert time.monotonic() - began < 5
    assert "does not end" in caplog.text
    never.set()
    for ending in threading.enumerate():
        if ending.name == "fanfold-durable-end":
            ending.join()
    assert left._loop.is_closed()


async def test_two_threads_that_are_first_start_one_loop():
    starts = []

    class Slow(threading.Thread):
        def start(self):
            starts.append(self)
            time.sleep(0.05)
            super().start()

    class Engine:
        def destroy(self, **_):
            pass

    async def nothing():
        pass

    engine = workflows.Workflows(Path("unused"), lambda *_: None, "local", lambda: 0, lambda *_: None)
    engine._thread = Slow(target=engine._loop.run_forever, daemon=True)
    engine._engine, engine._tidied = Engine(), float("inf")
    futures = await asyncio.gather(*[asyncio.to_thread(engine._go, nothing) for _ in range(4)])
    await asyncio.gather(*map(asyncio.wrap_future, futures))
    assert len(starts) == 1
    engine.stop()


def test_a_process_that_has_closed_everything_waits_for_no_thread():
    code = (
        "import threading, time; from fanfold.server import draining; draining.LEAVING = 0.1; "
        "threading.Thread(target=time.sleep, args=(60,)).start(); draining.end_soon(3)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (3, False)
