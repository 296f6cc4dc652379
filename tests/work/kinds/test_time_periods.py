"""Time periods."""

import pytest

from fanfold.work.store.periods import FIRST_PERIOD, LAST_YEAR, period, periods_of


@pytest.fixture
def periods(call, space):
    """Those of 2026 by name."""
    shown = call("GET", "/time_periods", workspace=space, start_on="2026-01-01", end_on="2026-12-31")[1]
    return {item["period"]: item["gid"] for item in shown}


def test_a_workspace_has_years_halves_and_quarters_around_now(world, call, space):
    shown = call("GET", "/time_periods", workspace=space)[1]
    assert [item["display_name"] for item in shown[:7]] == [
        *("FY25", "H1 FY25", "H2 FY25", "Q1 FY25", "Q2 FY25", "Q3 FY25", "Q4 FY25")
    ]
    assert [item["display_name"] for item in shown[::7]] == ["FY25", "FY26", "FY27", "FY28"]
    assert world.pages("/time_periods", workspace=space, limit=5) == shown
    assert len({item["gid"] for item in shown}) == 28


def test_a_quarter_is_a_part_of_a_half_and_that_of_a_year(call, periods):
    shown = call("GET", f"/time_periods/{periods['Q3']}")[1]
    assert (shown["start_on"], shown["end_on"], shown["period"]) == ("2026-07-01", "2026-09-30", "Q3")
    assert (shown["parent"]["gid"], shown["parent"]["display_name"]) == (periods["H2"], "H2 FY26")
    assert call("GET", f"/time_periods/{periods['H2']}")[1]["parent"]["gid"] == periods["FY"]
    assert call("GET", f"/time_periods/{periods['FY']}")[1]["parent"] is None
    opened = call("GET", f"/time_periods/{periods['Q1']}", opt_fields="parent.parent.period")[1]
    assert opened["parent"]["parent"]["period"] == "FY"


def test_periods_are_found_between_two_days(call, space):
    shown = call("GET", "/time_periods", workspace=space, start_on="2020-04-01", end_on="2020-12-31")[1]
    assert [item["period"] for item in shown] == ["H2", "Q2", "Q3", "Q4"]
    assert call("GET", "/time_periods", workspace=space, end_on="2001-01-01") == (200, [])
    assert len(call("GET", "/time_periods", workspace=space, start_on="1900-01-01", end_on="2900-01-01")[1]) == 700
    assert call("GET", "/time_periods", workspace=space, start_on="soon")[0] == 400


def test_periods_are_asked_for_by_workspace(call, space, eve):
    assert call("GET", "/time_periods") == (400, "workspace: Missing input")
    assert call("GET", "/time_periods", workspace=space, user=eve) == (400, f"workspace: Unknown object: {space}")


def test_others_do_not_see_them(call, periods, eve):
    assert call("GET", f"/time_periods/{periods['FY']}", user=eve)[0] == 404


@pytest.mark.parametrize("gid", [FIRST_PERIOD, periods_of(1001, 2000)[0] + 7, periods_of(1001, LAST_YEAR + 1)[0]])
def test_not_every_high_number_is_a_period(call, gid):
    assert period(gid) is None
    assert call("GET", f"/time_periods/{gid}") == (404, f"time_period: Unknown object: {gid}")


def test_the_highest_number_there_is_is_refused(call):
    assert call("GET", f"/time_periods/{(1 << 63) - 1}")[0] == 404


def test_nobody_writes_them(call, periods):
    for method in ("PUT", "DELETE"):
        assert call(method, f"/time_periods/{periods['FY']}", {})[0] in (404, 405)
