"""What okxlab costs a process: to be imported, and to wait on quiet streams."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

import okxlab
from tests.bench.far import FarSimulator
from tests.bench.figures import Figure

_STARTS = 7
_QUIET_SECONDS = 60.0
_STREAMS = 20


def importing(*, short: bool) -> Figure:
    """Return what `import okxlab` costs against `import pandas`, each in a process.

    Both have their bytecode, as whatever pip has installed and from the second start
    on everything else has.
    """
    _seconds_of("okxlab")
    ratios, times = [], []
    for _ in range(1 if short else _STARTS):
        low, high = (_seconds_of(name) for name in ("pandas", "okxlab"))
        ratios.append(high / low)
        times.append(high)
    note = f"{statistics.median(times) * 1e3:.0f} ms"
    value = statistics.median(ratios)
    return Figure("import okxlab", value, "x", "import pandas", 1.35, note)


def _seconds_of(name: str) -> float:
    code = (
        "import time; begun = time.perf_counter(); "
        f"import {name}; print(time.perf_counter() - begun)"
    )
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        text=True,
        env=environment,
    )
    return float(done.stdout)


def idling(*, short: bool) -> Figure:
    """Return what streams cost that are subscribed and to which nothing comes.

    The exchange is another process, whose time stands still.
    """
    seconds = 1.0 if short else _QUIET_SECONDS
    with (
        FarSimulator(speed=0, instruments=4 * _STREAMS) as far,
        okxlab.connect(far.environment) as lab,
    ):
        names = list(lab.instruments("SPOT").index[:_STREAMS])
        streams = [lab.stream(name, "tickers") for name in names]
        for stream in streams:
            stream._tape.wait_for(lambda one=stream: one.status == "live", 30.0)
        begun, used = time.perf_counter(), time.process_time()
        streams[0]._tape.wait_for(lambda: False, seconds)
        share = (time.process_time() - used) / (time.perf_counter() - begun)
    title = f"{len(streams)} quiet streams, {seconds:g} s"
    return Figure(title, 100 * share, "% CPU", "one core", 1.0)


def measure(*, short: bool = False) -> list[Figure]:
    """Return all figures of this module."""
    return [importing(short=short), idling(short=short)]
