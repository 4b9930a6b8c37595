"""States: the current row of each key."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from okxlab.table.keyed import KeyedTable, Laid, Roster

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    import pandas as pd

    from okxlab.protocol.columns import Column
    from okxlab.table.window import Window

__all__ = ["StateTable"]


class StateTable(KeyedTable["Hashable"]):
    """Current rows by key, in order of first arrival.

    Parameters
    ----------
    columns
        The columns, those of the key among them.
    window
        Only ``max_rows`` counts: of more keys than that, those that came first
        are let go.
    key
        Columns that make up the key; in frames they are the index.

    Raises
    ------
    ValueError
        If there is no key, or a column of it is missing.
    """

    def __init__(
        self, columns: Sequence[Column], window: Window, key: tuple[str, ...]
    ) -> None:
        names = {column.name: column for column in columns}
        if not key or not names.keys() >= set(key):
            raise ValueError(f"key {key!r} is not made of the columns {list(names)}")
        key_of = _key_reader([names[name] for name in key])
        super().__init__(columns, window, key_of, by_time=False)
        self._key_columns = list(key)

    @property
    def capped(self) -> bool:  # noqa: D102 # inherited
        return len(self) >= self._window.max_rows

    def discard(self, keys: Iterable[Hashable]) -> int:
        """Remove rows.

        Parameters
        ----------
        keys
            Their keys: values if the key is one column, else tuples.  Unknown
            ones are passed over.

        Returns
        -------
        int
            Number of rows removed.

        Notes
        -----
        Writer thread.  `changes` does not tell what was removed.
        """
        gone = self._slots.keys() & set(keys)
        if gone:
            kept = [key for key in self._slots if key not in gone]
            roster = self._roster
            slots = [self._slots[key] for key in kept]
            self._renumber(kept)
            self._roster = Roster(
                roster.buffer, roster.versions[slots], roster.marks[slots]
            )
        return len(gone)

    def replace(
        self, rows: Sequence[Any], recv_us: int, inst_id: str | None = None
    ) -> int:
        """Make these rows the whole table, in one step for readers.

        Parameters
        ----------
        rows
            Every row that there is now; of several with one key the last counts.
        recv_us, inst_id
            As in `append`.

        Returns
        -------
        int
            Number of rows written.

        Notes
        -----
        Writer thread.  Keys that stay keep their place.
        """
        self._writer.append(rows, recv_us, inst_id, 0)
        start = self._roster.buffer.stop - len(rows)
        versions = {self._key_of(row, inst_id): place for place, row in enumerate(rows)}
        kept = [key for key in self._slots if key in versions]
        keys = kept + [key for key in versions if key not in self._slots]
        places = [versions[key] for key in keys]
        mark = self._mark
        self._renumber(keys)
        self._roster = Roster(
            self._roster.buffer,
            [start + place for place in places],
            [mark + 1 + place for place in places],
        )
        self._mark = mark + len(rows)
        return len(rows)

    def _limit(self) -> int:
        return self._window.max_rows

    def _start(self, _roster: Roster, count: int) -> int:
        return max(0, count - self._window.max_rows)

    def _source(self, laid: Laid) -> Callable[[int | None], pd.DataFrame]:
        # To make the index costs ten times what a frame does.
        frame = self._finish(laid.frame())

        def source(last: int | None) -> pd.DataFrame:
            if last is None:
                return frame.copy(deep=False)
            return frame.iloc[max(0, len(frame) - last) :]

        return source

    def _finish(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.set_index(self._key_columns)


def _key_reader(key: list[Column]) -> Callable[[Any, str | None], Hashable]:
    if all(column.source == "row" for column in key):
        read = attrgetter(*(column.field for column in key))
        return lambda row, _: read(row)

    def read_all(row: Any, inst_id: str | None) -> Hashable:
        values = [
            inst_id if column.source == "inst_id" else getattr(row, column.field)
            for column in key
        ]
        return tuple(values) if len(values) > 1 else values[0]

    return read_all
