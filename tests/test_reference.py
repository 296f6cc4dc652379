"""The pages of docs/reference are what the code says now."""

import pytest

from docs.generate import PAGES, REFERENCE
from fanfold.settings import Settings


@pytest.mark.parametrize("name", PAGES)
def test_a_committed_page_is_what_would_be_written_now(name):
    assert (REFERENCE / name).read_text() == PAGES[name](), "run `make docs`"


def test_nothing_else_is_among_the_written_pages():
    assert {page.name for page in REFERENCE.iterdir()} == set(PAGES)


def test_every_setting_is_on_its_page():
    page = PAGES["settings.md"]()
    assert [name for name in Settings.__struct_fields__ if f"| `{name}` | `FANFOLD_{name.upper()}` |" not in page] == []
