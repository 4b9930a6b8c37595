"""The order flow of one instrument: who comes, with what, and what it meets.

Makers add and take back limit orders around the fair price, takers hit the best
levels, alone or in bursts, and when the fair price has moved on, quotes left
behind are picked off or pulled.  The flow is a chain of events at virtual times;
nothing about it depends on who watches or on how time is advanced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.simulator.draws import BELL, SIZES, WAITS, source
from okxlab.simulator.matching import DEEP, TOP, TRADE, Fill, Side
from okxlab.simulator.paths import HOUR_MS, MINUTE_MS, STEP_MS, Path
from okxlab.simulator.pricing import FINE

if TYPE_CHECKING:
    from okxlab.simulator.instruments import Instrument
    from okxlab.simulator.pricing import Fair

__all__ = ["Flow"]

_TAKERS = 6
"""Of 128 events, takers that start by themselves; bursts come on top."""
_MAKERS = 67
"""Of 128 events, the last that adds; the rest cancel."""
_MOST_ORDERS = 4
"""Orders a level beyond which the flow only cancels."""
_THIN = 24
"""Missing levels from which makers add several at any depth, not one near the top."""
_FEWEST = 8
"""Levels below which makers build a side up again at once."""
_FIRST_SEQ_MS = 1_400_000_000_000
"""When sequence numbers began [Unix ms]."""
_NEVER = 1 << 62


class Flow:
    """Random traders in one instrument, and the book that they trade in.

    Parameters
    ----------
    seed
        The market's.
    instrument
        What is traded.
    path, fair
        The path of its asset, and the fair price that follows from it.
    start_ms
        When trading begins [Unix ms].
    """

    def __init__(
        self, seed: int, instrument: Instrument, path: Path, fair: Fair, start_ms: int
    ) -> None:
        self.bids = Side(1)
        self.asks = Side(-1)
        self.fills: list[Fill] = []
        """What the last event traded; only then is the event's reach marked `TRADE`."""
        self.side = 1
        """1 if the taker of the last trade bought, else -1."""
        self.liquidated = False
        """Whether the last taker was a forced one."""
        self.seq = (start_ms - _FIRST_SEQ_MS) * 4  # events take fewer, even in a storm
        self.path_price = path.at(start_ms)
        self._temper = instrument.temper
        self._least = instrument.least
        self._round = 10 ** (len(str(instrument.temper.median)) - 1)
        self._leveraged = instrument.inst_type in {"SWAP", "FUTURES"}
        self._end_us = instrument.exp_ms * 1000 or _NEVER
        self._path = path
        self._fair = fair
        self._bits = source(seed, "flow", instrument.inst_id, start_ms).getrandbits
        self._burst = 0
        self._minute = -1
        self._hour = 0
        self._step = -1
        self._now = 0
        self._trend = 0
        self._mean = 0
        self._steps: list[int] = []
        self._next_us = start_ms * 1000
        self._offsets = _offsets(self._temper.levels, self._temper.span)
        self._read_path(start_ms)
        self._build(self.bids)
        self._build(self.asks)
        self.bids.settle()
        self.asks.settle()
        self._wait(self._bits(10))

    @property
    def next_ms(self) -> int:
        """When the next event happens [Unix ms]; never after expiry."""
        return self._next_us // 1000 if self._next_us < self._end_us else _NEVER

    def restart_seq(self) -> None:
        """Count sequence numbers from 0 again, as after maintenance."""
        self.seq = 0

    def event(self, ms: int) -> int:
        """Let the next event happen, at `next_ms`, and say how far up it reached."""
        bits = self._bits(60)
        self.seq += 1 + (bits & 7)
        if ms // STEP_MS != self._step:
            self._read_path(ms)
        self._wait(bits >> 50)
        kind = bits >> 3 & 127
        bits >>= 10
        if self._burst:
            self._burst -= 1
            return self._take(bits)
        reach = self._catch_up(bits)
        if reach >= 0:
            return reach
        if kind < _TAKERS:
            return self._start_taking(bits)
        if kind & 1 and (lagging := self._lagging()):
            return self._add(lagging, bits >> 10 << 10)
        return self._make(kind, bits)

    def middle(self) -> int:
        """Return the middle of the best bid and ask [1/16 tick]; else the fair price."""
        if not self.bids.keys or not self.asks.keys:
            return self._now
        return (self.bids.keys[-1] - self.asks.keys[-1]) * FINE // 2

    def _read_path(self, ms: int) -> None:
        """Take notice of the path: prices change every 200 ms, moods every minute."""
        minute = ms // MINUTE_MS
        if minute != self._minute:
            self._minute = minute
            self._hour = ms // HOUR_MS
            self._steps = self._path.steps(minute)
            lively = min(self._path.liveliness(minute) * 3 // 4 + 50, 300)
            self._mean = self._temper.mean_us * 100 // lively
        self._step = ms // STEP_MS
        self.path_price = self._steps[self._step % 300]
        was, self._now = self._now, self._fair.at(self.path_price, self._hour)
        self._trend = (self._trend * 31 + (self._now - was if was else 0)) >> 5

    def _wait(self, bits: int) -> None:
        wait = self._mean * WAITS[bits & 1023] // 1000
        if self._burst:
            wait = min(wait, 15_000)
        self._next_us += wait

    def _catch_up(self, bits: int) -> int:
        """Pick off or pull what the fair price has left behind; -1 if nothing."""
        slack = self._temper.half + FINE // 2
        if self.asks.keys and -self.asks.keys[-1] * FINE < self._now - slack:
            stale, self.side = self.asks, 1
        elif self.bids.keys and self.bids.keys[-1] * FINE > self._now + slack:
            stale, self.side = self.bids, -1
        else:
            return -1
        limit = (self._now * stale.sign + slack) // FINE + 1
        if bits & 15 == 0:
            return self._match(stale, self._size(bits >> 4) * 2, limit)
        reach = DEEP
        while len(stale.keys) > _FEWEST and stale.keys[-1] >= limit:
            reach |= stale.clear(stale.keys[-1])
        if len(stale.keys) <= _FEWEST:
            self._build(stale)
        return reach | TOP

    def _start_taking(self, bits: int) -> int:
        pull = (self._now - self.middle()) * 16 // (self._temper.half + FINE)
        chance = 32 + max(min(pull, 20), -20)
        self.side = 1 if bits & 63 < chance else -1
        if bits >> 6 & 3 == 0:
            self._burst = 1 + (bits >> 8 & 3)
        return self._take(bits >> 10)

    def _take(self, bits: int) -> int:
        other = self.asks if self.side > 0 else self.bids
        slip = self._temper.span // 16 + 2
        limit = other.keys[-1] - slip if other.keys else 0
        reach = self._match(other, self._size(bits), limit)
        forced = bits >> 20 & 63
        pushed = abs(self._trend) > self._temper.half
        self.liquidated = (
            self._leveraged and forced < (4 if pushed else 1)
            and self._trend * self.side >= 0
        )  # fmt: skip
        return reach

    def _match(self, side: Side, lots: int, limit: int) -> int:
        self.liquidated = False
        self.fills, _ = side.take(lots, limit)
        if len(side.keys) <= _FEWEST:
            self._build(side)
        return TOP | TRADE if self.fills else DEEP

    def _make(self, kind: int, bits: int) -> int:
        """Add or cancel, so that the number of levels stays about the same."""
        side = self.bids if bits & 1 else self.asks
        short = self._temper.levels - len(side.keys)
        if side.orders > self._temper.levels * _MOST_ORDERS:
            short = -99
        if kind >= _MAKERS + max(min(short, 24), -24):
            return self._cancel(side, bits >> 1)
        if short > _THIN:
            return self._restock(side, short // _THIN)
        return self._add(side, bits >> 1)

    def _lagging(self) -> Side | None:
        """Return the side whose best is too far from the fair price, if any."""
        now, near = self._now, 2 * self._temper.half + FINE
        below = now - self.bids.keys[-1] * FINE if self.bids.keys else 0
        above = -self.asks.keys[-1] * FINE - now if self.asks.keys else 0
        if max(below, above) <= near:
            return None
        return self.bids if below > above else self.asks

    def _restock(self, side: Side, orders: int) -> int:
        """Rest several orders, at any depth, where the book has become thin."""
        reach = DEEP
        for _ in range(min(orders, 8)):
            bits = self._bits(40)
            reach |= self._rest(side, bits, self._temper.span * (bits & 1023) >> 10)
        return reach

    def _add(self, side: Side, bits: int) -> int:
        """Rest an order near the fair price; with the lowest ten bits 0, at it."""
        return self._rest(side, bits, self._offsets[bits & 1023])

    def _rest(self, side: Side, bits: int, offset: int) -> int:
        other = self.asks if side is self.bids else self.bids
        key = (self._now * side.sign - self._temper.half) // FINE - offset
        if other.keys and key >= -other.keys[-1]:
            key = -other.keys[-1] - 1
        if key * side.sign < 1:
            return DEEP
        lots = self._size(bits >> 10)
        lots += lots * offset // self._temper.span
        reach = side.add(key, lots)
        if len(side.keys) > self._temper.levels + 60:
            reach |= side.clear(side.keys[0])
        return reach

    def _cancel(self, side: Side, bits: int) -> int:
        count = len(side.keys)
        if count <= self._temper.levels // 2:
            return self._add(side, bits)
        depth = bits & 1023
        place = count - 1 - (count * depth * depth >> 20)
        key = side.keys[place]
        return side.cancel(key, (bits >> 10 & 255) % len(side.queues[key]))

    def _size(self, bits: int) -> int:
        lots = self._temper.median * SIZES[bits & 1023] // 1000
        if bits >> 10 & 3 == 0 and lots > self._round:
            lots -= lots % self._round  # people like round numbers
        return max(lots + (bits >> 12 & 7), self._least)

    def _build(self, side: Side) -> None:
        """Fill a side up to its full number of levels, from the fair price outward."""
        other = self.asks if side is self.bids else self.bids
        first = (self._now * side.sign - self._temper.half) // FINE
        if other.keys:
            first = min(first, -other.keys[-1] - 1)
        levels, span = self._temper.levels, self._temper.span
        for rank in range(levels):
            bits = self._bits(40)
            offset = _distance(rank, levels, span)
            wide = BELL[bits & 1023] * offset // (8 * levels) // 1000
            self._stock(side, min(first - offset - wide, first), bits)
        while len(side.keys) < levels and (side.keys[0] - 1) * side.sign > 0:
            self._stock(side, side.keys[0] - 1, self._bits(40))

    def _stock(self, side: Side, key: int, bits: int) -> None:
        """Put some orders on a level, if it is empty and has a price."""
        if key in side.queues or key * side.sign < 1:
            return
        away = self._now * side.sign // FINE - key
        sizes = [self._size(bits >> shift) for shift in range(10, 13 + (bits >> 38))]
        side.stock(key, [lots + lots * away // self._temper.span for lots in sizes])


def _distance(rank: int, levels: int, span: int) -> int:
    """Return how far from the fair price a level of some rank lies [ticks]."""
    return rank + (span - levels) * rank * rank // (levels * levels)


def _offsets(levels: int, span: int) -> list[int]:
    """Return quantiles of the distance at which makers add [ticks]: mostly near."""
    return [_distance(levels * u * u >> 20, levels, span) for u in range(1024)]
