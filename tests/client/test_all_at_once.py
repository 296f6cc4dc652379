"""Whatever goes wrong, and however often: each call gets its own answer, or an error; no write is done twice."""

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from fanfold.client import Client, ClientError, Retries, get, post, put
from tests.client.simulated import Server, answers, breaks, loses_the_answer
from tests.client.virtual_time import run


async def too_few(server, wire, actions, sink):
    if wire.url.endswith("/batch"):
        server.reply(sink, 200, {"data": []})
    else:
        await server.serve(wire, actions, sink)


MISHAPS = {
    "none": None,
    "breaks": breaks,
    "loses": loses_the_answer,
    "refuses": answers(429, {"errors": []}, {"retry-after": "3"}),
    "refuses without a word": answers(429, {"errors": []}),
    "down": answers(503, {"errors": []}),
    "HTML": answers(200, b"<html>", {"content-type": "text/html"}),
    "truncates": answers(200, b'{"data":[{"status_code":200,'),
    "too few": too_few,
    "none again": None,
}
CALLS = st.lists(
    st.tuples(st.sampled_from(["get", "post", "shared", "group", "odd", "alone"]), st.floats(0, 1), st.booleans()),
    max_size=40,
)


class Moody(Server):
    """Some actions are answered 503, and not done."""

    moods = iter(())

    def carry_out(self, action):
        if next(self.moods, False):
            return self.result(action, 503, {"errors": []})
        return super().carry_out(action)


async def make(client, number, kind, when):
    """One call; whether the answer is its own."""
    await asyncio.sleep(when)
    path = f"/{kind}/{number}"
    if kind == "get":
        return (await client.get(path))["path"] == path
    if kind == "shared":
        return (await client.get("/shared", coalesce=True))["path"] == "/shared"
    if kind == "group":
        replies = await client.batch([post(path, id="a"), put(f"{path}/b", depends_on="a"), get(f"{path}/c")])
        return len(replies) == 3 and all(not reply.ok or reply.data["path"].startswith(path) for reply in replies)
    return (await client.post(path, alone=kind == "alone"))["path"] == path


async def have_all_made(server, calls):
    async with Client("http://server/api", transport=server, retries=Retries(attempts=3)) as client:
        tasks = []
        for number, (kind, when, leaves) in enumerate(calls):
            tasks.append(asyncio.ensure_future(make(client, number, kind, when)))
            if leaves:
                asyncio.get_running_loop().call_later(when + 0.04, tasks[-1].cancel)
        return await asyncio.gather(*tasks, return_exceptions=True)


@settings(max_examples=250)
@given(
    CALLS,
    st.lists(st.sampled_from(sorted(MISHAPS)), min_size=2, max_size=14),
    st.lists(st.booleans(), max_size=30),
    st.sets(st.sampled_from(["ndjson", "idempotency_key", "references"])),
    st.sampled_from([None, 30]),
)
def test_everybody_gets_his_own_answer_and_no_write_is_done_twice(calls, mishaps, moods, features, quota):
    server = Moody(features=features, quota=quota, reads=20, writes=12)
    server.mishaps.extend(MISHAPS[name] for name in mishaps)
    server.moods = iter(moods)
    results = run(have_all_made(server, calls))
    done = Counter(action["relative_path"] for action in server.done if action["method"] != "get")
    assert max(done.values(), default=1) == 1
    for number, ((kind, _, leaves), result) in enumerate(zip(calls, results, strict=True)):
        if isinstance(result, BaseException):
            assert isinstance(result, ClientError) or (leaves and isinstance(result, asyncio.CancelledError)), result
        else:
            assert result
            assert kind not in {"post", "odd", "alone"} or done[f"/{kind}/{number}"] == 1
    assert server.under_way == {"reads": 0, "writes": 0}
