"""The client against a server in memory: what travels how, what is made again, what is raised, what is left behind."""

import asyncio

import pytest

from fanfold.client import (
    ApiError,
    BadAnswer,
    BadRequest,
    CallTimeout,
    Client,
    ClientClosed,
    ClientError,
    File,
    NotAuthorized,
    NotFound,
    RateLimited,
    Retries,
    ServerError,
    TransportError,
    Travelled,
    Unsupported,
    delete,
    get,
    post,
    put,
)
from fanfold.errors import FanfoldError
from tests.client.simulated import Server, answers, breaks, loses_the_answer
from tests.client.virtual_time import run

BASE = "http://server/api"
ALL = ("ndjson", "idempotency_key", "references", "serial")


def talk(server, conversation, **settings):
    """Have a conversation with a server in virtual time; what it gives."""

    async def main():
        async with Client(BASE, "secret", transport=server, **settings) as client:
            result = await conversation(client)
        assert server.closed
        return result

    return run(main())


def sizes(server):
    return [len(actions) for actions in server.log]


@pytest.fixture(params=[(), ALL], ids=["plain", "with all features"])
def server(request):
    return Server(features=request.param)


async def gather(*calls):
    return await asyncio.gather(*calls, return_exceptions=True)


# -- how calls travel ---------------------------------------------------------------------------------------------


def test_calls_that_are_awaited_together_travel_in_tens_and_each_gets_its_own(server):
    found = talk(server, lambda client: gather(*[client.get(f"/t/{number}") for number in range(23)]))
    assert sizes(server) == [10, 10, 3]
    assert [one["path"] for one in found] == [f"/t/{number}" for number in range(23)]


def test_a_single_call_goes_as_the_request_that_it_is(server):
    talk(server, lambda client: client.get("/t/1", params={"a": "b c", "x": [1, 2]}, fields=["name", "due_on"]))
    (_, wire) = server.asked[-1]
    assert (wire.method, wire.url) == ("GET", f"{BASE}/t/1?a=b%20c&x=1,2&opt_fields=name,due_on")


def test_an_action_is_written_as_asana_has_it():
    server = Server()

    async def ask(client):
        await asyncio.gather(
            client.get("/t", params={"project": "7", "limit": 3, "offset": "abc"}, fields="name,notes"),
            client.post("/t", {"name": "x"}, fields=["gid"]),
            client.delete("/t/1"),
        )

    talk(server, ask)
    assert server.log == [
        [
            {
                "method": "get",
                "relative_path": "/t",
                "data": {"project": "7"},
                "options": {"limit": 3, "offset": "abc", "fields": ["name", "notes"]},
            },
            {"method": "post", "relative_path": "/t", "data": {"name": "x"}, "options": {"fields": ["gid"]}},
            {"method": "delete", "relative_path": "/t/1"},
        ]
    ]


def test_what_is_asked_stays_as_it_was_when_it_was_asked():
    server = Server()

    async def ask(client):
        data = {"name": "before"}
        calls = [asyncio.ensure_future(client.post("/t", data)), asyncio.ensure_future(client.get("/t"))]
        await asyncio.sleep(0)
        data["name"] = "after"
        return (await asyncio.gather(*calls))[0]["data"]

    assert talk(server, ask) == {"name": "before"}


def test_calls_that_opt_out_go_alone(server):
    talk(server, lambda client: gather(client.get("/a", alone=True), client.get("/b"), client.get("/c")))
    assert sorted(sizes(server)) == [1, 2]


@pytest.mark.parametrize("path", ["/organization_exports", "/attachments", "/tasks/1/attachments"])
def test_what_no_batch_may_hold_goes_alone_without_being_told(server, path):
    talk(server, lambda client: gather(client.post(path, {"a": 1}), client.get("/b"), client.get("/c")))
    assert sorted(sizes(server)) == [1, 2]


def test_files_go_as_a_form(server):
    file = File("a.txt", b"hello", "text/plain")
    talk(server, lambda client: client.post("/attachments", {"parent": 7}, files={"file": file}))
    (_, wire) = server.asked[-1]
    assert (wire.body, wire.files, wire.texts) == (None, {"file": file}, {"parent": "7"})


def test_what_a_batch_refuses_goes_alone_and_so_does_its_kind_from_then_on(server):
    async def ask(client):
        first = await gather(client.post("/odd/12", {"a": 1}), client.get("/b"))
        second = await gather(client.post("/odd/34", {"a": 1}), client.get("/b"), client.get("/c"))
        return [one["path"] for one in [*first, *second]]

    assert talk(server, ask) == ["/odd/12", "/b", "/odd/34", "/b", "/c"]
    assert sizes(server)[:2] == [2, 1]
    assert sorted(sizes(server)[2:]) == [1, 2]


def test_batches_are_no_larger_than_the_server_takes_and_the_caller_wants():
    server = Server()
    talk(server, lambda client: gather(*[client.get(f"/t/{number}") for number in range(7)]), max_items=3)
    assert sizes(server) == [3, 3, 1]
    server = Server()
    talk(server, lambda client: gather(*[client.post("/t", {"text": "x" * 30_000}) for _ in range(7)]))
    assert sizes(server) == [3, 3, 1]
    assert max(server.body_sizes) <= 100_000


def test_identical_reads_are_made_once_if_that_is_asked_for(server):
    async def ask(client):
        found = await gather(*[client.get("/t/1", coalesce=True) for _ in range(5)], client.get("/t/2"))
        await client.get("/t/1", coalesce=True)
        return [one["path"] for one in found]

    assert talk(server, ask) == ["/t/1"] * 5 + ["/t/2"]
    assert sizes(server) == [2, 1]


def test_a_read_after_a_write_shares_nothing_that_was_asked_before_it():
    server = Server(delay=1.0)

    async def ask(client):
        await client.offer()
        early = asyncio.ensure_future(client.get("/t/1", coalesce=True))
        await asyncio.sleep(0.5)
        server.delay = 0.1
        await client.put("/t/1", {"name": "new"})
        late = asyncio.ensure_future(client.get("/t/1", coalesce=True))
        await asyncio.gather(early, late)

    talk(server, ask)
    assert [action["method"] for actions in server.log for action in actions] == ["get", "put", "get"]


def test_one_who_leaves_does_not_take_a_shared_read_with_him(server):
    async def ask(client):
        first, second = (asyncio.ensure_future(client.get("/t/1", coalesce=True)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        return await gather(first, second)

    gone, found = talk(server, ask)
    assert isinstance(gone, asyncio.CancelledError)
    assert found["path"] == "/t/1"


def test_the_pages_of_a_list_are_one_stream(server):
    def carry_out(action):
        offset = int(action.get("options", {}).get("offset", 0) or 0)
        if "offset=" in action["relative_path"]:
            offset = int(action["relative_path"].partition("offset=")[2].partition("&")[0])
        page = {"offset": str(offset + 2)} if offset < 4 else None
        return server.result(action, 200, {"data": [offset, offset + 1], "next_page": page})

    server.carry_out = carry_out

    async def ask(client):
        return [one async for one in client.pages("/t", limit=2)]

    assert talk(server, ask) == [0, 1, 2, 3, 4, 5]


def test_a_list_that_never_ends_is_no_list(server):
    server.carry_out = lambda action: server.result(action, 200, {"data": [1], "next_page": {"offset": "same"}})

    async def ask(client):
        return [one async for one in client.pages("/t")]

    with pytest.raises(BadAnswer, match="again and again"):
        talk(server, ask)


@pytest.mark.parametrize(("answer", "kind"), [(404, NotFound), (200, BadAnswer)])
def test_what_is_no_list_has_no_pages(server, answer, kind):
    server.carry_out = lambda action: server.result(action, answer, {"data": {"gid": "1"}})

    async def ask(client):
        return [one async for one in client.pages("/t", fields="name")]

    with pytest.raises(kind):
        talk(server, ask)


def test_at_asana_nothing_is_asked_beforehand_and_its_published_limits_hold():
    server = Server(delay=0.0)

    async def main():
        async with Client(token="t", transport=server) as client:
            await asyncio.gather(*[client.get(f"/t/{number}", alone=True) for number in range(1501)])
            return asyncio.get_running_loop().time()

    server.read = lambda wire: [{"method": "get", "relative_path": wire.url}]
    assert run(main()) >= 1060
    assert {wire.method for _, wire in server.asked} == {"GET"}
    assert server.asked[0][1].url == "https://app.asana.com/api/1.0/t/0"


# -- actions that hang together ------------------------------------------------------------------------------------


def test_actions_that_hang_together_travel_together_and_others_beside_them():
    server = Server(features=ALL)
    pairs = [one for n in range(7) for one in (post("/t", id=f"a{n}"), put(f"/t/{{{{a{n}.body.data.gid}}}}"))]
    replies = talk(server, lambda client: client.batch([get("/x"), *pairs, get("/y")]))
    assert [reply.id for reply in replies] == ["", *[name for n in range(7) for name in (f"a{n}", "")], ""]
    assert sorted(sizes(server)) == [2, 4, 10]
    for actions in server.log:
        names = {action["id"] for action in actions if "id" in action}
        needed = {action["relative_path"][5:7] for action in actions if "{{" in action["relative_path"]}
        assert names == needed


def test_an_order_keeps_a_batch_whole():
    server = Server(features=ALL)
    talk(server, lambda client: client.batch([post("/a"), post("/b")], serial=True, stop=True))
    (_, wire) = server.asked[-1]
    assert wire.body.endswith(b'],"options":{"execution":"serial","on_error":"stop"}}}')


@pytest.mark.parametrize(
    ("features", "requests", "settings"),
    [
        ((), [post("/a", id="one")], {}),
        ((), [get("/a")], {"stop": True}),
        (("references",), [get("/a")], {"serial": True}),
        (ALL, [get("/a", id=f"a{n}", depends_on="a0" if n else ()) for n in range(11)], {}),
        (ALL, [get("/a")] * 11, {"serial": True}),
        (ALL, [post("/attachments", id="a"), get("/{{a.body.data.gid}}")], {}),
    ],
)
def test_what_cannot_hang_together_is_not_sent(features, requests, settings):
    server = Server(features=features)
    with pytest.raises(Unsupported):
        talk(server, lambda client: client.batch(requests, **settings))
    assert server.log == []


def test_a_batch_gives_replies_whatever_their_status(server):
    replies = talk(server, lambda client: client.batch([get("/a"), get("/missing/1"), delete("/b")]))
    assert [reply.status for reply in replies] == [200, 404, 200]
    assert isinstance(replies[1].error, NotFound)
    assert replies[0].error is None


def test_an_empty_batch_asks_nobody(server):
    assert talk(server, lambda client: client.batch([])) == []
    assert server.asked == []


# -- errors --------------------------------------------------------------------------------------------------------


def test_an_error_tells_of_status_message_action_and_batch(server):
    found = talk(server, lambda client: gather(client.get("/a"), client.get("/missing/7")))
    error = found[1]
    assert isinstance(error, NotFound | ApiError | ClientError | FanfoldError)
    assert (error.status, error.message) == (404, "Unknown object: /missing/7")
    assert error.action == get("/missing/7")
    assert error.batch == Travelled(1, 2, 1)
    assert str(error) == "GET /missing/7: 404 Unknown object: /missing/7"


@pytest.mark.parametrize(
    ("status", "kind"), [(400, BadRequest), (401, NotAuthorized), (413, ApiError), (404, BadAnswer), (302, BadAnswer)]
)
def test_a_batch_that_is_refused_whole_is_an_error_of_each_call(server, status, kind):
    server.mishaps.append(answers(status, {"errors": [{"message": "no"}]}))
    found = talk(server, lambda client: gather(client.get("/a"), client.get("/b")))
    assert [type(one) for one in found] == [kind, kind]
    assert found[0] is not found[1]
    assert found[1].action == get("/b")


@pytest.mark.parametrize(
    "mishap",
    [
        answers(200, b"<html>", {"content-type": "text/html"}),
        answers(200, b'{"data": [{"status_code": 200'),
        answers(200, {"data": [{"status_code": 200}]}),
        answers(200, {"data": [{"status_code": 200}] * 3}),
        answers(200, b'{"index":0,"status_code":200}\n', {"content-type": "application/x-ndjson"}),
    ],
)
def test_what_is_no_answer_is_one_clear_error_and_is_not_asked_again(server, mishap):
    server.mishaps.append(mishap)
    found = talk(server, lambda client: gather(client.get("/a"), client.get("/b")))
    assert type(found[1]) is BadAnswer
    assert len(server.log) == 1


def test_a_token_is_in_no_error(server):
    server.mishaps += [breaks] * 4
    (error, _) = talk(server, lambda client: gather(client.get("/a"), client.get("/b")))
    assert isinstance(error, TransportError)
    assert "secret" not in repr(error) + str(error) + repr(error.action)


# -- what is made again --------------------------------------------------------------------------------------------


def test_reads_are_made_again_when_the_connection_breaks(server):
    server.mishaps += [breaks, breaks]
    found = talk(server, lambda client: gather(client.get("/a"), client.get("/b")))
    assert [one["path"] for one in found] == ["/a", "/b"]


def test_a_write_whose_answer_is_lost_is_not_made_again_without_a_key():
    server = Server()
    server.mishaps.append(loses_the_answer)
    found = talk(server, lambda client: gather(client.post("/a"), client.get("/b")))
    assert isinstance(found[0], TransportError)
    assert found[1]["path"] == "/b"
    assert [action["relative_path"] for action in server.done].count("/a") == 1


@pytest.mark.parametrize("calls", [1, 12])
def test_a_write_whose_answer_is_lost_is_done_once_where_the_server_knows_keys(calls):
    server = Server(features=ALL)
    server.mishaps += [loses_the_answer] * 3
    found = talk(server, lambda client: gather(*[client.post(f"/a/{number}") for number in range(calls)]))
    assert [one["path"] for one in found] == [f"/a/{number}" for number in range(calls)]
    assert len(server.done) == calls


def test_a_key_of_the_callers_own_is_sent_and_no_other():
    server = Server(features=ALL)
    talk(server, lambda client: gather(client.post("/a", key='mine"\\'), client.post("/b")), auto_keys=False)
    assert [action.get("idempotency_key") for action in server.log[0]] == ['mine"\\', None]


def test_only_the_actions_that_failed_are_made_again(server):
    carry_out, failing = server.carry_out, ["/b", "/d", "/d"]

    def sometimes(action):
        path = action["relative_path"]
        if path in failing:
            failing.remove(path)
            return server.result(action, 503, {"errors": [{"message": "later"}]})
        return carry_out(action)

    server.carry_out = sometimes
    found = talk(server, lambda client: gather(*[client.get(f"/{name}") for name in "abcde"]))
    assert [one["path"] for one in found] == ["/a", "/b", "/c", "/d", "/e"]
    assert sorted(action["relative_path"] for action in server.done) == ["/a", "/b", "/c", "/d", "/e"]


def test_a_group_of_which_one_fails_is_done_again_where_its_writes_have_keys():
    server = Server(features=ALL)
    carry_out, failing = server.carry_out, [True]

    def sometimes(action):
        if action["method"] == "put" and failing:
            failing.clear()
            return server.result(action, 503, {"errors": []})
        return carry_out(action)

    server.carry_out = sometimes
    replies = talk(server, lambda client: client.batch([post("/t", id="a"), put("/t/{{a.body.data.gid}}")]))
    assert [reply.status for reply in replies] == [200, 200]
    assert sizes(server) == [2, 2]
    assert [action["method"] for action in server.done] == ["post", "put"]


def test_there_is_an_end_to_it(server):
    server.mishaps += [answers(503, {"errors": [{"message": "down"}]})] * 20
    found = talk(server, lambda client: gather(client.get("/a"), client.get("/b")))
    assert [type(one) for one in found] == [ServerError, ServerError]
    assert len(server.log) <= 2 * Retries().attempts


def test_a_server_in_trouble_is_not_buried_under_repeats():
    server = Server()
    server.mishaps += [answers(503, {"errors": []})] * 1000
    talk(server, lambda client: gather(*[client.get(f"/{number}") for number in range(300)]))
    assert sum(sizes(server)) <= 300 + 100 + 300 * 0.2


def test_a_refused_batch_is_sent_again_when_it_was_told_to(server):
    server.mishaps.append(answers(429, {"errors": []}, {"retry-after": "17"}))

    async def ask(client):
        begun = asyncio.get_running_loop().time()
        found = await gather(client.post("/a"), client.get("/b"))
        return found, asyncio.get_running_loop().time() - begun

    found, seconds = talk(server, ask)
    assert [one["path"] for one in found] == ["/a", "/b"]
    assert 17 <= seconds < 18
    assert len(server.done) == 2


def test_a_batch_that_is_too_much_at_once_is_sent_in_parts(server):
    server.mishaps.append(answers(429, {"errors": []}))
    found = talk(server, lambda client: gather(client.post("/a"), client.post("/b"), client.post("/c")))
    assert [one["path"] for one in found] == ["/a", "/b", "/c"]
    assert sizes(server) == [3, 1, 1, 1]


def test_what_is_refused_for_ever_is_an_error(server):
    server.mishaps += [answers(429, {"errors": [{"message": "no"}]}, {"retry-after": "5"})] * 100
    (error, _) = talk(server, lambda client: gather(client.get("/a"), client.get("/b")), retries=Retries(refusals=2))
    assert isinstance(error, RateLimited)
    assert error.retry_after == 5


def test_a_server_that_is_down_for_a_while_is_asked_when_it_wants_to_be(server):
    server.mishaps.append(answers(503, {"errors": []}, {"retry-after": "40"}))

    async def ask(client):
        begun = asyncio.get_running_loop().time()
        found = await gather(client.get("/a"), client.get("/b"))
        return found, asyncio.get_running_loop().time() - begun

    found, seconds = talk(server, ask)
    assert [one["path"] for one in found] == ["/a", "/b"]
    assert 40 <= seconds < 41


@pytest.mark.parametrize("status", [429, 503])
def test_nobody_waits_for_a_day(server, status):
    server.mishaps.append(answers(status, {"errors": []}, {"retry-after": "86400"}))
    (error, _) = talk(server, lambda client: gather(client.get("/a"), client.get("/b")))
    assert (error.status, error.retry_after) == (status, 86400)


def test_a_server_that_does_not_say_what_it_offers_is_taken_as_it_is():
    server = Server(features=ALL)
    server.offers = False
    talk(server, lambda client: gather(client.post("/a"), client.post("/b")))
    assert "idempotency_key" not in server.log[0][0]
    asked = [wire.method for _, wire in server.asked]
    assert asked == ["OPTIONS", "POST"]


# -- leaving -------------------------------------------------------------------------------------------------------


def test_one_call_that_is_cancelled_takes_no_other_with_it(server):
    async def ask(client):
        calls = [asyncio.ensure_future(client.get(f"/t/{number}")) for number in range(5)]
        await asyncio.sleep(0)
        calls[0].cancel()
        await asyncio.sleep(server.delay * 1.2)
        calls[1].cancel()
        return await gather(*calls)

    found = talk(server, ask)
    assert [isinstance(one, asyncio.CancelledError) for one in found] == [True, True, False, False, False]
    assert sizes(server) == [4]


def test_a_timeout_is_of_one_call(server):
    server.delay = 5.0
    found = talk(server, lambda client: gather(client.get("/a", timeout=7.0), client.get("/b")))
    assert isinstance(found[0], CallTimeout | TimeoutError)
    assert found[0].action == get("/a")
    assert found[1]["path"] == "/b"


def test_a_batch_has_a_timeout_too(server):
    server.delay = 5.0
    with pytest.raises(CallTimeout):
        talk(server, lambda client: client.batch([get("/a"), get("/b")], timeout=7.0))


def test_what_cannot_be_answered_stands_in_its_place_if_that_is_asked_for():
    server = Server()
    server.mishaps.append(loses_the_answer)
    found = talk(server, lambda client: client.batch([post("/a"), get("/b")], return_exceptions=True))
    assert isinstance(found[0], TransportError)
    assert found[1].ok


@pytest.mark.parametrize("after", [0.0, 0.02, 0.06, 0.09])
def test_closing_ends_whatever_waits_and_leaves_no_task(server, after):
    server.mishaps += [answers(429, {"errors": []}, {"retry-after": "50"}), breaks]

    async def main():
        client = Client(BASE, transport=server)
        calls = [asyncio.ensure_future(client.get(f"/t/{number}")) for number in range(45)]
        await asyncio.sleep(after)
        await client.close()
        found = await gather(*calls)
        assert all(isinstance(one, ClientClosed | dict) for one in found)
        assert any(isinstance(one, ClientClosed) for one in found)
        with pytest.raises(ClientClosed):
            await client.get("/t/1")

    run(main())


def test_a_mistake_in_a_transport_is_seen_by_who_waits():
    class Broken(Server):
        async def send(self, wire, sink):
            if wire.method == "OPTIONS":
                await super().send(wire, sink)
            else:
                raise TransportError("no such host", sent=False)

    found = talk(Broken(), lambda client: gather(client.post("/a"), client.get("/b")))
    assert [type(one) for one in found] == [TransportError, TransportError]
    assert not found[0].sent


@pytest.mark.parametrize(
    "url", ["http://me:secret@server", "server/api", "ftp://server", "http://", "http://server/?a=b", ""]
)
def test_a_base_has_to_be_one(url):
    with pytest.raises(ValueError, match="base_url"):
        Client(url)


@pytest.mark.parametrize("path", ["t", "/t?x=1", "/t\r\nX: y", "/a b", ""])
def test_a_path_has_to_be_one(path):
    with pytest.raises(ValueError, match="path"):
        get(path)


def test_a_profile_has_to_be_one():
    with pytest.raises(ValueError, match="asana-free"):
        Client(BASE, limits="asana-gold")
