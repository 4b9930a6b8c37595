"""OKX's own Python client (PyPI: python-okx), public part, reads the simulator.

Changed in one place: it hands a TLS context to every address, which a plain ``ws://``
one cannot take.  Usage: python_okx.py WS REST zero|legacy
"""

from __future__ import annotations

import asyncio
import json
import sys

import websockets
from checks import Book, TradeChain, check_candle, check_ticker
from okx.MarketData import MarketAPI
from okx.PublicData import PublicAPI
from okx.websocket import WebSocketFactory
from okx.websocket.WsPublicAsync import WsPublicAsync
from report import Report

SPOT, SWAP = "BTC-USDT", "BTC-USDT-SWAP"
CHANNELS = ("tickers", "trades", "books", "books5", "bbo-tbt")
UPDATES = 20


async def connect_plainly(factory):
    """Stand in for the factory's connect, without the TLS context."""
    factory.websocket = await websockets.connect(factory.url, proxy=None)
    return factory.websocket


WebSocketFactory.WebSocketFactory.connect = connect_plainly


class Reader:
    """Collects what the client's callback is handed, and wakes who waits for it."""

    def __init__(self):
        self.messages = asyncio.Queue()

    def __call__(self, text):
        self.messages.put_nowait(json.loads(text))

    async def next(self):
        async with asyncio.timeout(10):
            return await self.messages.get()

    async def answers(self, count):
        """Return the next answers, in order; pushes in between are dropped."""
        got = []
        while len(got) < count:
            message = await self.next()
            if "event" in message:
                got.append(message)
        return got


def read_rest(rest):
    """Call the public REST interface; return the spot instrument."""
    public = PublicAPI(flag="0", domain=rest)
    market = MarketAPI(flag="0", domain=rest)
    with public, market:
        rows = {
            row["instId"]: row
            for inst_type in ("SPOT", "SWAP")
            for row in ok(public.get_instruments(inst_type))
        }
        assert int(ok(public.get_system_time())[0]["ts"]) > 0
        tickers = ok(market.get_tickers("SPOT"))
        assert {row["instId"] for row in tickers} <= set(rows)
        for row in tickers:
            check_ticker(row, rows[row["instId"]])
        check_ticker(ok(market.get_ticker(SWAP))[0], rows[SWAP])
        (book,) = ok(market.get_orderbook(SPOT, "50"))
        assert len(book["asks"]) == len(book["bids"]) == 50
        assert len(ok(market.get_trades(SPOT, "20"))) == 20
        for candles in (market.get_candlesticks, market.get_history_candlesticks):
            page = ok(candles(SPOT, bar="1m", limit="50"))
            older = ok(candles(SPOT, bar="1m", limit="50", after=page[-1][0]))
            stamps = [int(row[0]) for row in (*page, *older)]
            assert stamps == list(range(stamps[0], stamps[0] - 6_000_000, -60_000))
            for row in (*page, *older):
                check_candle(row)
        wrong = market.get_ticker("NOPE-USDT")
        assert wrong["code"] == "51001", wrong
    return rows[SPOT]


def ok(answer):
    """Return the rows of an answer that is none of an error."""
    assert answer["code"] == "0", answer
    assert answer["msg"] == "", answer
    return answer["data"]


async def read_public(ws_base, instrument):
    """Read five channels by the client's callback, and be refused one."""
    client, reader = WsPublicAsync(f"{ws_base}/ws/v5/public"), Reader()
    await client.start()
    book, trades = Book(instrument), TradeChain(instrument)
    seen = dict.fromkeys(CHANNELS, 0)
    args = [{"channel": channel, "instId": SPOT} for channel in CHANNELS]
    await client.subscribe(args, callback=reader, id="py1")
    acks = []
    while book.updates < UPDATES or not all(seen.values()) or trades.rows < 3:
        message = await reader.next()
        if "event" in message:
            acks.append(message["arg"])
            continue
        channel = message["arg"]["channel"]
        seen[channel] += 1
        if channel == "books":
            book.take(message)
        elif channel == "trades":
            trades.take(message)
        elif channel == "tickers":
            check_ticker(message["data"][0], instrument)
    assert acks == args, acks
    await client.unsubscribe(args, callback=reader)
    gone = await reader.answers(len(args))
    assert [answer["event"] for answer in gone] == ["unsubscribe"] * len(args), gone
    await client.subscribe(
        [{"channel": "trades", "instId": "NOPE-USDT"}], callback=reader
    )
    (error,) = await reader.answers(1)
    assert (error["event"], error["code"]) == ("error", "60018"), error
    await client.stop()
    return book, seen


async def read_business(ws_base):
    """Read candles on the business path."""
    client, reader = WsPublicAsync(f"{ws_base}/ws/v5/business"), Reader()
    await client.start()
    await client.subscribe([{"channel": "candle1m", "instId": SPOT}], callback=reader)
    rows = 0
    while rows < 3:
        for row in (await reader.next()).get("data", []):
            check_candle(row)
            rows += 1
    await client.stop()


async def main(ws_base, rest, checksum):
    """Do all of it."""
    report = Report()
    with report.check("tickers"):
        instrument = await asyncio.to_thread(read_rest, rest)
    with report.check("trades", "books"):
        book, seen = await read_public(ws_base, instrument)
        assert bool(book.checksums) == (checksum == "legacy"), book.checksums
        print(f"pushes {seen}, {book.updates} updates, {book.checksums} checksums")
    with report.check("candles"):
        await read_business(ws_base)
    report.end()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
