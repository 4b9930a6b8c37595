"""All accounts of one exchange: who logs in, and what happens to them by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.simulator.accounts.desk import Desk
from okxlab.simulator.accounts.entrance import admit, admit_request
from okxlab.simulator.accounts.venue import Venue
from okxlab.simulator.grid import first_after
from okxlab.simulator.paths import HOUR_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from okxlab.simulator.accounts.account import Account
    from okxlab.simulator.accounts.trader import Trader
    from okxlab.simulator.market import Market

__all__ = ["GRID_MS", "Accounts"]

GRID_MS = 1000
"""How often accounts are looked after [virtual ms]."""
_FUNDING_MS = 8 * HOUR_MS


class Accounts:
    """The accounts of one exchange.

    Parameters
    ----------
    accounts
        Who may log in.
    market
        What they trade in.
    wall
        Returns the wall clock's Unix time [s], which logins are judged by; virtual
        time by default.
    simulated
        Whether logins are to demo trading; a signed request says so by itself.
    ahead
        Returns how far the clocks have jumped ahead [s].

    Attributes
    ----------
    desks : tuple of Desk
        One for each account, in the order given.
    venue : Venue
        The market as they see it.
    traders : list of Trader
        Scripts that trade by themselves.

    Raises
    ------
    ValueError
        If two accounts have one key.
    """

    def __init__(
        self,
        accounts: Iterable[Account],
        market: Market,
        wall: Callable[[], float] | None = None,
        *,
        simulated: bool = False,
        ahead: Callable[[], float] = float,
    ) -> None:
        self.venue = Venue(market)
        self.traders: list[Trader] = []
        given = tuple(accounts)
        self._accounts = {one.api_key: one for one in given}
        if len(self._accounts) != len(given):
            raise ValueError("two accounts have the same api_key")
        self._by_key = {
            key: Desk(one, self.venue) for key, one in self._accounts.items()
        }
        self.desks = tuple(self._by_key.values())
        self._wall = wall
        self._simulated = simulated
        self._ahead = ahead

    # The door

    def admit(self, arg: Mapping[str, Any]) -> Desk:
        """Return the account that an arg of a login opens.

        Raises
        ------
        DeniedError
            With OKX's code.
        """
        account = admit(self._accounts, arg, self._clocks(), simulated=self._simulated)
        return self._by_key[account.api_key]

    def admit_request(self, headers: Mapping[str, str], method: str, path: str) -> Desk:
        """Return the account that a signed REST request is from.

        Raises
        ------
        DeniedError
            With OKX's code.
        """
        account = admit_request(self._accounts, headers, method, path, self._clocks())
        return self._by_key[account.api_key]

    def desk(self, api_key: str | None = None) -> Desk:
        """Return the account of a key, the first one by default.

        Raises
        ------
        LookupError
            If there is none; the key is not shown.
        """
        if api_key is None and self.desks:
            return self.desks[0]
        desk = self._by_key.get(api_key or "")
        if desk is None:
            raise LookupError("the simulator has no such account: give it in accounts=")
        return desk

    # Time

    @property
    def is_busy(self) -> bool:
        """Whether anything can happen by itself."""
        return bool(self.traders) or any(
            desk.orders or desk.holdings.open_positions() for desk in self.desks
        )

    def next_ms(self) -> int:
        """Return when `look_after` is due next [Unix ms]."""
        return first_after(self.venue.now_ms, GRID_MS)

    def book(self) -> None:
        """Book what resting orders met since the last time, in order of time."""
        for ms in sorted({ms for desk in self.desks for ms in desk.met_at}):
            for desk in self.desks:
                desk.book(ms)

    def look_after(self, ms: int) -> None:
        """Do what is due at a full second: delivery, funding, liquidation, scripts."""
        for desk in self.desks:
            desk.deliver_if_due(ms)
            held = desk.holdings.open_positions()
            if ms % _FUNDING_MS == 0:
                for position in held:
                    if position.terms.instrument.inst_type != "SWAP":
                        continue
                    rate = self.venue.funding(position.terms.inst_id)
                    desk.pay_funding(position, rate, ms)
            desk.liquidate_if_due(ms)
        for trader in tuple(self.traders):
            trader.act(ms)

    def _clocks(self) -> tuple[float, ...]:
        """Return the times that a timestamp may be near.

        Virtual time is one of them, since a client that asks the exchange what
        time it is gets that.
        """
        clocks = [self.venue.now_ms / 1000]
        if self._wall is not None:
            clocks.append(self._wall())
        ahead = self._ahead()
        return tuple(clock + ahead for clock in clocks)
