"""What one asks a book for: the same words for every kind of book."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import isnan
from operator import index
from typing import TYPE_CHECKING, Any

import msgspec
import pandas as pd

from okxlab.book.frames import cumulative_frame, depth_frame, side_frame
from okxlab.metrics.depth import fill_price
from okxlab.metrics.top import imbalance, microprice, spread_bps

if TYPE_CHECKING:
    from okxlab.book.top import TopOfBook

__all__ = ["BookFigures", "BookSnapshot", "Levels"]


class Levels(msgspec.Struct, frozen=True):
    """The levels of both sides at one moment, best first, as decoded."""

    bids: list[Any] = []
    asks: list[Any] = []
    ts: Any = ""
    seq_id: int = -1


class BookSnapshot(msgspec.Struct, frozen=True):
    """One consistent copy of a book.

    Attributes
    ----------
    bids, asks
        DataFrames, best level first, indexed by ``level`` from 1: ``px`` [quote
        per base], ``sz`` [base for spot, contracts otherwise], ``orders``
        (Int64), and ``organic_sz`` (the size without retail price improvement)
        in a book that has it.
    seq_id
        Place in the exchange's sequence; None if the book was not synced.
    ts
        When the exchange made it (UTC); NaT if the book was not synced.
    """

    bids: pd.DataFrame
    asks: pd.DataFrame
    seq_id: int | None
    ts: pd.Timestamp


class BookFigures(ABC):
    """The figures of a book, all from what it holds at one moment.

    Each call looks at the book anew: two calls may see two books.  What has to
    fit together comes from one call (`snapshot`, `depth`, `top`).
    """

    @property
    @abstractmethod
    def top(self) -> TopOfBook | None:
        """The best level of each side as a row; None while not synced."""

    @abstractmethod
    def read(self, n: int | None = None) -> Levels:
        """Return the best levels of both sides; empty while not synced."""

    @property
    def best_bid(self) -> float | None:
        """The highest price bid [quote per base], as a float.

        None while the book is not synced, and where nobody bids.  Its size and
        number of orders are in `top` and in ``depth(1)``.
        """
        top = self.top
        return None if top is None or isnan(top.bid) else top.bid

    @property
    def best_ask(self) -> float | None:
        """The lowest price asked [quote per base], as a float.

        None while the book is not synced, and where nobody asks.
        """
        top = self.top
        return None if top is None or isnan(top.ask) else top.ask

    @property
    def mid(self) -> float | None:
        """The mean of best bid and best ask; None if one of them is missing."""
        return self._of_top(lambda top: top.mid)

    @property
    def spread(self) -> float | None:
        """Best ask less best bid [quote per base]; None if one is missing.

        In an auction it may be 0 or less: crossed books are legal then.
        """
        return self._of_top(lambda top: top.spread)

    @property
    def spread_bps(self) -> float | None:
        """The spread as a part of the mid [basis points]; None if one is missing."""
        return self._of_top(lambda top: spread_bps(top.bid, top.ask))

    @property
    def microprice(self) -> float | None:
        """The mid, weighted by the size on the other side; None if one is missing.

        See `okxlab.metrics.microprice`.
        """
        return self._of_top(
            lambda top: microprice(top.bid, top.bid_sz, top.ask, top.ask_sz)
        )

    def _of_top(self, formula: Any) -> float | None:
        top = self.top
        if top is None:
            return None
        value: float = formula(top)
        return None if isnan(value) else value

    def imbalance(self, n: int = 1) -> float | None:
        """Return how much more is bid than asked on the best levels.

        Parameters
        ----------
        n
            Levels of each side to sum over.

        Returns
        -------
        float or None
            From -1 (only asks) to 1 (only bids); None while not synced or if the
            book is empty.  See `okxlab.metrics.imbalance`.

        Raises
        ------
        ValueError
            If ``n`` is below 1.
        """
        levels = self.read(_checked(n))
        bid_sz = sum(level.sz for level in levels.bids)
        ask_sz = sum(level.sz for level in levels.asks)
        return imbalance(bid_sz, ask_sz) if bid_sz or ask_sz else None

    def depth(self, n: int = 10) -> pd.DataFrame:
        """Return the best levels of both sides, side by side.

        Parameters
        ----------
        n
            Levels a side.

        Returns
        -------
        pandas.DataFrame
            Shape (levels, 6), best level first, indexed by ``level`` from 1:
            ``bid_px bid_sz bid_orders ask_px ask_sz ask_orders``.  Prices [quote
            per base], sizes [base for spot, contracts otherwise], orders Int64.
            Where one side is shorter its values are missing.  Empty while not
            synced.

        Raises
        ------
        ValueError
            If ``n`` is below 1.

        Notes
        -----
        About 50 us for 25 levels.  Safe from any thread.
        """
        levels = self.read(_checked(n))
        return depth_frame(levels.bids, levels.asks)

    def cumulative(self, n: int | None = None) -> pd.DataFrame:
        """Return how much is bid and asked up to each level.

        Parameters
        ----------
        n
            Levels a side; all by default.

        Returns
        -------
        pandas.DataFrame
            As `depth`, without the orders: ``bid_sz`` and ``ask_sz`` are summed
            from the best level to this one.

        Raises
        ------
        ValueError
            If ``n`` is below 1.
        """
        levels = self.read(n if n is None else _checked(n))
        return cumulative_frame(levels.bids, levels.asks)

    def vwap(self, side: str, size: float) -> float | None:
        """Return the mean price that a market order would get.

        Parameters
        ----------
        side
            ``"buy"``, which takes asks, or ``"sell"``, which takes bids.
        size
            Size of the order [base for spot, contracts otherwise].

        Returns
        -------
        float or None
            In the unit of the prices; NaN if the book holds less than ``size``;
            None while not synced.  See `okxlab.metrics.fill_price`.

        Raises
        ------
        ValueError
            If the side is another or the size is not above 0.
        """
        if side not in ("buy", "sell"):
            raise ValueError(
                f"side={side!r}: an order is to 'buy' (it takes asks) or to 'sell' "
                f"(it takes bids)"
            )
        levels = self.read()
        taken = levels.asks if side == "buy" else levels.bids
        price = fill_price(((level.px, level.sz) for level in taken), size)
        return price if levels.bids or levels.asks else None

    def snapshot(self, n: int | None = None) -> BookSnapshot:
        """Return one consistent copy of the book.

        Parameters
        ----------
        n
            Levels a side; all by default.

        Returns
        -------
        BookSnapshot
            Its sides are empty while the book is not synced.

        Raises
        ------
        ValueError
            If ``n`` is below 1.
        """
        levels = self.read(n if n is None else _checked(n))
        return BookSnapshot(
            bids=side_frame(levels.bids),
            asks=side_frame(levels.asks),
            seq_id=None if self._is_nothing(levels) else levels.seq_id,
            ts=_timestamp(levels.ts),
        )

    @staticmethod
    def _is_nothing(levels: Levels) -> bool:
        return levels.ts == "" and levels.seq_id == -1


def _timestamp(ts: Any) -> Any:
    return pd.Timestamp(ts, unit="ms", tz="UTC") if ts else pd.NaT


def _checked(n: int) -> int:
    try:
        count = 0 if isinstance(n, bool) else index(n)
    except TypeError:
        count = 0
    if count < 1:
        raise ValueError(f"the number of levels is a whole number above 0, not {n!r}")
    return count
