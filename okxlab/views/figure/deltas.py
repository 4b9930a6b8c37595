"""What changes in a live figure: the seam between charts and the page.

A chart is a `plotly.graph_objects.Figure` to begin with, and from then on a
list of deltas now and then.  A `Source` gives them: the painter asks it for what
has changed since it was asked last, at most as often as the page can paint, so
that nothing queues anywhere: a source that is asked rarely says more at once.

*Columns* are the array-valued attributes of a trace, named by their dotted path
as plotly's own ``restyle`` does: ``"x"``, ``"open"``, ``"marker.size"``,
``"customdata"``.  The columns of a trace that belong to its rows have the same
length.  Values are

- numbers of any width and booleans: they travel as float64; missing is NaN;
- times (datetime64 of any unit, an aware `pandas.DatetimeIndex`): they travel as
  milliseconds since 1970 UTC in float64, and the axis is made a date axis;
- texts: a list or an object array of str; None is missing;
- two dimensions, shape (rows, columns), for heat maps: they travel flat, and rows
  are counted along the first axis.

*Rows* are counted from 0 at the oldest one that the figure holds at that moment,
and from -1 backwards at the newest, as in a Python sequence.

There are two ways to make a chart live.  A specialised source knows what is new
from the marks of its table and says just that.  For any other chart
`okxlab.views.figure.drawn.Drawn` is the source: it calls a function that draws
the whole figure when something is new, and answers with one `Redraw`, of which
only what differs from before is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = [
    "Append",
    "Columns",
    "Delta",
    "Redraw",
    "Relayout",
    "Replace",
    "ReplaceTail",
    "Restyle",
    "Source",
]

Columns: TypeAlias = Mapping[str, "np.ndarray | pd.Index | Sequence[Any]"]
"""Array-valued attributes of one trace by their dotted path."""


@dataclass(frozen=True, slots=True)
class Append:
    """Add rows at the newest end of a trace, and let the oldest ones go.

    Parameters
    ----------
    trace
        Position of the trace in ``figure.data``.
    columns
        The new rows: every column that the trace has rows in, of equal length.
        With no rows, only `keep` acts.
    keep
        Rows to keep after that, the newest; all by default.
    """

    trace: int
    columns: Columns
    keep: int | None = None


@dataclass(frozen=True, slots=True)
class ReplaceTail:
    """Replace all rows from one on by others, of which there may be more or fewer.

    The usual one for candles: ``ReplaceTail(0, -1, {...})`` with one row changes
    the unfinished bar, with two it also opens the next.

    Parameters
    ----------
    trace
        Position of the trace in ``figure.data``.
    start
        First row that is replaced; negative counts from the newest.
    columns
        What stands there instead: every column that the trace has rows in.
    keep
        Rows to keep after that, the newest; all by default.
    """

    trace: int
    start: int
    columns: Columns
    keep: int | None = None


@dataclass(frozen=True, slots=True)
class Replace:
    """Replace whole columns of a trace; columns that are not named stay.

    Parameters
    ----------
    trace
        Position of the trace in ``figure.data``.
    columns
        The new columns, of any length.
    """

    trace: int
    columns: Columns


@dataclass(frozen=True, slots=True)
class Restyle:
    """Change attributes of a trace that are not columns, such as its name.

    Parameters
    ----------
    trace
        Position of the trace in ``figure.data``.
    changes
        JSON values by dotted path: ``{"line.color": "#f66", "visible": False}``.
    """

    trace: int
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Relayout:
    """Change the layout: a line at the last price, a title, a shaded gap.

    A hundred times cheaper to paint than any change of rows, so it is painted at
    every frame while rows may wait for a few.  Ranges of an axis are left alone
    where the user has zoomed or panned it.

    Parameters
    ----------
    changes
        JSON values by path as in plotly's ``relayout``:
        ``{"shapes[0].y0": 64_001.5, "title.text": "..."}``; times within it are
        numbers [ms since 1970 UTC].
    """

    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Redraw:
    """Show another drawing: the same chart with new rows, or another chart.

    Parameters
    ----------
    figure
        A `plotly.graph_objects.Figure`, or the same as plain values: anything with
        ``traces`` (a list of dicts) and ``layout`` (a dict).  Where it has the
        same kinds of traces with the same columns as before, only what differs
        is sent.
    """

    figure: Any


Delta: TypeAlias = Append | ReplaceTail | Replace | Restyle | Relayout | Redraw


class Source(Protocol):
    """Where a live figure gets its changes from."""

    def changes(self) -> Sequence[Delta]:
        """Return what has changed since the last call; nothing: an empty list.

        Returns
        -------
        sequence of Delta
            In the order in which they are to be applied.  They are handed over:
            the arrays in them must not change any more.

        Notes
        -----
        Called on the painter thread, one call at a time, at most as often as
        frames are sent; not at all while nobody can see the figure.  What it
        raises is logged and counted, and it is asked again later: rows that it
        had not handed over by then have to be in the next answer.
        """
