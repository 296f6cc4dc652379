"""Searching among many tasks: search with three filters, typeahead, and pages of lists at any depth.

Everything is asked of the API in this process, as the server would: searches read in a thread. Prints one JSON line a
figure, in milliseconds, over queries that are drawn at random and differ.

    python benchmarks/search.py [--tasks 100000] [--queries 400]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from msgspec.json import decode

from fanfold.model import Call, Caller
from fanfold.work import SqliteStore, WorkApi
from fanfold.work.seed import first_user, seed

WORDS = [
    first + second
    for first in ("rep", "bud", "la", "me", "pla", "de", "tes", "cu", "in", "mi", "no", "or", "qua", "ri", "sa")
    for second in (
        "ort",
        "get",
        "unch",
        "moir",
        "ning",
        "sign",
        "ting",
        "stom",
        "voice",
        "grate",
        "tify",
        "der",
        "lity",
    )
]
PER_PROJECT = 500
COMMIT = 500


class Made(NamedTuple):
    """What there is to ask for."""

    workspace: str
    users: list[str]
    projects: list[str]
    tags: list[str]


class Asker:
    """Asks the API as one user, in this process."""

    def __init__(self, path: Path) -> None:
        self.store = SqliteStore(path)
        seed(self.store, "demo")
        self.api = WorkApi(self.store)
        self.user = str(first_user(self.store))

    def call(self, method: str, path: str, data: Any = None, **query: str) -> Call:
        """One call as a target gets it."""
        endpoint, params = self.api.resolve(method, path)
        body = None if data is None else {"data": data}
        return Call(method, path, tuple(query.items()), body, (), Caller("benchmark", self.user), endpoint, params)

    def ask(self, method: str, path: str, data: Any = None, *, commit: bool = True, **query: str) -> Any:
        """What the answer to one call shows."""
        answer = self.api.answer(self.call(method, path, data, **query))
        if commit:
            self.api.commit()
        return decode(answer.body)["data"]


def fill(asker: Asker, count: int, chance: random.Random) -> Made:
    """Make ``count`` tasks through the API: words as they are spread in texts, people and tags as they are in teams."""
    ask = asker.ask
    workspace = ask("GET", "/workspaces")[0]["gid"]
    for number in range(40):
        ask("POST", f"/workspaces/{workspace}/addUser", {"user": f"person{number}@example.com"})
    users = [user["gid"] for user in ask("GET", f"/workspaces/{workspace}/users")]
    tags = [ask("POST", "/tags", {"name": word, "workspace": workspace})["gid"] for word in WORDS[:30]]
    team = ask("GET", f"/workspaces/{workspace}/teams")[0]["gid"]
    weights = [1 / rank for rank in range(1, len(WORDS) + 1)]
    projects: list[str] = []
    for number in range(count):
        if number % PER_PROJECT == 0:
            name = f"{chance.choice(WORDS)} {number}"
            projects.append(ask("POST", "/projects", {"name": name, "workspace": workspace, "team": team})["gid"])
        words = chance.choices(WORDS, weights, k=20)
        data = {
            "name": " ".join([*words[:6], str(number)]),
            "notes": " ".join(words[6:]),
            "projects": [projects[-1]],
            "completed": chance.random() < 0.5,
            "tags": chance.sample(tags, chance.randrange(3)),
        }
        if chance.random() < 0.8:
            data["assignee"] = chance.choices(users, [1 / rank for rank in range(1, len(users) + 1)])[0]
        if chance.random() < 0.5:
            data["due_on"] = f"2027-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
        ask("POST", "/tasks", data, commit=number % COMMIT == 0)
    asker.api.commit()
    return Made(workspace, users, projects, tags)


def three_filters(made: Made, chance: random.Random) -> dict[str, str]:
    """Three conditions, drawn from all sorts of them, and an order."""
    day = f"2027-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
    sorts: dict[str, Callable[[], str]] = {
        "text": lambda: " ".join(chance.sample(WORDS, chance.choice((1, 1, 2)))),
        "completed": lambda: chance.choice(("true", "false")),
        "assignee.any": lambda: ",".join(chance.sample(made.users, chance.choice((1, 1, 3)))),
        "assignee.not": lambda: chance.choice(made.users),
        "followers.any": lambda: chance.choice(made.users),
        "projects.any": lambda: ",".join(chance.sample(made.projects, chance.choice((1, 2, 10)))),
        "projects.not": lambda: chance.choice(made.projects),
        "tags.any": lambda: ",".join(chance.sample(made.tags, chance.choice((1, 1, 3)))),
        "tags.all": lambda: ",".join(chance.sample(made.tags, 2)),
        "tags.not": lambda: chance.choice(made.tags),
        "due_on": lambda: chance.choice((day, "null")),
        "due_on.before": lambda: day,
        "due_on.after": lambda: day,
        "is_subtask": lambda: chance.choice(("true", "false")),
        "is_blocked": lambda: chance.choice(("true", "false")),
        "has_attachment": lambda: chance.choice(("true", "false")),
    }
    query = {name: sorts[name]() for name in chance.sample(list(sorts), 3)}
    order = chance.choice(
        ("modified_at", "modified_at", "created_at", "due_date", "completed_at", "likes", "relevance")
    )
    return {**query, "sort_by": order, "limit": chance.choice(("20", "100"))}


def typed(_: Made, chance: random.Random) -> dict[str, str]:
    """The first letters of a word or two."""
    kind = chance.choice(("task", "task", "task", "user", "project", "tag", "team"))
    word = chance.choice(WORDS)
    text = word[: chance.randrange(1, len(word) + 1)]
    if chance.random() < 0.2:
        text = f"{chance.choice(WORDS)} {text}"
    return {"resource_type": kind, "query": text, "count": chance.choice(("10", "20", "100"))}


async def measure(asker: Asker, calls: Iterator[Call]) -> tuple[list[float], int]:
    """Milliseconds of each call, and how many of them found something."""
    taken, hits = [], 0
    for call in calls:
        started = perf_counter()
        answer = await asker.api.send(call)
        taken.append((perf_counter() - started) * 1e3)
        hits += len(answer.body) > 12
    return taken, hits


def deep(asker: Asker, path: str, **query: str) -> list[float]:
    """Milliseconds of each page of a hundred, down to the end of a list."""
    taken: list[float] = []
    offset: dict[str, str] = {}
    while True:
        call = asker.call("GET", path, None, limit="100", **query, **offset)
        started = perf_counter()
        answer = asker.api.answer(call)
        taken.append((perf_counter() - started) * 1e3)
        asker.api.commit()
        following = decode(answer.body)["next_page"]
        if following is None:
            return taken
        offset = {"offset": following["offset"]}


def show(case: str, taken: list[float], target: float, **more: Any) -> None:
    ordered = sorted(taken)
    p95 = ordered[int(len(ordered) * 0.95)]
    figures = {"p50_ms": round(statistics.median(ordered), 2), "p95_ms": round(p95, 2), "max_ms": round(ordered[-1], 2)}
    print(json.dumps({"case": case, **figures, "target_p95_ms": target, "met": p95 <= target, **more}), flush=True)


async def catch_up(asker: Asker, made: Made) -> None:
    """How long the first search takes, which has everything to index, and the longest that others wait meanwhile."""
    waits: list[float] = []

    async def watch() -> None:
        while True:
            started = perf_counter()
            await asyncio.sleep(0)
            waits.append((perf_counter() - started) * 1e3)

    watcher = asyncio.ensure_future(watch())
    started = perf_counter()
    await asker.api.send(asker.call("GET", f"/workspaces/{made.workspace}/tasks/search", text="report"))
    seconds = perf_counter() - started
    watcher.cancel()
    print(json.dumps({"case": "first search", "seconds": round(seconds, 2), "longest_wait_ms": round(max(waits), 1)}))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=400)
    parser.add_argument("--slowest", type=int, default=0, help="show so many of the slowest queries")
    options = parser.parse_args()
    chance = random.Random(7)
    with tempfile.TemporaryDirectory() as directory:
        asker = Asker(Path(directory) / "search.db")
        started = perf_counter()
        made = fill(asker, options.tasks, chance)
        each = (perf_counter() - started) / options.tasks * 1e6
        print(json.dumps({"case": "create a task", "tasks": options.tasks, "us": round(each, 1)}), flush=True)
        asyncio.run(catch_up(asker, made))
        for case, path, draw, target in (
            ("search with three filters", "tasks/search", three_filters, 30),
            ("typeahead", "typeahead", typed, 10),
        ):
            drawn = [draw(made, chance) for _ in range(options.queries)]
            calls = (asker.call("GET", f"/workspaces/{made.workspace}/{path}", None, **query) for query in drawn)
            taken, hits = asyncio.run(measure(asker, calls))
            show(case, taken, target, found_something=hits, queries=len(drawn))
            for worst in sorted(zip(taken, drawn, strict=True), key=lambda pair: -pair[0])[: options.slowest]:
                print(json.dumps({"slow_ms": round(worst[0], 1), **worst[1]}))
        lists = {
            "tasks of a project": (f"/projects/{made.projects[0]}/tasks", {}),
            "tasks of a tag": (f"/tags/{made.tags[0]}/tasks", {}),
            "tasks of a person": ("/tasks", {"assignee": made.users[0], "workspace": made.workspace}),
            "tasks with fields": (f"/tags/{made.tags[1]}/tasks", {"opt_fields": "name,completed,assignee.name,due_on"}),
            "projects": (f"/workspaces/{made.workspace}/projects", {}),
        }
        for case, (path, query) in lists.items():
            taken = deep(asker, path, **query)
            show(f"page of 100 {case}", taken, 5, pages=len(taken))
        asker.store.close()


if __name__ == "__main__":
    main()
