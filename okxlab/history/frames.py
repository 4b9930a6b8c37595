"""From fetched pages to a finished DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from okxlab.history.sources import as_rows_of
from okxlab.protocol.columns import ORIGINS
from okxlab.table import Window, make_table

if TYPE_CHECKING:
    import pandas as pd

    from okxlab.history.download import Fetched
    from okxlab.history.source import Source

__all__ = ["clipped", "history_frame"]

_HISTORY: Final = ORIGINS.index("history")


def clipped(
    source: Source,
    fetched: list[Fetched],
    places: tuple[int, int],
    times: tuple[int | None, int],
    rows: int | None,
) -> list[Fetched]:
    """Return what of the fetched rows was asked for.

    Parameters
    ----------
    source
        Of what.
    fetched
        Pages, oldest first.
    places
        First place that was asked for, and the first behind.
    times
        From when and before when [Unix ms].
    rows
        How many at most, the newest; None for all.
    """
    low, high = places
    start_ms, end_ms = times

    def is_asked_for(row: Any) -> bool:
        return low <= source.place(row) < high and (
            (start_ms is None or start_ms <= row.ts) and row.ts < end_ms
        )

    kept: list[Fetched] = []
    left = rows
    for one in reversed(fetched):
        chosen = [row for row in one.rows if is_asked_for(row)]
        if left is not None:
            chosen = chosen[max(len(chosen) - left, 0) :]
            left -= len(chosen)
        kept.append(type(one)(one.page, chosen, one.recv_us))
    return kept[::-1]


def history_frame(source: Source, fetched: list[Fetched]) -> pd.DataFrame:
    """Return rows as a frame with the columns and dtypes of a stream of them.

    Parameters
    ----------
    source
        Of what.
    fetched
        Pages, oldest first.
    """
    count = max(sum(len(one.rows) for one in fetched), 1)
    columns = source.entry.columns()
    table = make_table("log", columns, window=Window(count, None, count))
    for one in fetched:
        rows = as_rows_of(source.entry, one.rows)
        table.append(rows, one.recv_us, source.inst_id, _HISTORY)
    # A frame of its user's own, not a view of a buffer that is twice as long.
    return table.snapshot().copy()
