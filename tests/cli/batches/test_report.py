"""The report: all in one file, nothing in it does anything."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from fanfold.cli.batches.carrying import Carried, Where
from fanfold.cli.batches.files import parse_batch
from fanfold.cli.batches.report import report
from fanfold.cli.batches.timeline import Timeline
from fanfold.client import BadAnswer, Reply

HOSTILE = """</pre></script><script>alert(1)</script><img src=x onerror=alert(1)>"'&\x1b[31m\u202e javascript:x"""
HARMLESS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "p", "code", "svg", "text", "rect", "span", "table"),
    *("thead", "tbody", "tr", "th", "td", "details", "summary", "pre"),
}
HARMLESS_ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "class", "viewbox", "role", "aria-label", "x", "y"),
    *("width", "height"),
}


class Seen(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = set(), set(), ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def page():
    batch = parse_batch(b"[{GET /a: , id: a}, 'GET /<b>{{a.body.x}}', GET /c]", "<batch>.yaml")
    timeline = Timeline(batch.needs)
    timeline.begin()
    timeline.sent([0, 1, 2], together=True)
    for place in (0, 1):
        timeline.settled(place, 200)
    timeline.over()
    outcomes = (
        Reply(200, {"data": {"name": HOSTILE, HOSTILE: [HOSTILE]}}),
        Reply(404, {"errors": [{"message": HOSTILE}]}, {"location": HOSTILE}),
        BadAnswer(HOSTILE),
    )
    return report(batch, Carried(outcomes), timeline, Where("http://x/?<i>", "secret-token"))


def test_nothing_in_it_runs_is_fetched_or_can_be_followed(page):
    seen = Seen()
    seen.feed(page)
    assert seen.tags <= HARMLESS
    assert seen.attributes <= HARMLESS_ATTRIBUTES
    assert "url(" not in page
    assert "@import" not in page


def test_what_was_said_stands_there_as_text(page):
    seen = Seen()
    seen.feed(page)
    assert "<img src=x onerror=alert(1)>" in seen.text
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "secret-token" not in page


def test_its_policy_allows_its_own_style_and_nothing_else(page):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)[1]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_every_action_has_its_line_bars_and_status(page):
    assert len(re.findall(r'<tr><td class="n">', page)) == 3
    assert re.findall(r'<td class="(?:good|bad)">(\w+)', page) == ["200", "404", "none"]
    assert page.count('class="critical"') == 2
    assert 'class="dependency"' in page
