"""The access log: JSON lines that say what happened and hold nothing that is nobody's business."""

from time import perf_counter

import pytest
from msgspec import json

from fanfold.errors import NoSuchRoute, SetupError
from fanfold.model import Action, Answer, Caller, Result
from fanfold.server.access_log import AccessLog
from tests.server.conftest import ADA, ask


async def written(log, path):
    log.close()
    return [json.decode(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "access.log"


async def test_a_batch_has_a_line_and_so_has_each_action(path):
    log = AccessLog(str(path))
    results = [
        Result(Action("GET", "/tasks/1"), Answer(200, b"{}"), None, 0.0015),
        Result(Action("GET", "/nope"), None, NoSuchRoute()),
    ]
    log.note("r-1", "POST", "/api/1.0/batch", 200, perf_counter(), Caller("token:7", "1"), results)
    head, one, two = await written(log, path)
    assert (head["request"], head["actions"], head["caller"], head["status"]) == ("r-1", 2, "token:7", 200)
    assert one == {"request": "r-1", "action": 0, "method": "GET", "path": "/tasks/1", "status": 200, "ms": 1.5}
    assert (two["action"], two["path"], two["status"]) == (1, "/nope", 404)


async def test_what_a_client_wrote_cannot_begin_a_line_of_its_own(path):
    log = AccessLog(str(path))
    wicked = '/x"}\n{"forged":true}\x1b[31m?token=secret'
    log.note("r-1", "GET", wicked.partition("?")[0], 404, perf_counter(), None, [])
    log.note(
        "r-2", "POST", "/api/1.0/batch", 200, perf_counter(), None, [Result(Action("GET", wicked), None, NoSuchRoute())]
    )
    lines = await written(log, path)
    assert [line["request"] for line in lines] == ["r-1", "r-2", "r-2"]
    assert b"secret" not in path.read_bytes()
    assert b"\x1b" not in path.read_bytes()


async def test_no_token_and_no_body_is_ever_written(make_app, tmp_path):
    path = tmp_path / "access.log"
    app = make_app(access_log=str(path))
    actions = [{"method": "post", "relative_path": "/tags", "data": {"name": "canary-in-a-body"}}]
    await ask(app, "POST", "/api/1.0/batch?access_token=canary-in-a-query", {"data": {"actions": actions}})
    await ask(app, "GET", "/api/1.0/users/me", token="canary-in-a-header")
    app.log.flush()
    text = path.read_text()
    assert len(text.splitlines()) == 3
    assert "canary" not in text
    assert ADA not in text


async def test_off_writes_nothing_and_a_bad_file_is_said_at_once(tmp_path):
    log = AccessLog("off")
    log.note("r", "GET", "/", 200, perf_counter(), None, [])
    log.close()
    with pytest.raises(SetupError, match="cannot be written"):
        AccessLog(str(tmp_path / "no" / "such" / "directory"))
