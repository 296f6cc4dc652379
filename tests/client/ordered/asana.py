"""A small Asana in memory: one list of tasks, whose batches are carried out in any order and may go wrong."""

import random

from fanfold.client.errors import BadAnswer, TransportError
from fanfold.client.replies import Reply

PROJECT = "77"


class Asana:
    """``before``: names of tasks that are there already. ``shuffles``: whether batches are carried out in any order.

    ``mishaps``: how likely each of what may go wrong is, by its name. ``sent`` has the actions of each request.
    """

    def __init__(self, seed=0, *, before=(), shuffles=True, mishaps=None, page=100):
        self.random = random.Random(seed)
        self.shuffles, self.mishaps, self.page = shuffles, mishaps or {}, page
        self.number = 1000
        self.names, self.ranks, self.data, self.sent = {}, {}, {}, []
        self.created = 0
        for name in before:
            self.add(name, {})
        self.before = list(self.ranks)

    def add(self, name, data):
        self.number += 1
        gid = str(self.number)
        self.names[gid], self.data[gid] = name, data
        self.ranks[gid] = max(self.ranks.values(), default=0.0) + 1.0
        return gid

    @property
    def requests(self):
        return len(self.sent)

    @property
    def actions(self):
        return sum(len(batch) for batch in self.sent)

    @property
    def listed(self):
        return sorted(self.ranks, key=self.ranks.get)

    @property
    def added(self):
        """Names of what was not there before, in order."""
        return [self.names[gid] for gid in self.listed if gid not in self.before]

    def happens(self, mishap):
        return self.random.random() < self.mishaps.get(mishap, 0)

    async def batch(self, requests, *, return_exceptions, serial=False, stop=False):
        assert return_exceptions
        assert not serial
        assert not stop
        requests = list(requests)
        assert 1 <= len(requests) <= 10
        self.sent.append(requests)
        if self.happens("broken"):
            return [TransportError("broken", sent=False)] * len(requests)
        order = list(range(len(requests)))
        if self.shuffles:
            self.random.shuffle(order)
        found = {place: self.carried_out(requests[place]) for place in order}
        if self.happens("cut"):
            return [BadAnswer("The answer breaks off")] * len(requests)
        return [found[place] for place in range(len(requests))]

    def carried_out(self, request):
        if self.happens("refused"):
            return failed(429)
        if self.happens("failed"):
            return failed(500)
        reply = self.answered(request)
        if self.happens("vanished"):
            return TransportError("no answer")
        return failed(502) if self.happens("failed after") else reply

    def answered(self, request):
        if request.method == "GET":
            return self.listing(request)
        if request.path == "/tasks":
            return self.creation(request)
        gid = request.path.split("/")[2]
        return self.move(gid, request.data)

    def creation(self, request):
        name = request.data.get("name", "")
        if name.startswith("bad"):
            return failed(400)
        assert request.data["projects"][0] == PROJECT
        gid = self.add(name, request.data)
        self.created += 1
        return Reply(201, {"data": {"gid": gid, "name": name}})

    def move(self, gid, data):
        assert data["project"] == PROJECT
        if gid not in self.ranks:
            return failed(404)
        (which,) = data.keys() - {"project"}
        others = [one for one in self.listed if one != gid]
        anchor = data[which]
        if anchor is not None and anchor not in others:
            return failed(400)
        at = len(others) if anchor is None else others.index(anchor) + (which == "insert_after")
        low = self.ranks[others[at - 1]] if at else self.ranks[others[0]] - 2.0
        high = self.ranks[others[at]] if at < len(others) else low + 2.0
        self.ranks[gid] = (low + high) / 2
        return Reply(200, {"data": {}})

    def listing(self, request):
        assert request.path == f"/projects/{PROJECT}/tasks"
        offset = request.params.get("offset")
        if offset and self.happens("forgets"):
            return failed(400)
        listed = [gid for gid in self.listed if not offset or self.ranks[gid] > float(offset)]
        shown = listed[: self.page]
        more = len(listed) > self.page
        next_page = {"offset": repr(self.ranks[shown[-1]])} if more else None
        tasks = [{"gid": gid, "name": self.names[gid]} for gid in shown]
        return Reply(200, {"data": tasks, "next_page": next_page})


def failed(status):
    return Reply(status, {"errors": [{"message": f"It is a {status}"}]})
