"""The simulation finds nothing in the product, and something in each engine or limiter that is broken on purpose."""

import asyncio
import gc
import os
import re
import subprocess
import sys

import pytest

from faults.simulation import __main__ as command
from faults.simulation.dice import Dice
from faults.simulation.loop import Stuck, VirtualLoop
from faults.simulation.mutants import MUTANTS, broken
from faults.simulation.running import run_seed

ENOUGH = 300
"""Seeds within which what is broken is found; most of it is by the first five."""


@pytest.fixture(autouse=True, scope="module")
def young():
    """Each seed ends with a look for garbage, which need not be among all that the tests have imported."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def run(work, dice=None):
    loop = VirtualLoop(dice)
    try:
        return loop.run_until_complete(work), loop
    finally:
        loop.close()


@pytest.mark.parametrize("first", [1, 21, 41])
def test_a_few_seeds_find_nothing(first):
    assert [found for found in map(run_seed, range(first, first + 20)) if found.wrong] == []


def test_a_seed_is_the_same_run_in_any_process():
    asked = [sys.executable, "-m", "faults.simulation", "--seeds", "12", "--digests"]
    runs = {
        subprocess.run(
            asked, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": hashing}
        ).stdout
        for hashing in ("1", "2")
    }
    assert len(runs) == 1
    digests = dict(line.split() for line in runs.pop().splitlines())
    assert digests == {str(seed): run_seed(seed).digest for seed in range(1, 13)}
    assert len(set(digests.values())) == 12


# What is broken may leave anything behind, and be told of it when it is collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("name", MUTANTS)
def test_what_is_broken_is_found(name):
    with broken(name):
        found = any(run_seed(seed).wrong for seed in range(1, ENOUGH))
    gc.collect()
    assert found


def test_a_seed_that_fails_is_shown_with_the_command_that_repeats_it(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["simulation", "--seeds", "3", "--twice", "0"])
    with broken("results come as they end"):
        assert command.main() == 1
    printed = capsys.readouterr().out
    assert re.search(r"Seed 1 failed:\n  the (answer to something else|results are not those of the actions)", printed)
    assert re.search(r"\n +1000\.\d+ +ask ", printed)
    assert "Again: python -m faults.simulation --seeds 1 --first-seed 1\n" in printed


def test_seeds_in_several_processes_are_the_same_runs(monkeypatch, capsys):
    told = []
    for jobs in ("1", "2"):
        monkeypatch.setattr(sys, "argv", ["simulation", "--seeds", "8", "--twice", "2", "--jobs", jobs])
        assert command.main() == 0
        told.append(re.findall(r'"(?:events|steps|digest)": [^,}]+', capsys.readouterr().out))
    assert len(told[0]) == 3
    assert told[0] == told[1]


# -- the loop --------------------------------------------------------------------------------------------------------


async def seconds(*times):
    done = []

    async def wait(seconds):
        await asyncio.sleep(seconds)
        done.append(seconds)

    await asyncio.gather(*map(wait, times))
    return done


def test_time_passes_only_where_nothing_is_ready():
    done, loop = run(seconds(3600, 1, 0, 86_400))
    assert (done, loop.time()) == ([0, 1, 3600, 86_400], 1000 + 86_400)


def test_what_happens_at_one_moment_happens_in_any_order_that_the_seed_has():
    orders = {tuple(run(in_any_order(), Dice(f"{seed}"))[0]) for seed in range(100)}
    assert len(orders) == 6
    assert run(in_any_order(), Dice("1"))[0] == run(in_any_order(), Dice("1"))[0]
    assert run(in_any_order())[0] == [0, 1, 2]


async def in_any_order():
    done = []

    async def note(name):
        done.append(name)

    await asyncio.gather(*map(note, range(3)))
    return done


def test_waiting_for_nobody_is_noticed():
    async def wait():
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Stuck):
        run(wait())


def test_there_are_no_threads():
    async def work():
        await asyncio.to_thread(int)

    with pytest.raises(RuntimeError, match="no threads"):
        run(work())
