"""The Link header as servers write it (RFC 8288)."""

import time

import pytest

from fanfold.integrations.pagination.cursors import link_to


@pytest.mark.parametrize(
    "header",
    [
        '<https://x/2>; rel="next"',
        "<https://x/2>; rel=next",
        "<https://x/2>;rel=NEXT",
        '<https://x/1>; rel="prev", <https://x/2>; rel="next"',
        '<https://x/1>; rel="prev",<https://x/2>;title="a, b; rel=\\"x\\"";rel="last next"',
        '<https://x/2>; foo; rel="next"; bar="<>"',
        "<https://x/1>, <https://x/2>; rel=next",
    ],
)
def test_the_next_page_is_found(header):
    assert link_to("next", header) == "https://x/2"


@pytest.mark.parametrize("header", ["", "next", "<https://x>", '<https://x>; rel="nextish"', '<https://x; rel="next"'])
def test_where_there_is_none_there_is_none(header):
    assert link_to("next", header) == ""


@pytest.mark.parametrize("piece", ["<", "<>;", '<a>;a="', "<a>; rel ", '<a>;a="\\"', ";" * 10])
def test_a_header_made_to_be_slow_is_not(piece):
    began = time.process_time()
    link_to("next", piece * 100_000)
    assert time.process_time() - began < 1
