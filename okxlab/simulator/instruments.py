"""What can be listed: assets, contract terms and liveliness of an instrument."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from okxlab.simulator.wire import Step, power, step

__all__ = ["TYPES", "Asset", "Instrument", "Temper"]

TYPES = ("SPOT", "SWAP", "FUTURES", "OPTION")

_INDEX_DIGITS = 4
"""Digits of an index unit behind those of a tick."""


class Asset(msgspec.Struct, frozen=True):
    """A traded currency: its typical price in USDT and how lively it is."""

    name: str
    price: str
    rank: int
    daily: int
    """Deviation of a normal day's return [ppm]."""
    rate: float
    """Order book events a second of its spot pair."""

    @property
    def magnitude(self) -> int:
        """Exponent of the price's first digit: 4 for 68000."""
        return Decimal(self.price).adjusted()

    @property
    def tick(self) -> Step:
        """The tick of its USDT pairs; the two most traded have a finer one."""
        return power(self.magnitude - (5 if self.rank < 2 else 4))

    @property
    def places(self) -> int:
        """Decimal places of the units in which its index is kept."""
        return self.tick.places + _INDEX_DIGITS

    @property
    def base(self) -> int:
        """Its typical price in index units."""
        return int(Decimal(self.price).scaleb(self.places))


class Temper(msgspec.Struct, frozen=True):
    """How an instrument trades."""

    mean_us: int
    """Mean time between two order book events in a normal minute [µs]."""
    levels: int
    """Price levels a side that makers keep up."""
    span: int
    """Distance of the last of them from the fair price [ticks]."""
    half: int
    """Half the spread that makers ask for [1/16 tick]."""
    median: int
    """Median order size [lots]."""


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One listed instrument: its terms, as integers and wire texts."""

    inst_id: str
    inst_type: str
    asset: Asset
    quote: str
    code: int
    tick: Step
    lot: Step
    least: int
    """Smallest order size [lots]."""
    temper: Temper
    family: str = ""
    settle: str = ""
    ct_val: str = ""
    ct_mult: str = ""
    ct_type: str = ""
    lever: str = ""
    list_ms: int = 0
    exp_ms: int = 0
    """Expiry, delivery or exercise [Unix ms]; 0 for none."""
    strike: int = 0
    opt_type: str = ""

    @property
    def index_id(self) -> str:
        """The index it follows, such as ``"BTC-USDT"``."""
        return self.family or self.inst_id

    @property
    def contract(self) -> Step:
        """What one lot stands for, in base currency or, inverse, in USD."""
        worth = self.lot
        for text in (self.ct_val, self.ct_mult):
            worth = worth.times(step(text)) if text else worth
        return worth

    def is_expired(self, now_ms: int) -> bool:
        """Tell whether it has ended by a moment [Unix ms]."""
        return 0 < self.exp_ms <= now_ms

    def row(self, state: str, most_market: int) -> dict[str, Any]:
        """Return the wire row of ``public/instruments`` and the channel.

        Parameters
        ----------
        state
            ``"live"`` or ``"expired"``.
        most_market
            Greatest size of a market order [lots].
        """
        spot = self.inst_type == "SPOT"
        most = self.lot.text(most_market * 10)
        market = self.lot.text(most_market)
        return {
            "alias": "",
            "auctionEndTime": "",
            "baseCcy": self.asset.name if spot else "",
            "category": "1",
            "contTdSwTime": "" if spot else str(self.list_ms + 600_000),
            "ctMult": self.ct_mult,
            "ctType": self.ct_type,
            "ctVal": self.ct_val,
            "ctValCcy": self._contract_currency(),
            "expTime": str(self.exp_ms or ""),
            "futureSettlement": self.inst_type == "FUTURES",
            "groupId": "1" if spot else "4",
            "instCategory": "1",
            "instFamily": self.family,
            "instId": self.inst_id,
            "instIdCode": self.code,
            "instType": self.inst_type,
            "lever": self.lever,
            "listTime": str(self.list_ms),
            "lotSz": self.lot.text(1),
            "maxIcebergSz": most,
            "maxLmtAmt": "20000000",
            "maxLmtSz": most,
            "maxMktAmt": "1000000" if spot else "",
            "maxMktSz": market,
            "maxStopSz": market,
            "maxTriggerSz": most,
            "maxTwapSz": most,
            "minSz": self.lot.text(self.least),
            "openType": "call_auction" if self.inst_type == "SWAP" else "",
            "optType": self.opt_type,
            "preMktSwTime": "",
            "quoteCcy": self.quote if spot else "",
            "ruleType": "normal",
            "seriesId": "",
            "settleCcy": self.settle,
            "state": state,
            "stk": str(self.strike or ""),
            "tickSz": self.tick.text(1),
            "uly": self.family,
            "upcChg": [],
        }

    def _contract_currency(self) -> str:
        if self.inst_type == "SPOT":
            return ""
        return "USD" if self.ct_type == "inverse" else self.asset.name
