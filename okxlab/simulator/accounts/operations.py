"""Order operations on WebSocket: from the request to the text of its answer.

Source: the reference's section 10 (D26-08): ``code`` 0 all done, 1 all failed, 2 some
failed, 60013 with no rows if the request itself is wrong; ``inTime`` and ``outTime``
in microseconds, here of virtual time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from okxlab.simulator.accounts.placing import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from okxlab.protocol.asked import OperationAsked
    from okxlab.simulator.accounts.desk import Desk
    from okxlab.simulator.accounts.order import Order

__all__ = ["carry_out", "operate", "time_taken"]

_MOST_ORDERS = 20
"""Orders in a batch."""
_TAKES_US = 150
"""What the exchange takes for each order [µs]: a fixed time, to be repeatable."""
_PLACING = frozenset({"order", "batch-orders"})
_AMENDING = frozenset({"amend-order", "batch-amend-orders"})


def operate(desk: Desk, asked: OperationAsked, ms: int) -> str:
    """Do an order operation and return its answer.

    Parameters
    ----------
    desk
        The account's.
    asked
        What it asks for.
    ms
        The moment [Unix ms].
    """
    if asked.op == "mass-cancel":
        # It is for options, of which no account has orders.
        return _answer(asked, "0", [{"result": True}], ms)
    done = carry_out(desk, asked.op, asked.args, ms)
    if done is None:
        return _answer(asked, "60013", [], ms, "Invalid args")
    code, rows = done
    return _answer(asked, code, rows, ms)


def carry_out(
    desk: Desk, op: str, args: Sequence[Mapping[str, Any]], ms: int
) -> tuple[str, list[dict[str, Any]]] | None:
    """Do the parts of an operation, one after the other.

    Parameters
    ----------
    desk
        The account's.
    op
        As on WebSocket.
    args
        One for each order.
    ms
        The moment [Unix ms].

    Returns
    -------
    tuple or None
        Code of the whole and a row for each order; None if there are none or more
        than the operation takes.
    """
    most = _MOST_ORDERS if op.startswith("batch-") else 1
    if not 1 <= len(args) <= most:
        return None
    rows = [_row(desk, op, sent, ms) for sent in args]
    failed = sum(row["sCode"] != "0" for row in rows)
    return "0" if not failed else "1" if failed == len(rows) else "2", rows


def time_taken(orders: int, ms: int) -> dict[str, str]:
    """Return when an operation came in and its answer went out [µs]."""
    taken_us = ms * 1000
    return {
        "inTime": str(taken_us),
        "outTime": str(taken_us + _TAKES_US * max(orders, 1)),
    }


def _row(desk: Desk, op: str, sent: Mapping[str, Any], ms: int) -> dict[str, Any]:
    act: Callable[[Mapping[str, Any]], Order] = desk.cancel
    if op in _PLACING:
        act = desk.place
    elif op in _AMENDING:
        act = desk.amend
    row = {
        "clOrdId": str(sent.get("clOrdId") or ""),
        "ordId": "" if op in _PLACING else str(sent.get("ordId") or ""),
        "tag": str(sent.get("tag") or ""),
        "ts": str(ms),
        "sCode": "0",
        "sMsg": "",
        "subCode": "",
    }
    if op not in _PLACING:
        del row["tag"]
    if op in _AMENDING:
        row["reqId"] = str(sent.get("reqId") or "")
    try:
        order = act(sent)
    except RefusedError as refusal:
        return row | {"sCode": refusal.code, "sMsg": refusal.msg}
    return row | {"ordId": order.ord_id, "clOrdId": order.cl_ord_id}


def _answer(
    asked: OperationAsked, code: str, rows: list[dict[str, Any]], ms: int, msg: str = ""
) -> str:
    answer = {
        **({} if asked.id is None else {"id": asked.id}),
        "op": asked.op,
        "code": code,
        "msg": msg,
        "data": rows,
        **time_taken(len(rows), ms),
    }
    return msgspec.json.encode(answer).decode()
