"""Figures of trades: bars, volume-weighted prices, signed volume.

All take a frame of the channels ``trades`` or ``trades-all``: ``px``, ``sz`` and
``side`` by ``ts``.  They take it in any order and pass over trades without a
price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from okxlab.metrics.bars import Grid, check_single
from okxlab.metrics.sizes import Terms, unit_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ohlcv", "signed_volume", "vwap"]


def ohlcv(
    trades: pd.DataFrame, freq: str = "1m", *, instrument: Any = None
) -> pd.DataFrame:
    """Put trades together into bars, as the exchange does.

    Parameters
    ----------
    trades
        Trades of one instrument.
    freq
        An OKX bar (``"1m"``, ``"4H"``, ``"1Dutc"``; those of 6 hours and longer
        begin on Hong Kong time without ``utc``) or a fixed frequency of pandas.
    instrument
        The instrument's row of `okxlab.instruments`: without it nobody knows
        what a contract is worth, and the last two columns are left out.

    Returns
    -------
    pandas.DataFrame
        One row a bar, from that of the first trade to that of the last, indexed
        by ``ts`` (its begin, UTC): ``open high low close vol``, and with an
        instrument ``vol_ccy vol_ccy_quote``, in OKX's sense: ``vol`` [base
        currency for spot, contracts otherwise], ``vol_ccy`` [quote currency for
        spot, base currency otherwise], ``vol_ccy_quote`` [quote currency].
        ``.attrs["units"]`` says the unit of each.  A bar without trades has the
        close before it as its prices, and volumes of 0.

    Raises
    ------
    ValueError
        If there is no such bar, a column is missing, or the frame holds several
        instruments.

    Notes
    -----
    The first bar and the last one hold what the frame has of them.

    References
    ----------
    OKX API v5, "WS / Candlesticks channel".
    """
    terms = None if instrument is None else Terms.of(instrument)
    grid = Grid(freq)
    times, px, sz, _ = _columns(trades)
    amounts = {"vol": sz}
    if terms is not None:
        quote = terms.in_quote_currency(px, sz)
        is_spot = terms.contract is None
        amounts["vol_ccy"] = quote if is_spot else terms.in_base(px, sz)
        amounts["vol_ccy_quote"] = quote
    starts, first = _groups(grid, times)
    last = np.append(first[1:], len(times)) - 1
    bars: dict[str, Any] = {}
    if len(first):
        bars["open"] = px[first]
        bars["high"] = np.maximum.reduceat(px, first)
        bars["low"] = np.minimum.reduceat(px, first)
        bars["close"] = px[last]
        for name, amount in amounts.items():
            bars[name] = np.add.reduceat(amount, first)
    else:
        for name in ("open", "high", "low", "close", *amounts):
            bars[name] = np.empty(0)
    found = _fill(pd.DataFrame(bars, index=_time_index(starts)), grid, starts)
    found.attrs["units"] = _units(terms)
    return found


def vwap(
    trades: pd.DataFrame, freq: str | None = None, *, instrument: Any = None
) -> float | pd.Series:
    """Return the volume-weighted average price of trades.

    Parameters
    ----------
    trades
        Trades of one instrument.
    freq
        A bar, as in `ohlcv`, for one value a bar; all trades by default.
    instrument
        The instrument's row of `okxlab.instruments`; needed only for inverse
        contracts, of which the same number is worth less base currency at a
        higher price.

    Returns
    -------
    float or pandas.Series
        Sum of price times size, over the sum of sizes [quote per base]; NaN
        without trades.  A Series is indexed by ``ts``, the begin of each bar.

    Raises
    ------
    ValueError
        As `ohlcv`.

    References
    ----------
    Berkowitz, Logue and Noser, "The total cost of transactions on the NYSE",
    Journal of Finance 43 (1988).
    """
    times, px, sz, _ = _columns(trades)
    weights = sz if instrument is None else Terms.of(instrument).in_base(px, sz)
    if freq is None:
        total = weights.sum()
        return float((px * weights).sum() / total) if total > 0 else np.nan
    grid = Grid(freq)
    starts, first = _groups(grid, times)
    values = np.empty(0)
    if len(first):
        values = np.add.reduceat(px * weights, first) / np.add.reduceat(weights, first)
    found = pd.Series(values, index=_time_index(starts), name="vwap")
    return found.reindex(_full(grid, starts))


def signed_volume(
    trades: pd.DataFrame, freq: str | None = None, *, instrument: Any = None
) -> pd.Series:
    """Return volume with the sign of the side that took it.

    Parameters
    ----------
    trades
        Trades of one instrument.
    freq
        A bar, as in `ohlcv`, for sums; one value a trade by default.
    instrument
        The instrument's row of `okxlab.instruments`: with it the volume is in
        base currency, without in the unit of ``sz``.

    Returns
    -------
    pandas.Series
        Above 0 where the taker bought, below where it sold, indexed by ``ts``;
        ``.attrs["unit"]`` says the unit.  A bar without trades has 0.

    Raises
    ------
    ValueError
        As `ohlcv`.

    References
    ----------
    The "order flow" of Evans and Lyons, "Order flow and exchange rate
    dynamics", Journal of Political Economy 110 (2002).
    """
    terms = None if instrument is None else Terms.of(instrument)
    times, px, sz, sign = _columns(trades, side=True)
    volume = sign * (sz if terms is None else terms.in_base(px, sz))
    if freq is None:
        found = pd.Series(volume, index=_time_index(times), name="signed_vol")
    else:
        grid = Grid(freq)
        starts, first = _groups(grid, times)
        sums = np.add.reduceat(volume, first) if len(first) else np.empty(0)
        found = pd.Series(sums, index=_time_index(starts), name="signed_vol")
        found = found.reindex(_full(grid, starts), fill_value=0.0)
    found.attrs["unit"] = unit_of(None) if terms is None else terms.base
    return found


def _columns(
    trades: pd.DataFrame, *, side: bool = False
) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return times [ms], prices, sizes and signs, oldest trade first."""
    wanted = ["px", "sz", "side"] if side else ["px", "sz"]
    missing = [name for name in wanted if name not in trades.columns]
    if missing or not isinstance(trades.index, pd.DatetimeIndex):
        raise ValueError(
            f"a frame of trades is indexed by ts and has the columns "
            f"{', '.join(wanted)}; this one lacks {', '.join(missing) or 'times'}"
        )
    check_single(trades)
    times = trades.index.as_unit("ms").asi8
    px, sz = trades["px"].to_numpy(np.float64), trades["sz"].to_numpy(np.float64)
    sign = np.zeros(len(trades))
    if side:
        bought, sold = trades["side"] == "buy", trades["side"] == "sell"
        sign = bought.to_numpy(np.float64) - sold.to_numpy(np.float64)
    order = _order(trades, times)
    order = order[~np.isnan(px[order]) & ~np.isnan(sz[order])]
    return times[order], px[order], sz[order], sign[order]


def _order(trades: pd.DataFrame, times: NDArray[np.int64]) -> NDArray[np.intp]:
    # Trades of one millisecond are told apart by their ids, which only grow.
    if "trade_id" in trades.columns:
        return np.lexsort((trades["trade_id"].to_numpy(), times))
    return np.argsort(times, kind="stable")


def _groups(
    grid: Grid, times: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Return the begin of each bar with trades and where its first trade is."""
    starts, first = np.unique(grid.starts(times), return_index=True)
    return starts, first


def _full(grid: Grid, starts: NDArray[np.int64]) -> pd.DatetimeIndex:
    if not len(starts):
        return _time_index(starts)
    return _time_index(grid.between(int(starts[0]), int(starts[-1])))


def _fill(bars: pd.DataFrame, grid: Grid, starts: NDArray[np.int64]) -> pd.DataFrame:
    whole = bars.reindex(_full(grid, starts))
    empty = whole["open"].isna()
    whole["close"] = whole["close"].ffill()
    for name in ("open", "high", "low"):
        whole[name] = whole[name].where(~empty, whole["close"])
    volumes = [name for name in whole.columns if name.startswith("vol")]
    whole[volumes] = whole[volumes].fillna(0.0)
    return whole


def _time_index(times: NDArray[np.int64]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(times.view("M8[ms]"), tz="UTC", name="ts")


def _units(terms: Terms | None) -> dict[str, str]:
    if terms is None:
        price = "quote per base"
        return {**_of_prices(price), "vol": unit_of(None)}
    is_spot = terms.contract is None
    return {
        **_of_prices(f"{terms.quote} per {terms.base}"),
        "vol": terms.unit,
        "vol_ccy": terms.quote if is_spot else terms.base,
        "vol_ccy_quote": terms.quote,
    }


def _of_prices(unit: str) -> dict[str, str]:
    return dict.fromkeys(("open", "high", "low", "close"), unit)
