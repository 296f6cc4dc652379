"""Asana's official client, otherwise unmodified: what it asks at the same time travels together."""

import asana
import pytest
from asana.rest import ApiException
from urllib3.exceptions import MaxRetryError
from urllib3.util import Retry

from fanfold.compat.asana import batched


@pytest.fixture
def client(server):
    # The first call that the suite sees has it read the published description, which forty threads need not do at once.
    asana.UsersApi(server.client()).get_user("me", {})
    server.clear_requests()
    return batched(server.client(), window=0.05)


def test_asynchronous_calls_travel_in_batches(client, server):
    tasks = asana.TasksApi(client)
    asked = [tasks.get_task("1030", {"opt_fields": "name"}, async_req=True) for _ in range(40)]
    assert {answer.get(30)["data"]["gid"] for answer in asked} == {"1030"}
    sent = server.requested(method="POST") + server.requested(method="GET")
    assert sum(len(entry["actions"]) or 1 for entry in sent) == 40
    assert len(sent) <= 20


def test_answers_are_what_they_were(client, server):
    plain = server.client()
    for api in (asana.TasksApi, asana.UsersApi):
        assert api(client).__class__ is api
    assert asana.TasksApi(client).get_task("1030", {}) == asana.TasksApi(plain).get_task("1030", {})
    pages = [list(asana.TasksApi(one).get_tasks({"project": "1025", "limit": 2})) for one in (client, plain)]
    assert pages[0] == pages[1]
    assert len(pages[0]) > 2
    found, status, headers = asana.TasksApi(client).get_task_with_http_info("1030", {}, _return_http_data_only=False)
    assert (found["data"]["gid"], status, headers["Content-Type"]) == ("1030", 200, "application/json; charset=UTF-8")


def test_writes_are_done_once(client, server):
    tasks = asana.TasksApi(client)
    asked = [
        tasks.create_task({"data": {"name": f"Task {n}", "projects": ["1025"]}}, {}, async_req=True) for n in range(20)
    ]
    made = [answer.get(30)["data"] for answer in asked]
    assert [task["name"] for task in made] == [f"Task {n}" for n in range(20)]
    assert len({task["gid"] for task in made}) == 20
    tasks.update_task({"data": {"completed": True}}, made[0]["gid"], {})
    for task in made:
        tasks.delete_task(task["gid"])
    names = [task["name"] for task in tasks.get_tasks({"project": "1025", "opt_fields": "name"})]
    assert not [name for name in names if name.startswith("Task ")]


def test_an_error_is_the_librarys_own(client, server):
    found = []
    for one in (client, server.client()):
        with pytest.raises(ApiException) as caught:
            asana.TasksApi(one).get_task("999", {})
        found.append(
            (caught.value.status, caught.value.reason, caught.value.body, caught.value.headers["Content-Type"])
        )
    assert found[0] == found[1]


def test_its_retries_are_those_of_the_library(server):
    configuration = server.configuration()
    configuration.retry_strategy = Retry(2, status_forcelist=[503], backoff_factor=0)
    client = batched(asana.ApiClient(configuration))
    server.fault("error", operation="getTask", status=503, count=2)
    assert asana.TasksApi(client).get_task("1030", {})["gid"] == "1030"
    server.fault("error", operation="getTask", status=503)
    with pytest.raises(MaxRetryError, match="too many 503"):
        asana.TasksApi(client).get_task("1030", {})
    server.clear_faults()


def test_an_upload_goes_by_itself(client, server, tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    reading = asana.TasksApi(client).get_task("1030", {}, async_req=True)
    upload = asana.AttachmentsApi(client).create_attachment_for_object(
        {"parent": "1030", "file": str(tmp_path / "a.txt")}
    )
    assert upload["name"] == "a.txt"
    assert reading.get(30)["data"]["gid"] == "1030"


def test_its_own_batches_go_as_they_are(client, server):
    body = {"data": {"actions": [{"method": "get", "relative_path": "/users/me"}]}}
    (result,) = asana.BatchAPIApi(client).create_batch_request(body, {})
    assert result["status_code"] == 200


def test_a_number_of_threads_is_one(server):
    with pytest.raises(ValueError, match="threads: Must be at least 1, not 0"):
        batched(server.client(), threads=0)
