"""A real upstream for targets that call one."""

from tests.upstreams import upstream

__all__ = ["upstream"]
