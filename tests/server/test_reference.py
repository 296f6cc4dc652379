"""The page that shows the description: small, whole, and let do no more than it needs."""

import hashlib
import re
from base64 import b64encode

from fanfold.server.reference import CONTENT_SECURITY_POLICY, page

PAGE = page().decode()


def hash_of(tag):
    (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", PAGE, re.DOTALL)
    return f"'sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def test_the_page_is_small():
    assert len(page()) < 15_000


def test_the_page_loads_nothing_but_the_description_of_its_own_server():
    assert re.findall(r"(?:src|href)=\"([^\"]+)\"", PAGE) == ["data:,", "/openapi.json"]
    assert re.findall(r"fetch\(\"([^\"]+)\"", PAGE) == ["/openapi.json"]
    assert "//" not in re.sub(r"<!.*?>", "", PAGE)


def test_the_policy_lets_this_style_and_this_script_run_and_nothing_else():
    assert f"style-src {hash_of('style')};" in CONTENT_SECURITY_POLICY
    assert f"script-src {hash_of('script')};" in CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY


def test_no_part_of_the_page_needs_what_the_policy_forbids():
    assert not re.search(r"\sstyle=|\son[a-z]+=\"|innerHTML|eval\(", PAGE)


def test_a_description_never_becomes_markup():
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", PAGE)
