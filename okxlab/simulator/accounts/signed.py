"""What the exchange answers to signed REST calls; it only tells, it never trades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.simulator.accounts.entrance import DeniedError
from okxlab.simulator.answers import PREFIX, Answer, envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from okxlab.simulator.accounts.accounts import Accounts
    from okxlab.simulator.accounts.desk import Desk

__all__ = ["answer_signed", "is_signed"]

_MOST_ROWS = 100


def is_signed(path: str) -> bool:
    """Tell whether a path is a call that has to be signed."""
    return path.removeprefix(PREFIX) in _CALLS


def answer_signed(
    accounts: Accounts,
    path: str,
    params: Mapping[str, str],
    *,
    headers: Mapping[str, str],
    target: str,
) -> Answer:
    """Answer one signed GET call.

    Parameters
    ----------
    accounts
        As they stand.
    path, params
        Path of the URL, and its decoded query.
    headers
        Of the request.
    target
        Path with the query as sent: what is signed.

    Returns
    -------
    Answer
        OKX's envelope; HTTP 401 with a code 501xx if the request is not let in.
    """
    try:
        desk = accounts.admit_request(headers, "GET", target)
    except DeniedError as denied:
        return Answer(401, envelope(denied.code, denied.msg, []))
    given = {key: value for key, value in params.items() if value}
    rows = _CALLS[path.removeprefix(PREFIX)](desk, given, accounts.venue.now_ms)
    if rows is None:
        return Answer(200, envelope("51603", "Order does not exist", []))
    return Answer(200, envelope("0", "", rows))


# One function for each call


def _balance(desk: Desk, params: Mapping[str, str], ms: int) -> list[Any]:
    row = desk.statements.account(ms)
    wanted = params.get("ccy", "").split(",")
    details = [one for one in row["details"] if wanted == [""] or one["ccy"] in wanted]
    return [{**row, "details": details}]


def _positions(desk: Desk, params: Mapping[str, str], ms: int) -> list[Any]:
    return _only(desk.statements.positions(ms), params, ("instType", "instId", "posId"))


def _orders_pending(desk: Desk, params: Mapping[str, str], ms: int) -> list[Any]:  # noqa: ARG001  # they stand as they are
    rows = [desk.row(order) for order in reversed(desk.orders.values())]
    keys = ("instType", "instId", "ordType", "state")
    found = _only(rows, params, keys)
    after, before = params.get("after", ""), params.get("before", "")
    if after.isdigit():
        found = [row for row in found if int(row["ordId"]) < int(after)]
    if before.isdigit():
        found = [row for row in found if int(row["ordId"]) > int(before)]
    limit = params.get("limit", "")
    return found[: min(int(limit), _MOST_ROWS) if limit.isdigit() else _MOST_ROWS]


def _order(desk: Desk, params: Mapping[str, str], ms: int) -> list[Any] | None:  # noqa: ARG001  # it stands as it is
    order = desk.find(params)
    return None if order is None else [desk.row(order)]


def _config(desk: Desk, params: Mapping[str, str], ms: int) -> list[Any]:  # noqa: ARG001  # nothing of it changes
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
            "posMode": "net_mode",
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


def _only(
    rows: list[dict[str, Any]], params: Mapping[str, str], keys: tuple[str, ...]
) -> list[dict[str, Any]]:
    return [
        row
        for row in rows
        if all(key not in params or params[key] == row[key] for key in keys)
    ]


_CALLS: dict[str, Callable[[Desk, Mapping[str, str], int], list[Any] | None]] = {
    "account/balance": _balance,
    "account/positions": _positions,
    "account/config": _config,
    "trade/orders-pending": _orders_pending,
    "trade/order": _order,
}
