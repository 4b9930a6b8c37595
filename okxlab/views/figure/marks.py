"""The marks of a picture: what each kind of trace looks like in SVG."""

from __future__ import annotations

import html
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from okxlab.views.figure.columns import Column
    from okxlab.views.figure.scales import Scale

__all__ = ["colour_of", "draw_trace", "extents"]

Columns = dict[str, Any]
Points = "np.ndarray[Any, Any]"

_MOST = 600
"""Marks of one trace that are told apart on some 900 px."""
_CELLS = 60
"""Rows and columns of a heat map that a sketch has."""


def extents(
    props: dict[str, Any], columns: Columns
) -> tuple[list[Column], list[Column]]:
    """Return the values that a trace has along its two axes.

    Parameters
    ----------
    props, columns
        Of the trace.

    Returns
    -------
    tuple
        Lists of arrays; an empty one for a kind of trace that is not drawn.
    """
    kind = props.get("type", "scatter")
    if kind in ("candlestick", "ohlc"):
        return _some(columns, "x"), _some(columns, "low", "high")
    if kind == "heatmap":
        return _some(columns, "x"), _some(columns, "y")
    across, up = _some(columns, "x"), _some(columns, "y")
    if kind == "bar":
        values = across if props.get("orientation") == "h" else up
        if values:
            values.append(np.zeros(1))
        return across, up
    if kind not in ("scatter", "scattergl"):
        return [], []
    if up and not across:
        across = [np.arange(float(len(up[0])))]
    return across, up


def _some(columns: Columns, *paths: str) -> list[Column]:
    return [columns[path] for path in paths if path in columns and len(columns[path])]


def draw_trace(
    props: dict[str, Any], columns: Columns, across: Scale, up: Scale, colour: str
) -> str:
    """Return a trace as SVG.

    Parameters
    ----------
    props, columns
        Of the trace.
    across, up
        Its axes.
    colour
        If it has none of its own.
    """
    kind = props.get("type", "scatter")
    if kind in ("candlestick", "ohlc"):
        return _candles(props, columns, across, up)
    if kind == "heatmap":
        return _cells(props, columns, across, up)
    if kind == "bar":
        return _bars(props, columns, across, up, colour)
    return _points(props, columns, across, up, colour)


def colour_of(props: dict[str, Any], fallback: str) -> str:
    """Return the colour that a trace is known by.

    Parameters
    ----------
    props
        Of the trace.
    fallback
        If it has none of its own, or one for each row.
    """
    rising = props.get("increasing", {}).get("line", {})
    for part in (props.get("line", {}), props.get("marker", {}), rising):
        if isinstance(part.get("color"), str):
            return str(part["color"])
    return fallback


def _candles(props: dict[str, Any], columns: Columns, across: Scale, up: Scale) -> str:
    x = across.place(columns["x"])
    low, high, opened, closed = (
        up.place(columns[name]) for name in ("low", "high", "open", "close")
    )
    seen = _inside(x, across) & np.isfinite(low + high + opened + closed)
    width = max(1.0, 0.7 * _spacing(x[seen]))
    rises = np.asarray(columns["close"] >= columns["open"])
    parts = []
    for name, fallback, of_kind in (
        ("increasing", "#3d9970", rises),
        ("decreasing", "#ff4136", ~rises),
    ):
        chosen = seen & of_kind
        colour = props.get(name, {}).get("line", {}).get("color") or fallback
        rows = x[chosen], low[chosen], high[chosen], opened[chosen], closed[chosen]
        wicks = "".join(
            f"M{at:.1f} {a:.1f}V{b:.1f}" for at, a, b in zip(*rows[:3], strict=True)
        )
        bodies = "".join(
            f"M{at:.1f} {a:.1f}v{_least(b - a):.1f}"
            for at, a, b in zip(rows[0], *rows[3:], strict=True)
        )
        parts.append(_path(wicks, colour, 0.8) + _path(bodies, colour, width))
    return "".join(parts)


def _least(length: float) -> float:
    """Return a length that can be seen."""
    return length if abs(length) >= 0.5 else 0.5


def _bars(
    props: dict[str, Any], columns: Columns, across: Scale, up: Scale, colour: str
) -> str:
    lies = props.get("orientation") == "h"
    along, value = (up, across) if lies else (across, up)
    place = along.place(columns["y" if lies else "x"])
    tip = value.place(columns["x" if lies else "y"])
    foot = value.foot()
    seen = _inside(place, along) & np.isfinite(tip)
    width = max(1.0, 0.8 * _spacing(place[seen]))
    colours = columns.get("marker.color")
    if colours is None or colours.dtype.kind != "O":
        given = props.get("marker", {}).get("color") or colour
        colours = np.full(len(place), str(given), dtype=object)
    parts = []
    for one in dict.fromkeys(colours[seen]):
        chosen = seen & (colours == one)
        marks = "".join(
            f"M{foot:.0f} {at:.1f}H{end:.1f}"
            if lies
            else f"M{at:.1f} {foot:.0f}V{end:.1f}"
            for at, end in zip(place[chosen], tip[chosen], strict=True)
        )
        opacity = props.get("opacity") or props.get("marker", {}).get("opacity") or 1
        parts.append(_path(marks, one, width, opacity=opacity))
    return "".join(parts)


def _points(
    props: dict[str, Any], columns: Columns, across: Scale, up: Scale, colour: str
) -> str:
    y = up.place(columns["y"])
    x = across.place(columns.get("x", np.arange(float(len(y)))))
    mode = props.get("mode") or "lines"
    line, marker = props.get("line", {}), props.get("marker", {})
    colour = colour_of(props, colour)
    parts = []
    if "lines" in mode:
        chosen = _thinned(x, y)
        steps = line.get("shape") in ("hv", "hvh")
        track = _track(x[chosen], y[chosen], steps=steps)
        fill = props.get("fill")
        if fill in ("tozeroy", "tonexty") and track and np.isfinite(x[chosen]).all():
            foot = up.foot()
            area = f"{track}V{foot:.1f}H{x[chosen][0]:.1f}Z"
            shade = props.get("fillcolor") or colour
            weak = ' fill-opacity=".25"' if not str(shade).startswith("rgba") else ""
            parts.append(f'<path d="{area}" fill="{html.escape(str(shade))}"{weak}/>')
        if line.get("width", 2):
            width = min(float(line.get("width", 2)), 2.0)
            dash = line.get("dash", "solid") != "solid"
            parts.append(_path(track, colour, width, join=True, dash=dash))
    if "markers" in mode:
        parts.append(_dots(columns, x, y, marker, colour))
    return "".join(parts)


def _dots(columns: Columns, x: Any, y: Any, marker: dict[str, Any], colour: str) -> str:
    """Draw the newest markers as round ends of lines without length."""
    size = columns.get("marker.size")
    sizes = np.full(len(x), float(marker.get("size") or 6))
    if size is not None:
        sizes = _diameters(size, marker)
    colours = columns.get("marker.color")
    if colours is None or colours.dtype.kind != "O":
        given = marker.get("color")
        one = given if isinstance(given, str) else colour
        colours = np.full(len(x), one, dtype=object)
    newest = np.flatnonzero(np.isfinite(x + y))[-_MOST:]
    groups: dict[tuple[str, int], list[str]] = {}
    for at in newest:
        width = int(np.clip(np.nan_to_num(sizes[at], nan=6.0), 2, 40))
        key = (str(colours[at]), width)
        groups.setdefault(key, []).append(f"M{x[at]:.1f} {y[at]:.1f}h0")
    opacity = marker.get("opacity") or 1
    return "".join(
        _path("".join(marks), one, width, opacity=opacity, cap=True)
        for (one, width), marks in groups.items()
    )


def _diameters(size: Any, marker: dict[str, Any]) -> Any:
    """Return how wide markers are that stand for amounts [px]."""
    radius = size / 2.0 / float(marker.get("sizeref") or 1.0)
    if marker.get("sizemode") == "area":
        radius = np.sqrt(np.maximum(radius, 0.0))
    return 2.0 * np.maximum(radius, float(marker.get("sizemin") or 0.0))


def _cells(props: dict[str, Any], columns: Columns, across: Scale, up: Scale) -> str:
    z = columns.get("z")
    if z is None or z.ndim != 2 or z.size == 0 or z.dtype.kind != "f":
        return ""
    z = z.T if props.get("transpose") else z
    rows = np.linspace(0, len(z), min(len(z), _CELLS) + 1).astype(int)
    lines = np.linspace(0, z.shape[1], min(z.shape[1], _CELLS) + 1).astype(int)
    means = np.array(
        [
            [
                np.nanmean(np.append(z[a:b, c:d], 0.0))
                for c, d in itertools.pairwise(lines)
            ]
            for a, b in itertools.pairwise(rows)
        ]
    )
    top = float(np.nanmax(np.abs(means))) or 1.0
    x = np.linspace(*_ends(across.place(columns["x"])), len(lines))
    y = np.linspace(*_ends(up.place(columns["y"])), len(rows))
    strengths = np.clip(np.round(6 * np.abs(means) / top), 0, 6).astype(int)
    wide = abs(x[1] - x[0]) + 0.5
    parts = []
    for strength in range(1, 7):
        found = zip(*np.nonzero(strengths == strength), strict=True)
        marks = "".join(
            f"M{x[j]:.1f} {(y[i] + y[i + 1]) / 2:.1f}h{wide:.1f}" for i, j in found
        )
        height = abs(y[1] - y[0]) + 0.5
        parts.append(_path(marks, "#cf8412", height, opacity=strength / 6))
    return "".join(parts)


def _ends(places: Any) -> tuple[float, float]:
    finite = places[np.isfinite(places)]
    return float(finite[0]), float(finite[-1])


def _inside(places: Any, scale: Scale) -> Any:
    low, high = sorted((scale.start, scale.stop))
    return (places >= low - 1) & (places <= high + 1)


def _spacing(places: Any) -> float:
    """Return the usual distance between neighbours [px]."""
    steps = np.diff(np.unique(places))
    return float(np.median(steps)) if len(steps) else 10.0


def _thinned(x: Any, y: Any) -> Any:
    """Return which points to draw: of many, the extremes of each stretch."""
    if len(x) <= _MOST:
        return np.arange(len(x))
    kept = []
    for part in np.array_split(np.arange(len(x)), _MOST // 2):
        known = part[np.isfinite(y[part])]
        if len(known):
            kept += sorted(
                {int(known[np.argmin(y[known])]), int(known[np.argmax(y[known])])}
            )
    return np.array(kept, dtype=int)


def _track(x: Any, y: Any, *, steps: bool) -> str:
    """Return a path through points, interrupted where one is missing."""
    parts, is_down = [], False
    for across, up in zip(x.tolist(), y.tolist(), strict=True):
        if across != across or up != up:  # noqa: PLR0124  # NaN is the one that differs from itself
            is_down = False
        elif not is_down:
            parts.append(f"M{across:.1f} {up:.1f}")
            is_down = True
        else:
            parts.append(
                f"H{across:.1f}V{up:.1f}" if steps else f"L{across:.1f} {up:.1f}"
            )
    return "".join(parts)


def _path(
    marks: str,
    colour: str,
    width: float,
    *,
    opacity: float = 1,
    join: bool = False,
    cap: bool = False,
    dash: bool = False,
) -> str:
    if not marks:
        return ""
    extra = ' stroke-linejoin="round"' if join else ""
    extra += ' stroke-linecap="round"' if cap else ""
    extra += ' stroke-dasharray="3 3"' if dash else ""
    extra += f' opacity="{opacity:.2g}"' if opacity != 1 else ""
    return (
        f'<path d="{marks}" fill="none" stroke="{html.escape(str(colour))}" '
        f'stroke-width="{width:.3g}"{extra}/>'
    )
