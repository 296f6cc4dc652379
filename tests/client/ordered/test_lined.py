"""A server that carries out batches in order is asked for no more than to do that."""

import pytest

from fanfold.client.errors import (
    BadRequest,
    ClientClosed,
    DependencyFailed,
    Forbidden,
    RateLimited,
    ServerError,
    TransportError,
    api_error,
)
from fanfold.client.limits import Told
from fanfold.client.offers import Offer
from fanfold.client.ordered import PartlyCreated, Patience, create_in_order
from fanfold.client.ordered.lined import keeps_order
from fanfold.client.replies import Reply

SERIAL = frozenset({"serial", "references", "idempotency_key"})
CHAINED = frozenset({"references", "idempotency_key"})


class Server:
    """Carries out batches in order. ``mishaps``: what becomes of a task, one for each time that it is created."""

    def __init__(self, **mishaps):
        self.mishaps = {name.replace("_", " "): list(statuses) for name, statuses in mishaps.items()}
        self.sent, self.listed, self.keys = [], [], {}

    async def batch(self, requests, *, serial, stop, return_exceptions):
        assert return_exceptions
        self.sent.append((len(requests), serial, stop))
        waits = [request.depends_on for request in requests]
        assert serial or waits == [(), *[(request.id,) for request in requests[:-1]]]
        found = []
        for request in requests:
            if found and not (isinstance(found[-1], Reply) and found[-1].ok):
                found.append(Reply(424, {"errors": []}))
            else:
                found.append(self.create(request))
        return found

    def create(self, request):
        name = request.data["name"]
        fate = self.mishaps.get(name) and self.mishaps[name].pop(0)
        if isinstance(fate, Exception):
            if getattr(fate, "sent", False):
                self.done(request)
            return fate
        return Reply(fate, {"errors": []}) if fate else self.done(request)

    def done(self, request):
        if request.key not in self.keys:
            self.listed.append(request.data["name"])
            self.keys[request.key] = Reply(201, {"data": {"gid": str(len(self.listed)), "name": request.data["name"]}})
        return self.keys[request.key]


async def create(server, tasks, *, features=SERIAL, size=10, room=500_000, limits=()):
    offer = Offer(features=features, limits=limits, told=True)
    patience = Patience(attempts=3, pause=0.0)
    return await create_in_order(server, "77", tasks, offer=offer, size=size, room=room, patience=patience)


def names(count):
    return [f"task {number}" for number in range(count)]


@pytest.mark.parametrize("features", [SERIAL, CHAINED])
@pytest.mark.parametrize(("count", "requests"), [(1, 1), (10, 1), (50, 5), (1000, 100)])
async def test_it_takes_one_request_for_ten(features, count, requests):
    server = Server()
    found = await create(server, names(count), features=features)
    assert server.listed == names(count)
    assert len(server.sent) == requests
    assert [one["name"] for one in found] == names(count)


async def test_a_batch_stops_at_a_failure_so_that_nothing_overtakes():
    server = Server()
    await create(server, names(20))
    assert server.sent == [(10, True, True), (10, True, True)]


async def test_what_failed_is_sent_again_with_what_comes_after_it():
    server = Server(task_4=[500], task_13=[TransportError("broken")])
    await create(server, names(30))
    assert server.listed == names(30)
    assert [count for count, _, _ in server.sent] == [10, 10, 10, 7]


async def test_what_is_refused_is_left_out():
    server = Server(task_4=[400])
    with pytest.raises(PartlyCreated) as caught:
        await create(server, names(12))
    assert server.listed == [name for name in names(12) if name != "task 4"]
    assert isinstance(caught.value.errors[4], BadRequest)


async def test_if_the_first_is_refused_nothing_more_is_tried():
    server = Server(task_0=[403])
    with pytest.raises(Forbidden):
        await create(server, names(12))
    assert len(server.sent) == 1


async def test_what_fails_for_ever_is_given_up():
    server = Server(task_4=[500, 500, 500])
    with pytest.raises(PartlyCreated) as caught:
        await create(server, names(6))
    assert isinstance(caught.value.errors[4], ServerError)
    assert server.listed == ["task 0", "task 1", "task 2", "task 3", "task 5"]


@pytest.mark.parametrize(
    "error", [api_error(424, {}, {}), api_error(429, {}, {}), TransportError("no way", sent=False)], ids=str
)
async def test_what_was_not_done_is_sent_again(error):
    assert isinstance(error, DependencyFailed | RateLimited | TransportError)
    server = Server(task_2=[error])
    await create(server, names(5))
    assert server.listed == names(5)


async def test_a_client_that_is_closed_ends_it():
    with pytest.raises(ClientClosed):
        await create(Server(task_2=[ClientClosed()]), names(5))


async def test_batches_are_no_larger_than_what_may_be_written_at_once():
    server = Server()
    await create(server, names(12), size=50, limits=(Told("writes", 5, 5), Told("requests", 3, 3, 60.0)))
    assert [count for count, _, _ in server.sent] == [5, 5, 2]


async def test_batches_have_no_more_bytes_than_they_may():
    server = Server()
    tasks = [{"name": name, "notes": "x" * 10_000} for name in names(10)]
    await create(server, tasks, room=45_000)
    assert [count for count, _, _ in server.sent] == [4, 4, 2]


async def test_a_task_that_is_larger_than_a_batch_is_sent_anyway():
    server = Server()
    await create(server, [{"name": "task 0", "notes": "x" * 10_000}], room=5_000)
    assert server.listed == ["task 0"]


def test_without_keys_no_order_is_relied_on():
    assert not keeps_order(Offer(features=frozenset({"serial", "references"})))
    assert not keeps_order(Offer(features=frozenset({"idempotency_key"})))
