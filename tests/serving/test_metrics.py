"""What Prometheus reads: by route and never by path, and no more of it than there are routes."""

import os
import random
import re
import string
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from fanfold.engine import Engine
from fanfold.errors import SetupError
from fanfold.model import Action, Batch, Call, Caller, Ending
from fanfold.serving.metrics import MAX_ROUTES, exposition, load_metrics
from fanfold.targets import AsgiTarget, EchoTarget, Mounts
from fanfold.targets.observed import Observed
from fanfold.work import SqliteStore, WorkApi

CALLER = Caller("key", "42")
GUIDE = Path(__file__).parents[2] / "docs" / "observing.md"


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def metrics(registry):
    return load_metrics(registry)


def samples(registry):
    """Every sample that is shown, by its name and labels."""
    text, _ = exposition(registry)
    families = text_string_to_metric_families(text.decode())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def counted(registry):
    """How often each method, route and status was counted."""
    shown = samples(registry).items()
    return {key[1:]: value for key, value in shown if key[0] == "fanfold_action_seconds_count"}


async def run_batch(metrics, target, *actions):
    engine = Engine(Observed(target, metrics))
    return await engine.run(Batch(tuple(Action(method, path) for method, path in actions)), CALLER)


def app_with(routes):
    """An application that routes by the first segment of a path, and leaves the route as FastAPI does."""

    async def app(scope, receive, send):
        found = routes.get(scope["path"].split("/")[1])
        if found:
            scope["route"] = type("Route", (), {"path": found})()
        await send({"type": "http.response.start", "status": 200 if found else 404, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    return app


def test_batches_are_counted_by_status_with_their_size_and_time(metrics, registry):
    metrics.batch(200, 3, 0.02)
    metrics.batch(200, 10, 0.2)
    metrics.batch(400, 0, 0.001)
    found = samples(registry)
    assert found["fanfold_batches_total", "200"] == 2
    assert found["fanfold_batches_total", "400"] == 1
    assert (found["fanfold_batch_actions_count",], found["fanfold_batch_actions_sum",]) == (2, 13)
    assert found["fanfold_batch_actions_bucket", "5.0"] == 1
    assert found["fanfold_batch_seconds_count",] == 3
    assert found["fanfold_batch_seconds_sum",] == pytest.approx(0.221)


def test_refusals_are_counted_by_the_limit(metrics, registry):
    metrics.refused("reads")
    metrics.refused("reads")
    metrics.refused("shop:requests")
    found = samples(registry)
    assert found["fanfold_refused_total", "reads"] == 2
    assert found["fanfold_refused_total", "shop:requests"] == 1


async def test_actions_are_counted_by_the_routes_of_the_work_api(metrics, registry):
    store = SqliteStore(":memory:")
    await run_batch(metrics, WorkApi(store), ("GET", "/tasks/1"), ("GET", "/tasks/2"), ("GET", "/nowhere"))
    assert counted(registry) == {("GET", "/tasks/{task_gid}", "404"): 2}
    store.close()


async def test_actions_are_counted_by_the_routes_that_an_application_finds(metrics, registry):
    target = AsgiTarget(app_with({"users": "/users/{id}"}))
    await run_batch(metrics, target, ("GET", "/users/1"), ("GET", "/users/2"), ("PUT", "/users/2"), ("GET", "/x/2"))
    assert counted(registry) == {
        ("GET", "/users/{id}", "200"): 2,
        ("PUT", "/users/{id}", "200"): 1,
        ("GET", "other", "404"): 1,
    }


async def test_actions_are_counted_by_the_mounts_of_upstreams(metrics, registry):
    target = Mounts({"/shop": EchoTarget(), "/people": EchoTarget()})
    await run_batch(metrics, target, ("GET", "/shop/1"), ("GET", "/shop/2"), ("POST", "/people/fail/503"))
    assert counted(registry) == {("GET", "/shop", "200"): 2, ("POST", "/people", "503"): 1}


async def test_what_is_cancelled_and_what_crashes_have_statuses_too(metrics, registry):
    engine = Engine(Observed(EchoTarget(), metrics))
    batch = Batch((Action("GET", "/wait/60000"), Action("GET", "/crash")), timeout=0.001)
    await engine.run(batch, CALLER)
    await engine.drain()
    assert counted(registry) == {("GET", "other", "cancelled"): 1, ("GET", "other", "500"): 1}


def hostile_paths(number):
    dice = random.Random(7)
    letters = string.ascii_letters + string.digits + "/{}%\"\\'\u00e9\u202e;.=,-_"
    for _ in range(number):
        yield "/" + "".join(dice.choices(letters, k=dice.randint(0, 40)))


async def test_ten_thousand_made_up_paths_make_no_label(metrics, registry):
    app = AsgiTarget(app_with({"users": "/users/{id}"}))
    known = ["/users/7", "/shop/1"]
    for target in (app, Mounts({"/shop": EchoTarget(), "/": app})):
        for path in [*known, *hostile_paths(10_000)]:
            await run_batch(metrics, target, ("GET", path))
    assert sum(counted(registry).values()) == 20_004
    assert {labels[1] for labels in counted(registry)} == {"/users/{id}", "/shop", "/", "other"}


def observe(metrics, method, route, status):
    endpoint, params = EchoTarget().resolve("GET", "/a")
    call = Call(method, "/a", (), None, (), CALLER, endpoint, params)
    metrics.ended(Ending(call, status, route, 0.001))


def test_methods_and_statuses_are_of_a_few(metrics, registry):
    for number in range(2_000):
        observe(metrics, f"M{number}", "/a", 200)
        observe(metrics, "GET", "/a", number)
        observe(metrics, "GET", "/a", -number)
    assert {labels[0] for labels in counted(registry)} == {"GET", "other"}
    assert {labels[2] for labels in counted(registry)} == {"cancelled", "other", *map(str, range(100, 600))}


def test_an_application_that_takes_each_path_for_a_route_is_stopped(metrics, registry):
    for path in hostile_paths(10_000):
        observe(metrics, "GET", f"{path}/{path}", 200)
    assert len(counted(registry)) == MAX_ROUTES + 1
    assert len(metrics._known) <= MAX_ROUTES


def test_a_label_ends_no_line(metrics, registry):
    observe(metrics, "GET", '/a"}\n b{c="', 200)
    assert counted(registry) == {("GET", '/a"}\n b{c="', "200"): 1}


def test_the_metrics_of_a_process_are_made_once():
    first = load_metrics()
    assert load_metrics() is first
    first.batch(200, 1, 0.001)
    text, content_type = exposition()
    assert b'fanfold_batches_total{status="200"}' in text
    assert content_type == CONTENT_TYPE_LATEST
    assert REGISTRY.get_sample_value("fanfold_batches_total", {"status": "200"}) >= 1


def test_threads_make_them_once_as_well(registry):
    made = []
    threads = [Thread(target=lambda: made.append(load_metrics(registry))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(map(id, made))) == 1


def test_whether_limits_are_shared_is_told_where_they_ever_are(metrics, registry):
    assert registry.get_sample_value("fanfold_limits_shared") is None
    for up in (True, False):
        metrics.shared(up=up)
        assert registry.get_sample_value("fanfold_limits_shared") == up
    metrics.alone("deny")
    assert registry.get_sample_value("fanfold_limits_alone_total", {"policy": "deny"}) == 1


def test_the_guide_names_every_metric_with_its_labels(metrics, registry):
    metrics.batch(200, 1, 0.001)
    metrics.refused("reads")
    metrics.shared(up=True)
    metrics.alone("local")
    metrics.job("succeeded")
    observe(metrics, "GET", "/a", 200)
    shown = {}
    for family in text_string_to_metric_families(exposition(registry)[0].decode()):
        if not family.name.endswith("_created"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            shown[name] = set().union(*[sample.labels for sample in family.samples]) - {"le"}
    rows = re.findall(r"^\| `(fanfold_\w+)` \| (.*?) ?\|", GUIDE.read_text(), re.MULTILINE)
    assert {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows} == shown


def test_whoever_wants_metrics_without_the_package_is_told_its_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(SetupError, match=r"pip install 'fanfold\[metrics\]'"):
        load_metrics()
    with pytest.raises(SetupError, match="fanfold"):
        exposition()


COUNTING = """
import sys
from fanfold.serving.metrics import count_as, exposition, load_metrics
count_as(int(sys.argv[1]))
metrics = load_metrics()
metrics.batch(200, 3, 0.01)
metrics.shared(up=sys.argv[2] == "up")
print(exposition()[0].decode())
"""


def counted_by(folder, desk, word):
    """What a process shows that has counted one batch at this desk."""
    command = [sys.executable, "-c", COUNTING, str(desk), word]
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    text = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout
    return {sample.name: sample.value for family in text_string_to_metric_families(text) for sample in family.samples}


def test_several_processes_show_the_sum_and_the_one_that_is_worst_off(tmp_path):
    assert counted_by(tmp_path, 0, "up")["fanfold_batches_total"] == 1
    shown = counted_by(tmp_path, 1, "down")
    assert (shown["fanfold_batches_total"], shown["fanfold_limits_shared"]) == (2, 0)


def test_who_has_a_desk_after_another_goes_on_from_its_counts_in_the_same_files(tmp_path):
    counted_by(tmp_path, 0, "up")
    files = {path.name for path in tmp_path.iterdir()}
    assert counted_by(tmp_path, 0, "up")["fanfold_batches_total"] == 2
    assert {path.name for path in tmp_path.iterdir()} == files
