"""What the past of a channel is made of, and how a stretch of it is asked for.

A `Source` counts in its own places: bars by their opening time, trades by their
id.  A stretch of places is cut into pages that lie on a fixed grid, whatever is
asked for, so that a page that was once fetched serves every later question.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okxlab.history.calls import MarketCalls
    from okxlab.protocol.channels import Channel

__all__ = ["Page", "Source"]


class Page(msgspec.Struct, frozen=True):
    """A stretch of places that one answer covers.

    Attributes
    ----------
    low, high
        First place in it, and the first one behind it.
    """

    low: int
    high: int


class Source(ABC):
    """The past of one channel of one instrument.

    Parameters
    ----------
    calls
        Who asks.
    entry
        The channel.
    inst_id
        Instrument or index.
    step
        Places in a page.

    Attributes
    ----------
    row : type
        Struct of a row.
    """

    row: type[Any]

    def __init__(
        self, calls: MarketCalls, entry: Channel, inst_id: str, step: int
    ) -> None:
        self.calls = calls
        self.entry = entry
        self.inst_id = inst_id
        self.step = step

    def pages(self, low: int, high: int) -> Iterator[Page]:
        """Yield the pages of the grid that cover a stretch, newest first.

        Parameters
        ----------
        low, high
            The stretch: the first place in it, and the first one behind it.
        """
        last = (high - 1) // self.step
        for number in range(last, low // self.step - 1, -1):
            yield Page(number * self.step, (number + 1) * self.step)

    @abstractmethod
    async def stretch(
        self, start_ms: int | None, end_ms: int, rows: int | None
    ) -> tuple[int, int]:
        """Return the places of a time or of a number of rows.

        Parameters
        ----------
        start_ms, end_ms
            From when, and before when [Unix ms].
        rows
            If there is no start: about how many rows before the end, at least.
        """

    @abstractmethod
    async def fetch(self, page: Page, now_ms: int) -> list[Any]:
        """Ask for the rows of a page, or of any stretch as small.

        Parameters
        ----------
        page
            The page.
        now_ms
            The exchange's time [Unix ms].

        Returns
        -------
        list
            Typed rows, oldest first, each place once.
        """

    @abstractmethod
    def is_whole(self, page: Page, rows: list[Any], now_ms: int) -> bool:
        """Tell whether rows are all there will ever be of a page."""

    @abstractmethod
    def place(self, row: Any) -> int:
        """Return the place of a row."""

    @abstractmethod
    def missing(self, rows: list[Any]) -> int:
        """Return how many rows are missing between the first and the last.

        Parameters
        ----------
        rows
            Rows in order of their places.
        """

    @abstractmethod
    def is_cut(self, rows: list[Any], start_ms: int) -> bool:
        """Tell whether rows begin later than was asked for.

        Parameters
        ----------
        rows
            Rows in order of their places.
        start_ms
            From when they were asked for [Unix ms].
        """

    def most(self, low: int, high: int) -> int:
        """Return how many rows a stretch can hold at most."""
        return high - low

    def in_page(self, rows: list[Any], page: Page) -> list[Any]:
        """Return the rows that are in a page, in order, each place once.

        Parameters
        ----------
        rows
            What came.
        page
            What was asked for.
        """
        found = {
            place: row
            for row in rows
            if page.low <= (place := self.place(row)) < page.high
        }
        return [found[place] for place in sorted(found)]
