"""The price that something will be settled at, as it forms in the last half-hour.

It is the mean of the index since the half-hour began, looked at once a minute,
and now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from okxlab.simulator.change import Change
from okxlab.simulator.grid import points
from okxlab.simulator.paths import DAY_MS, HOUR_MS, MINUTE_MS, STEP_MS, remember
from okxlab.simulator.rest_call import no_instrument
from okxlab.simulator.wire import decimal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.instruments import Instrument
    from okxlab.simulator.market import Market
    from okxlab.simulator.rest_call import Query
    from okxlab.simulator.timetable.events import Events
    from okxlab.simulator.timetable.script import Row

__all__ = ["Settlement"]

_WINDOW_MS = 30 * MINUTE_MS
_DAILY_MS = 8 * HOUR_MS
"""Time of the UTC day at which futures are settled."""
_DIGITS = 10
"""Decimal places of a mean behind those of an index."""
_CHANNEL = "estimated-price"


class _Window(NamedTuple):
    """The half-hour before a price is made."""

    kind: str
    inst_id: str
    family: str
    index_id: str
    what: str
    end: int


class Settlement:
    """The channel ``estimated-price`` and its REST call.

    Parameters
    ----------
    market
        Whose futures and options end.
    events
        Contracts that are settled by an index as well.

    Notes
    -----
    Keys are the type with an instId or a family: ``"OPTION/BTC-USD"``.
    """

    channels = frozenset({_CHANNEL})

    def __init__(self, market: Market, events: Events) -> None:
        self._market = market
        self._events = events
        self._looks: dict[tuple[str, int], int] = {}

    def find(self, arg: Arg, now_ms: int) -> str | None:
        """Return type and instId, else type and family, of what there is."""
        kind = arg.get("instType") or ""
        name = arg.get("instId") or arg.get("instFamily") or ""
        if kind == "EVENTS":
            names = {one.inst_id for one in self._events.kept(now_ms)}
            return f"{kind}/{name}" if name in {*names, *self._events.indices} else None
        place = 0 if arg.get("instId") else 1
        known = {
            (one.inst_id, one.family)[place]
            for one in self._market.listed.values()
            if one.inst_type == kind and not one.is_expired(now_ms)
        }
        return f"{kind}/{name}" if name in known else None

    def opening(self, channel: str, key: str, ms: int) -> list[Row]:  # noqa: ARG002  # a script's
        """Return the prices that are forming; nothing outside of the half-hour."""
        return [
            self._row(window, ms)
            for window in self._windows([key], ms, ms)
            if window.end - _WINDOW_MS < ms <= window.end
        ]

    def changes(
        self, channel: str, keys: Collection[str], after_ms: int, to_ms: int
    ) -> Iterator[Change]:
        """Yield each price every 200 ms while it forms."""
        if not points(after_ms, to_ms, STEP_MS):
            return
        for window in self._windows(keys, after_ms, to_ms):
            key, wider = (f"{window.kind}/{n}" for n in (window.inst_id, window.family))
            first = max(after_ms, window.end - _WINDOW_MS)
            for ms in points(first, min(to_ms, window.end), STEP_MS):
                row = self._row(window, ms)
                yield Change(ms, channel, key, [row], wider=(wider,))

    def answer(self, query: Query) -> list[Row]:
        """Answer ``public/estimated-price`` of one instrument."""
        name, now = query.required("instId"), query.now_ms
        one = self._market.listed.get(name)
        if one is None and name not in {e.inst_id for e in self._events.kept(now)}:
            raise no_instrument()
        kind = "EVENTS" if one is None else one.inst_type
        return self.opening(_CHANNEL, f"{kind}/{name}", now)

    def _windows(
        self, keys: Collection[str], after_ms: int, to_ms: int
    ) -> Iterator[_Window]:
        """Yield what is settled while or soon after time passes, for some keys."""
        latest = to_ms + _WINDOW_MS
        for one in self._market.listed.values():
            if _are_meant(keys, one.inst_type, one.inst_id, one.family):
                yield from _windows_of(one, after_ms, latest)
        if not any(key.startswith("EVENTS/") for key in keys):
            return
        for event in self._events.between(after_ms - 1, to_ms):
            name, index_id, end = event.inst_id, event.index_id, event.end_ms
            is_near = after_ms <= end < latest
            if is_near and _are_meant(keys, "EVENTS", name, index_id):
                yield _Window("EVENTS", name, index_id, index_id, "settlement", end)

    def _row(self, window: _Window, ms: int) -> Row:
        index_id, begin = window.index_id, window.end - _WINDOW_MS
        looks = [
            self._look(index_id, begin + k * MINUTE_MS)
            for k in range((ms - begin) // MINUTE_MS + 1)
        ]
        looks.append(cast("int", self._market.value("index-tickers", index_id, ms)))
        step = self._market.index_step(index_id)
        mean = sum(looks) * step.unit * 10**_DIGITS // len(looks)
        return {
            "instType": window.kind,
            "instId": window.inst_id,
            "settleType": window.what,
            "settlePx": decimal(mean, step.places + _DIGITS),
            "ts": str(ms),
        }

    def _look(self, index_id: str, ms: int) -> int:
        kept = self._looks.get((index_id, ms))
        if kept is None:
            value = cast("int", self._market.value("index-tickers", index_id, ms))
            kept = remember(self._looks, (index_id, ms), value, 4096)
        return kept


def _are_meant(keys: Collection[str], kind: str, inst_id: str, family: str) -> bool:
    return f"{kind}/{inst_id}" in keys or f"{kind}/{family}" in keys


def _windows_of(one: Instrument, after_ms: int, latest: int) -> Iterator[_Window]:
    """Yield when an instrument is settled in [after_ms, latest)."""
    kind, end = one.inst_type, one.exp_ms
    same = (kind, one.inst_id, one.family, one.index_id)
    if kind == "FUTURES":
        day = (after_ms - _DAILY_MS) // DAY_MS
        while (daily := day * DAY_MS + _DAILY_MS) < min(latest, end):
            if daily >= after_ms:
                yield _Window(*same, "settlement", daily)
            day += 1
    if after_ms <= end < latest and kind in {"FUTURES", "OPTION"}:
        what = "delivery" if kind == "FUTURES" else "exercise"
        yield _Window(*same, what, end)
