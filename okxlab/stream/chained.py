"""Tapes whose rows follow one another, so that a lost row is noticed."""

from __future__ import annotations

import logging
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Final

import msgspec

from okxlab.history.bars import bar_end, bar_ms, is_even
from okxlab.history.chain import AHEAD, KNOWN, LATE, NEXT, Chain
from okxlab.history.sources import as_rows_of
from okxlab.stream.mending import BY_REST, Mending
from okxlab.stream.mending import LATE as BY_ITSELF
from okxlab.stream.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.gaps import Gap
    from okxlab.history.times import Asked
    from okxlab.protocol.arg import Arg
    from okxlab.protocol.channels import Channel
    from okxlab.protocol.events import Push
    from okxlab.table import RollingTable, Window

__all__ = ["BarTape", "ChainedTape", "TradeTape"]

_log = logging.getLogger("okxlab.stream")

_HISTORY: Final = 1
"""Position of ``history`` in `ORIGINS`."""
_ANEW_MS: Final = 1_000
"""A trade that is younger than the last one by so much and has an older id begins
a new count of ids [ms]: ids and times of one instrument grow together."""


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
        # The same dictionaries: one look-up less for each message.
        self._chains = self.mending.chains
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
            if self.on_hole is not None:
                self.on_hole(arg)

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


class TradeTape(ChainedTape):
    """Trades, aggregated or single; a place is a trade id.

    Parameters
    ----------
    entry, args, window, many, lag_known
        As for `Tape`.
    """

    table: RollingTable

    def __init__(
        self,
        entry: Channel,
        args: tuple[Arg, ...],
        window: Window,
        *,
        many: bool = False,
        lag_known: bool = True,
    ) -> None:
        self._is_rolled = entry.name == "trades"
        super().__init__(entry, args, window, many=many, lag_known=lag_known)

    def receive(self, push: Push, recv_us: int) -> None:  # noqa: D102 # inherited
        arg = push.arg
        chain = self._chains[arg]
        reach = chain.reach
        # Nearly every row there ever is goes this way.
        if reach is not None and push.rows and arg not in self._doubts:
            try:
                for row in push.rows:
                    last = row.trade_id + 1
                    if last - (row.count if self._is_rolled else 1) != reach:
                        break
                    reach = last
                else:
                    chain.extend(reach)
                    chain.newest_ms = row.ts or 0
                    super().receive(push, recv_us)
                    return
            except TypeError:  # a row without a count, as OKX sent them before 2025
                _log.debug("%s: a trade without a count", arg)
        self._receive_out_of_line(push, recv_us)

    def _receive_out_of_line(self, push: Push, recv_us: int) -> None:
        arg = push.arg
        kept: list[Any] = []
        late: list[Any] = []
        for row in push.rows:
            verdict = self._take(arg, row, recv_us)
            if verdict in (NEXT, AHEAD):
                kept.append(row)
            elif verdict == LATE:
                late.append(row)
            else:
                # A torn row is left out too: it cannot be divided, so that what it
                # has and is not there yet counts as missing.
                self.repeats += verdict == KNOWN
        if late:
            self._put(sorted(late, key=_trade_id), recv_us, arg, 0)
        if push.rows:
            self._settle_holes(arg, recv_us, "trade ids do not follow", BY_ITSELF)
        super().receive(msgspec.structs.replace(push, rows=kept), recv_us)
        if late:
            self._wake(late)

    def _take(self, arg: Arg, row: Any, recv_us: int) -> str:
        place = self._place(row)
        if place is None:
            return NEXT
        chain = self.mending.chains[arg]
        if (
            chain.reach is not None
            and place[1] <= chain.reach
            and 0 < chain.newest_ms < (row.ts or 0) - _ANEW_MS
        ):
            gap = self.gaps.add(
                "trade ids began anew", min(self.recv_us, recv_us), recv_us
            )
            self.mending.begin_anew(arg, gap.number, "what was lost cannot be told")
            chain = self.mending.chains[arg]
        verdict = chain.take(place[0], place[1])
        if verdict in (NEXT, AHEAD):
            chain.newest_ms = row.ts or 0
        return verdict

    def _place(self, row: Any) -> tuple[int, int, bool] | None:
        count = getattr(row, "count", 1)
        if not isinstance(count, int) or count < 1 or row.trade_id < 0:
            return None
        return row.trade_id + 1 - count, row.trade_id + 1, True

    def _count(self, low: int, high: int) -> int:
        return high - low

    def _put(self, rows: list[Any], recv_us: int, arg: Arg, origin: int) -> None:
        self.table.insert(rows, recv_us, arg.inst_id, origin, key="trade_id")


class BarTape(ChainedTape):
    """Bars; a place is a moment, and a bar takes those up to the next one [ms].

    Parameters
    ----------
    entry, args, window, many, lag_known
        As for `Tape`.
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
        # Length of a bar [ms]; 0 where one is not as long as the next.
        self._length_ms = bar_ms(entry.bar) if is_even(entry.bar) else 0
        super().__init__(entry, args, window, many=many, lag_known=lag_known)

    def receive(self, push: Push, recv_us: int) -> None:  # noqa: D102 # inherited
        arg, rows = push.arg, push.rows
        chain = self._chains[arg]
        is_smooth = arg not in self._doubts
        if len(rows) == 1 and is_smooth and _is_growing(rows[0], chain):
            super().receive(push, recv_us)
            return
        kept = []
        for row in push.rows:
            place = self._place(row)
            if place is None:
                kept.append(row)  # the table counts it and leaves it out
                continue
            low, high, is_final = place
            verdict = chain.take(low, high, is_final=is_final)
            is_smooth = is_smooth and verdict == NEXT
            if verdict == KNOWN and not is_final:
                self.repeats += 1  # it has closed since
            else:
                kept.append(row)
        if not is_smooth and push.rows:
            self._settle_holes(
                push.arg, recv_us, "bars do not follow one another", BY_ITSELF
            )
        super().receive(msgspec.structs.replace(push, rows=kept), recv_us)

    def _place(self, row: Any) -> tuple[int, int, bool] | None:
        ts = row.ts
        if not isinstance(ts, int):
            return None
        length = self._length_ms
        end = ts + length if length else bar_end(self.entry.bar, ts)
        return ts, end, row.confirm is True

    def _count(self, low: int, high: int) -> int:
        return max(round((high - low) / bar_ms(self.entry.bar)), 1)

    def _put(self, rows: list[Any], recv_us: int, arg: Arg, origin: int) -> None:
        self._append(rows, recv_us, arg.inst_id, origin)


def _is_growing(row: Any, chain: Chain) -> bool:
    """Tell whether a row is the newest bar, which is still open."""
    return row.ts == chain.reach and row.confirm is False


def _trade_id(row: Any) -> int:
    found: int = row.trade_id
    return found
