"""The demo's contacts as each account has changed them: kept in memory, bounded, and forgotten with the process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from fanfold.errors import RequestError
from fanfold.integrations.demo.people import COMPANIES, CONTACTS, USERS, contact, stamp

MAX_CHANGED = 1000
"""Contacts that one account may have made, changed or deleted."""
MAX_ACCOUNTS = 1000
"""Accounts whose changes are kept; of more, those are forgotten that have asked least lately."""
MAX_LENGTH = 500
"""Longest text of a field, in characters."""

FIELDS = ("first_name", "last_name", "email", "phone", "title", "company_id", "owner_id")


class Contacts:
    """The contacts of one account: those that everybody has, with what the account made of them."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._changed: dict[int, dict[str, Any] | None] = {}
        self._last = CONTACTS

    def get(self, gid: str) -> dict[str, Any]:
        """A contact; raises ``RequestError`` 404."""
        found = self._numbered(number_of(gid, "c_"))
        if found is None:
            raise RequestError(f"There is no contact {gid[:100]!r}.", status=404)
        return found

    def after(self, first: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """All contacts from a number on, with their numbers."""
        for number in range(max(first, 1), self._last + 1):
            found = self._numbered(number)
            if found is not None:
                yield number, found

    def create(self, given: Any) -> dict[str, Any]:
        """A new contact; raises ``RequestError`` for what cannot be one."""
        values = _checked(given)
        if not values.get("email"):
            raise RequestError("body.email should be defined.")
        self._make_room(self._last + 1)
        self._last += 1
        now = stamp(self._clock())
        blank = dict.fromkeys(FIELDS)
        made = {"object": "contact", "id": f"c_{self._last}", **blank, **values, "created_at": now, "updated_at": now}
        self._changed[self._last] = made
        return made

    def update(self, gid: str, given: Any) -> dict[str, Any]:
        """A contact with other values; raises ``RequestError``."""
        number, before, values = number_of(gid, "c_"), self.get(gid), _checked(given)
        if "email" in values and not values["email"]:
            raise RequestError("body.email should be an address.")
        self._make_room(number)
        changed = self._changed[number] = {**before, **values, "updated_at": stamp(self._clock())}
        return changed

    def delete(self, gid: str) -> dict[str, Any]:
        """Take a contact away; raises ``RequestError`` 404."""
        number = number_of(gid, "c_")
        self.get(gid)
        self._make_room(number)
        self._changed[number] = None
        return {"object": "contact", "id": gid, "deleted": True}

    def _numbered(self, number: int) -> dict[str, Any] | None:
        if number in self._changed:
            return self._changed[number]
        return contact(number) if 1 <= number <= CONTACTS else None

    def _make_room(self, number: int) -> None:
        if number not in self._changed and len(self._changed) >= MAX_CHANGED:
            raise RequestError(f"An account of the demo can change no more than {MAX_CHANGED} contacts.", status=409)


class ContactBooks:
    """The contacts of all accounts."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._books: OrderedDict[str, Contacts] = OrderedDict()

    def of(self, account: str) -> Contacts:
        """Those of one account."""
        book = self._books.pop(account, None) or Contacts(self._clock)
        self._books[account] = book
        if len(self._books) > MAX_ACCOUNTS:
            self._books.popitem(last=False)
        return book


def number_of(gid: str, prefix: str) -> int:
    """The number in an id such as ``c_17``; 0 in one that is none."""
    digits = gid.removeprefix(prefix)
    fits = gid.startswith(prefix) and digits.isascii() and digits.isdigit() and len(digits) <= 9
    return int(digits) if fits and digits[0] != "0" else 0


def _checked(given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise RequestError("body should be an object.")
    values = dict(given)
    for name, value in values.items():
        if name not in FIELDS:
            raise RequestError(f"body.{name[:100]} should be not present; there are {', '.join(FIELDS)}.")
        if value is not None and (not isinstance(value, str) or len(value) > MAX_LENGTH):
            raise RequestError(f"body.{name} should be text of at most {MAX_LENGTH} characters, or null.")
    email = values.get("email")
    if email and (email.count("@") != 1 or email.startswith("@") or email.endswith("@") or " " in email):
        raise RequestError("body.email should be an address.")
    for name, prefix, many in (("company_id", "co_", COMPANIES), ("owner_id", "u_", USERS)):
        if values.get(name) and not 1 <= number_of(values[name], prefix) <= many:
            raise RequestError(f"body.{name} should be the id of one that there is, such as {prefix}1.")
    return values
