"""Stories of recurring buys and of copy trading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from okxlab.simulator.accounts.money import ONE, cut, quotient
from okxlab.simulator.accounts.scripted.story import Story, Thing

if TYPE_CHECKING:
    from okxlab.simulator.accounts.scripted.story import Life

__all__ = ["BOTS"]

_BUYS_AFTER_S = 240
_STOPS_AFTER_S = 1500
_YEAR_MS = 365 * 86_400_000
_HOUR_MS = 3_600_000

_RECURRING: Final = {
    "algoClOrdId": "",
    "algoId": "{id[0]}",
    "algoOrdType": "recurring",
    "amt": "{amount}",
    "cTime": "",
    "cycles": "0",
    "instType": "SPOT",
    "investmentAmt": "0",
    "investmentCcy": "{quote}",
    "mktCap": "{worth}",
    "nextInvestTime": "{next}",
    "pTime": "",
    "period": "hourly",
    "pnlRatio": "{ratio}",
    "recurringDay": "",
    "recurringHour": "1",
    "recurringList": [
        {
            "avgPx": "{bought_px}",
            "ccy": "{base}",
            "profit": "{profit}",
            "px": "{px}",
            "ratio": "1",
            "minPx": "",
            "maxPx": "",
            "totalAmt": "{bought}",
        }
    ],
    "recurringTime": "12",
    "recurringTimeMinutes": "",
    "recurringTimeType": "",
    "source": [],
    "state": "running",
    "stgyName": "A little every hour",
    "tag": "",
    "timeZone": "0",
    "totalAnnRate": "{yearly}",
    "totalPnl": "{profit}",
    "tradeQuoteCcy": "{quote}",
    "uTime": "",
}
_NOTICE: Final = {
    "instType": "SWAP",
    "maxLeadTraderNum": "",
    "minLeadEq": "",
    "subPosId": "{id[0]}",
    "uniqueCode": "{hash:.16}",
}


def _recurring(life: Life, ms: int) -> dict[str, Any]:
    """Return what the one buy of the story is worth by now."""
    at_ms = life.begin_ms + _BUYS_AFTER_S * 1000
    if ms < at_ms:
        none = dict.fromkeys(
            ("worth", "ratio", "bought_px", "profit", "bought", "yearly"), "0"
        )
        return none | {"next": at_ms}
    terms, paid = life.terms, life.amount * ONE
    tick = life.tick_at(terms, at_ms)
    # Whole lots, and the rest of the money is taken as spent on fees.
    lots = paid // terms.value(1, tick)
    worth = terms.value(lots, life.tick_at(terms, ms))
    profit = worth - paid
    age = max(ms - life.begin_ms, 1)
    return {
        "worth": cut(worth),
        "ratio": cut(quotient(profit * ONE, paid)),
        "bought_px": terms.px(tick),
        "profit": cut(profit),
        "bought": terms.sz(lots),
        "yearly": cut(quotient(profit * ONE * _YEAR_MS, paid * age)),
        "next": at_ms + _HOUR_MS,
    }


def _notice(name: str, every_s: int, members: dict[str, str]) -> Story:
    row = {**_NOTICE, "instId": "{inst}", "side": "buy", "posSide": "long", **members}
    thing = Thing(
        channel="copytrading-lead-notification", members=row, steps=((0, {}),)
    )
    return Story(name=name, every_s=every_s, kind="SWAP", things=(thing,))


BOTS: Final = (
    Story(
        name="recurring buy",
        every_s=1200,
        words=_recurring,
        things=(
            Thing(
                channel="algo-recurring-buy",
                members=_RECURRING,
                steps=(
                    (0, {}),
                    (_BUYS_AFTER_S, {"cycles": "1", "investmentAmt": "{amount}"}),
                    (_STOPS_AFTER_S, {"state": "stopping"}),
                    (_STOPS_AFTER_S + 5, {"state": "stopped"}),
                ),
            ),
        ),
    ),
    _notice("too many positions", 300, {"infoType": "1"}),
    _notice("too many lead trades", 420, {"infoType": "2", "maxLeadTraderNum": "3"}),
    _notice("too little equity", 600, {"infoType": "3", "minLeadEq": "500"}),
)
"""What happens to recurring buys, and what lead traders are told."""
