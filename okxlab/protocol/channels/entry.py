"""What an entry of the registry is, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from okxlab.protocol.columns import (
    INST_ID,
    ORIGIN,
    RECV,
    SPRD_ID,
    Column,
    book_columns,
    columns_of,
    field_docs,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BARS", "INST_TYPES", "Channel", "Kind", "Path"]

Kind = Literal["log", "series", "bars", "state", "book"]
Path = Literal["public", "private", "business"]

INST_TYPES: Final = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION", "EVENTS")

_DOCS: Final = "https://www.okx.com/docs-v5/en/#"

_MINUTES_AND_HOURS: Final = ("1m", "3m", "5m", "15m", "30m", "1H", "2H", "4H")
_LONG: Final = ("6H", "12H", "1D", "2D", "3D", "5D", "1W", "1M", "3M")
BARS: Final = (*_MINUTES_AND_HOURS, *_LONG, *(f"{bar}utc" for bar in _LONG))
"""The bars that every family of candles has."""

_IDS: Final = {"instId": INST_ID, "sprdId": SPRD_ID}


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """What okxlab knows of one channel.

    Attributes
    ----------
    name
        OKX's name; of a family of candles with its bar, for example
        ``candle1m``; an entry of `CHANNELS` has the family's prefix alone.
    title
        What it brings, in a few words.
    path
        Which of ``/ws/v5/public``, ``/private``, ``/business`` serves it.
    kind
        ``log``: rows are events; ``series``: each row is a new state, kept as
        history; ``bars``: rows are updated until they close; ``state``: current
        rows by key; ``book``: incremental order book.
    row
        Struct that an element of ``data`` decodes to.
    required, either, optional
        Wire keys of the arg: all of ``required``, at least one of ``either``.
    doc
        Anchor of OKX's documentation page.
    login, tier
        Whether the connection must be logged in, and the fee tier demanded.
    key
        Columns that tell one row from another.
    bars, bar
        Bars of the family, and the one of this channel.
    inst_types
        Values that ``instType`` may have; of a channel that is subscribed to by
        instrument, the kinds of instrument that it is about.
    inst_id_is
        What the channel is subscribed to by, where it is by one thing: an
        instrument or an index (``instId``), or a spread (``sprdId``).
    depth
        Levels a side of a whole-book row; 0 for other rows.
    flat, flatten
        Struct of the flat rows that nested ones are laid out in, and the
        function that makes of the rows as sent the rows to be kept.
    time
        Field of a flat row that ``ts`` is read from; "" where OKX sends no time,
        so that ``ts`` is the local receive time.
    paged
        Whether a message says what it is (``eventType``) and snapshots come in
        pages (``curPage``, ``lastPage``).
    opens
        Whether the first message after subscribing is the whole state.
    ends_by, ends_at
        Field of a state's row, and the values at which the row has come to its
        end and leaves the current state.  Where neither the wire (``opens``) nor
        a list (``rest``) says what is current, an interruption leaves none.
    repeats
        By which rule rows are recognised that OKX sends again: ``fills``,
        ``orders``, or "" for none.
    chart
        Name of the default chart.
    instead
        The function to use in place of `stream`; empty where `stream` is right.
    rest
        The REST call that answers with the whole of an incremental book, or of a
        state that the wire does not begin with; "" if there is none.
    levels
        Of an incremental book: its levels a side.
    """

    name: str
    title: str
    path: Path
    kind: Kind
    row: type[msgspec.Struct]
    doc: str
    chart: str
    required: tuple[str, ...] = ("instId",)
    either: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    login: bool = False
    tier: str = ""
    key: tuple[str, ...] = ("inst_id",)
    bars: tuple[str, ...] = ()
    bar: str = ""
    inst_types: tuple[str, ...] = INST_TYPES
    inst_id_is: Literal["instrument", "index", "spread"] = "instrument"
    depth: int = 0
    flat: type[msgspec.Struct] | None = None
    flatten: Callable[[list[Any]], list[Any]] | None = None
    time: str = "ts"
    paged: bool = False
    opens: bool = False
    ends_by: str = ""
    ends_at: tuple[object, ...] = ()
    repeats: Literal["", "fills", "orders"] = ""
    instead: str = ""
    rest: str = ""
    levels: int = 0

    @property
    def family(self) -> str:
        """The name without its bar: ``candle`` for ``candle1m``."""
        return self.name.removesuffix(self.bar) if self.bar else self.name

    @property
    def url(self) -> str:
        """Address of OKX's documentation of the channel."""
        return _DOCS + self.doc

    @property
    def table_row(self) -> type[msgspec.Struct]:
        """Struct of one row of the table: flat, whatever the wire has."""
        return self.flat or self.row

    @property
    def names(self) -> tuple[str, ...]:
        """Every channel name of this entry: one, or one for each bar."""
        if self.bars and not self.bar:
            return tuple(self.name + bar for bar in self.bars)
        return (self.name,)

    @property
    def arg_keys(self) -> tuple[str, ...]:
        """Every wire key that its arg may have besides ``channel``."""
        return self.required + self.either + self.optional

    @property
    def id_key(self) -> str:
        """Wire key of what it is subscribed to by: ``instId`` or ``sprdId``."""
        return "sprdId" if self.inst_id_is == "spread" else "instId"

    def columns(self, *, many: bool = False) -> tuple[Column, ...]:
        """Return the columns of a table of this channel, in order.

        Parameters
        ----------
        many
            Whether several instruments share the table, which gives it an
            ``inst_id`` column; channels that are not subscribed to by
            instrument have one in any case.  For spreads it is ``sprd_id``.
        """
        if self.kind != "state":
            return self._log_columns(many=many)
        fields = self._fields(many=many)
        ts = [column for column in fields if column.name == "ts"]
        return (*ts, *(column for column in fields if column.name != "ts"))

    def update_columns(self) -> tuple[Column, ...]:
        """Return the columns of a state's sequence of changes, ``ts`` first."""
        return self._log_columns(many=True)

    def column_docs(self) -> dict[str, str]:
        """Return what each column of a single-instrument table holds."""
        docs = field_docs(self.table_row)
        return {
            column.name: column.doc or docs.get(column.name, "")
            for column in self.columns(many=True)
        }

    def _log_columns(self, *, many: bool) -> tuple[Column, ...]:
        fields = (one for one in self._fields(many=many) if one.name != "ts")
        levels = book_columns(self.depth) if self.depth else ()
        return (self._ts, *fields, *levels, RECV, ORIGIN)

    def _fields(self, *, many: bool) -> list[Column]:
        """Return the columns of the row's fields, what it is about first."""
        given = _IDS[self.id_key]
        found = columns_of(self.table_row)
        rest = [column for column in found if column.name != given.name]
        if self.id_key not in self.required:
            return [column for column in found if column.name == given.name] + rest
        return [given, *rest] if many else rest

    @property
    def _ts(self) -> Column:
        if not self.time:
            doc = "Local receive time [ms, UTC]: OKX sends none."
            return Column(name="ts", kind="ms", source="recv", doc=doc)
        doc = field_docs(self.table_row).get(self.time, "")
        return Column(name="ts", kind="ms", field=self.time, doc=doc)
