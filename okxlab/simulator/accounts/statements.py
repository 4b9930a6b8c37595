"""The wire rows of what an account has: balances, positions, greeks.

All members that OKX documents are there; what has no meaning in a simulated
account is "0" or "" as OKX has it in an account that does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.simulator.accounts.margin import Margin, in_usd, reckon
from okxlab.simulator.accounts.money import cut, quotient, text
from okxlab.simulator.accounts.terms import MARK_PARTS
from okxlab.simulator.wire import decimal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from okxlab.simulator.accounts.holdings import Holdings
    from okxlab.simulator.accounts.order import Order
    from okxlab.simulator.accounts.position import Position
    from okxlab.simulator.accounts.venue import Venue

__all__ = ["Statements"]

_RATIO_PLACES = 16
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
        "notionalUsdForFutures",
        "notionalUsdForOption",
    ),
    "0",
)
_POSITION = {
    **dict.fromkeys(
        (
            "availPos",
            "baseBal",
            "baseBorrowed",
            "baseInterest",
            "bizRefId",
            "bizRefType",
            "clSpotInUseAmt",
            "deltaBS",
            "deltaPA",
            "gammaBS",
            "gammaPA",
            "hedgedPos",
            "liab",
            "liabCcy",
            "margin",
            "maxSpotInUseAmt",
            "nonSettleAvgPx",
            "optVal",
            "pendingCloseOrdLiabVal",
            "posCcy",
            "quoteBal",
            "quoteBorrowed",
            "quoteInterest",
            "settledPnl",
            "spotInUseAmt",
            "spotInUseCcy",
            "thetaBS",
            "thetaPA",
            "vegaBS",
            "vegaPA",
        ),
        "",
    ),
    "interest": "0",
    "liqPenalty": "0",
    "adl": "1",
}
_WARNING = (
    "cTime",
    "ccy",
    "instId",
    "instType",
    "lever",
    "markPx",
    "mgnMode",
    "mgnRatio",
    "pTime",
    "pos",
    "posCcy",
    "posId",
    "posSide",
    "uTime",
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
        terms, venue = position.terms, self._venue
        mark = venue.mark(terms.inst_id, ms)
        last = venue.last(terms.inst_id, ms)
        margin = self.margin(terms.settle, ms)
        upl, worth = position.unrealised(mark), position.worth(mark)
        by_last = position.unrealised_at(last)
        initial = -(-worth // self._leverage)
        invested = abs(position.cost) // self._leverage
        tick = terms.instrument.tick
        return {
            **_POSITION,
            "avgPx": terms.mean(position.cost, position.lots),
            "bePx": self._break_even(position),
            "cTime": str(position.c_ms),
            "ccy": terms.settle,
            "closeOrderAlgo": [],
            "fee": text(position.fee),
            "fundingFee": text(position.funding),
            "idxPx": cut(venue.index(terms.instrument.index_id, ms)),
            "imr": cut(initial),
            "instId": terms.inst_id,
            "instType": terms.instrument.inst_type,
            "last": terms.px(last),
            "lever": str(self._leverage),
            "liqPx": self._liquidation(position, margin, mark),
            "markPx": decimal(mark * tick.unit, tick.places + 1),
            "mgnMode": "cross",
            "mgnRatio": _ratio(margin.equity, margin.maintenance),
            "mmr": cut(margin.maintenance * worth // (margin.notional or 1)),
            "notionalUsd": cut(worth),
            "pTime": str(ms),
            "pnl": text(position.pnl),
            "pos": terms.sz(position.lots),
            "posId": position.pos_id,
            "posSide": "net",
            "realizedPnl": text(position.pnl + position.fee + position.funding),
            "tradeId": position.trade_id,
            "uTime": str(position.u_ms),
            "upl": text(upl),
            "uplLastPx": text(by_last),
            "uplRatio": _ratio(upl, invested),
            "uplRatioLastPx": _ratio(by_last, invested),
            "usdPx": "1",
        }

    def positions(self, ms: int) -> list[dict[str, Any]]:
        """Return the rows of all open positions."""
        return [self.position(one, ms) for one in self._holdings.open_positions()]

    def warning(self, position: Position, ms: int) -> dict[str, Any]:
        """Return the ``liquidation-warning`` row of a position."""
        row = self.position(position, ms)
        return {key: row[key] for key in _WARNING}

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
            "posData": [self._held(position) for position in positions],
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
        notional = cut(total("notional"))
        return {
            **_TOTAL,
            "adjEq": cut(equity),
            "availEq": cut(total("available_equity")),
            "imr": cut(total("initial") + total("order_margin")),
            "mgnRatio": _ratio(equity, maintenance),
            "mmr": cut(maintenance),
            "notionalUsd": notional,
            "notionalUsdForSwap": notional,
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
            "mgnRatio": _ratio(margin.equity, margin.maintenance),
            "mmr": text(margin.maintenance),
            "notionalLever": _ratio(margin.notional, margin.equity) or "0",
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

    @staticmethod
    def _held(position: Position) -> dict[str, str]:
        terms = position.terms
        return {
            "posId": position.pos_id,
            "tradeId": position.trade_id,
            "instId": terms.inst_id,
            "instType": terms.instrument.inst_type,
            "mgnMode": "cross",
            "avgPx": terms.mean(position.cost, position.lots),
            "ccy": terms.settle,
            "posSide": "net",
            "pos": terms.sz(position.lots),
            "posCcy": "",
            "nonSettleAvgPx": "",
            "settledPnl": "",
            "baseBal": "",
            "quoteBal": "",
            "uTime": str(position.u_ms),
        }

    @staticmethod
    def _break_even(position: Position) -> str:
        """Return the price that pays for what was paid so far, and no more."""
        if not position.lots:
            return ""
        paid = position.cost - position.pnl - position.fee - position.funding
        return position.terms.mean(paid, position.lots)

    @staticmethod
    def _liquidation(position: Position, margin: Margin, mark: int) -> str:
        """Return about where the equity would be down to the maintenance margin."""
        terms = position.terms
        each = terms.value_at_mark(abs(position.lots), 1)
        if not each:
            return ""
        steps = (margin.equity - margin.maintenance) // each
        tick = (mark - steps if position.lots > 0 else mark + steps) // MARK_PARTS
        return terms.px(tick) if tick > 0 else ""


def _ratio(part: int, whole: int) -> str:
    """Return a quotient as wire text; "" if there is none."""
    if not whole:
        return ""
    return decimal(quotient(part * 10**_RATIO_PLACES, whole), _RATIO_PLACES)
