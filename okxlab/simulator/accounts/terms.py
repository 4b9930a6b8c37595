"""What a trade in one instrument moves: amounts for lots and ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from okxlab.simulator.accounts.money import ONE, PLACES, cut, quotient

if TYPE_CHECKING:
    from okxlab.simulator.instruments import Instrument

__all__ = ["MAINTENANCE", "MARK_PARTS", "Terms"]

MARK_PARTS: Final = 10
"""Marks are given in so many parts of a tick."""
MAINTENANCE: Final = 200
"""The maintenance margin is the value by this: half a percent."""
_FEE_PARTS = 10**8
_MEAN_PLACES = 10
"""Decimal places of a mean price on the wire."""


class Terms:
    """How one instrument is reckoned.

    Parameters
    ----------
    instrument
        A spot pair, or a swap or future that is settled in its quote currency.

    Attributes
    ----------
    unit : int
        Value of one lot at one tick, in quote currency [amount].
    base_unit : int
        One lot in base currency [amount].
    """

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.inst_id = instrument.inst_id
        self.is_spot = instrument.inst_type == "SPOT"
        self.base = instrument.asset.name
        self.quote = instrument.quote
        self.unit = instrument.tick.times(instrument.contract).units(PLACES)
        self.base_unit = instrument.contract.units(PLACES)
        self.lot = instrument.lot.units(PLACES)
        self.tick = instrument.tick.units(PLACES)
        # So that a fee rate of eight places makes a fee without a rest.
        assert self.unit % (_FEE_PARTS * MARK_PARTS) == 0, "too fine an instrument"
        assert self.base_unit % _FEE_PARTS == 0, "too fine an instrument"

    @property
    def settle(self) -> str:
        """The currency that profits, losses and margins are in."""
        return self.quote

    def value(self, lots: int, tick: int) -> int:
        """Return the worth of lots at a price in quote currency."""
        return lots * tick * self.unit

    def value_at_mark(self, lots: int, mark: int) -> int:
        """Return the worth of lots at a mark price [1 / `MARK_PARTS` tick]."""
        return lots * mark * (self.unit // MARK_PARTS)

    def fee(self, value: int, rate: int) -> int:
        """Return a fee, exactly."""
        fee, rest = divmod(value * rate, ONE)
        assert not rest, "a fee must not need rounding"
        return fee

    def share(self, value: int, rate: int) -> int:
        """Return a rate of a value that may need rounding, such as funding."""
        return quotient(value * rate, ONE)

    def mean(self, value: int, lots: int) -> str:
        """Return the mean price of lots as wire text; "0" for none."""
        if not lots:
            return "0"
        return cut(quotient(value * ONE, lots * self.base_unit), _MEAN_PLACES)

    def px(self, tick: int | None) -> str:
        """Return a price as wire text; "" for none."""
        return "" if tick is None else self.instrument.tick.text(tick)

    def sz(self, lots: int) -> str:
        """Return a size as wire text: base currency of spot, else contracts."""
        return self.instrument.lot.text(lots)
