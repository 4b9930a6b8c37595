"""Tapes whose rows follow one another, so that a lost row is noticed."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Final

from okxlab.history.sources import as_rows_of
from okxlab.stream.loading import Load
from okxlab.stream.mending import BY_REST, Mending
from okxlab.stream.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.gaps import Gap
    from okxlab.history.times import Asked
    from okxlab.protocol.arg import Arg
    from okxlab.protocol.channels import Channel
    from okxlab.table import Window

__all__ = ["ChainedTape", "take_all"]

take_all: Final = Tape.receive
"""Takes the rows of a message that all are news: ``super().receive``, where looking
for that would cost as much as it does."""
_HISTORY: Final = 1
"""Position of ``history`` in `ORIGINS`."""


class ChainedTape(Tape):
    """A tape that knows of each row whether it follows the one before.

    A row that is there already is not written again; a row that comes late goes
    where it belongs; what is missing is counted in the ledger, and whoever is told
    by `on_hole` may fill it.

    Parameters
    ----------
    entry, args, window, many, lag_known
        As for `Tape`.

    Attributes
    ----------
    on_hole
        Called on the loop thread with an arg of which rows are missing, or whose
        past is asked for.
    asked : dict
        The past that is asked for and not there yet, by arg.
    repeats : int
        Rows that came again and were not written.
    """

    def __init__(
        self,
        entry: Channel,
        args: tuple[Arg, ...],
        window: Window,
        *,
        many: bool = False,
        lag_known: bool = True,
    ) -> None:
        super().__init__(entry, args, window, many=many, lag_known=lag_known)
        self.mending = Mending(self.gaps, args, self._count)
        # For once a message: the same chains by `Arg.key`, the same dictionary.
        self._chains = {arg.key: one for arg, one in self.mending.chains.items()}
        self._doubts = self.mending.doubts
        self.on_hole: Callable[[Arg], None] | None = None
        self.asked: dict[Arg, Asked] = {}
        self._past: list[Asked] = []  # everything that was ever asked for
        self.repeats = 0

    # Written on the loop thread.

    def ask(self, asked: Asked) -> None:  # noqa: D102 # inherited
        if asked in self._past:
            return  # the cell was run again
        self._past.append(asked)
        for arg in self.args:
            self.asked[arg] = asked
            self.loads = {**self.loads, arg: Load()}
            if self.on_hole is not None:
                self.on_hole(arg)

    def stop_asking(self) -> None:  # noqa: D102 # inherited
        for arg in self.asked:
            self._past = [one for one in self._past if one is not self.asked[arg]]
            self.loads[arg].stop()
        self.asked.clear()

    def missing(self, arg: Arg) -> list[tuple[int, int]]:
        """Return the stretches of places that are missing, lowest first."""
        return self.mending.chains[arg].missing()

    def fill(
        self, arg: Arg, rows: list[Any], recv_us: int, *, is_past: bool = False
    ) -> int:
        """Take rows of the past that are missing; others are left out.

        Parameters
        ----------
        arg
            The arg that they are of.
        rows
            Rows of the arg's source, in order of their places.
        recv_us
            Receive time [us since 1970 UTC].
        is_past
            Whether they may come before the first row there is: the stream begins
            with them then.

        Returns
        -------
        int
            Rows taken.
        """
        fresh = self._new_of(arg, rows, is_past=is_past)
        if fresh:
            self._put(as_rows_of(self.entry, fresh), recv_us, arg, _HISTORY)
            if self.latest is None:
                self.latest = fresh[-1]
        self._settle_holes(arg, recv_us, "history does not join on", BY_REST)
        if fresh:
            self._wake(as_rows_of(self.entry, fresh))
        return len(fresh)

    def _new_of(self, arg: Arg, rows: list[Any], *, is_past: bool) -> list[Any]:
        """Return the rows that are missing, and count them as there from now on."""
        chain = self.mending.chains[arg]
        placed = [(place, row) for row in rows if (place := self._place(row))]
        if not placed:
            return []
        if is_past and chain.reach is None:
            for (low, high, is_final), _ in placed:
                chain.take(low, high, is_final=is_final)
            return [row for _, row in placed]
        if is_past:
            chain.begin_at(placed[0][0][0])
        return [
            row
            for (low, high, is_final), row in placed
            if is_final and chain.fill(low, high)
        ]

    def give_up(self, arg: Arg, why: str, below: int | None = None) -> None:
        """Miss what is missing of an arg no more, as `Mending.give_up`."""
        self.mending.give_up(arg, why, below)
        self._wake([])

    def _doubt(self, gap: Gap, args: list[Arg]) -> None:
        self.mending.doubt(gap.number, args)

    def _settle_holes(self, arg: Arg, now_us: int, reason: str, way: str) -> None:
        since_us = self.recv_us or now_us
        if self.mending.settle(arg, since_us, now_us, reason, way) and self.on_hole:
            self.on_hole(arg)

    @abstractmethod
    def _place(self, row: Any) -> tuple[int, int, bool] | None:
        """Return the first place of a row, the first behind it, and if it is final.

        None if the row cannot be placed.
        """

    @abstractmethod
    def _count(self, low: int, high: int) -> int:
        """Return how many rows a stretch of places has."""

    @abstractmethod
    def _put(self, rows: list[Any], recv_us: int, arg: Arg, origin: int) -> None:
        """Write rows where they belong."""
