"""DataFrames over a buffer's arrays: the one place that knows pandas' insides.

A `Sheet` is made of the arrays once; a frame of some of their rows then costs the
same at any length.  Nothing is copied and nothing validated, so the values may
still be written behind the frames that were handed out.  In return no write of a
user may reach the arrays.  pandas' copy-on-write sees to the writes it knows of;
two holes are closed here:

- pandas does not know that somebody else looks at the values, and would write in
  place where no other frame does;
- ``.array`` and ``.values`` of a Series hand out the values themselves.

One is left open: pandas passes its mark of read-only not on to what ``ravel``,
``reshape`` and ``T`` of a nullable ``.array`` return, and without the right to write
its own ``cumsum`` of such a column fails.

pandas offers no public way to either.  Its public way to a slice of a frame takes
three times as long: it asks of each array anew what its slices are.  What is used
here instead was tried on pandas 3.0.0 and 3.1.1, and
`tests/unit/test_table_frames.py` fails if a later one behaves differently.
"""

# ruff: noqa: SLF001 # there is no public way, as said above

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import ref

import numpy as np
import pandas as pd
from pandas.api.internals import create_dataframe_from_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from okxlab.protocol.columns import Column
    from okxlab.table.storage import Cells

__all__ = ["Sheet"]

_INDEX: Final = (0,)
"""Positions in the block that is the index, if there is one."""


class _Form(NamedTuple):
    """What the blocks over some columns have in common."""

    positions: tuple[int, ...]
    """Positions of the columns in the table."""
    kind: Any
    """Class of the block."""
    place: Any
    """Positions of the columns in the frame."""
    empty: Any
    """Values of the block in a frame without rows."""


class _Piece(NamedTuple):
    """What a block over some arrays is made of."""

    kind: Any
    place: Any
    empty: Any
    array: NDArray[Any]
    """The rows along the last axis."""
    mask: NDArray[np.bool_] | None
    owner: NDArray[Any]
    """What the rows are lent by."""


class Sheet:
    """Arrays as pandas sees them, to lay frames over.

    Parameters
    ----------
    cells
        The columns, in order.
    blocks
        Arrays of shape (k, n), keyed by the positions of the k columns in them.
    by_time
        Whether the first column, ``ts``, is the index.
    """

    __slots__ = ("_bare", "_owners", "_pieces", "_times")

    def __init__(
        self,
        cells: list[Cells],
        blocks: dict[tuple[int, ...], NDArray[Any]],
        *,
        by_time: bool,
    ) -> None:
        columns = tuple(cell.column for cell in cells)
        self._bare, forms = _forms(columns, tuple(blocks), by_time=by_time)
        self._owners: list[NDArray[Any]] = []
        self._times: NDArray[Any] | None = None
        if by_time:
            self._times = self._lent(blocks[_INDEX])
        self._pieces = [
            self._piece(form, blocks[form.positions], cells[form.positions[0]].mask)
            for form in forms
        ]

    def watch(self) -> list[ref[NDArray[Any]]]:
        """Return references that tell whether somebody looks at the values.

        Returns
        -------
        list of weakref.ref
            All are dead as soon as the sheet, its frames, and all that shares a
            value with one of these are gone: not earlier, since no memory is freed
            that is in use.
        """
        return [ref(owner) for owner in self._owners]

    def frame(self, start: int, stop: int) -> pd.DataFrame:
        """Return a frame of some of the rows, which shares every value with them.

        Parameters
        ----------
        start, stop
            Which rows.

        Returns
        -------
        pandas.DataFrame
            No write into it reaches the arrays.

        Notes
        -----
        Any thread.
        """
        rows = slice(start, stop)
        blocks = []
        for kind, place, empty, array, mask, owner in self._pieces:
            if mask is not None:
                values = empty._simple_new(array[rows], mask[rows])
                # pandas' own cumsum writes below the mask, so the array itself must
                # stay writable.  pandas 3.0 has no such mark and ignores it.
                values._readonly = True
            elif isinstance(empty, np.ndarray):
                values = array[:, rows]
            else:
                values = empty._from_backing_data(array[..., rows])
            block = kind(values, place, ndim=2)
            # The values count as shared as long as anything shows them, not only as
            # long as another frame does: a write then copies first, always.
            block.refs.add_index_reference(owner)
            blocks.append(block)
        # A view, because the name of an axis belongs to each frame.
        axes = [self._bare.columns.view(), self._index(rows)]
        manager = type(self._bare._mgr)(tuple(blocks), axes, verify_integrity=False)
        return pd.DataFrame._from_mgr(manager, axes)

    def _index(self, rows: slice) -> pd.Index:
        if self._times is None:
            return pd.RangeIndex(rows.stop - rows.start)
        empty = self._bare.index
        times = self._times[0, rows].view(empty._data._ndarray.dtype)
        index = empty._simple_new(empty._data._from_backing_data(times), empty.name)
        index._references.add_index_reference(self._times)
        return index

    def _piece(
        self, form: _Form, array: NDArray[Any], mask: NDArray[np.bool_] | None
    ) -> _Piece:
        _, kind, place, empty = form
        if mask is not None:
            owner = self._lent(array, writable=True)
            values = owner[0].view(empty._data.dtype)
            mask = self._lent(mask, writable=True)
        else:
            owner = values = self._lent(array)
            if not isinstance(empty, np.ndarray):
                like = empty._ndarray
                values = (owner if like.ndim == 2 else owner[0]).view(like.dtype)
        return _Piece(kind, place, empty, values, mask, owner)

    def _lent(self, array: NDArray[Any], *, writable: bool = False) -> NDArray[Any]:
        """Return an array over the same memory, which lives as long as it is seen."""
        # The base of a view is the first array in its line of descent.  A memoryview
        # ends that line: so what is seen of our frames has this array for a base.
        memory = array.data if writable else array.data.toreadonly()
        lent = np.asarray(memory)
        self._owners.append(lent)
        return lent


# Hundreds of streams share a few dozen sets of columns.
@lru_cache(maxsize=256)
def _forms(
    columns: tuple[Column, ...], blocks: tuple[tuple[int, ...], ...], *, by_time: bool
) -> tuple[pd.DataFrame, list[_Form]]:
    """Return a frame without rows, and the forms of its blocks."""
    shift = 1 if by_time else 0
    shown = [at for at in blocks if not (by_time and at == _INDEX)]
    index: pd.Index = pd.RangeIndex(0)
    if by_time:
        index = pd.DatetimeIndex([], dtype=_dtype(columns[0]), name=columns[0].name)
    bare = create_dataframe_from_blocks(
        [(_empty(columns[at[0]], len(at)), np.array(at) - shift) for at in shown],
        index=index,
        columns=pd.Index([column.name for column in columns[shift:]]),
    )
    return bare, [
        _Form(at, type(block), block.mgr_locs, block.values)
        for at, block in zip(shown, bare._mgr.blocks, strict=True)
    ]


def _empty(column: Column, count: int) -> Any:
    """Return what a block of so many columns of a kind holds without rows."""
    dtype = _dtype(column)
    if isinstance(dtype, np.dtype):
        return np.empty((count, 0), dtype)
    values = pd.array([], dtype=dtype)
    # pandas keeps times in two dimensions, other arrays of its own in one.
    return values.reshape(1, 0) if column.kind in ("ms", "us") else values


def _dtype(column: Column) -> Any:
    match column.kind:
        case "ms" | "us":
            return pd.DatetimeTZDtype(column.kind, "UTC")
        case "category":
            return pd.CategoricalDtype(column.categories)
        case "str":
            # The same whether pyarrow is installed or not.
            return pd.StringDtype("python", na_value=np.nan)
        case "Int64" | "boolean":
            return pd.api.types.pandas_dtype(column.kind)
        case _:
            return np.dtype(column.kind)
