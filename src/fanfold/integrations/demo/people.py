"""The demo's users, companies and contacts: worked out from their numbers, so that they are the same each time.

What is given is kept, and nobody's to change.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

USERS, COMPANIES, CONTACTS = 25, 40, 250
"""How many there are, numbered from 1."""

_FIRST = ("Ada", "Bo", "Chinwe", "Dilnoza", "Emre", "Farah", "Goran", "Hana", "Ines", "Jun", "Kaisa", "Luca", "Mira")
_LAST = ("Abel", "Berg", "Castillo", "Dvorak", "Eze", "Fischer", "Grant", "Haddad", "Ito", "Jansen", "Kovacs")
_TITLES = ("Buyer", "Engineer", "Head of sales", "Accountant", "Designer", "Founder", "Operator")
_COMPANY = ("Amber", "Birch", "Cobalt", "Delta", "Ember", "Fjord", "Garnet", "Harbor", "Indigo", "Juniper")
_TRADE = ("Foods", "Freight", "Instruments", "Textiles")
_INDUSTRIES = ("food", "logistics", "manufacturing", "clothing")
_CITIES = (("Lisbon", "PT"), ("Oslo", "NO"), ("Nairobi", "KE"), ("Osaka", "JP"), ("Lima", "PE"))
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def stamp(moment: datetime) -> str:
    """A moment as the API writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _stamps(number: int) -> dict[str, str]:
    made = _BEGINNING + timedelta(hours=number)
    return {"created_at": stamp(made), "updated_at": stamp(made + timedelta(days=number % 7))}


@cache
def user(number: int) -> dict[str, Any]:
    """The user of that number."""
    first, last = _FIRST[number % len(_FIRST)], _LAST[(number * 3) % len(_LAST)]
    address = f"{first}.{last}{number}@demo.example".lower()
    return {"object": "user", "id": f"u_{number}", "name": f"{first} {last}", "email": address, "type": "person"}


@cache
def company(number: int) -> dict[str, Any]:
    """The company of that number."""
    name = f"{_COMPANY[number % len(_COMPANY)]} {_TRADE[(number // len(_COMPANY)) % len(_TRADE)]}"
    city, country = _CITIES[number % len(_CITIES)]
    domain = f"{name.lower().replace(' ', '-')}.example"
    return {
        "object": "company",
        "id": f"co_{number}",
        "name": name,
        "description": f"{name} of {city}",
        "domain": domain,
        "website": f"https://{domain}",
        "industry": _INDUSTRIES[(number // len(_COMPANY)) % len(_INDUSTRIES)],
        "employees": 5 + (number * 37) % 900,
        "city": city,
        "country": country,
        **_stamps(number),
    }


@cache
def contact(number: int) -> dict[str, Any]:
    """The contact of that number."""
    first, last = _FIRST[(number * 5) % len(_FIRST)], _LAST[(number * 7) % len(_LAST)]
    works_at = 1 + (number * 3) % COMPANIES
    return {
        "object": "contact",
        "id": f"c_{number}",
        "first_name": first,
        "last_name": last,
        "email": f"{first}.{last}{number}@{company(works_at)['domain']}".lower(),
        "phone": f"+1 555 01{number % 100:02d}",
        "title": _TITLES[number % len(_TITLES)],
        "company_id": f"co_{works_at}",
        "owner_id": f"u_{1 + number % USERS}",
        **_stamps(number),
    }
