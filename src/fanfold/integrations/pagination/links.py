"""Links to a next page: where they may lead. They are an API's words, or a client's, and credentials go along."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from fanfold.errors import RequestError
from fanfold.targets.origins import check_path, origin_of

LONGEST = 8 * 1024
"""Characters."""

_KEPT = "%/?:@!$&'()*+,;=-._~"
_PLACE = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)
_CONTROLS = re.compile(r"[\x00-\x20\x7f\\]")


class StrayLink(Exception):
    """A link that is none, or leads to where it may not; says so in a sentence."""


def followed(link: str, asked: str, hosts: Collection[str]) -> str:
    """The absolute URL of a link that was found in the answer of ``asked``; raises ``StrayLink``.

    It may lead to the origin that was asked and to ``hosts`` (``name`` or ``name:port``), never from https to http.
    Built from parts, as joining URLs is how one leaves a host by accident.
    """
    if not link or len(link) > LONGEST or _CONTROLS.search(link):
        raise StrayLink("The link to the next page is no URL")
    try:
        parts, base = urlsplit(link), urlsplit(asked)
        if parts.scheme or parts.netloc:
            parts = parts._replace(scheme=parts.scheme or base.scheme)
            _check_place(parts, base, hosts)
        else:
            parts = parts._replace(scheme=base.scheme, netloc=base.netloc, path=_path_from(parts.path, base.path))
    except ValueError:
        raise StrayLink("The link to the next page is no URL") from None
    path, query = quote(parts.path or "/", _KEPT), quote(parts.query, _KEPT)
    try:
        check_path(path)
    except RequestError:
        raise StrayLink("The link to the next page has a path that may not be asked for") from None
    return parts._replace(path=path, query=query, fragment="").geturl()


def _check_place(parts: SplitResult, base: SplitResult, hosts: Collection[str]) -> None:
    if parts.scheme not in {"https", base.scheme} or not _PLACE.fullmatch(parts.netloc):
        raise StrayLink("The link to the next page leads to where it may not")
    there, here = origin_of(parts), origin_of(base)
    if there == here:
        return
    plain = there[2] == (443 if parts.scheme == "https" else 80)
    if parts.hostname == base.hostname and plain and parts.scheme == "https" and here[2] == 80:
        return
    allowed = {host.lower() for host in hosts}
    if f"{parts.hostname}:{there[2]}" in allowed or (plain and parts.hostname in allowed):
        return
    raise StrayLink("The link to the next page leads to another host; if it is the API's, name it in manners.hosts")


def _path_from(path: str, base: str) -> str:
    if not path:
        return base
    return path if path.startswith("/") else f"{base.rpartition('/')[0]}/{path}"


def without(link: str, names: Collection[str], values: Collection[str]) -> str:
    """A link without those parameters that say who asks: by name, or because a credential stands in them."""
    parts = urlsplit(link)
    if not parts.query:
        return link
    asked = parse_qsl(parts.query, keep_blank_values=True)
    kept = [
        (name, value) for name, value in asked if name not in names and not any(secret in value for secret in values)
    ]
    return link if len(kept) == len(asked) else parts._replace(query=urlencode(kept, quote_via=quote)).geturl()
