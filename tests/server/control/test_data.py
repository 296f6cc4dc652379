"""Reset, load, snapshots: other data in one step, nothing remembered of those before, tokens still good."""

import pytest

from fanfold.server.tokens import digest, issue
from fanfold.work import SqliteStore
from fanfold.work.change import born
from fanfold.work.seed import first_user
from fanfold.work.store.shelves import Shelved
from tests.server.conftest import ADA, GRACE, NOON, ask
from tests.server.control.conftest import names, refused

DEMO = ["Website relaunch", "Mobile app", "Office move"]


async def add_project(app, name):
    body = {"data": {"name": name, "workspace": "1005", "team": "1014"}}
    reply = await ask(app, "POST", "/api/1.0/projects", body)
    assert reply.status == 201
    return reply.json["data"]["gid"]


async def test_a_reset_to_the_demo_brings_back_what_was_there_with_the_same_gids(app, control):
    await control("POST", "reset", {"seed": "demo"})
    gid = await add_project(app, "Mine")
    await ask(app, "DELETE", "/api/1.0/tasks/1034")
    await control("POST", "reset", {"seed": "demo"})
    assert await names(app) == DEMO
    assert (await ask(app, "GET", "/api/1.0/tasks/1034")).json["data"]["name"] == "Write the imprint"
    assert await add_project(app, "Mine") == gid


async def test_the_next_gid_after_a_restore_is_the_one_that_it_would_have_been(app, control):
    await control("POST", "reset", {"seed": "demo"})
    await add_project(app, "One")
    await control("POST", "snapshots", {"name": "one"})
    gid = await add_project(app, "Two")
    await control("POST", "snapshots/one/restore")
    assert await add_project(app, "Two") == gid


async def test_nothing_is_remembered_of_the_data_before(app, control):
    await ask(app, "PUT", "/api/1.0/users/1004", {"data": {"name": "Kay"}})
    await ask(app, "PUT", "/api/1.0/projects/1025", {"data": {"name": "Renamed"}})
    shown = "/api/1.0/tasks/1034?opt_fields=assignee.name,projects.name"
    assert "Renamed" in (await ask(app, "GET", shown)).body.decode()
    await control("POST", "reset", {"seed": "demo"})
    assert "Website relaunch" in (await ask(app, "GET", shown)).body.decode()


async def test_a_reset_to_nothing_leaves_the_first_user_and_a_workspace(app, control):
    await control("POST", "reset", {"seed": "empty"})
    assert await names(app) == []
    me = (await ask(app, "GET", "/api/1.0/users/me")).json["data"]
    assert (me["name"], me["gid"]) == ("Ada Lovelace", "1001")
    assert (await ask(app, "GET", "/api/1.0/tasks/1034")).status == 404


async def test_without_a_seed_it_is_the_one_that_the_server_was_started_with(make_app):
    app = make_app(admin=True, seed="empty")
    assert (await refused(app, "POST", "reset")).status == 200
    assert await names(app) == []


async def test_the_tokens_of_people_who_are_still_there_are_still_valid(app, control):
    await control("POST", "reset", {"seed": "demo"})
    assert (await ask(app, "GET", "/api/1.0/users/me", token=GRACE)).json["data"]["name"] == "Grace Hopper"
    await control("POST", "reset", {"seed": "empty"})
    assert (await ask(app, "GET", "/api/1.0/users/me", token=GRACE)).status == 401
    assert (await ask(app, "GET", "/api/1.0/users/me", token=ADA)).status == 200


async def test_a_revoked_token_is_not_revived_by_a_snapshot_from_before(app, control):
    await control("POST", "snapshots", {"name": "before"})
    number = app.store.token_user(digest(GRACE))[0]
    app.store.begin_action()
    app.store.revoke_token(number, "2026-11-22T12:00:00.000Z")
    app.store.end_action()
    app.store.commit()
    await control("POST", "snapshots/before/restore")
    assert (await ask(app, "GET", "/api/1.0/users/me", token=GRACE)).status == 401


async def test_a_snapshot_is_gone_back_to_as_often_as_one_likes(app, control):
    await add_project(app, "Kept")
    await control("POST", "snapshots", {"name": "one"})
    for _ in range(2):
        await add_project(app, "Lost")
        await control("POST", "snapshots/one/restore")
        assert await names(app) == [*DEMO, "Kept"]


async def test_files_belong_to_a_snapshot(app, control):
    file = app.api.files / "77" / "tea.txt"
    file.parent.mkdir(parents=True)
    file.write_text("tea")
    other = app.api.files / "not-ours.txt"
    other.write_text("x")
    await control("POST", "snapshots", {"name": "with"})
    await control("POST", "reset", {"seed": "demo"})
    assert not file.exists()
    assert other.exists()
    await control("POST", "snapshots/with/restore")
    assert file.read_text() == "tea"


async def test_snapshots_are_listed_named_replaced_and_removed(app, control):
    named = (await control("POST", "snapshots"))["name"]
    await control("POST", "snapshots", {"name": "a"})
    await control("POST", "snapshots", {"name": "a"})
    listed = await control("GET", "snapshots")
    assert [s["name"] for s in listed] == sorted(["a", named])
    assert all(s["bytes"] > 10_000 for s in listed)
    await control("DELETE", "snapshots/a")
    assert [s["name"] for s in await control("GET", "snapshots")] == [named]
    assert (await refused(app, "DELETE", "snapshots/a")).status == 404
    assert (await refused(app, "POST", "snapshots/a/restore")).status == 404
    assert (await refused(app, "POST", "snapshots/..%2f..%2fetc/restore")).status == 404


async def test_a_database_in_memory_has_snapshots_too(make_app, tmp_path):
    app = make_app(admin=True, db=":memory:", files=str(tmp_path / "f"))
    assert (await refused(app, "POST", "snapshots", {"name": "one"})).status == 200
    await add_project(app, "Lost")
    assert (await refused(app, "POST", "snapshots/one/restore")).status == 200
    assert await names(app) == DEMO
    where = app.control.data._where
    app.control.data.close()
    assert not where.exists()


async def test_offsets_of_the_data_before_are_refused_rather_than_misread(app, control):
    page = (await ask(app, "GET", "/api/1.0/projects/1025/tasks?limit=2")).json["next_page"]
    await control("POST", "reset", {"seed": "demo"})
    assert (await ask(app, "GET", f"/api/1.0{page['path']}")).status == 400


async def test_a_seed_is_loaded_in_place_of_everything(app, control):
    people = [{"key": "kim", "name": "Kim"}]
    seed = {"people": people, "workspaces": [{"name": "Acme", "teams": [{"name": "All", "key": "all"}]}]}
    await control("POST", "load", seed)
    assert (await ask(app, "GET", "/api/1.0/users/me")).json["data"]["name"] == "Kim"
    reply = await refused(app, "POST", "load?name=mine", {**seed, "peple": []})
    assert reply.json["errors"][0]["message"].startswith("mine: the file: expected base, people")
    assert (await ask(app, "GET", "/api/1.0/users/me")).json["data"]["name"] == "Kim"


async def test_a_seed_may_be_yaml(app):
    text = b"people: [Kim]\nworkspaces:\n  - name: Acme  # a comment\n"
    reply = await refused(app, "POST", "load", text, content_type="application/yaml")
    assert reply.status == 200, reply.body
    assert (await ask(app, "GET", "/api/1.0/workspaces")).json["data"][0]["name"] == "Acme"


async def test_a_token_is_made_for_anybody(app, control):
    made = await control("POST", "tokens", {"user": "alan@example.com"})
    assert (await ask(app, "GET", "/api/1.0/users/me", token=made["token"])).json["data"]["name"] == "Alan Turing"
    assert (await control("POST", "tokens"))["user"] == "1001"


async def test_a_reset_lets_the_clock_run_takes_faults_back_and_counts_anew(make_app):
    app = make_app(admin=True, limits="requests=1", journal=10)
    await refused(app, "POST", "faults", {"kind": "error"})
    await refused(app, "PUT", "clock", {"now": "2030-01-01T00:00:00Z"})
    assert (await ask(app, "GET", "/api/1.0/users/me")).status == 500
    assert (await ask(app, "GET", "/api/1.0/users/me")).status == 429
    assert (await refused(app, "POST", "reset")).status == 200
    assert (await ask(app, "GET", "/api/1.0/users/me")).status == 200
    assert app.engine.target is app.target
    assert not app.clock.fixed
    assert len(app.journal.entries({})) == 1


async def test_a_job_under_way_in_a_snapshot_goes_on_when_that_is_restored(app, control):
    begun = []
    app.runner.start = lambda *about: begun.append(about[1])
    app.store.begin_action()
    job = born(app.api.view(1001), "job", 1005, status="in_progress", step="x", state={}, user="1001").gid
    app.store.end_action()
    app.store.commit()
    await control("POST", "snapshots", {"name": "s"})
    await control("POST", "reset", {"seed": "demo"})
    assert begun == []
    await control("POST", "snapshots/s/restore")
    assert begun == [str(job)]


async def test_the_apps_that_are_registered_stay_and_no_others_come_back(app, control):
    def registered():
        return [row.client for row in app.store.apps()]

    for name in ("old", "new"):
        app.store.begin_action()
        app.store.add_app(name, None, name, "https://app.example", "2026-11-22T12:00:00.000Z")
        app.store.end_action()
        app.store.commit()
        await control("POST", "snapshots", {"name": name})
    app.store.begin_action()
    app.store.delete_app("old")
    app.store.end_action()
    app.store.commit()
    for path in ("snapshots/old/restore", "snapshots/new/restore", "reset"):
        await control("POST", path)
        assert registered() == ["new"]


@pytest.mark.parametrize("path", [":memory:", "copy.db"])
def test_a_store_takes_over_another_whole(path, tmp_path, seeded):
    source = SqliteStore(seeded)
    store = SqliteStore(path if path == ":memory:" else tmp_path / path)
    first = store.new_gid()
    old_key = store.signing_key
    store.take_over(source)
    assert store.new_gid() != first
    assert store.record(1034).kind == "task"
    assert store.signing_key not in (old_key, source.signing_key)
    issue(store, 1001, "after", NOON, "another")
    assert store.token_user(digest("another"))[1] == 1001
    store.close()
    if path != ":memory:":
        again = SqliteStore(tmp_path / path)
        assert again.record(1034).kind == "task"
        again.close()
    source.close()


async def test_what_users_have_on_shelves_stays_with_those_who_are_still_there(app, control):
    grace = app.store.token_user(digest(GRACE))[1]
    ada = app.store.token_user(digest(ADA))[1]
    with app.store.transaction():
        app.store.shelve("account", Shelved("a", ada, None, b"1"))
        app.store.shelve("account", Shelved("b", grace, None, b"2"))
    await control("POST", "reset", {"seed": "demo"})
    assert [thing.name for _, thing in app.store.all_shelved()] == ["a", "b"]
    await control("POST", "reset", {"seed": "empty"})
    ((shelf, thing),) = app.store.all_shelved()
    assert (shelf, thing) == ("account", Shelved("a", first_user(app.store), None, b"1"))
