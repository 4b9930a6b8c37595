"""The first levels of a book over time: what a heat map is drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.protocol.columns import RECV, Column, book_columns
from okxlab.table import make_table

if TYPE_CHECKING:
    import pandas as pd

    from okxlab.book import OrderBook
    from okxlab.table import Window

__all__ = ["LevelHistory"]

_TS = Column(name="ts", kind="ms", field="ts", doc="Time the book was made [ms, UTC].")


class LevelHistory:
    """A rolling record of the best levels, at equal distances in time.

    Made by `BookStream.levels`.

    Parameters
    ----------
    every
        Shortest time between two rows, on the exchange's clock [s].
    n
        Levels a side.
    window
        Rows or duration to keep.

    Notes
    -----
    A row is taken from the first change of the book after its time has come, so
    a quiet book has fewer, and a torn one none.
    """

    def __init__(self, every: float, n: int, window: Window) -> None:
        self.every = every
        self.n = n
        self._every_ms = max(int(every * 1000), 1)
        self._slot = -1
        columns = tuple(one for one in book_columns(n) if one.part != "orders")
        self.table = make_table("series", (_TS, *columns, RECV), window=window)

    def take(self, book: OrderBook, recv_us: int) -> None:
        """Record the book if it is time to; loop thread only."""
        top = book.top
        slot = int(top.ts or 0) // self._every_ms if top is not None else self._slot
        if slot != self._slot:
            self._slot = slot
            self.table.append([book.read(self.n)], recv_us)

    @property
    def df(self) -> pd.DataFrame:
        """The record as it is now, oldest row first.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``ts`` (when the exchange made the book, UTC): ``bid_px_1
            bid_sz_1 ... ask_px_1 ask_sz_1 ...`` and ``recv``.  NaN where a side
            had fewer levels.
        """
        return self.table.snapshot()

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return (
            f"<LevelHistory {self.n} levels every {self.every:g} s: {len(self)} rows>"
        )
