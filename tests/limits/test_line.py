"""What travels on one connection: nobody gets another's reply, and nothing is lost or late without being told."""

import asyncio

import pytest

from fanfold.errors import LimitsUnknown, SetupError
from fanfold.limits.line import Line, Script, line_to, packed

SCRIPT = Script("return 1")


class RedisError(Exception):
    pass


class ResponseError(RedisError):
    pass


class NoScriptError(ResponseError):
    pass


class ReadOnlyError(ResponseError):
    pass


class Server:
    """A server of which each test says when it answers what."""

    def __init__(self):
        self.run = b"first"
        self.away = False
        self.hung = False
        self.refuses = None
        self.breaks = []
        self.connections = []

    def connection(self):
        connection = Connection(self)
        self.connections.append(connection)
        return connection

    @property
    def now(self):
        return self.connections[-1]


class Connection:
    is_connected = False

    def __init__(self, server):
        self.server = server
        self.sent = []
        self.replies = asyncio.Queue()

    async def connect(self):
        if self.server.away:
            raise RedisError("refused")
        self.is_connected = True

    async def disconnect(self, nowait=False):
        self.is_connected = False

    async def send_packed_command(self, command, check_health=True):
        if command.startswith(packed(b"SCRIPT", b"LOAD", SCRIPT.source)):
            if self.server.breaks:
                self.reply(self.server.breaks.pop())
            self.reply(SCRIPT.digest)
            self.reply(self.server.refuses or b"OK")
            self.reply(self.server.run)
        else:
            self.sent.append(command)

    async def read_response(self, disable_decoding=False):
        reply = await self.replies.get()
        if isinstance(reply, Exception):
            raise reply
        return reply

    def reply(self, reply):
        if not self.server.hung:
            self.replies.put_nowait(reply)


@pytest.fixture
def server():
    return Server()


@pytest.fixture
async def line(server):
    made = Line(server.connection, RedisError, scripts=[SCRIPT], deadline=60, sleep=soon)
    yield made
    hurry(made)
    await made.close()


async def soon(_seconds):
    """Pauses that take no time, but turns of the loop."""
    await turns(1)


async def turns(count=10):
    for _ in range(count):
        await asyncio.sleep(0)


def hurry(line):
    """Let the time of whatever is asked from now on be up at once."""
    line._deadline = 0
    if line._timer is not None:
        line._timer.cancel()
        line._timer = None


async def asked(line, *commands):
    """Tasks that wait for the replies to commands, which have been sent."""

    async def ask(command):
        return await line.ask(command)

    tasks = [asyncio.ensure_future(ask(command)) for command in commands]
    await turns()
    return tasks


async def test_what_is_asked_in_one_turn_is_written_at_once_and_answered_in_order(line, server):
    tasks = await asked(line, b"a", b"b", b"c")
    assert server.now.sent == [b"abc"]
    for reply in (b"1", b"2", b"3"):
        server.now.reply(reply)
    assert await asyncio.gather(*tasks) == [b"1", b"2", b"3"]
    assert line.up


async def test_f11_who_is_cancelled_leaves_no_reply_for_the_next(line, server):
    first, second = await asked(line, b"a", b"b")
    first.cancel()
    third, *_ = await asked(line, b"c")
    for reply in (b"1", b"2", b"3"):
        server.now.reply(reply)
    assert (await second, await third) == (b"2", b"3")
    assert len(server.connections) == 1


async def test_what_is_unanswered_when_the_connection_breaks_is_asked_again_in_order(line, server):
    tasks = await asked(line, b"a", b"b", b"c")
    server.now.reply(b"1")
    server.now.reply(RedisError("reset by peer"))
    await turns()
    assert len(server.connections) == 2
    assert server.now.sent == [b"bc"]
    server.now.reply(b"2")
    server.now.reply(b"3")
    assert await asyncio.gather(*tasks) == [b"1", b"2", b"3"]


async def test_a_connection_that_breaks_while_it_is_made_is_tried_once_more(line, server, caplog):
    (task,) = await asked(line, b"a")
    server.breaks = [RedisError("reset by peer")]
    server.now.reply(RedisError("reset by peer"))
    await turns(20)
    assert len(server.connections) == 3
    server.now.reply(b"1")
    assert await task == b"1"
    assert caplog.messages == []


async def test_who_was_cancelled_meanwhile_is_not_asked_for_again(line, server):
    first, second = await asked(line, b"a", b"b")
    first.cancel()
    await turns()
    server.now.reply(RedisError("reset by peer"))
    await turns()
    assert server.now.sent == [b"b"]
    server.now.reply(b"2")
    assert await second == b"2"


async def test_a_lost_script_is_loaded_again_and_whoever_missed_it_notices_nothing(line, server):
    (task,) = await asked(line, b"a")
    server.now.reply(NoScriptError("No matching script"))
    await turns()
    assert len(server.connections) == 2
    assert server.now.sent == [b"a"]
    server.now.reply(b"1")
    assert await task == b"1"


async def test_what_the_server_refuses_once_it_is_not_asked_again(line, server, caplog):
    first, second = await asked(line, b"a", b"b")
    server.now.reply(ResponseError("WRONGTYPE"))
    await turns()
    with pytest.raises(LimitsUnknown):
        await first
    assert server.now.sent == [b"b"]
    server.now.reply(b"2")
    assert await second == b"2"
    assert line.up
    assert caplog.messages == ["Redis refuses what it was asked (WRONGTYPE)"]


async def test_whoever_waits_too_long_is_told_and_so_is_everybody_until_it_works_again(line, server, caplog):
    ups = []
    line.tell(lambda *, up: ups.append(up))
    (first,) = await asked(line, b"a")
    hurry(line)
    server.hung = True
    first.cancel()
    (second,) = await asked(line, b"b")
    with pytest.raises(LimitsUnknown):
        await second
    with pytest.raises(LimitsUnknown):
        line.ask(b"c")
    assert line.up is False
    server.hung = False
    await turns(30)
    assert line.up
    assert ups == [True, False, True]
    assert [record.getMessage() for record in caplog.records] == [
        "Redis cannot be asked for the limits (no answer within 0 ms)",
        "Redis is asked for the limits again",
    ]
    assert server.now.sent == []


async def test_who_has_time_left_is_looked_after_later(line, server):
    (task,) = await asked(line, b"a")
    line._timer.cancel()
    line._watch()
    assert not line._timer.cancelled()
    server.now.reply(b"1")
    assert await task == b"1"
    line._timer.cancel()
    line._watch()
    assert line._timer is None


@pytest.mark.parametrize("said", ["unknown command 'x'", "ERR unknown command", "Protocol error: too big bulk count"])
async def test_a_release_that_came_as_rubbish_is_said_until_it_is_understood(line, server, said):
    line.say(b"release", keep=60)
    await turns()
    for _ in range(3):
        server.now.reply(ResponseError(said))
        await turns()
        assert server.now.sent == [b"release"]
    server.now.reply(b"1")
    await turns()
    (task,) = await asked(line, b"a")
    assert server.now.sent[-1] == b"a"
    server.now.reply(b"1")
    assert await task == b"1"


async def test_what_is_no_text_does_not_come_into_the_log(line, server, caplog):
    (task,) = await asked(line, b"a")
    server.now.reply(ResponseError("unknown command '\x1b[31m\x00" + "x" * 500))
    with pytest.raises(LimitsUnknown):
        await task
    shown = "unknown command '?[31m?"
    assert caplog.messages == [f"Redis refuses what it was asked ({shown:x<200})"]


async def test_a_release_that_is_refused_troubles_nobody(line, server):
    line.say(b"release", keep=60)
    (task,) = await asked(line, b"a")
    server.now.reply(ResponseError("WRONGTYPE"))
    await turns()
    assert server.now.sent == [b"a"]
    server.now.reply(b"1")
    assert await task == b"1"


async def test_a_release_that_comes_when_nothing_may_be_written_is_kept_until_something_may(line, server, caplog):
    line.say(b"release", keep=60)
    (task,) = await asked(line, b"a")
    server.refuses = ReadOnlyError("READONLY")
    server.now.reply(server.refuses)
    await turns()
    with pytest.raises(LimitsUnknown):
        await task
    server.refuses = None
    await turns(30)
    assert server.now.sent == [b"release"]
    server.now.reply(b"1")
    assert caplog.messages[0] == "Redis refuses what it was asked (READONLY)"


async def test_a_reply_that_is_there_when_the_time_is_up_counts(line, server):
    await asked(line)
    (first,) = await asked(line, b"a")
    server.now.reply(b"1")
    await first
    hurry(line)
    task = asyncio.ensure_future(_ask(line, b"b"))
    await turns(2)
    server.now.reply(b"2")  # as after a turn of the loop that took far too long
    assert await task == b"2"


async def _ask(line, command):
    return await line.ask(command)


async def test_a_server_that_is_not_there_is_looked_for_in_the_background(line, server, caplog):
    server.away = True
    (task,) = await asked(line, b"a")
    with pytest.raises(LimitsUnknown):
        await task
    await turns(50)
    assert len(server.connections) > 3
    assert caplog.text.count("cannot be asked") == 1
    server.away = False
    await turns(50)
    assert line.up


async def test_a_server_that_takes_nothing_is_as_good_as_away(line, server, caplog):
    server.refuses = ResponseError("OOM command not allowed when used memory > 'maxmemory'.")
    (task,) = await asked(line, b"a")
    with pytest.raises(LimitsUnknown):
        await task
    assert "(ResponseError: OOM command not allowed" in caplog.text


async def test_what_is_said_is_kept_until_somebody_listens(line, server):
    server.away = True
    line.say(b"release 1", keep=60)
    line.say(b"release 2", keep=0)
    await turns(50)
    line.say(b"release 3", keep=60)
    server.away = False
    await turns(50)
    assert server.now.sent == [b"release 1release 3"]


async def test_what_is_said_and_not_answered_is_said_again(line, server):
    line.say(b"release 1", keep=60)
    await turns()
    server.now.reply(RedisError("reset by peer"))
    await turns()
    assert server.now.sent == [b"release 1"]
    (task,) = await asked(line, b"a")
    server.now.reply(1)
    server.now.reply(b"1")
    assert await task == b"1"


async def test_what_is_kept_is_bounded(line, server, monkeypatch):
    monkeypatch.setattr("fanfold.limits.line.MAX_KEPT", 3)
    server.away = True
    for number in range(5):
        line.say(b"%d" % number, keep=60)
        await turns()
    server.away = False
    await turns(50)
    assert server.now.sent == [b"234"]


async def test_who_connects_before_asking_notices_that_the_server_has_forgotten_what_it_knew_by_then(line, server):
    line.open()
    line.open()
    await turns()
    server.run = b"second"
    server.now.reply(RedisError("gone"))
    await turns()
    await asked(line, b"a")
    assert line.losses == 1


async def test_a_server_that_has_forgotten_what_it_was_told_is_noticed(line, server, caplog):
    await asked(line, b"a")
    server.now.reply(b"1")
    await turns()
    assert line.losses == 0
    server.run = b"second"
    server.now.reply(RedisError("gone"))
    await turns()
    assert line.losses == 1
    assert caplog.text == ""


async def test_closing_sends_what_is_left_first(server):
    line = Line(server.connection, RedisError, scripts=[SCRIPT], deadline=60)
    (task,) = await asked(line, b"a")
    server.now.reply(b"1")
    await task
    line.say(b"release", keep=60)
    closing = asyncio.ensure_future(line.close())
    await turns()
    assert b"".join(server.now.sent) == b"arelease" + packed(b"PING")
    server.now.reply(1)
    server.now.reply(b"PONG")
    await closing
    assert not server.now.is_connected
    with pytest.raises(LimitsUnknown):
        line.ask(b"b")
    line.say(b"late", keep=60)


async def test_closing_a_line_that_was_never_used_does_nothing(server):
    line = Line(server.connection, RedisError)
    await line.close()
    assert server.connections == []


async def test_whoever_waits_when_it_is_closed_is_told(server):
    line = Line(server.connection, RedisError, scripts=[SCRIPT], deadline=60)
    server.hung = True
    (task,) = await asked(line, b"a")
    await line.close()
    with pytest.raises(LimitsUnknown):
        await task


async def test_a_crash_of_the_connection_is_told_of_and_survived(line, server, caplog):
    (task,) = await asked(line, b"a")
    server.now.reply(ZeroDivisionError())
    await turns()
    assert "crashed" in caplog.text
    server.now.reply(b"1")
    assert await task == b"1"


def test_names_are_never_the_same(server):
    names = [line.name() for line in (Line(server.connection, RedisError) for _ in range(10)) for _ in range(10)]
    assert len(set(names)) == 100
    assert {len(name) for name in names} == {22}


@pytest.mark.parametrize(
    "url",
    ["http://host:6379", "redis//host", "", "redis://:secret@host:port", "redis://:pa?ss@host", "redis://h:99999"],
)
def test_a_url_that_cannot_be_meant_is_refused_without_showing_it(url):
    with pytest.raises(SetupError, match="write redis://host:6379") as refused:
        line_to(url, ())
    assert "secret" not in refused.value.message


def test_without_the_package_its_name_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "redis.asyncio", None)
    with pytest.raises(SetupError, match=r"pip install 'fanfold\[redis\]'"):
        line_to("redis://host", ())


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://ada:s3cret@host:7000/2", "host:7000"),
        ("rediss://:s3cret@host", "host:6379"),
        ("redis://", "localhost:6379"),
        ("redis://host?password=s3cret", "host:6379"),
        ("unix:///run/redis.sock?password=s3cret", "/run/redis.sock"),
    ],
)
async def test_no_password_is_ever_shown(url, place, caplog):
    line = line_to(url, ())
    line._give_up("for a reason")
    assert caplog.messages == [f"The Redis at {place} cannot be asked for the limits (for a reason)"]


async def test_an_idle_connection_is_no_broken_one():
    line = line_to("redis://host?socket_timeout=1", ())
    assert line._make().socket_timeout is None
