"""One event contract: a question about an index, and when it is answered."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from okxlab.simulator.paths import HOUR_MS, MINUTE_MS

if TYPE_CHECKING:
    from okxlab.simulator.timetable.script import Row

__all__ = ["DAILY", "QUARTERLY", "EventContract", "Kind"]


class Kind(msgspec.Struct, frozen=True):
    """A kind of series; times are from the expiry [ms]."""

    name: str
    freq: str
    method: str
    every_ms: int
    offset_ms: int
    """Expiries lie so far behind the multiples of `every_ms`."""
    listed_ms: int
    """How long before, it is listed."""
    opens_ms: int
    """How long before, it is traded."""
    fixed_ms: int
    """How long before, the strike is fixed; 0 if it is known from the beginning."""
    settled_ms: int
    """How long after, it is settled."""


DAILY = Kind(
    name="ABOVE-DAILY",
    freq="DAILY",
    method="PRICE_ABOVE",
    every_ms=24 * HOUR_MS,
    offset_ms=16 * HOUR_MS,
    listed_ms=48 * HOUR_MS,
    opens_ms=47 * HOUR_MS,
    fixed_ms=0,
    settled_ms=MINUTE_MS,
)
"""Will the index be above a strike at 16:00 UTC?"""

QUARTERLY = Kind(
    name="UPDOWN-15MIN",
    freq="FIFTEEN_MIN",
    method="PRICE_UP_DOWN",
    every_ms=15 * MINUTE_MS,
    offset_ms=0,
    listed_ms=30 * MINUTE_MS,
    opens_ms=25 * MINUTE_MS,
    fixed_ms=15 * MINUTE_MS,
    settled_ms=MINUTE_MS // 2,
)
"""Will the index be higher than a quarter of an hour ago?"""


class EventContract(msgspec.Struct, frozen=True, kw_only=True):
    """One market of an event: yes or no."""

    kind: Kind
    index_id: str
    end_ms: int
    """The moment that it asks about [Unix ms]."""
    strike: str
    """Least value that means yes, as wire text."""
    settle: str
    """The index at the end, as wire text."""
    is_yes: bool
    code: int

    @property
    def series_id(self) -> str:
        """Its series, such as ``"BTC-ABOVE-DAILY"``."""
        return f"{self.index_id.split('-')[0]}-{self.kind.name}"

    @property
    def event_id(self) -> str:
        """Its event: the series at a time."""
        end = dt.datetime.fromtimestamp(self.end_ms / 1000, dt.UTC)
        return f"{self.series_id}-{end:%y%m%d-%H%M}"

    @property
    def inst_id(self) -> str:
        """Its id: the event and what sets it apart from others of the event."""
        return f"{self.event_id}-{'UP' if self.kind.fixed_ms else self.strike}"

    @property
    def moments(self) -> list[int]:
        """When it changes [Unix ms], from its listing to its settlement."""
        kind, end = self.kind, self.end_ms
        fixed = [end - kind.fixed_ms] if kind.fixed_ms else []
        begin = [end - kind.listed_ms, end - kind.opens_ms]
        return [*begin, *fixed, end, end + kind.settled_ms]

    def is_kept(self, ms: int) -> bool:
        """Tell whether it is listed and not settled yet."""
        return self.moments[0] <= ms < self.moments[-1]

    def state(self, ms: int) -> str:
        """Return what OKX calls its state at a moment."""
        if ms < self.end_ms - self.kind.opens_ms:
            return "preopen"
        if ms < self.end_ms:
            return "live"
        return "settling" if ms < self.moments[-1] else "expired"

    def market_row(self, ms: int) -> Row:
        """Return the row of ``event-contract-markets`` of a moment."""
        is_done = ms >= self.moments[-1]
        fixed = self.end_ms - self.kind.fixed_ms
        return {
            "seriesId": self.series_id,
            "eventId": self.event_id,
            "instId": self.inst_id,
            "listTime": str(self.moments[0]),
            "fixTime": str(fixed) if self.kind.fixed_ms else "",
            "expTime": str(self.end_ms),
            "state": self.state(ms),
            "outcome": ("1" if self.is_yes else "2") if is_done else "0",
            "floorStrike": self._strike(ms),
            "capStrike": "",
            "settleValue": self.settle if is_done else "",
            "disputed": False,
            "hitDir": "",
        }

    def instrument_row(self, ms: int) -> Row:
        """Return the row of ``instruments`` of a moment."""
        empty = (
            "alias", "auctionEndTime", "baseCcy", "contTdSwTime", "ctType",
            "ctValCcy", "instCategory", "instFamily", "lever",
            "longPosRemainingQuota", "maxIcebergSz", "maxMktAmt", "maxMktSz",
            "maxPlatOILmt", "maxStopSz", "maxTriggerSz", "maxTwapSz", "openType",
            "optType", "posLmtAmt", "posLmtPct", "preMktSwTime", "quoteCcy",
            "shortPosRemainingQuota",
        )  # fmt: skip
        return {
            **dict.fromkeys(empty, ""),
            "category": "1",
            "ctMult": "1",
            "ctVal": "1",
            "expTime": str(self.end_ms),
            "freq": self.kind.freq,
            "futureSettlement": False,
            "groupId": "1",
            "instId": self.inst_id,
            "instIdCode": self.code,
            "instType": "EVENTS",
            "listTime": str(self.moments[0]),
            "lotSz": "0.1",
            "maxLmtAmt": "0",
            "maxLmtSz": "20000000",
            "method": self.kind.method,
            "minSz": "0.01",
            "ruleType": "normal",
            "seriesId": self.series_id,
            "settleCcy": "USDT",
            "state": self.state(ms),
            "stk": self._strike(ms),
            "tickSz": "0.01",
            "tradeQuoteCcyList": [],
            "uly": self.index_id,
            "upcChg": [],
        }

    def _strike(self, ms: int) -> str:
        fixed = self.kind.fixed_ms
        return self.strike if not fixed or ms >= self.end_ms - fixed else ""
