"""The handle of a scripted trader, which outlives a restart of the simulator."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

from okxlab.simulator.accounts.trader import Trader
from okxlab.simulator.accounts.venue import is_dealt_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from okxlab.simulator.accounts.accounts import Accounts

__all__ = ["ScriptedTrader"]


class ScriptedTrader:
    """A trader that works by itself until it is told to stop.

    Made by `Simulator.script_trader`; also a context manager, which stops it.

    Parameters
    ----------
    inst_id
        What it trades.
    every
        Pause between two steps [virtual s].
    seed
        Of its draws.
    api_key
        Whose account it uses; None for the first.
    stop
        Told when it is to end.

    Raises
    ------
    ValueError
        If the pause is none.
    """

    def __init__(
        self,
        inst_id: str,
        every: float,
        seed: int,
        api_key: str | None,
        stop: Callable[[ScriptedTrader], None],
    ) -> None:
        self.inst_id = inst_id
        if not 0 < every < math.inf:
            raise ValueError(f"every={every!r} must be a number of seconds above 0")
        self._every = every
        self._seed = seed
        self._api_key = api_key
        self._stop = stop
        # Changed on the exchange's thread only.
        self._trader: Trader | None = None

    def stop(self) -> None:
        """Take back its open orders and trade no more; harmless if it has ended."""
        self._stop(self)

    def begin(self, accounts: Accounts) -> None:
        """Start trading on an exchange; on the exchange's thread.

        Raises
        ------
        ValueError
            If there is no such instrument to trade.
        """
        one = accounts.venue.instrument(self.inst_id)
        if one is None or not is_dealt_in(one):
            raise ValueError(f"{self.inst_id!r} is nothing that accounts trade here")
        self._trader = Trader(
            accounts.desk(self._api_key),
            accounts.venue,
            self.inst_id,
            round(self._every * 1000),
            self._seed,
        )
        accounts.traders.append(self._trader)

    def end(self, accounts: Accounts) -> None:
        """Stop trading on an exchange; on the exchange's thread."""
        if self._trader in accounts.traders:
            accounts.traders.remove(self._trader)
            self._trader.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<ScriptedTrader {self.inst_id} every {self._every:g} s>"
