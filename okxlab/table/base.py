"""What all tables have in common."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from weakref import WeakMethod

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from okxlab.protocol.columns import Column
    from okxlab.table.window import Window

__all__ = ["News", "Seen", "Table", "check_last", "weakly"]

ResultT = TypeVar("ResultT")

_log: Final = logging.getLogger("okxlab.table")

_UNKNOWN_LIMIT: Final = 1_000
"""Different unknown values counted one by one: a bound on a hostile stream."""
_UNKNOWN_TEXT: Final = 64
"""Characters kept of an unknown value."""


class Seen(NamedTuple):
    """How far a reader has come."""

    mark: int = 0
    """What was written up to this mark was there to be seen."""
    rows: int = 0
    """Rows that the table had had by then; an update of one counts nothing."""


class News(NamedTuple):
    """What a reader has not seen so far."""

    frame: pd.DataFrame
    """As `Table.changes` returns it."""
    seen: Seen
    """How far the reader has come with it."""
    lost: int
    """Rows that came and left the window before the reader came."""


class Table(ABC):
    """Rows of one stream, written by one thread and read by any.

    Readers never wait for the writer nor the writer for a reader: a snapshot
    shows the rows that were whole when it was taken.

    Parameters
    ----------
    columns
        The columns, the index among them.
    window
        How much to keep.

    Attributes
    ----------
    columns : tuple of Column
        As given.
    unknown : dict
        How often a value did not fit its column and became missing, by column
        name and text.
    """

    def __init__(self, columns: Sequence[Column], window: Window) -> None:
        self.columns = tuple(columns)
        self.unknown: dict[tuple[str, str], int] = {}
        # Knows the counts and not the table: a table that is let go is freed at
        # once, not when the garbage collector comes round.
        self._refuse = partial(_refuse, self.unknown)
        # Written by the writer thread; readers take it once per snapshot.
        self._window = window

    @property
    def window(self) -> Window:
        """How much the table keeps."""
        return self._window

    def grow(self, window: Window) -> None:
        """Keep at least so much from now on; a smaller window changes nothing.

        Parameters
        ----------
        window
            The window that is wanted.  Rows and a duration add up: a row stays
            as long as either keeps it.

        Notes
        -----
        Writer thread.  Rows that have left the window but are still in memory
        come back.  Snapshots taken before do not change.
        """
        self._window = self._window.union(window)

    @abstractmethod
    def append(
        self,
        rows: Sequence[Any],
        recv_us: int,
        inst_id: str | None = None,
        origin: int = 0,
    ) -> int:
        """Write rows.

        Parameters
        ----------
        rows
            Row structs, in order of arrival.
        recv_us
            Local receive time of all of them [us since 1970].
        inst_id
            Instrument, for tables whose rows do not name theirs.
        origin
            Position in `ORIGINS`: 0 live, 1 history.

        Returns
        -------
        int
            Number of rows written.

        Notes
        -----
        Writer thread.  A value that does not fit its column becomes missing and
        is counted in `unknown`; it is never an error.
        """

    @abstractmethod
    def snapshot(self, last: int | None = None) -> pd.DataFrame:
        """Return the rows in the window as a DataFrame.

        Parameters
        ----------
        last
            Number of newest rows to return; all by default.

        Returns
        -------
        pandas.DataFrame
            Oldest row first.  Later rows never change it, and writing into it
            never changes the table.  Missing values are NaN, NaT or NA.

        Raises
        ------
        ValueError
            If ``last`` is negative.

        Notes
        -----
        Any thread.
        """

    @property
    @abstractmethod
    def seen(self) -> Seen:
        """What a reader who begins now has seen."""

    @abstractmethod
    def news(self, seen: Seen) -> News:
        """Return what was written since, and how much of it has gone again.

        Parameters
        ----------
        seen
            How far the reader has come.

        Notes
        -----
        Any thread.
        """

    def changes(self, mark: int) -> tuple[pd.DataFrame, int]:
        """Return what was written after a mark, and the mark to ask with next.

        Parameters
        ----------
        mark
            A `mark` of this table.

        Returns
        -------
        pandas.DataFrame
            Rows written or changed after the mark and still in the window, in
            the order and with the columns of `snapshot`.
        int
            The mark that the frame reaches up to.

        Notes
        -----
        Any thread.
        """
        found = self.news(Seen(mark))
        return found.frame, found.seen.mark

    def since(self, mark: int) -> pd.DataFrame:
        """Return the rows written or changed after a mark, as `changes` does."""
        return self.changes(mark)[0]

    @property
    @abstractmethod
    def mark(self) -> int:
        """Rows ever written; an update of a row counts as one."""

    @property
    @abstractmethod
    def first_mark(self) -> int:
        """The mark that `since` reaches back to: what lies before left the window."""

    @property
    @abstractmethod
    def capped(self) -> bool:
        """Whether `Window.max_rows` is reached, and older rows have to go for it."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of rows in the window."""


def _refuse(unknown: dict[tuple[str, str], int], column: str, value: object) -> None:
    """Count a value that did not fit its column; log it the first time."""
    key = (column, str(value)[:_UNKNOWN_TEXT])
    if key not in unknown:
        if len(unknown) >= _UNKNOWN_LIMIT:
            key = (column, "(others)")
        _log.warning("column %s: value %r does not fit and became missing", *key)
    unknown[key] = unknown.get(key, 0) + 1


def weakly(method: Callable[..., ResultT]) -> Callable[..., ResultT]:
    """Return a function that calls a method without keeping its object alive.

    Parameters
    ----------
    method
        A bound method of an object that is alive whenever the function is called.
    """
    reference = WeakMethod(method)

    def call(*args: Any) -> ResultT:
        bound = reference()
        assert bound is not None, "called on behalf of an object that is gone"
        return bound(*args)

    return call


def check_last(last: int | None) -> None:
    """Refuse a negative number of rows.

    Parameters
    ----------
    last
        Number of newest rows, None for all.

    Raises
    ------
    ValueError
        If it is negative.
    """
    if last is not None and last < 0:
        raise ValueError(f"last {last!r} is negative: give the number of newest rows")
