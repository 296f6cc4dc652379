"""Periods of time, which every workspace has without a row of them being kept.

All there is to say of one follows from its gid: which workspace, which year, which part of it. So they are there for
every year without anybody making them, and reading them writes nothing. Fiscal years are calendar years.
"""

from __future__ import annotations

from msgspec.json import Encoder

from fanfold.work.store.rows import Row

encode = Encoder().encode

FIRST_PERIOD = 1 << 62
"""The lowest gid of a period; the counter of all other gids never comes so far."""

FIRST_YEAR, LAST_YEAR = 2000, 2099

_YEARS = 128
_PARTS = (
    ("FY", None, "01-01", "12-31"),
    ("H1", 0, "01-01", "06-30"),
    ("H2", 0, "07-01", "12-31"),
    ("Q1", 1, "01-01", "03-31"),
    ("Q2", 1, "04-01", "06-30"),
    ("Q3", 2, "07-01", "09-30"),
    ("Q4", 2, "10-01", "12-31"),
)
"""Name, the part that it is a part of, first and last day."""

_SLOTS = 8


def periods_of(workspace: int, year: int) -> list[int]:
    """Gids of the periods of a year, the whole of it first."""
    return [_gid(workspace, year, part) for part in range(len(_PARTS))]


def _gid(workspace: int, year: int, part: int) -> int:
    return FIRST_PERIOD + (workspace * _YEARS + year - FIRST_YEAR) * _SLOTS + part


def period(gid: int) -> Row | None:
    """The record of a period, or None where the gid is not of one."""
    rest, part = divmod(gid - FIRST_PERIOD, _SLOTS)
    workspace, offset = divmod(rest, _YEARS)
    year = FIRST_YEAR + offset
    if workspace <= 0 or year > LAST_YEAR or part >= len(_PARTS):
        return None
    name, above, start, end = _PARTS[part]
    fiscal = f"FY{year % 100:02d}"
    shown = {
        "start_on": f"{year}-{start}",
        "end_on": f"{year}-{end}",
        "period": name,
        "display_name": fiscal if above is None else f"{name} {fiscal}",
    }
    parent = None if above is None else str(_gid(workspace, year, above))
    compact = encode({"gid": str(gid), "resource_type": "time_period", **shown})
    return Row(gid, "time_period", workspace, 0, encode({**shown, "parent": parent}), compact)
