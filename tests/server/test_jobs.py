"""How many jobs may be under way."""

import pytest

from fanfold.server.app import App
from fanfold.work import background
from fanfold.work.kinds import copying

from .conftest import GRACE, ask

API = "/api/1.0"


@pytest.fixture
def app(make_app):
    return make_app(limits="asana-paid")


async def project_in(app):
    """The gid of a new project with four tasks."""
    workspace = (await ask(app, "GET", f"{API}/workspaces")).json["data"][0]["gid"]
    team = (await ask(app, "GET", f"{API}/workspaces/{workspace}/teams")).json["data"][0]["gid"]
    data = {"name": "Large", "team": team}
    gid = (await ask(app, "POST", f"{API}/projects", {"data": data})).json["data"]["gid"]
    for number in range(4):
        await ask(app, "POST", f"{API}/tasks", {"data": {"name": f"T{number}", "projects": [gid]}})
    return gid


@pytest.fixture
async def project(app):
    return await project_in(app)


@pytest.fixture
def _never_done(monkeypatch):
    """Jobs need several steps, and nobody takes the second."""
    monkeypatch.setattr(copying, "CHUNK", 1)
    monkeypatch.setattr(background, "PATIENCE", 0)
    monkeypatch.setattr(App, "_start_job", lambda *_: None)


def copying_of(gid):
    return {"method": "post", "relative_path": f"/projects/{gid}/duplicate", "data": {"name": "Copy"}}


async def duplicate(app, gid, token=None):
    path = f"{API}/projects/{gid}/duplicate"
    more = {} if token is None else {"token": token}
    return await ask(app, "POST", path, {"data": {"name": "Copy"}}, **more)


@pytest.mark.usefixtures("_never_done")
async def test_a_sixth_job_waits_until_one_of_the_five_is_done(app, project):
    begun = [await duplicate(app, project) for _ in range(5)]
    assert [reply.status for reply in begun] == [201] * 5
    refused = await duplicate(app, project)
    assert (refused.status, refused.headers["retry-after"]) == (429, "30")
    assert (await duplicate(app, project, GRACE)).status == 201
    app.api.finish(int(begun[0].json["data"]["gid"]))
    assert (await duplicate(app, project)).status == 201
    assert (await duplicate(app, project)).status == 429
    assert (await ask(app, "GET", f"{API}/users/me")).status == 200


@pytest.mark.usefixtures("_never_done")
async def test_a_batch_that_begins_too_many_jobs_is_refused_whole(app, project):
    projects = len((await ask(app, "GET", f"{API}/projects")).json["data"])
    batch = {"data": {"actions": [copying_of(project)] * 6}}
    refused = await ask(app, "POST", f"{API}/batch", batch)
    assert refused.status == 429
    assert "retry-after" not in refused.headers
    assert (await duplicate(app, project)).status == 201
    batch = {"data": {"actions": [copying_of(project)] * 5}}
    refused = await ask(app, "POST", f"{API}/batch", batch)
    assert (refused.status, refused.headers["retry-after"]) == (429, "30")
    assert len((await ask(app, "GET", f"{API}/projects")).json["data"]) == projects + 1


async def test_jobs_that_are_done_at_once_are_not_counted(app, project):
    for _ in range(7):
        assert (await duplicate(app, project)).status == 201


@pytest.mark.usefixtures("_never_done")
async def test_jobs_are_not_limited_where_limits_are_off(make_app):
    app = make_app(limits="off")
    gid = await project_in(app)
    assert [(await duplicate(app, gid)).status for _ in range(7)] == [201] * 7
    assert len(app.store.unfinished()) == 7
