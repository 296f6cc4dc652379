"""The invariants: what clients were told is compared with what is there, through the API and in the database itself.

=====  ============================================================================
I1     what was acknowledged can be read
I2     nothing is reported done whose effect is absent
I3     what was not acknowledged is there as a whole or not at all
I4     as many results as actions, each its own action's (seen as answers come in)
I5     no slot is held when nobody asks for anything
I6     what was charged is what was admitted, exactly
I7     asking again with the same key does it once
I8     a step of a job has its effect once
I9     an event that was committed is delivered, with the same bytes if twice
I10    the database is sound
I11    no traceback and no secret in what the server printed
I12    files, tasks and memory are as before
=====  ============================================================================

I8 and I9 are looked at where there are jobs and webhooks, I12 where a server lives long enough.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from faults.client import Link
from faults.history import History, Operation, linear, settle
from faults.inside import Inside
from faults.server import Inner, Sample, Server
from faults.workload import Ground

MOST_AGAIN = 300
"""Keys that are asked for again: of more, every so manieth."""

FIELDS = "name,assignee,projects,tags,memberships.section"

Task = dict[str, Any]


async def assert_invariants(
    server: Server, inside: Inside, ground: Ground, history: History, *, sound: bool = True
) -> list[str]:
    """All that is wrong with what the server and its database show of a run, in sentences. The run has to be over.

    ``sound``: whether the whole database is looked through too, which takes the longer the larger it is.
    """
    settle(history.operations)
    async with server.link() as link:
        tasks = {task["gid"]: task for task in await link.pages(f"/projects/{ground.project}/tasks", FIELDS)}
        found = [*history.wrong, *_tasks(history, tasks, ground), *_inside(history, inside)]
        for register in ground.registers:
            found += await _register(link, history, register)
            found += await _stories(link, history, register)
        found += await _gone(link, history)
        found += await at_rest(link)
    if sound:
        found += inside.unsound()
    return found + printed(server)


# -- what was made -----------------------------------------------------------------------------------------------------


def _tasks(history: History, tasks: dict[str, Task], ground: Ground) -> list[str]:
    found: list[str] = []
    deleted = {one.key for one in history.of("delete", "ok", "info", "asked")}
    for one in _made(history, "ok"):
        if one.gid in deleted:
            continue
        if one.gid not in tasks:
            found.append(f"I1: {one.what} {one.value} was acknowledged as {one.gid} and is not there")
        elif tasks[one.gid]["name"] != one.value:
            found.append(f"I2: {one.gid} was to be {one.value} and is {tasks[one.gid]['name']}")
    bad = {one.value for one in history.of("bad")}
    names = Counter(task["name"] for task in tasks.values())
    for task in tasks.values():
        if task["name"] in bad:
            found.append(f"I3: something of the refused {task['name']} is left: {task['gid']}")
        if task["gid"] not in ground.registers and not _whole(task, ground):
            found.append(f"I3: {task['name']} is half there: {task}")
        if names[task["name"]] > 1:
            found.append(f"I7: {task['name']} is there {names[task['name']]} times")
    refused = {one.value for one in _made(history, "fail")}
    found += [f"I2: {task['name']} was refused and is there" for task in tasks.values() if task["name"] in refused]
    return found


def _made(history: History, *states: Any) -> Iterable[Operation]:
    yield from history.of("create", *states)
    yield from history.of("keyed", *states)


def _whole(task: Task, ground: Ground) -> bool:
    """Whether a task has all that it was created with, each of which is a row of its own."""
    return (
        [one["gid"] for one in task["projects"]] == [ground.project]
        and [one["gid"] for one in task["tags"]] == [ground.tag]
        and bool(task["assignee"])
        and bool(task["memberships"] and task["memberships"][0]["section"])
    )


def _inside(history: History, inside: Inside) -> list[str]:
    """The same in the database, without the API between."""
    deleted = {one.key for one in history.of("delete", "ok", "info", "asked")}
    wanted = {one.gid: one.value for one in _made(history, "ok") if one.gid not in deleted}
    there = inside.documents(wanted)
    return [
        f"I1: {value} ({gid}) was acknowledged and is not in the database"
        for gid, value in wanted.items()
        if there.get(gid, {}).get("name") != value
    ]


async def _gone(link: Link, history: History) -> list[str]:
    found: list[str] = []
    for one in history.of("delete", "ok"):
        reply = await link.ask("GET", f"/api/1.0/tasks/{one.key}")
        if reply.status != 404:
            found.append(f"I1: {one.value} ({one.key}) was deleted and is answered with {reply.status}")
    return found


# -- what was changed --------------------------------------------------------------------------------------------------


async def _register(link: Link, history: History, register: str) -> list[str]:
    """A register: reads and writes have an order, and what is there now is its end."""
    last = history.ask(Operation("read", register, ""))
    last.value = (await link.data("GET", f"/tasks/{register}?opt_fields=notes"))["notes"]
    history.end(last, "ok")
    found = linear(
        (one for one in history.operations if one.key == register and one.what in ("read", "write")), "first"
    )
    return [f"I1: {found}"] if found else []


async def _stories(link: Link, history: History, register: str) -> list[str]:
    """A list that is only appended to: each acknowledged story once, and those of one writer in their order."""
    stories = await link.pages(f"/tasks/{register}/stories", "text,resource_subtype")
    texts = [story["text"] for story in stories if story["resource_subtype"] == "comment_added"]
    counts = Counter(texts)
    asked = [one for one in history.of("story") if one.key == register]
    found = [f"I1: story {one.value} was acknowledged and is not there" for one in asked if _lost(one, counts)]
    found += [f"I7: story {text} is there {count} times" for text, count in counts.items() if count > 1]
    known = {one.value: one for one in asked}
    found += [f"I3: nobody wrote the story {text}" for text in texts if text not in known]
    found += [
        f"I2: story {text} was refused and is there" for text in texts if text in known and known[text].state == "fail"
    ]
    by_writer: dict[str, list[int]] = defaultdict(list)
    for text in texts:
        writer, _, number = text.rpartition("-")
        by_writer[writer].append(int(number))
    found += [f"I1: the stories of {writer} are out of order" for writer, of in by_writer.items() if of != sorted(of)]
    return found


def _lost(one: Operation, counts: Counter[str]) -> bool:
    return one.state == "ok" and not counts[one.value]


# -- keys --------------------------------------------------------------------------------------------------------------


async def ask_again(link: Link, history: History, ground: Ground, *, since: float = 0.0) -> list[str]:
    """Ask for what was keyed once more, with the same words: it has to be there once, whatever happened the first time.

    Call it before ``assert_invariants``, which looks at what came of it. ``since``: only for what was asked for later
    than that, as keys are kept for a day.
    """
    found: list[str] = []
    keyed = [one for one in history.of("keyed") if one.began >= since]
    for one in keyed[:: len(keyed) // MOST_AGAIN + 1]:
        data = {"name": one.value, "projects": [ground.project], "tags": [ground.tag], "assignee": "me"}
        action = {"method": "post", "relative_path": "/tasks", "data": data, "idempotency_key": one.value}
        (result,) = (await link.batch([action])).data
        status = result["status_code"]
        if status == 409 and one.state != "ok":
            continue  # it is not known whether it was done, so it is not done again: at most once
        if status != 201:
            found.append(f"I7: {one.value} ({one.state}) was answered {status} when asked again: {result['body']}")
            continue
        gid = result["body"]["data"]["gid"]
        if one.state == "ok" and gid != one.gid:
            found.append(f"I7: {one.value} was {one.gid} and is {gid} when asked again")
        one.state, one.gid = "ok", gid
    return found


# -- the process -------------------------------------------------------------------------------------------------------


async def at_rest(link: Link, path: str = "/api/1.0/batch") -> list[str]:
    """Whether all slots are free while nobody asks for anything (I5). ``path`` is where batches go."""
    limits = await _limits(link, path)
    return [
        f"I5: {limit['quota'] - limit['left']} {limit['limit']} slots are held by nobody"
        for limit in limits
        if limit["window"] is None and limit["left"] != limit["quota"]
    ]


async def _limits(link: Link, path: str = "/api/1.0/batch") -> list[dict[str, Any]]:
    """How the limits stand, as soon as the server has time to tell."""
    while (reply := await link.ask("OPTIONS", path)).status == 503:
        await asyncio.sleep(0.2)
    found: list[dict[str, Any]] = reply.data["limits"]
    return found


async def charged(link: Link, asked: int) -> list[str]:
    """Whether as many requests were counted as were admitted (I6). Only while the server is younger than its window."""
    limits = await _limits(link)
    counted = [limit["quota"] - limit["left"] for limit in limits if limit["limit"] == "requests"]
    return [f"I6: {counted[0]} requests were charged for {asked} admitted"] if counted and counted[0] != asked else []


def printed(server: Server) -> list[str]:
    """Whether the server printed what it must not (I11)."""
    text = server.printed()
    found = [f"I11: a traceback was printed: {traceback[-400:]}" for traceback in _tracebacks(text)[:3]]
    if server.address.token and server.address.token in text:
        found.append("I11: the token was printed")
    return found


def _tracebacks(text: str) -> list[str]:
    return re.findall(r"Traceback \(most recent call last\):(?:\n .*)+\n.*", text)


def leaked(
    before: tuple[Sample, Inner], after: tuple[Sample, Inner], *, most_fds: int = 2, most_tasks: int = 2
) -> list[str]:
    """Whether files or tasks are left (I12)."""
    (sample, inner), (later, within) = before, after
    found = []
    if later.fds > sample.fds + most_fds:
        found.append(f"I12: {later.fds} files are open, {sample.fds} were before")
    if within.tasks > inner.tasks + most_tasks:
        found.append(f"I12: {within.tasks} tasks are left, {inner.tasks} were before")
    return found
