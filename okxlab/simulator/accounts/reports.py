"""What an account is told over REST: balances, positions, orders, fills.

Orders and fills come newest first; ``after`` is exclusive and asks for older ids,
``before`` is exclusive and asks for newer ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from okxlab.simulator.accounts.money import text
from okxlab.simulator.accounts.order_rows import order_row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from okxlab.simulator.accounts.desk import Desk
    from okxlab.simulator.accounts.order import Fill, Order
    from okxlab.simulator.accounts.venue import Venue
    from okxlab.simulator.rest_call import Query

__all__ = ["REPORTS"]

_MOST_ROWS = 100
_IMMOVABLE: Final = {
    "canDep": False,
    "canInternal": False,
    "canWd": False,
    "mainNet": True,
    "needTag": False,
    **dict.fromkeys(
        (
            "burningFeeRate",
            "ctAddr",
            "depEstOpenTime",
            "depQuotaFixed",
            "depQuoteDailyLayer2",
            "logoLink",
            "usedDepQuotaFixed",
            "wdEstOpenTime",
        ),
        "",
    ),
    **dict.fromkeys(
        (
            "fee",
            "maxFee",
            "maxFeeForCtAddr",
            "maxWd",
            "minDep",
            "minDepArrivalConfirm",
            "minFee",
            "minFeeForCtAddr",
            "minInternal",
            "minWd",
            "minWdUnlockConfirm",
            "usedWdQuota",
            "wdQuota",
        ),
        "0",
    ),
    "wdTickSz": "8",
}
"""What ``asset/currencies`` says beside the names: nothing comes in or goes out here."""

Rows = list[dict[str, Any]]


def _balance(desk: Desk, query: Query, venue: Venue) -> Rows:
    row = desk.statements.account(venue.now_ms)
    details = [one for one in row["details"] if _is_among(one, query, "ccy")]
    return [{**row, "details": details}]


def _positions(desk: Desk, query: Query, venue: Venue) -> Rows:
    held = desk.statements.positions(venue.now_ms)
    rows = [row for row in held if _is_among(row, query, "posId")]
    rows = [row for row in rows if _is_among(row, query, "instId")]
    return _only(rows, query, venue, ("instType",))


def _orders_pending(desk: Desk, query: Query, venue: Venue) -> Rows:
    rows = [desk.row(order) for order in reversed(desk.orders.values())]
    keys = ("instType", "instId", "ordType", "state")
    return _page(_only(rows, query, venue, keys), query, "ordId")


def _orders_history(desk: Desk, query: Query, venue: Venue) -> Rows:
    ended = sorted(desk.ended, key=lambda order: int(order.ord_id), reverse=True)
    rows = [desk.row(order) for order in ended]
    keys = ("instType", "instId", "ordType", "state", "category")
    rows = _between(_only(rows, query, venue, keys), query, "cTime")
    return _page(rows, query, "ordId")


def _order(desk: Desk, query: Query, venue: Venue) -> Rows | None:  # noqa: ARG001  # it stands as it is
    named = {key: query.text(key) for key in ("ordId", "clOrdId")}
    order = desk.find(named)
    return None if order is None else [desk.row(order)]


def _fills(desk: Desk, query: Query, venue: Venue) -> Rows:
    latest = reversed(list(desk.fills))
    rows = [_fill(desk, order, fill, venue) for order, fill in latest]
    keys = ("instType", "instId", "ordId", "subType")
    rows = _between(_only(rows, query, venue, keys), query, "ts")
    return _page(rows, query, "billId")


def _fill(desk: Desk, order: Order, fill: Fill, venue: Venue) -> dict[str, Any]:
    told = order_row(order, venue, desk.account.leverage, fill=fill)
    shared = (
        "clOrdId execType feeCcy fillFwdPx fillIdxPx fillMarkPx fillMarkVol fillPnl "
        "fillPx fillPxUsd fillPxVol fillSz fillTime instId instType ordId posSide "
        "side tag tradeId tradeQuoteCcy"
    )
    rate = desk.account.fees.rate(told["instType"], maker=fill.maker)
    return {
        **{key: told[key] for key in shared.split()},
        "billId": fill.trade_id,
        "fee": text(-fill.fee),
        "feeRate": text(-rate),
        # 1 buy, 2 sell: what OKX calls the kind of a bill.
        "subType": "1" if order.sign > 0 else "2",
        "ts": str(fill.ms),
    }


def _instruments(desk: Desk, query: Query, venue: Venue) -> Rows:  # noqa: ARG001  # all may trade all
    rows = venue.listed(query.text("instType") or "SPOT")
    return _only(rows, query, venue, ("instFamily", "instId"))


def _currencies(desk: Desk, query: Query, venue: Venue) -> Rows:
    # ccxt's clients that have a key ask for it before anything else.
    return [
        {
            "ccy": one["ccy"],
            "name": one["ccy"],
            "chain": f"{one['ccy']}-Simulator",
            **_IMMOVABLE,
        }
        for one in desk.statements.account(venue.now_ms)["details"]
        if _is_among(one, query, "ccy")
    ]


def _config(desk: Desk, query: Query, venue: Venue) -> Rows:  # noqa: ARG001  # nothing of it changes
    return [
        {
            "acctLv": "2",  # spot and futures
            "acctStpMode": "cancel_maker",
            "autoLoan": False,
            "ctIsoMode": "automatic",
            "enableSpotBorrow": False,
            "feeType": "0",
            "greeksType": "PA",
            "ip": "",
            "kycLv": "3",
            "label": "simulator",
            "level": f"Lv{max(desk.account.tier, 1)}",
            "levelTmp": "",
            "liquidationGear": "-1",
            "mainUid": desk.uid,
            "mgnIsoMode": "automatic",
            "opAuth": "0",
            "perm": "read_only,trade",
            "posMode": desk.account.pos_mode,
            "roleType": "0",
            "settleCcy": "USDT",
            "settleCcyList": ["USDT"],
            "spotBorrowAutoRepay": False,
            "spotOffsetType": "",
            "spotRoleType": "0",
            "spotTraderInsts": [],
            "stgyType": "0",
            "traderInsts": [],
            "type": "0",
            "uid": desk.uid,
        }
    ]


# Narrowing and paging


def _only(rows: Rows, query: Query, venue: Venue, keys: tuple[str, ...]) -> Rows:
    """Return the rows that have what the parameters of these keys ask for."""
    family = None
    if "instFamily" not in keys:
        family = query.text("instFamily") or query.text("uly")
    return [
        row
        for row in rows
        if all(query.text(key) in {None, row[key]} for key in keys)
        and family in {None, venue.terms(row["instId"]).instrument.family}
    ]


def _is_among(row: Mapping[str, str], query: Query, key: str) -> bool:
    """Tell whether a row has one of the values that a parameter names, if it does."""
    wanted = query.text(key)
    return wanted is None or row[key] in wanted.split(",")


def _between(rows: Rows, query: Query, key: str) -> Rows:
    """Return the rows of a stretch of time, ends included."""
    begin, end = query.number("begin"), query.number("end")
    return [
        row
        for row in rows
        if (begin is None or begin <= int(row[key]))
        and (end is None or int(row[key]) <= end)
    ]


def _page(rows: Rows, query: Query, key: str) -> Rows:
    after, before = query.number("after"), query.number("before")
    return [
        row
        for row in rows
        if (after is None or int(row[key]) < after)
        and (before is None or int(row[key]) > before)
    ][: query.limit(_MOST_ROWS, _MOST_ROWS)]


REPORTS: Final[dict[str, Callable[[Desk, Query, Venue], Rows | None]]] = {
    "account/balance": _balance,
    "account/config": _config,
    "account/instruments": _instruments,
    "account/positions": _positions,
    "asset/currencies": _currencies,
    "trade/fills": _fills,
    "trade/fills-history": _fills,
    "trade/order": _order,
    "trade/orders-history": _orders_history,
    "trade/orders-history-archive": _orders_history,
    "trade/orders-pending": _orders_pending,
}
"""Calls by GET: each returns its rows, or None if the order asked for is unknown."""
