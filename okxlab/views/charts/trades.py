"""Trades: a price line with buys and sells on it, sized by amount."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import pandas as pd

from okxlab.metrics import running_vwap
from okxlab.views.charts.amounts import (
    format_of,
    price_unit,
    said,
    size_unit,
)
from okxlab.views.charts.arrays import column, first_of, in_order, milliseconds
from okxlab.views.charts.chart import Chart, Drawing
from okxlab.views.charts.panels import (
    LEGEND,
    change,
    coloured,
    heading,
    layout,
    price_axis,
    price_tag,
    quoted,
    time_axis,
)
from okxlab.views.charts.price import line
from okxlab.views.charts.theme import AMBER, BUY, NEUTRAL, SELL, faint
from okxlab.views.charts.thinning import MANY, kind_of_scatter, largest_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from okxlab.views.charts.subject import Subject

__all__ = ["TRADES", "Tape", "is_of_trades"]

_PRICES: Final = ("px", "fill_px", "bk_px")
_SIZES: Final = ("sz", "fill_sz")
_MOST: Final = 1_500
"""Markers of one side; beyond that the largest are drawn."""
_DIAMETER, _CROWDED = 26.0, 16.0
"""Of the largest trade [px], and where many trades share the screen."""


def is_of_trades(subject: Subject) -> bool:
    """Return whether the rows are trades: a price, a size and a side each."""
    frame = subject.frame
    named = first_of(frame, _PRICES) and first_of(frame, _SIZES)
    return bool(named) and subject.has("side")


class Tape(msgspec.Struct, frozen=True):
    """Trades as arrays, oldest first.

    Attributes
    ----------
    x
        Time [ms since 1970 UTC].
    px, sz
        Price and size.
    bought
        Whether the taker bought.
    sold
        Whether the taker sold; a trade may be neither, if the side is missing.
    """

    x: Any
    px: Any
    sz: Any
    bought: Any
    sold: Any

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Tape:
        """Return the trades of a frame."""
        frame = in_order(frame)
        side = frame["side"]
        return cls(
            milliseconds(pd.DatetimeIndex(frame.index)),
            column(frame, first_of(frame, _PRICES)),
            column(frame, first_of(frame, _SIZES)),
            (side == "buy").to_numpy(np.bool_),
            (side == "sell").to_numpy(np.bool_),
        )

    def vwap(self) -> NDArray[np.float64]:
        """Return the volume-weighted price so far at each trade."""
        frame = pd.DataFrame({"px": self.px, "sz": self.sz})
        found: NDArray[np.float64] = running_vwap(frame).to_numpy(np.float64)
        return found


def _draw(subject: Subject) -> Drawing:
    tape = Tape.of(subject.frame)
    digits = subject.digits(tape.px)
    hover = f"%{{y:{format_of(digits)}}}"
    thread = {"color": faint(NEUTRAL, 0.55), "width": 1, "shape": "hv"}
    dots = {"color": AMBER, "width": 1.4, "dash": "dot"}
    traces = [
        line("price", tape.x, tape.px, NEUTRAL, line=thread, hoverinfo="skip"),
        _markers("buys", tape, tape.bought, BUY, subject, digits),
        _markers("sells", tape, tape.sold, SELL, subject, digits),
        line("VWAP", tape.x, tape.vwap(), AMBER, line=dots, hovertemplate=hover),
    ]
    last = float(tape.px[-1]) if len(tape.px) else float("nan")
    colour = SELL if len(tape.sold) and tape.sold[-1] else BUY
    lines, tags = price_tag(last, said(last, digits), colour)
    return Drawing(
        traces=traces,
        layout=layout(
            _heading(subject, tape, digits),
            hovermode="closest",
            legend={**LEGEND, "itemsizing": "constant"},
            xaxis=time_axis(),
            yaxis=price_axis(digits),
            shapes=lines,
            annotations=tags,
        ),
    )


def _markers(
    name: str,
    tape: Tape,
    which: NDArray[np.bool_],
    colour: str,
    subject: Subject,
    digits: int,
) -> dict[str, Any]:
    at = largest_of(tape.sz, which, _MOST)
    sizes = np.nan_to_num(tape.sz[at])
    diameter = _CROWDED if len(tape.px) > MANY else _DIAMETER
    widest = float(np.nan_to_num(tape.sz).max()) if len(tape.sz) else 0.0
    return {
        "type": kind_of_scatter(len(at)),
        "mode": "markers",
        "uid": name,
        "name": name,
        "x": tape.x[at],
        "y": tape.px[at],
        "customdata": tape.sz[at],
        "marker": {
            "color": faint(colour, 0.5),
            "size": sizes,
            "sizemode": "area",
            # Area, so that twice the amount looks twice as much.
            "sizeref": 2 * widest / diameter**2 if widest > 0 else 1.0,
            "sizemin": 2,
            "line": {"color": colour, "width": 0.8},
        },
        "hovertemplate": (
            f"<b>{name[:-1]}</b> %{{customdata:,.6~f}} {size_unit(subject.inst_id)}"
            f"<br>at %{{y:{format_of(digits)}}} {price_unit(subject.inst_id)}"
            "<br>%{x|%H:%M:%S.%L} UTC<extra></extra>"
        ),
    }


def _heading(subject: Subject, tape: Tape, digits: int) -> dict[str, Any]:
    if not len(tape.px):
        return heading(subject.inst_id, subject.channel)
    last = float(tape.px[-1])
    bought, sold = (
        float(np.nansum(tape.sz[which])) for which in (tape.bought, tape.sold)
    )
    unit = size_unit(subject.inst_id)
    sides = (
        f"{coloured(f'bought {bought:,.4g}', BUY)} · "
        f"{coloured(f'sold {sold:,.4g}', SELL)} {unit}"
    )
    shown = sum(min(int(which.sum()), _MOST) for which in (tape.bought, tape.sold))
    hidden = int((tape.bought | tape.sold).sum()) - shown
    left_out = f"{hidden:,} smaller trades not drawn" if hidden else ""
    price = quoted(last, digits, subject.inst_id)
    moved = change(float(tape.px[0]), last)
    return heading(subject.inst_id, subject.channel, price, moved, sides, left_out)


TRADES = Chart(
    name="trades",
    title="price line with trades as buy and sell markers, sized by amount",
    fits=is_of_trades,
    draw=_draw,
)
