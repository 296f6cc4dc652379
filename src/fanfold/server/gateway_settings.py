"""What a gateway is told: how it serves, and which upstreams it stands before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

import msgspec

from fanfold.errors import SetupError
from fanfold.model import Pairs
from fanfold.settings import MIB, Amount, Pause, Seconds, WithoutRedis
from fanfold.targets.forwarding import may_be_passed, spelt
from fanfold.targets.origins import read_origin

Count = Annotated[int, msgspec.Meta(ge=0, le=20)]
Wait = Annotated[float, msgspec.Meta(ge=0, le=60)]

OWN_NAME = ""
"""The name of the upstream that is given as a URL alone."""

_PREFIX = re.compile(r"/|(?:/[A-Za-z0-9._-]+)+")
_TELLING = re.compile("auth|cookie|key|secret|token", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Upstream(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One API behind the gateway. Durations are in seconds, sizes in bytes."""

    url: str
    """Its base, such as ``https://api.example.com/v1``."""

    prefix: str = ""
    """The path below which it is reached, ``/NAME`` by default; ``/`` is all that no other upstream has."""

    headers: dict[str, str] = {}
    """Sent with each request instead of the caller's; ``${NAME}`` is a variable of the environment."""

    pass_headers: tuple[str, ...] = ()
    """Further headers of the caller that go on."""

    pass_authorization: bool | None = None
    """Whether the caller's Authorization goes on: by default only to a single upstream that is lent no credentials, as
    what is meant for one API is none of another's business."""

    wrap: str = ""
    """A member that an action's ``data`` is put into; ``data`` for APIs of Asana's kind."""

    limits: str = ""
    """The upstream's own limits, such as ``requests=100,reads=20,writes=5``: none unless told."""

    limits_window: Seconds = 60.0
    """The span in which ``requests`` of ``limits`` are counted."""

    timeout: Seconds = 25.0
    """How long a request may take, with all attempts."""

    attempts: Amount = 3
    """How often a request that changes nothing is sent at most."""

    ca_file: str = ""
    """File with the certificates (PEM) of the authorities that the upstream's has to come from, instead of those that
    the system trusts."""

    redirects: Count = 0
    """Redirects that are followed, of requests that change nothing."""

    connections: Amount = 100
    """Connections at once."""

    max_response: Amount = 16 * MIB
    """Largest response, decompressed."""


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a gateway is told. Durations are in seconds, sizes in bytes."""

    upstream: str = ""
    """URL of the API, where there is only one."""

    upstreams: dict[str, Upstream] = {}
    """The APIs by name, where there are several or where there is more to be said; in the file only."""

    host: str = "127.0.0.1"
    """Address to listen on; loopback unless told."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8481
    """TCP port; 0 takes a free one."""

    workers: Amount = 1
    """Processes that serve the same address; each keeps its share of the limits."""

    fleet: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Workers that share the limits, on all machines together; unless told, as many as there are here."""

    allow_private: bool = False
    """Whether upstreams may be at private addresses and on this machine."""

    gateway_token: str = ""
    """What callers have to show where the gateway lends them credentials; a fresh one is printed unless told."""

    limits: str = "off"
    """Limits for each caller, as for ``fanfold serve``."""

    limits_wait: Wait = 0.0
    """How long a batch waits for room within the upstreams' limits before it is refused."""

    redis: str = ""
    """The Redis or Valkey that keeps the limits for all gateways before the same upstreams; without one each process
    keeps its own."""

    without_redis: WithoutRedis = "local"
    """What holds while Redis is away: ``local`` limits of each gateway, to each its share; ``deny`` or ``allow``
    everything."""

    max_actions: Amount = 10
    """Actions in one batch."""

    max_fan_out: Amount = 100
    """Elements that ``for_each`` may make of the actions of one batch, all together."""

    max_body: Amount = MIB
    """Largest request body."""

    max_results: Amount = 64 * MIB
    """Largest sum of all responses of one batch."""

    max_wait: Seconds = 1.0
    """How long a request may have to wait for its turn, as far as can be known; where it would be longer, it is refused
    at once (503)."""

    head_timeout: Seconds = 10.0
    """How long a client may take to send the head of a request."""

    body_timeout: Seconds = 30.0
    """How long a client may take to send a body, or to take any more of an answer."""

    action_timeout: Seconds = 30.0
    """How long one action may run."""

    batch_deadline: Seconds = 60.0
    """How long a whole batch may run."""

    drain_delay: Pause = 0.0
    """How long the gateway goes on when it is told to stop, with ``/-/readyz`` answering 503, so that load balancers
    turn away first."""

    drain_timeout: Seconds = 30.0
    """How long requests in flight are waited for after that, and once more what goes on in the background."""

    lenient_paths: bool = True
    """Whether an action's path may hold a query string."""

    access_log: str = "-"
    """Where the access log goes: ``-`` for standard error, ``off``, or a file."""

    metrics: bool = False
    """Whether metrics for Prometheus are kept and shown at ``/-/metrics``, to whoever can reach it."""

    @property
    def sharing(self) -> int:
        """How many workers share the limits."""
        return self.fleet or self.workers


def upstreams_of(settings: GatewaySettings) -> dict[str, Upstream]:
    """The upstreams by path prefix, each looked at. Raises ``SetupError`` for what cannot be meant."""
    named = dict(settings.upstreams)
    if settings.upstream:
        named[OWN_NAME] = Upstream(url=settings.upstream, prefix="/")
    if not named:
        raise SetupError("A gateway needs an upstream: give its URL with --upstream, or name some in a file.")
    found: dict[str, Upstream] = {}
    for name, upstream in named.items():
        prefix = upstream.prefix or f"/{name}"
        if not _PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/")):
            raise SetupError(f"The prefix of an upstream has to be like /name, not {prefix!r}.")
        if prefix.partition("/")[2].split("/")[0].casefold() in {"batch", "-"}:
            raise SetupError(f"The prefix {prefix} is the gateway's own.")
        if prefix in found:
            raise SetupError(f"Two upstreams have the prefix {prefix}.")
        origin = read_origin(upstream.url)
        if upstream.ca_file and origin.scheme != "https":
            raise SetupError(f"The upstream {upstream.url} shows no certificate that could be looked for in ca_file.")
        for header in (*upstream.headers, *upstream.pass_headers):
            if not may_be_passed(spelt(header)):
                raise SetupError(f"The header {header!r} cannot be sent to an upstream.")
        found[prefix] = upstream
    return found


def lends(upstream: Upstream) -> bool:
    """Whether it is sent credentials that its callers do not have."""
    return any(_VARIABLE.search(value) or _TELLING.search(name) for name, value in upstream.headers.items())


def filled_in(headers: Mapping[str, str], environment: Mapping[str, str]) -> Pairs:
    """Headers with what the environment holds; raises ``SetupError`` for a variable that is not there."""

    def value_of(match: re.Match[str]) -> str:
        value = environment.get(match[1], "")
        if not value:
            raise SetupError(f"The environment variable {match[1]} is not set; an upstream needs it.")
        return value

    found = tuple((spelt(name), _VARIABLE.sub(value_of, value)) for name, value in headers.items())
    for name, value in found:
        if not (value.isascii() and value.isprintable()):
            raise SetupError(f"The header {name} of an upstream has to be of printable ASCII characters.")
    return found
