"""Money that comes in and goes out: deposits and withdrawals."""

from __future__ import annotations

from typing import Annotated

import msgspec

from okxlab.protocol.columns import Bool, Float, Id, Int, Ms, Payload, Text, one_of
from okxlab.protocol.rows.base import Row

__all__ = ["Deposit", "Withdrawal"]


class _Transfer(Row, frozen=True):
    """What both ways have in common."""

    ts: Ms = ""
    """Time it was begun [ms]."""
    p_time: Ms = ""
    """Time of the message [ms]."""
    ccy: Text = ""
    """Currency."""
    amt: Float = ""
    """Amount [ccy]."""
    chain: Text = ""
    """Chain, for example USDT-TRC20."""
    tx_id: Text = ""
    """Hash of the transaction; missing inside OKX."""
    from_: Text = msgspec.field(name="from", default="")
    """Account it comes from, if inside OKX."""
    area_code_from: Text = ""
    """Area code, if ``from_`` is a telephone number."""
    to: Text = ""
    """Address it goes to."""
    uid: Id = ""
    """User that it concerns."""
    sub_acct: Text = ""
    """Name of the sub-account; missing for the main account."""


class Deposit(_Transfer, frozen=True):
    """A deposit as it stands."""

    dep_id: Id = ""
    """Id of the deposit."""
    state: Annotated[str, one_of("0", "1", "2", "8", "11", "12", "13", "14")] = ""
    """0 waits for confirmations, 1 credited, 2 done; held up: 8 deposits are
    suspended, 11 address is barred, 12 frozen, 13 sub-account, 14 identity."""
    actual_dep_blk_confirm: Int = ""
    """Confirmations so far."""
    from_wd_id: Id = ""
    """Id of the withdrawal that it comes from, if inside OKX."""


class Withdrawal(_Transfer, frozen=True):
    """A withdrawal as it stands."""

    wd_id: Id = ""
    """Id of the withdrawal."""
    client_id: Text = ""
    """Id that the client gave it."""
    state: Annotated[
        str,
        one_of(
            "-3",
            "-2",
            "-1",
            "0",
            "1",
            "2",
            "4",
            "5",
            "6",
            "7",
            "8",
            "9",
            "10",
            "12",
            "15",
            "16",
            "17",
        ),
    ] = ""
    """Waiting: 0, 10, 17, under review 4, 5, 6, 8, 9, 12, approved 7; under way: 1,
    15, 16, being cancelled -3; final: 2 done, -1 failed, -2 cancelled."""
    fee: Float = ""
    """Fee [fee_ccy]."""
    fee_ccy: Text = ""
    """Currency of ``fee``."""
    area_code_to: Text = ""
    """Area code, if ``to`` is a telephone number."""
    to_addr_type: Annotated[str, one_of("1", "2")] = ""
    """1 address, e-mail or telephone, 2 number of a user."""
    addr_ex: Payload = None
    """What belongs to the address: dict or None, as sent."""
    pmt_id: Text = ""
    """Payment id, where the currency needs one."""
    memo: Text = ""
    """Memo, where the currency needs one."""
    tag: Text = ""
    """Tag, where the currency needs one."""
    non_tradable_asset: Bool = ""
    """Whether OKX does not trade the currency."""
    note: Text = ""
    """Note that the user gave it."""
