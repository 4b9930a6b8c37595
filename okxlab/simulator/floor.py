"""The trading floor: all pits and prices of a market, made when first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.simulator.derived import Derived, State
from okxlab.simulator.listing import listing
from okxlab.simulator.marks import IndexPrice, MarkPrice
from okxlab.simulator.paths import MINUTE_MS, STEP_MS, Path
from okxlab.simulator.pit import Pit
from okxlab.simulator.pricing import Index, LinearFair, fair_price
from okxlab.simulator.quotes import first_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okxlab.simulator.change import Change
    from okxlab.simulator.instruments import Asset, Instrument

__all__ = ["Floor"]

_SECOND_MS = 1000
_LAG_MS = 5000
"""How far pits that nobody watches may fall behind; then they catch up."""
_OWED = 1000
"""Events that a pit nobody asked for may owe at its making: some tens of milliseconds."""
_APART_MS = 100
"""Pits catch up one after another, so that no advance bears them all."""


class Floor:
    """Everything that happens in a market, by instrument and by index.

    Parameters
    ----------
    seed, start_ms
        The market's.
    many
        How many instruments to list.
    book_text
        Whether book changes carry what a legacy checksum covers.
    """

    def __init__(self, seed: int, start_ms: int, many: int, *, book_text: bool) -> None:
        self._seed = seed
        self._start_ms = start_ms
        self._book_text = book_text
        self._paths: dict[str, Path] = {}
        self._pits: dict[str, Pit] = {}
        self._marks: dict[str, Derived] = {}
        self._index_prices: dict[str, Derived] = {}
        found = listing(start_ms, lambda one: self._path(one).at(start_ms), many=many)
        self.listed: dict[str, Instrument] = {one.inst_id: one for one in found}
        """Every instrument, expired ones too, in listing order."""
        self.indices: dict[str, Index] = {}
        """Every index that an instrument follows."""
        for one in found:
            if one.index_id not in self.indices:
                index = Index(seed, one.index_id, one.asset, self._path(one.asset))
                self.indices[one.index_id] = index

    def run(self, after_ms: int, to_ms: int, out: list[Change]) -> None:
        """Let time pass, and tell what is watched, by instrument and then by index."""
        for place, (inst_id, one) in enumerate(self.listed.items()):
            pit = self._pits.get(inst_id)
            if pit is None:
                lag = to_ms - self._start_ms
                if lag > one.temper.mean_us * _OWED // 1000 + place * _APART_MS:
                    self.pit(inst_id, to_ms)
            elif pit.is_watched:
                pit.run(to_ms, out)
            elif to_ms - pit.now_ms > _LAG_MS + place % 50 * _APART_MS:
                self.pit(inst_id, to_ms)
        for names, derived in (
            (self.listed, self._marks),
            (self.indices, self._index_prices),
        ):
            for name in names if derived else ():
                if name in derived and derived[name].is_watched:
                    derived[name].run(after_ms, to_ms, out)

    def live(
        self, now_ms: int, inst_type: str | None = None, inst_family: str | None = None
    ) -> Iterator[Instrument]:
        """Yield what is listed and has not expired, of all types by default."""
        for one in self.listed.values():
            if (
                inst_type in {None, one.inst_type}
                and inst_family in {None, one.family}
                and not one.is_expired(now_ms)
            ):
                yield one

    def pit(self, inst_id: str, now_ms: int) -> Pit:
        """Return the pit of an instrument, brought up to now."""
        pit = self._pits.get(inst_id)
        if pit is None:
            one = self.listed[inst_id]
            index = self.indices[one.index_id]
            text = self._book_text
            pit = Pit(self._seed, one, index, self._start_ms, book_text=text)
            self._pits[inst_id] = pit
        if pit.now_ms < now_ms:
            pit.run(now_ms, [])
        return pit

    def mark(self, inst_id: str) -> Derived:
        """Return the mark price and price limits of an instrument."""
        derived = self._marks.get(inst_id)
        if derived is None:
            one = self.listed[inst_id]
            index = self.indices[one.index_id]
            mark = MarkPrice(one, index.path, fair_price(self._seed, one, index))
            states = {
                "mark-price": State(mark.at, mark.row, STEP_MS, 10_000),
                "price-limit": State(
                    mark.limits, mark.limit_row, _SECOND_MS, MINUTE_MS
                ),
            }
            derived = Derived(inst_id, mark.bars, mark.step, first_ms(one), states)
            self._marks[inst_id] = derived
        return derived

    def index_price(self, index_id: str) -> Derived:
        """Return the price of an index."""
        derived = self._index_prices.get(index_id)
        if derived is None:
            price = IndexPrice(self.indices[index_id])
            states = {"index-tickers": State(price.at, price.row, STEP_MS, MINUTE_MS)}
            derived = Derived(index_id, price.bars, price.step, first_ms(None), states)
            self._index_prices[index_id] = derived
        return derived

    def linear_fair(self, one: Instrument) -> LinearFair:
        """Return how an instrument that is no option is priced."""
        return LinearFair(self._seed, one, self.indices[one.index_id])

    def _path(self, one: Asset) -> Path:
        path = self._paths.get(one.name)
        if path is None:
            path = Path(self._seed, one.name, one.base, one.daily)
            self._paths[one.name] = path
        return path
