"""A client that logs in to an exchange without sockets."""

from __future__ import annotations

import json

from okxlab.protocol.auth import Credentials, login_arg
from okxlab.simulator.exchange import Exchange

START = 1_760_000_000_000  # 2025-10-09 08:53:20 UTC, ten minutes into an hour
KEY = Credentials("simulator-key", "simulator-secret", "simulator-pass")
SPOT, SWAP = "BTC-USDT", "BTC-USDT-SWAP"
ALL = (
    {"channel": "account"},
    {"channel": "positions", "instType": "ANY"},
    {"channel": "balance_and_position"},
    {"channel": "orders", "instType": "ANY"},
    {"channel": "fills"},
    {"channel": "account-greeks"},
)


class AccountClient:
    """A connection to an exchange whose clock is virtual time."""

    def __init__(self, exchange=None, path="private", *, key=KEY):
        self.exchange = exchange or Exchange(7, start_ms=START)
        self.link = self.exchange.connect(path, 0.0)
        self.key = key

    def send(self, message):
        self.exchange.receive(self.link, json.dumps(message), 0.0)
        return self.frames()

    def frames(self):
        return [json.loads(frame) for frame in self.link.frames_to_send()]

    def login(self, key=None, **instead):
        stamp = str(self.exchange.market.now_ms // 1000)
        stamp = str(instead.get("timestamp", stamp))
        arg = login_arg(key or self.key, stamp)
        (answer,) = self.send({"op": "login", "args": [{**arg, **instead}]})
        return answer

    def subscribe(self, *args):
        return self.send({"op": "subscribe", "args": args})

    def operate(self, op, *args):
        """Do an operation and return its answer and the pushes behind it."""
        answer, *pushes = self.send({"id": "a1", "op": op, "args": args})
        return answer, pushes

    def order(self, inst_id, side, sz, px=None, **more):
        """Place an order and return its answer and the pushes behind it."""
        sent = {
            "instId": inst_id,
            "tdMode": "cross" if inst_id.endswith("-SWAP") else "cash",
            "side": side,
            "ordType": "market" if px is None else "limit",
            "sz": sz,
            **({} if px is None else {"px": px}),
            **more,
        }
        return self.operate("order", sent)

    def after(self, ms):
        """Move virtual time and return what came."""
        market = self.exchange.market
        self.exchange.advance(market.now_ms + ms, 0.0)
        return self.frames()

    def best(self, inst_id):
        """Return the best bid and ask of the market at this moment."""
        asks, bids = self.exchange.market.pit(inst_id).window.best(1)
        return bids[0][0], asks[0][0]


def traded(**more):
    """Return a client that is logged in and hears everything, and drop what it heard."""
    client = AccountClient(Exchange(7, start_ms=START, **more))
    client.login()
    client.subscribe(*ALL)
    return client


def rows(frames, channel):
    """Return the rows of all pushes of a channel, oldest first."""
    return [
        row
        for frame in frames
        if "data" in frame and "arg" in frame and frame["arg"]["channel"] == channel
        for row in frame["data"]
    ]


def states(frames):
    """Return the states that an order went through."""
    return [row["state"] for row in rows(frames, "orders")]
