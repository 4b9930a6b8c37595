"""The calendar of bars, and bars put together from shorter ones.

Bars of 6H and longer open on Hong Kong time (16:00 UTC) unless their name ends in
``utc``; weeks open on Monday, 2D, 3D and 5D bars are counted from the epoch.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from okxlab.simulator.paths import DAY_MS, HOUR_MS, MINUTE_MS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "BARS",
    "FAMILIES",
    "Bar",
    "Bars",
    "flat",
    "gather",
    "join",
    "joined",
    "span",
]

_SECOND_MS = 1000
_HONG_KONG_MS = 8 * HOUR_MS
_MONDAY_MS = 4 * DAY_MS
"""The first Monday after the epoch, which was a Thursday."""
_EPOCH = dt.date(1970, 1, 1).toordinal()

_UNITS = {"s": _SECOND_MS, "m": MINUTE_MS, "H": HOUR_MS, "D": DAY_MS, "W": 7 * DAY_MS}

_SHORT = ("1m", "3m", "5m", "15m", "30m", "1H", "2H", "4H")
_LONG = ("6H", "12H", "1D", "2D", "3D", "5D", "1W", "1M", "3M")
_UTC = tuple(f"{bar}utc" for bar in _LONG)

BARS = {
    "candle": ("1s", *_SHORT, *_LONG, *_UTC),
    "mark-price-candle": (*_SHORT, *_LONG, *_UTC, "1Yutc"),
    "index-candle": (*_SHORT, *_LONG, *_UTC),
}
"""Bar names of each family of candle channels."""
FAMILIES = tuple(BARS)


class Bar(NamedTuple):
    """A bar in integers; without trades it has no lots, and one price."""

    open: int
    high: int
    low: int
    close: int
    lots: int = 1
    """Volume [lots]; 1 for mark and index prices, which always have one."""
    weight: int = 0
    """What turnover is computed from, see `amounts`."""


class Bars(Protocol):
    """Where bars come from: whole minutes and hours of one price."""

    def minute(self, minute: int) -> Bar:
        """Return the bar of a minute since the epoch, so far if it is not over."""

    def hour(self, hour: int) -> Bar:
        """Return the bar of an hour since the epoch, which is over."""

    def day(self, day: int) -> Bar:
        """Return the bar of a UTC day since the epoch, which is over."""


def flat(price: int) -> Bar:
    """Return the bar of a stretch without trades."""
    return Bar(price, price, price, price, 0)


def join(first: Bar, second: Bar) -> Bar:
    """Return the bar of two stretches, one after the other.

    A stretch without trades adds nothing to one with trades.
    """
    if not second.lots:
        return first
    if not first.lots:
        return second
    return Bar(
        first.open,
        max(first.high, second.high),
        min(first.low, second.low),
        second.close,
        first.lots + second.lots,
        first.weight + second.weight,
    )


def joined(bars: Iterable[Bar]) -> Bar:
    """Return the bar of stretches that follow one another; at least one."""
    rest = iter(bars)
    whole = next(rest)
    for bar in rest:
        whole = join(whole, bar)
    return whole


def span(bar: str, ms: int) -> tuple[int, int]:
    """Return when the bar that holds a moment opens and when the next one does.

    Parameters
    ----------
    bar
        Its name, such as ``"1m"`` or ``"1Dutc"``; KeyError if there is none.
    ms
        The moment [Unix ms].
    """
    count, unit, shift = _PARSED[bar]
    if unit in "MY":
        months = count * (12 if unit == "Y" else 1)
        first = _month(ms + shift) // months * months
        return _month_ms(first) - shift, _month_ms(first + months) - shift
    length = count * _UNITS[unit]
    opens = (ms + shift) // length * length - shift
    return opens, opens + length


def gather(bars: Bars, start_ms: int, end_ms: int, now_ms: int) -> Bar:
    """Return the bar of whole minutes, made of days and hours where they fit.

    Parameters
    ----------
    bars
        Where the parts come from.
    start_ms, end_ms
        First moment, and the one after the last; both on a minute.
    now_ms
        Days and hours that are not over by now are made of minutes.
    """
    parts = []
    at = start_ms
    while at < end_ms:
        if at % DAY_MS == 0 and at + DAY_MS <= min(end_ms, now_ms):
            parts.append(bars.day(at // DAY_MS))
            at += DAY_MS
        elif at % HOUR_MS == 0 and at + HOUR_MS <= min(end_ms, now_ms):
            parts.append(bars.hour(at // HOUR_MS))
            at += HOUR_MS
        else:
            parts.append(bars.minute(at // MINUTE_MS))
            at += MINUTE_MS
    return joined(parts)


def _parse(bar: str) -> tuple[int, str, int]:
    """Return count, unit and how far bars of a name open before UTC [ms]."""
    match = re.fullmatch(r"(\d+)([smHDWMY])(utc)?", bar)
    assert match, bar
    shift = _HONG_KONG_MS if bar in _LONG else 0
    return int(match[1]), match[2], shift - _MONDAY_MS * (match[2] == "W")


def _month(ms: int) -> int:
    """Return the number of the UTC month that holds a moment, from year 0 on."""
    day = dt.date.fromordinal(_EPOCH + ms // DAY_MS)
    return day.year * 12 + day.month - 1


def _month_ms(month: int) -> int:
    first = dt.date(month // 12, month % 12 + 1, 1)
    return (first.toordinal() - _EPOCH) * DAY_MS


_PARSED = {bar: _parse(bar) for bars in BARS.values() for bar in bars}
