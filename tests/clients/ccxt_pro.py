"""CCXT's pro client (PyPI: ccxt) reads the simulator and trades on it.

Changed: its addresses.  The versions up to 4.5.50 verify the checksum of each book
push from floats, which tells whether ours are right in legacy mode; OKX has sent 0
since June 2026, so in zero mode that verification is switched off.
Usage: ccxt_pro.py WS REST zero|legacy
"""

from __future__ import annotations

import asyncio
import sys

import ccxt.pro
from report import Report

SPOT, SWAP = "BTC/USDT", "BTC/USDT:USDT"
KEY = {
    "apiKey": "simulator-key",
    "secret": "simulator-secret",
    "password": "simulator-pass",
}
WAIT = 30
UPDATES = 20


def connect(ws_base, rest, checksum, **key):
    """Return a client whose addresses are the simulator's."""
    client = ccxt.pro.okx({**KEY, **key, "newUpdates": True})
    client.urls["api"] = {"rest": rest, "ws": f"{ws_base}/ws/v5"}
    client.options["watchOrderBook"]["checksum"] = checksum == "legacy"
    return client


async def soon(awaitable):
    """Return what comes, or fail if it takes too long."""
    return await asyncio.wait_for(awaitable, WAIT)


class Orders:
    """Watches the orders of a client from before the first is placed."""

    def __init__(self, client):
        self.client = client
        self.heard = []
        self._watch()

    async def until(self, status):
        """Return the next order that comes to be so."""
        async with asyncio.timeout(WAIT):
            while True:
                news = await self._news
                self._watch()
                for order in news:
                    # Noted at once: ccxt changes its orders in place.
                    self.heard.append((order["id"], order["status"]))
                    if order["status"] == status:
                        return order

    def stop(self):
        self._news.cancel()

    def _watch(self):
        self._news = asyncio.ensure_future(self.client.watch_orders())


async def read_market(client, report):
    """Read the four public channels."""
    with report.check("tickers"):
        await client.load_markets()
        ticker = await soon(client.watch_ticker(SPOT))
        assert ticker["bid"] < ticker["ask"], ticker
        assert ticker["low"] <= ticker["last"] <= ticker["high"], ticker
        assert None not in {ticker["bidVolume"], ticker["askVolume"]}, ticker
    with report.check("trades"):
        last = 0
        for _ in range(3):
            for trade in await soon(client.watch_trades(SPOT)):
                assert trade["amount"] > 0, trade
                assert trade["side"] in {"buy", "sell"}, trade
                assert int(trade["id"]) > last, (last, trade)
                last = int(trade["id"])
    with report.check("books"):
        nonces = []
        for _ in range(UPDATES):
            book = await soon(client.watch_order_book(SPOT))
            assert book["bids"][0][0] < book["asks"][0][0], "crossed"
            assert len(book["bids"]) <= 400, len(book["bids"])
            nonces.append(book["nonce"])
        assert nonces == sorted(nonces), nonces
    with report.check("candles"):
        for _ in range(2):
            for ts, first, high, low, close, volume in await soon(
                client.watch_ohlcv(SPOT, "1m")
            ):
                assert ts % 60_000 == 0, ts
                assert low <= min(first, close) <= max(first, close) <= high
                assert volume >= 0, volume


async def trade(client, report):
    """Rest and cancel, then buy; hear of all of it."""
    with report.check("login", "account"):
        balance = await soon(client.watch_balance())
        assert balance["USDT"]["free"] > 0, balance["USDT"]
    orders = Orders(client)
    bid = (await client.fetch_ticker(SPOT))["bid"]
    far = float(client.price_to_precision(SPOT, bid / 2))
    with report.check("place"):
        resting = await soon(client.create_order_ws(SPOT, "limit", "buy", 0.01, far))
        order = await orders.until("open")
        assert (order["id"], order["price"]) == (resting["id"], far), order
    with report.check("cancel"):
        await soon(client.cancel_order_ws(resting["id"], SPOT))
        order = await orders.until("canceled")
        assert order["id"] == resting["id"], order
    with report.check("fill"):
        bought = await soon(client.create_order_ws(SPOT, "market", "buy", 0.01))
        order = await orders.until("closed")
        assert (order["id"], order["filled"]) == (bought["id"], 0.01), order
    with report.check("orders"):
        states = [status for ord_id, status in orders.heard if ord_id == resting["id"]]
        assert states == ["open", "canceled"], orders.heard
    orders.stop()


async def hold(client, report):
    """Open a position, and hear of it."""
    with report.check("positions"):
        opening = asyncio.ensure_future(client.watch_positions([SWAP]))
        await soon(client.create_order_ws(SWAP, "market", "buy", 1))
        held = await soon(opening)
        while not held:  # What is pushed first is that there is none.
            held = await soon(client.watch_positions([SWAP]))
        assert (held[0]["symbol"], held[0]["contracts"]) == (SWAP, 1), held
        (told,) = await client.fetch_positions([SWAP])
        assert told["contracts"] == 1, told


async def be_refused(client, report):
    """Come with a wrong passphrase, by WebSocket and by REST."""
    with report.check("refused"):
        for ask in (client.authenticate, client.fetch_balance):
            try:
                await soon(ask())
            except ccxt.AuthenticationError as error:
                print(f"refused: {error}")
            else:
                raise AssertionError("a wrong passphrase was let in")


async def main(ws_base, rest, checksum):
    """Do all of it."""
    report = Report()
    client = connect(ws_base, rest, checksum)
    stranger = connect(ws_base, rest, checksum, password="guess")
    try:
        await read_market(client, report)
        await trade(client, report)
        await hold(client, report)
        await be_refused(stranger, report)
    finally:
        await client.close()
        await stranger.close()
    report.end()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
