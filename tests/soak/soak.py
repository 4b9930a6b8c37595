"""Dozens of streams on one bad day after another, compared with the exchange itself.

A round is a bad day at many times the speed of the clock, and a calm behind it in
which everything must get well.  Then time stands still, and what the streams show is
compared with what the simulator has on record.
"""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import threading
import time
from collections import Counter
from pathlib import Path

import msgspec

import okxlab
from okxlab.protocol.channels import channel as find_channel
from okxlab.runtime import current_runtime
from okxlab.simulator import ServerSettings
from tests.soak.report import Report
from tests.soak.seen import Seen

START_MS = 1_790_000_000_000
STEP = 0.2
"""How far the market moves at a stretch [virtual s]."""
SPEED = 20.0
"""Virtual seconds in a second, if the machine can."""
ROUND = 20.0
"""How long a bad day lasts [s]."""
EVERY = 1.0
"""Mean time between two faults [virtual s]."""
PATIENCE = 90.0
"""Longest calm [s]."""
KEY = okxlab.Credentials("simulator-key", "simulator-secret", "simulator-pass")
TIMINGS = {
    "ping_interval": 0.5,
    "pong_timeout": 0.5,
    "connect_timeout": 2.0,
    "login_timeout": 1.5,
    "ack_timeout": 0.5,
    "backoff_initial": 0.02,
    "backoff_max": 0.5,
    "proof": 0.2,
    "connects_per_second": 100,
    "requests_per_hour": 1_000_000,
    "book_silence": 3.0,
    "rest_timeout": 3.0,
}
SPOT = ("BTC-USDT", "ETH-USDT", "SOL-USDT", "XRP-USDT")
SWAP = ("BTC-USDT-SWAP", "ETH-USDT-SWAP")
TRADES = tuple((one, "trades") for one in (*SPOT, *SWAP)) + tuple(
    (one, "trades-all") for one in ("BTC-USDT", "ETH-USDT", "BTC-USDT-SWAP")
)
BARS = (
    *((one, "candle1m") for one in SPOT),
    ("BTC-USDT", "candle1s"),
    ("ETH-USDT", "candle1s"),
    ("BTC-USDT", "candle5m"),
    ("BTC-USDT", "candle1Dutc"),
    ("BTC-USDT", "index-candle1m"),
    ("BTC-USDT-SWAP", "mark-price-candle1m"),
)
BOOKS = (*((one, "books") for one in (*SPOT, *SWAP)), ("BTC-USDT", "books5"))
OTHERS = (
    *((one, "tickers") for one in (*SPOT, *SWAP)),
    *((one, "mark-price") for one in SWAP),
    *((one, "funding-rate") for one in SWAP),
    ("BTC-USDT", "bbo-tbt"),
    ("BTC-USDT", "index-tickers"),
)
PRIVATE = ("account", "positions", "orders")


class Soak:
    """One run.

    Parameters
    ----------
    seconds
        How long, by the wall clock.
    seed
        Of the market, and of the bad days.
    say
        Takes a line after each round.
    """

    def __init__(self, seconds, *, seed=1, say=None) -> None:
        self._seconds = seconds
        self._seed = seed
        self._say = say or (lambda _: None)
        self.report = Report(seed)
        self._pause = threading.Event()  # never set: it only waits
        self._seen = {one: Seen() for one in TRADES}
        self._strikes = Counter()

    def run(self) -> Report:
        """Run it and return the report."""
        threads, sockets = set(threading.enumerate()), _sockets()
        began = time.monotonic()
        self.simulator = okxlab.Simulator(
            self._seed,
            start=START_MS,
            speed=0,
            trader="BTC-USDT",
            settings=ServerSettings(idle_timeout=3.0, requests_per_hour=1_000_000),
        )
        with self.simulator:
            environment = okxlab.Environment(
                self.simulator.ws, self.simulator.rest, **TIMINGS
            )
            self.lab = okxlab.connect(environment, credentials=KEY)
            try:
                self._open()
                self._rounds(began)
                self._sum_up()
            finally:
                self.lab.close()
        self.report.seconds = time.monotonic() - began
        self._check_leaks(threads, sockets)
        return self.report

    def _open(self) -> None:
        lab = self.lab
        self.trades = {one: lab.stream(*one, window=20_000) for one in TRADES}
        self.bars = {one: lab.stream(*one, window=300) for one in BARS}
        self.books = {
            (inst_id, name): lab.book(inst_id, channel=name, window=2_000)
            for inst_id, name in BOOKS
        }
        others = [lab.stream(*one, window=2_000) for one in OTHERS]
        private = [lab.stream("BTC-USDT", "orders", inst_type="SPOT", window=2_000)]
        private += [lab.stream(channel="account", window=2_000)]
        private += [lab.stream(channel="positions", inst_type="ANY", window=2_000)]
        self.streams = [
            *self.trades.values(),
            *self.bars.values(),
            *self.books.values(),
            *others,
            *private,
        ]
        self.report.streams = len(self.streams)
        self._calm("at the beginning")

    def _rounds(self, began) -> None:
        last = time.monotonic()
        while time.monotonic() - began < self._seconds:
            length = ROUND
            day = self.simulator.faults.bad_day(
                f"{self._seed}/{self.report.rounds}",
                every=EVERY,
                inst_ids=(*SPOT, *SWAP),
            )
            self._play(length)
            struck = day.plan[: day.struck]
            self.report.strikes.update(one.switch for one in struck)
            self.simulator.faults.clear()
            self._calm(f"round {self.report.rounds}")
            self._compare()
            self.report.rounds += 1
            gc.collect()
            self.report.memory.append(_memory())
            now = time.monotonic()
            self._say(
                f"round {self.report.rounds}: {len(struck)} faults, "
                f"{now - last:.0f} s, {self.report.memory[-1]:.1f} MB, "
                f"{len(self.report.wrong)} wrong"
            )
            last = now

    def _play(self, seconds) -> None:
        """Let the market run at its speed."""
        end = time.monotonic() + seconds
        look = 0.0
        while (now := time.monotonic()) < end:
            self._step()
            if now >= look:
                look = now + 2.0
                self._look()
            self._pause.wait(max(0.0, now + STEP / SPEED - time.monotonic()))

    def _step(self) -> None:
        try:
            self.simulator.step(STEP, timeout=20.0)
        except TimeoutError as error:
            self.report.wrong.append(str(error))
        self.report.market += STEP

    def _calm(self, when) -> None:
        """Let everything get well, then let time stand still."""
        give_up = time.monotonic() + PATIENCE
        while (ill := self._ill()) and time.monotonic() < give_up:
            self._step()
            self._look()
            self._pause.wait(0.05)
        for stream in ill:
            tape = stream._tape
            holes = (
                {
                    str(arg): chain.missing()
                    for arg, chain in tape.mending.chains.items()
                }
                if hasattr(tape, "mending")
                else ""
            )
            self.report.wrong.append(
                f"{when}: {stream!r} is not well: {holes} {stream.stats.last_error}\n"
                f"{stream.gaps.tail(3).to_string()}"
            )

    def _ill(self):
        return [stream for stream in self.streams if not _is_well(stream)]

    def _look(self) -> None:
        for key, stream in self.trades.items():
            self._seen[key].look(stream.df)

    # What must hold.

    def _compare(self) -> None:
        for key in self.trades:
            self._compare_trades(key)
        for key in self.bars:
            self._compare_bars(key)
        for key in self.books:
            self._compare_book(key)

    def _reach(self, ask):
        return self.simulator._serving.reach(ask)

    def _is_so(self, stream, condition) -> bool:
        """Wait until what is on its way has arrived."""
        return stream._tape.wait_for(condition, 10.0)

    def _compare_trades(self, key) -> None:
        stream, inst_id = self.trades[key], key[0]
        rows = self._reach(lambda exchange: exchange.market.trades(inst_id, 2_000))
        record = {int(row["tradeId"]): row for row in rows}
        newest = max(record)
        if not self._is_so(stream, lambda: stream.df["trade_id"].max() == newest):
            self.report.wrong.append(
                f"{key}: ends with {stream.df['trade_id'].max()}, not {newest}"
            )
        seen = self._seen[key]
        seen.look(stream.df)
        missing, gaps = seen.missing(newest), stream.gaps
        lost = gaps[~gaps["healed"]]
        if (
            missing
            and not lost["missing"].isna().any()
            and (missing > lost["missing"].sum())
        ):
            self.report.wrong.append(
                f"{key}: {missing} trades missing, {len(lost)} gaps not healed: "
                f"{seen.stretches[-4:]}"
            )
        if seen.doubles:
            self.report.wrong.append(f"{key}: {seen.doubles} trades twice")
            seen.doubles = 0
        self._compare_values(key, record)

    def _compare_values(self, key, record) -> None:
        frame = self.trades[key].df
        for trade_id, px, sz, count in zip(
            frame["trade_id"].tolist(),
            frame["px"].tolist(),
            frame["sz"].tolist(),
            frame["count"].tolist() if "count" in frame else [1] * len(frame),
            strict=True,
        ):
            ids = range(trade_id - count + 1, trade_id + 1)
            if not all(one in record for one in ids):
                continue
            size = sum(float(record[one]["sz"]) for one in ids)
            if float(record[trade_id]["px"]) != px or abs(size - sz) > 1e-9 * size:
                self.report.wrong.append(f"{key}: trade {trade_id} is {px} {sz}")

    def _compare_bars(self, key) -> None:
        stream, (inst_id, name) = self.bars[key], key
        family, _, bar = name.rpartition("candle")
        family, is_seconds = f"{family}candle", bar == "1s"

        def rows():
            frame = stream.df
            known = self._reach(
                lambda exchange: exchange.market.candles(
                    inst_id, bar, limit=len(frame) + 1, family=family
                )
            )
            known = known[::-1][-len(frame) :]
            if is_seconds:  # the wire brings seconds only when they are over
                known = [row for row in known if row[-1] == "1"]
            shown = zip(
                frame.index.astype("int64").tolist(),
                frame.iloc[:, :-3].to_numpy().tolist(),
                frame["confirm"].tolist(),
                strict=True,
            )
            return (
                list(shown)[-len(known) :],
                [
                    (int(row[0]), [float(one) for one in row[1:-1]], row[-1] == "1")
                    for row in known
                ],
            )

        if not self._is_so(stream, lambda: _are_equal(*rows())):
            got, expected = rows()
            wrong = [
                pair
                for pair in zip(got[::-1], expected[::-1], strict=False)
                if pair[0] != pair[1]
            ]
            self.report.wrong.append(
                f"{key}: {len(got)} and {len(expected)} bars: {len(wrong)} {wrong[:2]}"
            )
        self.report.bars += len(stream.df)

    def _compare_book(self, key) -> None:
        stream, (_, name) = self.books[key], key
        tape = stream._tape
        arg = tape.args[0]

        def theirs(exchange):
            for source in exchange.sources:
                found = source.find(arg)
                if found is not None:
                    (row,) = source.opening(name, found).rows
                    return msgspec.convert(row, find_channel(name).row, strict=False)
            raise KeyError(arg)

        row = self._reach(theirs)

        def is_equal():
            mine = tape.book.read()
            return mine.bids == row.bids and mine.asks == row.asks

        if not self._is_so(stream, is_equal):
            mine = tape.book.read()
            self.report.wrong.append(
                f"{key}: {tape.book!r} is not {row.seq_id}: {mine.bids[:1]} "
                f"{row.bids[:1]}"
            )
        self.report.books += 1

    def _sum_up(self) -> None:
        report = self.report
        for stream in self.streams:
            stats, gaps = stream.stats, stream.gaps
            report.rows += stats.rows
            report.frames += stats.frames
            report.reconnects += stats.reconnects
            report.resyncs += stats.resyncs
            if hasattr(stream._tape, "mending"):
                report.gaps += len(gaps)
                report.unhealed += int((~gaps["healed"]).sum())
            else:
                report.hopeless += len(gaps)
            if stream in self.trades.values():
                report.refilled += int(gaps["missing"].fillna(0).sum())
        for seen in self._seen.values():
            report.trades += sum(high - low for low, high in seen.stretches)
            report.missing += seen.missing(seen.stretches[-1][1] - 1)
        second, last = report.thirds()
        if len(report.memory) >= 9 and last > second * 1.05:
            report.wrong.append(f"memory grew from {second:.1f} to {last:.1f} MB")

    def _check_leaks(self, threads, sockets) -> None:
        end = time.monotonic() + 5.0
        tasks = ["?"]
        runtime = current_runtime()
        while time.monotonic() < end:
            gc.collect()
            tasks = runtime.call(_tasks, runtime.loop)
            left = [
                one
                for one in set(threading.enumerate()) - threads
                if not one.name.startswith(("okxlab-loop", "okxlab-disp", "asyncio_"))
            ]
            if not tasks and not left and _sockets() <= sockets:
                return
            self._pause.wait(0.05)
        self.report.wrong.append(
            f"left: {left}, {_sockets() - sockets} sockets, {tasks}"
        )


def _tasks(loop):
    import asyncio

    return [repr(task) for task in asyncio.all_tasks(loop) if not task.done()]


def _is_well(stream) -> bool:
    if stream.status not in ("waiting", "live"):
        return False
    tape = stream._tape
    if hasattr(tape, "book"):
        return tape.book.is_synced
    if hasattr(tape, "mending"):
        return not (
            any(tape.missing(arg) for arg in tape.args)
            or any(arg in tape.mending.doubts for arg in tape.args)
        )
    return True


def _are_equal(got, expected) -> bool:
    return got == expected


def _sockets() -> int:
    """Count internet sockets; loops have pairs of their own."""
    count = 0
    for entry in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):  # gone meanwhile, or no socket
            found = socket.socket(fileno=int(entry.name))
            count += found.family in (socket.AF_INET, socket.AF_INET6)
            found.detach()
    return count


def _memory() -> float:
    """Return the resident memory of this process [MB]; 0 where nobody tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
