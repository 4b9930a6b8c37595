"""The bars that REST calls know: fewer than the channels have."""

from __future__ import annotations

__all__ = ["REST_BARS", "rest_duration_ms"]

_SHORT = ("1m", "3m", "5m", "15m", "30m", "1H", "2H", "4H")
_LONG = ("6H", "12H", "1D", "2D", "3D", "1W", "1M", "3M")
REST_BARS = frozenset((*_SHORT, *_LONG, *(f"{bar}utc" for bar in _LONG)))
"""Bar names of candle calls; those of some calls are fewer still."""

_UNIT_MS = {
    "s": 1_000,
    "m": 60_000,
    "H": 3_600_000,
    "D": 86_400_000,
    "W": 604_800_000,
    "M": 31 * 86_400_000,
}


def rest_duration_ms(bar: str) -> int:
    """Return how long a bar of a name is at most [ms]."""
    name = bar.removesuffix("utc")
    return int(name[:-1]) * _UNIT_MS[name[-1]]
