"""Where a redirect may lead, and what may go along: a server that is asked must not send our credentials elsewhere."""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin, urlsplit

from fanfold.targets.origins import origin_of
from fanfold.targets.unpacking import NotReadable

STATUSES = frozenset({301, 302, 303, 307, 308})

_GOES_ALONG = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "user-agent"),
        *("traceparent", "tracestate", "fanfold-hops"),
    }
)
"""What another origin is told. All else may be a credential, whatever it is called."""

_PLACE = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::0*[1-9][0-9]*)?")
_KEPT = "%/?:@!$&'()*+,;=-._~"
_WEB = frozenset({80, 443})
_RESERVED = range(1024)


def led(url: str, headers: dict[str, str], location: str, *, bare: bool = False) -> tuple[str, dict[str, str]]:
    """The URL that a redirect leads to, and the headers to ask it with; raises ``NotReadable`` where it may not lead.

    That is from https to http, to what is no plain place, and to ports of other services than the web's. Credentials go
    along within the origin only, and not even there if it is to be asked ``bare``.
    """
    try:
        before, after = urlsplit(url), urlsplit(urljoin(url, location))
        there, here = origin_of(after), origin_of(before)
    except ValueError:
        raise NotReadable("It redirects to what is no URL") from None
    if after.scheme not in {"https", before.scheme} or not _PLACE.fullmatch(after.netloc):
        raise NotReadable("It redirects to where it may not")
    if there[2] in _RESERVED and there[2] not in _WEB and there[2] != here[2]:
        raise NotReadable("It redirects to where it may not")
    if there != here or bare:
        headers = {name: value for name, value in headers.items() if name in _GOES_ALONG}
    path, query = quote(after.path, _KEPT), quote(after.query, _KEPT)
    return after._replace(path=path, query=query, fragment="").geturl(), headers
