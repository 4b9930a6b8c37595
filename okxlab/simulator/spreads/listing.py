"""Which spreads there are: instruments of one family against each other."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from okxlab.simulator.instruments import Instrument, Temper
from okxlab.simulator.pricing import FINE
from okxlab.simulator.wire import power

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Spread", "spreads_of"]

_MOST = 8
"""Spreads listed at most."""
_LEGS = ("SPOT", "SWAP", "FUTURES")
_TEMPER = {"mean_us": 600_000, "levels": 60, "span": 150, "half": 2 * FINE}
"""How every spread trades: far less than its legs, and not so tightly."""
_MEDIAN = 700
"""Median order size [lots]: some thousand dollars' worth."""


class Spread(msgspec.Struct, frozen=True):
    """One listed spread.

    Its price is that of the second leg less that of the first: who buys it buys the
    second and sells the first (OKX API v5, "Get Spreads", 2026-09-08).
    """

    legs: tuple[Instrument, Instrument]
    terms: Instrument
    """The spread as what is traded in a pit: id, tick, lot, temper and expiry."""

    @property
    def sprd_id(self) -> str:
        """Its id: the ids of the legs, joined."""
        return self.terms.inst_id

    def row(self, now_ms: int) -> dict[str, Any]:
        """Return the wire row of ``sprd/spreads``."""
        terms = self.terms
        sides = zip(self.legs, ("sell", "buy"), strict=True)
        return {
            "sprdId": terms.inst_id,
            "sprdType": "linear",
            "state": "expired" if terms.is_expired(now_ms) else "live",
            "baseCcy": terms.asset.name,
            "szCcy": terms.asset.name,
            "quoteCcy": terms.quote,
            "tickSz": terms.tick.text(1),
            "minSz": terms.lot.text(terms.least),
            "lotSz": terms.lot.text(1),
            "listTime": str(terms.list_ms),
            "legs": [{"instId": leg.inst_id, "side": side} for leg, side in sides],
            "expTime": str(terms.exp_ms or ""),
            "uTime": str(terms.list_ms),
        }


def spreads_of(listed: Iterable[Instrument]) -> list[Spread]:
    """Return the spreads of what is listed, in the order of their families.

    Each instrument of a family against the next one in time: the spot pair, the
    perpetual swap, the futures by expiry.  Coin-margined ones have none.
    """
    families: dict[str, list[Instrument]] = {}
    for one in listed:
        if one.inst_type in _LEGS and one.ct_type != "inverse":
            families.setdefault(one.index_id, []).append(one)
    found = []
    for legs in families.values():
        legs.sort(key=lambda leg: (_LEGS.index(leg.inst_type), leg.exp_ms))
        found += [_spread(first, second) for first, second in pairwise(legs)]
    return found[:_MOST]


def _spread(first: Instrument, second: Instrument) -> Spread:
    asset = first.asset
    terms = Instrument(
        inst_id=f"{first.inst_id}_{second.inst_id}",
        inst_type="SPREAD",
        asset=asset,
        quote=first.quote,
        code=0,
        tick=first.tick,
        # Some dollars' worth of the base currency: 0.0001 BTC, as OKX has it.
        lot=power(-asset.magnitude),
        least=1,
        temper=Temper(median=_MEDIAN, **_TEMPER),
        list_ms=max(first.list_ms, second.list_ms),
        exp_ms=min((leg.exp_ms for leg in (first, second) if leg.exp_ms), default=0),
    )
    return Spread((first, second), terms)
