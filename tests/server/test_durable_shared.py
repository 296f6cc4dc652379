"""Work in the background of several processes over one database: each piece is carried on by one of them at a time."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from tests.databases import drop, make, need_postgres, run

pytestmark = pytest.mark.services

STEPS = 15

CARRIER = """
import asyncio, os, sys
import psycopg
from fanfold.server import durable, presence

presence.BEAT, presence.SURE, presence.LOST = 0.3, 3.0, 5
url, first, last, steps = sys.argv[1], *map(int, sys.argv[2:])


async def count(subject):
    with psycopg.connect(url) as connection:
        (done,) = connection.execute("SELECT count(*) FROM step WHERE subject = %s", (subject,)).fetchone()
        if done == steps:
            return None
        await asyncio.sleep(0.02)
        # As in the work API, a step that another has done meanwhile is not done again.
        connection.execute("INSERT INTO step VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", (subject, done, os.getpid()))
    return 0.3 if done == 1 else 0.0


async def main():
    runner = durable.DurableRunner({"count": count}, url)
    runner.resume()
    for subject in range(first, last):
        runner.start("count", str(subject), f"count-{subject}")
    print("up", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    await runner.close()
    assert runner.works


asyncio.run(main())
"""


@pytest.fixture
def url():
    need_postgres()
    name = f"fanfold_test_durable_{os.getpid()}"
    yield make(name)
    drop(name)


@pytest.fixture
def steps(url):
    """Tells which steps were done for each subject, and by which processes."""
    run("CREATE TABLE step (subject text, number int, process int, PRIMARY KEY (subject, number))", url=url)

    def told():
        import psycopg  # noqa: PLC0415 - an extra

        with psycopg.connect(url) as connection:
            rows = connection.execute("SELECT subject, number, process FROM step ORDER BY 1, 2").fetchall()
        found = {}
        for subject, number, process in rows:
            found.setdefault(subject, []).append((number, process))
        return found

    return told


@contextmanager
def carrier(url, first=0, last=0):
    """A process that carries on work; in the end it has to stop by itself, unless it was killed, without complaints."""
    command = [sys.executable, "-c", CARRIER, url, str(first), str(last), str(STEPS)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "up\n", process.stderr.read()
        yield process
        _, complaints = process.communicate("\n", timeout=120)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()
    assert process.returncode in (0, -signal.SIGKILL), complaints
    assert "Traceback" not in complaints, complaints


def until(condition, seconds=240):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def all_done(steps, subjects):
    return lambda: [len(done) for done in steps().values()] == [STEPS] * subjects


def some_done(steps):
    return lambda: sum(map(len, steps().values())) > 10


def numbers(steps):
    return {subject: [number for number, _ in done] for subject, done in steps().items()}


def test_what_two_processes_start_is_carried_on_by_one(url, steps):
    with carrier(url, 0, 4), carrier(url, 0, 4):
        until(all_done(steps, 4))
    assert all(len({process for _, process in done}) == 1 for done in steps().values())


def test_what_a_killed_process_left_is_gone_on_with_by_another(url, steps):
    with carrier(url) as other:
        with carrier(url, 0, 6) as first:
            until(some_done(steps))
            first.kill()
        until(all_done(steps, 6))
    assert {process for done in steps().values() for _, process in done} == {first.pid, other.pid}


def test_what_a_process_that_stopped_left_is_gone_on_with_by_the_next(url, steps):
    with carrier(url, 0, 6) as first:
        until(some_done(steps))
        first.stdin.write("\n")
        first.stdin.flush()
        first.wait(30)
    with carrier(url) as second:
        until(all_done(steps, 6))
    assert {process for done in steps().values() for _, process in done} == {first.pid, second.pid}


def test_a_process_that_stands_still_is_taken_over_from_and_repeats_nothing(url, steps):
    with carrier(url) as other, carrier(url, 0, 6) as first:
        until(some_done(steps))
        first.send_signal(signal.SIGSTOP)
        until(all_done(steps, 6))
        first.send_signal(signal.SIGCONT)
        until(lambda: len(_holding(url)) == 2)
    assert {process for done in steps().values() for _, process in done} == {first.pid, other.pid}


def test_a_process_that_lost_its_connections_goes_on_when_it_has_them_again(url, steps):
    with carrier(url, 0, 6):
        until(some_done(steps))
        run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE application_name LIKE 'fanfold%' AND datname = '{url.rpartition('/')[2]}'"
        )
        until(all_done(steps, 6))
    assert numbers(steps) == {str(subject): list(range(STEPS)) for subject in range(6)}


def _holding(url):
    import psycopg  # noqa: PLC0415 - an extra

    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT objid FROM pg_locks JOIN pg_database d ON d.oid = database "
            "WHERE locktype = 'advisory' AND classid = 1717661303 AND d.datname = current_database()"
        ).fetchall()
