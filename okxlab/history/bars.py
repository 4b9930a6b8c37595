"""How long the bars of candles are, and which of them REST has.

OKX API v5, "Get candlesticks" and its relatives.  A day is 24 hours everywhere:
neither UTC nor Hong Kong has summer time, so that of all bars only those of
months and years differ in length from one to the next.
"""

from __future__ import annotations

from typing import Final

from okxlab.errors import ChannelError

__all__ = ["bar_ms", "check_bar", "is_even"]

_UNIT_MS: Final = {
    "s": 1_000,
    "m": 60_000,
    "H": 3_600_000,
    "D": 86_400_000,
    "W": 7 * 86_400_000,
    "M": 28 * 86_400_000,
    "Y": 365 * 86_400_000,
}

_WITHOUT: Final = {
    # Bars that the streams have and REST has not.
    "candle": ("5D", "5Dutc"),
    "index-candle": ("2D", "3D", "5D", "2Dutc", "3Dutc", "5Dutc"),
    "mark-price-candle": ("2D", "3D", "5D", "2Dutc", "3Dutc", "5Dutc", "1Yutc"),
}


def bar_ms(bar: str) -> int:
    """Return the length of a bar, of months and years the shortest [ms].

    Parameters
    ----------
    bar
        OKX's name of it, for example ``"1m"``, a minute, or ``"1M"``, a month.
    """
    name = bar.removesuffix("utc")
    return int(name[:-1]) * _UNIT_MS[name[-1]]


def is_even(bar: str) -> bool:
    """Tell whether every such bar is as long as the next."""
    return bar.removesuffix("utc")[-1] not in "MY"


def check_bar(family: str, bar: str) -> None:
    """Refuse a bar that REST does not have.

    Parameters
    ----------
    family
        ``candle``, ``index-candle`` or ``mark-price-candle``.
    bar
        OKX's name of it.

    Raises
    ------
    ChannelError
        If there is no history of it.
    """
    if bar in _WITHOUT.get(family, ()):
        raise ChannelError(
            f"OKX keeps no history of {family + bar!r}: ask for {family}1D"
            f"{'utc' if bar.endswith('utc') else ''} and put the days together"
        )
