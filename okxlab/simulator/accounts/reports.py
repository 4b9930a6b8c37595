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
Params = dict[str, str]


def _balance(desk: Desk, params: Params, venue: Venue) -> Rows:
    row = desk.statements.account(venue.now_ms)
    wanted = params.get("ccy", "").split(",")
    details = [one for one in row["details"] if wanted == [""] or one["ccy"] in wanted]
    return [{**row, "details": details}]


def _positions(desk: Desk, params: Params, venue: Venue) -> Rows:
    held = desk.statements.positions(venue.now_ms)
    rows = [row for row in held if _is_among(row, params, "posId")]
    rows = [row for row in rows if _is_among(row, params, "instId")]
    return _only(rows, params, venue, ("instType",))


def _orders_pending(desk: Desk, params: Params, venue: Venue) -> Rows:
    rows = [desk.row(order) for order in reversed(desk.orders.values())]
    keys = ("instType", "instId", "ordType", "state")
    return _page(_only(rows, params, venue, keys), params, "ordId")


def _orders_history(desk: Desk, params: Params, venue: Venue) -> Rows:
    ended = sorted(desk.ended, key=lambda order: int(order.ord_id), reverse=True)
    rows = [desk.row(order) for order in ended]
    keys = ("instType", "instId", "ordType", "state", "category")
    rows = _between(_only(rows, params, venue, keys), params, "cTime")
    return _page(rows, params, "ordId")


def _order(desk: Desk, params: Params, venue: Venue) -> Rows | None:  # noqa: ARG001  # it stands as it is
    order = desk.find(params)
    return None if order is None else [desk.row(order)]


def _fills(desk: Desk, params: Params, venue: Venue) -> Rows:
    latest = reversed(list(desk.fills))
    rows = [_fill(desk, order, fill, venue) for order, fill in latest]
    keys = ("instType", "instId", "ordId", "subType")
    rows = _between(_only(rows, params, venue, keys), params, "ts")
    return _page(rows, params, "billId")


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


def _instruments(desk: Desk, params: Params, venue: Venue) -> Rows:  # noqa: ARG001  # all may trade all
    rows = venue.listed(params.get("instType", "SPOT"))
    return _only(rows, params, venue, ("instFamily", "instId"))


def _currencies(desk: Desk, params: Params, venue: Venue) -> Rows:
    # ccxt's clients that have a key ask for it before anything else.
    wanted = params.get("ccy", "").split(",")
    return [
        {"ccy": ccy, "name": ccy, "chain": f"{ccy}-Simulator", **_IMMOVABLE}
        for ccy in (
            one["ccy"] for one in desk.statements.account(venue.now_ms)["details"]
        )
        if wanted == [""] or ccy in wanted
    ]


def _config(desk: Desk, params: Params, venue: Venue) -> Rows:  # noqa: ARG001  # nothing of it changes
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


def _only(rows: Rows, params: Params, venue: Venue, keys: tuple[str, ...]) -> Rows:
    """Return the rows that have what the parameters of these keys ask for."""
    family = None
    if "instFamily" not in keys:
        family = params.get("instFamily") or params.get("uly")
    return [
        row
        for row in rows
        if all(key not in params or params[key] == row[key] for key in keys)
        and family in {None, venue.terms(row["instId"]).instrument.family}
    ]


def _is_among(row: Mapping[str, str], params: Params, key: str) -> bool:
    return key not in params or row[key] in params[key].split(",")


def _between(rows: Rows, params: Params, key: str) -> Rows:
    """Return the rows of a stretch of time, ends included."""
    begin, end = params.get("begin", ""), params.get("end", "")
    least = int(begin) if begin.isdecimal() else 0
    return [
        row
        for row in rows
        if least <= int(row[key]) and (not end.isdecimal() or int(row[key]) <= int(end))
    ]


def _page(rows: Rows, params: Params, key: str) -> Rows:
    after, before = params.get("after", ""), params.get("before", "")
    if after.isdecimal():
        rows = [row for row in rows if int(row[key]) < int(after)]
    if before.isdecimal():
        rows = [row for row in rows if int(row[key]) > int(before)]
    limit = params.get("limit", "")
    return rows[: min(int(limit), _MOST_ROWS) if limit.isdecimal() else _MOST_ROWS]


REPORTS: Final[dict[str, Callable[[Desk, Params, Venue], Rows | None]]] = {
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
