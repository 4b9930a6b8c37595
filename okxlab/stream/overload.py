"""Consumers that do not keep up with a tape, and what the ledger says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from okxlab.gaps import GapLedger

__all__ = ["Overload"]

_HOW: Final = "they passed through the window, and this consumer did not get them"


class Overload:
    """How far one consumer lags behind.

    From the first row that it loses until it has caught up is one gap of the
    ledger, whose rows the stream itself does not miss.

    Parameters
    ----------
    reason
        What to write into the ledger.

    Attributes
    ----------
    is_behind : bool
        Whether it has lost rows and not caught up since: then it says False.
    """

    def __init__(self, reason: str) -> None:
        self.is_behind = False
        self._reason = reason
        # Loop thread only: the gap, and its rows so far.
        self._number = -1
        self._rows = 0

    def lose(self, rows: int, ledger: GapLedger, now_us: int) -> None:
        """Write down that the consumer will not get some rows; loop thread only.

        Parameters
        ----------
        rows
            How many.
        ledger
            Where.
        now_us
            The time [us since 1970].
        """
        if not self.is_behind or ledger.find(self._number) is None:
            self._number = ledger.add(self._reason, now_us, now_us).number
            self._rows = 0
        self._rows += rows
        self.is_behind = True
        ledger.change(
            self._number, end_us=now_us, missing=self._rows, is_healed=True, how=_HOW
        )
