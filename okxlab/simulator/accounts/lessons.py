"""What a lesson does with the accounts of a simulator, without any client.

okxlab itself only reads: it has no way to place an order.  These calls reach into the
simulated exchange from its own side, and whoever is subscribed sees what follows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from okxlab.errors import ExchangeError
from okxlab.simulator.accounts.money import text
from okxlab.simulator.accounts.placing import RefusedError
from okxlab.simulator.accounts.scripted_trader import ScriptedTrader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from okxlab.simulator.accounts.account import Account
    from okxlab.simulator.accounts.accounts import Accounts
    from okxlab.simulator.accounts.desk import Desk
    from okxlab.simulator.accounts.order import Order
    from okxlab.simulator.exchange import Exchange

__all__ = ["Lessons"]

_Result = TypeVar("_Result")

_PAUSE = 5.0
"""Between two steps of a scripted trader [virtual s]."""


class Lessons(ABC):
    """The part of a simulator that trades and looks into accounts.

    Parameters
    ----------
    trader
        What a script trades from the start on, if any.
    """

    def __init__(self, trader: str | None = None) -> None:
        # Replaced and never changed, so that any thread may read it.
        self._scripts: tuple[ScriptedTrader, ...] = ()
        if trader is not None:
            self._scripts = (ScriptedTrader(trader, _PAUSE, 1, None, self._end_script),)

    @property
    @abstractmethod
    def is_running(self) -> bool:
        """Whether there is an exchange to reach."""

    @abstractmethod
    def _reach(self, run: Callable[[Exchange], _Result]) -> _Result:
        """Run something on the thread of the exchange and return its result."""

    # Trading

    def trade(
        self,
        inst_id: str,
        side: Literal["buy", "sell"],
        sz: str | float,
        px: str | float | None = None,
        *,
        account: Account | None = None,
        **more: str | bool,
    ) -> dict[str, Any]:
        """Place an order for a lesson, as a client of that account would.

        Whoever is subscribed to ``orders``, ``account`` ... sees what follows.

        Parameters
        ----------
        inst_id
            A spot pair, or a USDT-margined swap or future.
        side
            ``"buy"`` or ``"sell"``.
        sz
            Size [base currency for spot, else contracts].
        px
            Limit [quote per base]; at market by default.
        account
            Whose; the first one's by default.
        **more
            Other members of OKX's order, such as ``ordType="post_only"``,
            ``tgtCcy="quote_ccy"``, ``clOrdId="lesson1"``, ``reduceOnly=True``, or
            ``posSide="long"`` for an account in ``long_short_mode``.

        Returns
        -------
        dict
            The order as it stands at once, with OKX's names: ``ordId``, ``state``,
            ``accFillSz``, ``avgPx``, ``fee`` ...

        Raises
        ------
        ExchangeError
            If the exchange refuses it; ``code`` is OKX's.
        LookupError
            If that account is not one of this simulator.
        RuntimeError
            If the simulator does not run.

        Examples
        --------
        >>> import okxlab
        >>> with okxlab.Simulator(seed=7, speed=0) as simulator:
        ...     order = simulator.trade("BTC-USDT", "buy", "0.01")
        ...     order["state"], simulator.balances()["BTC"]
        ('filled', '1.00999')
        """
        sent: dict[str, Any] = {
            "instId": inst_id,
            "side": side,
            "ordType": "market" if px is None else "limit",
            "sz": str(sz),
            "px": "" if px is None else str(px),
            "tgtCcy": "base_ccy",
            **more,
        }

        def place(exchange: Exchange, desk: Desk) -> Order:
            one = exchange.accounts.venue.instrument(inst_id)
            is_spot = one is None or one.inst_type == "SPOT"
            return desk.place({"tdMode": "cash" if is_spot else "cross", **sent})

        return self._operate(account, place)

    def amend(
        self,
        ord_id: str,
        *,
        sz: str | float | None = None,
        px: str | float | None = None,
        account: Account | None = None,
    ) -> dict[str, Any]:
        """Change the size or the price of an open order and return it as it stands.

        Parameters
        ----------
        ord_id
            Its id.
        sz, px
            What is to be new; None leaves it.
        account
            Whose; the first one's by default.

        Raises
        ------
        ExchangeError
            If there is no such open order, or the exchange refuses the change.
        LookupError
            If that account is not one of this simulator.
        RuntimeError
            If the simulator does not run.
        """
        new = {"newSz": sz, "newPx": px}
        sent: Mapping[str, Any] = {
            "ordId": ord_id,
            **{key: str(value) for key, value in new.items() if value is not None},
        }
        return self._operate(account, lambda _, desk: desk.amend(sent))

    def cancel(self, ord_id: str, *, account: Account | None = None) -> dict[str, Any]:
        """Cancel an open order and return it as it stands.

        Parameters
        ----------
        ord_id
            Its id.
        account
            Whose; the first one's by default.

        Raises
        ------
        ExchangeError
            If there is no such open order.
        LookupError
            If that account is not one of this simulator.
        RuntimeError
            If the simulator does not run.
        """
        return self._operate(account, lambda _, desk: desk.cancel({"ordId": ord_id}))

    # Looking

    def balances(self, *, account: Account | None = None) -> dict[str, str]:
        """Return the cash of an account by currency, to its last digit.

        Parameters
        ----------
        account
            Whose; the first one's by default.

        Raises
        ------
        LookupError
            If that account is not one of this simulator.
        RuntimeError
            If the simulator does not run.
        """
        return self._look(
            account,
            lambda desk: {ccy: text(cash) for ccy, cash in desk.holdings.cash.items()},
        )

    def orders(self, *, account: Account | None = None) -> list[dict[str, Any]]:
        """Return the open orders of an account with OKX's names, oldest first.

        Parameters
        ----------
        account
            Whose; the first one's by default.

        Raises
        ------
        LookupError
            If that account is not one of this simulator.
        RuntimeError
            If the simulator does not run.
        """
        return self._look(
            account, lambda desk: [desk.row(order) for order in desk.orders.values()]
        )

    def positions(self, *, account: Account | None = None) -> list[dict[str, Any]]:
        """Return the open positions of an account with OKX's names.

        Parameters
        ----------
        account
            Whose; the first one's by default.

        Raises
        ------
        LookupError
            If that account is not one of this simulator.
        RuntimeError
            If the simulator does not run.
        """
        return self._reach(
            lambda exchange: _desk(exchange, account).statements.positions(
                exchange.accounts.venue.now_ms
            )
        )

    # Scripts

    def script_trader(
        self,
        inst_id: str = "BTC-USDT",
        *,
        every: float = _PAUSE,
        seed: int = 1,
        account: Account | None = None,
    ) -> ScriptedTrader:
        """Let an account trade by itself, so that there is something to see.

        Round after round it buys, offers, bids, moves the bid, takes back what still
        rests and sells what it holds.

        Parameters
        ----------
        inst_id
            A spot pair, or a USDT-margined swap or future.
        every
            Pause between two steps [virtual s].
        seed
            The same seed trades in the same way.
        account
            Whose; the first one's by default.

        Returns
        -------
        ScriptedTrader
            Its ``stop()`` ends it; so does leaving a ``with`` statement.

        Raises
        ------
        ValueError
            If there is no such instrument to trade, or the pause is none.
        LookupError
            If that account is not one of this simulator.
        RuntimeError
            If the simulator does not run.
        """
        key = None if account is None else account.api_key
        script = ScriptedTrader(inst_id, every, seed, key, self._end_script)
        self._reach(lambda exchange: script.begin(exchange.accounts))
        self._scripts = (*self._scripts, script)
        return script

    def _begin_scripts(self, accounts: Accounts) -> None:
        """Let all scripts go on, on the accounts of a new exchange."""
        for script in self._scripts:
            script.begin(accounts)

    def _end_script(self, script: ScriptedTrader) -> None:
        self._scripts = tuple(one for one in self._scripts if one is not script)
        if not self.is_running:
            return

        def end(exchange: Exchange) -> None:
            script.end(exchange.accounts)
            exchange.tell_accounts()

        self._reach(end)

    # Reaching

    def _look(
        self, account: Account | None, look: Callable[[Desk], _Result]
    ) -> _Result:
        return self._reach(lambda exchange: look(_desk(exchange, account)))

    def _operate(
        self, account: Account | None, act: Callable[[Exchange, Desk], Order]
    ) -> dict[str, Any]:
        def run(exchange: Exchange) -> dict[str, Any]:
            desk = _desk(exchange, account)
            try:
                return desk.row(act(exchange, desk))
            except RefusedError as refusal:
                raise ExchangeError(
                    f"the simulator refused the order: {refusal}",
                    code=refusal.code,
                    msg=refusal.msg,
                ) from None
            finally:
                exchange.tell_accounts()

        return self._reach(run)


def _desk(exchange: Exchange, account: Account | None) -> Desk:
    return exchange.accounts.desk(None if account is None else account.api_key)
