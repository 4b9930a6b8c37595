"""Typed uses of the public names: never run, mypy must accept every line."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import okxlab

if TYPE_CHECKING:
    import pandas as pd


def connecting() -> None:
    """Every way to say which exchange is meant."""
    okxlab.connect()
    okxlab.connect("demo", site="eea")
    okxlab.connect(okxlab.Environment("ws://127.0.0.1:9000", ping_interval=25))
    okxlab.connect(okxlab.Environment.named("live", "us", proof=5))
    with okxlab.Simulator(seed=1, speed=10.0, port=0, checksum="legacy") as exchange:
        lab: okxlab.Lab = okxlab.connect(exchange)
        exchange.faults.drop()
        exchange.step(1.5)
        lab.close()
    with okxlab.connect("simulator") as lab:
        everything: tuple[okxlab.Stream, ...] = lab.streams
        print(everything, lab.environment.url("public"), lab.status)  # noqa: T201  uses them


def logging_in() -> None:
    """Credentials, a login on an open lab, and what of the limits is used."""
    key: okxlab.Credentials = okxlab.Credentials("key", "secret", "passphrase")
    lab = okxlab.connect("demo", site="us", credentials=okxlab.Credentials.from_env())
    lab.login(key)
    lab.login(okxlab.Credentials.from_keyring("okxlab-demo"), timeout=5)
    orders: okxlab.Stream = lab.stream(channel="orders", inst_type="SPOT")
    used: list[int] = [
        one.args + one.requests_used + one.requests_left + one.waiting
        for one in lab.status.connections
    ]
    counts: dict[str, int] = {
        one.channel: one.limit - one.connections for one in lab.status.channel_counts
    }
    state: str = lab.status.login
    print(orders.updates, used, counts, state)  # noqa: T201  uses them


def streaming() -> None:
    """A stream, by instrument, list of instruments, type; windows of all kinds."""
    stream: okxlab.Stream = okxlab.stream("BTC-USDT")
    okxlab.stream("BTC-USDT", "trades", window="15min", max_rows=10)
    okxlab.stream(["BTC-USDT", "ETH-USDT"], "candle1m", window=timedelta(hours=1))
    okxlab.stream(channel="liquidation-orders", inst_type="SWAP", window=500)
    okxlab.stream("BTC-USDT", "candle1m", history=2_000)
    okxlab.stream("BTC-USDT", "trades", history="1D")
    okxlab.stream("BTC-USDT", "trades", history=timedelta(hours=2))

    frame: pd.DataFrame = stream.df
    changes: pd.DataFrame = stream.updates
    frame = stream.frame(last=10)
    frame = stream.wait(rows=5, timeout=1.5)
    frame = stream.gaps
    status: str = stream.status
    stats: okxlab.Stats = stream.stats
    count: int = stats.reconnects + len(stream)
    latest: Any = stream.latest
    stream.close()
    with stream as again:
        again.wait()
    print(frame, changes, status, count, latest)  # noqa: T201  uses them


def looking_back(day: datetime, lab: okxlab.Lab) -> None:
    """The past, by times, durations and numbers of rows; with and without a cache."""
    frame: pd.DataFrame = okxlab.history("BTC-USDT", "candle1H", "2026-09-01")
    frame = okxlab.history("BTC-USDT", "trades", 500, progress=False, cache=False)
    frame = lab.history("BTC-USDT", "candle1H", day, day + timedelta(days=1))
    frame = lab.history("BTC-USDT", "candle1m", "30D", max_rows=50_000, cache="pages")
    frame = lab.gaps
    bars = lab.stream("BTC-USDT", "candle1m", history="1D")
    loading = bars.loading
    if loading is not None and not loading.is_over:
        print(loading.done / loading.pages, loading.error)  # noqa: T201  uses it
        bars.stop_loading()
    names: tuple[str, ...] = lab.listed("SPREAD")
    print(frame, names, lab.has_history("trades"))  # noqa: T201  uses it


def listening(stream: okxlab.Stream) -> None:
    """Callbacks, plain and as decorators."""
    handle: okxlab.Callback = stream.on_update(print)
    handle.stop()
    stream.on_update(lambda rows: rows["last"].mean(), every=0.5).stop()
    stream.live("price", last=500, theme="dark", tick=0.1, fps=5).close()

    @stream.on_update
    def plain(rows: pd.DataFrame) -> None:
        rows.info()

    @stream.on_update(every=1.0)
    def slower(rows: pd.DataFrame) -> float:
        return float(rows["last"].mean())

    plain.stop()
    slower.stop()


async def iterating(stream: okxlab.Stream) -> list[float]:
    """Rows as they come."""
    return [row.last async for row in stream]


def looking_up() -> None:
    """What there is, as DataFrames."""
    frames: list[pd.DataFrame] = [
        okxlab.channels(),
        okxlab.channels("trades"),
        okxlab.instruments("SPOT"),
        okxlab.instruments("OPTION", "BTC-USD"),
    ]
    okxlab.allow_asyncio_run()
    print(frames, okxlab.__version__)  # noqa: T201  uses them


def books() -> None:
    """An order book, its figures and frames; metrics on values and frames."""
    book: okxlab.BookStream = okxlab.book("BTC-USDT", channel="books", window="15min")
    stream: okxlab.Stream = book
    prices: list[float | None] = [
        book.best_bid,
        book.best_ask,
        book.mid,
        book.spread,
        book.spread_bps,
        book.microprice,
        book.imbalance(5),
        book.vwap("buy", 1.5),
        book.age,
    ]
    frames: list[pd.DataFrame] = [
        book.df,
        book.depth(25),
        book.cumulative(),
        book.snapshot().bids,
        book.events,
        book.levels(every=0.5, n=10).df,
        okxlab.metrics.ohlcv(stream.df, "1m", instrument={"inst_type": "SPOT"}),
    ]
    is_synced: bool = book.is_synced
    book.chart("heatmap", last=600, theme="dark", tick=0.1).show()
    seq_id: int | None = book.seq_id
    price: float = okxlab.metrics.mid(1.0, 2.0)
    print(prices, frames, is_synced, seq_id, price)  # noqa: T201  uses them


def failing(stream: okxlab.Stream) -> str:
    """Errors carry their facts."""
    try:
        stream.wait()
    except okxlab.SubscriptionError as error:
        return error.code + error.msg + error.arg + error.conn_id
    except okxlab.WaitTimeoutError as error:
        return f"{error.received} of {error.wanted}"
    except okxlab.OkxlabError as error:
        return str(error)
    return ""
