"""The formulas, once: of the top of a book, of its levels, of trades, of prices.

Plain functions on numbers and DataFrames; the same as methods under ``df.okx``.
"""

from okxlab.metrics.accessor import OkxAccessor
from okxlab.metrics.depth import fill_price
from okxlab.metrics.rates import annual_rate
from okxlab.metrics.running import moving_average, rebased, running_vwap
from okxlab.metrics.top import imbalance, microprice, mid, spread, spread_bps
from okxlab.metrics.trades import ohlcv, signed_volume, vwap
from okxlab.metrics.volatility import log_returns, realised_volatility

__all__ = [
    "OkxAccessor",
    "annual_rate",
    "fill_price",
    "imbalance",
    "log_returns",
    "microprice",
    "mid",
    "moving_average",
    "ohlcv",
    "realised_volatility",
    "rebased",
    "running_vwap",
    "signed_volume",
    "spread",
    "spread_bps",
    "vwap",
]
