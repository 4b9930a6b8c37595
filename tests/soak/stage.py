"""Streams beside the simulator that they are streams of."""

from __future__ import annotations

import threading
import time

import okxlab
from okxlab.simulator import ServerSettings
from tests.soak.report import Report
from tests.soak.seen import Seen
from tests.soak.states import VALUES, AccountStreams, is_last_state, opening

START_MS = 1_790_000_000_000
STEP = 0.2
"""How far the market moves at a stretch [virtual s]."""
PATIENCE = 90.0
"""Longest calm [s]."""
MOST_STEPS = 300
"""Steps in which every stream is heard of again, however quiet its market."""
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
SMALL_TRADES = (("BTC-USDT", "trades"), ("BTC-USDT", "trades-all"))
SMALL_BARS = (("BTC-USDT", "candle1m"), ("BTC-USDT", "candle1s"))
SMALL_BOOKS = (("BTC-USDT", "books"),)
SMALL_OTHERS = (("BTC-USDT", "tickers"),)


class Stage:
    """A market that moves when it is told to, and streams of it.

    Parameters
    ----------
    seed
        Of the market.
    is_small
        Whether a handful of streams is enough.
    """

    def __init__(self, seed=1, *, is_small=False) -> None:
        self.report = Report(seed)
        self._is_small = is_small
        self.pause = threading.Event()  # never set: it only waits
        self.simulator = okxlab.Simulator(
            seed,
            start=START_MS,
            speed=0,
            instruments=10,
            trader="BTC-USDT",
            settings=ServerSettings(idle_timeout=3.0, requests_per_hour=1_000_000),
        )

    def __enter__(self):
        self.simulator.start()
        self.simulator.script_trader("BTC-USDT-SWAP", seed=2)
        environment = okxlab.Environment(
            self.simulator.ws, self.simulator.rest, **TIMINGS
        )
        self.lab = okxlab.connect(environment, credentials=KEY)
        self._open()
        return self

    def __exit__(self, *_):
        self.lab.close()
        self.simulator.stop()

    def _open(self) -> None:
        lab, small = self.lab, self._is_small
        trades, bars = (SMALL_TRADES, SMALL_BARS) if small else (TRADES, BARS)
        books, others = (SMALL_BOOKS, SMALL_OTHERS) if small else (BOOKS, OTHERS)
        self.seen = {one: Seen() for one in trades}
        # Small windows: they are full, and their memory with them, before long; of
        # trades they hold what comes between two looks, however slow the machine.
        self.trades = {one: lab.stream(*one, window=8_000) for one in trades}
        self.bars = {one: lab.stream(*one, window=300) for one in bars}
        self.books = {
            (inst_id, name): lab.book(inst_id, channel=name, window=1_000)
            for inst_id, name in books
        }
        self.others = {one: lab.stream(*one, window=1_000) for one in others}
        self.private = AccountStreams(lab)
        self.streams = [
            *self.trades.values(),
            *self.bars.values(),
            *self.books.values(),
            *self.others.values(),
            *self.private.all,
        ]
        self.report.streams = len(self.streams)
        self.calm("at the beginning")

    def step(self) -> None:
        try:
            self.simulator.step(STEP, timeout=20.0)
        except TimeoutError as error:
            self.report.wrong.append(str(error))
        self.report.market += STEP

    def calm(self, when) -> None:
        """Let everything get well, then let time stand still."""
        give_up = time.monotonic() + PATIENCE
        for _ in range(15):  # what was lost shows when something comes again
            self.step()
            self.pause.wait(0.02)
        # An update of a bar that was held back is made good by the next one.
        told = {one: one.stats.frames for one in self._compared()}
        for _ in range(MOST_STEPS):
            told = {one: n for one, n in told.items() if one.stats.frames == n}
            if not told:
                break
            self.step()
            self.look()
        while (ill := self._ill()) and time.monotonic() < give_up:
            self.step()
            self.look()
            self.pause.wait(0.05)
        # Bars are told every second, and one that has no trade yet is not told.
        while self.simulator.now.microsecond or not self.simulator.now.second:
            self.step()
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

    def _compared(self):
        """Return the streams of which the newest row is compared."""
        others = self.others.values()
        states = (stream for stream in others if stream.channel in VALUES)
        return [*self.bars.values(), *self.books.values(), *states]

    def _ill(self):
        return [stream for stream in self.streams if not _is_well(stream)]

    def look(self) -> None:
        for key, stream in self.trades.items():
            self.seen[key].look(stream.df)

    # What must hold.

    def compare(self) -> None:
        for key in self.trades:
            self._compare_trades(key)
        for key in self.bars:
            self._compare_bars(key)
        for key in self.books:
            self._compare_book(key)
        for stream in self.others.values():
            if stream.channel in VALUES:
                self._compare_state(stream)
        self.report.wrong += self.private.wrong(self.simulator)
        self.report.accounts += 1

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
        seen = self.seen[key]
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
            if is_seconds:  # the wire brings them when they are over, but for the first
                frame = frame[frame["confirm"]]
            known = self._reach(
                lambda exchange: exchange.market.candles(
                    inst_id, bar, limit=len(frame) + 1, family=family
                )
            )
            known = known[::-1]
            if is_seconds:
                known = [row for row in known if row[-1] == "1"]
            known = known[len(known) - len(frame) :]
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
        stream = self.books[key]
        tape = stream._tape
        row = self._reach(lambda exchange: opening(exchange, tape.args[0]))

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

    def _compare_state(self, stream) -> None:
        row = self._reach(lambda exchange: opening(exchange, stream._tape.args[0]))
        if not self._is_so(stream, lambda: is_last_state(stream, row)):
            self.report.wrong.append(f"{stream.name}: {stream.latest} is not {row}")
        self.report.states += 1


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
