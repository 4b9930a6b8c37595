"""What a source tells the exchange: one push that is due on one channel."""

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
    """What it is about, as `Source.find` says it: mostly the instId."""
    rows: list[Any]
    """The ``data`` of the push: wire rows, dicts or (candles) lists."""
    action: str = ""
    """``"snapshot"`` or ``"update"`` where OKX sends an action, else empty."""
    text: str = ""
    """What a checksum of the book covers; the rows then get one."""
    wider: tuple[str, ...] = ()
    """Other keys of the channel that it concerns, such as a family."""
