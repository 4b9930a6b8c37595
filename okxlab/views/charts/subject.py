"""What a chart is drawn of: the frames of one stream at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pandas as pd

from okxlab.errors import ChannelError
from okxlab.protocol.channels import near_miss
from okxlab.views.charts.amounts import digits_of, digits_of_tick

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Subject", "no_gaps"]

_IDS = ("inst_id", "sprd_id")
"""Columns that tell instruments apart."""


def no_gaps() -> pd.DataFrame:
    """Return the ledger of a stream that has missed nothing."""
    times = pd.Series([], dtype="datetime64[us, UTC]")
    return pd.DataFrame({"start": times, "end": times, "reason": []})


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a chart is drawn of.

    Attributes
    ----------
    channel, kind
        OKX's name of the channel, and the kind of its table.
    frame
        As ``stream.df``, or the newest rows of it.
    inst_ids
        The instruments asked for; empty for channels without.
    status
        As ``stream.status``.
    gaps
        As ``stream.gaps``.
    updates
        As ``stream.updates``: of a state its changes, otherwise ``frame``.
    bids, asks
        Levels of a book (``px``, ``sz``), best first.
    history
        The levels of a book over time, as ``BookStream.levels().df``.
    tick
        Smallest step of the price, as it was asked for.
    listed_tick
        The one that the exchange lists, as far as it is known; what is computed
        from prices may be finer.
    is_lag_known
        Whether receive time less exchange time means something.
    """

    channel: str
    kind: str
    frame: pd.DataFrame
    inst_ids: tuple[str, ...] = ()
    status: str = ""
    gaps: pd.DataFrame = msgspec.field(default_factory=no_gaps)
    updates: pd.DataFrame | None = None
    bids: Sequence[Any] = ()
    asks: Sequence[Any] = ()
    history: pd.DataFrame | None = None
    tick: float | None = None
    listed_tick: float | None = None
    is_lag_known: bool = True

    def digits(self, *prices: NDArray[np.float64]) -> int:
        """Return how many digits after the point prices are written with."""
        if self.tick:
            return digits_of_tick(self.tick)
        if not self.listed_tick:
            return digits_of(*prices)
        listed = digits_of_tick(self.listed_tick)
        return max(listed, digits_of(*prices, default=listed))

    def step(self, digits: int) -> float:
        """Return the smallest step of the price, or what as many digits can tell."""
        return self.tick or self.listed_tick or 10.0**-digits

    @property
    def timed(self) -> pd.DataFrame:
        """The rows by time: those of a state are its changes."""
        return self.frame if self.updates is None else self.updates

    def has(self, *names: str) -> bool:
        """Return whether the rows come one after the other and have some columns."""
        is_timed = isinstance(self.frame.index, pd.DatetimeIndex)
        return is_timed and set(names) <= set(self.frame.columns)

    @property
    def is_many(self) -> bool:
        """Whether several instruments share the frame."""
        return len(self.held) > 1

    @property
    def held(self) -> tuple[str, ...]:
        """The instruments asked for or, where none were, those of the rows."""
        column = self.id_column
        if self.inst_ids or not column:
            return self.inst_ids
        return tuple(str(one) for one in self.frame[column].dropna().unique())

    @property
    def inst_id(self) -> str:
        """The instrument, if there is one."""
        held = self.held
        return held[0] if len(held) == 1 else ""

    @property
    def id_column(self) -> str:
        """Column that tells instruments apart; "" if there is none."""
        return next((one for one in _IDS if one in self.frame.columns), "")

    def of(self, inst_id: str | None) -> Subject:
        """Return the part that is about one instrument.

        Parameters
        ----------
        inst_id
            Which; by default the first one asked for.

        Raises
        ------
        ChannelError
            If the frame has several and this is none of them; with the near
            miss.
        """
        held = self.held
        if inst_id is not None and inst_id not in held:
            raise ChannelError(
                f"no instrument {inst_id!r} here{near_miss(inst_id, held)}; "
                f"there is {', '.join(held) or 'none'}"
            )
        if not self.is_many:
            return self
        one, column = inst_id or held[0], self.id_column
        rows = self.frame[self.frame[column] == one] if column else self.frame
        return msgspec.structs.replace(self, frame=rows, updates=rows, inst_ids=(one,))
