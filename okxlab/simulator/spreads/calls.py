"""What the exchange answers to REST calls about spreads.

Paths and parameters: OKX API v5, "Spread Trading / REST API" (2026-09-08).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from okxlab.simulator.rest_bars import REST_BARS, rest_duration_ms
from okxlab.simulator.rest_call import RefusedError, no_instrument

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.simulator.rest_call import Call, Query
    from okxlab.simulator.spreads.board import SpreadBoard

__all__ = ["calls_of"]

_RECENT_BARS = 1_440
"""Bars that the call without "history" reaches back."""
_STATES = ("live", "suspend", "expired")


def _spreads(board: SpreadBoard, query: Query) -> list[Any]:
    state = query.text("state")
    if state not in {None, *_STATES}:
        raise RefusedError("51000", "Parameter state error")
    return board.rows(
        base_ccy=query.text("baseCcy"),
        inst_id=query.text("instId"),
        sprd_id=query.text("sprdId"),
        state=state,
    )


def _books(board: SpreadBoard, query: Query) -> list[Any]:
    book = board.book(_known(board, query), query.limit(5, 400, "sz"))
    # The answer has no seqId, so that it cannot be joined with the channel.
    return [{key: book[key] for key in ("asks", "bids", "ts")}]


def _ticker(board: SpreadBoard, query: Query) -> list[Any]:
    return [board.ticker(_known(board, query))]


def _trades(board: SpreadBoard, query: Query) -> list[Any]:
    if query.text("sprdId") is None:
        rows = [row for sprd_id in board.live() for row in board.trades(sprd_id, 500)]
        return sorted(rows, key=lambda row: int(row["ts"]), reverse=True)[:500]
    return board.trades(_known(board, query), 500)


def _candle_call(
    most: int, *, is_history: bool
) -> Callable[[SpreadBoard, Query], list[Any]]:
    def call(board: SpreadBoard, query: Query) -> list[Any]:
        bar = query.text("bar") or "1m"
        if bar not in REST_BARS:
            raise RefusedError("51000", "Parameter bar error")
        sprd_id, before = _known(board, query), query.number("before")
        if not is_history:
            oldest = board.now_ms - _RECENT_BARS * rest_duration_ms(bar)
            before = max(before or 0, oldest)
        return board.candles(
            sprd_id,
            bar,
            after=query.number("after"),
            before=before,
            limit=query.limit(100, most),
        )

    return call


def _known(board: SpreadBoard, query: Query) -> str:
    sprd_id = query.required("sprdId")
    if not board.knows("sprd-tickers", sprd_id):
        raise no_instrument()
    return sprd_id


_CALLS: dict[str, Callable[[SpreadBoard, Query], list[Any]]] = {
    "sprd/spreads": _spreads,
    "sprd/books": _books,
    "sprd/public-trades": _trades,
    "market/sprd-ticker": _ticker,
    "market/sprd-candles": _candle_call(300, is_history=False),
    "market/sprd-history-candles": _candle_call(100, is_history=True),
}


def calls_of(board: SpreadBoard) -> dict[str, Call]:
    """Return the calls about spreads by their path behind the prefix."""
    return {path: partial(call, board) for path, call in _CALLS.items()}
