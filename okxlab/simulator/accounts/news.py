"""What has become of an account: rows that are due on its private channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from okxlab.simulator.instruments import Instrument

__all__ = ["News"]


class News(msgspec.Struct, frozen=True):
    """Rows that are due on one private channel of one account."""

    channel: str
    rows: list[dict[str, Any]]
    instrument: Instrument | None = None
    """What they are about, if it is one instrument."""
    event_type: str = ""
    """``eventType`` of the envelope, where the channel has one."""
