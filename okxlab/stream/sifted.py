"""The tape of a log that OKX may repeat itself on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.stream.bars import BarTape
from okxlab.stream.funding import FundingTape
from okxlab.stream.repeats import Repeats
from okxlab.stream.states import StateTape
from okxlab.stream.tape import Tape
from okxlab.stream.trades import TradeTape

if TYPE_CHECKING:
    from okxlab.protocol.arg import Arg
    from okxlab.protocol.channels import Channel
    from okxlab.protocol.events import Push
    from okxlab.table import Window

__all__ = ["SiftedTape", "make_tape"]


class SiftedTape(Tape):
    """A tape on which each row is written once, however often it is sent.

    Parameters
    ----------
    entry
        The channel.
    args
        What is subscribed to.
    window
        Rows or duration to keep.
    **options
        As for `Tape`.
    """

    def __init__(
        self, entry: Channel, args: tuple[Arg, ...], window: Window, **options: Any
    ) -> None:
        super().__init__(entry, args, window, **options)
        self._repeats = Repeats(entry)

    def receive(self, push: Push, recv_us: int) -> None:  # noqa: D102 # inherited
        self._write(push.arg, self._repeats.sift(push.rows), recv_us)


def make_tape(
    entry: Channel,
    args: tuple[Arg, ...],
    window: Window,
    *,
    many: bool = False,
    lag_known: bool = True,
) -> Tape:
    """Return an empty tape of the kind that a channel needs.

    Parameters
    ----------
    entry, args, window, many, lag_known
        As for `Tape`.
    """
    kind: type[Tape] = Tape
    if entry.kind == "state":
        kind = StateTape
    elif entry.repeats:
        kind = SiftedTape
    elif entry.name in ("trades", "trades-all"):
        kind = TradeTape
    elif entry.kind == "bars":
        kind = BarTape
    elif entry.name == "funding-rate":
        kind = FundingTape
    return kind(entry, args, window, many=many, lag_known=lag_known)
