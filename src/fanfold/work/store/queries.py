"""The SQL that stands in ``queries.sql``, by name."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources


def _named_queries() -> dict[str, str]:
    text = resources.files(__package__).joinpath("queries.sql").read_text()
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)[1:]
    names = parts[::2]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise TypeError(f"two queries of one name: {', '.join(sorted(twice))}")
    return {name: sql.strip().rstrip(";") for name, sql in zip(names, parts[1::2], strict=True)}


SQL = _named_queries()
"""Queries by name. ``{in}`` and ``{fields}`` become placeholders, ``{where}`` a further condition."""


@lru_cache(maxsize=1024)
def filled(name: str, values: int, fields: int = 0) -> str:
    """A query with as many placeholders as there are values and fields to be looked for."""
    return SQL[name].replace("{in}", ",".join("?" * values)).replace("{fields}", ",".join("?" * fields))


@lru_cache(maxsize=256)
def links_of_one(forward: int, backward: int) -> str:
    """What hangs on one record by so many fields: a look-up for each, as a list of fields costs more than it saves."""
    names = ["forward_of_one"] * forward + ["backward_of_one"] * backward
    return " UNION ALL ".join([SQL[name].replace("{field}", f"?{place}") for place, name in enumerate(names, 2)])
