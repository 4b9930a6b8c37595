"""The wire rows of a position: all members that OKX documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.simulator.accounts.money import cut, quotient, text
from okxlab.simulator.accounts.terms import MARK_PARTS
from okxlab.simulator.wire import decimal

if TYPE_CHECKING:
    from okxlab.simulator.accounts.margin import Margin
    from okxlab.simulator.accounts.position import Position
    from okxlab.simulator.accounts.venue import Venue

__all__ = ["held_row", "position_row", "ratio", "warning_row"]

_RATIO_PLACES = 16
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


def position_row(
    position: Position, margin: Margin, venue: Venue, leverage: int, ms: int
) -> dict[str, Any]:
    """Return the ``positions`` row of a position.

    Parameters
    ----------
    position
        Which.
    margin
        Of the currency that it is settled in, at this moment.
    venue
        Where prices come from.
    leverage
        Of positions.
    ms
        The moment [Unix ms].
    """
    terms = position.terms
    mark = venue.mark(terms.inst_id, ms)
    last = venue.last(terms.inst_id, ms)
    upl, worth = position.unrealised(mark), position.worth(mark)
    by_last = position.unrealised_at(last)
    initial = -(-worth // leverage)
    invested = abs(position.cost) // leverage
    tick = terms.instrument.tick
    return {
        **_POSITION,
        "avgPx": terms.mean(position.cost, position.lots),
        "bePx": _break_even(position),
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
        "lever": str(leverage),
        "liqPx": _liquidation(position, margin, mark),
        "markPx": decimal(mark * tick.unit, tick.places + 1),
        "mgnMode": "cross",
        "mgnRatio": ratio(margin.equity, margin.maintenance),
        "mmr": cut(margin.maintenance * worth // (margin.notional or 1)),
        "notionalUsd": cut(worth),
        "pTime": str(ms),
        "pnl": text(position.pnl),
        "pos": terms.sz(position.shown),
        "posId": position.pos_id,
        "posSide": position.pos_side,
        "realizedPnl": text(position.pnl + position.fee + position.funding),
        "tradeId": position.trade_id,
        "uTime": str(position.u_ms),
        "upl": text(upl),
        "uplLastPx": text(by_last),
        "uplRatio": ratio(upl, invested),
        "uplRatioLastPx": ratio(by_last, invested),
        "usdPx": "1",
    }


def warning_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return what ``liquidation-warning`` has of a ``positions`` row."""
    return {key: row[key] for key in _WARNING}


def held_row(position: Position) -> dict[str, str]:
    """Return what ``balance_and_position`` has of a position."""
    terms = position.terms
    return {
        "posId": position.pos_id,
        "tradeId": position.trade_id,
        "instId": terms.inst_id,
        "instType": terms.instrument.inst_type,
        "mgnMode": "cross",
        "avgPx": terms.mean(position.cost, position.lots),
        "ccy": terms.settle,
        "posSide": position.pos_side,
        "pos": terms.sz(position.shown),
        "posCcy": "",
        "nonSettleAvgPx": "",
        "settledPnl": "",
        "baseBal": "",
        "quoteBal": "",
        "uTime": str(position.u_ms),
    }


def _break_even(position: Position) -> str:
    """Return the price that pays for what was paid so far, and no more."""
    if not position.lots:
        return ""
    paid = position.cost - position.pnl - position.fee - position.funding
    return position.terms.mean(paid, position.lots)


def _liquidation(position: Position, margin: Margin, mark: int) -> str:
    """Return about where the equity would be down to the maintenance margin."""
    terms = position.terms
    each = terms.value_at_mark(abs(position.lots), 1)
    if not each:
        return ""
    steps = (margin.equity - margin.maintenance) // each
    tick = (mark - steps if position.lots > 0 else mark + steps) // MARK_PARTS
    return terms.px(tick) if tick > 0 else ""


def ratio(part: int, whole: int) -> str:
    """Return a quotient as wire text; "" if there is none."""
    if not whole:
        return ""
    return decimal(quotient(part * 10**_RATIO_PLACES, whole), _RATIO_PLACES)
