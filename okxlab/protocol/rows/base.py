"""What the rows of all channels share: their base and the enumerations."""

from __future__ import annotations

from typing import Annotated

import msgspec

from okxlab.protocol.columns import one_of

__all__ = [
    "ArrayRow",
    "ExecType",
    "InstType",
    "MgnMode",
    "OptType",
    "OrdType",
    "PosSide",
    "PxType",
    "Row",
    "Side",
    "TdMode",
    "TgtCcy",
]

InstType = Annotated[
    str, one_of("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION", "EVENTS")
]
Side = Annotated[str, one_of("buy", "sell")]
PosSide = Annotated[str, one_of("long", "short", "net")]
MgnMode = Annotated[str, one_of("cross", "isolated")]
# spot_isolated is what lead traders of copy trading place spot orders in.
TdMode = Annotated[str, one_of("cash", "cross", "isolated", "spot_isolated")]
TgtCcy = Annotated[str, one_of("base_ccy", "quote_ccy")]
OptType = Annotated[str, one_of("C", "P")]
OrdType = Annotated[
    str,
    one_of(
        "market",
        "limit",
        "post_only",
        "fok",
        "ioc",
        "optimal_limit_ioc",
        "mmp",
        "mmp_and_post_only",
        "op_fok",
        "rpi",
        "elp",
    ),
]
PxType = Annotated[str, one_of("last", "index", "mark")]
ExecType = Annotated[str, one_of("T", "M")]


class Row(msgspec.Struct, rename="camel", frozen=True, kw_only=True, gc=False):
    """Base of all object rows: camel case on the wire, immutable here."""


class ArrayRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Base of all rows that are arrays on the wire: their order is what counts."""
