"""A draft of a declaration: a whole one, with all operations of a description, and notes on what was guessed."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from msgspec import Struct, json

from fanfold.integrations.drafting.answers import record_path, records_path
from fanfold.integrations.drafting.description import Asked, Description, elements, fields, text
from fanfold.integrations.drafting.naming import USUAL, Named, templated
from fanfold.integrations.drafting.paging import paging
from fanfold.integrations.drafting.signing import signing

_NOWHERE = "https://api.example.com"
_SENTENCE = 160
_FORMS = {"x-www-form-urlencoded": "form", "multipart": "multipart", "xml": "xml"}


class Draft(Struct, frozen=True):
    """``value`` is what ``declaration_from`` reads; ``notes`` are sentences about what was guessed or left out."""

    value: dict[str, Any]
    notes: tuple[str, ...]


def draft(document: Any, *, name: str = "") -> Draft:
    """A declaration of the API that an OpenAPI description (3.x or 2.0, decoded) is of.

    Its name is made from the description's title unless told. Raises ``SetupError`` for what is no description.
    """
    description = Description(document)
    notes: list[str] = []
    info = fields(description.document.get("info"))
    title = text(info.get("title"))
    base_url = _base_url(description, notes)
    value: dict[str, Any] = {
        "name": name or re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:64].rstrip("-") or "api",
        "label": title,
        "description": _sentence(info.get("description")),
        "base_url": base_url,
        **signing(description, notes),
    }
    resources, pagination = _resources(description, notes)
    value |= {"pagination": pagination, "rate_limit": _rate_limit(description), "resources": resources}
    _ask_for(value, re.findall(r"\{\{(\w+)\}\}", base_url))
    return Draft({key: each for key, each in value.items() if each not in ("", None, {})}, tuple(dict.fromkeys(notes)))


def _base_url(description: Description, notes: list[str]) -> str:
    document = description.document
    if description.old:
        schemes = [text(each) for each in elements(document.get("schemes"))]
        scheme = next((each for each in ("https", "http") if each in schemes), "https")
        host = text(document.get("host"))
        url = f"{scheme}://{host}{text(document.get('basePath'))}" if host else text(document.get("basePath"))
    else:
        servers = [fields(each) for each in elements(document.get("servers"))]
        url = text(servers[0].get("url")) if servers else ""
        for part, told in fields(servers[0].get("variables") if servers else None).items():
            options = elements(fields(told).get("enum"))
            default = text(fields(told).get("default"))
            if default and (options or "://" not in url or f"{{{part}}}://" in url or not url.startswith("http")):
                url = url.replace(f"{{{part}}}", default)
                notes.append(f"base_url: {part} is {default!r}, the default.")
        url = re.sub(r"\{([^{}]*)\}", lambda found: f"{{{{{re.sub(r'[^A-Za-z0-9_]', '_', found[1]) or 'site'}}}}}", url)
        if len(servers) > 1:
            notes.append(f"base_url: the first of {len(servers)} servers is used.")
    url = url.partition("?")[0].partition("#")[0].rstrip("/")
    if not re.match(r"https?://[^/@\s]+(/\S*)?$", url):
        notes.append(f"base_url: the description does not say where the API is ({url or 'no server'}); put it there.")
        return _NOWHERE + (url if re.fullmatch(r"(/[\w.-]+)+", url) else "")
    return url


def _ask_for(value: dict[str, Any], names: list[str]) -> None:
    """Let accounts have what is filled into the base URL."""
    credentials = value["credentials"]
    for each in [credentials] if "format" in credentials else credentials.values():
        for name in names:
            each.setdefault("config", {}).setdefault("fields", []).append({"name": name, "label": name})


def _resources(description: Description, notes: list[str]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    operations = list(description.operations())
    named = Named(description, operations)
    found: dict[str, dict[str, dict[str, Any]]] = {}
    pages: dict[tuple[str, str], dict[str, Any] | None] = {}
    for asked in operations:
        resource, method = named.of(asked)
        found.setdefault(resource, {})[method] = _method(description, asked, method, notes)
        if method == "list":
            pages[resource, method] = paging(description, asked)
    common = _common(pages)
    for (resource, method), its in pages.items():
        if its != common:
            found[resource][method]["pagination"] = its
    if pages:
        without = sum(1 for its in pages.values() if its is None)
        notes.append(f"pagination: guessed from names for {len(pages) - without} of {len(pages)} lists.")
    order = {name: number for number, name in enumerate(USUAL)}
    tidy = {
        resource: dict(sorted(found[resource].items(), key=lambda each: (order.get(each[0], len(order)), each[0])))
        for resource in sorted(found)
    }
    return tidy, common


def _common(pages: dict[tuple[str, str], dict[str, Any] | None]) -> dict[str, Any] | None:
    """The pagination that most lists have that have one."""
    counts = Counter(json.encode(its) for its in pages.values() if its is not None)
    most: dict[str, Any] | None = json.decode(counts.most_common(1)[0][0]) if counts else None
    return most


def _method(description: Description, asked: Asked, method: str, notes: list[str]) -> dict[str, Any]:
    told = asked.told
    where = records_path(description, asked) if method == "list" else None
    kinds = description.body_kinds(asked) if asked.verb not in ("get", "head", "delete") else []
    found: dict[str, Any] = {
        "path": templated(asked.path, method),
        "method": "" if asked.verb == "get" else asked.verb,
        "body_format": _body_format(kinds),
        "response_path": where if where is not None else "" if method == "delete" else record_path(description, asked),
        "description": _sentence(told.get("summary")) or _sentence(told.get("description")),
        "operation": asked.operation,
        "scopes": _scopes(told),
        "query_schema": _query_schema(description, asked),
    }
    needed = [str(each["name"]) for each in asked.parameters if each.get("in") == "header" and each.get("required")]
    if needed:
        notes.append(f"{asked.verb.upper()} {asked.path}: wants headers that are not declared: {', '.join(needed)}.")
    return {key: each for key, each in found.items() if each not in ("", None, {}, [])}


def _body_format(kinds: list[str]) -> str:
    if not kinds or any("json" in kind for kind in kinds):
        return ""
    return next((form for part, form in _FORMS.items() if any(part in kind for kind in kinds)), "")


def _scopes(told: dict[str, Any]) -> list[str]:
    wanted = [
        scope
        for each in elements(told.get("security"))
        for scopes in fields(each).values()
        for scope in elements(scopes)
    ]
    return [scope for scope in dict.fromkeys(wanted) if isinstance(scope, str)]


def _query_schema(description: Description, asked: Asked) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for each in asked.query():
        schema = description.schema(each.get("schema", each))
        told = {
            key: schema[key] for key in ("type", "format", "enum", "default", "minimum", "maximum") if key in schema
        }
        about = _sentence(each.get("description"))
        properties[str(each["name"])] = told | ({"description": about} if about else {})
    required = sorted(str(each["name"]) for each in asked.query() if each.get("required") is True)
    whole: dict[str, Any] = {"type": "object", "properties": properties} if properties else {}
    return {**whole, "required": required} if required else whole


def _rate_limit(description: Description) -> dict[str, Any]:
    headers: set[str] = set()
    for path in fields(description.document.get("paths")).values():
        for told in fields(path).values():
            limited = description.follow(fields(fields(told).get("responses")).get("429"))
            headers |= {name.lower() for name in fields(limited.get("headers"))}
    if "retry-after" not in headers and not any("reset" in name for name in headers):
        return {}
    found = {"is_rate_limited": "status = 429"}
    if "retry-after" in headers:
        found["retry_after_header_expression"] = "$number(headers.`retry-after`)"
    reset = next((name for name in sorted(headers) if "reset" in name and "x-" in name), None)
    if reset:
        found["rate_limit_header_expression"] = f"$number(headers.`{reset}`)"
    return found


def _sentence(value: Any) -> str:
    """The first sentence, or as much of it as fits."""
    whole = text(value)
    first = re.split(r"(?<=[.!?])\s", whole, maxsplit=1)[0]
    return first if len(first) <= _SENTENCE else f"{first[: _SENTENCE - 1].rstrip()}…"
