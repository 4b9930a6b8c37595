"""Dozens of streams on one bad day after another, compared with the exchange itself.

A round is a bad day at many times the speed of the clock, and a calm behind it in
which everything must get well.  Then time stands still, and what the streams show is
compared with what the simulator has on record.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import socket
import threading
import time
from pathlib import Path

from okxlab.runtime import current_runtime
from tests.soak.stage import SPOT, STEP, SWAP, Stage

SPEED = 20.0
"""Virtual seconds in a second, if the machine can."""
ROUND = 20.0
"""How long a bad day lasts [s]."""
EVERY = 0.5
"""Mean time between two faults [virtual s]."""
_MMAP_THRESHOLD = -3
"""glibc's ``M_MMAP_THRESHOLD``."""


class Soak:
    """One run.

    Parameters
    ----------
    seconds
        How long, by the wall clock.
    seed
        Of the market, and of the bad days.
    length
        How long a bad day lasts [s].
    say
        Takes a line after each round.
    """

    def __init__(self, seconds, *, seed=1, length=ROUND, say=None) -> None:
        self._seconds = seconds
        self._length = length
        self._seed = seed
        self._say = say or (lambda _: None)
        self.stage = Stage(seed)
        self.report = self.stage.report

    def run(self):
        """Run it and return the report."""
        _return_great_blocks()
        threads, sockets = set(threading.enumerate()), network_sockets()
        began = time.monotonic()
        with self.stage:
            self.stage.calm("at the beginning")
            self._rounds(began)
            self._sum_up()
        self.report.seconds = time.monotonic() - began
        self._check_leaks(threads, sockets)
        return self.report

    def _rounds(self, began) -> None:
        last, told = time.monotonic(), 0
        while time.monotonic() - began < self._seconds:
            day = self.stage.simulator.faults.bad_day(
                f"{self._seed}/{self.report.rounds}",
                every=EVERY,
                inst_ids=(*SPOT, *SWAP),
            )
            self._play(self._length)
            struck = day.plan[: day.struck]
            self.report.strikes.update(one.switch for one in struck)
            self.stage.simulator.faults.clear()
            self.stage.calm(f"round {self.report.rounds}")
            self.stage.compare()
            self.report.rounds += 1
            self.report.memory.append(_memory())
            now = time.monotonic()
            for line in self.report.wrong[told:]:
                self._say(f"WRONG {line}")
            told = len(self.report.wrong)
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
            self.stage.step()
            if now >= look:
                look = now + 2.0
                self.stage.look()
            self.stage.pause.wait(max(0.0, now + STEP / SPEED - time.monotonic()))

    def _sum_up(self) -> None:
        report = self.report
        for stream in self.stage.streams:
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
            if stream in self.stage.trades.values():
                report.refilled += int(gaps["missing"].fillna(0).sum())
        for seen in self.stage.seen.values():
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
            if not tasks and not left and network_sockets() <= sockets:
                return
            self.stage.pause.wait(0.05)
        self.report.wrong.append(
            f"left: {left}, {network_sockets() - sockets} sockets, {tasks}"
        )


def _tasks(loop):
    import asyncio

    return [repr(task) for task in asyncio.all_tasks(loop) if not task.done()]


def network_sockets() -> int:
    """Count internet sockets; loops have pairs of their own."""
    count = 0
    for entry in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):  # gone meanwhile, or no socket
            found = socket.socket(fileno=int(entry.name))
            count += found.family in (socket.AF_INET, socket.AF_INET6)
            found.detach()
    return count


def _return_great_blocks() -> None:
    """Let what is greater than 128 KB go back to the system as soon as it is free.

    By and by glibc keeps frames of megabytes at the top of the arena of a thread, from
    where nothing trims them: they would come and go in what is measured.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, 128 * 1024)


def _memory() -> float:
    """Return the resident memory of this process [MB]; 0 where nobody tells."""
    gc.collect()
    # What is free goes back to the system, so that fragments are not counted.
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
