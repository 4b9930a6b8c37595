"""Channels that follow from the path alone, on grids of their own.

Mark prices and indices every 200 ms when they changed, price limits every second,
their candles every second when something moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from okxlab.simulator.candles import LiveBars, split_channel
from okxlab.simulator.change import Change
from okxlab.simulator.grid import SLOW_MS, points
from okxlab.simulator.paths import STEP_MS
from okxlab.simulator.quotes import PathSeries

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.simulator.marks import PathBars
    from okxlab.simulator.wire import Step

__all__ = ["Derived", "State"]


class State(NamedTuple):
    """A channel whose row follows from the time."""

    value: Callable[[int], object]
    """What it tells at a moment; a row is due when this has changed."""
    row: Callable[[int], dict[str, Any]]
    every_ms: int
    """Its grid."""
    again_ms: int
    """Its row is told anew at multiples of this, changed or not."""


class Derived:
    """The derived channels of one instrument or index.

    Parameters
    ----------
    key
        The instId.
    bars, step
        The bars of its price, and what one unit of that is worth.
    since_ms
        Where its history begins [Unix ms].
    states
        Its other channels by name.
    """

    def __init__(
        self,
        key: str,
        bars: PathBars,
        step: Step,
        since_ms: int,
        states: dict[str, State],
    ) -> None:
        self.series = PathSeries(bars, step, since_ms)
        self.states = states
        self._key = key
        self._bars = bars
        self._watched: list[str] = []
        self._live = LiveBars(self.series)

    def series_at(self, now_ms: int) -> PathSeries:
        """Return its candles as of a moment [Unix ms]."""
        self._bars.now_ms = now_ms
        return self.series

    @property
    def is_watched(self) -> bool:
        """Whether any change of it has to be told."""
        return bool(self._watched or self._live)

    def watch(self, channel: str, now_ms: int) -> None:
        """Tell the changes of a channel from now on."""
        if parts := split_channel(channel):
            self._bars.now_ms = now_ms
            self._live.watch(channel, parts[1], now_ms)
        else:
            self._watched = sorted({*self._watched, channel})

    def unwatch(self, channel: str) -> None:
        """Tell the changes of a channel no longer."""
        self._live.unwatch(channel)
        self._watched = [name for name in self._watched if name != channel]

    def first(self, channel: str, now_ms: int) -> dict[str, Any] | list[str]:
        """Return the row of the first push of a channel."""
        if parts := split_channel(channel):
            self._bars.now_ms = now_ms
            return self._live.row(channel, parts[1], now_ms)
        return self.states[channel].row(now_ms)

    def run(self, after_ms: int, to_ms: int, out: list[Change]) -> None:
        """Tell what falls due in (after_ms, to_ms]."""
        for ms in points(after_ms, to_ms, STEP_MS):
            for channel in self._watched:
                state = self.states[channel]
                every = state.every_ms
                if ms % every == 0 and (
                    ms % state.again_ms == 0
                    or state.value(ms) != state.value(ms - every)
                ):
                    out.append(Change(ms, channel, self._key, [state.row(ms)]))
            if self._live and ms % SLOW_MS == 0:
                self._bars.now_ms = ms
                for channel, row in self._live.told(ms, self._moved):
                    out.append(Change(ms, channel, self._key, [row]))

    def _moved(self, ms: int) -> bool:
        """Tell whether the price changed within the last second."""
        value = next(iter(self.states.values())).value
        now = value(ms)
        return any(value(t) != now for t in range(ms - SLOW_MS, ms, STEP_MS))
