"""Deliveries: what is sent to whom, in which order, how often it is tried, when it is given up."""

import asyncio
import hmac

import msgspec
import pytest

from fanfold.errors import Unreachable
from fanfold.model import Call, Caller
from fanfold.work.deliveries import LEASE, Deliveries
from fanfold.work.posting import Reply
from fanfold.work.store import SqliteStore

TARGET = "https://receiver.test/hook"


class Receiver:
    """A target that remembers what it was sent and fails while it is told to."""

    def __init__(self):
        self.secret = ""
        self.bodies = []
        self.fails = None

    async def __call__(self, url, headers, body, within):
        await asyncio.sleep(0)
        if "X-Hook-Secret" in headers:
            self.secret = headers["X-Hook-Secret"]
            return Reply(200, {"x-hook-secret": self.secret})
        assert headers["X-Hook-Signature"] == hmac.new(self.secret.encode(), body, "sha256").hexdigest()
        self.bodies.append(body)
        if isinstance(self.fails, Exception):
            raise self.fails
        return self.fails or Reply(200, {})

    def events(self):
        """All events that arrived since this was last asked."""
        found = [event for body in self.bodies for event in msgspec.json.decode(body)["events"]]
        self.bodies.clear()
        return found

    def kinds(self):
        return [(event["resource"]["resource_type"], event["action"]) for event in self.events()]


@pytest.fixture
def receiver(world):
    world.api.post = Receiver()
    return world.api.post


@pytest.fixture
def deliveries(world):
    return Deliveries(world.api)


@pytest.fixture
def attempt(deliveries):
    return lambda gid: asyncio.run(deliveries.attempt(gid))


@pytest.fixture
def deliver(attempt):
    """Delivers until there is nothing more to do now; what the last attempt said."""

    def deliver(gid):
        pause = attempt(gid)
        while pause == 0:
            pause = attempt(gid)
        return pause

    return deliver


@pytest.fixture
def hook(world, receiver, deliver):
    """A webhook whose first heartbeat has arrived."""

    def hook(resource, user=None, **data):
        endpoint, params = world.api.resolve("POST", "/webhooks")
        body = {"data": {"resource": resource, "target": TARGET, **data}}
        call = Call("POST", "/webhooks", (), body, (), Caller("t", user or world.ada), endpoint, params)
        gid = int(msgspec.json.decode(asyncio.run(world.api.send(call)).body)["data"]["gid"])
        assert deliver(gid) is None
        assert receiver.bodies == [b'{"events":[]}']
        receiver.bodies.clear()
        return gid

    return hook


def test_events_tell_no_more_than_which_records_they_are_about(world, receiver, hook, deliver, project, bob):
    gid = hook(project)
    task = world.made("/tasks", {"name": "Secret name", "projects": [project]}, bob)
    assert deliver(gid) is None
    assert receiver.events() == [
        {
            "user": {"gid": bob, "resource_type": "user"},
            "resource": {"gid": task, "resource_type": "task"},
            "action": "added",
            "parent": {"gid": project, "resource_type": "project"},
            "created_at": "2026-01-05T09:30:00.000Z",
        }
    ]
    world.call("PUT", f"/tasks/{task}", {"assignee": bob})
    deliver(gid)
    (event,) = (event for event in receiver.events() if event.get("change", {}).get("field") == "assignee")
    assert event["change"] == {
        "field": "assignee",
        "action": "changed",
        "new_value": {"gid": bob, "resource_type": "user"},
    }


def test_everything_arrives_once_and_in_order(world, receiver, hook, deliver, project):
    gid = hook(project)
    made = [world.made("/tasks", {"name": f"{n}", "projects": [project]}) for n in range(250)]
    deliver(gid)
    assert len(receiver.bodies) == 3
    assert [event["resource"]["gid"] for event in receiver.events()] == made
    assert deliver(gid) is None
    assert receiver.bodies == []


def test_what_happened_before_is_not_told(world, receiver, hook, deliver, project):
    world.made("/tasks", {"name": "Before", "projects": [project]})
    deliver(hook(project))
    assert receiver.events() == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], [("task", "added"), ("task", "changed"), ("task", "changed"), ("task", "deleted")]),
        ([{"resource_type": "task", "action": "changed", "fields": ["name"]}], [("task", "changed")]),
        ([{"action": "added"}, {"action": "deleted"}], [("task", "added"), ("task", "deleted")]),
        ([{"resource_type": "section"}], []),
    ],
)  # fmt: skip
def test_only_what_passes_a_filter_arrives(world, receiver, hook, deliver, project, filters, expected):
    gid = hook(project, filters=filters)
    task = world.made("/tasks", {"name": "T", "projects": [project]})
    place = world.store.last_event()
    world.call("PUT", f"/tasks/{task}", {"name": "U", "notes": "n"})
    world.call("DELETE", f"/tasks/{task}")
    deliver(gid)
    assert [kind for kind in receiver.kinds() if kind[0] != "story"] == expected
    assert world.store.delivery(gid).cursor > place


def test_subtypes_are_told_apart_also_when_the_record_is_gone(world, receiver, hook, deliver, project):
    gid = hook(project, filters=[{"resource_subtype": "milestone"}])
    world.made("/tasks", {"name": "T", "projects": [project]})
    milestone = world.made("/tasks", {"name": "M", "projects": [project], "resource_subtype": "milestone"})
    deliver(gid)
    assert [event["resource"]["gid"] for event in receiver.events()] == [milestone]
    world.call("DELETE", f"/tasks/{milestone}")
    deliver(gid)
    assert receiver.kinds() == [("task", "deleted")]


def test_a_workspace_hears_of_its_projects_and_not_of_tasks(world, receiver, hook, deliver, space, project):
    gid = hook(space, filters=[{"action": "added"}])
    world.made("/tasks", {"name": "T", "projects": [project]})
    other = world.made("/projects", {"name": "Other", "workspace": space})
    deliver(gid)
    found = receiver.events()
    assert other in [event["resource"]["gid"] for event in found]
    assert "task" not in {event["resource"]["resource_type"] for event in found}


def test_a_team_hears_of_its_projects(world, receiver, hook, deliver, org):
    team = world.made("/teams", {"name": "Band", "organization": org})
    gid = hook(team, filters=[{"resource_type": "project"}])
    world.made("/projects", {"name": "Theirs", "workspace": org, "team": team})
    deliver(gid)
    assert receiver.kinds() == [("project", "added")]


def test_private_records_are_told_of_only_to_those_who_see_them(world, receiver, hook, deliver, space, bob, ada):
    mine = hook(space, filters=[{"resource_type": "project"}])
    world.made("/projects", {"name": "Hidden", "workspace": space, "privacy_setting": "private"}, bob)
    deliver(mine)
    assert receiver.events() == []


def test_a_heartbeat_is_sent_when_nothing_happened_for_eight_hours(world, receiver, hook, deliver, deliveries, project):
    gid = hook(project)
    world.later(hours=7, minutes=59)
    assert asyncio.run(deliveries.overdue()) == []
    world.later(minutes=1)
    assert asyncio.run(deliveries.overdue()) == [gid]
    assert deliver(gid) is None
    assert receiver.bodies == [b'{"events":[]}']
    assert asyncio.run(deliveries.overdue()) == []
    assert world.call("GET", f"/webhooks/{gid}")[1]["last_success_at"] == "2026-01-05T17:30:00.000Z"


def test_what_failed_is_tried_again_with_the_same_bytes_and_ever_longer_pauses(world, receiver, hook, attempt, project):
    gid = hook(project)
    receiver.fails = Reply(500, {}, b"out of\x00order")
    world.made("/tasks", {"name": "A", "projects": [project]})
    pauses = []
    for _ in range(12):
        pauses.append(attempt(gid))
        world.made("/tasks", {"name": "B", "projects": [project]})
        assert attempt(gid) == pauses[-1]
        world.later(seconds=pauses[-1])
    assert pauses == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]
    assert len(receiver.bodies) == 12
    assert len(set(receiver.bodies)) == 1
    shown = world.call("GET", f"/webhooks/{gid}")[1]
    assert shown["delivery_retry_count"] == 11
    assert shown["last_failure_content"] == "500\n\nout oforder"
    assert shown["failure_deletion_timestamp"] == "2026-01-06T09:30:00.000Z"
    receiver.fails = None
    receiver.bodies.clear()
    while attempt(gid) == 0:
        pass
    assert len(receiver.events()) == 13
    shown = world.call("GET", f"/webhooks/{gid}")[1]
    assert (shown["delivery_retry_count"], "next_attempt_after" in shown) == (0, False)
    assert "failure_deletion_timestamp" not in shown


@pytest.mark.parametrize("failure", [Reply(404, {}), Reply(301, {"location": "https://x.test"}), Unreachable("None")])
def test_a_target_that_fails_for_a_day_loses_its_webhook(world, receiver, hook, attempt, project, failure):
    gid = hook(project)
    receiver.fails = failure
    world.made("/tasks", {"name": "A", "projects": [project]})
    begun = world.now
    pause = attempt(gid)
    while pause is not None:
        assert world.call("GET", f"/webhooks/{gid}")[0] == 200
        world.later(seconds=pause)
        pause = attempt(gid)
    assert (world.now - begun).total_seconds() == 24 * 3600
    assert world.call("GET", f"/webhooks/{gid}")[0] == 404
    assert attempt(gid) is None


def test_a_server_that_was_down_for_long_tries_once_more(world, receiver, hook, deliver, project):
    gid = hook(project)
    receiver.fails = Reply(503, {})
    world.made("/tasks", {"name": "A", "projects": [project]})
    deliver(gid)
    world.later(days=3)
    receiver.fails = None
    deliver(gid)
    assert world.call("GET", f"/webhooks/{gid}")[1]["delivery_retry_count"] == 0


def test_a_clock_that_is_put_back_puts_off_no_attempt(world, receiver, hook, attempt, project):
    gid = hook(project)
    receiver.fails = Reply(503, {})
    world.made("/tasks", {"name": "A", "projects": [project]})
    assert attempt(gid) == 10
    world.later(hours=-1)
    assert attempt(gid) == 10
    world.later(seconds=10)
    assert attempt(gid) == 20
    receiver.fails = None
    world.later(seconds=20)
    assert attempt(gid) == 0


def test_only_one_delivery_is_under_way_for_a_webhook(world, receiver, hook, deliveries, project):
    gid = hook(project)
    world.made("/tasks", {"name": "A", "projects": [project]})

    async def both():
        return await asyncio.gather(deliveries.attempt(gid), deliveries.attempt(gid))

    assert asyncio.run(both()) == [0, None]
    assert len(receiver.bodies) == 1


def test_what_was_on_its_way_when_the_process_died_is_sent_again_as_it_was(world, receiver, hook, deliveries, project):
    gid = hook(project)
    world.made("/tasks", {"name": "A", "projects": [project]})

    async def die():
        sending = asyncio.ensure_future(deliveries.attempt(gid))
        await asyncio.sleep(0)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

    receiver.fails = Reply(200, {})
    asyncio.run(die())
    body = world.store.delivery(gid).body
    assert body is not None
    world.made("/tasks", {"name": "B", "projects": [project]})
    receiver.bodies.clear()
    again = Deliveries(world.api)
    assert asyncio.run(again.overdue()) == [gid]
    assert asyncio.run(again.attempt(gid)) == 0
    assert receiver.bodies == [body]
    assert asyncio.run(again.attempt(gid)) == 0
    assert len(receiver.bodies) == 2


def test_what_was_committed_and_never_begun_is_found(world, hook, deliver, project):
    gid = hook(project)
    world.made("/tasks", {"name": "A", "projects": [project]})
    again = Deliveries(world.api)
    assert asyncio.run(again.overdue()) == [gid]
    deliver(gid)
    assert asyncio.run(again.overdue()) == []


def test_the_end_of_a_resource_is_the_last_that_its_webhook_tells(world, receiver, hook, deliver, space):
    project = world.made("/projects", {"name": "Short", "workspace": space})
    gid = hook(project)
    world.call("DELETE", f"/projects/{project}")
    deliver(gid)
    assert ("project", "deleted") in receiver.kinds()
    assert world.call("GET", f"/webhooks/{gid}")[0] == 404


def test_a_webhook_deleted_while_its_events_are_sent_stays_deleted(world, receiver, hook, deliveries, project):
    gid = hook(project)
    world.made("/tasks", {"name": "A", "projects": [project]})

    async def both():
        sending = asyncio.ensure_future(deliveries.attempt(gid))
        await asyncio.sleep(0)
        world.call("DELETE", f"/webhooks/{gid}")
        return await sending

    assert asyncio.run(both()) is None
    assert world.store.delivery(gid) is None


def test_whoever_may_have_something_to_deliver_is_told_after_each_commit(world, hook, space, project):
    told = []
    world.api.told = told.append
    other = world.made("/projects", {"name": "Other", "workspace": space})
    gid = hook(project)
    told.clear()
    world.made("/tasks", {"name": "A", "projects": [other]})
    assert told == []
    world.made("/tasks", {"name": "A", "projects": [project]})
    assert told == [[gid]]
    assert world.call("POST", "/tasks", {"name": "A", "projects": [project], "due_on": "x"})[0] == 400
    assert told == [[gid]]


def test_the_log_is_cut_off_behind_everybody_who_may_read_it(world, receiver, hook, deliver, deliveries, project):
    gid = hook(project)
    receiver.fails = Reply(500, {})
    for name in "abc":
        world.made("/tasks", {"name": name, "projects": [project]})
    deliver(gid)
    world.later(hours=24)
    kept = world.store.delivery(gid).cursor
    asyncio.run(deliveries.prune())
    world.later(hours=2)
    asyncio.run(deliveries.prune())
    assert world.store.first_event() == kept + 1
    receiver.fails = None
    deliver(gid)
    assert len(receiver.events()) >= 3
    asyncio.run(deliveries.prune())
    newest = world.store.last_event()
    assert world.store.first_event() == newest
    assert [seq for seq, *_ in world.store.events_of(int(project), 0, 100)] in ([newest], [])
    assert world.store._cursor.execute("SELECT count(*) FROM event_of WHERE seq < ?", (newest,)).fetchone() == (0,)


def test_the_log_is_not_cut_off_before_the_search_index_has_read_it(world, deliveries, space, project):
    search = f"/workspaces/{space}/tasks/search"
    assert world.call("GET", search)[0] == 200
    read = world.store.index_upto()
    for name in "abc":
        world.made("/tasks", {"name": name, "projects": [project]})
    world.later(hours=26)
    asyncio.run(deliveries.prune())
    assert world.store.first_event() == read + 1
    assert len(world.call("GET", search)[1]) == 3
    asyncio.run(deliveries.prune())
    assert world.store.first_event() == world.store.last_event()
    assert not world.store.index_is_behind()


def test_a_token_from_before_the_beginning_of_the_log_is_too_old(world, deliveries, space, project):
    for number in range(3):
        world.made("/tasks", {"name": f"{number}", "projects": [project]})
    sync = world.ask("GET", "/events", resource=project)[1]["sync"]
    world.made("/tasks", {"name": "after", "projects": [project]})
    world.made("/tags", {"name": "newest", "workspace": space})
    world.later(hours=23)
    assert world.ask("GET", "/events", resource=project, sync=sync)[0] == 200
    world.later(hours=3)
    asyncio.run(deliveries.prune())
    world.now = world.now.replace(year=2026, month=1, day=6, hour=8)
    assert world.ask("GET", "/events", resource=project, sync=sync)[0] == 412


def test_what_was_sent_of_other_data_is_of_no_concern(world, receiver, hook, deliveries, project):
    gid = hook(project)
    before = SqliteStore()
    before.take_over(world.store)
    world.made("/tasks", {"name": "A", "projects": [project]})

    async def both():
        sending = asyncio.ensure_future(deliveries.attempt(gid))
        await asyncio.sleep(0)
        world.store.take_over(before)
        return await sending

    cursor = before.delivery(gid).cursor
    assert asyncio.run(both()) is None
    assert world.store.delivery(gid).cursor == cursor
    before.close()


@pytest.fixture
def other(world):
    """Another process with the same database."""
    world.api.shared = True
    return Deliveries(world.api)


def test_of_two_processes_one_sends_and_sends_what_the_other_wrote_too(
    world, receiver, hook, deliveries, other, project
):
    gid = hook(project)

    async def both():
        world.made("/tasks", {"name": "First", "projects": [project]})
        sending = asyncio.create_task(deliveries.attempt(gid))
        await asyncio.sleep(0)
        world.made("/tasks", {"name": "Second", "projects": [project]})
        assert await other.attempt(gid) is None
        assert 0 < await other.attempt(gid, inherited=True) <= LEASE
        assert await sending == 0
        assert await deliveries.attempt(gid) == 0
        assert await deliveries.attempt(gid) is None

    asyncio.run(both())
    assert receiver.kinds() == [("task", "added"), ("task", "added")]


def test_what_a_dead_process_was_sending_another_sends_when_its_lease_has_run_out(
    world, receiver, hook, deliveries, other, project
):
    gid = hook(project)

    async def die():
        async def never_answer(*_):
            sending.set()
            await asyncio.Event().wait()

        sending = asyncio.Event()
        world.api.post = never_answer
        task = asyncio.create_task(deliveries.attempt(gid))
        await sending.wait()
        task.cancel()

    world.made("/tasks", {"name": "T", "projects": [project]})
    asyncio.run(die())
    body = world.store.delivery(gid).body
    world.api.post = receiver
    world.later(seconds=asyncio.run(other.attempt(gid, inherited=True)))
    assert asyncio.run(other.attempt(gid, inherited=True)) == 0
    assert receiver.bodies == [body]
    assert asyncio.run(other.attempt(gid)) is None
    assert asyncio.run(deliveries.attempt(gid)) is None
