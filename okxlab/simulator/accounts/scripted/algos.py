"""Stories of algo orders: conditional, OCO, trigger and chase; iceberg, TWAP, trailing."""

from __future__ import annotations

from typing import Any, Final

from okxlab.simulator.accounts.scripted.story import Story, Thing

__all__ = ["ALGOS"]

_ALIKE: Final = {
    "actualPx": "",
    "actualSide": "",
    "actualSz": "0",
    "algoClOrdId": "",
    "algoId": "{id[0]}",
    "cTime": "",
    "ccy": "",
    "clOrdId": "",
    "failCode": "",
    "instId": "{inst}",
    "last": "{px}",
    "lever": "0",
    "notionalUsd": "{worth}",
    "ordId": "",
    "ordPx": "",
    "posSide": "net",
    "reduceOnly": "false",
    "side": "buy",
    "slOrdPx": "",
    "slTriggerPx": "",
    "state": "live",
    "sz": "{sz}",
    "tag": "",
    "tgtCcy": "",
    "tpOrdPx": "",
    "tpTriggerPx": "",
    "tradeQuoteCcy": "",
    "triggerPx": "",
    "triggerTime": "",
    "uTime": "",
}
_WAITING: Final = {
    **_ALIKE,
    "advChaseParams": [],
    "advanceOrdType": "",
    "amendPxOnTriggerType": "0",
    "amendResult": "",
    "attachAlgoOrds": [],
    "chaseType": "",
    "chaseVal": "",
    "closeFraction": "",
    "isTradeBorrowMode": "",
    "linkedOrd": {"ordId": ""},
    "maxChaseType": "",
    "maxChaseVal": "",
    "ordIdList": [],
    "quickMgnType": "",
    "reqId": "",
    "slTriggerPxType": "",
    "subAlgoIdList": [],
    "tpTriggerPxType": "",
    "triggerPxType": "",
}
_ADVANCED: Final = {
    **{key: value for key, value in _ALIKE.items() if key not in {"last", "uTime"}},
    "activePx": "",
    "callbackRatio": "",
    "callbackSpread": "",
    "count": "",
    "isTradeBorrowMode": False,
    "moveTriggerPx": "",
    "pTime": "",
    "pxLimit": "",
    "pxSpread": "",
    "pxVar": "",
    "reduceOnly": "",
    "szLimit": "",
    "timeInterval": "",
}
_ON_SPOT: Final = {
    "instType": "SPOT",
    "posSide": "",
    "tdMode": "cash",
    "tradeQuoteCcy": "{quote}",
}
_ON_SWAP: Final = {"instType": "SWAP", "tdMode": "cross", "lever": "{lever}"}
_EFFECTIVE: Final = {
    "state": "effective",
    "actualSz": "{sz}",
    "ordId": "{id[1]}",
    "triggerTime": "{step}",
}


def _story(
    channel: str,
    ord_type: str,
    every_s: int,
    begins: dict[str, Any],
    *steps: tuple[int, dict[str, Any]],
) -> Story:
    shared = _WAITING if channel == "orders-algo" else _ADVANCED
    on_swap = begins.get("tdMode") == "cross"
    where = _ON_SWAP if on_swap else _ON_SPOT
    members = {**shared, **where, "ordType": ord_type, **begins}
    thing = Thing(channel=channel, members=members, steps=((0, {}), *steps))
    return Story(
        name=ord_type,
        every_s=every_s,
        kind="SWAP" if on_swap else "SPOT",
        things=(thing,),
    )


ALGOS: Final = (
    _story(
        "orders-algo",
        "conditional",
        240,
        {
            "side": "sell",
            "tpTriggerPx": "{above[4000]}",
            "tpTriggerPxType": "last",
            "tpOrdPx": "-1",
        },
        (
            70,
            {
                **_EFFECTIVE,
                "actualSide": "tp",
                "actualPx": "{above[4000]}",
                "ordIdList": ["{id[1]}"],
            },
        ),
    ),
    _story(
        "orders-algo",
        "oco",
        300,
        {
            "tdMode": "cross",
            "side": "sell",
            "reduceOnly": "true",
            "tpTriggerPx": "{above[6000]}",
            "tpTriggerPxType": "last",
            "tpOrdPx": "-1",
            "slTriggerPx": "{below[5000]}",
            "slTriggerPxType": "mark",
            "slOrdPx": "-1",
        },
        (90, {"state": "canceled"}),
    ),
    _story(
        "orders-algo",
        "trigger",
        360,
        {
            "triggerPx": "{below[3000]}",
            "triggerPxType": "last",
            "ordPx": "{below[2500]}",
        },
        (40, {"triggerPx": "{below[2000]}", "reqId": "{id[9]}", "amendResult": "0"}),
        (
            110,
            {
                **_EFFECTIVE,
                "actualPx": "{below[2500]}",
                "ordIdList": ["{id[1]}"],
                "reqId": "",
                "amendResult": "",
            },
        ),
    ),
    _story(
        "orders-algo",
        "chase",
        600,
        {
            "tdMode": "cross",
            "chaseType": "distance",
            "chaseVal": "0",
            "maxChaseType": "ratio",
            "maxChaseVal": "0.01",
        },
        (30, {**_EFFECTIVE, "actualPx": "{step_px}", "ordIdList": ["{id[1]}"]}),
    ),
    _story(
        "algo-advance",
        "iceberg",
        300,
        {"pxLimit": "{above[8000]}", "pxSpread": "1", "szLimit": "{quarter[1]}"},
        (30, {"count": "1", "actualSz": "{quarter[1]}", "actualPx": "{step_px}"}),
        (120, {"count": "2", "actualSz": "{quarter[2]}", "actualPx": "{step_px}"}),
        (330, {"state": "canceled"}),
    ),
    _story(
        "algo-advance",
        "twap",
        420,
        {
            "side": "sell",
            "pxLimit": "{below[9000]}",
            "pxVar": "0.001",
            "szLimit": "{quarter[2]}",
            "timeInterval": "60",
        },
        (60, {"count": "1", "actualSz": "{quarter[2]}", "actualPx": "{step_px}"}),
        (120, {"state": "pause"}),
        (150, {"state": "live"}),
        (
            180,
            {
                "state": "effective",
                "count": "2",
                "actualSz": "{sz}",
                "actualPx": "{step_px}",
            },
        ),
    ),
    _story(
        "algo-advance",
        "move_order_stop",
        480,
        {
            "tdMode": "cross",
            "side": "sell",
            "reduceOnly": "true",
            "callbackRatio": "0.004",
            "activePx": "{above[1000]}",
        },
        (100, {"moveTriggerPx": "{below[3000]}"}),
        (200, {**_EFFECTIVE, "actualPx": "{below[3000]}"}),
    ),
)
"""What happens to algo orders."""
