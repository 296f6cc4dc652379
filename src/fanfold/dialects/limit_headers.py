"""How limits stand, as the header fields ``RateLimit-Policy`` and ``RateLimit`` of the IETF's draft say it.

Both are lists of structured fields: a policy has a quota ``q`` and the seconds ``w`` that it is for, or counts what is
under way at once (``qu``); what is left of it is ``r``, until all of it is again ``t`` seconds.
"""

from __future__ import annotations

from collections.abc import Iterable

from fanfold.model import Pairs, Standing


def limit_headers(standing: Iterable[Standing]) -> Pairs:
    """The two headers, or none where nothing is limited."""
    known = list({one.limit: one for one in standing}.values())
    if not known:
        return ()
    policies = ", ".join([f'"{one.limit}";q={one.quota}{_span(one)}' for one in known])
    left = ", ".join([f'"{one.limit}";r={one.left};t={one.reset}' for one in known])
    return ("ratelimit-policy", policies), ("ratelimit", left)


def _span(standing: Standing) -> str:
    if standing.window is None:
        return ';qu="concurrent-requests"'
    return f";w={max(1, round(standing.window))}"
