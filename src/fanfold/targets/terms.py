"""How an upstream is dealt with: every number that the rest of it goes by, with its unit and default."""

from __future__ import annotations

from msgspec import Struct

from fanfold.model import Pairs
from fanfold.targets.forwarding import INHERITED, OWN

MAX_RESPONSE = 16 * 1024 * 1024


class Terms(Struct, frozen=True, kw_only=True):
    """How an upstream is dealt with. Durations are in seconds, sizes in bytes.

    ``timeout`` is for a call with all its attempts. ``headers`` are sent with each call, whatever its caller says;
    ``passed`` names those of the caller that go on. ``wrapped`` is the name of a member that decoded bodies are put
    into. ``counts`` begins the names of the limits that calls cost. ``redirects`` is how many are followed, and
    ``keep_alive`` how long an idle connection is kept: less than servers do, as a write that meets a closed connection
    is not sent again. ``ca_file`` names the certificates that its own has to come from; those that the system trusts
    where it is empty.
    """

    timeout: float = 25.0
    connect_timeout: float = 5.0
    keep_alive: float = 4.0
    connections: int = 100
    max_response: int = MAX_RESPONSE
    redirects: int = 0
    attempts: int = 3
    failures: int = 5
    rest: float = 5.0
    headers: Pairs = ()
    passed: frozenset[str] = INHERITED | OWN
    wrapped: str = ""
    counts: str = ""
    ca_file: str = ""
