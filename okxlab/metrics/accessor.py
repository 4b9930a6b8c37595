"""``df.okx``: the metrics as methods of a DataFrame."""

from __future__ import annotations

from typing import Any

import pandas as pd

from okxlab.metrics import top
from okxlab.metrics import trades as of_trades
from okxlab.metrics import volatility as of_prices

__all__ = ["OkxAccessor"]


class OkxAccessor:
    """The metrics of okxlab on a frame of okxlab.

    ``df.okx.ohlcv("1m")`` is ``okxlab.metrics.ohlcv(df, "1m")``; those of the
    best prices take the columns that a frame of a book, of tickers, ``books5``
    or ``bbo-tbt`` has.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    # Of trades.

    def ohlcv(self, freq: str = "1m", *, instrument: Any = None) -> pd.DataFrame:
        """Put trades together into bars; see `okxlab.metrics.ohlcv`."""
        return of_trades.ohlcv(self._frame, freq, instrument=instrument)

    def vwap(
        self, freq: str | None = None, *, instrument: Any = None
    ) -> float | pd.Series:
        """Average the price by volume; see `okxlab.metrics.vwap`."""
        return of_trades.vwap(self._frame, freq, instrument=instrument)

    def signed_volume(
        self, freq: str | None = None, *, instrument: Any = None
    ) -> pd.Series:
        """Give volume the taker's sign; see `okxlab.metrics.signed_volume`."""
        return of_trades.signed_volume(self._frame, freq, instrument=instrument)

    # Of prices.

    def log_returns(self, freq: str | None = "1m") -> pd.Series:
        """Return logarithmic returns; see `okxlab.metrics.log_returns`."""
        return of_prices.log_returns(self._frame, freq)

    def realised_volatility(self, freq: str = "1m", *, annualise: bool = True) -> float:
        """Return the volatility; see `okxlab.metrics.realised_volatility`."""
        return of_prices.realised_volatility(self._frame, freq, annualise=annualise)

    # Of the best prices.

    def mid(self) -> pd.Series:
        """Return the mid price of each row; see `okxlab.metrics.mid`."""
        return top.mid(self._best("bid"), self._best("ask")).rename("mid")

    def spread(self) -> pd.Series:
        """Return the spread of each row; see `okxlab.metrics.spread`."""
        return top.spread(self._best("bid"), self._best("ask")).rename("spread")

    def spread_bps(self) -> pd.Series:
        """Return the relative spread; see `okxlab.metrics.spread_bps`."""
        found = top.spread_bps(self._best("bid"), self._best("ask"))
        return found.rename("spread_bps")

    def microprice(self) -> pd.Series:
        """Return the weighted mid price; see `okxlab.metrics.microprice`."""
        return top.microprice(
            self._best("bid"), self._size("bid"), self._best("ask"), self._size("ask")
        ).rename("microprice")

    def imbalance(self, n: int = 1) -> pd.Series:
        """Return the imbalance of each row; see `okxlab.metrics.imbalance`.

        Parameters
        ----------
        n
            Levels of each side to sum over, as far as the frame has them.
        """
        found = top.imbalance(self._size("bid", n), self._size("ask", n))
        return found.rename("imbalance")

    def _best(self, side: str) -> pd.Series:
        return self._column(side, f"{side}_px", f"{side}_px_1")

    def _size(self, side: str, n: int = 1) -> pd.Series:
        levels = [f"{side}_sz_{level}" for level in range(1, n + 1)]
        held = [name for name in levels if name in self._frame.columns]
        if held:
            return self._frame[held].sum(axis=1, min_count=1)
        return self._column(f"{side}_sz")

    def _column(self, *names: str) -> pd.Series:
        for name in names:
            if name in self._frame.columns:
                return self._frame[name]
        raise ValueError(
            f"this frame has no column {' or '.join(names)}: it is none of a book, "
            f"of tickers, of books5 or of bbo-tbt"
        )


def _register() -> None:
    # A module that is loaded anew (%autoreload) takes the place of its former self.
    if getattr(pd.DataFrame, "okx", None) is not None:
        del pd.DataFrame.okx
    pd.api.extensions.register_dataframe_accessor("okx")(OkxAccessor)


_register()
