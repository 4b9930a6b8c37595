"""Tables: typed rows in, DataFrame snapshots out.

One thread writes, any thread reads, and neither waits for the other.  Three
kinds: `RollingTable` grows at the end, `BarTable` updates bars until they close,
`StateTable` keeps the current row of each key.

- `window`: how much is kept, as a user writes it
- `storage`: the arrays, and why readers need no lock
- `stage`: where new rows wait to be brought into the arrays
- `writing`: from typed rows to records and cells, the hot path
- `frames`: DataFrames over the arrays, all that depends on pandas' insides
- `mirror`: the copy that frames of bars and states show, kept up to date
- `insertion`: where rows belong that come after their successors
- `spans`: where a duration begins
- `base`, `rolling`, `keyed`, `bars`, `states`: the tables
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.table.bars import BarTable
from okxlab.table.base import Table
from okxlab.table.rolling import RollingTable
from okxlab.table.states import StateTable
from okxlab.table.window import MAX_ROWS, Window, parse_window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from okxlab.protocol.columns import Column

__all__ = [
    "MAX_ROWS",
    "BarTable",
    "RollingTable",
    "StateTable",
    "Table",
    "Window",
    "make_table",
    "parse_window",
]


def make_table(
    kind: str,
    columns: Sequence[Column],
    *,
    window: Window,
    key: tuple[str, ...] = (),
) -> Table:
    """Return an empty table.

    Parameters
    ----------
    kind
        Kind of the channel: ``log``, ``series``, ``bars`` or ``state``.
    columns
        The channel's columns.
    window
        How much to keep.
    key
        Columns that make up the key of a state table; others need none.

    Raises
    ------
    ValueError
        If there is no table of that kind.
    """
    match kind:
        case "log" | "series":
            return RollingTable(columns, window)
        case "bars":
            return BarTable(columns, window)
        case "state":
            return StateTable(columns, window, key)
        case _:
            raise ValueError(f"no table holds rows of kind {kind!r}")
