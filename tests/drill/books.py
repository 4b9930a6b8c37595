"""The drill: books on a bad day, checked against the exchange's own.

Faults come at random moments, by a seed: updates that get lost, that come twice,
sequences that begin anew, connections that break, snapshots that never come,
answers of REST that are late or never come.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

from okxlab.environment import Environment
from okxlab.lab.router import Router
from okxlab.protocol.channels import channel, make_arg
from okxlab.simulator.exchange import Exchange
from okxlab.simulator.market import Market
from okxlab.stream.book_tape import BookTape
from okxlab.stream.tape import Tape
from okxlab.table import parse_window
from tests.drill.virtual import MemoryRest, VirtualLoop, World

START_MS = 1_790_000_000_000
TICK_MS = 50
PATIENCE = 10.0
"""Longest that a book may stay unsynced after its last fault [virtual s]."""
STALE = 1.5
"""Longest that a synced book may be behind the exchange's [virtual s]."""
INST_IDS = ("BTC-USDT", "ETH-USDT", "SOL-USDT", "BTC-USDT-SWAP")

# How often each happens, of a thousand faults.  Connections break seldom: each new
# one has a new budget of requests.
FAULTS = {
    "gap": 300,
    "duplicate": 250,
    "reset": 200,
    "lost push": 100,
    "no snapshot": 60,
    "no ack": 30,
    "malformed": 30,
    "late rest": 25,
    "drop": 5,
}


class MaintainedMarket(Market):
    """A market whose sequence numbers can begin anew, as after a maintenance."""

    def __init__(self, *args, **options) -> None:
        super().__init__(*args, **options)
        self._offsets = {}
        self._due = set()

    def reset(self, inst_id):
        """Let the next change of a book have a small id."""
        self._due.add(inst_id)

    def advance(self, to_ms):
        """Let virtual time pass."""
        changes = super().advance(to_ms)
        for change in changes:
            if change.channel == "books":
                for row in change.rows:
                    self._number(change.key, row)
        return changes

    def book(self, inst_id, depth=400):
        """Return the book, with the id that it goes by now."""
        row = super().book(inst_id, depth)
        return row | {"seqId": row["seqId"] - self._offsets.get(inst_id, 0)}

    def first(self, channel, key):
        """Return the first push after a subscription."""
        if channel == "books":
            return [self.book(key)]
        return super().first(channel, key)

    def _number(self, inst_id, row):
        before = self._offsets.get(inst_id, 0)
        if inst_id in self._due:
            self._due.discard(inst_id)
            self._offsets[inst_id] = row["seqId"] - 7
        row["prevSeqId"] -= before
        row["seqId"] -= self._offsets.get(inst_id, 0)


@dataclass
class Report:
    """What a drill has seen."""

    seconds: float = 0.0
    faults: Counter = field(default_factory=Counter)
    checks: int = 0
    equal: int = 0
    behind: int = 0
    unsynced: int = 0
    longest: float = 0.0
    tears: int = 0
    resyncs: int = 0
    ways: Counter = field(default_factory=Counter)
    requests: int = 0
    rest: int = 0
    trades: int = 0
    holes: int = 0
    wrong: list = field(default_factory=list)

    def __str__(self) -> str:
        faults = ", ".join(f"{n} {name}" for name, n in self.faults.most_common())
        ways = ", ".join(f"{n} {name}" for name, n in self.ways.most_common())
        return (
            f"{self.seconds / 60:.0f} virtual minutes, {len(INST_IDS)} books\n"
            f"faults: {sum(self.faults.values())} ({faults})\n"
            f"tears {self.tears}, resyncs {self.resyncs} ({ways})\n"
            f"checks {self.checks}: {self.equal} equal level by level, "
            f"{self.behind} behind by an update that was lost, "
            f"{self.unsynced} not synced, {len(self.wrong)} wrong\n"
            f"longest without a book after its last fault {self.longest:.2f} s\n"
            f"subscription requests {self.requests}, REST calls {self.rest}, "
            f"trades on the same connection {self.trades}, {self.holes} holes"
        )


class Drill:
    """One run.

    Parameters
    ----------
    seconds
        Virtual length [s].
    seed
        Of market and faults.
    every
        Mean time between two faults [virtual s].
    check_every
        Time between two checks [virtual s].
    **timings
        Of the environment.
    """

    def __init__(self, seconds, seed=1, every=1.0, check_every=0.5, **timings) -> None:
        self.seconds = seconds
        self.seed = seed
        self.every = every
        self.check_every = check_every
        self.timings = timings
        self.random = random.Random(f"drill {seed}")
        self.report = Report(seconds=seconds)
        self.late = 0
        self.last_fault = dict.fromkeys(INST_IDS, 0.0)
        self.armed = {inst_id: [] for inst_id in INST_IDS}
        self.last_equal = dict.fromkeys(INST_IDS, 0.0)

    def run(self):
        """Run it, and return the report."""
        import okxlab.transport.dial as dialling

        loop = VirtualLoop()
        real = dialling.dial
        try:
            return loop.run_until_complete(self._run(dialling))
        finally:
            dialling.dial = real
            loop.close()

    async def _run(self, dialling):
        exchange = Exchange(self.seed, start_ms=START_MS, instruments=8)
        exchange.market = MaintainedMarket(self.seed, start_ms=START_MS, instruments=8)
        world = self.world = World(exchange, START_MS)
        dialling.dial = world.dial
        environment = Environment(
            "ws://exchange.invalid", "http://exchange.invalid", **self.timings
        )
        rest = MemoryRest(world, self._delays())
        self.router = Router(environment, world.runtime, rest)
        entry = channel("books")
        self.tapes = {
            inst_id: BookTape(entry, make_arg(entry, inst_id), parse_window(1_000))
            for inst_id in INST_IDS
        }
        trades = channel("trades")
        arg = make_arg(trades, INST_IDS[0])
        beside = Tape(trades, (arg,), parse_window(1_000_000))
        for tape in (*self.tapes.values(), beside):
            self.router.attach(tape)
        await self._live()
        self.report.rest = rest.asked
        self.report.requests = world.requests
        self._check_beside(beside)
        await self.router.close()
        return self._close()

    async def _live(self):
        loop = self.world.loop
        end = loop.time() + self.seconds
        fault = loop.time() + 5.0
        check = loop.time() + 2.0
        while loop.time() < end:
            self.world.advance(TICK_MS)
            await asyncio.sleep(TICK_MS / 1000 * 0.8)
            now = loop.time()
            if now >= check:
                check = now + self.check_every
                self._check(now)
            # The last seconds are for getting well.
            if now >= fault and now < end - PATIENCE:
                fault = now + self.random.expovariate(1 / self.every)
                self._harm(now)
            await asyncio.sleep(TICK_MS / 1000 * 0.2)

    # What goes wrong.

    def _harm(self, now):  # noqa: C901 # one line or two for each kind of fault
        kinds, weights = zip(*FAULTS.items(), strict=True)
        (kind,) = self.random.choices(kinds, weights)
        inst_id = self.random.choice(INST_IDS)
        faults = self.world.exchange.faults
        mine = self.armed[inst_id] = [
            f for f in self.armed[inst_id] if f in faults.armed
        ]
        hit = [inst_id]
        match kind:
            case "gap":
                mine.append(
                    faults.skip_seq(inst_id, count=self.random.choice((1, 1, 2, 5)))
                )
            case "duplicate":
                mine.append(faults.duplicate(inst_id, channel="books"))
            case "reset":
                self.world.exchange.market.reset(inst_id)
            case "lost push":
                mine.append(faults.stop_pushing(inst_id, channel="books", count=1))
            case "no snapshot":
                # A gap, and of what follows it hardly anything arrives.
                mine.append(faults.skip_seq(inst_id))
                mine.append(faults.stop_pushing(inst_id, channel="books", count=8))
            case "no ack":
                mine.append(
                    faults.withhold_acks(inst_id=inst_id, channel="books", count=1)
                )
                mine.append(faults.skip_seq(inst_id))
            case "malformed":
                faults.malformed(path="public")
            case "drop":
                faults.drop(path="public")
                hit = list(INST_IDS)
            case "late rest":
                self.late += 3
        self.report.faults[kind] += 1
        for one in hit:
            self.last_fault[one] = now

    def _delays(self):
        while True:
            if self.late:
                self.late -= 1
                # It strikes whoever asks, which is not known here.
                self.last_fault = dict.fromkeys(INST_IDS, self.world.loop.time())
                yield self.random.choice((2.0, 20.0))
            yield self.random.uniform(0.01, 0.3)

    # What must hold.

    def _check(self, now):
        for inst_id, tape in self.tapes.items():
            self.report.checks += 1
            self._check_one(inst_id, tape.book, now)

    def _check_one(self, inst_id, book, now):
        report = self.report
        if self._is_armed(inst_id):
            self.last_fault[inst_id] = now  # the fault has yet to strike
        if not book.is_synced:
            report.unsynced += 1
            waited = now - self.last_fault[inst_id]
            report.longest = max(report.longest, waited)
            if waited > PATIENCE:
                report.wrong.append(f"{now:.1f} {inst_id}: {book!r} for {waited:.1f} s")
            if book.read().bids or book.best_bid is not None:
                report.wrong.append(f"{now:.1f} {inst_id}: serves levels unsynced")
            return
        theirs = self.world.exchange.market.book(inst_id)
        mine = book.read()
        if mine.seq_id != theirs["seqId"]:
            report.behind += 1
            if now - max(self.last_equal[inst_id], self.last_fault[inst_id]) > STALE:
                report.wrong.append(f"{now:.1f} {inst_id}: {book!r} is stale")
            return
        self.last_equal[inst_id] = now
        for side in ("bids", "asks"):
            expected = [(float(px), float(sz), int(n)) for px, sz, _, n in theirs[side]]
            found = [(one.px, one.sz, one.orders) for one in getattr(mine, side)]
            if expected != found:
                report.wrong.append(f"{now:.1f} {inst_id}: {side} differ")
                return
        report.equal += 1

    def _check_beside(self, tape):
        """See that a stream on the same connection lost rows with it only."""
        frame = tape.table.snapshot()
        follows = frame["trade_id"] - frame["count"] == frame["trade_id"].shift()
        holes = int((~follows.iloc[1:]).sum())
        self.report.trades = len(frame)
        self.report.holes = holes
        if holes > self.report.faults["drop"]:
            self.report.wrong.append(f"{holes} holes in the trades beside the books")

    def _is_armed(self, inst_id):
        armed = self.world.exchange.faults.armed
        return any(fault in armed for fault in self.armed[inst_id])

    def _close(self):
        report = self.report
        for tape in self.tapes.values():
            report.tears += tape.book.tears
            report.resyncs += tape.resyncs
            events = tape.resync_log.snapshot()
            report.ways.update(events["how"].tolist())
            if events["end"].isna().any():
                report.wrong.append(f"{tape.args[0]}: a resync never ended")
            if not tape.book.is_synced:
                report.wrong.append(f"{tape.args[0]}: not synced at the end")
        return report
