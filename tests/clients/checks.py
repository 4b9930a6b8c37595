"""What OKX's documentation says about each push, checked without okxlab."""

from __future__ import annotations

import json
import urllib.request
import zlib
from decimal import Decimal

TICKER_KEYS = {
    "instType", "instId", "last", "lastSz", "askPx", "askSz", "bidPx", "bidSz",
    "open24h", "high24h", "low24h", "volCcy24h", "vol24h", "sodUtc0", "sodUtc8", "ts",
}  # fmt: skip
TRADE_KEYS = {"instId", "tradeId", "px", "sz", "side", "ts", "count"}
NUMBERS = {"seqId", "prevSeqId", "checksum"}


def get(rest, path):
    """Return the rows of a REST call."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(rest + path, timeout=10) as answer:
        body = json.load(answer)
    assert body["code"] == "0", body
    assert body["msg"] == "", body
    return body["data"]


def is_multiple(value, step):
    """Tell whether a decimal text is a positive whole multiple of another."""
    return Decimal(value) > 0 and Decimal(value) % Decimal(step) == 0


def check_texts(row):
    """Everything is a string but the three numbers of a book."""
    for key, value in row.items():
        wanted = int if key in NUMBERS else (str, list)
        assert isinstance(value, wanted), (key, value)


def check_ticker(row, instrument):
    """A ticker has all its members, and a bid below its ask."""
    check_texts(row)
    assert row.keys() >= TICKER_KEYS, row
    assert row["instId"] == instrument["instId"]
    for key in ("last", "askPx", "bidPx"):
        assert is_multiple(row[key], instrument["tickSz"]), (key, row)
    for key in ("lastSz", "askSz", "bidSz"):
        assert is_multiple(row[key], instrument["lotSz"]), (key, row)
    assert Decimal(row["bidPx"]) < Decimal(row["askPx"]), row
    assert Decimal(row["low24h"]) <= Decimal(row["last"]) <= Decimal(row["high24h"])


def check_trade(row, instrument):
    """A trade has all its members, on the instrument's grid."""
    check_texts(row)
    assert row.keys() >= TRADE_KEYS, row
    assert row["side"] in {"buy", "sell"}
    assert is_multiple(row["px"], instrument["tickSz"]), row
    assert is_multiple(row["sz"], instrument["lotSz"]), row
    assert int(row["count"]) >= 1


def check_candle(row):
    """A candle has nine texts; it opens on a minute and its high is the highest."""
    assert len(row) == 9, row
    assert all(isinstance(value, str) for value in row), row
    assert int(row[0]) % 60_000 == 0
    assert row[8] in {"0", "1"}
    prices = [Decimal(value) for value in row[1:5]]
    assert prices[1] == max(prices), row
    assert prices[2] == min(prices), row


class TradeChain:
    """Aggregated trades must leave no id out: id - count is the id before."""

    def __init__(self, instrument):
        self.instrument = instrument
        self.last = None
        self.rows = 0

    def take(self, push):
        for row in push["data"]:
            check_trade(row, self.instrument)
            first = int(row["tradeId"]) - int(row["count"]) + 1
            # The first push is the last trade as it stood; the next ones join on.
            assert self.last is None or first == self.last + 1, (self.last, row)
            self.last = int(row["tradeId"])
            self.rows += 1


class Book:
    """An order book kept as OKX describes it, by strings; never by floats."""

    def __init__(self, instrument, depth=400):
        self.instrument = instrument
        self.depth = depth
        self.sides = None
        self.seq_id = None
        self.updates = 0
        self.checksums = 0

    def take(self, push):
        (row,) = push["data"]
        check_texts(row)
        if push["action"] == "snapshot":
            assert row["prevSeqId"] == -1, row["prevSeqId"]
            self.sides = {"asks": {}, "bids": {}}
            assert 0 < len(row["asks"]) <= self.depth
            assert 0 < len(row["bids"]) <= self.depth
        else:
            assert push["action"] == "update"
            assert self.sides is not None, "an update before the snapshot"
            assert row["prevSeqId"] == self.seq_id, (row["prevSeqId"], self.seq_id)
            self.updates += 1
        self.seq_id = row["seqId"]
        for side, levels in self.sides.items():
            self._merge(levels, row[side])
        self._check(row["checksum"])

    def _merge(self, levels, changes):
        for level in changes:
            px, sz, *_ = level
            assert len(level) == 4, level
            assert all(isinstance(value, str) for value in level), level
            if sz == "0":
                levels.pop(px, None)
            else:
                assert is_multiple(px, self.instrument["tickSz"]), level
                assert is_multiple(sz, self.instrument["lotSz"]), level
                assert px == px.rstrip("0").rstrip(".") or "." not in px, level
                levels[px] = sz

    def _check(self, checksum):
        bids = sorted(self.sides["bids"].items(), key=lambda level: -Decimal(level[0]))
        asks = sorted(self.sides["asks"].items(), key=lambda level: Decimal(level[0]))
        assert len(bids) <= self.depth
        assert len(asks) <= self.depth
        assert Decimal(bids[0][0]) < Decimal(asks[0][0]), "crossed"
        if checksum == 0:
            return
        parts = []
        for i in range(25):
            parts += bids[i : i + 1] + asks[i : i + 1]
        crc = zlib.crc32(":".join(f"{px}:{sz}" for px, sz in parts).encode())
        assert checksum == (crc - (1 << 32) if crc >= 1 << 31 else crc)
        self.checksums += 1
