"""From typed rows to cells: the hot path, as generated Python.

Writing a row means a known list of assignments.  Spelt out in one function they
cost less than half of a loop over one closure a column (measured for a trade: 0.54
and 1.38 of what `orjson.loads` takes), so the function is generated, once for each
set of columns.

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

import numpy as np

from okxlab.table.spans import NAT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType

    from numpy.typing import NDArray

    from okxlab.protocol.columns import Column, ColumnKind
    from okxlab.table.storage import Buffer, Cells

    Refuse = Callable[[str, object], None]
    Append = Callable[[Sequence[Any], int, str | None, int], int]

__all__ = ["Writer"]

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
def make(full):
    {names} = [None] * {count}
    def append(rows, recv_us, inst_id=None, origin=0):
        i = buffer.stop
        if len(rows) == 1 and i < capacity and not origin:
            row = rows[0]
            try:
                {fast}
            except UNFIT:
                patient(row, i, recv_us, inst_id)
            buffer.stop = i + 1
            return 1
        return append_many(rows, recv_us, inst_id, origin)
    def append_many(rows, recv_us, inst_id, origin):
        start = i = buffer.stop
        if i + len(rows) > capacity:
            return full(rows, recv_us, inst_id, origin)
        for row in rows:
            try:
                {fast}
            except UNFIT:
                patient(row, i, recv_us, inst_id)
            i += 1
        if origin:
            origins[start:i] = origin
        buffer.stop = i
        return i - start
    def patient(row, i, recv_us, inst_id):
        try:
            {patient}
        except UNFIT:
            careful(row, i, recv_us, inst_id)
    def use(*arguments):
        nonlocal {names}
        {names} = arguments
    return append, use
"""


class Writer:
    """Appends rows to one buffer after the other.

    Parameters
    ----------
    columns
        The columns of all buffers.
    refuse
        Called with the column's name and the value for each value that does
        not fit its column.
    full
        Called in place of `append` when the rows do not fit the buffer.

    Attributes
    ----------
    append : callable
        ``append(rows, recv_us, inst_id, origin)``, as `Table.append`; the same
        function for every buffer.  It raises ``buffer.stop`` when all rows are
        whole.
    """

    def __init__(
        self, columns: tuple[Column, ...], refuse: Refuse, full: Append
    ) -> None:
        self._refuse = refuse
        scope: dict[str, Any] = {"UNFIT": _UNFIT, "BLANK": _BLANK, "NAN": _NAN}
        exec(_code(columns), scope)  # noqa: S102 # our own text, see _name
        self.append: Append
        self._use: Callable[..., None]
        self.append, self._use = scope["make"](full)

    def use(self, buffer: Buffer) -> None:
        """Append to this buffer from now on.

        Parameters
        ----------
        buffer
            The buffer; what is in it already stays.
        """
        arguments: list[Any] = []
        for cells in _written(buffer.cells):
            arguments.append(_target(cells))
            if cells.mask is not None:
                arguments.append(cells.mask.data)
            if cells.column.kind == "category":
                arguments.append(_codes(cells.column))
        careful = _careful(buffer.cells, self._refuse)
        self._use(*arguments, _origins(buffer), careful, buffer, buffer.capacity)


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
    names += ["origins", "careful", "buffer", "capacity"]
    text = _TEMPLATE.format(
        names=", ".join(names),
        count=len(names),
        fast=_joined(fast, 16),
        patient=_joined(patient, 12),
    )
    return compile(text, "<okxlab.table: append>", "exec")


def _joined(lines: list[str], indent: int) -> str:
    return ("\n" + " " * indent).join(lines)


def _names(number: int, column: Column) -> list[str]:
    """Return the names that a column's array and what belongs to it go by."""
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
            return "recv_us // 1_000" if column.kind == "ms" else "recv_us"
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
                + " " * 12
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


def _origins(buffer: Buffer) -> NDArray[Any]:
    """Return the codes of `origin`; a table without that column takes any."""
    for cells in buffer.cells:
        if cells.column.source == "origin":
            return cells.array
    return np.empty(buffer.capacity, np.int8)


def _target(cells: Cells) -> Any:
    """Return what takes single values fastest: objects have no memoryview."""
    objects = cells.column.kind in ("str", "object")
    return cells.array if objects else cells.array.data


def _codes(column: Column) -> dict[str | None, int]:
    codes: dict[str | None, int] = {"": -1, None: -1}
    codes.update((text, code) for code, text in enumerate(column.categories))
    return codes


def _careful(all_cells: list[Cells], refuse: Refuse) -> Callable[..., None]:
    """Return the third tier: it takes any value, and reports what does not fit."""
    columns = [
        (cells, _reader(cells.column), _codes(cells.column))
        for cells in _written(all_cells)
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
            unit = 1_000 if column.kind == "ms" else 1
            return lambda _row, recv, _inst_id: recv // unit
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
