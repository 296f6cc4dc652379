"""Truto's batch requests: ``{"integrated_account_id", "resources", "args"}`` in, ``{"result", "errors"}`` out.

What cannot be read at all is an exception; every other mistake is kept with the recipe, so that whoever sent it is told
of all of them at once, along with those that only planning sees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fanfold.dialects.limit_headers import limit_headers
from fanfold.dialects.strict_json import decode_strict
from fanfold.dialects.truto_entries import Mistakes, read_entry
from fanfold.dialects.truto_envelopes import error_headers, error_members
from fanfold.dialects.truto_results import REFUSED, UNWRITABLE, encode_results, error_element
from fanfold.entries import Caps, Entry, Mishap, Recipe
from fanfold.errors import ForeignError, LimitExceeded, RequestError
from fanfold.model import Action, Answer, Batch, Result

MAX_ENTRIES = 200
"""Most entries of one recipe."""

_encode = msgspec.json.Encoder().encode


class TrutoDialect:
    """Reads and writes the format of batch requests. ``caps`` go into every recipe."""

    def __init__(self, *, caps: Caps | None = None, max_entries: int = MAX_ENTRIES) -> None:
        self.caps = caps or Caps()
        self.max_entries = max_entries

    def decode(self, body: bytes) -> Batch:
        """The batch a request body holds: an action for each entry of its recipe.

        Raises ``RequestError`` only where the body is no JSON object; other mistakes are ``recipe.failures``.
        """
        document = decode_strict(body)
        if not isinstance(document, dict):
            raise RequestError("The body has to be a JSON object with integrated_account_id and resources")
        recipe = self._read(document)
        actions = tuple([Action(entry.method, f"/{entry.resource or entry.name}") for entry in recipe.entries])
        return Batch(actions, deadline=self.caps.deadline, recipe=recipe)

    def _read(self, document: dict[str, Any]) -> Recipe:
        mistakes = Mistakes()
        account = mistakes.text(document, "integrated_account_id", "", required=True)
        args = mistakes.members(document, "args", "")
        dry_run = mistakes.switch(document, "dry_run", "")
        entries = self._read_entries(document.get("resources"), mistakes)
        return Recipe(
            account=account,
            entries=entries,
            args=args or {},
            failures=tuple(mistakes.found),
            dry_run=dry_run,
            caps=self.caps,
        )

    def _read_entries(self, items: object, mistakes: Mistakes) -> tuple[Entry, ...]:
        if not isinstance(items, list) or not items:
            mistakes.add("/resources", "Must be an array with at least one request, transform or spool")
            return ()
        if len(items) > self.max_entries:
            mistakes.add("/resources", f"Must not have more than {self.max_entries} entries, but has {len(items)}")
            return ()
        return tuple([read_entry(item, index, mistakes) for index, item in enumerate(items)])

    # -- whole answers -----------------------------------------------------------------------------------------------

    def encode(self, results: Sequence[Result], recipe: Recipe) -> bytes:
        """What became of the entries of ``recipe``, whose results are in its order."""
        return encode_results(recipe.entries, results)

    def error_answer(self, error: RequestError) -> Answer:
        """The answer to a request that is refused, or that an API has refused."""
        if isinstance(error, ForeignError):
            return Answer(error.status, error.body, (("content-type", error.speaks),), trusted=True)
        return Answer(error.status, _encode(error_members(error)), error_headers(error), trusted=True)

    def limit_answer(self, error: LimitExceeded) -> Answer:
        """429, with the seconds to wait where waiting helps, and how the limits stood that refused."""
        wait = () if error.retry_after is None else (("retry-after", str(error.retry_after)),)
        refused = error_members(RequestError(error.message, status=429))
        return Answer(429, _encode(refused), (*wait, *limit_headers(error.standing)), trusted=True)

    # -- answers line by line ----------------------------------------------------------------------------------------

    def encode_records(self, entry: Entry, records: Sequence[Any]) -> bytes:
        """A line for each record of an entry. What a transform gives is a value."""
        head = self._opening(entry) + (b'"value":' if entry.kind == "transform" else b'"record":')
        try:
            return b"".join([head + _encode(record) + b"}\n" for record in records])
        except REFUSED:
            if len(records) > 1:
                return b"".join([self.encode_records(entry, (record,)) for record in records])
            return self.encode_error(entry, Mishap(RequestError(UNWRITABLE, status=422)))

    def encode_record(self, entry: Entry, record: Any) -> bytes:
        """A line for one record."""
        return self.encode_records(entry, (record,))

    def encode_error(self, entry: Entry, mishap: Mishap) -> bytes:
        """A line for an error of one run."""
        return self._opening(entry) + b'"error":' + _encode(error_element(entry, mishap)) + b"}\n"

    def encode_progress(self, entry: Entry, calls: int, records: int) -> bytes:
        """A line that tells how far an entry has come."""
        return _encode({"progress": {"name": entry.title, "calls": calls, "records": records}}) + b"\n"

    def encode_summary(
        self, *, records: int, errors: int, calls: int, seconds: float, resources: Mapping[str, int]
    ) -> bytes:
        """The last line. ``resources`` tells how many records each key of a whole answer would have."""
        summary = {
            "records": records,
            "errors": errors,
            "calls": calls,
            "ms": round(seconds * 1000, 3),
            "resources": resources,
        }
        return _encode({"summary": summary}) + b"\n"

    def _opening(self, entry: Entry) -> bytes:
        names = {"name": entry.title} if entry.kind != "request" else {"resource": entry.resource, "name": entry.title}
        return _encode(names)[:-1] + b","
