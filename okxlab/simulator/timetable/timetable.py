"""The source that runs the scripts."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from okxlab.simulator.change import Change
from okxlab.simulator.timetable.adl import Adl
from okxlab.simulator.timetable.auctions import Auctions
from okxlab.simulator.timetable.blocks import Blocks
from okxlab.simulator.timetable.calendar import Calendar
from okxlab.simulator.timetable.events import Events
from okxlab.simulator.timetable.settlement import Settlement
from okxlab.simulator.timetable.status import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.market import Market
    from okxlab.simulator.rest_call import Call
    from okxlab.simulator.timetable.script import Script

__all__ = ["Timetable", "make_timetable"]


class Timetable:
    """Scripts as a source of an exchange.

    Parameters
    ----------
    scripts
        Asked in this order.
    start_ms
        Virtual time at the beginning [Unix ms].
    calls
        REST calls that they answer, by path.
    """

    def __init__(
        self, scripts: Sequence[Script], start_ms: int, calls: Mapping[str, Call]
    ) -> None:
        self.calls = calls
        self.now_ms = start_ms
        self._scripts = scripts
        # How often each key is watched, by script and channel.
        self._watched: dict[tuple[str, str], int] = {}

    def find(self, arg: Arg) -> str | None:
        """Return the key of what an arg is about; None if no script knows it."""
        for script in self._scripts:
            if arg.channel in script.channels:
                return script.find(arg, self.now_ms)
        return None

    def watch(self, channel: str, key: str) -> None:
        """Tell the changes of a channel and key from now on; counted."""
        self._watched[channel, key] = self._watched.get((channel, key), 0) + 1

    def unwatch(self, channel: str, key: str) -> None:
        """Take back one `watch`; harmless if there is none."""
        count = self._watched.pop((channel, key), 0)
        if count > 1:
            self._watched[channel, key] = count - 1

    def opening(self, channel: str, key: str) -> Change | None:
        """Return the first push of a channel, if it begins with anything."""
        rows = self._script(channel).opening(channel, key, self.now_ms)
        return Change(self.now_ms, channel, key, rows) if rows else None

    def advance(self, to_ms: int) -> list[Change]:
        """Let virtual time pass; return what is watched and fell due."""
        after_ms, self.now_ms = self.now_ms, to_ms
        keys: dict[str, list[str]] = {}
        for channel, key in sorted(self._watched):
            keys.setdefault(channel, []).append(key)
        told = [
            change
            for channel, some in keys.items()
            for change in self._script(channel).changes(channel, some, after_ms, to_ms)
        ]
        return sorted(told, key=attrgetter("ts"))

    def _script(self, channel: str) -> Script:
        return next(one for one in self._scripts if channel in one.channels)


def make_timetable(seed: int, market: Market) -> Timetable:
    """Return the scripts of an exchange.

    Parameters
    ----------
    seed
        What they are drawn from.
    market
        What they look at.
    """
    status, events = Status(seed), Events(market)
    settlement = Settlement(market, events)
    scripts = (
        status,
        Calendar(seed),
        Adl(seed, market.listed),
        Auctions(seed, market),
        Blocks(seed, market),
        events,
        settlement,
    )
    calls = {
        "system/status": status.answer,
        "public/instruments": events.answer,
        "public/estimated-price": settlement.answer,
    }
    return Timetable(scripts, market.now_ms, calls)
