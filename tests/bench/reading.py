"""`df`: what looking at the window costs, and what the window weighs."""

from __future__ import annotations

import tracemalloc

import msgspec

from okxlab.protocol.arg import Arg
from okxlab.protocol.channels import channel
from okxlab.table import make_table, parse_window
from tests.bench.corpus import row_of
from tests.bench.figures import Figure, ratio

_SMALL, _LARGE = 1_000, 1_000_000
_LENGTHS = (10_000, 100_000, _LARGE)
_CHANNELS = ("trades", "tickers")
_BARS = 10_000
_BAR_MS = 60_000
_RECV_US = 1_790_000_000_000_000
_BATCH = 10_000


def rows_of(name: str, count: int) -> list:
    """Return rows of a channel, a minute from one to the next."""
    entry = channel(name)
    first = msgspec.convert(row_of(name), entry.row, strict=False)
    return [
        msgspec.structs.replace(first, ts=first.ts + n * _BAR_MS) for n in range(count)
    ]


def filled(name: str, rows: int):
    """Return a table of a channel that holds so many rows."""
    entry = channel(name)
    table = make_table(entry.kind, entry.columns(), window=parse_window(rows))
    batch = rows_of(name, min(rows, _BATCH))
    inst_id = Arg(name, instId="BTC-USDT").inst_id
    for _ in range(rows // len(batch)):
        table.append(batch, _RECV_US, inst_id)
    return table


def windows(*, short: bool) -> list[Figure]:
    """Return the cost of large windows against that of a small one."""
    found = []
    for name in _CHANNELS:
        small = filled(name, _SMALL)
        for rows in _LENGTHS[:1] if short else _LENGTHS:
            large = filled(name, rows)
            value, seconds = ratio(large.snapshot, small.snapshot, short=short)
            title = f".df of a {name} window of {rows:,} rows"
            note = f"{seconds * 1e6:.1f} us"
            floor = f"the same at {_SMALL:,} rows"
            found.append(Figure(title, value, "x", floor, 1.5, note))
        found.append(Figure(f"{title}, idle", seconds * 1e6, "us", "", 60.0))
    return found


def changed_bars(*, short: bool) -> list[Figure]:
    """Return what a snapshot of bars costs, with and without a change before it."""
    table = filled("candle1m", _BARS)
    last = rows_of("candle1m", _BARS)[-1:]
    trades = filled("trades", _SMALL)

    def changed() -> None:
        table.append(last, _RECV_US)
        table.snapshot()

    kept = [table.snapshot()]

    def replaced() -> None:
        table.append(last, _RECV_US)
        kept[0] = table.snapshot()

    def followed() -> None:
        table.append(last, _RECV_US)
        table.since(table.mark - 1)

    found = []
    for title, call, at_most in (
        (f".df of {_BARS:,} bars, none changed", table.snapshot, None),
        (f".df of {_BARS:,} bars, the last one changed", changed, 150.0),
        (f".df of {_BARS:,} bars, the same in place of the one before", replaced, None),
        (f"changes of {_BARS:,} bars, the last one changed", followed, None),
    ):
        value, seconds = ratio(call, trades.snapshot, short=short)
        note = f"{value:.1f} x .df of trades"
        found.append(Figure(title, seconds * 1e6, "us", "idle", at_most, note))
    return found


def weight(*, short: bool) -> list[Figure]:
    """Return what a window weighs against the bytes of its columns.

    Texts that many rows share are counted once, as they are kept once.
    """
    rows = 50_000 if short else _LARGE
    entry = channel("trades")
    batch = rows_of("trades", _BATCH)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        table = make_table(entry.kind, entry.columns(), window=parse_window(rows))
        # Beyond the first roll-over of a full window.
        for _ in range(5 * rows // 2 // _BATCH):
            table.append(batch, _RECV_US)
        settled, peak = (held - before for held in tracemalloc.get_traced_memory())
    finally:
        tracemalloc.stop()
    frame = table.snapshot()
    columns = int(frame.memory_usage(index=True).sum())
    note = f"{settled / 1e6:.0f} MB for {columns / 1e6:.0f} MB"
    title = f"memory of a trades window of {rows:,} rows"
    floor = "bytes of its columns and index"
    return [
        Figure(f"{title}, settled", settled / columns, "x", floor, 2.2, note),
        Figure(f"{title}, at a roll-over", peak / columns, "x", floor, 3.3),
    ]


def measure(*, short: bool = False) -> list[Figure]:
    """Return all figures of this module."""
    return [
        *windows(short=short),
        *changed_bars(short=short),
        *weight(short=short),
    ]
