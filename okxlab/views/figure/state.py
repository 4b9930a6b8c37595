"""What a live figure shows at this moment, and how the page is told.

The page holds the same state and is sent *operations*, each a small dict:

==========  ===============================================================
``figure``  all of it: ``layout``, ``themes``, ``traces`` of ``props`` and
            ``columns``
``rows``    ``trace`` keeps its rows ``drop`` to ``start``; ``columns`` follow
``set``     ``columns`` of ``trace`` are replaced
``props``   ``props`` of ``trace`` are changed, by dotted path
``layout``  ``changes`` of the layout, by dotted path
==========  ===============================================================

Numbers are collected in one float64 buffer a frame; a column is ``[offset,
length]`` or ``[offset, rows, columns]`` in it, counted in numbers.  Texts stand in
the operation itself, as ``{"texts": [...]}``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from okxlab.views.figure.columns import column, is_time, plain, split_trace
from okxlab.views.figure.comparison import changed_columns, changed_paths, set_path
from okxlab.views.figure.deltas import (
    Append,
    Redraw,
    Relayout,
    Replace,
    ReplaceTail,
    Restyle,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from okxlab.views.figure.columns import Column
    from okxlab.views.figure.deltas import Delta

__all__ = ["FigureState", "Frame"]

Operation = dict[str, Any]

UIREVISION = "okxlab"
"""Constant, so that zoom, pan and hidden traces outlive every update."""


class Frame:
    """The operations of one message and their numbers.

    Attributes
    ----------
    operations : list of dict
        In the order in which the page applies them.
    """

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self._parts: list[Column] = []
        self._size = 0

    def add(self, op: str, **fields: Any) -> None:
        """Add an operation."""
        self.operations.append({"op": op, **fields})

    def place(self, columns: Mapping[str, Column]) -> dict[str, Any]:
        """Put columns into the buffer and return where they stand."""
        return {path: self._place(values) for path, values in columns.items()}

    def _place(self, values: Column) -> Any:
        if values.dtype.kind == "O":
            return {"texts": values.tolist()}
        place = [self._size, *values.shape]
        self._parts.append(values.ravel())
        self._size += values.size
        return place

    @property
    def buffer(self) -> memoryview:
        """All numbers of this frame, float64 in the machine's byte order."""
        if not self._size:
            return memoryview(b"")
        return np.concatenate(self._parts).data.cast("B")


class Trace:
    """One trace: its JSON and its columns."""

    def __init__(self, props: dict[str, Any], columns: dict[str, Column]) -> None:
        self.props = props
        self.columns = columns

    def is_like(self, other: Trace) -> bool:
        """Tell whether another trace differs in values only."""
        return (
            self.props.get("type") == other.props.get("type")
            and self.columns.keys() == other.columns.keys()
        )


class FigureState:
    """A figure split into what is said once and columns of numbers.

    Parameters
    ----------
    figure
        A `plotly.graph_objects.Figure`, or the same as plain values: anything with
        ``traces`` (a list of dicts) and ``layout`` (a dict).
    themes
        Templates of plotly by ``"light"`` and ``"dark"``, for the page to choose.

    Notes
    -----
    Not safe from several threads at once: the live figure holds its lock.
    """

    def __init__(self, figure: Any, themes: dict[str, Any] | None = None) -> None:
        self.layout, self.traces = _split(figure)
        self._themes = plain(themes)

    def tell_all(self, frame: Frame) -> None:
        """Add the whole figure to a frame."""
        traces = [
            {"props": trace.props, "columns": frame.place(trace.columns)}
            for trace in self.traces
        ]
        frame.add("figure", layout=self.layout, themes=self._themes, traces=traces)

    def apply(self, delta: Delta, frame: Frame) -> None:
        """Change the state, and add to a frame what makes the page follow.

        Raises
        ------
        IndexError
            If there is no such trace.
        KeyError
            If a column is to grow that the trace does not have.
        """
        match delta:
            case Append(trace, columns, keep):
                self._splice(trace, None, columns, keep, frame)
            case ReplaceTail(trace, start, columns, keep):
                self._splice(trace, start, columns, keep, frame)
            case Replace(trace, columns):
                self._become_columns(trace, _columns(columns), frame)
            case Restyle(trace, changes):
                self._restyle(trace, plain(dict(changes)), frame)
            case Relayout(changes):
                self._relayout(plain(dict(changes)), frame)
            case Redraw(figure):
                self._become(figure, frame)

    def as_dict(self) -> dict[str, Any]:
        """Return the figure as plotly's own JSON has it, with arrays in it."""
        data = []
        for trace in self.traces:
            whole = plain(trace.props)  # a copy
            for path, values in trace.columns.items():
                set_path(whole, path, values)
            data.append(whole)
        return {"data": data, "layout": plain(self.layout)}

    def _splice(
        self, at: int, start: int | None, columns: Any, keep: int | None, frame: Frame
    ) -> None:
        held = self.traces[at].columns
        new = _columns(columns)
        if not new:  # only the oldest are to go
            new = {path: values[:0] for path, values in held.items()}
        length = len(held[next(iter(new))])
        start = _from_front(start, length)
        rows = len(next(iter(new.values())))
        drop = 0 if keep is None else max(0, start + rows - keep)
        cut = max(0, drop - start)  # of the new rows themselves
        drop = min(drop, start)
        if drop == 0 and start == length and rows == 0:
            return
        for path, values in new.items():
            part = values[cut:]
            held[path] = np.concatenate([held[path][drop:start], part])
            new[path] = part
        frame.add("rows", trace=at, drop=drop, start=start, columns=frame.place(new))

    def _become_columns(self, at: int, new: dict[str, Column], frame: Frame) -> None:
        """Make columns what they should be, by the least that brings them there."""
        held = self.traces[at].columns
        tail, rest = changed_columns(held, new)
        held.update(new)
        if tail is not None:
            drop, start, columns = tail
            place = frame.place(columns)
            frame.add("rows", trace=at, drop=drop, start=start, columns=place)
        if rest:
            frame.add("set", trace=at, columns=frame.place(rest))

    def _restyle(self, at: int, changes: dict[str, Any], frame: Frame) -> None:
        for path, value in changes.items():
            set_path(self.traces[at].props, path, value)
        if changes:
            frame.add("props", trace=at, changes=changes)

    def _relayout(self, changes: dict[str, Any], frame: Frame) -> None:
        for path, value in changes.items():
            set_path(self.layout, path, value)
        if changes:
            frame.add("layout", changes=changes)

    def _become(self, figure: Any, frame: Frame) -> None:
        layout, traces = _split(figure)
        alike = len(traces) == len(self.traces) and all(
            old.is_like(new) for old, new in zip(self.traces, traces, strict=True)
        )
        if not alike:
            self.layout, self.traces = layout, traces
            self.tell_all(frame)
            return
        for at, trace in enumerate(traces):
            self._restyle(at, changed_paths(self.traces[at].props, trace.props), frame)
            self._become_columns(at, trace.columns, frame)
        self._relayout(changed_paths(self.layout, layout), frame)


def _columns(columns: Any) -> dict[str, Column]:
    return {path: column(values) for path, values in columns.items()}


def _from_front(start: int | None, length: int) -> int:
    """Return where to cut, counted from the oldest row."""
    if start is None:
        return length
    return min(length, start if start >= 0 else max(0, length + start))


def _split(figure: Any) -> tuple[dict[str, Any], list[Trace]]:
    if hasattr(figure, "traces"):  # plain values, which cost less to make
        layout, given = plain(figure.layout), figure.traces
    else:
        layout = plain(figure.layout.to_plotly_json())
        given = [trace.to_plotly_json() for trace in figure.data]
    layout.setdefault("uirevision", UIREVISION)
    traces = []
    for trace in given:
        props, columns = split_trace(trace)
        for letter in "xy":
            if letter in columns and is_time(columns[letter]):
                axis = f"{letter}axis{props.get(letter + 'axis', letter)[1:]}"
                layout.setdefault(axis, {}).setdefault("type", "date")
        traces.append(Trace(props, _columns(columns)))
    return layout, traces
