"""The venue: the market as accounts see it, with its terms, prices and books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from okxlab.simulator.accounts.money import ONE, PLACES, amount
from okxlab.simulator.accounts.terms import Terms

if TYPE_CHECKING:
    from okxlab.simulator.instruments import Instrument
    from okxlab.simulator.market import Market
    from okxlab.simulator.pit import Pit

__all__ = ["Venue", "is_dealt_in"]


class Venue:
    """What accounts may ask of the market.

    Parameters
    ----------
    market
        The market.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        self._terms: dict[str, Terms] = {}
        self._pairs: tuple[tuple[str, str], ...] | None = None
        self._last_id = 0
        self._last_trade_id = 0

    @property
    def now_ms(self) -> int:
        """Virtual time [Unix ms]."""
        return self._market.now_ms

    @property
    def seed(self) -> int:
        """The market's seed."""
        return self._market.seed

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return spot pairs with the linear swap of the same currencies, by rank."""
        if self._pairs is None:
            swaps = self._market.inst_ids("SWAP")
            self._pairs = tuple(
                (spot, f"{spot}-SWAP")
                for spot in self._market.inst_ids("SPOT")
                if f"{spot}-SWAP" in swaps
            )
        return self._pairs

    def instrument(self, named: object) -> Instrument | None:
        """Return an instrument that is traded, by instId or instIdCode."""
        return self._market.instrument(named)

    def listed(self, inst_type: str) -> list[dict[str, Any]]:
        """Return the wire rows of the instruments of a type."""
        return self._market.instruments(inst_type)

    def terms(self, inst_id: str) -> Terms:
        """Return the terms of an instrument that `is_dealt_in`."""
        terms = self._terms.get(inst_id)
        if terms is None:
            one = self.instrument(inst_id)
            assert one is not None, "asked for after it was found"
            terms = self._terms[inst_id] = Terms(one)
        return terms

    def pit(self, inst_id: str) -> Pit:
        """Return where an instrument is traded, brought up to now."""
        return self._market.pit(inst_id)

    def mark(self, inst_id: str, ms: int) -> int:
        """Return a mark price [1 / `MARK_PARTS` tick]."""
        return cast("int", self._market.value("mark-price", inst_id, ms))

    def limits(self, inst_id: str) -> tuple[int, int]:
        """Return the highest buy and the lowest sell price allowed now [ticks]."""
        now = self._market.value("price-limit", inst_id, self.now_ms)
        return cast("tuple[int, int]", now)

    def usd(self, ccy: str, ms: int) -> int | None:
        """Return the price of a currency in USD [amount]; None if there is none.

        A USDT counts as a dollar.
        """
        if ccy in {"USDT", "USDC", "USD"}:
            return ONE
        index_id = f"{ccy}-USDT"
        if not self._market.knows("index-tickers", index_id):
            return None
        return self.index(index_id, ms)

    def index(self, index_id: str, ms: int) -> int:
        """Return the price of an index [amount]."""
        steps = cast("int", self._market.value("index-tickers", index_id, ms))
        return steps * self._market.index_step(index_id).units(PLACES)

    def last(self, inst_id: str, ms: int) -> int:
        """Return the last traded price as of a moment [ticks]."""
        return next(self.pit(inst_id).record.newest(below_ms=ms + 1)).tick

    def funding(self, inst_id: str) -> int:
        """Return the rate that was settled last [amount]."""
        return amount(self._market.funding_rate(inst_id)["settFundingRate"])

    def next_id(self, ms: int) -> str:
        """Return a new id of an order or a position.

        Ids follow virtual time, so that those of a later start are greater.
        """
        self._last_id = max(self._last_id + 1, ms * 10_000)
        return str(self._last_id)

    def next_trade_id(self, ms: int) -> str:
        """Return a new id of an own trade; the public trades have far smaller ones."""
        self._last_trade_id = max(self._last_trade_id + 1, ms * 100)
        return str(self._last_trade_id)


def is_dealt_in(one: Instrument) -> bool:
    """Tell whether accounts can trade it: spot pairs, linear swaps and futures."""
    return one.inst_type == "SPOT" or (
        one.inst_type in {"SWAP", "FUTURES"} and one.ct_type == "linear"
    )
