"""Several workers that count together, and what clients see while they cannot."""

import asyncio
import re

import pytest
from prometheus_client import REGISTRY

from fanfold.errors import SetupError
from fanfold.server.gateway import Gateway
from fanfold.server.gateway_settings import GatewaySettings, Upstream
from fanfold.settings import Settings
from tests.redis_server import need_redis, redis_server
from tests.server.conftest import GRACE, ask
from tests.server.connect.conftest import Platform

BATCH = "/api/1.0/batch"
AWAY = "redis://127.0.0.1:1"
UNKNOWN = "How much of the rate limits is left is not known at the moment. Please retry after the given amount of time."
READS = [{"method": "get", "relative_path": "/users/me"}] * 10


@pytest.fixture
def redis():
    need_redis()
    with redis_server() as server:
        yield server


@pytest.fixture
async def workers(make_app):
    """Makes workers that have a database each, which is the same."""
    made = []

    def make(**settings):
        made.append(make_app(**settings))
        return made[-1]

    yield make
    for app in made:
        await app.limits.close()


async def send(app, actions=READS, **more):
    return await ask(app, "POST", BATCH, {"data": {"actions": actions}}, **more)


@pytest.mark.services
async def test_workers_count_together(workers, redis):
    one, two = (workers(limits="requests=25,reads=50", redis=redis.url) for _ in range(2))
    first, second, third = await send(one), await send(two), await send(one)
    assert [reply.status for reply in (first, second, third)] == [200, 200, 429]
    assert first.headers["ratelimit"] == '"requests";r=15;t=60, "reads";r=40;t=30'
    assert second.headers["ratelimit"].startswith('"requests";r=5;t=60')
    assert third.headers["ratelimit"].startswith('"requests";r=5;t=')
    assert 1 <= int(third.headers["retry-after"]) <= 60
    assert (await send(one, token=GRACE)).status == 200


@pytest.mark.services
async def test_slots_come_back_for_all_workers(workers, redis):
    one, two = (workers(limits="reads=10", redis=redis.url) for _ in range(2))
    for app in (one, two) * 3:
        assert (await send(app)).status == 200
        await app.limits._line.ping()


@pytest.mark.services
async def test_a_preview_and_what_is_asked_beforehand_tell_how_limits_stand(workers, redis):
    app = workers(limits="requests=25", redis=redis.url)
    await send(app)
    told = (await ask(app, "OPTIONS", BATCH)).json["data"]["limits"]
    assert [(limit["limit"], limit["left"]) for limit in told] == [("requests", 15)]


@pytest.mark.services
async def test_gateways_count_together_if_they_stand_before_the_same(redis, upstream):
    told = {"upstream": upstream.url, "allow_private": True, "access_log": "off"}
    gateways = [Gateway(GatewaySettings(**told, limits="requests=3", redis=redis.url), {}) for _ in range(2)]
    statuses = [(await ask(gateways[n % 2], "GET", "/echo")).status for n in range(5)]
    for gateway in gateways:
        await gateway.close()
    assert statuses == [200, 200, 200, 429, 429]


@pytest.mark.services
async def test_the_limits_of_an_upstream_are_shared_too(redis, upstream):
    shop = Upstream(url=upstream.url, limits="requests=3", headers={"x-api-key": "lent"})
    settings = GatewaySettings(
        upstreams={"shop": shop}, allow_private=True, access_log="off", redis=redis.url, gateway_token="t"
    )
    gateways = [Gateway(settings, {}) for _ in range(2)]
    statuses = [(await ask(gateways[n % 2], "GET", "/shop/echo", token="t")).status for n in range(5)]
    for gateway in gateways:
        await gateway.close()
    assert statuses == [200, 200, 200, 429, 429]


@pytest.mark.services
async def test_the_platform_counts_together(workers, redis):
    platforms = [Platform(workers(connect_limits="token=3", redis=redis.url)) for _ in range(2)]
    statuses = []
    for n in range(5):
        reply = await fetch(platforms[n % 2])
        statuses.append(reply.status)
    assert statuses == [200, 200, 200, 429, 429]


async def fetch(platform):
    body = {"integrated_account_id": platform.work, "resources": [{"resource": "users", "method": "list"}]}
    return await platform.ask("POST", "/batch-request", body)


async def test_a_server_starts_without_its_redis_and_each_worker_has_its_share(workers, caplog):
    app = workers(limits="requests=40,reads=50", redis=AWAY, fleet=2)
    first, second, third = await send(app), await send(app), await send(app)
    assert [reply.status for reply in (first, second, third)] == [200, 200, 429]
    assert 1 <= int(third.headers["retry-after"]) <= 60
    for reply in (first, second, third):
        assert not {"ratelimit", "ratelimit-policy"} & set(reply.headers)
    assert len(re.findall("cannot be asked for the limits", caplog.text)) == 1


async def test_to_deny_is_a_503_with_a_time_to_come_back(workers):
    app = workers(limits="requests=40", redis=AWAY, without_redis="deny")
    for reply in (await send(app), await ask(app, "GET", "/api/1.0/users/me")):
        assert (reply.status, reply.headers["retry-after"]) == (503, "5")
        assert reply.json == {"errors": [{"message": UNKNOWN}]}
    assert (await ask(app, "OPTIONS", BATCH)).json["data"]["limits"] == []


async def test_to_allow_lets_everything_through(workers):
    app = workers(limits="requests=1", redis=AWAY, without_redis="allow")
    for _ in range(3):
        reply = await send(app)
        assert reply.status == 200
        assert "ratelimit" not in reply.headers


async def test_the_platform_answers_503_in_its_own_words(workers):
    reply = await fetch(Platform(workers(connect_limits="token=5", redis=AWAY, without_redis="deny")))
    assert (reply.status, reply.headers["retry-after"]) == (503, "5")
    assert reply.json == {"statusCode": 503, "error": "Service Unavailable", "message": UNKNOWN}


async def test_the_switch_is_seen_in_the_metrics(workers):
    app = workers(limits="requests=40", redis=AWAY, metrics=True)
    before = REGISTRY.get_sample_value("fanfold_limits_alone_total", {"policy": "local"}) or 0
    await send(app)
    assert REGISTRY.get_sample_value("fanfold_limits_shared") == 0
    assert REGISTRY.get_sample_value("fanfold_limits_alone_total", {"policy": "local"}) == before + 1


@pytest.mark.services
async def test_that_they_count_together_is_seen_in_the_metrics(workers, redis):
    await send(workers(limits="requests=40", redis=redis.url, metrics=True))
    assert REGISTRY.get_sample_value("fanfold_limits_shared") == 1


@pytest.mark.parametrize(("policy", "word"), [("local", "degraded"), ("allow", "degraded"), ("deny", "failed")])
async def test_readiness_tells_of_it(workers, policy, word):
    app = workers(redis=AWAY, without_redis=policy)
    assert (await app.readiness.look()).parts["redis"] == word


@pytest.mark.services
async def test_readiness_tells_that_it_works(workers, redis):
    assert (await workers(redis=redis.url).readiness.look()).parts["redis"] == "ok"


async def test_readiness_says_nothing_of_a_redis_that_nobody_named(workers):
    app = workers()
    assert "redis" not in (await app.readiness.look()).parts
    assert await app.limits.look() == "ok"
    assert app.limits.up is None


@pytest.mark.services
async def test_the_controls_begin_counting_anew(workers, redis):
    app = workers(limits="requests=10", redis=redis.url)
    assert (await send(app)).status == 200
    assert (await send(app)).status == 429
    app.count_anew()
    assert (await send(app)).status == 200


def test_a_url_that_cannot_be_meant_is_refused_at_the_start(make_app):
    with pytest.raises(SetupError, match="write redis://host:6379"):
        make_app(redis="http://:hunter2@127.0.0.1")
    assert Settings(redis=AWAY, without_redis="deny", fleet=3).fleet == 3


async def test_no_password_is_in_the_logs(workers, caplog):
    app = workers(limits="requests=1000", redis="redis://ada:hunter2@127.0.0.1:1")
    await asyncio.gather(*[send(app) for _ in range(5)])
    assert "127.0.0.1:1 cannot be asked" in caplog.text
    assert "hunter2" not in caplog.text
