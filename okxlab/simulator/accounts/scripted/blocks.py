"""Stories of block trading: requests for quotes, quotes, and the trades they lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from okxlab.simulator.accounts.money import text
from okxlab.simulator.accounts.scripted.story import Story, Thing

if TYPE_CHECKING:
    from okxlab.simulator.accounts.scripted.story import Life

__all__ = ["BLOCKS"]

_VALID_MS = 120_000
"""How long a request is good for."""

_RFQ: Final = {
    "acctAlloc": [],
    "allowPartialExecution": False,
    "cTime": "",
    "clRfqId": "",
    "counterparties": ["DSKA", "DSKB"],
    "flowType": "",
    "groupId": "",
    "rfqId": "{id[0]}",
    "state": "active",
    "tag": "",
    "traderCode": "SIMU",
    "uTime": "",
    "validUntil": "{until}",
}
_QUOTE: Final = {
    "cTime": "",
    "clQuoteId": "",
    "clRfqId": "",
    "quoteSide": "sell",
    "reason": "",
    "rfqId": "{id[0]}",
    "state": "active",
    "tag": "",
    "uTime": "",
    "validUntil": "{until}",
}
_TRADE: Final = {
    "acctAlloc": [],
    "blockTdId": "{id[3]}",
    "cTime": "",
    "clQuoteId": "",
    "clRfqId": "",
    "errorCode": "",
    "isSuccessful": True,
    "mTraderCode": "DSKA",
    "quoteId": "{id[1]}",
    "rfqId": "{id[0]}",
    "tTraderCode": "SIMU",
    "tag": "",
}
_LEGS: Final = (
    {
        "instId": "{spot}",
        "tdMode": "cash",
        "ccy": "",
        "sz": "{spot_sz}",
        "side": "buy",
        "posSide": "",
        "tgtCcy": "base_ccy",
        "tradeQuoteCcy": "{quote}",
    },
    {
        "instId": "{swap}",
        "tdMode": "cross",
        "ccy": "",
        "sz": "{swap_sz}",
        "side": "sell",
        "posSide": "net",
        "tgtCcy": "",
        "tradeQuoteCcy": "",
    },
)


def _words(life: Life, ms: int) -> dict[str, Any]:  # noqa: ARG001  # it stays as it began
    spot, swap = life.spot, life.swap
    swap_lots = 25 * life.lots_for(swap, 1000)
    spot_lots = swap_lots * swap.base_unit // spot.base_unit
    spot_tick = life.tick_at(spot, life.begin_ms)
    swap_tick = life.tick_at(swap, life.begin_ms)
    fees = life.account.fees
    spot_fee = spot.fee(spot_lots * spot.base_unit, fees.rate("SPOT", maker=False))
    swap_fee = swap.fee(
        swap.value(swap_lots, swap_tick), fees.rate("SWAP", maker=False)
    )
    return {
        "until": life.begin_ms + _VALID_MS,
        "spot": spot.inst_id,
        "swap": swap.inst_id,
        "spot_sz": spot.sz(spot_lots),
        "swap_sz": swap.sz(swap_lots),
        "spot_px": spot.px(spot_tick),
        "swap_px": swap.px(swap_tick),
        # The second counterparty asks for more.
        "dear_spot_px": spot.px(spot_tick + 1 + spot_tick // 2000),
        "spot_fee": text(-spot_fee),
        "swap_fee": text(-swap_fee),
    }


def _quote(slot: int, trader: str, spot_px: str, *steps: Any) -> Thing:
    """Return a quote, of which each leg is the other side of the request's."""
    legs = [
        {**leg, "px": px, "side": side}
        for leg, px, side in zip(
            _LEGS, (spot_px, "{swap_px}"), ("sell", "buy"), strict=True
        )
    ]
    members = {**_QUOTE, "quoteId": f"{{id[{slot}]}}", "traderCode": trader}
    return Thing(channel="quotes", members={**members, "legs": legs}, steps=steps)


def _traded_leg(slot: int, which: str, side: str, fee_ccy: str) -> dict[str, str]:
    return {
        "instId": f"{{{which}}}",
        "px": f"{{{which}_px}}",
        "sz": f"{{{which}_sz}}",
        "side": side,
        "tgtCcy": "base_ccy" if which == "spot" else "",
        "fee": f"{{{which}_fee}}",
        "feeCcy": fee_ccy,
        "tradeId": f"{{id[{slot}]}}",
    }


_BOUGHT: Final = [
    _traded_leg(4, "spot", "buy", "{base}"),
    _traded_leg(5, "swap", "sell", "{quote}"),
]
_RFQ_ROW: Final = {**_RFQ, "legs": list(_LEGS)}

BLOCKS: Final = (
    Story(
        name="block trade",
        every_s=300,
        words=_words,
        things=(
            Thing(
                channel="rfqs",
                members=_RFQ_ROW,
                steps=((0, {}), (40, {"state": "filled"})),
            ),
            _quote(1, "DSKA", "{spot_px}", (8, {}), (40, {"state": "filled"})),
            _quote(2, "DSKB", "{dear_spot_px}", (12, {}), (30, {"state": "canceled"})),
            Thing(
                channel="struc-block-trades",
                members={**_TRADE, "legs": _BOUGHT},
                steps=((40, {}),),
            ),
        ),
    ),
    Story(
        name="request that nobody fills",
        every_s=540,
        words=_words,
        things=(
            Thing(
                channel="rfqs",
                members=_RFQ_ROW,
                steps=((0, {}), (_VALID_MS // 1000, {"state": "expired"})),
            ),
            _quote(
                1,
                "DSKB",
                "{dear_spot_px}",
                (15, {}),
                (_VALID_MS // 1000, {"state": "expired"}),
            ),
        ),
    ),
)
"""What happens to block trades."""
