"""What single pieces of a declaration have to be: templates, expressions, URLs, paths, headers, secrets.

The shape is known to be right when these look at it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from fanfold.errors import ExpressionError, RequestError
from fanfold.expressions.evaluator import Evaluator
from fanfold.expressions.placeholders import compile_template
from fanfold.integrations.conforming import Findings, brief, nearest
from fanfold.integrations.places import Place

OWN = frozenset({"oauth"})
"""What every account's credentials may have, whatever its fields."""

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FRAMING = frozenset({"connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SECRET = re.compile(r"authorization|api[-_]?key|token|secret|password", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_OF_PROVIDER = re.compile(r"[A-Za-z0-9_.:$-]{1,128}")
_INSIDE = re.compile(r"fanfold://[a-z][a-z0-9_-]*(/|$)")


class Checks:
    """Looks at pieces and notes what is wrong. ``fields`` are those of the credentials, None where any may be there."""

    def __init__(self, findings: Findings, evaluator: Evaluator | None, fields: frozenset[str] | None = None) -> None:
        self.findings = findings
        self.evaluator = evaluator
        self._fields = fields

    def template(self, value: Any, place: Place) -> None:
        """Every text in a value, with its placeholders."""
        for where, text in texts(value, place):
            if "{{" not in text:
                continue
            try:
                paths = compile_template(text).paths
            except RequestError as error:
                self.findings.wrong(where, error.message)
                continue
            for path in paths:
                self._credential(path, where)

    def _credential(self, path: tuple[str, ...], place: Place) -> None:
        if path[0] != "credentials" or not path[1:] or self._fields is None:
            return
        if path[1] not in self._fields | OWN:
            known = ", ".join(sorted(self._fields))
            hint = nearest(path[1], self._fields)
            self.findings.wrong(place, f"the credentials have no field {path[1]}, only {known}.{hint}")

    def expression(self, source: Any, place: Place) -> None:
        """An expression; what is empty is none."""
        if not isinstance(source, str) or not source or self.evaluator is None:
            return
        try:
            self.evaluator.compile(source)
        except ExpressionError as error:
            where = "" if error.position is None else f" (at character {error.position + 1})"
            self.findings.wrong(place, f"no expression that can be worked out: {error.message}{where}")

    def base_url(self, url: Any, place: Place) -> None:
        """A base URL: an address of the web, or of this process."""
        if not isinstance(url, str):
            return
        self.template(url, place)
        wrong = self.findings.wrong
        plain = _PLACEHOLDER.sub("x", url)
        if plain != url and re.match(r"[^:]*\{\{", url.partition("://")[0] or url):
            wrong(place, "its beginning cannot be filled in: write https:// and then the placeholder.")
            return
        if url.startswith("fanfold:"):
            if not _INSIDE.match(url):
                wrong(place, "expected fanfold://NAME, such as fanfold://work.")
            return
        if not re.match(r"https?://", plain):
            wrong(place, f"expected a URL that begins with https:// or http://, not {brief(url)}.")
            return
        if _CONTROL.search(plain) or re.search(r"[\s\\]", plain):
            wrong(place, "there is a space, a backslash or a control character in it.")
            return
        self._parts(plain, place)

    def _parts(self, plain: str, place: Place) -> None:
        try:
            parts = urlsplit(plain)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            self.findings.wrong(place, f"expected a URL: {error}.")
            return
        if not host:
            self.findings.wrong(place, "there is no host in it.")
        if "@" in parts.netloc:
            self.findings.wrong(place, "credentials do not belong here: use authorization.")
        if parts.query or parts.fragment or plain.endswith(("?", "#")):
            self.findings.wrong(place, "a query or fragment does not belong here: use query.")
        if parts.scheme == "http" and host not in ("localhost", "127.0.0.1", "::1"):
            self.findings.doubtful(place, "what is sent over http:// can be read on the way; https:// is meant?")

    def path(self, path: Any, place: Place) -> None:
        """A path below a base URL."""
        if not isinstance(path, str):
            return
        self.template(path, place)
        plain = _PLACEHOLDER.sub("x", path)
        if not plain.startswith("/") or plain.startswith("//"):
            self.findings.wrong(place, f"expected a path that begins with one /, not {brief(path)}.")
        elif re.search(r"[?#]", plain):
            self.findings.wrong(place, "a query or fragment does not belong here: use query.")
        elif _CONTROL.search(plain) or re.search(r"[\s\\]", plain):
            self.findings.wrong(place, "there is a space, a backslash or a control character in it.")
        elif {".", ".."} & set(plain.split("/")):
            self.findings.wrong(place, "there is a . or .. among its segments.")

    def headers(self, headers: Mapping[str, Any], place: Place) -> None:
        """Headers: their names, their values, and that no secret is written down."""
        for name, value in headers.items():
            self.header_name(name, (*place, name))
            if value is None:
                continue
            if _CONTROL.search(value):
                self.findings.wrong((*place, name), "there is a control character in it.")
            self.template(value, (*place, name))
            self.secret(name, value, (*place, name))

    def header_name(self, name: str, place: Place) -> None:
        """The name of a header that may be set."""
        if not _HEADER.fullmatch(name):
            self.findings.wrong(place, f"{brief(name)} is not the name of a header.")
        elif name.lower() in _FRAMING:
            self.findings.wrong(place, f"{name} is set by the connection itself.")

    def query(self, query: Mapping[str, Any], place: Place) -> None:
        """Query parameters."""
        self.template(query, place)
        for name, value in query.items():
            self.secret(name, value, (*place, name))

    def secret(self, name: str, value: Any, place: Place) -> None:
        """Doubt what looks like a secret that everybody can read who sees the declaration."""
        if isinstance(value, str) and value and "{{" not in value and _SECRET.search(name):
            self.findings.doubtful(
                place, "looks like a secret; put it into the account, and a placeholder such as {{credentials.…}} here."
            )

    def name(self, name: str, what: str, place: Place) -> None:
        """The name of a resource or method."""
        if not _OF_PROVIDER.fullmatch(name):
            self.findings.wrong(
                place,
                f"the name of a {what} has letters, digits, _ and - only (or the provider's . : $), no {brief(name)}.",
            )
        elif not _NAME.fullmatch(name):
            self.findings.doubtful(
                place, f"placeholders cannot lead to a {what} with such a name; better A-Z a-z 0-9 _ -."
            )


def texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """All texts in a value, with their places."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from texts(member, (*place, name))
    elif isinstance(value, list | tuple):
        for number, element in enumerate(value):
            yield from texts(element, (*place, number))
