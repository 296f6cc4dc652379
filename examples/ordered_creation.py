"""Fifty tasks in order where a batch has no order: the recipe of Asana's forum, and what the client does instead.

`python examples/ordered_creation.py 50 200` prints how many requests and actions each takes, on a server of its own
that starts the actions of every batch in random order.
"""

import asyncio
import sys

from fanfold import Client
from fanfold.client import post
from fanfold.testing import running


async def recipe(client, project, names):
    """Every k-th task alone, then ten at a time: one batch creates the next of each, one puts them into place."""
    step = -(-len(names) // 10)

    async def create(name):
        return (await client.post("/tasks", {"name": name, "projects": [project]}))["gid"]

    gids = {}
    for place in range(0, len(names), step):
        gids[place] = await create(names[place])
    for offset in range(1, step):
        places = range(offset, len(names), step)
        created = await asyncio.gather(*[create(names[place]) for place in places])
        gids.update(zip(places, created, strict=True))
        moves = [
            post(f"/tasks/{gids[place]}/addProject", {"project": project, "insert_after": gids[place - 1]})
            for place in places
        ]
        for reply in await client.batch(moves):
            if reply.error:
                raise reply.error
    return [gids[place] for place in range(len(names))]


async def ours(client, project, names):
    """The same by the client."""
    return [task["gid"] for task in await client.create_in_order(project, names)]


async def measured(server, way, names, *, discover):
    """Requests and actions that creating the tasks takes; fails if they are not in order then."""
    async with Client(server.url, server.token, discover=discover) as client:
        await client.offer()
        workspace = (await client.get("/workspaces"))[0]["gid"]
        team = (await client.get(f"/workspaces/{workspace}/teams"))[0]["gid"]
        project = (await client.post("/projects", {"name": "In order", "workspace": workspace, "team": team}))["gid"]
        server.clear_requests()
        gids = await way(client, project, names)
        asked = [entry for entry in server.requests if entry["method"] != "OPTIONS"]
        listed = [task async for task in client.pages(f"/projects/{project}/tasks", fields=["name"])]
    if [(task["name"], task["gid"]) for task in listed] != list(zip(names, gids, strict=True)):
        raise SystemExit("The tasks are not in order")
    return len(asked), sum(len(entry["actions"]) or 1 for entry in asked)


async def compare(server, count):
    """What each way takes for so many tasks."""
    names = [f"Task {number}" for number in range(1, count + 1)]
    server.shuffle(count)
    return {
        "forum recipe": await measured(server, recipe, names, discover=False),
        "create_in_order": await measured(server, ours, names, discover=False),
        "create_in_order, server with an order": await measured(server, ours, names, discover=True),
    }


if __name__ == "__main__":
    with running(journal=10_000) as server:
        for count in [int(argument) for argument in sys.argv[1:]] or [50]:
            for way, (requests, actions) in asyncio.run(compare(server, count)).items():
                print(f"{count} tasks, {way}: {requests} requests, {actions} actions")
