"""Stories of orders of spreads: one that is filled in two parts, one taken back.

To buy a spread is to buy its second leg and to sell its first; its price is the
price of the second less that of the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from okxlab.simulator.accounts.money import cut, text
from okxlab.simulator.accounts.scripted.story import Story, Thing

if TYPE_CHECKING:
    from okxlab.simulator.accounts.scripted.story import Life

__all__ = ["SPREAD_ORDERS"]

_ORDER: Final = {
    "accFillSz": "0",
    "amendResult": "",
    "avgPx": "0",
    "cTime": "",
    "cancelSource": "",
    "canceledSz": "0",
    "clOrdId": "",
    "code": "0",
    "fillPx": "",
    "fillSz": "0",
    "msg": "",
    "ordId": "{id[0]}",
    "ordType": "limit",
    "pendingFillSz": "{whole}",
    "pendingSettleSz": "0",
    "px": "{spread_px}",
    "reqId": "",
    "side": "buy",
    "sprdId": "{sprd}",
    "state": "live",
    "sz": "{whole}",
    "tag": "",
    "tradeId": "",
    "uTime": "",
}


def _words(life: Life, ms: int) -> dict[str, Any]:  # noqa: ARG001  # it stays as it began
    spot, swap = life.spot, life.swap
    lots = life.lots_for(swap, 500)
    base = lots * swap.base_unit
    near, far = (life.tick_at(one, life.begin_ms) for one in (spot, swap))
    rate = life.account.fees.rate("SWAP", maker=True)
    half_far = swap.value(lots // 2, far)
    spot_rate = life.account.fees.rate("SPOT", maker=True)
    half_near = spot.value(base // 2 // spot.base_unit, near)
    return {
        "sprd": f"{spot.inst_id}_{swap.inst_id}",
        "near": spot.inst_id,
        "far": swap.inst_id,
        "near_px": spot.px(near),
        "far_px": swap.px(far),
        "spread_px": cut(far * swap.tick - near * spot.tick),
        "whole": text(base),
        "half": text(base // 2),
        "half_contracts": swap.sz(lots // 2),
        "near_fee": text(-spot.fee(half_near, spot_rate)),
        "far_fee": text(-swap.fee(half_far, rate)),
    }


def _filled(slot: int, state: str, done: str, left: str) -> dict[str, str]:
    return {
        "state": state,
        "accFillSz": done,
        "avgPx": "{spread_px}",
        "fillPx": "{spread_px}",
        "fillSz": "{half}",
        "pendingFillSz": left,
        "tradeId": f"{{id[{slot}]}}",
    }


def _leg(which: str, side: str, contracts: str, slot: int) -> dict[str, str]:
    return {
        "instId": f"{{{which}}}",
        "px": f"{{{which}_px}}",
        "sz": "{half}",
        "szCont": contracts,
        "side": side,
        "fillPnl": "",
        "fee": f"{{{which}_fee}}",
        "feeCcy": "{quote}",
        "tradeId": f"{{id[{slot}]}}",
    }


def _trade(slot: int, after_s: int) -> Thing:
    members = {
        "clOrdId": "",
        "code": "",
        "execType": "M",
        "fillPx": "{spread_px}",
        "fillSz": "{half}",
        "legs": [
            _leg("near", "sell", "", slot + 1),
            _leg("far", "buy", "{half_contracts}", slot + 2),
        ],
        "msg": "",
        "ordId": "{id[0]}",
        "side": "buy",
        "sprdId": "{sprd}",
        "state": "filled",
        "tag": "",
        "tradeId": f"{{id[{slot}]}}",
        "ts": "{step}",
    }
    return Thing(channel="sprd-trades", members=members, steps=((after_s, {}),))


SPREAD_ORDERS: Final = (
    Story(
        name="spread order that is filled",
        every_s=240,
        words=_words,
        things=(
            Thing(
                channel="sprd-orders",
                members=_ORDER,
                steps=(
                    (0, {}),
                    (20, _filled(10, "partially_filled", "{half}", "{half}")),
                    (45, _filled(20, "filled", "{whole}", "0")),
                ),
            ),
            _trade(10, 20),
            _trade(20, 45),
        ),
    ),
    Story(
        name="spread order that is taken back",
        every_s=420,
        words=_words,
        things=(
            Thing(
                channel="sprd-orders",
                members={**_ORDER, "side": "sell", "ordType": "post_only"},
                steps=(
                    (0, {}),
                    (
                        60,
                        {
                            "state": "canceled",
                            "cancelSource": "1",
                            "canceledSz": "{whole}",
                            "pendingFillSz": "0",
                        },
                    ),
                ),
            ),
        ),
    ),
)
"""What happens to orders of spreads."""
