"""Block trades: large trades of some legs, made public 15 minutes later."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from okxlab.simulator.amounts import Amounts
from okxlab.simulator.change import Change
from okxlab.simulator.draws import source
from okxlab.simulator.grid import points
from okxlab.simulator.past import Trade
from okxlab.simulator.paths import DAY_MS, HOUR_MS, MINUTE_MS, remember

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.instruments import Instrument
    from okxlab.simulator.market import Market
    from okxlab.simulator.timetable.script import Row

__all__ = ["Blocks"]

_DELAY_MS = 15 * MINUTE_MS
_AGAIN_MS = 5 * MINUTE_MS
"""How often a ticker is told anew."""
_AN_HOUR = 120
"""Blocks in an hour."""
_MOST_LEGS = 3
_MARK_PARTS = 10
_STRUCTURES = "public-struc-block-trades"
_TRADES = "public-block-trades"
_TICKERS = "block-tickers"


class _Leg(NamedTuple):
    """One leg of a block; it gets its price when somebody looks."""

    one: Instrument
    number: int
    ms: int
    lots: int
    """Negative if the taker sold."""
    away: int
    """Distance from the mark price [ticks]."""


class _Block(NamedTuple):
    """One block."""

    told_ms: int
    """When it is made public [Unix ms]."""
    number: str
    group: str
    """Id of the group RFQ that it was, instead of its number."""
    legs: tuple[_Leg, ...]


class Blocks:
    """The public channels of block trades.

    Parameters
    ----------
    seed
        What they are drawn from.
    market
        Where the prices come from.
    """

    channels = frozenset({_STRUCTURES, _TRADES, _TICKERS})

    def __init__(self, seed: int, market: Market) -> None:
        self._seed = seed
        self._market = market
        self._instruments = list(market.listed.values())
        self._hours: dict[int, list[_Block]] = {}

    def find(self, arg: Arg, now_ms: int) -> str | None:
        """Return the instId; the structures have one key, which is empty."""
        if arg.channel == _STRUCTURES:
            return ""
        one = self._market.listed.get(arg.get("instId") or "")
        return None if one is None or one.is_expired(now_ms) else one.inst_id

    def opening(self, channel: str, key: str, ms: int) -> list[Row]:
        """Return the ticker; trades begin with the next one."""
        return [self._ticker(key, ms)] if channel == _TICKERS else []

    def changes(
        self, channel: str, keys: Collection[str], after_ms: int, to_ms: int
    ) -> Iterator[Change]:
        """Yield what becomes public, and tickers in between."""
        told = self._told(after_ms, to_ms)
        if channel == _STRUCTURES:
            for block in told:
                yield Change(block.told_ms, channel, "", [self._structure(block)])
            return
        moments = [
            (block.told_ms, leg)
            for block in told
            for leg in block.legs
            if leg.one.inst_id in keys
        ]
        if channel == _TRADES:
            for ms, leg in moments:
                yield Change(ms, channel, leg.one.inst_id, [self._trade(leg)])
            return
        again = {(ms, key) for ms in points(after_ms, to_ms, _AGAIN_MS) for key in keys}
        for ms, key in sorted(again | {(ms, leg.one.inst_id) for ms, leg in moments}):
            yield Change(ms, channel, key, [self._ticker(key, ms)])

    def _trade(self, leg: _Leg) -> Row:
        """Return the row of one leg, with the market around it."""
        one, trade = leg.one, self._priced(leg)
        row = _leg_row(one, trade) | {
            "fillVol": "",
            "fwdPx": "",
            "idxPx": "",
            "markPx": "",
            "groupId": "",
            "ts": str(trade.ms),
        }
        if one.inst_type == "OPTION":
            option = self._market.pit(one.inst_id).option_trade(trade)
            return row | {k: option[k] for k in ("fillVol", "fwdPx", "idxPx", "markPx")}
        if one.inst_type != "SPOT":
            market = self._market
            row["idxPx"] = market.price_text("index-tickers", one.index_id, trade.ms)
            row["markPx"] = market.price_text("mark-price", one.inst_id, trade.ms)
        return row

    def _ticker(self, key: str, ms: int) -> Row:
        one = self._market.listed[key]
        amounts, lots, weight = Amounts(one), 0, 0
        for block in self._told(ms - DAY_MS, ms):
            for leg in block.legs:
                if leg.one is one:
                    size = abs(leg.lots)
                    lots += size
                    weight += amounts.weigh(size, self._priced(leg).tick, 0)
        return {
            "instType": one.inst_type,
            "instId": key,
            "volCcy24h": amounts.currency(lots, weight),
            "vol24h": amounts.lots(lots),
            "ts": str(ms),
        }

    def _told(self, after_ms: int, to_ms: int) -> list[_Block]:
        """Return the blocks that become public in (after_ms, to_ms], in order."""
        hours = range(
            (after_ms - _DELAY_MS) // HOUR_MS, (to_ms - _DELAY_MS) // HOUR_MS + 1
        )
        return [
            block
            for hour in hours
            for block in self._hour(hour)
            if after_ms < block.told_ms <= to_ms
        ]

    def _hour(self, hour: int) -> list[_Block]:
        """Return the blocks that are traded in an hour, in order of time."""
        kept = self._hours.get(hour)
        if kept is None:
            draw = source(self._seed, "blocks", hour).getrandbits
            blocks = [
                self._block(hour, rank, draw(22), draw(64)) for rank in range(_AN_HOUR)
            ]
            made = sorted((b for b in blocks if b.legs), key=attrgetter("told_ms"))
            kept = remember(self._hours, hour, made, 32)
        return kept

    def _block(self, hour: int, rank: int, when: int, bits: int) -> _Block:
        ms = hour * HOUR_MS + (when * HOUR_MS >> 22)
        number = ms * 10_000 + rank * 10
        legs = []
        for place in range(1 + bits % _MOST_LEGS):
            drawn = bits >> 3 + place * 20
            one = self._instruments[drawn % len(self._instruments)]
            if one.list_ms <= ms < (one.exp_ms or ms + 1):
                legs.append(_leg(one, number * 10 + place, ms, drawn >> 4))
        is_group = bits >> 60 == 0
        block_id = "" if is_group else str(number)
        group = str(number) if is_group else ""
        return _Block(ms + _DELAY_MS, block_id, group, tuple(legs))

    def _priced(self, leg: _Leg) -> Trade:
        """Return a leg as a trade near the mark price of its minute."""
        mark = self._market.mark_open(leg.one.inst_id, leg.ms // MINUTE_MS)
        tick = max(mark // _MARK_PARTS + leg.away, 1)
        return Trade(leg.number, leg.ms, tick, leg.lots)

    def _structure(self, block: _Block) -> Row:
        legs = [_leg_row(leg.one, self._priced(leg)) for leg in block.legs]
        if block.group:
            legs = [{**leg, "tradeId": ""} for leg in legs]
        return {
            "cTime": str(block.legs[0].ms),
            "blockTdId": block.number,
            "groupId": block.group,
            "legs": legs,
        }


def _leg(one: Instrument, number: int, ms: int, bits: int) -> _Leg:
    lots = max(one.temper.median * (50 + (bits >> 3 & 127)), one.least)
    return _Leg(one, number, ms, lots if bits >> 10 & 1 else -lots, (bits & 7) - 3)


def _leg_row(one: Instrument, trade: Trade) -> Row:
    return {
        "instId": one.inst_id,
        "tradeId": str(trade.trade_id),
        "px": one.tick.text(trade.tick),
        "sz": one.lot.text(abs(trade.lots)),
        "side": "buy" if trade.lots > 0 else "sell",
    }
