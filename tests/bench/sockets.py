"""From the socket to the row: a flood of one channel, and many subscriptions at once.

The exchange is a process of its own that pushes a load, so that what is measured is
what this process does: its CPU time a message, which does not depend on how fast the
other one is.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time

from websockets.asyncio.client import connect

import okxlab
from tests.bench.far import FarSimulator
from tests.bench.figures import Figure

_ROUNDS = 7
_FLOOD = 60_000
_AHEAD = 2_000
"""Messages before the clock runs."""
_PATIENCE = 120.0
_INSTRUMENTS, _CHANNELS = 500, ("tickers", "trades", "books5")
_LISTED = 600
"""Instruments of the exchange, so that enough of them are no options."""
_RATE = 10_000
_SECONDS = 60.0
_ROWS_KEPT = 500_000
"""Window of each stream: all that comes in the minute, and while it subscribes."""


def flood(*, short: bool) -> Figure:
    """Return what a trade costs against a client that only receives it."""
    count = 2_000 if short else _FLOOD
    ratios, times = [], []
    with FarSimulator(rate="max") as far:
        for _ in range(1 if short else _ROUNDS):
            low = asyncio.run(_receive_only(far.ws, count))
            high = _into_a_stream(far.environment, count)
            ratios.append(high / low)
            times.append(high)
    note = f"{statistics.median(times) * 1e6:.2f} us a message"
    return Figure(
        "socket to row over plain loopback, trades",
        statistics.median(ratios),
        "x",
        "websockets asyncio client, receiving only",
        1.4,
        note,
    )


async def _receive_only(ws: str, count: int) -> float:
    """Return the CPU time of a message that is received and dropped [s]."""
    arg = {"channel": "trades", "instId": "BTC-USDT"}
    async with connect(
        f"{ws}/ws/v5/public", compression=None, ping_interval=None, close_timeout=1
    ) as peer:
        await peer.send(json.dumps({"op": "subscribe", "args": [arg]}))
        for _ in range(_AHEAD):
            await peer.recv()
        begun = time.process_time()
        for _ in range(count):
            await peer.recv()
        taken = (time.process_time() - begun) / count
        peer.transport.abort()  # a goodbye would have to read all that waits
    return taken


def _into_a_stream(environment: okxlab.Environment, count: int) -> float:
    """Return the CPU time of a message that becomes a row [s]."""
    with okxlab.connect(environment) as lab:
        stream = lab.stream("BTC-USDT", "trades")
        stream.wait(_AHEAD, timeout=_PATIENCE)
        before, begun = stream.stats.frames, time.process_time()
        stream.wait(count, timeout=_PATIENCE)
        used = time.process_time() - begun
        return used / (stream.stats.frames - before)


def many(*, short: bool) -> list[Figure]:
    """Return how soon, and how completely, many subscriptions are served."""
    seconds = 1.0 if short else _SECONDS
    with (
        FarSimulator(rate=_RATE, instruments=_LISTED) as far,
        okxlab.connect(far.environment) as lab,
    ):
        names = [
            name
            for kind in ("SPOT", "SWAP", "FUTURES")
            for name in lab.instruments(kind).index
        ][: 10 if short else _INSTRUMENTS]
        begun = time.perf_counter()
        streams = [
            lab.stream(names, channel, window=_ROWS_KEPT) for channel in _CHANNELS
        ]
        tapes = [stream._tape for stream in streams]
        for tape in tapes:
            tape.wait_for(lambda one=tape: not one._unsettled, _PATIENCE)
        subscribed = time.perf_counter() - begun
        before, clock, used = far.sent, time.perf_counter(), time.process_time()
        tapes[0].wait_for(lambda: False, seconds)
        used = time.process_time() - used
        rate = (far.sent - before) / (time.perf_counter() - clock)
        # Each subscription began with a message of its own.
        sent = far.stop_load() + len(names) * len(_CHANNELS)
        tapes[0].wait_for(lambda: sum(one.frames for one in tapes) >= sent, _PATIENCE)
        rows = sum(len(stream.df) for stream in streams)
        gaps = [reason for stream in streams for reason in stream.gaps.reason]
    title = f"{len(names)} instruments x {len(_CHANNELS)} channels at {_RATE:,}/s"
    note = f"{rows:,} rows of {sent:,} messages, gaps: {', '.join(gaps) or 'none'}"
    return [
        Figure(f"{title}: all subscribed", subscribed, "s", "", 5.0),
        Figure(f"{title}: rows too few or many", abs(sent - rows), "rows", note, 0.0),
        Figure(f"{title}: taken", rate, "a second", "", None, at_least=0.99 * _RATE),
        Figure(f"{title}: load", 100 * used / seconds, "% CPU", "one core", None),
    ]


def measure(*, short: bool = False) -> list[Figure]:
    """Return all figures of this module."""
    return [flood(short=short), *many(short=short)]
