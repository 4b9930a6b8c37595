"""From typed rows to cells: the hot path, as generated Python.

Writing a row means a known list of assignments.  Spelt out in one function they
cost half of what a loop over one closure a column costs (measured: 0.54 against
1.38 of `orjson.loads` of a trade), so the function is generated from the columns,
once for each set of columns, and bound to the arrays of each buffer.

Values come as msgspec decoded them: a number, or "" or None where OKX has none.
Three tiers, each slower and more patient than the one before:

1. every value assigned as it is: a memoryview of numbers refuses "" and None
   with a TypeError, an unknown category is a KeyError;
2. the row again, with a look at each value for what means missing;
3. the row again, each cell on its own: what still does not fit becomes missing
   and is reported.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from okxlab.table.storage import NAT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType

    from okxlab.protocol.columns import Column, ColumnKind
    from okxlab.table.storage import Buffer, Cells

    Refuse = Callable[[str, object], None]
    Write = Callable[[Sequence[Any], int, int, str | None], None]

__all__ = ["bind_write"]

_NAN: Final = math.nan
_BLANK: Final = ("", None)
_UNFIT: Final = (TypeError, KeyError, IndexError, ValueError, OverflowError)

# What a missing value is in the array; the nullable kinds have a mask instead.
_MISSING: Final[dict[ColumnKind, object]] = {
    "float": _NAN,
    "ms": NAT,
    "us": NAT,
    "int64": -1,
    "Int64": 0,
    "boolean": 0,
    "str": _NAN,
    "category": -1,
    "object": None,
}

_TEMPLATE: Final = """\
def make({names}, careful):
    def write(rows, i, recv, inst_id):
        for row in rows:
            try:
                {fast}
            except UNFIT:
                try:
                    {patient}
                except UNFIT:
                    careful(row, i, recv, inst_id)
            i += 1
    return write
"""


def bind_write(buffer: Buffer, refuse: Refuse) -> Write:
    """Return the function that writes rows into a buffer.

    Parameters
    ----------
    buffer
        The buffer.
    refuse
        Called with the column's name and the value for each value that does
        not fit its column.

    Returns
    -------
    callable
        ``write(rows, i, recv, inst_id)``: writes the rows at ``i`` and behind;
        there must be room.  ``recv`` [us].  It leaves ``buffer.stop`` alone.
    """
    scope: dict[str, Any] = {
        "UNFIT": _UNFIT,
        "BLANK": _BLANK,
        "NAN": _NAN,
    }
    exec(_code(buffer.columns), scope)  # noqa: S102 # our own text, see _code
    arrays: list[Any] = []
    for cells in _written(buffer.cells):
        arrays.append(_target(cells))
        if cells.mask is not None:
            arrays.append(cells.mask.data)
        if cells.column.kind == "category":
            arrays.append(_codes(cells.column))
    write: Write = scope["make"](*arrays, _careful(buffer, refuse))
    return write


# Hundreds of streams share a few dozen sets of columns.
@lru_cache(maxsize=256)
def _code(columns: tuple[Column, ...]) -> CodeType:
    names: list[str] = []
    fast: list[str] = []
    patient: list[str] = []
    level = ""
    for number, column in enumerate(columns):
        if column.source == "origin":
            continue
        names += _names(number, column)
        if column.source == "level" and level != (level := _level(column)):
            fast.append(f"level = {level}")
            patient.append(f"level = {level}")
        fast.append(_fast(number, column))
        patient.append(_patient(number, column))
    text = _TEMPLATE.format(
        names=", ".join(names),
        fast=_joined(fast, 16),
        patient=_joined(patient, 20),
    )
    return compile(text, "<okxlab.table: write>", "exec")


def _joined(lines: list[str], indent: int) -> str:
    return ("\n" + " " * indent).join(lines)


def _names(number: int, column: Column) -> list[str]:
    """Return the parameters of ``make`` that belong to a column."""
    match column.kind:
        case "Int64" | "boolean":
            return [f"c{number}", f"mask{number}"]
        case "category":
            return [f"c{number}", f"codes{number}"]
        case _:
            return [f"c{number}"]


def _value(column: Column) -> str:
    """Return the expression of a column's value."""
    match column.source:
        case "recv":
            return "recv"
        case "inst_id":
            return "inst_id"
        case "level":
            return f"level.{_name(column.part)}"
        case _:
            return f"row.{_name(column.field)}"


def _level(column: Column) -> str:
    return f"row.{_name(column.field)}[{column.level:d}]"


def _name(text: str) -> str:
    """Return a name that goes into generated text, and be sure that it is one."""
    assert text.isidentifier(), text
    return text


def _fast(number: int, column: Column) -> str:
    value = _value(column)
    match column.kind:
        case "category":
            value = f"codes{number}[{value}]"
        case "str":
            value = f"{value} or NAN"
    return f"c{number}[i] = {value}"


def _patient(number: int, column: Column) -> str:
    value = _value(column)
    match column.kind:
        case "Int64" | "boolean":
            return (
                f"if (v := {value}) in BLANK: mask{number}[i] = True\n"
                + " " * 20
                + f"else: c{number}[i] = v"
            )
        case "float" | "ms" | "us" | "int64":
            missing = "NAN" if column.kind == "float" else str(_MISSING[column.kind])
            return f"c{number}[i] = {missing} if (v := {value}) in BLANK else v"
        case _:
            return _fast(number, column)


def _written(cells: list[Cells]) -> list[Cells]:
    # `origin` is written by whole batches, and only where it is not 0.
    return [cell for cell in cells if cell.column.source != "origin"]


def _target(cells: Cells) -> Any:
    """Return what takes single values fastest: objects have no memoryview."""
    objects = cells.column.kind in ("str", "object")
    return cells.array if objects else cells.array.data


def _codes(column: Column) -> dict[str | None, int]:
    codes: dict[str | None, int] = {"": -1, None: -1}
    codes.update((text, code) for code, text in enumerate(column.categories))
    return codes


def _careful(buffer: Buffer, refuse: Refuse) -> Callable[..., None]:
    """Return the third tier: it takes any value, and reports what does not fit."""
    columns = [
        (cells, _reader(cells.column), _codes(cells.column))
        for cells in _written(buffer.cells)
    ]

    def careful(row: Any, i: int, recv: int, inst_id: str | None) -> None:
        for cells, read, codes in columns:
            value = read(row, recv, inst_id)
            if not _put(cells, i, value, codes):
                refuse(cells.column.name, value)

    return careful


def _reader(column: Column) -> Callable[[Any, int, str | None], Any]:
    def read_level(row: Any, _recv: int, _inst_id: str | None) -> Any:
        levels = getattr(row, column.field)
        if column.level >= len(levels):
            return None  # a thin book
        return getattr(levels[column.level], column.part)

    match column.source:
        case "recv":
            return lambda _row, recv, _inst_id: recv
        case "inst_id":
            return lambda _row, _recv, inst_id: inst_id
        case "level":
            return read_level
        case _:
            return lambda row, _recv, _inst_id: getattr(row, column.field)


def _put(cells: Cells, i: int, value: Any, codes: dict[str | None, int]) -> bool:
    """Write one cell, as missing if it must be; return whether the value fitted."""
    column, array, mask = cells
    target = _target(cells)
    blank = value in _BLANK
    fits = True
    try:
        if blank:
            array[i] = _MISSING[column.kind]
        else:
            target[i] = codes[value] if column.kind == "category" else value
    except _UNFIT:
        array[i] = _MISSING[column.kind]
        fits = False
    if mask is not None:
        mask[i] = blank or not fits
    return fits
