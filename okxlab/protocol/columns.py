"""From a row struct to the columns of a DataFrame: the type vocabulary.

Nearly every value on OKX's wire is a JSON string.  The aliases below say what a
string stands for; msgspec converts it while decoding, and `columns_of` reads
the same aliases to tell the tables which dtype the column has.  ``""`` and
``null`` mean "not available" on the wire and become missing, never 0.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

import msgspec

__all__ = [
    "ORIGINS",
    "Bool",
    "Column",
    "ColumnKind",
    "Float",
    "Id",
    "Int",
    "Key",
    "Level",
    "Ms",
    "Payload",
    "RpiLevel",
    "SpreadLevel",
    "Text",
    "book_columns",
    "clean",
    "columns_of",
    "field_docs",
    "one_of",
]

RowT = TypeVar("RowT", bound=msgspec.Struct)

ColumnKind = Literal[
    "float", "ms", "us", "int64", "Int64", "boolean", "str", "category", "object"
]

ORIGINS = ("live", "history")
"""Categories of the ``origin`` column; the tables write their position."""


def _kind(kind: ColumnKind, **extra: object) -> msgspec.Meta:
    return msgspec.Meta(extra={"kind": kind, **extra})


def one_of(*values: str) -> msgspec.Meta:
    """Mark a text as an enumeration: a category column of these values."""
    return _kind("category", categories=values)


Float = Annotated[float | Literal[""] | None, _kind("float")]
"""A price, size, rate or amount; missing is NaN."""
Ms = Annotated[int | Literal[""] | None, _kind("ms")]
"""Milliseconds since 1970 UTC; missing is NaT."""
Int = Annotated[int | Literal[""] | None, _kind("Int64")]
"""A count or code that may be absent; missing is NA."""
Key = Annotated[int, _kind("int64")]
"""A number that orders or names a row; -1 where OKX leaves it out."""
Bool = Annotated[bool | Literal[""] | None, _kind("boolean")]
"""True or false, written as JSON, as "true" or as "1"; missing is NA."""
Id = Annotated[str, _kind("str")]
"""An identifier of digits, kept as text: it may exceed 64 bits."""
Text = Annotated[str, _kind("str")]
"""Free text; "" is missing."""
Payload = Annotated[Any, _kind("object")]
"""What cannot be a column stays a Python object."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a DataFrame and where its values come from.

    Attributes
    ----------
    name
        The DataFrame's column, in snake case.
    kind
        What the dtype derives from: ``float`` float64; ``ms``, ``us``
        datetime64 UTC; ``int64``; ``Int64``, ``boolean`` nullable; ``str``;
        ``category`` with fixed categories; ``object``.
    source
        ``row``: an attribute of the row; ``level``: one level of a book row;
        ``inst_id``, ``recv``, ``origin``: given along with the rows.
    field
        Attribute of the row struct; ``bids`` or ``asks`` for a level.
    level, part
        Position of the level, 0 the best, and ``px``, ``sz`` or ``orders``.
    categories
        The values of a category column, in the order of their codes.
    doc
        One sentence about the values, with their unit.
    """

    name: str
    kind: ColumnKind
    source: Literal["row", "level", "inst_id", "recv", "origin"] = "row"
    field: str = ""
    level: int = 0
    part: str = ""
    categories: tuple[str, ...] = ()
    doc: str = ""


INST_ID = Column(
    name="inst_id", kind="str", source="inst_id", doc="Instrument the row is about."
)
SPRD_ID = Column(
    name="sprd_id", kind="str", source="inst_id", doc="Spread the row is about."
)
RECV = Column(
    name="recv", kind="us", source="recv", doc="Local receive time [us, UTC]."
)
ORIGIN = Column(
    name="origin",
    kind="category",
    source="origin",
    categories=ORIGINS,
    doc="Where the row came from: the live channel or REST history.",
)


# A level is believed as a whole or not at all: a book with a hole in it is torn.
# The bounds refuse "nan" and "inf", which no order of prices survives.
_Price = Annotated[float, _kind("float"), msgspec.Meta(ge=-1e300, le=1e300)]
_Size = Annotated[float, _kind("float"), msgspec.Meta(ge=0, le=1e300)]


class Level(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One level of an order book: price, size, a dead value, order count."""

    px: _Price
    sz: _Size
    unused: str = "0"
    orders: Int = ""


class RpiLevel(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One level with retail price improvement: the size without it comes third."""

    px: _Price
    sz: _Size
    organic_sz: Float = ""
    orders: Int = ""


class SpreadLevel(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One level of a spread's book; its price may be negative."""

    px: _Price
    sz: _Size
    orders: Int = ""


@cache
def columns_of(row: type[msgspec.Struct]) -> tuple[Column, ...]:
    """Return the columns of a flat row struct, in the order of its fields.

    Parameters
    ----------
    row
        Struct whose fields are annotated with the aliases of this module.

    Returns
    -------
    tuple of Column
        One for each field; fields without an alias (nested payloads that are
        laid flat elsewhere) are left out.
    """
    hints = get_type_hints(row, include_extras=True)
    docs = field_docs(row)
    columns = []
    for name in row.__struct_fields__:
        marks = [
            meta.extra
            for meta in getattr(hints[name], "__metadata__", ())
            if isinstance(meta, msgspec.Meta) and meta.extra
        ]
        if marks:
            columns.append(
                Column(
                    name=name,
                    kind=marks[-1]["kind"],
                    field=name,
                    categories=tuple(marks[-1].get("categories", ())),
                    doc=docs.get(name, ""),
                )
            )
    return tuple(columns)


@cache
def book_columns(depth: int) -> tuple[Column, ...]:
    """Return the flat columns of a book row: bids best first, then asks.

    Parameters
    ----------
    depth
        Levels a side.

    Returns
    -------
    tuple of Column
        ``bid_px_1 bid_sz_1 bid_orders_1 bid_px_2 ... ask_px_1 ...``.
    """
    parts: tuple[tuple[str, ColumnKind, str], ...] = (
        ("px", "float", "Price of level {0} on the {1} side."),
        ("sz", "float", "Size of level {0} on the {1} side."),
        ("orders", "Int64", "Number of orders in level {0} on the {1} side."),
    )
    return tuple(
        Column(
            name=f"{side}_{part}_{level + 1}",
            kind=kind,
            source="level",
            field=f"{side}s",
            level=level,
            part=part,
            doc=doc.format(level + 1, side),
        )
        for side in ("bid", "ask")
        for level in range(depth)
        for part, kind, doc in parts
    )


@cache
def field_docs(row: type[msgspec.Struct]) -> dict[str, str]:
    """Return the text written below each field of a struct, base first.

    Reads the source, so that a field is documented in one place only; empty
    where there is no source (a frozen program).
    """
    docs: dict[str, str] = {}
    for cls in reversed(row.__mro__):
        if not issubclass(cls, msgspec.Struct) or cls is msgspec.Struct:
            continue
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
        except (OSError, TypeError):
            continue
        docs.update(_docs_in(tree.body[0]))
    return docs


def _docs_in(node: ast.stmt) -> dict[str, str]:
    if not isinstance(node, ast.ClassDef):
        return {}
    found = {}
    for field, text in zip(node.body, node.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            found[field.target.id] = " ".join(text.value.value.split())
    return found


_MISSING: dict[ColumnKind, object] = {"float": float("nan")}


def clean(row: RowT) -> RowT:
    """Return the row with OKX's empty strings replaced by what means missing.

    Parameters
    ----------
    row
        A row as decoded.

    Returns
    -------
    The same row, or a copy in which a missing number is NaN and any other
    missing value None.
    """
    changes = {
        column.field: _MISSING.get(column.kind)
        for column in columns_of(type(row))
        if getattr(row, column.field) in ("", None)
    }
    return msgspec.structs.replace(row, **changes) if changes else row
