"""Upstreams with certificates, from an authority that nobody else knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from faults import certificates
from tests.upstreams import Upstream, upstream_running


class Authority(certificates.Authority):
    """Makes certificates, which lie in a folder, and upstreams that have them; ``file`` is to be trusted."""

    @contextmanager
    def upstream(self, *names: str, age: int = 0) -> Iterator[tuple[Upstream, list[str | None]]]:
        """An upstream with a certificate for these names, and the names that it is asked for."""
        asked: list[str | None] = []
        context = self.context(*names, age=age)
        context.sni_callback = lambda _socket, name, _context: asked.append(name)
        with upstream_running(context) as running:
            yield running, asked
