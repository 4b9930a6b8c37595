"""Frame text in, row in table: what a message costs on its way into the frame."""

from __future__ import annotations

import json

import orjson

from okxlab.protocol.arg import Arg
from okxlab.protocol.channels import channel
from okxlab.protocol.session import ClientSession
from okxlab.stream.tape import Tape
from okxlab.table import parse_window
from tests.bench.figures import Figure, ratio

# Of the shapes and lengths that OKX sends; the values are our own.
FRAMES = {
    "trades": {
        "instId": "BTC-USDT",
        "tradeId": "1040968613",
        "px": "64040.2",
        "sz": "0.00240857",
        "side": "buy",
        "ts": "1790000000218",
        "count": "2",
        "source": "0",
        "seqId": 79706765242,
    },
    "tickers": {
        "instType": "SPOT",
        "instId": "BTC-USDT",
        "last": "63707.3",
        "lastSz": "0.00164251",
        "askPx": "63707.3",
        "askSz": "0.15455902",
        "bidPx": "63707.2",
        "bidSz": "1.70080521",
        "open24h": "63958.9",
        "high24h": "64496.9",
        "low24h": "63309.4",
        "sodUtc0": "63484.7",
        "sodUtc8": "63445.9",
        "volCcy24h": "229576048.730317321",
        "vol24h": "3601.1585121",
        "ts": "1790000000873",
    },
    "candle1m": [
        "1790000040000",
        "77082.7",
        "77116.6",
        "77082.6",
        "77116.6",
        "1.57843610",
        "121697.290334104",
        "121697.290334104",
        "0",
    ],
}
_PROMISED = {"trades": 2.5, "tickers": 2.5}
_RECV_US = 1_790_000_000_000_000


def text_to_row(name: str):
    """Return the text of a frame, and a call that takes it into a window."""
    arg = Arg(name, instId="BTC-USDT")
    frame = {"arg": arg.wire(), "data": [FRAMES[name]]}
    text = json.dumps(frame, separators=(",", ":"))
    session = ClientSession()
    session.opened(0.0)
    session.subscribe([arg])
    session.text_to_send(0.0)
    tape = Tape(channel(name), (arg,), parse_window(10_000))

    def take() -> None:
        push = session.receive_text(text, 0.0)
        tape.receive(push, _RECV_US)
        session.events()

    return text, take


def measure(*, short: bool = False) -> list[Figure]:
    """Return one figure for each kind of frame."""
    found = []
    for name in FRAMES:
        text, take = text_to_row(name)
        value, seconds = ratio(take, lambda text=text: orjson.loads(text), short=short)
        found.append(
            Figure(
                f"frame text to row in table, {name}",
                value,
                "x",
                "orjson.loads of the frame",
                _PROMISED.get(name),
                f"{seconds * 1e6:.2f} us a message",
            )
        )
    return found
