"""A figure as a small SVG, for readers that run neither a kernel nor plotly.

A file on GitHub, nbconvert's HTML and a mail show this where the live figure was.
It is drawn from the state that the kernel holds, so that it needs no browser, and
it is a sketch: the kinds of traces that okxlab's charts are made of, axes, lines,
boxes, heading and names; no hover.
"""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from okxlab.views.figure.columns import column, split_trace
from okxlab.views.figure.marks import colour_of, draw_trace, extents
from okxlab.views.figure.scales import Scale
from okxlab.views.figure.words import legend, marked_up, table, tag, text

__all__ = ["picture"]

_WIDTH, _HEIGHT = 960, 450
_NEAR, _FAR = 16, 72
"""Room beside the plots, without and with the values of an axis [px]."""
_TOP, _BOTTOM = 14, 28
_LABEL = 28
"""Half of the longest label of a time [px]."""
_TITLE, _SUBTITLE = 26, 18
"""Room for a title and for a line below it [px]."""
_GREY = "#7a808a"
"""Readable on white and on black."""
_COLOURS = ("#3b82f6", "#cf8412", "#9166e8", "#0f9d76", "#d6569b", "#0e93a8")


def picture(figure: dict[str, Any]) -> str:
    """Return a figure as SVG.

    Parameters
    ----------
    figure
        ``data`` and ``layout`` as plotly's own JSON has them, with arrays in them.

    Returns
    -------
    str
        A whole SVG document without a background, as wide as the place where it
        is shown; some 10 kB, and not more than some 30 kB however many points the
        figure has.
    """
    return _Picture(figure).draw()


class _Picture:
    """The plots of a figure and their axes."""

    def __init__(self, figure: dict[str, Any]) -> None:
        self._layout = figure["layout"]
        self._height = int(self._layout.get("height") or _HEIGHT)
        title = self._layout.get("title") or {}
        self._title = title if isinstance(title, dict) else {"text": title}
        self._subtitle = self._title.get("subtitle", {}).get("text", "").strip()
        self._tables = [one for one in figure["data"] if one.get("type") == "table"]
        self._traces = [_Trace(trace, self._layout) for trace in figure["data"]]
        self._traces = [trace for trace in self._traces if trace.is_drawn]
        sides = {self._side(trace.axes[1]) for trace in self._traces}
        self._left = _FAR if "left" in sides else _NEAR
        self._right = _WIDTH - (_FAR if "right" in sides else _NEAR)
        self._scales: dict[str, Scale] = {}
        for trace in self._traces:
            for name in trace.axes:
                self._scales.setdefault(name, self._scale(name))

    def draw(self) -> str:
        body = [
            *self._heading(),
            *self._axes(),
            *self._shapes(),
            *(self._marks(*each) for each in enumerate(self._traces)),
            *(self._table(each) for each in self._tables),
            *(self._note(each) for each in self._layout.get("annotations") or ()),
        ]
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} '
            f'{self._height}" width="100%" font-family='
            f'"system-ui,sans-serif" font-size="12" fill="{_GREY}">'
            f"{''.join(part for part in body if part)}</svg>"
        )

    def _heading(self) -> list[str]:
        parts = []
        if self._title.get("text"):
            parts.append(text(_NEAR, 20, marked_up(self._title["text"]), size=15))
        if self._subtitle:
            parts.append(text(_NEAR, 20 + _SUBTITLE, marked_up(self._subtitle)))
        names = [
            (str(trace.props["name"]), self._colour(place))
            for place, trace in enumerate(self._traces)
            if trace.props.get("name") and trace.props.get("showlegend") is not False
        ]
        if len(names) > 1 and self._layout.get("showlegend") is not False:
            parts.append(legend(names, self._right, 20))
        return parts

    def _colour(self, place: int) -> str:
        """Return the colour that a trace is known by."""
        return colour_of(self._traces[place].props, _COLOURS[place % len(_COLOURS)])

    def _marks(self, place: int, trace: _Trace) -> str:
        """Draw a trace; a drawing within the drawing ends at its own edges."""
        across, up = (self._scales[name] for name in trace.axes)
        marks = draw_trace(
            trace.props, trace.columns, across, up, _COLOURS[place % len(_COLOURS)]
        )
        left, top = across.start, min(up.start, up.stop)
        place_and_size = (
            f"{left:.0f} {top:.0f} {across.stop - left:.0f} "
            f"{abs(up.stop - up.start):.0f}"
        )
        x, y, width, height = place_and_size.split()
        return (
            f'<svg x="{x}" y="{y}" width="{width}" height="{height}" '
            f'viewBox="{place_and_size}">{marks}</svg>'
        )

    def _table(self, trace: dict[str, Any]) -> str:
        low, high = trace.get("domain", {}).get("x") or (0.0, 1.0)
        left, right = _NEAR, _WIDTH - _NEAR
        wide = right - left
        top = self._edges("y")[1]
        return table(trace, left + low * wide, top, (high - low) * wide)

    def _note(self, note: dict[str, Any]) -> str:
        try:
            return tag(note, self._point(note, "x", "x"), self._point(note, "y", "y"))
        except (KeyError, TypeError, ValueError):
            return ""  # on an axis that is not drawn, or of another form

    def _side(self, name: str) -> str:
        return str(self._layout.get(name, {}).get("side") or "left")

    def _scale(self, name: str) -> Scale:
        axis = self._layout.get(name, {})
        root = self._root(name)
        values = [
            values
            for trace in self._traces
            for own, extent in zip(trace.axes, trace.extents, strict=True)
            if self._root(own) == root
            for values in extent
        ]
        low, high = axis.get("domain") or (0.0, 1.0)
        start, stop = self._edges(name[0])
        span = stop - start
        around = root if name != root else name
        given = self._layout.get(around, axis) | {"domain": None}
        return Scale(
            given,
            values,
            start + low * span,
            start + high * span,
            padding=name[0] == "y",
        )

    def _root(self, name: str) -> str:
        """Return the axis that this one always shows the same range as."""
        axis = self._layout.get(name, {})
        other = axis.get("matches")
        return f"{other[0]}axis{other[1:]}" if other else name

    def _edges(self, letter: str) -> tuple[float, float]:
        if letter == "x":
            return self._left, self._right
        top = _TOP + (_TITLE if self._title.get("text") else 0)
        top += _SUBTITLE if self._subtitle else 0
        return self._height - _BOTTOM, top

    def _axes(self) -> list[str]:
        seen, parts = set(), []
        for trace in self._traces:
            if trace.axes not in seen:
                seen.add(trace.axes)
                scales = (self._scales[name] for name in trace.axes)
                parts.append(self._frame(*scales, side=self._side(trace.axes[1])))
        return parts

    def _frame(self, across: Scale, up: Scale, *, side: str) -> str:
        """Draw the grid of one plot and the values beside it."""
        lines, texts = [], []
        height = abs(up.stop - up.start)
        x = across.stop + 6 if side == "right" else across.start - 6
        anchor = "start" if side == "right" else "end"
        for place, said in up.ticks(max(2, round(height / 50))):
            lines.append(f"M{across.start:.0f} {place:.0f}H{across.stop:.0f}")
            texts.append(text(x, place + 4, html.escape(said), anchor=anchor))
        is_lowest = up.start >= max(scale.start for scale in self._scales.values()) - 1
        for place, said in across.ticks(7):
            lines.append(f"M{place:.0f} {up.start:.0f}V{up.stop:.0f}")
            if is_lowest:
                body = html.escape(said)
                middle = min(max(place, _LABEL), _WIDTH - _LABEL)
                texts.append(text(middle, up.start + 18, body, anchor="middle"))
        grid = f'<path d="{"".join(lines)}" stroke="{_GREY}" stroke-opacity=".22" fill="none"/>'
        return grid + "".join(texts)

    def _shapes(self) -> list[str]:
        return [self._shape(shape) for shape in self._layout.get("shapes") or ()]

    def _shape(self, shape: dict[str, Any]) -> str:
        try:
            x0, x1 = (self._point(shape, f"x{n}", "x") for n in "01")
            y0, y1 = (self._point(shape, f"y{n}", "y") for n in "01")
        except (KeyError, TypeError, ValueError):
            return ""  # on an axis that is not drawn, or of another form
        line = shape.get("line", {})
        if shape.get("type") == "line":
            dash = (
                ' stroke-dasharray="4 3"'
                if line.get("dash", "solid") != "solid"
                else ""
            )
            return (
                f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" fill="none"'
                f"{_stroke(line.get('color') or _GREY)}{dash}/>"
            )
        return (
            f'<rect x="{min(x0, x1):.1f}" y="{min(y0, y1):.1f}" width="{abs(x1 - x0):.1f}" '
            f'height="{abs(y1 - y0):.1f}"{_fill(shape.get("fillcolor") or "none")} '
            f'opacity="{shape.get("opacity", 1)}"/>'
        )

    def _point(self, shape: dict[str, Any], key: str, letter: str) -> float:
        ref = shape.get(f"{letter}ref", letter)
        value = shape[key]
        if ref == "paper":
            start, stop = self._edges(letter)
            return start + float(value) * (stop - start)
        of, _, domain = ref.partition(" ")
        scale = self._scales[f"{letter}axis{of[1:]}"]
        if domain:
            return scale.start + float(value) * (scale.stop - scale.start)
        place = float(scale.place(column([value]))[0])
        if not np.isfinite(place):
            raise ValueError(key)
        low, high = sorted((scale.start, scale.stop))
        return min(max(place, low), high)


class _Trace:
    """A trace, its columns and the axes it stands on."""

    def __init__(self, trace: dict[str, Any], layout: dict[str, Any]) -> None:
        self.props, columns = split_trace(trace)
        self.columns = {path: column(values) for path, values in columns.items()}
        self.axes = tuple(
            f"{letter}axis{self.props.get(letter + 'axis', letter)[1:]}"
            for letter in "xy"
        )
        self.extents = extents(self.props, self.columns)
        hidden = self.props.get("visible", True) is not True
        shown = all(layout.get(name, {}).get("visible", True) for name in self.axes)
        self.is_drawn = not hidden and shown and all(self.extents)


def _stroke(colour: str) -> str:
    return f' stroke="{html.escape(str(colour))}"'


def _fill(colour: str) -> str:
    return f' fill="{html.escape(str(colour))}"'
