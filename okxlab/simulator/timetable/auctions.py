"""Call auctions: each spot pair and swap reopens by one now and then.

On OKX an auction opens a new listing.  Here nothing new is listed, so each
instrument holds an auction of some minutes once an hour, while it goes on being
traded: the channel says what it would say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from okxlab.simulator.amounts import Amounts
from okxlab.simulator.change import Change
from okxlab.simulator.draws import BELL, source
from okxlab.simulator.grid import points
from okxlab.simulator.paths import HOUR_MS, MINUTE_MS, remember

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.instruments import Instrument
    from okxlab.simulator.market import Market
    from okxlab.simulator.timetable.script import Row

__all__ = ["Auctions"]

_EVERY_MS = 1000
_LONG_MS = 3 * MINUTE_MS
_KINDS = {"SPOT", "SWAP"}
_MARK_PARTS = 10
"""A mark price counts tenths of a tick."""


class _Auction(NamedTuple):
    """One auction of one instrument."""

    begin: int
    end: int
    mood: int
    """Decides the sizes."""


class Auctions:
    """The channel ``call-auction-details``.

    Parameters
    ----------
    seed
        What it is drawn from.
    market
        What is auctioned.
    """

    channels = frozenset({"call-auction-details"})

    def __init__(self, seed: int, market: Market) -> None:
        self._seed = seed
        self._market = market
        self._drawn: dict[tuple[str, int], _Auction] = {}

    def find(self, arg: Arg, now_ms: int) -> str | None:
        """Return the instId of an instrument that has auctions."""
        one = self._market.listed.get(arg.get("instId") or "")
        if one is None or one.inst_type not in _KINDS or one.is_expired(now_ms):
            return None
        return one.inst_id

    def opening(self, channel: str, key: str, ms: int) -> list[Row]:  # noqa: ARG002  # a script's
        """Return the latest message: of the auction under way, or the last one's."""
        for hour in (ms // HOUR_MS, ms // HOUR_MS - 1):
            auction = self._auction(key, hour)
            if ms >= auction.begin:
                at = min(ms // _EVERY_MS * _EVERY_MS, auction.end)
                return [self._row(key, auction, at)]
        raise AssertionError("an auction ends within the hour it begins in")

    def changes(
        self, channel: str, keys: Collection[str], after_ms: int, to_ms: int
    ) -> Iterator[Change]:
        """Yield a row a second of each auction, the last with its outcome."""
        for hour in range(after_ms // HOUR_MS, to_ms // HOUR_MS + 1):
            for key in keys:
                auction = self._auction(key, hour)
                first = max(after_ms, auction.begin - 1)
                for ms in points(first, min(to_ms, auction.end), _EVERY_MS):
                    yield Change(ms, channel, key, [self._row(key, auction, ms)])

    def _row(self, key: str, auction: _Auction, ms: int) -> Row:
        one = self._market.listed[key]
        mark = cast("int", self._market.value("mark-price", key, ms))
        passed = (ms - auction.begin) // _EVERY_MS
        noise = BELL[(auction.mood + passed * 389) & 1023]
        tick = max(mark // _MARK_PARTS + noise * one.temper.half // 16_000, 1)
        matched = one.temper.median * (20 + passed * (2 + (auction.mood & 3)))
        unmatched = one.temper.median * (abs(noise) // 100 + 1)
        return {
            "instId": key,
            "unmatchedSz": _base(one, unmatched, tick),
            "eqPx": one.tick.text(tick),
            "matchedSz": _base(one, matched, tick),
            "state": "call_auction" if ms < auction.end else "continuous_trading",
            "auctionEndTime": str(auction.end),
            "ts": str(ms),
        }

    def _auction(self, key: str, hour: int) -> _Auction:
        kept = self._drawn.get((key, hour))
        if kept is None:
            draw = source(self._seed, "auction", key, hour).getrandbits
            begin = hour * HOUR_MS + draw(16) % 55 * MINUTE_MS
            auction = _Auction(begin, begin + _LONG_MS, draw(10))
            kept = remember(self._drawn, (key, hour), auction, 4096)
        return kept


def _base(one: Instrument, lots: int, tick: int) -> str:
    """Return a size in base currency."""
    amounts = Amounts(one)
    return amounts.base(lots, amounts.weigh(lots, tick, 0))
