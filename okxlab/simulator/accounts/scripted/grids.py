"""Stories of grids: on a spot pair, and long on a swap.

A grid has seven prices, equally far apart.  When it starts it buys for the three
sales above the middle, and puts its orders in.  When one is filled, an order the
other way takes its place at the next price, so that each sale earns one step on
what was bought a step below.  Fills follow `_FILLS` and not the market; what is held
is valued at the market's price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from okxlab.simulator.accounts.money import ONE, cut, quotient, text
from okxlab.simulator.accounts.scripted.story import Story, Thing
from okxlab.simulator.accounts.terms import MAINTENANCE

if TYPE_CHECKING:
    from okxlab.simulator.accounts.scripted.story import Life

__all__ = ["GRIDS"]

_LEVELS = 7
_MIDDLE = 3
_STEP_PPM = 3000
"""Two neighbouring prices are so far apart."""
_STARTS = 2
_FILLS: Final = (
    (60, 2),
    (120, 3),
    (180, 4),
    (240, 3),
    (300, 4),
    (360, 5),
    (420, 4),
    (480, 3),
    (540, 2),
    (600, 3),
    (660, 4),
    (720, 3),
)
"""When a grid is filled [s], and at which of its prices."""
_STOPS = 840
_ENDS = 845
_EVERY_S = 600
_LEVER = 5
_INVESTMENT = 500
_UNIT_WORTH = 100
"""About what each order is worth [quote currency]."""
_YEAR_MS = 365 * 86_400_000

_TRIGGERS: Final = [
    {
        "triggerAction": action,
        "triggerStrategy": "instant",
        "delaySeconds": "0",
        "triggerType": kind,
        "triggerTime": "",
        **more,
    }
    for action, kind, more in (
        ("start", "auto", {}),
        ("stop", "manual", {"stopType": "1"}),
    )
]
_GRID: Final = {
    "activeOrdNum": "{active}",
    "algoClOrdId": "",
    "algoId": "{id[0]}",
    "annualizedRate": "{grid_yearly}",
    "arbitrageNum": "{pairs}",
    "cTime": "",
    "cancelType": "0",
    "copyType": "0",
    "floatProfit": "{float}",
    "gridNum": str(_LEVELS - 1),
    "gridProfit": "{earned}",
    "instId": "{inst}",
    "investment": str(_INVESTMENT),
    "maxPx": f"{{level[{_LEVELS - 1}]}}",
    "minPx": "{level[0]}",
    "pTime": "",
    "perMaxProfitRate": "{most_rate}",
    "perMinProfitRate": "{least_rate}",
    "pnlRatio": "{ratio}",
    "profitSharingRatio": "",
    "runPx": f"{{level[{_MIDDLE}]}}",
    "runType": "1",
    "singleAmt": "{unit}",
    "slTriggerPx": "",
    "state": "starting",
    "stopType": "0",
    "tag": "",
    "totalAnnualizedRate": "{yearly}",
    "totalPnl": "{total}",
    "tpTriggerPx": "",
    "tradeNum": "{fills}",
    "triggerParams": _TRIGGERS,
    "uTime": "",
}
_SPOT_GRID: Final = {
    **_GRID,
    "algoOrdType": "grid",
    "baseSz": "0",
    "curBaseSz": "{held}",
    "curQuoteSz": "{cash}",
    "instType": "SPOT",
    "profit": "0",
    "quoteSz": str(_INVESTMENT),
    "rebateTrans": [
        {"rebate": "0", "rebateCcy": "{base}"},
        {"rebate": "0", "rebateCcy": "{quote}"},
    ],
    "stopResult": "0",
    "tradeQuoteCcy": "{quote}",
}
_CONTRACT_GRID: Final = {
    **_GRID,
    "actualLever": "{actual_lever}",
    "algoOrdType": "contract_grid",
    "availEq": "{avail}",
    "basePos": True,
    "direction": "long",
    "eq": "{eq}",
    "fee": "{fees}",
    "fundingFee": "0",
    "instType": "SWAP",
    "lever": str(_LEVER),
    "liqPx": "{liq_px}",
    "ordFrozen": "{ord_frozen}",
    "rebateTrans": [{"rebate": "0", "rebateCcy": "{quote}"}],
    "slRatio": "",
    "sz": str(_INVESTMENT),
    "tpRatio": "",
}
_POSITION: Final = {
    "adl": "1",
    "algoClOrdId": "",
    "algoId": "{id[0]}",
    "avgPx": "{avg_px}",
    "cTime": "",
    "ccy": "{quote}",
    "imr": "{imr}",
    "instId": "{inst}",
    "instType": "SWAP",
    "last": "{px}",
    "lever": str(_LEVER),
    "liqPx": "{liq_px}",
    "markPx": "{px}",
    "mgnMode": "cross",
    "mgnRatio": "{mgn_ratio}",
    "mmr": "{mmr}",
    "notionalUsd": "{notional}",
    "pTime": "",
    "pos": "{held}",
    "posSide": "net",
    "uTime": "",
    "upl": "{upl}",
    "uplRatio": "{upl_ratio}",
}
_SUB_ORDER: Final = {
    "accFillSz": "0",
    "algoClOrdId": "",
    "algoId": "{id[0]}",
    "avgPx": "0",
    "cTime": "",
    "fee": "0",
    "groupId": "-1",
    "instId": "{inst}",
    "ordType": "limit",
    "pTime": "",
    "pnl": "0",
    "rebate": "0",
    "state": "live",
    "sz": "{unit}",
    "tag": "",
    "uTime": "",
}
_SPOT_ORDER: Final = {
    **_SUB_ORDER,
    "algoOrdType": "grid",
    "ctVal": "",
    "instType": "SPOT",
    "lever": "0",
    "posSide": "",
    "tdMode": "cash",
}
_CONTRACT_ORDER: Final = {
    **_SUB_ORDER,
    "algoOrdType": "contract_grid",
    "ctVal": "{ct_val}",
    "instType": "SWAP",
    "lever": str(_LEVER),
    "posSide": "net",
    "tdMode": "cross",
}


class _Sub(msgspec.Struct):
    """One order of a grid."""

    slot: int
    level: int
    is_buy: bool
    placed: int
    filled: int | None = None


def _sub_orders() -> list[_Sub]:
    """Return the orders that follow from `_FILLS`, oldest first."""
    subs = [
        _Sub(10 + level, level, level < _MIDDLE, _STARTS)
        for level in range(_LEVELS)
        if level != _MIDDLE
    ]
    waiting = {sub.level: sub for sub in subs}
    for after_s, level in _FILLS:
        done = waiting.pop(level)
        done.filled = after_s
        other = level + 1 if done.is_buy else level - 1
        assert other not in waiting, "a grid has one order at a price"
        waiting[other] = _Sub(10 + len(subs) + 1, other, not done.is_buy, after_s)
        subs.append(waiting[other])
    return subs


_SUBS: Final = _sub_orders()


def _things(members: dict[str, Any], channel: str, *, is_spot: bool) -> tuple[Any, ...]:
    """Return a grid, its position if it is on a swap, and its orders."""
    changes: list[tuple[int, dict[str, str]]] = [
        (sub.filled, {}) for sub in _SUBS if sub.filled is not None
    ]
    grid = Thing(
        channel=channel,
        members=members,
        steps=(
            (0, {}),
            (_STARTS, {"state": "running"}),
            *changes,
            (_STOPS, {"state": "stopping", "cancelType": "1", "stopType": "1"}),
            (_ENDS, {"state": "stopped", **({"stopResult": "1"} if is_spot else {})}),
        ),
    )
    position = Thing(
        channel="grid-positions",
        members=_POSITION,
        steps=((_STARTS, {}), *changes, (_ENDS, {})),
    )
    orders = (_order(sub, is_spot=is_spot) for sub in _SUBS)
    return (grid, *(() if is_spot else (position,)), *orders)


def _order(sub: _Sub, *, is_spot: bool) -> Thing:
    in_base = is_spot and sub.is_buy
    ccy = "{base}" if in_base else "{quote}"
    members = {
        **(_SPOT_ORDER if is_spot else _CONTRACT_ORDER),
        "ordId": f"{{id[{sub.slot}]}}",
        "px": f"{{level[{sub.level}]}}",
        "side": "buy" if sub.is_buy else "sell",
        "feeCcy": ccy,
        "rebateCcy": ccy,
    }
    if sub.filled is None:
        return Thing(
            channel="grid-sub-orders",
            members=members,
            steps=((sub.placed, {}), (_STOPS, {"state": "canceled"})),
        )
    filled = {
        "state": "filled",
        "accFillSz": "{unit}",
        "avgPx": f"{{level[{sub.level}]}}",
        "fee": "{base_fee}" if in_base else f"{{fee[{sub.level}]}}",
        "pnl": "0" if sub.is_buy else "{step_profit}",
    }
    return Thing(
        channel="grid-sub-orders",
        members=members,
        steps=((sub.placed, {}), (sub.filled, filled)),
    )


class _Standing(msgspec.Struct):
    """How a grid stands at a moment; amounts of quote currency."""

    units: int = 0
    """Orders' worth that it holds."""
    cost: int = 0
    """What those were bought for."""
    cash: int = 0
    """What sales brought less what buys took."""
    fees: int = 0
    fills: int = 0
    pairs: int = 0
    active: int = 0

    def trade(self, sign: int, units: int, value: int, fee: int) -> None:
        """Take a trade in."""
        if sign < 0:
            self.cost -= quotient(self.cost * units, self.units)
        else:
            self.cost += value
        self.units += sign * units
        self.cash -= sign * value
        self.fees += fee


def _stand(life: Life, ms: int, value_of: list[int], fee_of: list[int]) -> _Standing:
    after_ms = ms - life.begin_ms
    now = _Standing()
    if after_ms < _STARTS * 1000:
        return now
    held = _LEVELS - 1 - _MIDDLE
    now.trade(1, held, held * value_of[_MIDDLE], held * fee_of[_MIDDLE])
    for sub in sorted(_SUBS, key=lambda sub: sub.filled or 0):
        if sub.filled is not None and sub.filled * 1000 <= after_ms:
            sign = 1 if sub.is_buy else -1
            now.trade(sign, 1, value_of[sub.level], fee_of[sub.level])
            now.fills += 1
            now.pairs += not sub.is_buy
        elif sub.placed * 1000 <= after_ms < _STOPS * 1000:
            now.active += 1
    if after_ms >= _ENDS * 1000:
        # What is left is sold in the end, at the price of that moment.
        tick = life.tick_at(life.terms, life.begin_ms + _ENDS * 1000)
        each = life.terms.value(_unit(life), tick)
        now.trade(-1, now.units, now.units * each, now.units * fee_of[_MIDDLE])
    return now


def _unit(life: Life) -> int:
    """Return the lots of each order."""
    return life.lots_for(life.terms, _UNIT_WORTH)


def _words(life: Life, ms: int) -> dict[str, Any]:
    terms, unit = life.terms, _unit(life)
    apart = max(life.tick * _STEP_PPM // 1_000_000, 1)
    ticks = [life.tick + (i - _MIDDLE) * apart for i in range(_LEVELS)]
    value_of = [terms.value(unit, tick) for tick in ticks]
    rate = life.account.fees.rate(terms.instrument.inst_type, maker=True)
    fee_of = [terms.fee(value, rate) for value in value_of]
    now = _stand(life, ms, value_of, fee_of)
    lots = now.units * unit
    worth = terms.value(lots, life.tick_at(terms, ms))
    step = value_of[1] - value_of[0]
    total, earned = now.cash + worth - now.fees, now.pairs * step
    whole = _INVESTMENT * ONE
    age = max(ms - life.begin_ms, 1)
    return {
        **_margin(life, now, worth, whole + total, sum(value_of)),
        "active": now.active,
        "base_fee": text(-terms.fee(unit * terms.base_unit, rate)),
        "cash": cut(whole + now.cash - now.fees),
        "earned": cut(earned),
        "fee": [text(-fee) for fee in fee_of],
        "fees": text(-now.fees),
        "fills": now.fills,
        "float": cut(total - earned),
        "grid_yearly": _ratio(earned * _YEAR_MS, whole * age),
        "held": terms.sz(lots),
        "least_rate": _ratio(step, value_of[-2]),
        "level": [terms.px(tick) for tick in ticks],
        "most_rate": _ratio(step, value_of[0]),
        "pairs": now.pairs,
        "ratio": _ratio(total, whole),
        "step_profit": text(step),
        "total": cut(total),
        "unit": terms.sz(unit),
        "yearly": _ratio(total * _YEAR_MS, whole * age),
    }


def _margin(
    life: Life, now: _Standing, worth: int, equity: int, quoted: int
) -> dict[str, Any]:
    """Return the words that only a grid on a swap has use for."""
    terms = life.terms
    initial, maintenance = worth // _LEVER, worth // MAINTENANCE
    frozen = quoted // _LEVELS * now.active // _LEVER // 2
    each = terms.value(now.units * _unit(life), 1)
    # Down to here the equity lasts.
    last_tick = (worth - equity) // each if each else 0
    return {
        "actual_lever": _ratio(worth, equity),
        "avail": cut(max(equity - initial - frozen, 0)),
        "avg_px": terms.mean(now.cost, now.units * _unit(life)),
        "ct_val": terms.instrument.ct_val,
        "eq": cut(equity),
        "imr": cut(initial),
        "liq_px": terms.px(last_tick) if last_tick > 0 else "",
        "mgn_ratio": _ratio(equity, maintenance),
        "mmr": cut(maintenance),
        "notional": cut(worth),
        "ord_frozen": cut(frozen),
        "upl": cut(worth - now.cost),
        "upl_ratio": _ratio((worth - now.cost) * _LEVER, now.cost),
    }


def _ratio(part: int, whole: int) -> str:
    return cut(quotient(part * ONE, whole)) if whole else ""


GRIDS: Final = (
    Story(
        name="grid on a spot pair",
        every_s=_EVERY_S,
        words=_words,
        things=_things(_SPOT_GRID, "grid-orders-spot", is_spot=True),
    ),
    Story(
        name="grid on a swap",
        every_s=_EVERY_S,
        kind="SWAP",
        words=_words,
        things=_things(_CONTRACT_GRID, "grid-orders-contract", is_spot=False),
    ),
)
"""What happens to grids."""
