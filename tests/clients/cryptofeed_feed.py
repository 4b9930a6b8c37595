"""Cryptofeed (PyPI: cryptofeed; GPL code comes along) reads the simulator.

It is no dependency of ours and shares no process with us: this script runs in the
throw-away environment that it was installed in.  Changed: its addresses, with the
candles moved to the path where OKX has them since 2023.  It knows neither balances nor
positions, and places no orders: a scripted trader does, and it looks on.  It verifies
the checksum of each book push; OKX has sent 0 since June 2026, so in zero mode that is
switched off.  Usage: cryptofeed_feed.py WS REST zero|legacy
"""

from __future__ import annotations

import asyncio
import logging
import sys

from cryptofeed.connection import RestEndpoint, WebsocketEndpoint
from cryptofeed.defines import CANDLES, L2_BOOK, ORDER_INFO, TICKER, TRADES
from cryptofeed.exchanges import OKX
from report import Report

SPOT = "BTC-USDT"
KEY = {
    "key_id": "simulator-key",
    "key_secret": "simulator-secret",
    "key_passphrase": "simulator-pass",
}
WAIT = 30
UPDATES = 20


def point(ws_base, rest):
    """Replace the addresses of its OKX feed."""
    old = OKX.websocket_endpoints[0]
    paths = {
        "public": [one for one in old.channel_filter if one != "candle"],
        "business": ["candle"],
        "private": ["orders"],
    }
    OKX.websocket_endpoints = [
        WebsocketEndpoint(
            f"{ws_base}/ws/v5/{path}", channel_filter=channels, options=old.options
        )
        for path, channels in paths.items()
    ]
    OKX.rest_endpoints = [RestEndpoint(rest, routes=OKX.rest_endpoints[0].routes)]
    OKX.api = f"{rest}/api/v5/"


class Refusals(logging.Handler):
    """Keeps the errors that it logs: it has no other word for a refusal."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.words = asyncio.Queue()

    def emit(self, record):
        self.words.put_nowait(record.getMessage())


class Feed:
    """One of its feeds: what it calls back with is kept, in order."""

    def __init__(self, channels, checksum, **key):
        self.got = {channel: asyncio.Queue() for channel in channels}
        self.feed = OKX(
            symbols=[SPOT],
            channels=list(channels),
            callbacks={channel: self._keep(channel) for channel in channels},
            checksum_validation=checksum == "legacy",
            cross_check=True,
            config={"okx": {**KEY, **key}, "log": {"disabled": True}},
            retries=0,
        )

    def __enter__(self):
        self.feed.start(asyncio.get_running_loop())
        return self

    def __exit__(self, *_error):
        self.feed.stop()

    def _keep(self, channel):
        async def keep(one, _received):
            if channel == L2_BOOK:
                # Noted at once: it changes its book in place.
                one = (one.delta is None, one.checksum, len(one.book.bids))
            self.got[channel].put_nowait(one)

        return keep

    async def next(self, channel):
        async with asyncio.timeout(WAIT):
            return await self.got[channel].get()


async def read_market(report, checksum):
    """Read the public channels, and candles."""
    with Feed((TICKER, TRADES, L2_BOOK), checksum) as feed:
        with report.check("tickers"):
            ticker = await feed.next(TICKER)
            assert 0 < ticker.bid < ticker.ask, ticker
        with report.check("trades"):
            last = 0
            for _ in range(3):
                trade = await feed.next(TRADES)
                assert int(trade.id) > last, (last, trade)
                assert trade.amount > 0, trade
                last = int(trade.id)
        with report.check("books"):
            for i in range(UPDATES):
                is_snapshot, carried, depth = await feed.next(L2_BOOK)
                assert is_snapshot == (i == 0), i
                assert (carried == 0) == (checksum == "zero"), carried
                assert depth <= 400, depth
    with report.check("candles"), Feed((CANDLES,), checksum) as feed:
        for _ in range(2):
            candle = await feed.next(CANDLES)
            assert candle.start % 60 == 0, candle
            assert candle.low <= candle.close <= candle.high, candle


async def look_on(report, checksum):
    """Log in, and hear of the orders that the scripted trader places."""
    seen = {}
    with Feed((ORDER_INFO,), checksum) as feed:
        with report.check("login"):
            await feed.next(ORDER_INFO)
        with report.check("orders"):

            def has(*ending):
                return any(one[-len(ending) :] == ending for one in seen.values())

            while not (has("live", "canceled") and has("filled")):
                order = await feed.next(ORDER_INFO)
                seen[order.id] = (*seen.get(order.id, ()), order.status)
    why = "its OKX feed has no such channel"
    report.unknown("account", "positions", why=why)
    why = "its OKX feed places no orders"
    report.unknown("place", "cancel", "fill", why=why)


async def be_refused(report, checksum):
    """Come with a wrong passphrase."""
    refusals = Refusals()
    logging.getLogger("feedhandler").addHandler(refusals)
    feed = Feed((ORDER_INFO,), checksum, key_passphrase="guess")
    with report.check("refused"), feed:
        async with asyncio.timeout(WAIT):
            while "60024" not in (words := await refusals.words.get()):
                print(words)
        assert feed.got[ORDER_INFO].empty()


async def main(ws_base, rest, checksum):
    """Do all of it."""
    report = Report()
    point(ws_base, rest)
    await read_market(report, checksum)
    await look_on(report, checksum)
    await be_refused(report, checksum)
    report.end()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
