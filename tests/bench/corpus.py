"""Messages of the shapes and lengths that OKX sends, the same in every run.

The values are our own.  Every generator is endless and follows from its seed
alone, so that two programs, or two machines, read the same messages.
"""

from __future__ import annotations

import json
import random
from itertools import count
from typing import TYPE_CHECKING, Any

from okxlab.protocol.arg import Arg

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "BOOK",
    "CHANGED",
    "INSTRUMENTS",
    "KINDS",
    "MIX",
    "messages",
    "mix",
    "row_of",
    "updates",
]

BOOK = Arg("books", instId="BTC-USDT")
LEVELS = 400
"""Levels of a side of the incremental book."""
CHANGED = 27
"""Levels of an update, both sides together."""
MIX = ("trades", "tickers", "books5", "candle1m")
"""Channels of the mix, each as often as the others."""
INSTRUMENTS = tuple(f"COIN{number:02}-USDT" for number in range(1, 51))
"""Instruments of the mix."""

_MIDDLE = 670_000
"""Price between the sides [tenths]."""
_BEGIN_MS = 1_790_000_000_000
_BAR_MS = 60_000
_UPDATES_A_BAR = 100


def mix(seed: int = 1) -> Iterator[str]:
    """Yield messages of all instruments and channels of the mix, shuffled."""
    draw = random.Random(seed)
    sources = [
        messages(kind, inst_id, seed + number)
        for number, inst_id in enumerate(INSTRUMENTS)
        for kind in MIX
    ]
    # Each comes once before any comes twice, so that every arg is there early.
    yield from [next(source) for source in sources]
    while True:
        yield next(draw.choice(sources))


def row_of(kind: str) -> Any:
    """Return the first row of a channel, as it is on the wire."""
    return json.loads(next(messages(kind)))["data"][0]


def messages(kind: str, inst_id: str = "BTC-USDT", seed: int = 1) -> Iterator[str]:
    """Yield the messages of a channel for one instrument.

    Parameters
    ----------
    kind
        One of `KINDS`.
    inst_id, seed
        Whose, and which.
    """
    draw = random.Random(f"{kind} {inst_id} {seed}")
    arg = Arg(kind, instId=inst_id)
    for row in KINDS[kind](draw, inst_id):
        yield _text(arg, row)


def _text(arg: Arg, row: Any, **more: str) -> str:
    frame = {"arg": arg.wire(), **more, "data": [row]}
    return json.dumps(frame, separators=(",", ":"))


def _px(draw: random.Random) -> str:
    return f"{(_MIDDLE + draw.randrange(-5_000, 5_000)) / 10:.1f}"


def _size(draw: random.Random) -> str:
    return f"{draw.random() * 3:.8f}"


def _trades(draw: random.Random, inst_id: str) -> Iterator[dict[str, Any]]:
    trade_id, ts, seq_id = 1_040_968_613, _BEGIN_MS, 79_706_765_242
    while True:
        matches = draw.choice((1, 1, 1, 2, 3))
        # A row's id is that of the last trade in it.
        trade_id, ts, seq_id = trade_id + matches, ts + draw.randrange(9), seq_id + 7
        yield {
            "instId": inst_id,
            "tradeId": str(trade_id),
            "px": _px(draw),
            "sz": _size(draw),
            "side": draw.choice(("buy", "sell")),
            "ts": str(ts),
            "count": str(matches),
            "source": "0",
            "seqId": seq_id,
        }


def _tickers(draw: random.Random, inst_id: str) -> Iterator[dict[str, Any]]:
    ts = _BEGIN_MS
    while True:
        ts += 100
        yield {
            "instType": "SPOT",
            "instId": inst_id,
            "last": _px(draw),
            "lastSz": _size(draw),
            "askPx": _px(draw),
            "askSz": _size(draw),
            "bidPx": _px(draw),
            "bidSz": _size(draw),
            "open24h": "66958.9",
            "high24h": "67496.9",
            "low24h": "66309.4",
            "sodUtc0": "66484.7",
            "sodUtc8": "66445.9",
            "volCcy24h": f"{229_576_048 + draw.random():.9f}",
            "vol24h": f"{3_601 + draw.random():.7f}",
            "ts": str(ts),
        }


def _candles(draw: random.Random, _: str) -> Iterator[list[str]]:
    """Return bars that are updated many times before the next one begins."""
    number = 0
    while True:
        place, at = divmod(number, _UPDATES_A_BAR)
        yield [
            str(_BEGIN_MS // _BAR_MS * _BAR_MS + place * _BAR_MS),
            "67082.7",
            "67116.6",
            "67082.6",
            _px(draw),
            _size(draw),
            f"{draw.random() * 200_000:.9f}",
            f"{draw.random() * 200_000:.9f}",
            str(int(at == _UPDATES_A_BAR - 1)),
        ]
        number += 1


def _tops(levels: int):
    def rows(draw: random.Random, inst_id: str) -> Iterator[dict[str, Any]]:
        ts, seq_id = _BEGIN_MS, 79_706_765_242
        while True:
            ts, seq_id = ts + 100, seq_id + draw.randrange(1, 40)
            middle = _MIDDLE + draw.randrange(-500, 500)
            sides = {
                name: [
                    [
                        f"{(middle + sign * step) / 10:.1f}",
                        _size(draw),
                        "0",
                        str(draw.randint(1, 40)),
                    ]
                    for step in range(1, levels + 1)
                ]
                for name, sign in (("asks", 1), ("bids", -1))
            }
            row = {**sides, "ts": str(ts), "seqId": seq_id}
            yield {**row, "instId": inst_id} if levels > 1 else row

    return rows


KINDS = {
    "trades": _trades,
    "tickers": _tickers,
    "books5": _tops(5),
    "bbo-tbt": _tops(1),
    "candle1m": _candles,
}
"""Channels whose messages stand by themselves."""


def updates(seed: int = 1) -> Iterator[str]:
    """Yield a snapshot of 400 levels a side and the updates that follow it.

    Most changes are of a size, near the top; some levels come and go.
    """
    draw = random.Random(seed)
    sides = {
        "bids": {_MIDDLE - 1 - step: _size(draw) for step in range(LEVELS)},
        "asks": {_MIDDLE + step: _size(draw) for step in range(LEVELS)},
    }
    yield _book_text(draw, sides, 1, -1, "snapshot")
    for seq in count(2):
        counts = (CHANGED // 2, CHANGED - CHANGED // 2)
        changed = {
            name: _change(draw, levels, name, wanted)
            for (name, levels), wanted in zip(sides.items(), counts, strict=True)
        }
        yield _book_text(draw, changed, seq, seq - 1, "update")


def _change(draw, levels, name, wanted):
    sign = -1 if name == "bids" else 1
    changed = {}
    places = sorted(levels, reverse=sign < 0)
    while len(changed) < wanted:
        px = places[min(int(draw.expovariate(1 / 40)), len(places) - 1)]
        if draw.random() < 0.7:
            changed[px] = levels[px] = _size(draw)
        elif len(levels) >= LEVELS and levels.pop(px, None) is not None:
            changed[px] = "0"
            places.remove(px)
        else:
            px = _MIDDLE + sign * draw.randrange(1, LEVELS)
            changed[px] = levels[px] = _size(draw)
            places = sorted(levels, reverse=sign < 0)
    return changed


def _book_text(draw, sides, seq, prev, action):
    row = {
        name: [
            [f"{px / 10:g}", sz, "0", "0" if sz == "0" else str(draw.randint(1, 40))]
            for px, sz in sorted(levels.items(), reverse=name == "bids")
        ]
        for name, levels in reversed(sides.items())
    }
    row |= {"ts": "1790000000100", "checksum": 0, "seqId": seq, "prevSeqId": prev}
    return _text(BOOK, row, action=action)
