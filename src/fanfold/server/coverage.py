"""What ``fanfold coverage`` prints."""

from __future__ import annotations

from msgspec import json

from fanfold.work.coverage import coverage


def as_json() -> str:
    """Served, total, and the same for each group with what is missing."""
    return json.format(json.encode(coverage()), indent=2).decode()


def as_text() -> str:
    """A line for each group, below it what is missing, and the sum."""
    found = coverage()
    lines = []
    for group in found.groups:
        lines.append(f"{group.served:>4}/{group.total:<4} {group.name}")
        lines += [f"          missing: {operation}" for operation in group.missing]
    return "\n".join([*lines, f"{found.served}/{found.total} published operations are served"])
