"""The kit itself: what it holds, whom it refuses to attack, and what it tells."""

import re
from pathlib import Path

import pytest
from msgspec import json

from fanfold.attack import Orders, Outcome, Shot, Trial, all_cases, attack
from fanfold.attack.cases import Reply
from fanfold.attack.lines import LINES, REASONS
from fanfold.attack.report import as_json, as_text, exit_code
from fanfold.attack.site import Site
from fanfold.errors import SetupError

CASES = all_cases()


def test_there_are_some_hundred_cases_and_no_two_are_the_same():
    assert len(CASES) >= 345
    assert len({(case.line, case.name) for case in CASES}) == len(CASES)


def test_every_line_has_cases_and_every_case_a_line():
    assert {case.line for case in CASES} == set(LINES) == {f"S{number}" for number in range(1, 31)}


def test_whatever_a_case_needs_has_a_reason_to_tell():
    assert {need for case in CASES for need in case.needs} <= set(REASONS)


def test_every_case_says_what_is_a_hole_and_what_is_sent():
    for case in CASES:
        assert case.hole.endswith("."), case.name
        assert bool(case.send) != (case.play is not None), case.name
        assert case.name.isprintable(), case.name


@pytest.mark.parametrize("url", ["http://example.com/batch", "https://192.0.2.1", "http://127.0.0.1.example.com/batch"])
async def test_a_server_elsewhere_is_left_alone_unless_its_owner_agreed(url):
    with pytest.raises(SetupError, match="--yes"):
        await attack(url)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_this_machine_is_near(host):
    assert Site(f"http://{host}:8480/batch").is_near


@pytest.mark.parametrize("url", ["", "batch", "ftp://127.0.0.1/batch", "http://"])
async def test_what_is_no_address_is_refused(url):
    with pytest.raises(SetupError, match="no address"):
        await attack(url)


async def test_an_unknown_line_is_refused():
    with pytest.raises(SetupError, match="S31"):
        await attack("http://127.0.0.1:1/batch", Orders(only=["S31"]))


async def test_where_nothing_answers_there_is_nothing_to_attack():
    with pytest.raises(SetupError, match="a batch endpoint"):
        await attack("http://127.0.0.1:1/batch")


@pytest.mark.parametrize(
    ("url", "endpoint", "base"),
    [
        ("http://h", "/batch", ""),
        ("http://h/", "/batch", ""),
        ("http://h/api/1.0/batch", "/api/1.0/batch", "/api/1.0"),
        ("http://h/v1/$batch/", "/v1/$batch", "/v1"),
    ],
)
def test_paths_of_actions_are_below_the_endpoints_own(url, endpoint, base):
    site = Site(url)
    assert (site.endpoint, site.base) == (endpoint, base)
    assert Site(url, base="/x").base == "/x"


def test_places_in_what_is_sent_are_filled_in():
    site = Site("http://h:1/api/batch", read="/users/me")
    assert site.fill(b"@RUN@ @BATCH@ @%BATCH@ @BIGBATCH@ @HOST@ @TOKEN@ @READ:3@", "r1", "t") == (
        b"r1 batch %62atch BATCH h:1 t /users/me"
    )
    site.ground, site.ground_port = "g", 9
    assert site.fill(b"@READ:3@ @TRAP@", "r1", "") == b"/echo/r1/3 localhost:9"


def made(line="S1", verdict="passed", why="", *, token="", sent=(), replies=()):
    site = Site("http://127.0.0.1:1/batch", token=token)
    tried = Trial(site, "r1")
    tried.sent, tried.replies = list(sent), list(replies)
    case = next(case for case in CASES if case.line == line)
    return Outcome(case, verdict, why, tried)


def test_the_report_counts_line_by_line_and_tells_of_failures():
    shot = Shot(actions=({"method": "get"},), headers={"Authorization": "Bearer my-secret", "X-Y": "z"})
    failed = made("S2", "failed", "it ran", sent=[shot], replies=[Reply(200, body=b'{"a": "\x1b[2J"}')])
    text = as_text([made(), failed, made("S27", "n/a", "no keys")], 3.2)
    assert re.search(r"^S1 +Each action.*\n +1 passed$", text, re.MULTILINE)
    assert re.search(r"^S27 .*\n +1 n/a \(no keys\)$", text, re.MULTILINE)
    assert "S2 FAILED: " in text
    assert "it ran" in text
    assert failed.case.hole in text
    assert text.endswith("3 cases: 1 passed, 1 FAILED, 1 n/a, in 3 s")
    assert "\x1b" not in text


def test_the_report_tells_no_secret():
    shot = Shot(body=b"x my-own-token y", headers={"Cookie": "session=my-secret", "authorization": "Bearer my-secret"})
    failed = made(
        "S2",
        "failed",
        "my-own-token ran",
        token="my-own-token",
        sent=[shot],
        replies=[Reply(200, body=b"my-own-token")],
    )
    for report in (as_text([failed], 0), as_json([failed], 0)):
        assert "my-secret" not in report
        assert "my-own-token" not in report


def test_what_is_long_is_cut_short():
    failed = made("S2", "failed", "it ran", sent=[Shot(body=b"x" * 100_000)], replies=[Reply(200, body=b"y" * 100_000)])
    assert len(as_text([failed], 0)) < 3000


def test_machines_are_told_the_same():
    told = json.decode(as_json([made(), made("S2", "failed", "it ran"), made("S2", "n/a", "no keys")], 1.0))
    assert told["lines"]["S1"] == {"passed": 1}
    assert told["lines"]["S2"] == {"failed": 1, "n/a": 1}
    assert [one["verdict"] for one in told["cases"]] == ["passed", "failed", "n/a"]
    assert told["cases"][1]["hole"]


def test_the_exit_code_tells_whether_anything_failed():
    assert exit_code([made(), made("S2", "n/a")]) == 0
    assert exit_code([made(), made("S2", "failed")]) == 1


def test_the_guide_has_every_line_in_the_same_words():
    guide = (Path(__file__).parents[2] / "docs" / "attack.md").read_text()
    rows = dict(re.findall(r"^\| (S\d+) \| (.+) \|$", guide, re.MULTILINE))
    assert rows == LINES
