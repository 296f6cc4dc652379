"""The loop beside the synchronous libraries: there while somebody holds it, and gone afterwards."""

import asyncio
import os
import subprocess
import sys
import threading

import pytest

from fanfold.compat.background import Background


def test_it_is_shared_and_ends_with_the_last():
    background = Background()
    first, second = background.hold(), background.hold()
    assert first is second
    background.release(first)
    assert background.is_current(first)
    assert first.loop.is_running()
    background.release(second)
    assert not background.is_current(first)
    assert first.loop.is_closed()


def test_it_begins_anew():
    background = Background()
    first = background.hold()
    background.release(first)
    second = background.hold()
    assert second is not first

    async def answer():
        return 42

    assert second.wait_for(answer()) == 42
    background.end()


def test_what_is_released_late_ends_nobody_elses():
    background = Background()
    first = background.hold()
    background.end()
    second = background.hold()
    background.release(first)
    assert background.is_current(second)
    background.end()


def test_what_is_raised_there_is_raised_here():
    background = Background()
    thread = background.hold()

    async def fail():
        raise ValueError("so")

    with pytest.raises(ValueError, match="so"):
        thread.wait_for(fail())
    background.end()


def test_what_blocks_does_so_beside_the_loop():
    background = Background()
    thread = background.hold()
    name = thread.wait_for(thread.beside(lambda: threading.current_thread().name))
    assert name.startswith("fanfold-compat-carrier")
    background.end()


def test_nothing_is_finished_after_its_end():
    background = Background()
    thread = background.hold()
    done = []

    async def note():
        done.append(thread.loop.is_running())

    thread.finish(note)
    background.end()
    thread.finish(note)
    assert done == [True]


def test_its_end_cancels_what_runs():
    background = Background()
    thread = background.hold()
    begun, cancelled = threading.Event(), threading.Event()

    async def never():
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    asyncio.run_coroutine_threadsafe(never(), thread.loop)
    assert begun.wait(10)
    background.end()
    assert cancelled.is_set()


def test_a_process_that_closes_nothing_ends_by_itself():
    program = (
        "import threading\nfrom fanfold.compat.background import BACKGROUND\n"
        "thread = BACKGROUND.hold()\nthread.wait_for(thread.beside(lambda: None))\nprint('done')\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (0, "done\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="There are no forks here")
def test_after_a_fork_it_is_made_anew():
    program = (
        "import os, sys\nfrom fanfold.compat.background import BACKGROUND\n"
        "thread = BACKGROUND.hold()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    again = BACKGROUND.hold()\n"
        "    fine = again is not thread and again.wait_for(again.beside(lambda: 5)) == 5\n"
        "    BACKGROUND.end()\n"
        "    os._exit(0 if fine else 1)\n"
        "sys.exit(os.waitpid(child, 0)[1])\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert found.returncode == 0, found.stderr
