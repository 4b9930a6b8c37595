"""The REST calls that a market answers; no socket, no clock.

Paging is OKX's: rows come newest first, ``after`` is exclusive and asks for older
rows, ``before`` is exclusive and asks for newer ones, and of those ``before``
alone gives the newest page, not the next one.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from okxlab.simulator.rest_bars import REST_BARS, rest_duration_ms
from okxlab.simulator.rest_call import (
    Answer,
    Query,
    RefusedError,
    envelope,
    no_instrument,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from okxlab.simulator.market import Market
    from okxlab.simulator.market_rows import Family
    from okxlab.simulator.rest_call import Call

__all__ = ["PREFIX", "Answer", "answer", "envelope", "prepare"]

PREFIX = "/api/v5/"
"""Where every call begins."""

_NO_PRICE_BARS = frozenset(("2D", "3D", "2Dutc", "3Dutc"))
_NO_HISTORY_PRICE_BARS = frozenset(("3M", "3Mutc"))

_LONG_BARS = frozenset(
    bar for bar in REST_BARS if rest_duration_ms(bar) >= 7 * 86_400_000
)
"""Bars of which a page is made of thousands of days."""
_RECENT_BARS = 1_440
"""Bars that the calls without "history" reach back."""


def answer(
    market: Market,
    path: str,
    params: Mapping[str, str],
    calls: Mapping[str, Call] | None = None,
) -> Answer:
    """Answer one GET call.

    Parameters
    ----------
    market
        The market as it stands.
    path
        Path of the URL, for example ``/api/v5/public/time``.
    params
        Decoded query.
    calls
        Answered by others, by path without `PREFIX`: asked first, and where one
        has no answer the market is asked.

    Returns
    -------
    Answer
        OKX's envelope, also for what it refuses: 50014 a parameter is missing,
        51000 one is wrong, 51001 there is no such instrument, 404 no such call.
    """
    name = path.removeprefix(PREFIX) if path.startswith(PREFIX) else ""
    known = [calls[name]] if calls and name in calls else []
    if name in _CALLS:
        known.append(partial(_CALLS[name], market))
    query = Query(params, market.now_ms)
    try:
        found = (rows for call in known if (rows := call(query)) is not None)
        rows = next(found, None)
    except RefusedError as refusal:
        return refusal.answer
    if rows is None:
        return Answer(404, envelope("404", f"Invalid URL path: {path}", []))
    return Answer(200, envelope("0", "", rows))


def prepare(market: Market, path: str, params: Mapping[str, str]) -> Iterator[None]:
    """Make what an answer needs, piece by piece.

    The history of an instrument is made when it is asked for first, and all tickers
    ask for that of many, bars of months for thousands of days: a second of work.
    What is made here is kept by the market, so that :func:`answer` has it at hand.

    Parameters
    ----------
    market, path, params
        As for :func:`answer`.

    Yields
    ------
    None
        After each piece; a server may do something else in between.
    """
    name = path.removeprefix(PREFIX)
    if name == "market/tickers":
        for inst_id in market.inst_ids(params.get("instType")):
            market.ticker(inst_id)
            yield
    elif name in _CANDLES and params.get("bar") in _LONG_BARS:
        yield from _bar_by_bar(partial(_CALLS[name], market), params, market.now_ms)


def _bar_by_bar(call: Call, params: Mapping[str, str], now_ms: int) -> Iterator[None]:
    """Make the bars of a page, newest first."""
    given = dict(params)
    try:
        for _ in range(Query(params, now_ms).limit(100, 300)):
            rows = call(Query(given | {"limit": "1"}, now_ms))
            if not rows:
                return
            given["after"] = rows[0][0]
            yield
    except RefusedError:
        return  # As the answer itself will say.


# One function for each call


def _inst_id(market: Market, query: Query, channel: str) -> str:
    """Return the required instrument, which has a channel."""
    value = query.required("instId")
    if not market.knows(channel, value):
        raise no_instrument()
    return value


def _time(market: Market, query: Query) -> list[Any]:  # noqa: ARG001  # takes none
    return [{"ts": str(market.now_ms)}]


def _instruments(market: Market, query: Query) -> list[Any]:
    inst_type, inst_id = query.inst_type(), query.text("instId")
    rows = market.instruments(inst_type, query.family(inst_type), inst_id)
    if inst_id is not None and not rows:
        raise no_instrument()
    return rows


def _tickers(market: Market, query: Query) -> list[Any]:
    return market.tickers(query.inst_type(), query.text("instFamily"))


def _ticker(market: Market, query: Query) -> list[Any]:
    return [market.ticker(_inst_id(market, query, "tickers"))]


def _books(market: Market, query: Query) -> list[Any]:
    depth = query.limit(1, 400, "sz")
    book = market.book(_inst_id(market, query, "books"), depth)
    return [{key: book[key] for key in ("asks", "bids", "ts", "seqId")}]


def _books_full(market: Market, query: Query) -> list[Any]:
    depth = query.limit(1, 5000, "sz")
    return [market.full_book(_inst_id(market, query, "books"), depth)]


def _books_rpi(market: Market, query: Query) -> list[Any]:
    depth = query.limit(1, 400, "sz")
    book = market.rpi_book(_inst_id(market, query, "books-rpi"), depth)
    return [{key: book[key] for key in ("asks", "bids", "ts", "seqId")}]


def _trades(market: Market, query: Query) -> list[Any]:
    limit = query.limit(100, 500)
    return market.trades(_inst_id(market, query, "trades"), limit)


def _history_trades(market: Market, query: Query) -> list[Any]:
    kind = query.text("type") or "1"
    if kind not in {"1", "2"}:
        raise RefusedError("51000", "Parameter type error")
    after, before = query.number("after"), query.number("before")
    if kind == "2" and before is not None:
        raise RefusedError(
            "50039", "before is not supported for pagination by timestamp"
        )
    return market.trades(
        _inst_id(market, query, "trades"),
        query.limit(100, 100),
        after=after,
        before=before,
        by="tradeId" if kind == "1" else "ts",
    )


def _candle_call(
    family: Family, most: int, bars: frozenset[str], *, is_history: bool
) -> Callable[[Market, Query], list[Any]]:
    def call(market: Market, query: Query) -> list[Any]:
        bar = query.text("bar") or "1m"
        if bar not in bars:
            raise RefusedError("51000", "Parameter bar error")
        inst_id = _inst_id(market, query, family + bar)
        before = query.number("before")
        if not is_history:
            oldest = market.now_ms - _RECENT_BARS * rest_duration_ms(bar)
            before = max(before or 0, oldest)
        return market.candles(
            inst_id,
            bar,
            after=query.number("after"),
            before=before,
            limit=query.limit(100, most),
            family=family,
        )

    return call


def _index_tickers(market: Market, query: Query) -> list[Any]:
    quote = query.text("quoteCcy")
    if query.text("instId") is not None:
        return [market.index_ticker(_inst_id(market, query, "index-tickers"))]
    if quote is None:
        raise RefusedError("50015", "Either parameter quoteCcy or instId is required.")
    return market.index_tickers(quote)


def _mark_price(market: Market, query: Query) -> list[Any]:
    inst_type = query.inst_type()
    if query.text("instId") is not None:
        return [market.mark_price(_inst_id(market, query, "mark-price"))]
    return market.mark_prices(inst_type, query.text("instFamily"))


def _open_interest(market: Market, query: Query) -> list[Any]:
    inst_type = query.inst_type()
    if inst_type in {"SPOT", "MARGIN"}:
        raise RefusedError("51000", "Parameter instType error")
    if query.text("instId") is not None:
        return [market.open_interest(_inst_id(market, query, "open-interest"))]
    return market.open_interests(inst_type, query.family(inst_type))


def _price_limit(market: Market, query: Query) -> list[Any]:
    return [market.price_limit(_inst_id(market, query, "price-limit"))]


def _funding_rate(market: Market, query: Query) -> list[Any]:
    if query.required("instId") == "ANY":
        ids = market.inst_ids()
        known = [i for i in ids if market.knows("funding-rate", i)]
        return [market.funding_rate(i) for i in known]
    return [market.funding_rate(_inst_id(market, query, "funding-rate"))]


def _funding_rate_history(market: Market, query: Query) -> list[Any]:
    return market.funding_rates(
        _inst_id(market, query, "funding-rate"),
        query.limit(400, 400),
        after=query.number("after"),
        before=query.number("before"),
    )


def _opt_summary(market: Market, query: Query) -> list[Any]:
    family, day = query.required("instFamily"), query.text("expTime")
    if not market.knows("opt-summary", family):
        raise no_instrument()
    rows = market.first("opt-summary", family)
    return [row for row in rows if day is None or f"-{day}-" in row["instId"]]


def _option_trades(market: Market, query: Query) -> list[Any]:
    name = query.text("instId") or query.text("instFamily")
    if name is None:
        raise RefusedError(
            "50015", "Either parameter instFamily or instId is required."
        )
    if not market.knows("option-trades", name):
        raise no_instrument()
    return market.option_trades(name, 100, query.text("optType"))


_PRICE_BARS = REST_BARS - _NO_PRICE_BARS
_HISTORY_PRICE_BARS = _PRICE_BARS - _NO_HISTORY_PRICE_BARS

_CANDLES: dict[str, Callable[[Market, Query], list[Any]]] = {
    "market/candles": _candle_call("candle", 300, REST_BARS, is_history=False),
    "market/history-candles": _candle_call(
        "candle", 300, REST_BARS | {"1s"}, is_history=True
    ),
    "market/index-candles": _candle_call(
        "index-candle", 100, _PRICE_BARS, is_history=False
    ),
    "market/history-index-candles": _candle_call(
        "index-candle", 100, _HISTORY_PRICE_BARS, is_history=True
    ),
    "market/mark-price-candles": _candle_call(
        "mark-price-candle", 100, _PRICE_BARS, is_history=False
    ),
    "market/history-mark-price-candles": _candle_call(
        "mark-price-candle", 100, _HISTORY_PRICE_BARS, is_history=True
    ),
}

_CALLS: dict[str, Callable[[Market, Query], list[Any]]] = {
    "public/time": _time,
    "public/instruments": _instruments,
    "public/mark-price": _mark_price,
    "public/open-interest": _open_interest,
    "public/price-limit": _price_limit,
    "public/funding-rate": _funding_rate,
    "public/funding-rate-history": _funding_rate_history,
    "public/opt-summary": _opt_summary,
    "public/option-trades": _option_trades,
    "market/tickers": _tickers,
    "market/ticker": _ticker,
    "market/books": _books,
    "market/books-full": _books_full,
    "market/books-rpi": _books_rpi,
    "market/trades": _trades,
    "market/history-trades": _history_trades,
    "market/index-tickers": _index_tickers,
    **_CANDLES,
}
