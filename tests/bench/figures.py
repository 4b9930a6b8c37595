"""A figure of a benchmark, and how ratios are measured."""

from __future__ import annotations

import contextlib
import gc
import statistics
import time
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Figure", "ratio", "ratio_of_messages"]

_ROUNDS = 15
_ROUND_SECONDS = 0.05
"""Least time of one side of a round: long against the clock's own steps [s]."""


class Figure(NamedTuple):
    """One line of the result."""

    name: str
    value: float
    unit: str
    """``x`` for a ratio to `floor`, else what it is measured in."""
    floor: str
    at_most: float | None
    """What the project promises; None where it promises nothing."""
    note: str = ""
    at_least: float | None = None
    """The same for what should be great."""

    @property
    def holds(self) -> bool:
        """Whether the promise is kept."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return self.at_most is None or self.value <= self.at_most

    @property
    def limit(self) -> str | None:
        """The promise in words; None where there is none."""
        if self.at_least is not None:
            return f"at least {self.at_least:,g}"
        return None if self.at_most is None else f"at most {self.at_most:g}"


def ratio(
    measured: Callable[[], object], floor: Callable[[], object], *, short: bool = False
) -> tuple[float, float]:
    """Measure a function against a floor.

    Both sides of a round run one after the other, so that a machine whose speed
    drifts drifts for both.

    Parameters
    ----------
    measured, floor
        Called many times.
    short
        Only show that it works.

    Returns
    -------
    ratio : float
        Median over the rounds of measured time by floor time.
    seconds : float
        Median time of one call of `measured` [s].
    """
    rounds = 1 if short else _ROUNDS
    seconds = _ROUND_SECONDS / 50 if short else _ROUND_SECONDS
    calls = _calls_for(measured, seconds)
    floor_calls = _calls_for(floor, seconds)
    ratios, times = [], []
    with _undisturbed():
        for _ in range(rounds):
            low = _time(floor, floor_calls)
            high = _time(measured, calls)
            ratios.append(high / low)
            times.append(high)
    return statistics.median(ratios), statistics.median(times)


def ratio_of_messages(
    take: Callable[[str], object],
    floor: Callable[[str], object],
    texts: Iterator[str],
    *,
    count: int,
    short: bool = False,
) -> tuple[float, float]:
    """Measure what takes messages against a floor that takes the same ones.

    The messages are made before the clock runs, and none comes twice.

    Parameters
    ----------
    take, floor
        Called with each message.
    texts
        The messages.
    count
        Messages of a round.
    short
        Only show that it works.

    Returns
    -------
    ratio, seconds : float
        As `ratio`, the second one a message.
    """
    rounds = 1 if short else _ROUNDS
    count = max(1, count // 20) if short else count
    ratios, times = [], []
    with _undisturbed():
        for _ in range(rounds):
            batch = list(islice(texts, count))
            low = _time_of_messages(floor, batch)
            high = _time_of_messages(take, batch)
            ratios.append(high / low)
            times.append(high)
    return statistics.median(ratios), statistics.median(times)


def _time_of_messages(call: Callable[[str], object], batch: list[str]) -> float:
    begun = time.perf_counter()
    for text in batch:
        call(text)
    return (time.perf_counter() - begun) / len(batch)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep the garbage collector out: it would run on either side by chance."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _calls_for(call: Callable[[], object], seconds: float) -> int:
    calls = 1
    while (taken := _time(call, calls) * calls) < seconds / 4:
        calls *= 4
    return max(1, int(calls * seconds / taken))


def _time(call: Callable[[], object], calls: int) -> float:
    begun = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - begun) / calls
