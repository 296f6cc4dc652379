"""Reading the body of an upstream's answer, bounded as it arrives and as it unfolds.

A small body may be made to decompress to a thousand times its size, so it is unfolded a piece at a time and given up as
soon as it is too large.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable

from fanfold.errors import FanfoldError

ACCEPTED = "gzip, deflate"
"""What upstreams are told that they may use."""


class TooLarge(FanfoldError):
    """The response is too large"""


class NotReadable(FanfoldError):
    """The response is compressed in a way that was not asked for"""


async def read_bounded(pieces: AsyncIterable[bytes], encoding: str, most: int) -> bytes:
    """The whole body, decompressed. Raises ``TooLarge`` beyond ``most`` bytes, in whichever form."""
    unpack = _unpacker(encoding.strip().lower())
    found: list[bytes] = []
    size = arrived = 0
    async for piece in pieces:
        arrived += len(piece)
        plain = piece if unpack is None else unpack.feed(piece, most - size)
        size += len(plain)
        if max(size, arrived) > most:
            raise TooLarge
        found.append(plain)
    if unpack is not None:
        unpack.close(arrived)
    return b"".join(found)


def _unpacker(encoding: str) -> _Unpacker | None:
    if encoding in {"", "identity"}:
        return None
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise NotReadable
    return _Unpacker(raw=encoding == "deflate")


class _Unpacker:
    def __init__(self, *, raw: bool) -> None:
        self._raw = raw
        self._begun = False
        self._inner = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)

    def feed(self, piece: bytes, room: int) -> bytes:
        """What a piece unfolds to, but not much more than there is room for."""
        # Servers that say deflate send it with a header or, against the standard, without: its first bits tell.
        if self._raw and not self._begun and piece and piece[0] & 0x0F != 8:
            self._inner = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        self._begun = self._begun or bool(piece)
        try:
            return self._inner.decompress(piece, room + 1)
        except zlib.error as error:
            raise NotReadable("The response is not compressed as it says") from error

    def close(self, arrived: int) -> None:
        """Refuse what ended too early; an answer without a body has nothing to unfold."""
        if arrived and not self._inner.eof:
            raise NotReadable("The response ended too early")
        if self._inner.unused_data:
            raise NotReadable("The response goes on after its end")
