"""All entries, and finding one by what the user has typed."""

from __future__ import annotations

import difflib
from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec

from okxlab.errors import ChannelError
from okxlab.protocol.channels.account import ACCOUNT
from okxlab.protocol.channels.blocks import BLOCKS
from okxlab.protocol.channels.books import BOOKS
from okxlab.protocol.channels.bots import BOTS
from okxlab.protocol.channels.listings import LISTINGS
from okxlab.protocol.channels.market import MARKET, PRICES
from okxlab.protocol.channels.orders import ORDERS
from okxlab.protocol.channels.spreads import SPREADS

if TYPE_CHECKING:
    from okxlab.protocol.channels.entry import Channel

__all__ = ["CHANNELS", "all_names", "channel", "near_miss"]

CHANNELS: Final[tuple[Channel, ...]] = (
    *MARKET,
    *BOOKS,
    *PRICES,
    *LISTINGS,
    *SPREADS,
    *BLOCKS,
    *ACCOUNT,
    *ORDERS,
    *BOTS,
)
"""Every entry, families of candles once."""

_ENDED: Final = {"books-elp": ("books-rpi", "2026-10-31")}
"""Channels that OKX has ended: what took their place, and when."""


@cache
def _by_name() -> dict[str, Channel]:
    found: dict[str, Channel] = {}
    for entry in CHANNELS:
        if not entry.bars:
            found[entry.name] = entry
        for bar in entry.bars:
            name = entry.name + bar
            found[name] = msgspec.structs.replace(entry, name=name, bar=bar)
    return found


def all_names() -> tuple[str, ...]:
    """Return every channel name there is, families with each of their bars."""
    return tuple(_by_name())


def channel(name: str) -> Channel:
    """Return the entry of a channel.

    Parameters
    ----------
    name
        OKX's name, bar included: ``"trades"``, ``"candle1m"``.

    Raises
    ------
    ChannelError
        If there is none of that name; the message has the nearest ones.
    """
    found = _by_name().get(str(name))
    if found is None:
        raise ChannelError(_unknown(name))
    return found


def near_miss(word: str, choices: tuple[str, ...]) -> str:
    """Return ``"; did you mean ...?"`` for the nearest choices, or ``""``.

    Case counts in OKX's names (``1m`` is a minute, ``1M`` a month), but a wrong
    case is the nearest miss there is.
    """
    folded = {choice.lower(): choice for choice in reversed(choices)}
    near = difflib.get_close_matches(word.lower(), list(folded), n=3, cutoff=0.6)
    names = " or ".join(repr(folded[name]) for name in near)
    return f"; did you mean {names}?" if names else ""


def _unknown(name: object) -> str:
    if not isinstance(name, str):
        return (
            f"a channel is a text such as 'trades', not {name!r}; "
            f"okxlab.channels() lists all"
        )
    if _looks_like_instrument(name):
        return (
            f"no channel {name!r}: that looks like an instrument; the instrument "
            f"comes first, as in okxlab.stream({name!r}, 'tickers')"
        )
    if name in _ENDED:
        instead, ended = _ENDED[name]
        return f"OKX ended channel {name!r} on {ended}; use {instead!r}"
    family = _family_of(name)
    if family is not None:
        bar = name.removeprefix(family.name)
        what = f"{family.name} needs a bar" if not bar else f"no bar {bar!r}"
        bars = ", ".join(family.bars)
        return f"{what} in channel {name!r}: {family.name} has the bars {bars}" + (
            near_miss(bar, family.bars) if bar else ""
        )
    return (
        f"no channel {name!r}{near_miss(name, all_names())} okxlab.channels() lists all"
    )


def _family_of(name: str) -> Channel | None:
    families = [
        entry for entry in CHANNELS if entry.bars and name.startswith(entry.name)
    ]
    return max(families, key=lambda entry: len(entry.name), default=None)


def _looks_like_instrument(name: str) -> bool:
    return "-" in name and name == name.upper() and name not in _by_name()
