"""Typed rows into tables: the table's part of the way."""

from __future__ import annotations

import json

import msgspec
import orjson

from okxlab.protocol.channels import channel
from okxlab.protocol.columns import columns_of
from okxlab.table import make_table, parse_window
from tests.bench.corpus import row_of
from tests.bench.figures import Figure, ratio

_RECV_US = 1_790_000_000_000_000
_WINDOW = 10_000
_APPEND = ("trades", "tickers", "candle1m")
# `data` alone with a decoder of its own, and the row in its columns.
_PROMISED = {"trades": 2.0, "tickers": 2.0}


def empty(name: str):
    """Return an empty table of a channel."""
    entry = channel(name)
    window = parse_window(_WINDOW)
    return make_table(entry.kind, entry.columns(), window=window, key=entry.key)


def parts(name: str):
    """Return the text of a frame's rows, and their decoder."""
    row = channel(name).row
    decoder = msgspec.json.Decoder(list[row], strict=False)
    return json.dumps([row_of(name)], separators=(",", ":")), decoder


def blank(name: str):
    """Return a row whose numbers are missing, as of an instrument nobody trades."""
    text, decoder = parts(name)
    row = decoder.decode(text)[0]
    numbers = [c.field for c in columns_of(type(row)) if c.kind == "float"]
    return msgspec.structs.replace(row, **dict.fromkeys(numbers[::2], ""))


def appending(*, short: bool) -> list[Figure]:
    """Return what a decoded row costs, and what it costs with its decoding."""
    found = []
    for name in _APPEND:
        text, decoder = parts(name)
        frame = json.dumps({"arg": {"channel": name}, "data": [row_of(name)]})
        rows, table, decode = decoder.decode(text), empty(name), decoder.decode

        def floor(frame=frame) -> None:
            orjson.loads(frame)

        def one(table=table, rows=rows) -> None:
            table.append(rows, _RECV_US)

        def both(table=table, decode=decode, text=text) -> None:
            table.append(decode(text), _RECV_US)

        for title, call, promise in (
            ("append of a decoded row", one, None),
            ("decoding and append", both, _PROMISED.get(name)),
        ):
            value, seconds = ratio(call, floor, short=short)
            found.append(_of_frame(f"{title}, {name}", value, seconds, promise))
    return found


def appending_blanks(*, short: bool) -> Figure:
    """Return what a row costs of which every other number is missing."""
    frame = json.dumps({"arg": {"channel": "tickers"}, "data": [row_of("tickers")]})
    table, rows = empty("tickers"), [blank("tickers")]
    value, seconds = ratio(
        lambda: table.append(rows, _RECV_US), lambda: orjson.loads(frame), short=short
    )
    title = "append of a row with empty values, tickers"
    return _of_frame(title, value, seconds, None)


def _of_frame(title: str, value: float, seconds: float, promise) -> Figure:
    floor = "orjson.loads of the frame"
    return Figure(title, value, "x", floor, promise, f"{seconds * 1e6:.2f} us a row")


def measure(*, short: bool = False) -> list[Figure]:
    """Return all figures of this module."""
    return [
        *appending(short=short),
        appending_blanks(short=short),
    ]
