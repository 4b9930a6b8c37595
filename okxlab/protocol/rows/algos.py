"""Algo orders: orders that wait for a price, or are worked off piece by piece."""

from __future__ import annotations

from typing import Annotated

from okxlab.protocol.columns import Bool, Float, Id, Int, Ms, Payload, Text, one_of
from okxlab.protocol.rows.base import (
    InstType,
    PosSide,
    PxType,
    Row,
    Side,
    TdMode,
    TgtCcy,
)

__all__ = ["AdvanceAlgoOrder", "AlgoOrder"]


class _Algo(Row, frozen=True):
    """What both kinds of algo orders have in common."""

    inst_type: InstType = ""
    """Kind of instrument."""
    inst_id: Text = ""
    """Instrument."""
    algo_id: Id = ""
    """Id of the algo order."""
    algo_cl_ord_id: Text = ""
    """Id that the client gave it."""
    side: Side = ""
    """Side of the order."""
    sz: Float = ""
    """Size [base for spot, or ``tgt_ccy``; contracts otherwise]."""
    tgt_ccy: TgtCcy = ""
    """Which currency ``sz`` is in (spot market orders)."""
    trigger_px: Float = ""
    """Price that triggers it [quote per base]."""
    ord_px: Float = ""
    """Price of the order to be made [quote per base]; -1 is at market."""
    tp_trigger_px: Float = ""
    """Price that triggers the take-profit [quote per base]."""
    tp_ord_px: Float = ""
    """Price of the take-profit [quote per base]; -1 is at market."""
    sl_trigger_px: Float = ""
    """Price that triggers the stop-loss [quote per base]."""
    sl_ord_px: Float = ""
    """Price of the stop-loss [quote per base]; -1 is at market."""
    trigger_time: Ms = ""
    """Time it was triggered [ms]."""
    actual_side: Text = ""
    """Which of take-profit and stop-loss was triggered."""
    actual_sz: Float = ""
    """Size of the order that was made, in the unit of ``sz``."""
    actual_px: Float = ""
    """Price of the order that was made [quote per base]."""
    ord_id: Id = ""
    """Id of the order that was made; deprecated by OKX."""
    cl_ord_id: Text = ""
    """Id that the client gave that order."""
    fail_code: Text = ""
    """Code of what made it fail."""
    td_mode: TdMode = ""
    """Cash, or how the margin is kept."""
    ccy: Text = ""
    """Currency of the margin."""
    pos_side: PosSide = ""
    """Side of the position that it opens or closes (derivatives)."""
    lever: Float = ""
    """Leverage."""
    reduce_only: Bool = ""
    """Whether it can only make a position smaller."""
    is_trade_borrow_mode: Bool = ""
    """Whether it borrows what is missing."""
    notional_usd: Float = ""
    """Value of the order [USD]."""
    trade_quote_ccy: Text = ""
    """Quote currency that is traded."""
    tag: Text = ""
    """Tag that the client gave it."""
    c_time: Ms = ""
    """Time the order was made [ms]."""


class AlgoOrder(_Algo, frozen=True):
    """A take-profit, stop-loss, trigger or chase order as it stands."""

    ord_type: Annotated[str, one_of("conditional", "oco", "trigger", "chase")] = ""
    """Type of the order."""
    state: Annotated[
        str,
        one_of(
            "live",
            "effective",
            "canceled",
            "order_failed",
            "partially_failed",
            "partially_effective",
        ),
    ] = ""
    """What has become of it; live waits, partially_effective goes on."""
    trigger_px_type: PxType = ""
    """Which price ``trigger_px`` is compared with."""
    tp_trigger_px_type: PxType = ""
    """Which price ``tp_trigger_px`` is compared with."""
    sl_trigger_px_type: PxType = ""
    """Which price ``sl_trigger_px`` is compared with."""
    advance_ord_type: Annotated[str, one_of("fok", "ioc", "chase")] = ""
    """Type of the order to be made by a trigger order."""
    adv_chase_params: Payload = ()
    """How that chases: dicts of ``chaseType``, ``chaseVal``, ``maxChaseType``,
    ``maxChaseVal``, as sent."""
    chase_type: Annotated[str, one_of("distance", "ratio")] = ""
    """How the distance of a chase order is given."""
    chase_val: Float = ""
    """Distance of a chase order from the best price [quote per base, or ratio]."""
    max_chase_type: Annotated[str, one_of("distance", "ratio")] = ""
    """How its greatest distance is given."""
    max_chase_val: Float = ""
    """Distance at which it gives up [quote per base, or ratio]."""
    close_fraction: Float = ""
    """Fraction of the position to be closed."""
    last: Float = ""
    """Last traded price when it was made [quote per base]."""
    ord_id_list: Payload = ()
    """Ids of the orders that were made: list of str."""
    sub_algo_id_list: Payload = ()
    """Ids of the algo orders that were made: list of str."""
    attach_algo_ords: Payload = ()
    """Attached take-profits and stop-losses: list of dict, as sent."""
    linked_ord: Payload = None
    """The take-profit that belongs to it: dict of ``ordId``, as sent."""
    amend_px_on_trigger_type: Annotated[str, one_of("0", "1")] = ""
    """1 if the stop-loss moves to the price of entry, else 0."""
    req_id: Text = ""
    """Id that the client gave an amendment."""
    amend_result: Annotated[str, one_of("-1", "0")] = ""
    """0 amended, -1 refused."""
    quick_mgn_type: Text = ""
    """Deprecated by OKX."""
    u_time: Ms = ""
    """Time of the latest change [ms]."""


class AdvanceAlgoOrder(_Algo, frozen=True):
    """An iceberg, TWAP or trailing order as it stands."""

    ord_type: Annotated[str, one_of("iceberg", "twap", "move_order_stop")] = ""
    """Type of the order; move_order_stop trails the price."""
    state: Annotated[
        str,
        one_of(
            "live",
            "pause",
            "effective",
            "partially_effective",
            "canceled",
            "order_failed",
        ),
    ] = ""
    """What has become of it."""
    count: Int = ""
    """Number of orders."""
    px_var: Float = ""
    """Distance of the orders from the market [fraction]."""
    px_spread: Float = ""
    """Distance of the orders from the market [quote per base]."""
    sz_limit: Float = ""
    """Mean size of one order, in the unit of ``sz``."""
    px_limit: Float = ""
    """Worst price that is accepted [quote per base]."""
    time_interval: Float = ""
    """Time between two orders (TWAP) [s]."""
    callback_ratio: Float = ""
    """Distance of a trailing stop [fraction]."""
    callback_spread: Float = ""
    """Distance of a trailing stop [quote per base]."""
    active_px: Float = ""
    """Price at which it begins to trail [quote per base]."""
    move_trigger_px: Float = ""
    """Price that triggers the trailing stop now [quote per base]."""
    p_time: Ms = ""
    """Time of the message [ms]."""
