"""The wire rows of what an account has: balances, positions, greeks.

All members that OKX documents are there; what has no meaning in a simulated
account is "0" or "" as OKX has it in an account that does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.simulator.accounts.margin import Margin, in_usd, reckon
from okxlab.simulator.accounts.money import cut, text
from okxlab.simulator.accounts.position_rows import (
    held_row,
    position_row,
    ratio,
    warning_row,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from okxlab.simulator.accounts.holdings import Holdings
    from okxlab.simulator.accounts.order import Order
    from okxlab.simulator.accounts.position import Position
    from okxlab.simulator.accounts.venue import Venue

__all__ = ["Statements"]

_ZEROES = (
    "borrowFroz",
    "crossLiab",
    "colRes",
    "colBorrAutoConversion",
    "fixedBal",
    "frpType",
    "interest",
    "isoEq",
    "isoLiab",
    "isoUpl",
    "liab",
    "maxLoan",
    "rewardBal",
    "smtSyncEq",
    "spotCopyTradingEq",
    "spotIsoBal",
    "stgyEq",
    "twap",
    "uplLiab",
    "autoLendMtAmt",
)
_BLANKS = (
    "spotInUseAmt",
    "clSpotInUseAmt",
    "maxSpotInUseAmt",
    "spotBal",
    "openAvgPx",
    "accAvgPx",
    "spotUpl",
    "spotUplRatio",
    "totalPnl",
    "totalPnlRatio",
)
_DETAIL = {**dict.fromkeys(_ZEROES, "0"), **dict.fromkeys(_BLANKS, "")}
_TOTAL = dict.fromkeys(
    (
        "borrowFroz",
        "delta",
        "deltaLever",
        "deltaNeutralStatus",
        "isoEq",
        "notionalUsdForBorrow",
        "notionalUsdForOption",
    ),
    "0",
)
_GREEKS = dict.fromkeys(
    ("gammaBS", "gammaPA", "thetaBS", "thetaPA", "vegaBS", "vegaPA"), "0"
)


class Statements:
    """Writes the rows of one account.

    Parameters
    ----------
    holdings
        What it has.
    orders
        Its open orders by id, as they are at any time.
    venue
        Where prices come from.
    leverage
        Of its positions.
    """

    def __init__(
        self,
        holdings: Holdings,
        orders: dict[str, Order],
        venue: Venue,
        leverage: int,
    ) -> None:
        self._holdings = holdings
        self._orders = orders
        self._venue = venue
        self._leverage = leverage

    def margin(self, ccy: str, ms: int, *, beside: Order | None = None) -> Margin:
        """Return what is spoken for of a currency, with one order more or as it is."""
        orders = [*self._orders.values(), *([beside] if beside else [])]
        return reckon(ccy, self._holdings, orders, self._venue, self._leverage, ms)

    def account(self, ms: int, ccys: Iterable[str] = ()) -> dict[str, Any]:
        """Return the row of the account.

        Parameters
        ----------
        ms
            The moment [Unix ms].
        ccys
            Currencies to be told even if nothing is left of them.
        """
        told = set(ccys)
        margins = {ccy: self.margin(ccy, ms) for ccy in self._ccys()}
        prices = {ccy: self._venue.usd(ccy, ms) for ccy in margins}
        usd = {ccy: in_usd(margins[ccy].equity, prices[ccy]) for ccy in margins}
        # Most first, as OKX has them.
        ranked = sorted(margins, key=lambda ccy: -usd[ccy])
        return {
            **self._totals(margins, prices),
            "details": [
                self._detail(ccy, margins[ccy], prices[ccy], ms)
                for ccy in ranked
                if ccy in told or margins[ccy].equity or margins[ccy].available
            ],
            "uTime": str(ms),
        }

    def position(self, position: Position, ms: int) -> dict[str, Any]:
        """Return the row of a position."""
        margin = self.margin(position.terms.settle, ms)
        return position_row(position, margin, self._venue, self._leverage, ms)

    def positions(self, ms: int) -> list[dict[str, Any]]:
        """Return the rows of all open positions."""
        return [self.position(one, ms) for one in self._holdings.open_positions()]

    def warning(self, position: Position, ms: int) -> dict[str, Any]:
        """Return the ``liquidation-warning`` row of a position."""
        return warning_row(self.position(position, ms))

    def balance_and_position(
        self,
        event_type: str,
        ms: int,
        *,
        ccys: Iterable[str],
        positions: Iterable[Position],
        trades: list[dict[str, str]],
    ) -> dict[str, Any]:
        """Return the ``balance_and_position`` row of an event."""
        return {
            "pTime": str(ms),
            "eventType": event_type,
            "balData": [self._cash(ccy) for ccy in ccys],
            "posData": [held_row(position) for position in positions],
            "trades": trades,
        }

    def everything(self, ms: int) -> dict[str, Any]:
        """Return the first ``balance_and_position`` row after subscribing."""
        return self.balance_and_position(
            "snapshot",
            ms,
            ccys=[ccy for ccy, cash in self._holdings.cash.items() if cash],
            positions=self._holdings.open_positions(),
            trades=[],
        )

    def greeks(self, ms: int) -> list[dict[str, Any]]:
        """Return the ``account-greeks`` rows: deltas by coin, and nothing else."""
        coins = {ccy: cash for ccy, cash in self._holdings.cash.items() if cash}
        for one in self._holdings.open_positions():
            base = one.terms.base
            coins[base] = coins.get(base, 0) + one.lots * one.terms.base_unit
        return [
            {
                "ccy": ccy,
                "deltaBS": text(delta),
                "deltaPA": text(delta),
                **_GREEKS,
                "ts": str(ms),
            }
            for ccy, delta in sorted(coins.items())
            if ccy not in {"USDT", "USDC", "USD"}
        ]

    def _ccys(self) -> list[str]:
        """Return the currencies that the account ever had or is in."""
        settled = [one.terms.settle for one in self._holdings.open_positions()]
        return list(dict.fromkeys([*self._holdings.cash, *settled]))

    def _totals(
        self, margins: dict[str, Margin], prices: dict[str, int | None]
    ) -> dict[str, Any]:
        def total(name: str) -> int:
            amounts = {ccy: getattr(margin, name) for ccy, margin in margins.items()}
            return sum(in_usd(amounts[ccy], prices[ccy]) for ccy in margins)

        equity, maintenance = total("equity"), total("maintenance")
        in_futures = total("in_futures")
        return {
            **_TOTAL,
            "adjEq": cut(equity),
            "availEq": cut(total("available_equity")),
            "imr": cut(total("initial") + total("order_margin")),
            "mgnRatio": ratio(equity, maintenance),
            "mmr": cut(maintenance),
            "notionalUsd": cut(total("notional")),
            "notionalUsdForFutures": cut(in_futures),
            "notionalUsdForSwap": cut(total("notional") - in_futures),
            "ordFroz": cut(total("order_margin")),
            "totalEq": cut(equity),
            "upl": cut(total("upl")),
        }

    def _detail(
        self, ccy: str, margin: Margin, price: int | None, ms: int
    ) -> dict[str, Any]:
        usd = cut(in_usd(margin.equity, price))
        changed = ms if margin.initial else self._holdings.u_ms(ccy)
        return {
            **_DETAIL,
            "autoLendStatus": "unsupported",
            "availBal": text(margin.available),
            "availEq": text(margin.available_equity),
            "cashBal": text(margin.cash),
            "ccy": ccy,
            "coinUsdPrice": "" if price is None else cut(price),
            "collateralEnabled": False,
            "collateralRestrict": False,
            "disEq": usd,
            "eq": text(margin.equity),
            "eqUsd": usd,
            "frozenBal": text(margin.frozen),
            "imr": text(margin.initial + margin.order_margin),
            "mgnRatio": ratio(margin.equity, margin.maintenance),
            "mmr": text(margin.maintenance),
            "notionalLever": ratio(margin.notional, margin.equity) or "0",
            "ordFrozen": text(margin.ord_frozen),
            "uTime": str(changed),
            "upl": text(margin.upl),
        }

    def _cash(self, ccy: str) -> dict[str, str]:
        return {
            "ccy": ccy,
            "cashBal": text(self._holdings.cash[ccy]),
            "uTime": str(self._holdings.u_ms(ccy)),
        }
