"""The clock is set, moved and let go, and everything that is shown follows it; shuffling is switched on and off."""

from fanfold.work.addresses import file_link
from tests.server.conftest import ask


async def test_what_is_made_is_made_at_the_moment_that_the_clock_shows(app, control):
    assert await control("PUT", "clock", {"now": "2030-01-01T10:00:00+01:00"}) == {
        "now": "2030-01-01T09:00:00.000Z",
        "fixed": True,
    }
    body = {"data": {"name": "Tea", "workspace": "1005"}}
    made = (await ask(app, "POST", "/api/1.0/tasks", body)).json["data"]
    assert made["created_at"] == "2030-01-01T09:00:00.000Z"
    await control("POST", "clock/advance", {"seconds": 90})
    changed = (await ask(app, "PUT", f"/api/1.0/tasks/{made['gid']}", {"data": {"completed": True}})).json["data"]
    assert changed["completed_at"] == changed["modified_at"] == "2030-01-01T09:01:30.000Z"


async def test_links_to_files_expire_by_it(app, control):
    directory = app.api.files / "77"
    directory.mkdir(parents=True)
    (directory / "tea.txt").write_text("tea")
    link = file_link(app.api.view(1001), 77, "tea.txt").removeprefix("http://test")
    assert (await ask(app, "GET", link)).status == 200
    await control("POST", "clock/advance", {"seconds": 121})
    assert (await ask(app, "GET", link)).status == 403


async def test_it_runs_again_when_it_is_let_go(app, control):
    await control("DELETE", "clock")
    assert (await control("GET", "clock"))["fixed"] is False


async def test_actions_start_in_random_order_while_that_is_wanted(app, control):
    task = {"method": "put", "relative_path": "/tasks/1034"}
    actions = [{**task, "data": {"name": str(number)}} for number in range(10)]

    async def last():
        await ask(app, "POST", "/api/1.0/batch", {"data": {"actions": actions}})
        return (await ask(app, "GET", "/api/1.0/tasks/1034")).json["data"]["name"]

    assert await last() == "9"
    await control("PUT", "shuffle", {"seed": 7})
    assert {await last() for _ in range(5)} != {"9"}
    await control("PUT", "shuffle", {"seed": None})
    assert await last() == "9"


async def test_what_the_state_is_and_what_is_covered_can_be_read(app, control):
    state = await control("GET", "")
    assert state["clock"] == {"now": "2026-11-22T12:00:00.000Z", "fixed": True}
    assert (state["faults"], state["journal"], state["user"]) == (0, 100, "1001")
    assert (await control("GET", "coverage"))["served"] > 100
