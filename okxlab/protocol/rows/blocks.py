"""Block trades: large trades of several legs, agreed by request for quote (RFQ).

The price of a block lies in its legs, so trades are laid out one row a leg; RFQs
and quotes are states, one row each, with their legs in one column.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from okxlab.protocol.columns import Bool, Float, Id, Ms, Payload, Text, one_of
from okxlab.protocol.rows.base import Row, Side, TgtCcy

__all__ = [
    "BlockLeg",
    "BlockTrade",
    "OwnBlockLeg",
    "OwnBlockTrade",
    "Quote",
    "Rfq",
    "StructureTrade",
    "lay_own_trades_flat",
    "lay_structures_flat",
]


class BlockTrade(Row, frozen=True):
    """One leg of a block trade, 15 minutes after it was made."""

    ts: Ms = ""
    """Time of the trade [ms]."""
    inst_id: Text = ""
    """Instrument."""
    trade_id: Id = ""
    """Id of the trade, 18 digits: not of the order book's count."""
    px: Float = ""
    """Price [quote per base]."""
    sz: Float = ""
    """Size [base for spot, contracts otherwise]."""
    side: Side = ""
    """Side of the taker."""
    fill_vol: Float = ""
    """Volatility that the price implies [fraction a year] (options)."""
    fwd_px: Float = ""
    """Forward price of the underlying [quote per base] (options)."""
    idx_px: Float = ""
    """Index price [quote per base] (derivatives)."""
    mark_px: Float = ""
    """Mark price (derivatives), in the unit of ``px``."""
    group_id: Id = ""
    """Id of the group RFQ that it belongs to."""


class BlockLeg(Row, frozen=True):
    """One leg of a block trade of the market; legs of a block follow each other."""

    c_time: Ms = ""
    """Time of the trade [ms]."""
    block_td_id: Id = ""
    """Id of the block; missing for group RFQs."""
    group_id: Id = ""
    """Id of the group RFQ that it belongs to."""
    inst_id: Text = ""
    """Instrument of the leg."""
    trade_id: Id = ""
    """Id of the leg's trade; missing for group RFQs."""
    px: Float = ""
    """Price of the leg [quote per base]."""
    sz: Float = ""
    """Size of the leg [base for spot, contracts otherwise]."""
    side: Side = ""
    """Side of the taker in this leg."""


class StructureLeg(Row, frozen=True):
    """One leg inside a message."""

    inst_id: str = ""
    trade_id: str = ""
    px: Float = ""
    sz: Float = ""
    side: str = ""


class StructureTrade(Row, frozen=True):
    """A block trade of the market as sent: laid flat by `lay_structures_flat`."""

    c_time: Ms = ""
    block_td_id: str = ""
    group_id: str = ""
    legs: list[StructureLeg] = msgspec.field(default_factory=list)


def lay_structures_flat(rows: list[StructureTrade]) -> list[BlockLeg]:
    """Return one row for each leg, in the order of the message."""
    return [
        BlockLeg(
            c_time=row.c_time,
            block_td_id=row.block_td_id,
            group_id=row.group_id,
            inst_id=leg.inst_id,
            trade_id=leg.trade_id,
            px=leg.px,
            sz=leg.sz,
            side=leg.side,
        )
        for row in rows
        for leg in row.legs
    ]


class OwnBlockLeg(Row, frozen=True):
    """One leg of a block trade of one's own, or a block that failed."""

    c_time: Ms = ""
    """Time of the trade [ms]."""
    block_td_id: Id = ""
    """Id of the block; missing for group RFQs."""
    rfq_id: Id = ""
    """Id of the RFQ."""
    cl_rfq_id: Text = ""
    """Id that the taker gave the RFQ."""
    quote_id: Id = ""
    """Id of the quote."""
    cl_quote_id: Text = ""
    """Id that the maker gave the quote."""
    tag: Text = ""
    """Tag of the RFQ or quote."""
    t_trader_code: Text = ""
    """Code of the taker; missing if anonymous."""
    m_trader_code: Text = ""
    """Code of the maker; missing if anonymous."""
    is_successful: Bool = ""
    """Whether the block was traded."""
    error_code: Text = ""
    """Why it was not."""
    inst_id: Text = ""
    """Instrument of the leg; missing for a block without legs."""
    trade_id: Id = ""
    """Id of the leg's trade; missing for group RFQs."""
    px: Float = ""
    """Price of the leg [quote per base]."""
    sz: Float = ""
    """Size of the leg [``tgt_ccy`` for spot, contracts otherwise]."""
    side: Side = ""
    """Side of the leg."""
    tgt_ccy: TgtCcy = ""
    """Which currency ``sz`` is in (spot); missing means base."""
    fee: Float = ""
    """Fee of the leg [fee_ccy]; below 0 paid, above 0 received."""
    fee_ccy: Text = ""
    """Currency of the fee."""
    acct_alloc: Payload = ()
    """How a group RFQ was shared out: dicts of ``blockTdId``, ``errorCode``,
    ``acct``, ``legs`` for the whole block, as sent."""


class OwnStructureLeg(Row, frozen=True):
    """One leg inside a message."""

    inst_id: str = ""
    trade_id: str = ""
    px: Float = ""
    sz: Float = ""
    side: str = ""
    tgt_ccy: str = ""
    fee: Float = ""
    fee_ccy: str = ""


class OwnBlockTrade(Row, frozen=True):
    """A block trade of one's own as sent: laid flat by `lay_own_trades_flat`."""

    c_time: Ms = ""
    block_td_id: str = ""
    rfq_id: str = ""
    cl_rfq_id: str = ""
    quote_id: str = ""
    cl_quote_id: str = ""
    tag: str = ""
    t_trader_code: str = ""
    m_trader_code: str = ""
    is_successful: Bool = ""
    error_code: str = ""
    legs: list[OwnStructureLeg] = msgspec.field(default_factory=list)
    acct_alloc: Payload = ()


def lay_own_trades_flat(rows: list[OwnBlockTrade]) -> list[OwnBlockLeg]:
    """Return one row for each leg, and one for a block without legs.

    A block that failed is news even if nothing of it was traded.
    """
    return [
        OwnBlockLeg(
            c_time=row.c_time,
            block_td_id=row.block_td_id,
            rfq_id=row.rfq_id,
            cl_rfq_id=row.cl_rfq_id,
            quote_id=row.quote_id,
            cl_quote_id=row.cl_quote_id,
            tag=row.tag,
            t_trader_code=row.t_trader_code,
            m_trader_code=row.m_trader_code,
            is_successful=row.is_successful,
            error_code=row.error_code,
            inst_id=leg.inst_id,
            trade_id=leg.trade_id,
            px=leg.px,
            sz=leg.sz,
            side=leg.side,
            tgt_ccy=leg.tgt_ccy,
            fee=leg.fee,
            fee_ccy=leg.fee_ccy,
            acct_alloc=row.acct_alloc,
        )
        for row in rows
        for leg in row.legs or [OwnStructureLeg()]
    ]


class Rfq(Row, frozen=True):
    """A request for quote, sent or received, as it stands."""

    rfq_id: Id = ""
    """Id of the RFQ."""
    cl_rfq_id: Text = ""
    """Id that the taker gave it; makers do not see it."""
    group_id: Id = ""
    """Id of the group RFQ that it is."""
    trader_code: Text = ""
    """Code of the taker; missing if anonymous."""
    tag: Text = ""
    """Tag of the RFQ."""
    state: Annotated[
        str,
        one_of("active", "canceled", "filled", "expired", "traded_away", "failed"),
    ] = ""
    """What has become of it; traded_away: another maker's quote was taken."""
    flow_type: Text = ""
    """Type of the RFQ; makers only."""
    valid_until: Ms = ""
    """Time it expires [ms]."""
    allow_partial_execution: Bool = ""
    """Whether a part may be traded, of all legs alike."""
    counterparties: Payload = ()
    """Codes of the makers that were asked: list of str."""
    legs: Payload = ()
    """What is wanted: dicts of ``instId``, ``tdMode``, ``ccy``, ``sz``, ``side``,
    ``posSide``, ``tgtCcy``, ``tradeQuoteCcy``, as sent."""
    acct_alloc: Payload = ()
    """How it is to be shared out: dicts of ``acct``, ``legs``, as sent; takers
    only."""
    u_time: Ms = ""
    """Time of the latest change [ms]."""
    c_time: Ms = ""
    """Time the RFQ was made [ms]."""


class Quote(Row, frozen=True):
    """A quote for an RFQ, sent or received, as it stands."""

    quote_id: Id = ""
    """Id of the quote."""
    cl_quote_id: Text = ""
    """Id that the maker gave it; takers do not see it."""
    rfq_id: Id = ""
    """Id of the RFQ."""
    cl_rfq_id: Text = ""
    """Id that the taker gave the RFQ; makers do not see it."""
    trader_code: Text = ""
    """Code of the maker; missing if anonymous."""
    tag: Text = ""
    """Tag of the quote."""
    state: Annotated[
        str, one_of("active", "canceled", "filled", "expired", "failed")
    ] = ""
    """What has become of it."""
    reason: Text = ""
    """Why: mmp_canceled if market maker protection has withdrawn it."""
    valid_until: Ms = ""
    """Time it expires [ms]."""
    quote_side: Side = ""
    """Side of the quote as a whole."""
    legs: Payload = ()
    """What is offered: dicts of ``instId``, ``tdMode``, ``ccy``, ``sz``, ``px``,
    ``side``, ``posSide``, ``tgtCcy``, ``tradeQuoteCcy``, as sent."""
    u_time: Ms = ""
    """Time of the latest change [ms]."""
    c_time: Ms = ""
    """Time the quote was made [ms]."""
