"""What the market tells the exchange: one push that is due on one channel."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["Change"]


class Change(msgspec.Struct, frozen=True):
    """One push that is due on one channel.

    Send ``rows`` to every subscriber of ``(channel, key)``, then the next
    change; all are in order of ``ts``.
    """

    ts: int
    """Virtual time at which the push is due [ms]."""
    channel: str
    """Channel name as OKX spells it: ``"trades"``, ``"candle1m"``, ``"books"``."""
    key: str
    """Value of the one argument: instId, or instType where the channel takes that."""
    rows: list[Any]
    """The ``data`` of the push: wire rows, dicts or (candles) lists."""
    action: str = ""
    """``"update"`` on ``books``, else empty (OKX sends no ``action`` then)."""
    text: str = ""
    """``books`` of a market with ``book_text``: what a legacy checksum covers."""
