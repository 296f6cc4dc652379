"""The integration platform on the same server as the work API: accounts at other APIs, and calls to these.

Everything behind this door is loaded with the first request to one of its paths.
"""

ROOMS = frozenset(
    {
        *("batch-request", "proxy", "unified", "custom"),
        *("integrated-account", "integration", "environment-integration", "api-token", "ping"),
    }
)
"""First segments of the paths that are answered here."""

_RAW = frozenset(room.encode() for room in ROOMS)


def is_ours(raw_path: bytes) -> bool:
    """Whether a path is answered here."""
    return raw_path[1:].partition(b"/")[0] in _RAW


__all__ = ["ROOMS", "is_ours"]
