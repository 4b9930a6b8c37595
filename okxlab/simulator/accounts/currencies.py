"""What OKX tells of a currency: here nothing is paid in or out.

A ccxt client that has a key asks for it before anything else.
"""

from __future__ import annotations

from typing import Any

__all__ = ["currency_row"]

_BLANKS = (
    "burningFeeRate",
    "ctAddr",
    "depEstOpenTime",
    "depQuotaFixed",
    "depQuoteDailyLayer2",
    "logoLink",
    "usedDepQuotaFixed",
    "wdEstOpenTime",
)
_ZEROES = (
    "fee",
    "maxFee",
    "maxFeeForCtAddr",
    "maxWd",
    "minDep",
    "minDepArrivalConfirm",
    "minFee",
    "minFeeForCtAddr",
    "minInternal",
    "minWd",
    "minWdUnlockConfirm",
    "usedWdQuota",
    "wdQuota",
)


def currency_row(ccy: str) -> dict[str, Any]:
    """Return the row of ``asset/currencies`` for a currency.

    Parameters
    ----------
    ccy
        Which, such as ``BTC``.
    """
    return {
        "ccy": ccy,
        "name": ccy,
        "chain": f"{ccy}-Simulator",
        "canDep": False,
        "canInternal": False,
        "canWd": False,
        "mainNet": True,
        "needTag": False,
        "wdTickSz": "8",
        **dict.fromkeys(_BLANKS, ""),
        **dict.fromkeys(_ZEROES, "0"),
    }
