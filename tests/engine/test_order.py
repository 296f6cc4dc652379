"""Actions that hang together: each begins when it may, with what it needs, and what cannot run says why."""

import asyncio
import json
from collections import Counter
from contextvars import Context, ContextVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from fanfold.engine import Admission, Engine
from fanfold.engine.background import Background
from fanfold.engine.order import FAN_OUT_WIDTH
from fanfold.errors import LimitExceeded, LimitsUnknown, NoSuchRoute, RequestError
from fanfold.idempotency import Ledger
from fanfold.limits import Concurrency, MemoryLimiter, NoLimiter, Profile, Window
from fanfold.model import Action, Answer, Batch, Caller, Conduct, Wiring

CALLER = Caller("key")
PARALLEL = Conduct()


class Endpoint(Struct, frozen=True):
    write: bool
    inline: bool
    batchable: bool = True
    costs: tuple = ()


class Scripted:
    """Answers by the first segment of the path; notes when each call begins and ends.

    ``inline``: what does not have to wait is answered without a task.
    """

    def __init__(self, *, inline=False, bodies=None):
        self.inline = inline
        self.bodies = bodies or {}
        self.log = []
        self.running = self.most = self.commits = 0

    def resolve(self, method, path):
        word = path.split("/")[1]
        if word == "nowhere":
            raise NoSuchRoute
        costs = ("searches",) if word == "search" else ()
        inline = self.inline and word not in {"wait", "hang"}
        return Endpoint(method != "GET", inline, batchable=word != "batch", costs=costs), ()

    async def send(self, call):
        self.log.append(f"+{call.path}")
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(60 if call.path.startswith("/hang") else 0)
            return self._answer(call)
        finally:
            self.running -= 1
            self.log.append(f"-{call.path}")

    def answer(self, call):
        self.log.append(f"={call.path}")
        return self._answer(call)

    def commit(self):
        self.commits += 1

    def _answer(self, call):
        word, *rest = call.path.strip("/").split("/")
        if word == "fail":
            return Answer(int(rest[0]), b'{"why":"asked"}')
        if word == "crash":
            raise RuntimeError("asked to crash")
        if word == "html":
            return Answer(200, b"<html>")
        if word == "empty":
            return Answer(204)
        body = self.bodies.get(call.path, {"path": call.path, "query": dict(call.query), "body": call.body})
        return Answer(200, json.dumps(body).encode(), (("x-path", call.path), ("x-two", "a"), ("x-two", "b")))


@pytest.fixture(params=["tasks", "inline", "inline, a turn for each"])
def target(request, monkeypatch):
    if request.param.endswith("each"):
        monkeypatch.setattr("fanfold.engine.dispatch.TURN", 0.0)
    return Scripted(inline=request.param != "tasks")


def act(
    name="", path="/x", *depends_on, method="GET", body=None, each="", timeout=None, headers=(), query=(), error=None
):
    return Action(method, path, query, body, headers, error=error, wiring=Wiring(name, depends_on, each, timeout))


async def run(target, *actions, conduct=PARALLEL, limits=None, read_path=None, times=(None, None), **engine):
    admission = Admission(*([] if limits is None else [limits]))
    made = Engine(target, admission, **engine)
    batch = Batch(actions, timeout=times[0], deadline=times[1], conduct=conduct, read_path=read_path)
    results = await made.run(batch, CALLER)
    await made.drain()
    return results


def statuses(results):
    return [result.status for result in results]


def said(result):
    return result.error.message


def bodies(result):
    return [json.loads(part.answer.body) for part in result.parts]


async def test_a_chain_runs_in_turn_and_each_sees_what_was_before(target):
    results = await run(
        target,
        act("c", "/c/{{b.body.path}}", body="{{a.body}}"),
        act("b", "/b", query=(("from", "{{a.body.path}}-{{a.status_code}}"),)),
        act("a", "/a", headers=()),
    )
    assert statuses(results) == [200, 200, 200]
    assert json.loads(results[1].answer.body)["query"] == {"from": "/a-200"}
    assert json.loads(results[0].answer.body)["path"] == "/c/%2Fb"
    begun = [line for line in target.log if line[0] in "+="]
    assert [line[1:] for line in begun] == ["/a", "/b", "/c/%2Fb"]


async def test_a_header_of_a_result_can_be_referred_to(target):
    results = await run(target, act("a", "/a"), act("b", "/b", body=["{{a.headers.X-Path}}", "{{a.headers.x-two}}"]))
    assert json.loads(results[1].answer.body)["body"] == ["/a", "a, b"]


async def test_what_hangs_together_and_what_does_not_runs_side_by_side():
    meeting = asyncio.Barrier(2)

    class Meeting(Scripted):
        async def send(self, call):
            if call.path.startswith("/meet"):
                await meeting.wait()
            return await super().send(call)

    results = await run(Meeting(), act("a", "/a"), act("b", "/meet/b", "a"), act("c", "/meet/c", "a"))
    assert statuses(results) == [200, 200, 200]


async def test_what_needs_a_failed_action_is_not_carried_out_and_names_it(target):
    results = await run(
        target,
        act("a", "/fail/409"),
        act("b", "/b/{{a.body.why}}"),
        act("c", "/c", "b"),
        act("d", "/d"),
        act("e", "/nowhere"),
        act("f", "/f", "e"),
        act("g", "/g", "h"),
        act("h", "", error=RequestError("bad")),
    )
    assert statuses(results) == [409, 424, 424, 200, 404, 424, 424, 400]
    assert said(results[1]) == 'Not carried out: "a", which this action needs, failed with 409'
    assert results[1].error.extra == {"failed_dependency": "a"}
    assert said(results[2]) == 'Not carried out: "b", which this action needs, failed with 424'
    assert {line[1:] for line in target.log} == {"/fail/409", "/d"}


async def test_a_crash_fails_what_needs_it(target):
    assert statuses(await run(target, act("a", "/crash"), act("b", "/b", "a"))) == [500, 424]


@pytest.mark.parametrize(
    ("path", "reference", "message"),
    [
        ("/a", "{{a.body.nothing}}", "{{a.body.nothing}} stands for nothing: a.body has no 'nothing'"),
        ("/a", "{{a.headers.x-none}}", "{{a.headers.x-none}} stands for nothing: a.headers has no 'x-none'"),
        ("/empty", "{{a.body.x}}", "{{a.body.x}} stands for nothing: a.body has no 'x'"),
        ("/html", "{{a.body}}", "The body of 'a' is not JSON, so that nothing in it can be referred to"),
    ],
)
async def test_a_reference_to_nothing_is_that_actions_mistake(target, path, reference, message):
    results = await run(target, act("a", path), act("b", "/b", body=reference), act("c", "/c", "b"))
    assert statuses(results)[1:] == [400, 424]
    assert said(results[1]) == message
    assert "/b" not in {line[1:] for line in target.log}


async def test_an_empty_body_is_null(target):
    results = await run(target, act("a", "/empty"), act("b", "/b", body=["{{a.body}}"]))
    assert json.loads(results[1].answer.body)["body"] == [None]


async def test_a_filled_path_is_read_by_the_rules_for_paths(target):
    def read_path(method, path):
        if "%2F" in path:
            raise RequestError("relative_path: no")
        return path, (("read", method),)

    results = await run(
        target, act("a", "/a"), act("b", "/b/{{a.body.path}}"), act("c", "/c/{{a.status_code}}"), read_path=read_path
    )
    assert statuses(results) == [200, 400, 200]
    assert json.loads(results[2].answer.body)["query"] == {"read": "GET"}


async def test_a_filled_path_may_lead_to_what_no_batch_may_hold():
    target = Scripted(bodies={"/a": "batch", "/n": "nowhere"})
    results = await run(target, act("a", "/a"), act("n", "/n"), act("", "/{{a.body}}"), act("", "/{{n.body}}/x"))
    assert statuses(results) == [200, 200, 400, 404]


async def test_a_few_bytes_cannot_ask_for_any_number_of_copies(target):
    target.bodies["/big"] = "x" * 1024 * 1024
    target.bodies["/list"] = list(range(40))
    results = await run(
        target,
        act("big", "/big"),
        act("l", "/list"),
        act("e", "/e/{{item}}", method="POST", body="-{{big.body}}", each="{{l.body}}"),
        act("p", "/p/{{big.body}}"),
    )
    assert statuses(results) == [200, 200, 207, 400]
    assert Counter(statuses(results[2].parts)) == {200: 16, 400: 24}
    assert "larger than" in said(results[2].parts[-1])
    assert "too long for a path" in said(results[3])


async def test_references_look_into_bodies_of_bounded_size(target):
    names = [f"b{number}" for number in range(20)]
    target.bodies |= {f"/{name}": ["x" * 1024 * 1024, name] for name in names}
    actions = [act(name, f"/{name}") for name in names]
    results = await run(target, *actions, *(act("", "/see", body="{{%s.body.1}}" % name) for name in names))  # noqa: UP031
    assert Counter(statuses(results)[20:]) == {200: 15, 400: 5}


# -- fanning out -----------------------------------------------------------------------------------------------------


async def test_an_action_fans_out_over_an_array(target):
    target.bodies["/list"] = {"data": [{"id": "x"}, {"id": "y/z"}, {"id": 3}]}
    results = await run(
        target,
        act("list", "/list"),
        act(
            "each",
            "/item/{{item.id}}",
            method="POST",
            body="{{index}} of {{list.status_code}}",
            each="{{list.body.data}}",
        ),
        act(
            "after",
            "/after",
            body=["{{each.status_code}}", "{{each.body.data.1.body.path}}", "{{each.body.data.0.headers.x-path}}"],
        ),
    )
    assert statuses(results) == [200, 200, 200]
    assert [body["path"] for body in bodies(results[1])] == ["/item/x", "/item/y%2Fz", "/item/3"]
    assert [body["body"] for body in bodies(results[1])] == ["0 of 200", "1 of 200", "2 of 200"]
    assert json.loads(results[2].answer.body)["body"] == [200, "/item/y%2Fz", "/item/x"]


async def test_an_empty_array_is_nothing_to_do(target):
    target.bodies["/list"] = []
    results = await run(target, act("l", "/list"), act("e", "/e", each="{{l.body}}"), act("a", "/a", "e"))
    assert statuses(results) == [200, 200, 200]
    assert results[1].parts == ()


async def test_an_element_that_fails_fails_the_action_but_not_its_neighbours(target):
    target.bodies["/list"] = ["item", "fail/404", "nowhere", "item"]
    results = await run(
        target,
        act("l", "/list"),
        act("e", "/{{item}}/{{index}}", each="{{l.body}}"),
        act("a", "/a", "e"),
        read_path=unquoted,
    )
    assert statuses(results) == [200, 207, 424]
    assert statuses(results[1].parts) == [200, 404, 404, 200]
    assert said(results[2]) == 'Not carried out: "e", which this action needs, failed with some of its elements'


def unquoted(_method, path):
    return path.replace("%2F", "/").replace("/404/1", "/404"), ()


@pytest.mark.parametrize(
    ("body", "message"), [({"a": 1}, "is not an array"), ("text", "is not an array"), (None, "is not an array")]
)
async def test_what_is_no_array_cannot_be_fanned_out_over(target, body, message):
    target.bodies["/list"] = body
    results = await run(target, act("l", "/list"), act("e", "/e", each="{{l.body}}"))
    assert statuses(results) == [200, 400]
    assert message in said(results[1])


async def test_fanning_out_is_bounded_for_the_whole_batch(target):
    target.bodies["/list"] = list(range(6))
    actions = (
        act("l", "/list"),
        act("e", "/e/{{item}}", each="{{l.body}}"),
        act("f", "/f/{{item}}", "e", each="{{l.body}}"),
    )
    results = await run(target, *actions, max_fan_out=11)
    assert statuses(results) == [200, 200, 400]
    assert said(results[2]) == "for_each: 6 elements; a batch may make 11 of all it fans out"
    assert statuses(await run(target, *actions, max_fan_out=12)) == [200, 200, 200]


async def test_elements_run_side_by_side_but_not_all_at_once():
    target = Scripted(bodies={"/list": list(range(3 * FAN_OUT_WIDTH))})
    results = await run(target, act("l", "/list"), act("e", "/e/{{item}}", each="{{l.body}}"))
    assert statuses(results[1].parts) == [200] * 3 * FAN_OUT_WIDTH
    assert target.most == FAN_OUT_WIDTH


async def test_a_fan_out_over_a_fan_out(target):
    target.bodies["/list"] = ["a", "b"]
    results = await run(
        target,
        act("l", "/list"),
        act("e", "/e/{{item}}", each="{{l.body}}"),
        act("f", "/f/{{item.body.path}}", each="{{e.body.data}}"),
    )
    assert [body["path"] for body in bodies(results[2])] == ["/f/%2Fe%2Fa", "/f/%2Fe%2Fb"]


# -- what is taken ---------------------------------------------------------------------------------------------------


def limits(**quotas):
    rules = [
        Window(name, n) if name in {"requests", "searches"} else Concurrency(name, n) for name, n in quotas.items()
    ]
    return MemoryLimiter(Profile(tuple(rules)))


async def left(limiter):
    looked = await limiter.look("key", dict.fromkeys(("requests", "searches", "reads", "writes"), 1))
    standing = looked if isinstance(looked, tuple) else looked.standing
    return {one.limit: one.left for one in standing}


async def test_everything_that_may_run_is_taken_for_at_once(target):
    limiter = limits(requests=3, reads=9, writes=9)
    actions = act("a", "/a"), act("b", "/b/{{a.status_code}}"), act("c", "/c", "b"), act("d", "/d", "c")
    with pytest.raises(LimitExceeded) as refused:
        await run(target, *actions, limits=limiter)
    assert target.log == []
    assert [one.limit for one in refused.value.standing] == ["requests", "reads"]
    assert statuses(await run(target, *actions[:3], limits=limiter)) == [200, 200, 200]
    assert await left(limiter) == {"requests": 0, "reads": 9, "writes": 9}


async def test_a_fan_out_is_admitted_whole_when_it_is_known(target):
    target.bodies["/list"] = list(range(4))
    actions = act("l", "/list"), act("e", "/e/{{item}}", each="{{l.body}}"), act("n", "/n", "e"), act("o", "/o")
    limiter = limits(requests=6)
    results = await run(target, *actions, limits=limiter)
    assert statuses(results) == [200, 429, 424, 200]
    assert (await left(limiter))["requests"] == 3
    assert results[1].error.retry_after == 60
    assert not [line for line in target.log if "/e/" in line], "all or nothing"
    limiter = limits(requests=7)
    assert statuses(await run(target, *actions, limits=limiter)) == [200, 200, 200, 200]
    assert (await left(limiter))["requests"] == 0


async def test_a_fan_out_whose_admission_nobody_knows_is_refused_alone(target):
    target.bodies["/list"] = list(range(4))
    limiter = limits(requests=9)
    take = limiter.take

    async def take_once(key, costs):
        limiter.take = unknown
        return await take(key, costs)

    async def unknown(key, costs):
        raise LimitsUnknown

    limiter.take = take_once
    actions = act("l", "/list"), act("e", "/e/{{item}}", each="{{l.body}}"), act("n", "/n", "e"), act("o", "/o")
    assert statuses(await run(target, *actions, limits=limiter)) == [200, 503, 424, 200]


async def test_a_fan_out_takes_no_more_slots_than_it_uses(target):
    target.bodies["/list"] = list(range(30))
    limiter = limits(reads=FAN_OUT_WIDTH + 1)
    results = await run(target, act("l", "/list"), act("e", "/e/{{item}}", each="{{l.body}}"), limits=limiter)
    assert statuses(results) == [200, 200]
    assert await left(limiter) == {"reads": FAN_OUT_WIDTH + 1}


async def test_what_a_filled_path_costs_beyond_is_taken_when_it_is_known(target):
    target.bodies["/a"] = "search"
    actions = act("a", "/a"), act("s", "/{{a.body}}/x"), act("t", "/{{a.body}}/y", "s")
    limiter = limits(requests=9, searches=1)
    results = await run(target, *actions, limits=limiter)
    assert statuses(results) == [200, 200, 429]
    assert await left(limiter) == {"requests": 6, "searches": 0}


async def test_in_turn_one_slot_is_enough(target):
    actions = [act("", f"/{place}") for place in range(5)]
    results = await run(target, *actions, conduct=Conduct(serial=True), limits=limits(reads=1))
    assert statuses(results) == [200] * 5


async def test_without_a_ledger_there_are_no_keys(target):
    keyed = Action("POST", "/x", wiring=Wiring("a", key="k"))
    results = await run(target, keyed)
    assert (statuses(results), target.log) == ([400], [])


async def test_each_element_is_sent_with_a_key_of_its_own():
    sent = []

    class Heard(Scripted):
        async def send(self, call):
            sent.append(dict(call.headers).get("idempotency-key"))
            return await super().send(call)

    write = Action("POST", "/e/{{item}}", wiring=Wiring("e", for_each="{{l.body}}", key="k"))
    target = Heard(bodies={"/list": ["x", "y"]})
    results = await run(target, act("l", "/list"), write, ledger=Ledger())
    assert (statuses(results), sent) == ([200, 200], [None, "k/0", "k/1"])


class Away(NoLimiter):
    """Grants a batch, and cannot be asked for more."""

    def __init__(self, error):
        self.error = error
        self.asked = 0

    async def take(self, key, costs):
        self.asked += 1
        if self.asked > 1:
            raise self.error
        return await super().take(key, costs)


@pytest.mark.parametrize(
    ("error", "status"),
    [(RequestError("away", status=503), 503), (ConnectionError("away"), 500), (asyncio.CancelledError(), 500)],
)
async def test_a_fan_out_that_cannot_be_admitted_fails_alone(target, error, status, caplog):
    target.bodies["/list"] = ["x"]
    actions = act("l", "/list"), act("e", "/e", each="{{l.body}}"), act("n", "/n", "e"), act("m", "/m")
    assert statuses(await run(target, *actions, limits=Away(error))) == [200, status, 424, 200]
    assert ("crashed" in caplog.text) == (status == 500)


# -- how it is carried out -------------------------------------------------------------------------------------------


async def test_in_turn_means_one_after_the_other_in_the_order_written():
    target = Scripted(bodies={"/list": ["x", "y"]})
    actions = (
        act("l", "/list"),
        act("", "/2"),
        act("", "/e/{{item}}", each="{{l.body}}"),
        act("", "/fail/500"),
        act("", "/4"),
    )
    results = await run(target, *actions, conduct=Conduct(serial=True))
    assert statuses(results) == [200, 200, 200, 500, 200]
    assert target.log == [
        sign + path for path in ("/list", "/2", "/e/x", "/e/y", "/fail/500", "/4") for sign in ("+", "-")
    ]


@pytest.mark.parametrize("most", [1, 2, 3])
async def test_no_more_run_at_once_than_wanted(most):
    target = Scripted(bodies={"/list": list(range(8))})
    actions = [
        act("l", "/list"),
        *(act("", f"/{place}") for place in range(6)),
        act("", "/e/{{item}}", each="{{l.body}}"),
    ]
    results = await run(target, *actions, conduct=Conduct(max_parallel=most))
    assert statuses(results) == [200] * 8
    assert target.most == most


@pytest.mark.parametrize("conduct", [Conduct(stop=True, serial=True), Conduct(stop=True, max_parallel=1)])
async def test_after_a_failure_nothing_begins_where_that_is_wanted(target, conduct):
    results = await run(target, act("", "/1"), act("", "/fail/400"), act("", "/3"), act("z", "/4"), conduct=conduct)
    assert statuses(results) == [200, 400, 424, 424]
    assert said(results[2]) == "Not carried out: action 1 failed, and the batch stops at a failure"
    assert {line[1:] for line in target.log} == {"/1", "/fail/400"}


async def test_what_is_answered_at_once_stops_at_a_failure_too():
    target = Scripted(inline=True)
    results = await run(target, act("", "/1"), act("", "/crash"), act("", "/3"), conduct=Conduct(stop=True))
    assert statuses(results) == [200, 500, 424]
    assert target.log == ["=/1", "=/crash"]


async def test_a_fan_out_stops_at_its_first_failure_where_that_is_wanted(target):
    target.bodies["/list"] = ["1", "fail/400", "3"]
    actions = act("l", "/list"), act("e", "/{{item}}", each="{{l.body}}"), act("z", "/z", each="{{l.body}}")
    results = await run(target, *actions, conduct=Conduct(stop=True, serial=True), read_path=unquoted)
    assert statuses(results) == [200, 207, 424]
    assert statuses(results[1].parts) == [200, 400, 424]
    assert said(results[1].parts[2]) == 'Not carried out: "e" failed, and the batch stops at a failure'


async def test_reads_that_are_the_same_run_once_where_that_is_wanted(target):
    target.bodies["/list"] = ["x", "y", "x"]
    actions = (
        act("l", "/list"), act("", "/list"), act("", "/list", query=(("a", "b"),)), act("", "/list", method="POST"),
        act("", "/list", method="POST"), act("", "/list", "l"), act("e", "/e/{{item}}", each="{{l.body}}"),
        act("", "/fail/404"), act("", "/fail/404"),
    )  # fmt: skip
    limiter = limits(requests=100)
    results = await run(target, *actions, conduct=Conduct(coalesce=True), limits=limiter)
    assert statuses(results) == [200, 200, 200, 200, 200, 200, 200, 404, 404]
    assert results[1].answer == results[0].answer
    assert results[1].action is actions[1]
    assert [body["path"] for body in bodies(results[6])] == ["/e/x", "/e/y", "/e/x"]
    begun = Counter(line[1:] for line in target.log if line[0] in "+=")
    assert begun == {"/list": 5, "/e/x": 1, "/e/y": 1, "/fail/404": 1}
    assert (await left(limiter))["requests"] == 100 - 8
    target.log.clear()
    await run(target, *actions)
    assert Counter(line[1:] for line in target.log if line[0] in "+=")["/e/x"] == 2


# -- time ------------------------------------------------------------------------------------------------------------


async def test_an_action_that_takes_too_long_is_given_up_alone():
    target = Scripted()
    results = await run(
        target,
        act("h", "/hang", timeout=0.02),
        act("b", "/b"),
        act("c", "/c", "h"),
        act("i", "/hang/2"),
        times=(0.05, None),
    )
    assert statuses(results) == [504, 200, 424, 504]
    assert target.running == 0


async def test_a_write_that_takes_too_long_is_finished_unseen():
    class Slow(Scripted):
        async def send(self, call):
            await asyncio.sleep(0.05)
            return await super().send(call)

    target, limiter = Slow(), limits(writes=1)
    engine = Engine(target, Admission(limiter))
    batch = Batch((act("w", "/w", method="POST", timeout=0.01), act("n", "/n", "w")), conduct=PARALLEL)
    assert statuses(await engine.run(batch, CALLER)) == [504, 424]
    assert (await left(limiter))["writes"] == 0
    await engine.drain()
    assert target.log == ["+/w", "-/w"]
    assert (await left(limiter))["writes"] == 1


@pytest.mark.parametrize("conduct", [Conduct(max_parallel=1), Conduct(serial=True)])
async def test_an_action_that_was_given_up_holds_its_place_until_it_has_ended(conduct):
    class Slow(Scripted):
        async def send(self, call):
            self.running += 1
            self.most = max(self.most, self.running)
            await asyncio.sleep(0.03)
            self.running -= 1
            return self._answer(call)

    target = Slow()
    writes = [act("", f"/{place}", method="POST", timeout=0.01) for place in range(4)]
    assert statuses(await run(target, *writes, conduct=conduct, limits=limits(writes=1))) == [504] * 4
    assert target.most == 1


async def test_elements_that_were_given_up_hold_their_places_until_they_have_ended():
    class Slow(Scripted):
        async def send(self, call):
            if call.method == "POST":
                self.running += 1
                self.most = max(self.most, self.running)
                await asyncio.sleep(0.03)
                self.running -= 1
            return self._answer(call)

    target = Slow(bodies={"/list": list(range(3 * FAN_OUT_WIDTH))})
    write = act("e", "/e", method="POST", each="{{l.body}}", timeout=0.01)
    results = await run(target, act("l", "/list"), write, limits=limits(writes=FAN_OUT_WIDTH, reads=1))
    assert statuses(results[1].parts) == [504] * 3 * FAN_OUT_WIDTH
    assert target.most == FAN_OUT_WIDTH


async def test_what_never_ends_does_not_hold_up_its_batch_for_ever():
    class Endless(Scripted):
        async def send(self, call):
            await (asyncio.Event().wait() if call.path == "/hang" else asyncio.sleep(0))
            return self._answer(call)

    engine = Engine(Endless())
    engine.means.background = Background(grace=0.02)
    actions = act("", "/hang", method="POST", timeout=0.01), act("", "/b")
    assert statuses(await engine.run(Batch(actions, conduct=Conduct(serial=True)), CALLER)) == [504, 200]


async def test_a_read_with_a_key_that_takes_too_long_is_finished_and_holds_its_slot():
    class Slow(Scripted):
        async def send(self, call):
            await asyncio.sleep(0.05)
            return await super().send(call)

    target, limiter = Slow(), limits(reads=1)
    engine = Engine(target, Admission(limiter), ledger=Ledger())
    read = Action("GET", "/r", wiring=Wiring("r", timeout=0.01, key="k"))
    assert statuses(await engine.run(Batch((read,), conduct=PARALLEL), CALLER)) == [504]
    assert (await left(limiter))["reads"] == 0
    await engine.drain()
    assert target.log == ["+/r", "-/r"]
    assert (await left(limiter))["reads"] == 1


async def test_at_the_deadline_what_is_done_is_kept():
    target = Scripted(bodies={"/list": ["x", "hang", "y"]})
    results = await run(
        target,
        act("l", "/list"),
        act("e", "/{{item}}", each="{{l.body}}"),
        act("n", "/n", "e"),
        act("h", "/hang"),
        times=(None, 0.05),
    )
    assert statuses(results) == [200, 207, 504, 504]
    assert statuses(results[1].parts) == [200, 504, 200]
    assert target.running == 0


async def test_whoever_has_gone_is_worked_for_no_more():
    target = Scripted()
    engine = Engine(target)

    async def gone():
        await asyncio.sleep(0.01)

    batch = Batch((act("h", "/hang"), act("w", "/w", "h", method="POST")), conduct=PARALLEL)
    assert statuses(await engine.run(batch, CALLER, gone)) == [504, 504]
    await engine.drain()
    assert target.log == ["+/hang", "-/hang"]


# -- durability, and the whole ---------------------------------------------------------------------------------------


async def test_what_was_written_at_once_is_committed_before_anything_waits_for_it():
    target = Scripted(inline=True)
    seen = []

    class Noting(Scripted):
        async def send(self, call):
            seen.append(target.commits)
            return await super().send(call)

    target.__class__ = Noting
    results = await run(target, act("a", "/a"), act("b", "/b", "a"), act("w", "/wait", "b"), act("c", "/c", "w"))
    assert statuses(results) == [200] * 4
    assert (seen, target.commits) == ([1], 2)


async def test_a_commit_that_fails_takes_back_what_hangs_on_it():
    class Broken(Scripted):
        def commit(self):
            raise OSError("disk full")

    target = Broken(inline=True)
    results = await run(target, act("a", "/a"), act("b", "/b", "a"), act("w", "/wait", "b"), act("c", "/c", "w"))
    assert statuses(results) == [500, 500, 500, 424]
    assert target.log == ["=/a", "=/b"]


@pytest.mark.parametrize(("fails", "became"), [(1, [500, 500, 500, 500, 404]), (2, [200, 500, 200, 200, 404])])
async def test_a_commit_that_fails_takes_back_what_was_made_of_what_is_lost(fails, became):
    class Broken(Scripted):
        def commit(self):
            super().commit()
            if self.commits == fails:
                raise OSError("disk full")

    told = {}

    class Watch:
        def admitted(self, standing):
            pass

        def settled(self, place, result):
            told[place] = result.status

    target = Broken(inline=True, bodies={"/list": ["x", "y"]})
    each = act("e", "/e/{{item}}", method="POST", each="{{l.body}}")
    actions = act("l", "/list"), each, act("", "/same"), act("", "/same"), act("", "/nowhere")
    batch = Batch(actions, conduct=Conduct(coalesce=True))
    results = await Engine(target).run(batch, CALLER, None, Watch())
    assert statuses(results) == became
    assert told == dict(enumerate(became))


async def test_who_watches_is_told_of_every_action_once(target):
    target.bodies["/list"] = ["x", "y"]

    class Watch:
        def __init__(self):
            self.standing = None
            self.told = {}

        def admitted(self, standing):
            self.standing = standing

        def settled(self, place, result):
            assert place not in self.told
            self.told[place] = result

    watch = Watch()
    actions = act("l", "/list"), act("e", "/e/{{item}}", each="{{l.body}}"), act("", "/fail/400"), act("n", "/n", "e")
    engine = Engine(target, Admission(limits(requests=10)))
    results = await engine.run(Batch(actions, conduct=PARALLEL), CALLER, None, watch)
    assert [watch.told[place] for place in range(4)] == results
    assert [(one.limit, one.left) for one in watch.standing] == [("requests", 7)]


async def test_all_answers_together_are_bounded():
    target = Scripted(bodies={f"/{n}": "x" * 1000 for n in range(5)})
    results = await run(target, *(act("", f"/{n}") for n in range(5)), max_results=3200)
    assert statuses(results) == [200, 200, 200, 507, 507]
    plain = Batch(tuple(Action("GET", f"/{n}") for n in range(5)))
    engine = Engine(target, max_results=3200)
    assert statuses(await engine.run(plain, CALLER)) == [200, 200, 200, 507, 507]


async def test_what_is_dropped_for_its_size_fails_what_needs_it(target):
    target.bodies["/a"] = "x" * 1000
    results = await run(target, act("a", "/a"), act("b", "/b", "a"), max_results=500)
    assert statuses(results) == [507, 424]


async def test_a_plan_can_be_looked_at_before_it_runs(target):
    limiter = limits(requests=2, searches=9, reads=9)
    engine = Engine(target, Admission(limiter))
    actions = act("a", "/a"), act("s", "/search/{{a.body}}"), act("e", "/e", each="{{a.body}}"), act("x", "/nowhere")
    plan, refusals, standing = await engine.preview(Batch(actions, conduct=PARALLEL), CALLER)
    assert plan.costs == {"requests": 3, "searches": 1, "reads": 2}
    assert [refusal.limit for refusal in refusals] == ["requests"]
    assert [(one.limit, one.left) for one in standing] == [("requests", 2), ("searches", 9), ("reads", 9)]
    assert target.log == []
    assert (await left(limiter))["requests"] == 2


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_any_batch_ends_with_each_action_run_once_and_after_what_it_needs(data):
    size = data.draw(st.integers(1, 7))
    kinds = st.sampled_from(["/ok", "/ok", "/ok", "/fail/404", "/wait", "/crash"])
    actions, needs, paths = [], [], []
    for place in range(size):
        needed = sorted(data.draw(st.sets(st.integers(0, place - 1), max_size=3))) if place else []
        path = f"{data.draw(kinds)}/{place}" if place else "/list/0"
        actions.append(
            act(f"n{place}", path, *(f"n{one}" for one in needed), method=data.draw(st.sampled_from(["GET", "POST"])))
        )
        needs.append(needed)
        paths.append(path)
    order = data.draw(st.permutations(range(size)))
    serial = data.draw(st.booleans()) and order == list(range(size))
    conduct = Conduct(serial=serial, max_parallel=data.draw(st.integers(0, 3)))
    target = Scripted(inline=data.draw(st.booleans()))
    target.bodies["/list/0"] = []
    limiter = limits(requests=size, reads=size, writes=size)
    shuffle = data.draw(st.none() | st.integers(0, 9))
    results = asyncio.run(
        run(target, *(actions[place] for place in order), conduct=conduct, limits=limiter, shuffle=shuffle)
    )
    became = dict(zip(order, statuses(results), strict=True))
    expected = {}
    for place in range(size):
        word = paths[place].split("/")[1]
        alone = {"fail": 404, "crash": 500}.get(word, 200)
        expected[place] = 424 if any(expected[one] >= 400 for one in needs[place]) else alone
    assert became == expected
    begun = Counter(line[1:] for line in target.log if line[0] in "+=")
    assert begun == {paths[place]: 1 for place in range(size) if expected[place] != 424}
    for place in range(size):
        for one in needs[place]:
            if expected[place] != 424:
                first = min(n for n, line in enumerate(target.log) if line[1:] == paths[place])
                last = max(n for n, line in enumerate(target.log) if line[1:] == paths[one])
                assert last < first
    assert asyncio.run(left(limiter)) == {"requests": 0, "reads": size, "writes": size}
    assert not conduct.max_parallel or target.most <= conduct.max_parallel


@pytest.mark.parametrize("conduct", [Conduct(serial=True), PARALLEL], ids=["serial", "after"])
async def test_what_an_action_sets_is_not_found_by_those_that_begin_after_it(conduct):
    variable = ContextVar("variable", default="-")
    seen = []

    class Setting(Scripted):
        async def send(self, call):
            seen.append(variable.get())
            variable.set("set")
            return await super().send(call)

    await run(Setting(), act("a"), act("b", "/b/{{a.status_code}}"), act("c", "/c", "b"), conduct=conduct)
    assert seen == ["-", "-", "-"]


def test_a_context_without_variables_is_one_too():
    class AtOnce(Scripted):
        async def send(self, call):
            return self._answer(call)

    async def work():
        return statuses(await run(AtOnce(), act("a", "/a"), act("b", "/b", "a"), act("c", "/c", "b"), times=(1, 2)))

    assert Context().run(asyncio.run, work()) == [200] * 3
