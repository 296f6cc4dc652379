"""The pages of docs/reference are what the code says now."""

import pytest

from docs.generate import PAGES, REFERENCE
from fanfold.server.gateway_settings import GatewaySettings, Upstream
from fanfold.settings import Settings


@pytest.mark.parametrize("name", PAGES)
def test_a_committed_page_is_what_would_be_written_now(name):
    assert (REFERENCE / name).read_text() == PAGES[name](), "run `make docs`"


def test_nothing_else_is_among_the_written_pages():
    assert {page.name for page in REFERENCE.iterdir()} == set(PAGES)


@pytest.mark.parametrize("name", ["declarations.md", "plans.md"])
def test_every_field_of_declarations_and_plans_has_a_meaning(name):
    rows = [line.split(" | ") for line in PAGES[name]().splitlines() if line.startswith("| `")]
    assert len(rows) > 20
    assert [row[0] for row in rows if len(row[3].strip(" |")) < 5] == []


def test_every_setting_is_on_its_page():
    server, gateway, upstream = PAGES["settings.md"]().split("\n## ")
    for kind, page in ((Settings, server), (GatewaySettings, gateway)):
        for name in set(kind.__struct_fields__) - {"upstreams"}:
            assert f"| `{name}` | `FANFOLD_{name.upper()}` |" in page
    assert "| `upstreams` |  | tables" in gateway
    for name in Upstream.__struct_fields__:
        assert f"\n| `{name}` | " in upstream
