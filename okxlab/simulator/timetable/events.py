"""Event contracts: which there are, and when they change.

They are listed, told and settled by the index; an order book they have not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from okxlab.simulator.change import Change
from okxlab.simulator.paths import remember
from okxlab.simulator.rest_call import no_instrument
from okxlab.simulator.timetable.event_contract import (
    DAILY,
    QUARTERLY,
    EventContract,
    Kind,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.market import Market
    from okxlab.simulator.rest_call import Query
    from okxlab.simulator.timetable.script import Row

__all__ = ["Events"]

_INDICES = ("BTC-USDT", "ETH-USDT")
_KINDS = (DAILY, QUARTERLY)
_STRIKES = (-2, -1, 0, 1, 2)
_FIRST_CODE = 1_000_000
_CODES = 100_000
"""Expiries after which instrument codes begin anew."""


class Events:
    """The channels of event contracts, ``instruments`` of the type among them.

    Parameters
    ----------
    market
        Whose indices they ask about.
    """

    channels = frozenset({"event-contract-markets", "instruments"})

    def __init__(self, market: Market) -> None:
        self._market = market
        self.indices = [one for one in _INDICES if one in market.index_ids()]
        """The indices that they ask about."""
        self._made: dict[tuple[str, str, int], list[EventContract]] = {}

    def find(self, arg: Arg, now_ms: int) -> str | None:  # noqa: ARG002  # a script's
        """Return the type, if it is that of event contracts."""
        return "EVENTS" if arg.get("instType") == "EVENTS" else None

    def opening(self, channel: str, key: str, ms: int) -> list[Row]:  # noqa: ARG002  # a script's
        """Return what is listed; markets begin with the next change."""
        if channel != "instruments":
            return []
        return [one.instrument_row(ms) for one in self.kept(ms)]

    def changes(
        self,
        channel: str,
        keys: Collection[str],  # noqa: ARG002  # there is but one
        after_ms: int,
        to_ms: int,
    ) -> Iterator[Change]:
        """Yield each change of a contract."""
        for one in self.between(after_ms, to_ms):
            for ms in one.moments:
                if after_ms < ms <= to_ms:
                    is_market = channel == "event-contract-markets"
                    row = one.market_row(ms) if is_market else one.instrument_row(ms)
                    yield Change(ms, channel, "EVENTS", [row])

    def answer(self, query: Query) -> list[Row] | None:
        """Answer ``public/instruments`` of event contracts; None of other types."""
        if query.inst_type() != "EVENTS":
            return None
        series, inst_id = query.required("seriesId"), query.text("instId")
        rows = [
            one.instrument_row(query.now_ms)
            for one in self.kept(query.now_ms)
            if one.series_id == series and inst_id in {None, one.inst_id}
        ]
        if inst_id is not None and not rows:
            raise no_instrument()
        return rows

    def kept(self, ms: int) -> list[EventContract]:
        """Return the contracts that are listed at a moment [Unix ms]."""
        return [one for one in self.between(ms - 1, ms) if one.is_kept(ms)]

    def between(self, after_ms: int, to_ms: int) -> Iterator[EventContract]:
        """Yield the contracts that live at some time in (after_ms, to_ms]."""
        for kind in _KINDS:
            every, offset = kind.every_ms, kind.offset_ms
            first = (after_ms - kind.settled_ms - offset) // every
            last = (to_ms + kind.listed_ms - offset) // every
            for rank in range(first, last + 1):
                for index_id in self.indices:
                    yield from self._of(kind, index_id, rank * every + offset)

    def _of(self, kind: Kind, index_id: str, end_ms: int) -> list[EventContract]:
        key = (kind.name, index_id, end_ms)
        kept = self._made.get(key)
        if kept is None:
            kept = remember(self._made, key, self._make(kind, index_id, end_ms), 256)
        return kept

    def _make(self, kind: Kind, index_id: str, end_ms: int) -> list[EventContract]:
        """Return the contracts of an event; what they end at is known beforehand."""
        step = self._market.index_step(index_id)
        settle = self._value(index_id, end_ms)
        code = _FIRST_CODE + end_ms // kind.every_ms % _CODES * 40
        code += 20 * _INDICES.index(index_id) + 10 * _KINDS.index(kind)
        return [
            EventContract(
                kind=kind,
                index_id=index_id,
                end_ms=end_ms,
                strike=step.text(strike),
                settle=step.text(settle),
                is_yes=settle >= strike,
                code=code + place,
            )
            for place, strike in enumerate(self._strikes(kind, index_id, end_ms))
        ]

    def _strikes(self, kind: Kind, index_id: str, end_ms: int) -> list[int]:
        """Return what the index must reach [steps of the wire]."""
        if kind.fixed_ms:
            return [self._value(index_id, end_ms - kind.fixed_ms)]
        asset = self._market.listed[index_id].asset
        apart = 10 ** (asset.magnitude - 1 + asset.tick.places) // asset.tick.unit
        middle = self._value(index_id, end_ms - kind.listed_ms) // apart
        return [(middle + k) * apart for k in _STRIKES]

    def _value(self, index_id: str, ms: int) -> int:
        return cast("int", self._market.value("index-tickers", index_id, ms))
