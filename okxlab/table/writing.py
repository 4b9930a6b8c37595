"""From typed rows to cells: the hot path, as generated Python.

Writing a row means a known list of values.  Spelt out in one function they cost less
than half of a loop over one closure a column, so the function is generated, once for
each set of columns.

The numbers of a row go into the next record of the buffer's stage, texts and objects
into their columns.  Values come as msgspec decoded them: a number, or "" or None
where OKX has none.  Three tiers, each slower and more patient than the one before:

1. every number packed as it is: `struct` refuses "" and None, an unknown category
   is a KeyError;
2. the row again, with a look at each value for what means missing;
3. the row again, each value on its own: what still does not fit becomes missing
   and is reported.
"""

from __future__ import annotations

import math
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from okxlab.table.spans import NAT
from okxlab.table.stage import NULLABLE, OBJECTS, record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from okxlab.protocol.columns import Column, ColumnKind
    from okxlab.table.stage import Item
    from okxlab.table.storage import Buffer, Cells

    Refuse = Callable[[str, object], None]
    Append = Callable[[Sequence[Any], int, str | None, int], int]

__all__ = ["Writer"]

_NAN: Final = math.nan
_BLANK: Final = ("", None)
_UNFIT: Final = (
    struct.error,
    TypeError,
    KeyError,
    IndexError,
    ValueError,
    OverflowError,
)

# What is written for a missing value; the nullable kinds have a mask besides.
_MISSING: Final[dict[ColumnKind, object]] = {
    "float": _NAN,
    "ms": NAT,
    "us": NAT,
    "int64": -1,
    "Int64": 0,
    "boolean": 0,
    "str": _NAN,
    "category": "",
    "object": None,
}

# One row is the hot path.  ``at`` is the record of row ``stop``: that is made sure of
# whatever ends a batch, since a row in another's place would be a lie ever after, and
# so would be a mark of what is missing that a row left behind which did not come.
_TEMPLATE: Final = """\
def make(full):
    {names} = [None] * {count}
    at = end = 0
    def append(rows, recv_us, inst_id=None, origin=0):
        nonlocal at
        if len(rows) == 1 and at < end:
            i = buffer.stop
            row = rows[0]
            try:
                {one}
            except UNFIT:
                patient(row, i, recv_us, inst_id, origin)
            at += {size}
            buffer.stop = i + 1
            return 1
        return append_many(rows, recv_us, inst_id, origin)
    def append_many(rows, recv_us, inst_id, origin):
        nonlocal at
        start = i = buffer.stop
        if i + len(rows) > buffer.capacity:
            return full(rows, recv_us, inst_id, origin)
        try:
            for row in rows:
                if at >= end:
                    restage(i)
                try:
                    {each}
                except UNFIT:
                    patient(row, i, recv_us, inst_id, origin)
                at += {size}
                i += 1
        except BaseException:
            unmark(start, i)
            restage(start)
            raise
        buffer.stop = i
        return i - start
    def patient(row, i, recv_us, inst_id, origin):
        try:
            try:
                {patient}
            except UNFIT:
                careful(row, i, recv_us, inst_id, origin, stage, at)
        except BaseException:
            unmark(i, i + 1)
            raise
    def restage(row):
        nonlocal stage, at, end
        at = end = 0
        stage = buffer.restage(row).memory
        if row < buffer.capacity:
            end = len(stage)
    def use(*arguments):
        nonlocal {names}
        {names} = arguments
        restage(buffer.stop)
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
        self.append: Append
        self._use: Callable[..., None]
        self.append, self._use = _maker(columns)(full)

    def use(self, buffer: Buffer) -> None:
        """Append to this buffer from now on.

        Parameters
        ----------
        buffer
            The buffer; what is in it already stays.
        """
        arguments: list[Any] = []
        for cells in buffer.cells:
            match cells.column.kind:
                case "str" | "object":
                    arguments.append(cells.array)
                case "category":
                    arguments.append(_codes(cells.column))
                case "Int64" | "boolean":
                    assert cells.mask is not None
                    arguments.append(cells.mask.data)
        careful = _careful(buffer, self._refuse)
        self._use(*arguments, careful, _unmark(buffer), buffer, None)


# Hundreds of streams share a few dozen sets of columns.  What Python has learnt of
# the text holds for all of them only if the names in it mean the same objects.
@lru_cache(maxsize=256)
def _maker(columns: tuple[Column, ...]) -> Callable[..., Any]:
    """Return the function that makes `append` and what changes its buffer."""
    scope: dict[str, Any] = {
        "UNFIT": _UNFIT,
        "BLANK": _BLANK,
        "NAN": _NAN,
        "pack_into": record_of(columns).pack_into,
    }
    code = compile(_text(columns), "<okxlab.table: append>", "exec")
    exec(code, scope)  # noqa: S102 # our own text, see _name
    make: Callable[..., Any] = scope["make"]
    return make


def _text(columns: tuple[Column, ...]) -> str:
    record = record_of(columns)
    names = [name for place in enumerate(columns) if (name := _name_of(*place))]
    names += ["careful", "unmark", "buffer", "stage"]
    levels = dict.fromkeys(_level(c) for c in columns if c.source == "level")
    lookups = [f"{name} = {value}" for name, value in levels]
    blanks = [_blank(item) for item in record.items if item.column.kind in NULLABLE]
    objects = [
        _object(number, column)
        for number, column in enumerate(columns)
        if column.kind in OBJECTS
    ]
    fast = [*lookups, _packing(map(_fast, record.items)), *objects]
    patient = [*lookups, *blanks, _packing(map(_patient, record.items)), *objects]
    return _TEMPLATE.format(
        names=", ".join(names),
        count=len(names),
        size=record.size,
        one=_joined(fast, 16),
        each=_joined(fast, 20),
        patient=_joined(patient, 16),
    )


def _joined(lines: list[str], indent: int) -> str:
    return ("\n" + " " * indent).join(lines)


def _name_of(number: int, column: Column) -> str:
    """Return the name of what a column is written with, "" where it needs nothing."""
    if column.kind in OBJECTS:
        return f"c{number}"
    if column.kind in NULLABLE:
        return f"mask{number}"
    return f"codes{number}" if column.kind == "category" else ""


def _value(column: Column) -> str:
    """Return the expression of a column's value."""
    match column.source:
        case "recv":
            return "recv_us // 1_000" if column.kind == "ms" else "recv_us"
        case "inst_id" | "origin":
            return column.source
        case "level":
            return f"{_level(column)[0]}.{_name(column.part)}"
        case _:
            return f"row.{_name(column.field)}"


def _level(column: Column) -> tuple[str, str]:
    """Return the name of a level, and the expression of it."""
    field = _name(column.field)
    return f"{field}_{column.level:d}", f"row.{field}[{column.level:d}]"


def _name(text: str) -> str:
    """Return a name that goes into generated text, and be sure that it is one."""
    assert text.isidentifier(), text
    return text


def _object(number: int, column: Column) -> str:
    missing = " or NAN" if column.kind == "str" else ""
    return f"c{number}[i] = {_value(column)}{missing}"


def _packing(values: Iterable[str]) -> str:
    return f"pack_into(stage, at, {', '.join(values)})"


def _fast(item: Item) -> str:
    value = _value(item.column)
    if item.column.kind != "category" or item.column.source == "origin":
        return value
    return f"codes{item.position}[{value}]"


def _patient(item: Item) -> str:
    kind = item.column.kind
    if kind in NULLABLE:
        return f"v{item.position}"
    if item.column.source == "origin":
        return _fast(item)
    if kind == "category":
        return f"codes{item.position}[{_value(item.column)} or '']"
    missing = "NAN" if kind == "float" else str(_MISSING[kind])
    return f"{missing} if (v := {_value(item.column)}) in BLANK else v"


def _blank(item: Item) -> str:
    number, value = item.position, _value(item.column)
    return f"if (v{number} := {value}) in BLANK: mask{number}[i] = True; v{number} = 0"


@lru_cache(maxsize=256)
def _codes(column: Column) -> dict[str, int]:
    # Without None, which the patient tier sees to: a text is found sooner where all
    # keys are texts.
    return {"": -1, **{text: code for code, text in enumerate(column.categories)}}


def _careful(buffer: Buffer, refuse: Refuse) -> Callable[..., None]:
    """Return the third tier: it takes any value, and reports what does not fit."""
    items = {item.position: item for item in record_of(buffer.columns).items}
    columns = [
        (cells, _reader(cells.column), _putter(cells, items.get(number)))
        for number, cells in enumerate(buffer.cells)
    ]

    def careful(
        row: Any,
        i: int,
        recv: int,
        inst_id: str | None,
        origin: int,
        stage: bytearray,
        at: int,
    ) -> None:
        for cells, read, put in columns:
            value = read(row, recv, inst_id, origin)
            missing = _MISSING[cells.column.kind]
            is_missing = value in _BLANK
            try:
                put(stage, at, i, missing if is_missing else value)
            except _UNFIT:
                is_missing = True
                put(stage, at, i, missing)
                refuse(cells.column.name, value)
            if cells.mask is not None:
                cells.mask[i] = is_missing

    return careful


def _unmark(buffer: Buffer) -> Callable[[int, int], None]:
    """Return what forgets which values are missing in rows that did not come."""
    masks = [cells.mask for cells in buffer.cells if cells.mask is not None]

    def unmark(start: int, stop: int) -> None:
        for mask in masks:
            mask[start:stop] = False

    return unmark


def _reader(column: Column) -> Callable[[Any, int, str | None, int], Any]:
    def read_level(row: Any, _recv: int, _inst_id: str | None, _origin: int) -> Any:
        levels = getattr(row, column.field)
        if column.level >= len(levels):
            return None  # a thin book
        return getattr(levels[column.level], column.part)

    match column.source:
        case "recv":
            unit = 1_000 if column.kind == "ms" else 1
            return lambda _row, recv, _inst_id, _origin: recv // unit
        case "inst_id":
            return lambda _row, _recv, inst_id, _origin: inst_id
        case "origin":
            return lambda _row, _recv, _inst_id, origin: column.categories[origin]
        case "level":
            return read_level
        case _:
            return lambda row, _recv, _inst_id, _origin: getattr(row, column.field)


def _putter(
    cells: Cells, item: Item | None
) -> Callable[[bytearray, int, int, Any], None]:
    """Return what writes one value, into the record at ``at`` or in row ``i``."""

    def put_object(_stage: bytearray, _at: int, i: int, value: Any) -> None:
        cells.array[i] = value

    if item is None:
        return put_object
    pack_into, offset = struct.Struct(item.dtype.char).pack_into, item.offset
    if item.column.kind != "category":
        return lambda stage, at, _i, value: pack_into(stage, at + offset, value)
    codes = _codes(item.column)
    return lambda stage, at, _i, text: pack_into(stage, at + offset, codes[text])
