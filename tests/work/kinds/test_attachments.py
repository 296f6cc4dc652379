"""Attachments: files that are kept, and links to what is elsewhere."""

import pytest

from fanfold.errors import RequestError
from fanfold.model import Call, Caller
from fanfold.work.kinds.attachments import MAX_SIZE, file_name
from fanfold.work.request import Form, Upload

LINK = {"resource_subtype": "external", "url": "https://files.test/a.pdf", "name": "A plan"}


@pytest.fixture
def task(world, space):
    return world.made("/tasks", {"workspace": space})


@pytest.fixture
def upload(world, tmp_path):
    """Uploads a file to a record as the server would: it is on disk already."""
    world.api.files = tmp_path / "files"
    endpoint, params = world.api.resolve("POST", "/attachments")

    def upload(parent, name="plan.pdf", content=b"%PDF", size=None, user=None, **fields):
        arrived = tmp_path / "arrived"
        arrived.write_bytes(content)
        sent = Upload(name, arrived, len(content) if size is None else size, "application/pdf")
        form = Form({"parent": parent, **fields}, {"file": sent})
        call = Call("POST", "/attachments", (), form, (), Caller("test", user or world.ada), endpoint, params)
        answer = world.api.answer(call)
        world.api.commit()
        return world.call("GET", "/attachments", None, user, parent=parent)[1][-1]["gid"], answer

    return upload


def test_an_uploaded_file_is_moved_to_its_place(world, call, task, upload):
    gid, answer = upload(task)
    assert answer.status == 200
    assert (world.api.files / gid / "plan.pdf").read_bytes() == b"%PDF"
    shown = call("GET", f"/attachments/{gid}")[1]
    assert (shown["name"], shown["size"], shown["host"], shown["parent"]["gid"]) == ("plan.pdf", 4, "asana", task)
    assert shown["resource_subtype"] == "asana"


def test_the_link_to_a_file_is_signed_and_expires(world, call, task, upload):
    gid, _ = upload(task, "Grüße & mehr.txt")
    url = call("GET", f"/attachments/{gid}")[1]["download_url"]
    path, _, query = url.removeprefix("https://fanfold.test").partition("?")
    assert path == f"/files/{gid}/Gr%C3%BC%C3%9Fe%20_%20mehr.txt"
    expires, signature = (part.partition("=")[2] for part in query.split("&"))
    assert signature == world.store.sign(f"/files/{gid}/Grüße _ mehr.txt?{expires}")


def test_a_link_leads_elsewhere(call, world, task):
    status, shown = call("POST", "/attachments", {**LINK, "parent": task})
    assert (status, shown["name"], shown["resource_subtype"], shown["host"]) == (200, "A plan", "external", "external")
    assert (shown["view_url"], shown["permanent_url"], shown["download_url"]) == (LINK["url"], LINK["url"], None)
    assert "size" not in shown


def test_attachments_of_tasks_and_projects_are_listed(world, call, task, project):
    for parent in (task, project):
        gids = [world.made("/attachments", {**LINK, "parent": parent}) for _ in range(3)]
        assert [item["gid"] for item in world.pages("/attachments", parent=parent, limit=2)] == gids
    assert call("GET", "/attachments") == (400, "parent: Missing input")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parent": None}, "parent: Missing input"),
        ({"parent": "1"}, "parent: Unknown object: 1"),
        ({"url": None}, "url: Missing input"),
        ({"name": ""}, "name: Missing input"),
        ({"url": "javascript:alert(1)"}, "url: Must begin with http:// or https://"),
        ({"url": "file:///etc/passwd"}, "url: Must begin with http:// or https://"),
        ({"resource_subtype": "asana"}, "file: Missing input"),
        ({"resource_subtype": "dropbox"}, "resource_subtype: Must be one of asana, external, not: dropbox"),
    ],
)
def test_an_attachment_that_makes_no_sense_is_refused(call, task, change, message):
    assert call("POST", "/attachments", {**LINK, "parent": task, **change}) == (400, message)


def test_a_person_has_no_attachments(call, ada):
    assert call("POST", "/attachments", {**LINK, "parent": ada}) == (400, "parent: Not a valid GID type: user")


def test_a_file_that_is_too_large_is_refused_and_nothing_is_kept(world, call, task, upload):
    with pytest.raises(RequestError) as refusal:
        upload(task, size=MAX_SIZE + 1)
    assert (refusal.value.status, refusal.value.message) == (413, "The file is too large")
    assert call("GET", "/attachments", parent=task) == (200, [])
    assert not world.api.files.exists()


def test_a_server_without_a_place_for_files_keeps_none(world, task, upload):
    world.api.files = None
    with pytest.raises(RequestError) as refusal:
        upload(task)
    assert refusal.value.status == 400


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("plan.pdf", "plan.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", "file"),
        (".htaccess", "htaccess"),
        ("a/b\\c\0d\ne", "a_b_c_d_e"),
        ("", "file"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("ü" * 200, "ü" * 100),
    ],
)
def test_a_file_name_is_one_harmless_segment(given, kept):
    assert file_name(given) == kept


def test_a_hostile_name_stays_within_its_directory(world, task, upload):
    gid, _ = upload(task, "../../../escape")
    (kept,) = (world.api.files / gid).iterdir()
    assert kept.read_bytes() == b"%PDF"


def test_a_deleted_attachment_is_gone_from_record_and_disk(world, call, task, upload):
    gid, _ = upload(task)
    other, _ = upload(task)
    assert call("DELETE", f"/attachments/{gid}") == (200, {})
    assert call("GET", f"/attachments/{gid}") == (404, f"attachment: Unknown object: {gid}")
    assert [path.name for path in world.api.files.iterdir()] == [other]
    call("DELETE", f"/tasks/{task}")
    assert list(world.api.files.iterdir()) == []


def test_who_does_not_see_the_task_does_not_see_its_attachments(world, call, bob, eve, task):
    gid = world.made("/attachments", {**LINK, "parent": task})
    for stranger in (bob, eve):
        assert call("GET", f"/attachments/{gid}", user=stranger)[0] == 404
        assert call("DELETE", f"/attachments/{gid}", user=stranger)[0] == 404
        assert call("GET", "/attachments", user=stranger, parent=task)[0] == 400
        assert call("POST", "/attachments", {**LINK, "parent": task}, user=stranger)[0] == 400


def test_uploading_is_no_action_of_a_batch(world):
    assert not world.api.resolve("POST", "/attachments")[0].batchable
