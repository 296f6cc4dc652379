"""The SQL that stands in ``.sql`` files, by name."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources


class Queries(dict[str, str]):
    """Queries by name. ``{in}`` and ``{fields}`` become placeholders, ``{where}`` a further condition.

    Of several files a later one has its own words for what is said otherwise there.
    """

    def __init__(self, *files: str) -> None:
        super().__init__()
        for file in files:
            self.update(_named_queries(file))
        self.filled = lru_cache(maxsize=1024)(self._filled)
        """A query with as many placeholders as there are values and fields to be looked for."""
        self.links_of_one = lru_cache(maxsize=256)(self._links_of_one)
        """What hangs on one record by so many fields: a look-up for each, which costs less than a list."""

    def _filled(self, name: str, values: int, fields: int = 0) -> str:
        return self[name].replace("{in}", ",".join("?" * values)).replace("{fields}", ",".join("?" * fields))

    def _links_of_one(self, forward: int, backward: int) -> str:
        names = ["forward_of_one"] * forward + ["backward_of_one"] * backward
        return " UNION ALL ".join([self[name].replace("{field}", f"?{place}") for place, name in enumerate(names, 2)])


def _named_queries(file: str) -> dict[str, str]:
    text = resources.files(__package__).joinpath(file).read_text()
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)[1:]
    names = parts[::2]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise TypeError(f"two queries of one name: {', '.join(sorted(twice))}")
    return {name: sql.strip().rstrip(";") for name, sql in zip(names, parts[1::2], strict=True)}


SQL = Queries("queries.sql")
"""What is asked of SQLite."""
