"""The book: what `okxlab.book` returns and a notebook looks at."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from okxlab.book import BookFigures
from okxlab.book.figures import Levels
from okxlab.stream.level_history import LevelHistory
from okxlab.stream.stream import Stream
from okxlab.table import parse_window
from okxlab.views.html import book_html

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    import pandas as pd

    from okxlab.book import TopOfBook
    from okxlab.runtime import Runtime
    from okxlab.stream.book_tape import BookTape
    from okxlab.views.charts.subject import Subject

__all__ = ["BookStream"]

_EVERY, _LEVELS, _MOMENTS = 1.0, 100, 1_800
"""What a heat map is drawn of: levels a side each second [s], half an hour."""


class BookStream(Stream, BookFigures):
    """A live order book, and the rolling history of its top.

    Made by `okxlab.book` and `Lab.book`; asking for the same book again gives
    the same object.  What it shows is what the exchange has: when an update was
    lost the book is empty (`is_synced` is False, every price None, `status`
    ``resyncing``) until a new snapshot has come, which it sees to by itself.
    Once it is closed, refused or failed it is empty for good; its history stays.

    `df`, `frame`, `latest`, `wait`, `on_update` and ``async for`` are about the
    history: one row for each change, with best bid and ask, their sizes and
    orders, mid, spread and imbalance.

    Notes
    -----
    All methods are safe from any thread and see whole updates only.
    """

    _tape: BookTape

    def __init__(
        self, tape: BookTape, runtime: Runtime, end: Callable[[Stream], None]
    ) -> None:
        super().__init__(tape, runtime, end)
        # Read and written by whoever asks: one dictionary operation at a time.
        self._histories: dict[tuple[float, int], LevelHistory] = {}

    @property
    def top(self) -> TopOfBook | None:
        """The best level of each side as a typed row; None while not synced."""
        return None if self._is_over else self._tape.book.top

    def read(self, n: int | None = None) -> Levels:
        """Return the best levels of both sides as typed values.

        Parameters
        ----------
        n
            Levels a side; all by default.

        Returns
        -------
        Levels
            ``bids``, ``asks`` (best first), ``ts`` and ``seq_id`` of one moment;
            empty while not synced.
        """
        return Levels() if self._is_over else self._tape.book.read(n)

    @property
    def is_synced(self) -> bool:
        """Whether the book is what the exchange has."""
        return not self._is_over and self._tape.book.is_synced

    @property
    def seq_id(self) -> int | None:
        """Place of the book in the exchange's sequence; None while not synced."""
        return None if self._is_over else self._tape.book.seq_id

    @property
    def age(self) -> float | None:
        """Time since the exchange last spoke of this book [s]; None if not synced.

        In a quiet market it says once a minute that nothing has changed.  A book
        of which nothing is heard for much longer (``book_silence`` of the
        `Environment`) is not believed any more: it is torn and asked for again.
        """
        if not self.is_synced:
            return None
        return max(0.0, time.time() - self._tape.recv_us / 1e6)

    @property
    def events(self) -> pd.DataFrame:
        """The resyncs: when the book was torn, why, and how it came back.

        Returns
        -------
        pandas.DataFrame
            Columns ``start``, ``end`` (datetime64[us, UTC], local receive time;
            ``end`` is NaT while it is torn), ``reason``, ``how``
            (``resubscribed``, ``fetched`` by REST, ``reconnected``) and
            ``attempts``; oldest first.
        """
        return self._tape.resync_log.snapshot()

    def levels(
        self,
        every: float = 1.0,
        n: int = 20,
        *,
        window: int | str | timedelta = 3_600,
    ) -> LevelHistory:
        """Record the best levels over time, from the first call on.

        Parameters
        ----------
        every
            Time between two rows [s].
        n
            Levels a side.
        window
            Rows to keep, or a duration such as ``"15min"``.

        Returns
        -------
        LevelHistory
            Its ``df`` is the record; the same object for the same ``every`` and
            ``n``.

        Raises
        ------
        ValueError
            If ``every`` or ``n`` is not above 0.
        ChannelError
            If the window cannot be read.
        """
        if not every > 0 or n < 1:
            raise ValueError(f"every={every!r} s and n={n!r} levels must be above 0")
        made = LevelHistory(every, n, parse_window(window))
        found = self._histories.setdefault((every, n), made)
        if found is made:
            self._runtime.post(self._tape.keep, made)
        return found

    def _repr_html_(self) -> str:
        return book_html(self)

    def _subject(self, name: str | None, last: int | None) -> Subject:
        found = super()._subject(name, last)
        levels = self.read()
        history = None
        if name == "heatmap":
            history = self.levels(_EVERY, _LEVELS, window=_MOMENTS).df
        return msgspec.structs.replace(
            found,
            kind="book",
            bids=levels.bids,
            asks=levels.asks,
            history=history if last is None or history is None else history.tail(last),
        )

    @property
    def _is_over(self) -> bool:
        """Whether nobody follows the exchange's book any more."""
        return self._tape.is_over or not self._runtime.is_running

    @property
    def _call(self) -> str:
        return f"okxlab.book({self._tape.args[0].params[0][1]!r}, {self.channel!r})"
