"""OKX's checksum of a book, for recordings made before it was retired."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["LevelTexts", "Texts", "checksum", "read_texts"]

_DEPTH = 25
"""Levels of each side that the checksum covers."""

LevelTexts = tuple[str, str]
"""Price and size of a level, as sent."""


class Texts(msgspec.Struct):
    """The levels of one row as sent; what stands behind the size is left out."""

    bids: list[list[str]] = []
    asks: list[list[str]] = []


class _Frame(msgspec.Struct):
    data: list[Texts]


_decoder = msgspec.json.Decoder(_Frame)


def read_texts(text: str) -> list[Texts]:
    """Return the levels of each row of a push, as sent.

    Numbers lose what the checksum counts in: "30244.10" and "30244.1" are one
    price and two texts.

    Raises
    ------
    msgspec.MsgspecError
        If the text is no push of a book.
    """
    return _decoder.decode(text).data


def checksum(bids: Iterable[LevelTexts], asks: Iterable[LevelTexts]) -> int:
    """Return the checksum of a book.

    Parameters
    ----------
    bids, asks
        Price and size of each level, best first, as sent.

    Returns
    -------
    int
        CRC-32 of ``bid:size:ask:size:...``, level by level, as a signed number.

    References
    ----------
    OKX API v5, "WS / Order book channel", until its field was fixed at 0 on
    2026-06-23.
    """
    best_bids, best_asks = list(bids)[:_DEPTH], list(asks)[:_DEPTH]
    parts: list[str] = []
    for place in range(max(len(best_bids), len(best_asks))):
        for side in (best_bids, best_asks):
            parts += _at(side, place)
    crc = zlib.crc32(":".join(parts).encode())
    return crc - (1 << 32) if crc >= 1 << 31 else crc


def _at(side: Sequence[LevelTexts], place: int) -> LevelTexts | tuple[()]:
    return side[place] if place < len(side) else ()
