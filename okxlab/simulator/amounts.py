"""Turnover: from lots traded to volume in base and quote currency.

Sums are kept in two integers: the lots, and a *weight* that depends on the kind of
instrument, such that exactly one of base and quote volume follows from the lots
and the other from the weight:

========  ==================  ===========  ===========
kind      weight of a trade   base volume  quote volume
========  ==================  ===========  ===========
spot      tick * lots         lots         weight
linear    tick * lots         lots         weight
inverse   worth * lots/tick   weight       lots
option    index * lots        lots         weight
========  ==================  ===========  ===========
"""

from __future__ import annotations

from operator import mul
from typing import TYPE_CHECKING

from okxlab.simulator.wire import Step, decimal

if TYPE_CHECKING:
    from okxlab.simulator.instruments import Instrument
    from okxlab.simulator.paths import Prices

__all__ = ["Amounts"]

_COIN_PLACES = 8
"""Decimal places to which coin volumes of inverse contracts are cut."""


class Amounts:
    """Volumes of one instrument."""

    def __init__(self, instrument: Instrument) -> None:
        self._kind = instrument.ct_type or instrument.inst_type
        self._lot = instrument.lot
        self._contract = instrument.contract
        tick, contract = instrument.tick, instrument.contract
        self._weight = tick.times(contract)
        if self._kind == "OPTION":
            self._weight = Step(1, instrument.asset.places).times(contract)
        # One contract of `contract` USD at one tick, in 10**-8 coins.
        finer = 10 ** (_COIN_PLACES + tick.places)
        self._coins: int = contract.unit * finer // (tick.unit * 10**contract.places)

    def weigh(self, lots: int, tick: int, path_price: int) -> int:
        """Return the weight of a trade.

        Parameters
        ----------
        lots, tick
            Its size and price.
        path_price
            The price of the underlying at that time [index units].
        """
        if self._kind == "inverse":
            return lots * self._coins // tick
        return lots * (path_price if self._kind == "OPTION" else tick)

    def weigh_all(self, lots: list[int], ticks: list[int], path_price: int) -> int:
        """Return the weight of several trades at one price of the underlying."""
        if self._kind == "OPTION":
            return sum(lots) * path_price
        if self._kind == "inverse":
            return sum(n * self._coins // t for n, t in zip(lots, ticks, strict=True))
        return sum(map(mul, lots, ticks))

    def weigh_bar(self, lots: int, prices: Prices, path_price: int) -> int:
        """Return about the weight of what was traded in a bar, at its mean price."""
        return self.weigh(lots, max(sum(prices) // 4, 1), path_price)

    def lots(self, count: int) -> str:
        """Return a size as wire text: base currency of spot, else contracts."""
        return self._lot.text(count)

    def base(self, lots: int, weight: int) -> str:
        """Return the volume in base currency as wire text."""
        if self._kind == "inverse":
            return decimal(weight, _COIN_PLACES)
        return self._contract.text(lots)

    def quote(self, lots: int, weight: int) -> str:
        """Return the volume in quote currency as wire text, USD for coin-margined."""
        if self._kind == "inverse":
            return self._contract.text(lots)
        return self._weight.text(weight)

    def currency(self, lots: int, weight: int) -> str:
        """Return ``volCcy``: quote currency of spot, else base currency."""
        return (self.quote if self._kind == "SPOT" else self.base)(lots, weight)
