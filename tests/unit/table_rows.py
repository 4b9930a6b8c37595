"""Columns of every kind, and rows for them: what the tests of tables share."""

from __future__ import annotations

from typing import Any

import msgspec

from okxlab.protocol.columns import INST_ID, ORIGIN, RECV, Column, Level
from okxlab.table import Window, make_table

SECOND = 1_000_000
"""Receive times are in microseconds."""


class AnyRow(msgspec.Struct, kw_only=True):
    """A row with a value of every kind, all missing by default."""

    ts: Any = ""
    inst_id: str = ""
    px: Any = ""
    sz: Any = ""
    trade_id: Any = -1
    count: Any = ""
    flag: Any = ""
    text: Any = ""
    side: Any = ""
    until: Any = ""
    payload: Any = ()
    bids: Any = ()


COLUMNS = (
    Column(name="ts", kind="ms", field="ts"),
    INST_ID,
    Column(name="px", kind="float", field="px"),
    Column(name="sz", kind="float", field="sz"),
    Column(name="trade_id", kind="int64", field="trade_id"),
    Column(name="count", kind="Int64", field="count"),
    Column(name="flag", kind="boolean", field="flag"),
    Column(name="text", kind="str", field="text"),
    Column(
        name="side", kind="category", field="side", categories=("buy", "sell", "both")
    ),
    Column(name="until", kind="ms", field="until"),
    Column(name="payload", kind="object", field="payload"),
    *(
        Column(
            name=f"bid_{part}_{level + 1}",
            kind=kind,
            source="level",
            field="bids",
            level=level,
            part=part,
        )
        for level in range(2)
        for part, kind in (("px", "float"), ("orders", "Int64"))
    ),
    RECV,
    ORIGIN,
)
NAMES = [column.name for column in COLUMNS[1:]]

DTYPES = {
    "inst_id": "str",
    "px": "float64",
    "sz": "float64",
    "trade_id": "int64",
    "count": "Int64",
    "flag": "boolean",
    "text": "str",
    "side": "category",
    "until": "datetime64[ms, UTC]",
    "payload": "object",
    "bid_px_1": "float64",
    "bid_orders_1": "Int64",
    "bid_px_2": "float64",
    "bid_orders_2": "Int64",
    "recv": "datetime64[us, UTC]",
    "origin": "category",
}


def full_row(number: int) -> AnyRow:
    """Return a row in which every value is there and follows from a number."""
    return AnyRow(
        ts=1_000 * number,
        px=number / 4,
        sz=float(number),
        trade_id=number,
        count=number,
        flag=number % 2 == 0,
        text=f"text {number}",
        side=("buy", "sell", "both")[number % 3],
        until=1_000 * number + 500,
        payload={"number": number},
        bids=[Level(number + 0.5, 1.0, "0", number), Level(0.5, 1.0, "0", 1)],
    )


def table(kind="log", window=10, columns=COLUMNS, key=(), **limits):
    """Return an empty table that keeps a number of rows, or what a Window says."""
    if isinstance(window, int):
        window = Window(window, limits.get("duration_ms"), limits.get("max_rows", 100))
    return make_table(kind, columns, window=window, key=key)


def fill(into, numbers, **kwargs):
    """Append a full row for each number, in one batch each."""
    for number in numbers:
        into.append([full_row(number)], SECOND * number, "BTC-USDT", **kwargs)
    return into
