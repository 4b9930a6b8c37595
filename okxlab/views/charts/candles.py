"""Candles with volume, moving averages and VWAP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from okxlab.metrics import moving_average, ohlcv, running_vwap
from okxlab.views.charts.amounts import (
    said,
    size_format,
    size_unit,
)
from okxlab.views.charts.arrays import column, in_order, milliseconds
from okxlab.views.charts.chart import Chart, Drawing
from okxlab.views.charts.panels import (
    change,
    domains,
    heading,
    layout,
    number_axis,
    price_axis,
    price_tag,
    quoted,
    time_axis,
)
from okxlab.views.charts.theme import ACCENT, AMBER, BUY, SELL, VIOLET, faint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from okxlab.views.charts.subject import Subject

__all__ = ["CANDLES", "bars_of", "coarser"]

_PRICES: Final = ("open", "high", "low", "close")
_SHORT, _LONG = 20, 50
"""Bars of the two moving averages, as most traders have them."""
_MOST: Final = 1_000
"""Bars a screen can tell apart."""
_DAY_MS: Final = 86_400_000.0
_WISHED: Final = 90
"""Bars that trades are put together into, about."""
_SECONDS: Final = (1, 2, 5, 10, 15, 30, 60, 180, 300, 900, 1_800, 3_600, 14_400)


def _fits(subject: Subject) -> bool:
    return subject.has(*_PRICES) or subject.has("px", "sz", "side")


def bars_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the bars of a frame: its own, or those that its trades make.

    Parameters
    ----------
    frame
        Candles or trades of one instrument, in order.

    Returns
    -------
    pandas.DataFrame
        With ``open high low close confirm`` and, where there is one, ``vol``;
        the last bar of trades is unconfirmed.
    """
    if "open" in frame.columns:
        return frame
    seconds = frame.index.as_unit("ms").asi8 / 1_000
    span = float(seconds[-1] - seconds[0]) if len(seconds) else 0.0
    length = next((one for one in _SECONDS if span / one <= _WISHED), _SECONDS[-1])
    bars = ohlcv(frame, f"{length}s")
    return bars.assign(confirm=np.arange(len(bars)) < len(bars) - 1)


def coarser(bars: pd.DataFrame, most: int = _MOST) -> tuple[pd.DataFrame, int]:
    """Return fewer, longer bars if there are more than a screen can show.

    Parameters
    ----------
    bars
        In order.
    most
        How many may remain.

    Returns
    -------
    tuple of (pandas.DataFrame, int)
        The bars, and how many of the given ones each of them holds; every high
        and low is still there.
    """
    times = -(-len(bars) // most)
    if times <= 1:
        return bars, 1
    group = np.arange(len(bars)) // times
    rules = {"open": "first", "high": "max", "low": "min", "close": "last"}
    rules |= {"vol": "sum"} if "vol" in bars.columns else {}
    rules |= {"confirm": "last"} if "confirm" in bars.columns else {}
    found = bars.groupby(group).agg(rules)
    return found.set_index(bars.index[::times]), times


def _draw(subject: Subject) -> Drawing:
    bars, times = coarser(bars_of(in_order(subject.frame)))
    x = milliseconds(pd.DatetimeIndex(bars.index))
    prices = {name: column(bars, name) for name in _PRICES}
    is_open = _unfinished(bars)
    has_volume = "vol" in bars.columns
    digits = subject.digits(*prices.values())
    traces = [
        *_candles(x, prices, is_open),
        _volume(x, bars, prices, is_open, subject.inst_id),
        *_averages(x, bars),
    ]
    last = prices["close"][-1] if len(x) else np.nan
    colour = SELL if len(x) and last < prices["open"][-1] else BUY
    lines, tags = price_tag(last, said(last, digits), colour)
    above, below = domains(4, 1) if has_volume else ([0.0, 1.0], [0.0, 0.001])
    return Drawing(
        traces=traces,
        layout=layout(
            _heading(subject, prices, digits, times),
            xaxis=time_axis("y2" if has_volume else "y", precise=False),
            yaxis=price_axis(digits, above),
            yaxis2=number_axis(
                below,
                showgrid=False,
                nticks=3,
                rangemode="tozero",
                visible=has_volume,
                tickformat=size_format(column(bars, "vol")),
            ),
            shapes=lines,
            annotations=tags,
        ),
    )


def _unfinished(bars: pd.DataFrame) -> NDArray[np.bool_]:
    if "confirm" not in bars.columns:
        return np.zeros(len(bars), np.bool_)
    confirm = bars["confirm"].astype("boolean").fillna(value=True)
    found: NDArray[np.bool_] = ~confirm.to_numpy(np.bool_)
    return found


def _candles(
    x: NDArray[np.float64],
    prices: dict[str, NDArray[np.float64]],
    is_open: NDArray[np.bool_],
) -> list[dict[str, Any]]:
    """Return the closed candles, and those that are still open as outlines."""
    return [
        _candle_trace("candles", "price", x, prices, ~is_open, 0.92),
        _candle_trace("forming", "forming", x, prices, is_open, 0.10),
    ]


def _candle_trace(
    uid: str,
    name: str,
    x: NDArray[np.float64],
    prices: dict[str, NDArray[np.float64]],
    which: NDArray[np.bool_],
    filled: float,
) -> dict[str, Any]:
    sides = {
        side: {
            "line": {"color": colour, "width": 1},
            "fillcolor": faint(colour, filled),
        }
        for side, colour in (("increasing", BUY), ("decreasing", SELL))
    }
    values = {key: value[which] for key, value in prices.items()}
    return {
        "type": "candlestick",
        "uid": uid,
        "name": name,
        "x": x[which],
        **values,
        **sides,
        "showlegend": False,
        "hoverlabel": {"split": False},
    }


def _volume(
    x: NDArray[np.float64],
    bars: pd.DataFrame,
    prices: dict[str, NDArray[np.float64]],
    is_open: NDArray[np.bool_],
    inst_id: str,
) -> dict[str, Any]:
    rose = (prices["close"] >= prices["open"]).astype(np.float64)
    has_volume = "vol" in bars.columns
    return {
        "type": "bar",
        "uid": "volume",
        "name": "volume",
        "x": x if has_volume else x[:0],
        "y": column(bars, "vol") if has_volume else x[:0],
        "yaxis": "y2",
        "marker": {
            "color": rose,
            "cmin": 0.0,
            "cmax": 1.0,
            "colorscale": [[0, SELL], [1, BUY]],
            "opacity": np.where(is_open, 0.3, 0.6),
            "line": {"width": 0},
        },
        "showlegend": False,
        "hovertemplate": f"%{{y:,.4~f}} {size_unit(inst_id)}",
    }


def _averages(x: NDArray[np.float64], bars: pd.DataFrame) -> list[dict[str, Any]]:
    lines = [
        (f"average of {n}", moving_average(bars["close"], n), colour, "solid")
        for n, colour in ((_SHORT, ACCENT), (_LONG, VIOLET))
    ]
    if "vol" in bars.columns:
        is_intraday = len(x) > 1 and np.diff(x).min() < _DAY_MS
        vwap = running_vwap(bars, daily=bool(is_intraday))
        lines.append(("VWAP of the day", vwap, AMBER, "dot"))
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "uid": name.replace(" ", "-"),  # plotly makes a selector of it
            "name": name,
            "x": x,
            "y": values.to_numpy(np.float64),
            "line": {"color": colour, "width": 1.4, "dash": dash},
        }
        for name, values, colour, dash in lines
    ]


def _heading(
    subject: Subject, prices: dict[str, NDArray[np.float64]], digits: int, times: int
) -> dict[str, Any]:
    title = subject.channel if times == 1 else f"{subject.channel}, {times} in one"
    if not len(prices["close"]):
        return heading(subject.inst_id, title)
    first, last = float(prices["open"][0]), float(prices["close"][-1])
    newest = "  ".join(
        f"{name[0].upper()} {said(float(values[-1]), digits)}"
        for name, values in prices.items()
    )
    price = quoted(last, digits, subject.inst_id)
    return heading(subject.inst_id, title, price, change(first, last), newest)


CANDLES = Chart(
    name="candles",
    title="candles with volume, moving averages and VWAP",
    fits=_fits,
    draw=_draw,
)
