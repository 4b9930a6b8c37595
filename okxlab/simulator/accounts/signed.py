"""What the exchange answers to signed REST calls: reports, and orders by POST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from okxlab.simulator.accounts.entrance import DeniedError
from okxlab.simulator.accounts.operations import carry_out, time_taken
from okxlab.simulator.accounts.reports import REPORTS
from okxlab.simulator.market_calls import PREFIX
from okxlab.simulator.rest_call import Answer, Query, RefusedError, envelope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from okxlab.simulator.accounts.accounts import Accounts
    from okxlab.simulator.accounts.desk import Desk

__all__ = ["answer_signed", "is_signed"]

_OPERATIONS: Final = {
    "trade/order": "order",
    "trade/batch-orders": "batch-orders",
    "trade/cancel-order": "cancel-order",
    "trade/cancel-batch-orders": "batch-cancel-orders",
    "trade/amend-order": "amend-order",
    "trade/amend-batch-orders": "batch-amend-orders",
}
"""Calls by POST, and what they are called on WebSocket."""


def is_signed(path: str, method: str = "GET") -> bool:
    """Tell whether a path is a call that has to be signed."""
    known = REPORTS if method == "GET" else _OPERATIONS
    return path.removeprefix(PREFIX) in known


def answer_signed(
    accounts: Accounts,
    path: str,
    params: Mapping[str, str],
    *,
    headers: Mapping[str, str],
    target: str,
    body: str | None = None,
) -> Answer:
    """Answer one signed call.

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
    body
        As sent, of a POST; None for a GET.

    Returns
    -------
    Answer
        OKX's envelope; HTTP 401 with a code 501xx if the request is not let in, 400
        with 51000 if a number is none.
    """
    method, signed = ("GET", target) if body is None else ("POST", target + body)
    try:
        desk = accounts.admit_request(headers, method, signed)
    except DeniedError as denied:
        return Answer(401, envelope(denied.code, denied.msg, []))
    call = path.removeprefix(PREFIX)
    if body is not None:
        return _operate(desk, _OPERATIONS[call], body, accounts.venue.now_ms)
    try:
        rows = REPORTS[call](desk, Query(params, accounts.venue.now_ms), accounts.venue)
    except RefusedError as refusal:
        return refusal.answer
    if rows is None:
        return Answer(200, envelope("51603", "Order does not exist", []))
    return Answer(200, envelope("0", "", rows))


def _operate(desk: Desk, op: str, body: str, ms: int) -> Answer:
    args = _args(body)
    done = None if args is None else carry_out(desk, op, args, ms)
    if done is None:
        return Answer(400, envelope("50000", "Body can not be empty.", []))
    code, rows = done
    words = {
        "0": "",
        "1": "All operations failed",
        "2": "Bulk operation partially succeeded.",
    }
    answer = {"code": code, "msg": words[code], "data": rows}
    return Answer(200, msgspec.json.encode(answer | time_taken(len(rows), ms)))


def _args(body: str) -> list[dict[str, Any]] | None:
    """Return the orders of a body, one or a list; None if it is neither."""
    try:
        sent = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    args = sent if isinstance(sent, list) else [sent]
    return args if all(isinstance(one, dict) for one in args) else None
