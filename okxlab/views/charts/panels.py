"""The frame around the marks: heading, axes, stacked panels, the tag of a price."""

from __future__ import annotations

from html import escape
from math import isnan
from typing import TYPE_CHECKING, Any, Final

from okxlab.views.charts.amounts import format_of, price_unit, said
from okxlab.views.charts.theme import BUY, NEUTRAL, SELL

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "CROSSHAIR",
    "LEGEND",
    "change",
    "coloured",
    "domains",
    "heading",
    "layout",
    "note",
    "number_axis",
    "price_axis",
    "price_tag",
    "quoted",
    "time_axis",
]

LEGEND: Final = {
    "orientation": "h",
    # Beside the title, which is short: facts below it need the width; to the right
    # are the buttons that come with the pointer.
    "x": 0.9,
    "xanchor": "right",
    "yref": "container",
    "y": 0.99,
    "yanchor": "top",
}
"""In a line, above the marks."""
HEIGHT: Final = 460
"""Height of a chart [px]; as wide as the notebook."""
CROSSHAIR: Final = {"spikemode": "across", "spikesnap": "cursor"}
"""Of an axis with lines to the pointer, which the theme turns on."""
_BETWEEN: Final = 0.035
"""Space between two panels, as a share of the height."""


def heading(what: str, title: str, *facts: str) -> dict[str, Any]:
    """Return the heading of a chart: what it is of, and the newest facts.

    Parameters
    ----------
    what
        Instrument or name of the stream; escaped here.
    title
        What is drawn; escaped here.
    *facts
        Marked-up text, in a line of their own.
    """
    return {
        "text": f"<b>{escape(what)}</b>  {escape(title)}",
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": 1,
        "yref": "container",
        "yanchor": "top",
        "pad": {"t": 12, "l": 2},
        "font": {"size": 15},
        "subtitle": {
            "text": "   ".join(fact for fact in facts if fact) or " ",
            "font": {"size": 12},
        },
    }


def quoted(price: float, digits: int, inst_id: str) -> str:
    """Return the price that a heading says first, with its currency."""
    return f"<b>{said(price, digits)}</b> {price_unit(inst_id)}"


def coloured(text: str, colour: str) -> str:
    """Return a text in a colour."""
    return f'<span style="color:{colour}">{text}</span>'


def change(first: float, last: float) -> str:
    """Return by how much a price has changed, in the colour of its direction."""
    if not first > 0 or isnan(last):
        return ""
    part = 100 * (last / first - 1)
    if abs(part) < 0.005:
        return coloured("0.00 %", NEUTRAL)
    mark, sign, colour = ("▲", "+", BUY) if part > 0 else ("▼", "\N{MINUS SIGN}", SELL)
    return coloured(f"{mark} {sign}{abs(part):,.2f} %", colour)


def layout(title: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """Return the layout that all charts share, with axes and marks of one's own.

    Parameters
    ----------
    title
        As `heading` returns it.
    **parts
        Members of a layout of plotly, which win.
    """
    return {
        "title": title,
        "height": HEIGHT,
        # Room for the tag of a price, so that the marks do not move when it grows.
        "margin": {"l": 14, "r": 72, "t": 66, "b": 20, "pad": 2},
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "hoverlabel": {"namelength": -1},
        "dragmode": "pan",
        # A wheel and a double click do what they do.
        "modebar": {"remove": ["zoomIn2d", "zoomOut2d", "autoScale2d"]},
        "bargap": 0.25,
        "legend": LEGEND,
        "shapes": [],
        "annotations": [],
        # A constant: what the user has zoomed stays while values change.
        "uirevision": "okxlab",
        **parts,
    }


def domains(*weights: float) -> list[list[float]]:
    """Return the place of panels above one another, the first on top.

    Parameters
    ----------
    *weights
        Heights, compared with one another.
    """
    room = 1 - _BETWEEN * (len(weights) - 1)
    top, found = 1.0, []
    for weight in weights:
        height = room * weight / sum(weights)
        found.append([round(max(top - height, 0.0), 4), round(top, 4)])
        top -= height + _BETWEEN
    return found


def time_axis(anchor: str = "y", *, precise: bool = True) -> dict[str, Any]:
    """Return the axis of time, in UTC.

    Parameters
    ----------
    anchor
        The lowest panel, below which its labels stand.
    precise
        Whether milliseconds mean something.
    """
    clock = "%H:%M:%S.%L" if precise else "%H:%M"
    return {
        "type": "date",
        "anchor": anchor,
        "hoverformat": f"%a %d %b %Y  {clock} UTC",
        "showgrid": True,
        **CROSSHAIR,
        "rangeslider": {"visible": False},
    }


def number_axis(place: Sequence[float] = (0.0, 1.0), **parts: Any) -> dict[str, Any]:
    """Return an axis of numbers on the right, where the newest ones are."""
    return {"domain": list(place), "side": "right", "fixedrange": False, **parts}


def price_axis(
    digits: int, place: Sequence[float] = (0.0, 1.0), **parts: Any
) -> dict[str, Any]:
    """Return an axis of prices with the digits of the instrument."""
    return number_axis(
        place,
        tickformat=format_of(digits),
        hoverformat=format_of(digits),
        **{**CROSSHAIR, **parts},
    )


def price_tag(
    price: float, text: str, colour: str, axis: str = "y"
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the line of the newest price and its tag at the edge.

    Parameters
    ----------
    price
        Where; a missing one draws nothing.
    text
        What the tag says.
    colour
        As ``#rrggbb``.
    axis
        The axis that the price is on.

    Returns
    -------
    tuple of list
        Shapes and annotations, which come first in a layout: the newest price
        is moved there.
    """
    if isnan(price):
        return [], []
    line = {
        "type": "line",
        "name": "last",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "yref": axis,
        "y0": price,
        "y1": price,
        "line": {"color": colour, "width": 1, "dash": "dot"},
    }
    tag = {
        "name": "last",
        "xref": "paper",
        "x": 1,
        "xanchor": "left",
        "yref": axis,
        "y": price,
        "yanchor": "middle",
        "text": text,
        "showarrow": False,
        "font": {"color": "#ffffff", "size": 11},
        "bgcolor": colour,
        "borderpad": 2,
    }
    return [line], [tag]


def note(text: str) -> dict[str, Any]:
    """Return a word in the middle of a chart that has nothing to draw."""
    return {
        "name": "note",
        "xref": "paper",
        "x": 0.5,
        "yref": "paper",
        "y": 0.5,
        "text": text,
        "showarrow": False,
        "font": {"size": 15},
    }
