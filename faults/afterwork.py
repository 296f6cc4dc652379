"""What goes on when a request is answered: jobs that copy, exports, deliveries. Was each done, and once (I8, I9)?"""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from msgspec import json

from faults.client import BrokenError, Link
from faults.inside import Inside
from faults.receiver import Receiver

Event = dict[str, Any]

PATIENCE = 60.0
"""Seconds in which what goes on has to be at its end once nothing disturbs it any more."""


class Large(NamedTuple):
    """A project of which a copy takes several steps."""

    project: str
    template: str
    names: tuple[str, ...]


async def large_project(link: Link, tasks: int = 640) -> Large:
    """Make one, and a template of it."""
    workspace = (await link.data("GET", "/workspaces"))[0]["gid"]
    team = (await link.data("GET", f"/workspaces/{workspace}/teams"))[0]["gid"]
    project = (await link.data("POST", "/projects", name="Large", workspace=workspace, team=team))["gid"]
    names = tuple(f"part {number}" for number in range(tasks))
    for first in range(0, tasks, 10):
        actions = [
            {"method": "post", "relative_path": "/tasks", "data": {"name": name, "projects": [project]}}
            for name in names[first : first + 10]
        ]
        reply = await link.batch(actions)
        if any(result["status_code"] != 201 for result in reply.data):
            raise BrokenError(f"the project could not be made: {reply.body[:300]!r}")
    job = await link.data("POST", f"/projects/{project}/saveAsTemplate", name="Pattern", public=True)
    template = (await finished(link, job["gid"]))["new_project_template"]["gid"]
    return Large(project, template, names)


async def finished(link: Link, job: str, within: float = PATIENCE) -> dict[str, Any]:
    """A job once it is at its end; as it stands when time is up."""
    until = monotonic() + within
    while True:
        shown: dict[str, Any] = await link.data("GET", f"/jobs/{job}")
        if shown["status"] not in ("not_started", "in_progress") or monotonic() > until:
            return shown
        await asyncio.sleep(0.02)


async def copy_is_whole(link: Link, large: Large, job: str) -> list[str]:
    """Whether a job has ended well, and its copy has every task, once."""
    shown = await finished(link, job)
    if shown["status"] != "succeeded":
        return [f"I8: job {job} is {shown['status']}"]
    copy = shown["new_project"]["gid"]
    names = [task["name"] for task in await link.pages(f"/projects/{copy}/tasks")]
    if names == list(large.names):
        return []
    counts = Counter(names)
    twice = [name for name, count in counts.items() if count > 1]
    lost = [name for name in large.names if name not in counts]
    return [
        f"I8: the copy of job {job} has {len(twice)} tasks twice, lacks {len(lost)}: {(twice or lost or names)[:5]}"
    ]


def copies_are_known(inside: Inside, name: str, known: set[str]) -> list[str]:
    """Whether there is no copy that no acknowledged or unanswered request can have made; ``known`` by name."""
    made = Counter(found for _, found in inside.named("project", name))
    found = [f"I8: {copy} was made {count} times" for copy, count in made.items() if count > 1]
    return found + [f"I8: nobody asked for {copy}" for copy in made if copy not in known]


async def export_is_whole(link: Link, export: str) -> list[str]:
    """Whether an organization export has ended, with no line twice."""
    until = monotonic() + PATIENCE
    while (state := await link.data("GET", f"/organization_exports/{export}"))["state"] in ("pending", "started"):
        if monotonic() > until:
            return [f"I8: export {export} is {state['state']}"]
        await asyncio.sleep(0.02)
    if state["state"] != "finished":
        return [f"I8: export {export} is {state['state']}"]
    parts = urlsplit(state["download_url"])
    async with Link(link.address._replace(token="")) as other:
        reply = await other.ask("GET", f"{parts.path}?{parts.query}")
    gids = [json.decode(line)["gid"] for line in gzip.decompress(reply.body).splitlines()]
    return [f"I8: export {export} has {len(gids) - len(set(gids))} lines twice"] if len(set(gids)) != len(gids) else []


# -- deliveries --------------------------------------------------------------------------------------------------------


async def sync_token(link: Link, resource: str) -> str:
    """A place in what happens to a resource, from now on."""
    return str(json.decode((await link.ask("GET", f"/api/1.0/events?resource={resource}")).body)["sync"])


async def told_since(link: Link, resource: str, sync: str) -> list[Event]:
    """All that has happened to a resource since, as a stream tells it."""
    found: list[Event] = []
    more = True
    while more:
        reply = await link.ask("GET", f"/api/1.0/events?resource={resource}&sync={sync}")
        if reply.status != 200:
            raise BrokenError(f"events: {reply.status} {reply.body[:200]!r}")
        body = json.decode(reply.body)
        found += body["data"]
        sync, more = body["sync"], body["has_more"]
    return found


PARENT = 3
"""Where the parent stands in what tells events apart."""


def identity(event: Event) -> tuple[Any, ...]:
    """What tells events apart, in a stream as in a delivery."""
    parent, change = event["parent"] or {}, event.get("change") or {}
    values = [(change.get(f"{word}_value") or {}).get("gid") for word in ("new", "added", "removed")]
    what = (event["resource"]["gid"], event["action"], event["created_at"], parent.get("gid"))
    return (*what, change.get("field"), change.get("action"), *values)


def as_told_now(arrived: list[tuple[Any, ...]], committed: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """What arrived, as a stream tells it by now: of a parent that was deleted since it says nothing any more."""
    known = set(committed)
    gone = [(*one[:PARENT], None, *one[PARENT + 1 :]) for one in arrived]
    return [then if one not in known and then in known else one for one, then in zip(arrived, gone, strict=True)]


async def all_is_delivered(
    link: Link, receiver: Receiver, resource: str, sync: str, path: str = "/hook", within: float = PATIENCE
) -> list[str]:
    """Whether everything committed was delivered, in its order, and nothing else (I9)."""
    committed = [identity(event) for event in await told_since(link, resource, sync)]
    until = monotonic() + within
    while len(receiver.events(path)) < len(committed) and monotonic() < until:
        await asyncio.sleep(0.05)
    arrived = as_told_now([identity(event) for event in receiver.events(path)], committed)
    found = list(receiver.wrong)
    if arrived != committed:
        lost = Counter(committed) - Counter(arrived)
        more = Counter(arrived) - Counter(committed)
        told = f"of {len(committed)} events {lost.total()} were not delivered, {more.total()} unknown ones were"
        which = [f"; {word} {one}" for word, of in (("lost", lost), ("unknown", more)) for one in list(of)[:1]]
        found.append(f"I9: {told}{''.join(which) or ', and they came in another order'}")
    return found
