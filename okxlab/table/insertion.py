"""Where rows belong that come after their successors.

Rows of one instrument stand in the order of a key that counts them (`trade_id`).
Between two rows of it there may be rows of other instruments; there a late row
goes behind those that are not younger than it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from okxlab.table.storage import Buffer

__all__ = ["merge", "positions"]


def positions(
    keys: NDArray[np.int64],
    ts: NDArray[np.int64],
    own: NDArray[np.bool_] | None,
    new_keys: NDArray[np.int64],
    new_ts: NDArray[np.int64],
) -> NDArray[np.intp]:
    """Return before which row each new one belongs.

    Parameters
    ----------
    keys, ts
        Key and time of the rows there are.
    own
        Which of them are of the instrument of the new rows; None if all are.
    new_keys, new_ts
        Key and time of the new rows, in order of the key.

    Returns
    -------
    numpy.ndarray
        (n,) positions, never falling; ``len(keys)`` is behind the last row.
    """
    if own is None:
        return np.searchsorted(keys, new_keys)
    rows = np.flatnonzero(own)
    after = np.searchsorted(keys[rows], new_keys)
    # The row of the instrument that each comes behind, and the one before which.
    lows = np.concatenate(([0], rows + 1))[after]
    highs = np.concatenate((rows, [len(keys)]))[after]
    found = np.empty(len(new_keys), np.intp)
    for low in np.unique(lows):
        here = lows == low
        passed = np.maximum.accumulate(ts[low : highs[here][0]])
        found[here] = low + np.searchsorted(passed, new_ts[here], side="right")
    return np.maximum.accumulate(found)


def merge(
    old: Buffer, start: int, stop: int, new: Buffer, at: NDArray[np.intp], capacity: int
) -> Buffer:
    """Return a buffer with the rows of two.

    Parameters
    ----------
    old, start, stop
        The rows that are there, settled, and which of them stay.
    new
        The rows that come in between, settled.
    at
        Before which of the rows that stay each of them goes, counted from
        ``start``.
    capacity
        Rows that the result has room for.

    Returns
    -------
    Buffer
        Its ``born`` tells in which order the rows came.
    """
    rows = slice(start, stop)
    merged = old.fresh(slice(0, 0), capacity, old.first + start)
    count = stop - start + new.stop
    for olds, news, cells in zip(old.cells, new.cells, merged.cells, strict=True):
        cells.array[:count] = np.insert(olds.array[rows], at, news.array[: new.stop])
        if cells.mask is not None and olds.mask is not None and news.mask is not None:
            cells.mask[:count] = np.insert(olds.mask[rows], at, news.mask[: new.stop])
    mark = old.first + old.stop
    coming = np.arange(mark + 1, mark + new.stop + 1)
    merged.born = np.insert(old.births(start, stop), at, coming)
    merged.stop = count
    return merged
