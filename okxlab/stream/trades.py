"""The tape of trades, whose ids follow one another."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from okxlab.history.chain import AHEAD, KNOWN, LATE, NEXT
from okxlab.stream.chained import ChainedTape, take_all
from okxlab.stream.mending import LATE as BY_ITSELF

if TYPE_CHECKING:
    from okxlab.protocol.arg import Arg
    from okxlab.protocol.channels import Channel
    from okxlab.protocol.events import Push
    from okxlab.table import RollingTable, Window

__all__ = ["TradeTape"]

_log = logging.getLogger("okxlab.stream")

_ANEW_MS: Final = 1_000
"""A trade that is younger than all before it by so much and has an older id begins
a new count of ids [ms]: ids and times of one instrument grow together.  One that
fits into a hole is late, whatever its time: the exchange's clock may have jumped."""


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
        arg, rows = push.arg, push.rows
        is_smooth = not (self._doubts and arg in self._doubts)
        # Nearly every message there ever is goes this way.
        if is_smooth and len(rows) == 1 and self._follows(arg, rows[0]):
            take_all(self, push, recv_us)
        else:
            self._receive_out_of_line(push, recv_us)

    def _follows(self, arg: Arg, row: Any) -> bool:
        """Tell whether a row follows the last one; if it does it is the last one now."""
        chain = self._chains[arg.key]
        behind = row.trade_id + 1
        try:
            if behind - (row.count if self._is_rolled else 1) != chain.reach:
                return False
            if row.ts > chain.newest_ms:  # noqa: PLR1730  # max() is dear, once a trade
                chain.newest_ms = row.ts
        except TypeError:  # a row without a count, as OKX sent them before 2025
            _log.debug("%s: a trade without a count or time", arg)
            return False
        chain.reach = behind
        return True

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
        self._write(arg, kept, recv_us)
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
            and not chain.is_missing(place[0], place[1])
        ):
            gap = self.gaps.add(
                "trade ids began anew", min(self.recv_us, recv_us), recv_us
            )
            self.mending.begin_anew(arg, gap.number, "what was lost cannot be told")
            chain = self.mending.chains[arg]
        verdict = chain.take(place[0], place[1])
        if verdict in (NEXT, AHEAD):
            chain.newest_ms = max(chain.newest_ms, row.ts or 0)
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


def _trade_id(row: Any) -> int:
    found: int = row.trade_id
    return found
