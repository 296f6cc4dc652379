"""The SQL that stands in ``.sql`` files, by name."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources

from fanfold.work.store.idioms import Idiom


class Queries(dict[str, str]):
    """Queries by name, said in the ``idiom`` of a database.

    ``{in}`` and ``{fields}`` become placeholders, ``{where}`` a further condition. ``arrays``: what is looked for among
    is one value, an array, so that there is one query however many there are. Of several files a later one has its own
    words for what is said otherwise there.
    """

    def __init__(self, idiom: Idiom, *files: str, arrays: bool = False) -> None:
        super().__init__()
        for file in files:
            self.update(named_queries(file))
        for name, sql in self.items():
            self[name] = idiom.said(sql.replace("IN ({in})", "= ANY (?)") if arrays else sql)
        self.idiom = idiom
        self.arrays = arrays
        self.filled = lru_cache(maxsize=1024)(self._filled)
        """A query with as many placeholders as there are values and fields to be looked for."""
        self.links_of_one = lru_cache(maxsize=256)(self._links_of_one)
        """What hangs on one record by so many fields: a look-up for each, which costs less than a list."""

    def _filled(self, name: str, values: int, fields: int = 0) -> str:
        return self[name].replace("{in}", ",".join("?" * values)).replace("{fields}", ",".join("?" * fields))

    def _links_of_one(self, forward: int, backward: int) -> str:
        names = ["forward_of_one"] * forward + ["backward_of_one"] * backward
        return " UNION ALL ".join([self[name].replace("{field}", f"?{place}") for place, name in enumerate(names, 2)])


def named_queries(file: str) -> dict[str, str]:
    """The queries of one file as they are written."""
    text = resources.files(__package__).joinpath(file).read_text()
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)[1:]
    names = parts[::2]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise TypeError(f"two queries of one name: {', '.join(sorted(twice))}")
    return {name: sql.strip().rstrip(";") for name, sql in zip(names, parts[1::2], strict=True)}
