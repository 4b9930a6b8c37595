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

import msgspec

from tests.drill.stage import TICK_MS, play

PATIENCE = 10.0
"""Longest that a book may stay unsynced after its last fault [virtual s]."""
SPREAD = "BTC-USDT_BTC-USDT-SWAP"
BOOKS = {
    ("books", "BTC-USDT"): 1.5,
    ("books", "ETH-USDT"): 1.5,
    ("books", "SOL-USDT"): 1.5,
    ("books", "BTC-USDT-SWAP"): 1.5,
    ("books-rpi", "BTC-USDT"): 1.5,
    ("sprd-books-l2-tbt", SPREAD): 8.0,
}
"""The books, and the longest that each may be behind the exchange's while it is
synced [virtual s]: a lost update shows with the next one, which spreads have seldom."""
RARELY = 0.25
"""How often a spread is hit, against another book.  OKX offers no other way back than
to subscribe anew: 240 times an hour on one connection, and then it stays empty."""

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


@dataclass
class Report:
    """What a drill has seen."""

    seconds: float = 0.0
    faults: Counter = field(default_factory=Counter)
    checks: int = 0
    equal: int = 0
    equal_by: Counter = field(default_factory=Counter)
    public_drops: int = 0
    behind: int = 0
    unsynced: int = 0
    longest: float = 0.0
    tears: int = 0
    resyncs: int = 0
    ways: Counter = field(default_factory=Counter)
    requests: int = 0
    public_requests: int = 0
    rest: int = 0
    trades: int = 0
    holes: int = 0
    wrong: list = field(default_factory=list)

    def __str__(self) -> str:
        faults = ", ".join(f"{n} {name}" for name, n in self.faults.most_common())
        ways = ", ".join(f"{n} {name}" for name, n in self.ways.most_common())
        kinds = ", ".join(f"{n} {name}" for name, n in self.equal_by.items())
        return (
            f"{self.seconds / 60:.0f} virtual minutes, {len(BOOKS)} books\n"
            f"faults: {sum(self.faults.values())} ({faults})\n"
            f"tears {self.tears}, resyncs {self.resyncs} ({ways})\n"
            f"checks {self.checks}: {self.equal} equal level by level ({kinds}), "
            f"{self.behind} behind by an update that was lost, "
            f"{self.unsynced} not synced, {len(self.wrong)} wrong\n"
            f"longest without a book after its last fault {self.longest:.2f} s\n"
            f"subscription requests {self.requests} "
            f"({self.public_requests} public), REST calls {self.rest}, "
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
        self.last_fault = dict.fromkeys(BOOKS, 0.0)
        self.armed = {key: [] for key in BOOKS}
        self.last_equal = dict.fromkeys(BOOKS, 0.0)

    def run(self):
        """Run it, and return the report."""
        return play(self._run, seed=self.seed, delays=self._delays(), **self.timings)

    async def _run(self, stage):
        self.stage, self.world = stage, stage.world
        self.tapes = {key: stage.book(key[1], key[0]) for key in BOOKS}
        beside = stage.rows("BTC-USDT", "trades")
        await self._live()
        self.report.rest = stage.rest.asked
        self.report.requests = sum(self.world.requests.values())
        self.report.public_requests = self.world.requests["public"]
        self._check_beside(beside)
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
            # The last seconds are for getting well: what has yet to strike will not.
            if now >= end - PATIENCE:
                self.world.exchange.faults.clear()
            elif now >= fault:
                fault = now + self.random.expovariate(1 / self.every)
                self._harm(now)
            await asyncio.sleep(TICK_MS / 1000 * 0.2)

    # What goes wrong.

    def _harm(self, now):  # noqa: C901 # one line or two for each kind of fault
        kinds, weights = zip(*FAULTS.items(), strict=True)
        (kind,) = self.random.choices(kinds, weights)
        shares = [RARELY if one[1] == SPREAD else 1.0 for one in BOOKS]
        (key,) = self.random.choices(list(BOOKS), shares)
        name, inst_id = key
        path = self.tapes[key].entry.path
        faults = self.world.exchange.faults
        mine = self.armed[key] = [f for f in self.armed[key] if f in faults.armed]
        hit = [key]
        match kind:
            case "gap":
                lost = self.random.choice((1, 1, 2, 5))
                mine.append(faults.skip_seq(inst_id, channel=name, count=lost))
            case "duplicate":
                mine.append(faults.duplicate(inst_id, channel=name))
            case "reset":
                faults.reset_seq(inst_id)
                hit = [one for one in BOOKS if one[1] == inst_id]
            case "lost push":
                mine.append(faults.stop_pushing(inst_id, channel=name, count=1))
            case "no snapshot":
                # A gap, and of what follows it hardly anything arrives.
                mine.append(faults.skip_seq(inst_id, channel=name))
                mine.append(faults.stop_pushing(inst_id, channel=name, count=8))
            case "no ack":
                mine.append(
                    faults.withhold_acks(inst_id=inst_id, channel=name, count=1)
                )
                mine.append(faults.skip_seq(inst_id, channel=name))
            case "malformed":
                faults.malformed(path=path)
            case "drop":
                faults.drop(path=path)
                self.report.public_drops += path == "public"
                hit = [one for one in BOOKS if self.tapes[one].entry.path == path]
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
                self.last_fault = dict.fromkeys(BOOKS, self.world.loop.time())
                yield self.random.choice((2.0, 20.0))
            yield self.random.uniform(0.01, 0.3)

    # What must hold.

    def _check(self, now):
        for key, tape in self.tapes.items():
            self.report.checks += 1
            self._check_one(key, tape, now)

    def _check_one(self, key, tape, now):
        report, book, what = self.report, tape.book, " ".join(key)
        if self._is_armed(key):
            self.last_fault[key] = now  # the fault has yet to strike
        if not book.is_synced:
            report.unsynced += 1
            waited = now - self.last_fault[key]
            report.longest = max(report.longest, waited)
            if waited > PATIENCE:
                report.wrong.append(f"{now:.1f} {what}: {book!r} for {waited:.1f} s")
            if book.read().bids or book.best_bid is not None:
                report.wrong.append(f"{now:.1f} {what}: serves levels unsynced")
            return
        theirs, mine = self._theirs(tape), book.read()
        if mine.seq_id != theirs.seq_id:
            report.behind += 1
            since = now - max(self.last_equal[key], self.last_fault[key])
            if since > BOOKS[key]:
                report.wrong.append(f"{now:.1f} {what}: {book!r} is stale")
            return
        self.last_equal[key] = now
        for side in ("bids", "asks"):
            if getattr(theirs, side) != getattr(mine, side):
                report.wrong.append(f"{now:.1f} {what}: {side} differ")
                return
        report.equal += 1
        report.equal_by[key[0]] += 1

    def _theirs(self, tape):
        """Return the exchange's own book: what it would push first, to anybody."""
        arg = tape.args[0]
        for source in self.world.exchange.sources:
            key = source.find(arg)
            if key is not None:
                (row,) = source.opening(arg.channel, key).rows
                return msgspec.convert(row, tape.entry.row, strict=False)
        raise KeyError(arg)

    def _check_beside(self, tape):
        """See that a stream on the same connection lost rows with it only."""
        frame = tape.table.snapshot()
        follows = frame["trade_id"] - frame["count"] == frame["trade_id"].shift()
        holes = int((~follows.iloc[1:]).sum())
        self.report.trades = len(frame)
        self.report.holes = holes
        if holes > self.report.public_drops:
            self.report.wrong.append(f"{holes} holes in the trades beside the books")

    def _is_armed(self, key):
        armed = self.world.exchange.faults.armed
        return any(fault in armed for fault in self.armed[key])

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
