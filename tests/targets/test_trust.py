"""Upstreams with certificates: the name is what is checked, the vetted address is what is connected to."""

import asyncio
import logging
import ssl

import pytest

from fanfold.errors import RequestError, SetupError
from fanfold.targets.terms import Terms
from fanfold.targets.trust import trust_in
from fanfold.targets.upstream import UpstreamTarget
from fanfold.targets.vetting import Vetting
from tests.certificates import Authority
from tests.targets.asking import ask
from tests.upstreams import upstream_running

HERE = Vetting(loopback=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def looked_up(monkeypatch):
    """Every name is here; those that were looked up, in order."""
    names = []

    async def resolve(_self, host, _port):
        names.append(host)
        return ["127.0.0.1"]

    monkeypatch.setattr(Vetting, "resolve", resolve)
    return names


@pytest.fixture
async def make(authority, looked_up):
    made = []

    def target(url, **terms):
        told = {"attempts": 1, "ca_file": str(authority.file), **terms}
        made.append(UpstreamTarget(url, Terms(**told), vetting=HERE))
        return made[-1]

    yield target
    for one in made:
        await one.close()


async def refusal(target, method="GET", path="/echo"):
    with pytest.raises(RequestError) as refused:
        await ask(target, method, path)
    assert refused.value.status == 502
    return refused.value.message


async def test_the_name_is_asked_for_and_checked_and_the_vetted_address_connected_to(make, authority, looked_up):
    with authority.upstream("api.test") as (upstream, asked):
        target = make(f"https://api.test:{upstream.port}")
        for _ in range(3):
            assert (await ask(target, "POST", "/echo", {})).status == 200
        assert (upstream.connections, asked, looked_up) == (1, ["api.test"], ["api.test"])
        assert upstream.seen[0].headers["host"] == f"api.test:{upstream.port}"


async def test_a_certificate_may_be_for_an_address(make, authority):
    with authority.upstream("127.0.0.1") as (upstream, _):
        assert (await ask(make(upstream.url), "GET", "/echo")).status == 200


@pytest.mark.parametrize(
    ("names", "age", "trusted", "said"),
    [
        (("other.test", "127.0.0.1"), 0, True, "The upstream's certificate is for another name"),
        (("*.api.test",), 0, True, "The upstream's certificate is for another name"),
        (("api.test",), 9, True, "The upstream's certificate has expired"),
        (("api.test",), -9, True, "The upstream's certificate is not valid yet"),
        (("api.test",), 0, False, "The upstream's certificate comes from an authority that is not trusted"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_who_cannot_be_told_is_sent_nothing(make, authority, method, names, age, trusted, said):
    with authority.upstream(*names, age=age) as (upstream, _):
        target = make(f"https://api.test:{upstream.port}", attempts=3, **({} if trusted else {"ca_file": ""}))
        assert await refusal(target, method) == said
        assert (upstream.seen, upstream.connections) == ([], 0)


async def test_a_certificate_for_the_name_is_not_one_for_its_address(make, authority):
    with authority.upstream("api.test") as (upstream, _):
        assert await refusal(make(upstream.url)) == "The upstream's certificate is for another address"
        assert upstream.seen == []


async def test_a_certificate_that_is_wrong_stays_so_and_is_said_each_time(make, authority, caplog):
    with authority.upstream("other.test") as (upstream, _), caplog.at_level(logging.WARNING, "fanfold"):
        target = make(f"https://api.test:{upstream.port}", failures=1)
        said = {await refusal(target) for _ in range(7)}
    assert said == {"The upstream's certificate is for another name"}
    assert "api.test" in caplog.text


async def test_what_speaks_no_tls_is_an_error_of_that_call(make, upstream):
    target = make(f"https://api.test:{upstream.port}", connect_timeout=0.3)
    assert await refusal(target) == "The upstream gave no usable answer"
    assert upstream.seen == []


async def test_an_authority_of_ones_own_is_the_only_one(make, authority, tmp_path):
    other = Authority(tmp_path)
    with authority.upstream("api.test") as (upstream, _):
        target = make(f"https://api.test:{upstream.port}", ca_file=str(other.file))
        assert await refusal(target) == "The upstream's certificate comes from an authority that is not trusted"


async def test_a_redirect_to_plain_http_is_not_followed(make, authority, upstream):
    with authority.upstream("api.test") as (secure, _):
        target = make(f"https://api.test:{secure.port}", redirects=3)
        secure.says["there"] = (
            b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://api.test:%d/echo\r\n\r\n" % upstream.port,
        )
        assert "redirects to where it may not" in await refusal(target, path="/say/there")
        assert upstream.connections == 0


async def test_a_redirect_to_another_name_is_checked_as_that_name(make, authority):
    with authority.upstream("api.test") as (one, _), authority.upstream("other.test") as (two, asked):
        target = make(f"https://api.test:{one.port}", redirects=1)
        for name, good in (("other.test", True), ("third.test", False)):
            location = b"Location: https://%b:%d/echo" % (name.encode(), two.port)
            one.says["there"] = (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n%b\r\n\r\n" % location,)
            if good:
                assert (await ask(target, "GET", "/say/there", authorization="mine")).status == 200
            else:
                assert await refusal(target, path="/say/there") == "The upstream's certificate is for another name"
        assert asked == ["other.test", "third.test"]
        assert [one.headers.get("authorization") for one in two.seen] == [None]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"", "holds no certificates in PEM."),
        (b"-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n", "holds no certificates in PEM."),
        (b"\x00\xff", "holds no certificates in PEM."),
    ],
)
def test_a_file_that_holds_no_certificates_is_said_before_anything_is_asked(tmp_path, written, said):
    file = tmp_path / "authority.pem"
    if written is not None:
        file.write_bytes(written)
    with pytest.raises(SetupError) as refused:
        UpstreamTarget("https://api.test", Terms(ca_file=str(file)))
    assert refused.value.message.endswith(said)
    assert str(file) in refused.value.message


def test_a_directory_is_no_file_with_certificates(tmp_path):
    with pytest.raises(SetupError, match="cannot be read"):
        trust_in(str(tmp_path))


def test_a_key_without_a_certificate_is_none(authority, tmp_path):
    whole = next(authority.file.parent.glob("api.test-0.pem")).read_text()
    (tmp_path / "key.pem").write_text(whole.partition("-----BEGIN CERTIFICATE")[0])
    with pytest.raises(SetupError, match="holds no certificates"):
        trust_in(str(tmp_path / "key.pem"))


async def test_what_is_trusted_is_always_checked(authority):
    context = trust_in(str(authority.file))
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


async def test_older_protocols_are_not_spoken(make, authority):
    context = authority.context("api.test")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with upstream_running(context) as upstream:
        await refusal(make(f"https://api.test:{upstream.port}"))
        assert upstream.seen == []


async def test_what_is_under_way_over_tls_may_be_cancelled(make, authority):
    with authority.upstream("api.test") as (upstream, _):
        target = make(f"https://api.test:{upstream.port}", connections=1)
        for number in range(3):
            waiting = asyncio.create_task(ask(target, "GET", "/drip"))
            await asyncio.sleep(0.05)
            waiting.cancel()
            assert f"/echo/{number}".encode() in (await ask(target, "GET", f"/echo/{number}")).body
