"""OKX's own Python client (PyPI: python-okx), private part, trades on the simulator.

Changed in two places: it hands a TLS context to every address, which a plain ``ws://``
one cannot take, and it sleeps 5 s after each login, which is cut to what a login takes
here.  Usage: python_okx_private.py WS REST CHECKSUM
"""

from __future__ import annotations

import asyncio
import json
import sys
from decimal import Decimal

import websockets
from okx.Account import AccountAPI
from okx.MarketData import MarketAPI
from okx.PublicData import PublicAPI
from okx.Trade import TradeAPI
from okx.websocket import WebSocketFactory, WsPrivateAsync
from report import Report

SPOT, SWAP = "BTC-USDT", "BTC-USDT-SWAP"
KEY = {"apiKey": "simulator-key", "secretKey": "simulator-secret"}
PASSPHRASE = "simulator-pass"
CHANNELS = (
    {"channel": "account"},
    {"channel": "positions", "instType": "ANY"},
    {"channel": "balance_and_position"},
    {"channel": "orders", "instType": "ANY"},
    {"channel": "fills"},
)


async def connect_plainly(factory):
    """Stand in for the factory's connect, without the TLS context."""
    factory.websocket = await websockets.connect(factory.url, proxy=None)
    return factory.websocket


class Clock:
    """Stand in for asyncio in the client's module, with a shorter sleep."""

    def __getattr__(self, name):
        return getattr(asyncio, name)

    @staticmethod
    async def sleep(_seconds):
        """Sleep as long as a login takes at most."""
        await asyncio.sleep(0.3)


WebSocketFactory.WebSocketFactory.connect = connect_plainly
WsPrivateAsync.asyncio = Clock()


class Reader:
    """Collects what the client's callback is handed."""

    def __init__(self):
        self.messages = asyncio.Queue()

    def __call__(self, text):
        self.messages.put_nowait(json.loads(text))

    async def next(self, fits):
        """Return the next message that fits; others are dropped."""
        async with asyncio.timeout(20):
            while True:
                message = await self.messages.get()
                if fits(message):
                    return message

    async def answer(self, request_id):
        """Return the answer of an operation."""
        return await self.next(lambda m: m.get("id") == request_id and "op" in m)

    async def rows(self, channel):
        """Return the rows of the next push of a channel."""
        push = await self.next(
            lambda m: "data" in m and m.get("arg", {}).get("channel") == channel
        )
        return push["data"]

    async def states(self, ord_id):
        """Return the states of an order up to its last."""
        states = []
        while not states or states[-1] not in {"filled", "canceled"}:
            for row in await self.rows("orders"):
                states += [row["state"]] if row["ordId"] == ord_id else []
        return states


async def log_in(ws_base, passphrase=PASSPHRASE):
    """Connect and subscribe; return the client, its reader and what came first."""
    client = WsPrivateAsync.WsPrivateAsync(
        KEY["apiKey"], passphrase, KEY["secretKey"], f"{ws_base}/ws/v5/private"
    )
    reader = Reader()
    await client.start()
    await client.subscribe(list(CHANNELS), callback=reader, id="sub1")
    return client, reader, await reader.next(lambda m: "event" in m)


async def place(client, reader, request_id, **order):
    """Place an order and return its id."""
    await client.place_order([order], id=request_id)
    answer = await reader.answer(request_id)
    assert answer["code"] == "0", answer
    assert answer["data"][0]["sCode"] == "0", answer
    return answer["data"][0]["ordId"]


async def trade(report, ws_base, listed, bid):
    """Buy, rest, amend, cancel, and open a position; hear of all of it.

    Returns the id of what was bought, and the cash that is left.
    """
    with report.check("login"):
        client, reader, first = await log_in(ws_base)
        assert first["event"] == "login", first
    spot = {"instIdCode": listed[SPOT]["instIdCode"], "tdMode": "cash", "side": "buy"}
    with report.check("fill"):
        bought = await place(
            client, reader, "b1", **spot, ordType="market", sz="0.01", tgtCcy="base_ccy"
        )
        states = await reader.states(bought)
        assert (states[0], states[-1]) == ("live", "filled"), states
        assert (await reader.rows("fills"))[0]["ordId"] == bought
    far = {"ordType": "limit", "sz": "0.01", "px": str(Decimal(bid) // 2)}
    with report.check("place"):
        resting = await place(client, reader, "b2", **spot, **far, clOrdId="r1")
        (row,) = await reader.rows("orders")
        assert (row["ordId"], row["state"]) == (resting, "live"), row
    with report.check("orders"):
        change = {"instId": SPOT, "ordId": resting, "newSz": "0.02"}
        await client.amend_order([change], id="b3")
        assert (await reader.answer("b3"))["code"] == "0"
        assert (await reader.rows("orders"))[0]["sz"] == "0.02"
    with report.check("cancel"):
        await client.cancel_order([{"instId": SPOT, "clOrdId": "r1"}], id="b4")
        assert (await reader.answer("b4"))["code"] == "0"
        assert await reader.states(resting) == ["canceled"]
    swap = {"instId": SWAP, "tdMode": "cross", "ordType": "market", "posSide": "net"}
    with report.check("positions"):
        await place(client, reader, "b5", **swap, side="buy", sz="1")
        (position,) = await reader.rows("positions")
        assert (position["instId"], position["pos"]) == (SWAP, "1")
    (account,) = await reader.rows("account")
    await client.stop()
    return bought, {row["ccy"]: row["cashBal"] for row in account["details"]}


def check_rest(rest, bought):
    """Read by signed calls what was heard."""
    key = {
        "api_key": KEY["apiKey"],
        "api_secret_key": KEY["secretKey"],
        "passphrase": PASSPHRASE,
    }
    with (
        AccountAPI(**key, flag="0", domain=rest) as account,
        TradeAPI(**key, flag="0", domain=rest) as trades,
        AccountAPI(**key | {"passphrase": "guess"}, flag="0", domain=rest) as stranger,
    ):
        balance = ok(account.get_account_balance())[0]
        (position,) = ok(account.get_positions(instType="SWAP"))
        order = ok(trades.get_order(SPOT, ordId=bought))[0]
        assert ok(trades.get_order_list(instType="SPOT")) == []
        assert ok(account.get_account_config())[0]["posMode"] == "net_mode"
        assert stranger.get_account_balance()["code"] == "50105"
    assert (position["pos"], order["state"]) == ("1", "filled")
    return {row["ccy"]: row["cashBal"] for row in balance["details"]}


def ok(answer):
    """Return the rows of an answer that is none of an error."""
    assert answer["code"] == "0", answer
    return answer["data"]


def ask(rest):
    """Return what is listed, by instId, and a ticker."""
    with PublicAPI(flag="0", domain=rest) as public:
        rows = ok(public.get_instruments("SPOT")) + ok(public.get_instruments("SWAP"))
    with MarketAPI(flag="0", domain=rest) as market:
        return {row["instId"]: row for row in rows}, ok(market.get_ticker(SPOT))[0]


async def main(ws_base, rest, _checksum):
    """Do all of it."""
    report = Report()
    listed, ticker = await asyncio.to_thread(ask, rest)
    bought, heard = await trade(report, ws_base, listed, ticker["bidPx"])
    with report.check("account"):
        read = await asyncio.to_thread(check_rest, rest, bought)
        assert read == heard, (read, heard)
    with report.check("refused"):
        _, _, first = await log_in(ws_base, "guess")
        assert (first["event"], first["code"]) == ("error", "60024"), first
    report.end()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
