"""Liquidations, and warnings of auto-deleveraging.

Where the security fund cannot bear the losses of bankrupt accounts, positions
that gain are closed in its place: auto-deleveraging (ADL).
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from okxlab.protocol.columns import Float, Ms, Text, one_of
from okxlab.protocol.rows.base import InstType, PosSide, Row, Side

__all__ = [
    "AdlWarning",
    "Liquidation",
    "LiquidationDetail",
    "LiquidationOrders",
    "lay_liquidations_flat",
]


class Liquidation(Row, frozen=True):
    """One order that the exchange took over from a bankrupt account."""

    ts: Ms = ""
    """Time of the liquidation [ms]; rows are not in order of time."""
    inst_type: InstType = ""
    """Kind of instrument."""
    inst_id: Text = ""
    """Instrument."""
    inst_family: Text = ""
    """Family (derivatives)."""
    uly: Text = ""
    """Underlying (derivatives)."""
    side: Side = ""
    """Side of the liquidating order."""
    pos_side: PosSide = ""
    """Side of the position that was closed."""
    bk_px: Float = ""
    """Price at which the account was bankrupt [quote per base]."""
    sz: Float = ""
    """Size [contracts; base for margin]."""
    bk_loss: Float = ""
    """Loss beyond the account's means."""
    ccy: Text = ""
    """Currency of the liability (margin)."""


class LiquidationDetail(Row, frozen=True):
    """One liquidation inside a message."""

    side: str = ""
    pos_side: str = ""
    bk_px: Float = ""
    sz: Float = ""
    bk_loss: Float = ""
    ccy: str = ""
    ts: Ms = ""


class LiquidationOrders(Row, frozen=True):
    """Liquidations of one instrument as sent: laid flat by `lay_liquidations_flat`."""

    inst_type: str = ""
    inst_id: str = ""
    inst_family: str = ""
    uly: str = ""
    details: list[LiquidationDetail] = msgspec.field(default_factory=list)


def lay_liquidations_flat(rows: list[LiquidationOrders]) -> list[Liquidation]:
    """Return one row for each detail, in the order of the message."""
    return [
        Liquidation(
            ts=detail.ts,
            inst_type=row.inst_type,
            inst_id=row.inst_id,
            inst_family=row.inst_family,
            uly=row.uly,
            side=detail.side,
            pos_side=detail.pos_side,
            bk_px=detail.bk_px,
            sz=detail.sz,
            bk_loss=detail.bk_loss,
            ccy=detail.ccy,
        )
        for row in rows
        for detail in row.details
    ]


class AdlWarning(Row, frozen=True):
    """A family's security fund runs low; nothing is sent while all is well."""

    ts: Ms = ""
    """Time of the message [ms]."""
    inst_type: InstType = ""
    """Kind of instrument."""
    inst_family: Text = ""
    """Family that shares the fund."""
    state: Annotated[str, one_of("warning", "adl")] = ""
    """Whether auto-deleveraging threatens or has begun."""
    bal: Float = ""
    """Balance of the security fund."""
    ccy: Text = ""
    """Deprecated by OKX: always missing."""
    max_bal: Float = ""
    """Deprecated by OKX: always missing."""
    max_bal_ts: Ms = ""
    """Deprecated by OKX: always missing."""
    adl_type: Text = ""
    """Deprecated by OKX: always missing."""
    adl_bal: Float = ""
    """Deprecated by OKX: always missing."""
    adl_rec_bal: Float = ""
    """Deprecated by OKX: always missing."""
    dec_rate: Float = ""
    """Deprecated by OKX: always missing."""
    adl_rate: Float = ""
    """Deprecated by OKX: always missing."""
    adl_rec_rate: Float = ""
    """Deprecated by OKX: always missing."""
