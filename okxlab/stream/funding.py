"""The tape of funding rates: what was paid while nobody listened comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from okxlab.stream.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.gaps import Gap
    from okxlab.protocol.arg import Arg
    from okxlab.protocol.channels import Channel
    from okxlab.protocol.events import Push
    from okxlab.table import RollingTable, Window

__all__ = ["FundingTape"]

_HISTORY: Final = 1
"""Position of ``history`` in `ORIGINS`."""
_FORECASTS: Final = "forecasts between are lost"


class FundingTape(Tape):
    """Rates as they are reckoned; of the past OKX keeps what was paid.

    Parameters
    ----------
    entry, args, window, many, lag_known
        As for `Tape`.

    Attributes
    ----------
    on_payment
        Called on the loop thread when payments were missed: with the arg, from when
        and before when [Unix ms], and the number of the gap.
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
        super().__init__(entry, args, window, many=many, lag_known=lag_known)
        self.on_payment: Callable[[Arg, int, int, int], None] | None = None
        self._heard: dict[Arg, Any] = {}
        self._doubts: dict[Arg, int] = {}

    def receive(self, push: Push, recv_us: int) -> None:  # noqa: D102 # inherited
        super().receive(push, recv_us)
        if not push.rows:
            return
        arg, row = push.arg, push.rows[-1]
        before = self._heard.get(arg)
        number = self._doubts.pop(arg, None)
        self._heard[arg] = row
        if number is None or before is None:
            return
        if before.funding_time and row.ts and before.funding_time <= row.ts:
            self.gaps.change(number, how=f"payments are asked for, {_FORECASTS}")
            if self.on_payment is not None:
                self.on_payment(arg, before.funding_time, row.ts, number)
        else:
            self.gaps.change(number, how=f"no payment was missed, {_FORECASTS}")

    def pay(self, arg: Arg, rows: list[Any], recv_us: int, number: int) -> None:
        """Take the payments of a gap.

        Parameters
        ----------
        arg
            The arg that they are of.
        rows
            The payments, oldest first.
        recv_us
            Receive time [us since 1970 UTC].
        number
            The gap.
        """
        self.table.insert(rows, recv_us, arg.inst_id, _HISTORY, key="ts")
        how = f"payments refilled from REST: {len(rows)}, {_FORECASTS}"
        self.gaps.change(number, how=how)
        self._wake(rows)

    def _doubt(self, gap: Gap, args: list[Arg]) -> None:
        for arg in args:
            self._doubts.setdefault(arg, gap.number)
