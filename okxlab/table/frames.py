"""DataFrames over a buffer's arrays: the one place that knows pandas' insides.

A frame is laid over a whole buffer once; a snapshot is a slice of it, which
costs the same at any length.  Nothing is copied and nothing validated, so the
values may still be written behind the slices that were handed out.  In return
no write of a user may reach the arrays.  pandas' copy-on-write sees to the
writes it knows of; `seal` closes the two holes it leaves:

- it forgets that the buffer shares the values as soon as the frame below a
  slice is gone, and then writes in place;
- ``.array`` and ``.values`` of a Series hand out the values themselves.

pandas offers no public way to either.  What is used here instead was tried on
pandas 3.0.0 and 3.1.1, and `tests/unit/test_table_frames.py` fails if a later one
behaves differently.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.internals import create_dataframe_from_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from okxlab.table.storage import Cells

__all__ = ["lay_frame", "seal"]


def lay_frame(
    cells: list[Cells],
    blocks: dict[tuple[int, ...], NDArray[Any]],
    *,
    by_time: bool,
) -> pd.DataFrame:
    """Return a frame that shares every value with the arrays.

    Parameters
    ----------
    cells
        The columns, in order.
    blocks
        Arrays of shape (k, n), keyed by the positions of the k columns in them.
    by_time
        Whether the first column, ``ts``, is the index.

    Returns
    -------
    pandas.DataFrame
        Shape (n, columns), sealed.
    """
    shift = 1 if by_time else 0
    placed = [
        (_block(cells[positions[0]], array), np.array(positions) - shift)
        for positions, array in blocks.items()
        if not (by_time and positions == (0,))
    ]
    rows = len(cells[0].array)
    frame = create_dataframe_from_blocks(
        placed,
        index=_time_index(cells[0].array) if by_time else pd.RangeIndex(rows),
        columns=_labels(tuple(cell.column.name for cell in cells[shift:])),
    )
    seal(frame)
    return frame


def seal(frame: pd.DataFrame) -> None:
    """See to it that no write into the frame or a slice of it stays in place.

    Parameters
    ----------
    frame
        A frame whose values nobody writes into by way of pandas.
    """
    for block in frame._mgr.blocks:  # noqa: SLF001 # there is no public way
        values = block.values  # noqa: PD011 # a block's, not a frame's
        arrays = _arrays_of(values)
        # The values count as shared as long as the memory lives, not only as
        # long as this frame does: a write then copies first, always.
        block.refs.add_index_reference(_owner(arrays[0]))
        if hasattr(values, "_mask"):
            # pandas' own cumsum writes below the mask, so the array itself
            # must stay writable.  pandas 3.0 has no such mark and ignores it.
            values._readonly = True  # noqa: SLF001 # there is no public way
            continue
        for array in arrays:
            array.flags.writeable = False


def _time_index(values: NDArray[np.int64]) -> pd.DatetimeIndex:
    times = _times(values, "ms")
    times._ndarray.flags.writeable = False  # noqa: SLF001 # ``index.asi8`` shows it
    return pd.DatetimeIndex(times, copy=False, name="ts")


def _block(cells: Cells, array: NDArray[Any]) -> Any:
    """Return the array as pandas keeps a block of such columns."""
    column, values, mask = cells
    # A view, because sealing must not forbid the writer to write.
    values = values.view()
    match column.kind:
        case "ms" | "us":
            return _times(values, column.kind).reshape(1, -1)
        case "Int64":
            return pd.arrays.IntegerArray(values, mask)
        case "boolean":
            return pd.arrays.BooleanArray(values.view(np.bool_), mask)
        case "str":
            return _texts(values)
        case "category":
            dtype = _categories(column.categories)
            return pd.Categorical.from_codes(values, dtype=dtype, validate=False)
        case _:
            return array.view()


def _times(values: NDArray[np.int64], unit: str) -> Any:
    """Return a UTC datetime array over the integers, without a copy."""
    return _no_times(unit)._from_backing_data(values.view(f"M8[{unit}]"))  # noqa: SLF001


def _texts(values: NDArray[np.object_]) -> Any:
    """Return a `str` array over the objects, without looking at each of them."""
    # The public constructor reads the whole buffer: 20 ns a row of capacity.
    return _no_texts()._from_backing_data(values)  # noqa: SLF001


# What is the same for all frames: making it anew would be most of the price of a
# frame of 10,000 bars, which is laid after every change.


@lru_cache(maxsize=256)
def _labels(names: tuple[str, ...]) -> pd.Index:
    return pd.Index(names)


@lru_cache(maxsize=256)
def _categories(texts: tuple[str, ...]) -> pd.CategoricalDtype:
    return pd.CategoricalDtype(texts)


@cache
def _no_times(unit: str) -> Any:
    return pd.array([], dtype=pd.DatetimeTZDtype(unit, "UTC"))


@cache
def _no_texts() -> Any:
    """Return an empty array of pandas' ``str`` in its Python storage.

    That is the same whether pyarrow is installed or not.
    """
    dtype = pd.StringDtype("python", na_value=np.nan)
    return pd.arrays.StringArray(np.empty(0, object), dtype=dtype)


def _arrays_of(values: Any) -> list[NDArray[Any]]:
    """Return the numpy arrays that an array of pandas consists of."""
    if isinstance(values, np.ndarray):
        return [values]
    if hasattr(values, "_mask"):
        return [values._data, values._mask]  # noqa: SLF001
    return [values._ndarray]  # noqa: SLF001


def _owner(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array that the memory belongs to: every view keeps it alive."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
