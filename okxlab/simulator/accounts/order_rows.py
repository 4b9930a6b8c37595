"""The wire rows of an order and of its fills: all members that OKX documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.simulator.accounts.money import cut, text
from okxlab.simulator.wire import decimal

if TYPE_CHECKING:
    from okxlab.simulator.accounts.order import Fill, Order
    from okxlab.simulator.accounts.venue import Venue

__all__ = ["fill_row", "order_row"]

_MOST_INT64 = (1 << 63) - 1
_NEVER_USED = dict.fromkeys(
    (
        "algoClOrdId",
        "algoId",
        "attachAlgoClOrdId",
        "outcome",
        "pxType",
        "pxUsd",
        "pxVol",
        "quickMgnType",
        "slOrdPx",
        "slTriggerPx",
        "slTriggerPxType",
        "source",
        "stpId",
        "tpOrdPx",
        "tpTriggerPx",
        "tpTriggerPxType",
    ),
    "",
)
"""Members of options, algo orders and take-profits, which are not simulated."""


def order_row(
    order: Order, venue: Venue, leverage: int, *, fill: Fill | None = None
) -> dict[str, Any]:
    """Return the ``orders`` row of an order as it stands.

    Parameters
    ----------
    order
        Which.
    venue
        Where marks and indices come from.
    leverage
        Of swaps.
    fill
        The fill that the row reports; None for none.
    """
    terms, one = order.terms, order.terms.instrument
    return {
        "accFillSz": terms.sz(order.filled),
        "amendResult": order.amend_result,
        "amendSource": order.amend_source,
        "attachAlgoOrds": [],
        "avgPx": terms.mean(order.value, order.filled),
        "cTime": str(order.c_ms),
        "cancelSource": order.cancel_source,
        "category": order.category,
        "ccy": order.ccy,
        "clOrdId": order.cl_ord_id,
        "code": "0",
        "fee": text(-order.fee),
        "feeCcy": order.fee_ccy,
        "instId": terms.inst_id,
        "instType": one.inst_type,
        "isTpLimit": "false",
        "lastPx": terms.px(venue.last(terms.inst_id, order.u_ms)),
        "lever": "0" if terms.is_spot else str(leverage),
        "linkedAlgoOrd": {"algoId": ""},
        "msg": "",
        "notionalUsd": cut(_notional(order, venue)),
        "ordId": order.ord_id,
        "ordType": order.ord_type,
        "pnl": text(order.pnl),
        "posSide": order.pos_side,
        "px": terms.px(order.tick),
        "rebate": "0",
        "rebateCcy": order.fee_ccy,
        "reduceOnly": "true" if order.reduce_only else "false",
        "reqId": order.req_id,
        "side": order.side,
        "state": order.state,
        "stpMode": "cancel_maker",
        "sz": order.sz,
        "tag": order.tag,
        "tdMode": order.td_mode,
        "tgtCcy": order.tgt_ccy,
        "tradeQuoteCcy": terms.quote if terms.is_spot else "",
        "uTime": str(order.u_ms),
        **_NEVER_USED,
        **(_no_fill(order) if fill is None else _fill(order, fill, venue)),
    }


def fill_row(order: Order, fill: Fill) -> dict[str, Any]:
    """Return the ``fills`` row of a fill."""
    number = order.cl_ord_id
    is_number = number.isascii() and number.isdigit() and int(number) <= _MOST_INT64
    return {
        "instId": order.terms.inst_id,
        "fillSz": order.terms.sz(fill.lots),
        "fillPx": order.terms.px(fill.tick),
        "side": order.side,
        "ts": str(fill.ms),
        "ordId": order.ord_id,
        "clOrdId": number if is_number else "0",
        "tradeId": fill.trade_id,
        "execType": "M" if fill.maker else "T",
        "count": "1",
    }


def _fill(order: Order, fill: Fill, venue: Venue) -> dict[str, Any]:
    terms = order.terms
    mark = venue.mark(terms.inst_id, fill.ms)
    tick = terms.instrument.tick
    return {
        "execType": "M" if fill.maker else "T",
        "fillFee": text(-fill.fee),
        "fillFeeCcy": order.fee_ccy,
        "fillFwdPx": "",
        "fillIdxPx": cut(venue.index(terms.instrument.index_id, fill.ms)),
        "fillMarkPx": ""
        if terms.is_spot
        else decimal(mark * tick.unit, 1 + tick.places),
        "fillMarkVol": "",
        "fillNotionalUsd": text(order.value),
        "fillPnl": text(fill.pnl),
        "fillPx": terms.px(fill.tick),
        "fillPxUsd": "",
        "fillPxVol": "",
        "fillSz": terms.sz(fill.lots),
        "fillTime": str(fill.ms),
        "tradeId": fill.trade_id,
    }


def _no_fill(order: Order) -> dict[str, Any]:
    return {
        "execType": "",
        "fillFee": "0",
        "fillFeeCcy": "",
        "fillFwdPx": "",
        "fillIdxPx": "",
        "fillMarkPx": "",
        "fillMarkVol": "",
        "fillNotionalUsd": text(order.value) if order.filled else "",
        "fillPnl": "0",
        "fillPx": "",
        "fillPxUsd": "",
        "fillPxVol": "",
        "fillSz": "0",
        "fillTime": "",
        "tradeId": "",
    }


def _notional(order: Order, venue: Venue) -> int:
    """Return what an order is worth in USD; a USDT counts as a dollar."""
    terms = order.terms
    if order.budget is not None:
        return order.budget
    if order.tick is not None:
        return terms.value(order.lots, order.tick)
    return terms.value_at_mark(order.lots, venue.mark(terms.inst_id, order.c_ms))
