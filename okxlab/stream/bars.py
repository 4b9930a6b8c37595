"""The tape of bars, each of which begins where the last one ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.history.bars import bar_end, bar_ms, is_even
from okxlab.history.chain import KNOWN, NEXT
from okxlab.stream.chained import ChainedTape, take_all
from okxlab.stream.mending import LATE as BY_ITSELF

if TYPE_CHECKING:
    from okxlab.protocol.arg import Arg
    from okxlab.protocol.channels import Channel
    from okxlab.protocol.events import Push
    from okxlab.table import Window

__all__ = ["BarTape"]


class BarTape(ChainedTape):
    """Bars; a place is a moment, and a bar takes those up to the next one [ms].

    The volume of an open bar only grows: an update with less of it was sent before the
    one that is there, and came late or again.

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
        self._is_traded = "vol" in entry.row.__struct_fields__
        self._newest: dict[str, Any] = {}  # the newest bar by `Arg.key`
        super().__init__(entry, args, window, many=many, lag_known=lag_known)

    def receive(self, push: Push, recv_us: int) -> None:  # noqa: D102 # inherited
        arg, rows = push.arg, push.rows
        chain = self._chains[arg.key]
        is_smooth = not (self._doubts and arg in self._doubts)
        if is_smooth and len(rows) == 1:
            row = rows[0]
            # Nearly every message updates the newest bar, which is still open.
            if row.ts == chain.reach and row.confirm is False:
                if self._is_older(arg, row):
                    self.repeats += 1
                else:
                    take_all(self, push, recv_us)
                return
        kept = []
        for row in rows:
            place = self._place(row)
            if place is None:
                kept.append(row)  # the table counts it and leaves it out
                continue
            low, high, is_final = place
            verdict = chain.take(low, high, is_final=is_final)
            is_smooth = is_smooth and verdict == NEXT
            has_closed = verdict == KNOWN
            if not is_final and (has_closed or self._is_older(arg, row)):
                self.repeats += 1
            else:
                kept.append(row)
        if not is_smooth and rows:
            self._settle_holes(
                arg, recv_us, "bars do not follow one another", BY_ITSELF
            )
        self._write(arg, kept, recv_us)

    def _is_older(self, arg: Arg, row: Any) -> bool:
        """Tell whether an open bar is behind what was told of it; note it if not."""
        if not self._is_traded:
            return False
        newest = self._newest.get(arg.key)
        if newest is not None:
            if row.ts < newest.ts:
                return False
            # "" and None, where OKX says nothing of a volume, cannot be compared.
            is_told = type(row.vol) is type(newest.vol) is float
            if row.ts == newest.ts and is_told and row.vol < newest.vol:
                return True
        self._newest[arg.key] = row
        return False

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
