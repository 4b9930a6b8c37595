"""OKX's checksum of an order book."""

from __future__ import annotations

import zlib

__all__ = ["book_checksum"]


def book_checksum(text: str) -> int:
    """Return OKX's checksum of a book: the CRC-32 of a text, as a signed number.

    Parameters
    ----------
    text
        ``bid:size:ask:size:...`` of up to 25 levels a side, as sent.
    """
    crc = zlib.crc32(text.encode())
    return crc - (1 << 32) if crc >= 1 << 31 else crc
