"""A client written after OKX's documentation, with nothing but ``websockets``.

Four channels in one message on the public path, candles on the business path, and
every refusal that a client may meet.  Usage: plain_websockets.py WS REST zero|legacy
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import sys
import time

import websockets
from checks import Book, TradeChain, check_candle, check_texts, check_ticker, get
from report import Report

SPOT = "BTC-USDT"
CHANNELS = ("tickers", "trades", "books", "bbo-tbt")
UPDATES = 20
"""Book updates to see, at 100 ms each."""


class Client:
    """A connection that keeps pushes apart from answers."""

    def __init__(self, ws):
        self.ws = ws
        self.pushes = []

    async def read(self):
        async with asyncio.timeout(10):
            text = await self.ws.recv()
        return text if text == "pong" else json.loads(text)

    async def push(self):
        while not self.pushes:
            message = await self.read()
            assert "data" in message, message
            self.pushes.append(message)
        return self.pushes.pop(0)

    async def ask(self, text, answers=1):
        """Send a text and return its answers; what is pushed meanwhile is kept."""
        await self.ws.send(text)
        got = []
        while len(got) < answers:
            message = await self.read()
            if message == "pong" or "event" in message:
                got.append(message)
            else:
                self.pushes.append(message)
        return got

    async def subscribe(self, *args, op="subscribe", request_id="a1"):
        text = json.dumps({"id": request_id, "op": op, "args": args})
        got = await self.ask(text, len(args))
        for ack, arg in zip(got, args, strict=True):
            assert ack["event"] == op, ack
            assert ack["arg"] == arg, ack
            assert ack["id"] == request_id, ack
            assert len(ack["connId"]) == 8, ack
            int(ack["connId"], 16)

    async def refused(self, text, *codes):
        (error,) = await self.ask(text)
        assert error["event"] == "error", error
        assert error["code"] in codes, error
        assert error["connId"], error
        return error


def subscribe_text(**arg):
    """Return a request for one arg."""
    return json.dumps({"op": "subscribe", "args": [arg]})


async def read_market(client, instrument):
    """Read four channels of one message until enough has come."""
    book, trades = Book(instrument), TradeChain(instrument)
    seen = dict.fromkeys(CHANNELS, 0)
    await client.subscribe(*({"channel": c, "instId": SPOT} for c in CHANNELS))
    while book.updates < UPDATES or not all(seen.values()) or trades.rows < 3:
        push = await client.push()
        channel = push["arg"]["channel"]
        assert push["arg"] == {"channel": channel, "instId": SPOT}, push["arg"]
        assert ("action" in push) == (channel == "books"), push
        seen[channel] += 1
        if channel == "books":
            book.take(push)
        elif channel == "trades":
            trades.take(push)
        elif channel == "tickers":
            check_ticker(push["data"][0], instrument)
        else:
            check_texts(push["data"][0])
            assert push["data"][0]["seqId"] >= 0
    return book, seen


async def stay_single(client, instrument):
    """A second subscribe doubles nothing; subscribing anew brings a snapshot."""
    arg = {"channel": "books", "instId": SPOT}
    others = [{"channel": c, "instId": SPOT} for c in CHANNELS if c != "books"]
    await client.subscribe(*others, op="unsubscribe")
    await client.subscribe(arg, op="unsubscribe")
    client.pushes.clear()
    await client.subscribe(arg, request_id="b2")
    await client.subscribe(arg, request_id="b3")
    book = Book(instrument)
    while book.updates < 5:
        book.take(await client.push())
    await client.subscribe(arg, op="unsubscribe")
    client.pushes.clear()


async def be_refused(client):
    """Ask for what does not exist, and be answered all the same."""
    asked = time.monotonic()
    assert await client.ask("ping") == ["pong"]
    assert time.monotonic() - asked < 0.4
    error = await client.refused(
        subscribe_text(channel="books", instId="NOPE-USDT"), "60018"
    )
    assert "channel:books,instId:NOPE-USDT doesn't exist" in error["msg"], error
    await client.refused(subscribe_text(channel="candle1m", instId=SPOT), "60018")
    await client.refused(subscribe_text(channel="books9", instId=SPOT), "60018")
    await client.refused("no json", "60012", "60013")
    await client.refused("[]", "60012", "60013")
    await client.refused('{"op":"sing","args":[]}', "60012", "60013", "60019")
    await client.refused('{"op":"subscribe","args":[{}],"id":"a-b"}', "60033")
    assert await client.ask("ping") == ["pong"]


async def read_candles(ws_base):
    """Read a few candles on the business path."""
    async with websockets.connect(f"{ws_base}/ws/v5/business", proxy=None) as ws:
        client = Client(ws)
        await client.subscribe({"channel": "candle1m", "instId": SPOT})
        for _ in range(3):
            push = await client.push()
            for row in push["data"]:
                check_candle(row)


async def be_stopped_at_the_door(ws_base):
    """Ask for a private channel without a login."""
    async with websockets.connect(f"{ws_base}/ws/v5/private", proxy=None) as ws:
        await Client(ws).refused(
            subscribe_text(channel="orders", instType="ANY"), "60011"
        )


async def log_in(ws_base, passphrase):
    """Log in on the private path and return the client, and what it is told."""
    ws = await websockets.connect(f"{ws_base}/ws/v5/private", proxy=None)
    client = Client(ws)
    stamp = str(int(time.time()))
    text = f"{stamp}GET/users/self/verify".encode()
    sign = base64.b64encode(hmac.digest(b"simulator-secret", text, "sha256")).decode()
    arg = {
        "apiKey": "simulator-key",
        "passphrase": passphrase,
        "timestamp": stamp,
        "sign": sign,
    }
    (answer,) = await client.ask(json.dumps({"op": "login", "args": [arg]}))
    return client, answer


async def be_let_in(report, ws_base):
    """Log in, and read the account; come again with a wrong passphrase."""
    with report.check("login"):
        client, answer = await log_in(ws_base, "simulator-pass")
        wanted = {"event": "login", "code": "0", "msg": "", "connId": answer["connId"]}
        assert answer == wanted, answer
    for channel, arg in (
        ("account", {"channel": "account"}),
        ("positions", {"channel": "positions", "instType": "ANY"}),
    ):
        with report.check(channel):
            text = json.dumps({"op": "subscribe", "args": [arg]})
            ack, count = await client.ask(text, 2)
            assert (ack["event"], ack["arg"]) == ("subscribe", arg), ack
            shown = (count["event"], count["channel"], count["connCount"])
            assert shown == ("channel-conn-count", channel, "1"), count
            push = await client.push()
            assert push["arg"] == {**arg, "uid": push["arg"]["uid"]}, push["arg"]
            shown = (push["eventType"], push["curPage"], push["lastPage"])
            assert shown == ("snapshot", 1, True), shown
            assert bool(push["data"]) == (channel == "account"), push["data"]
    with report.check("refused"):
        stranger, answer = await log_in(ws_base, "guess")
        assert (answer["event"], answer["code"]) == ("error", "60024"), answer
        assert await stranger.ask("ping") == ["pong"]
    why = "python-okx does this; here are the frames that no client shows"
    report.unknown("orders", "place", "cancel", "fill", why=why)


async def main(ws_base, rest, checksum):
    """Do all of it."""
    report = Report()
    (instrument,) = get(rest, f"/api/v5/public/instruments?instType=SPOT&instId={SPOT}")
    assert abs(int(get(rest, "/api/v5/public/time")[0]["ts"]) / 1000 - time.time()) < 5
    public = f"{ws_base}/ws/v5/public?brokerId=9999"
    with report.check("tickers", "trades", "books"):
        async with websockets.connect(public, proxy=None) as ws:
            client = Client(ws)
            await be_refused(client)
            book, seen = await read_market(client, instrument)
            await stay_single(client, instrument)
        assert bool(book.checksums) == (checksum == "legacy"), book.checksums
        print(f"pushes {seen}, {book.updates} updates, {book.checksums} checksums")
    with report.check("candles"):
        await read_candles(ws_base)
        await be_stopped_at_the_door(ws_base)
    await be_let_in(report, ws_base)
    report.end()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
