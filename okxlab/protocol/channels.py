"""The registry: one entry for each OKX channel; all else is derived from it.

Routing, validation, decoding, DataFrame columns, the simulator, the command
line and the documentation read these entries and repeat none of their facts.
Sources: the channel pages of OKX's v5 documentation (2026-08-22); each entry
names its page.
"""

from __future__ import annotations

import difflib
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from okxlab.errors import ChannelError
from okxlab.protocol import rows
from okxlab.protocol.arg import Arg
from okxlab.protocol.columns import (
    INST_ID,
    ORIGIN,
    RECV,
    Column,
    book_columns,
    columns_of,
    field_docs,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CHANNELS",
    "INST_TYPES",
    "Channel",
    "Kind",
    "Path",
    "all_names",
    "channel",
    "make_arg",
    "near_miss",
]

Kind = Literal["log", "series", "bars", "state", "book"]
Path = Literal["public", "private", "business"]

INST_TYPES = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION", "EVENTS")

_DOCS = "https://www.okx.com/docs-v5/en/#"

_MINUTES_AND_HOURS = ("1m", "3m", "5m", "15m", "30m", "1H", "2H", "4H")
_LONG = ("6H", "12H", "1D", "2D", "3D", "5D", "1W", "1M", "3M")
_BARS = (*_MINUTES_AND_HOURS, *_LONG, *(f"{bar}utc" for bar in _LONG))


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
    required, optional
        Wire keys of the arg.
    doc
        Anchor of OKX's documentation page.
    login, tier
        Whether the connection must be logged in, and the fee tier demanded.
    key
        Columns that tell one row from another.
    bars, bar
        Bars of the family, and the one of this channel.
    inst_types
        Values that ``instType`` may have.
    inst_id_is
        What ``instId`` names: an instrument or an index.
    depth
        Levels a side of a whole-book row; 0 for other rows.
    flat, flatten
        Struct and function of the flat rows that nested ones are laid out in.
    chart
        Name of the default chart.
    instead
        The function to use in place of `stream`; empty where `stream` is right.
    rest, levels
        Of an incremental book: the REST call that answers with the whole of it,
        if there is one, and its levels a side.
    """

    name: str
    title: str
    path: Path
    kind: Kind
    row: type[msgspec.Struct]
    doc: str
    chart: str
    required: tuple[str, ...] = ("instId",)
    optional: tuple[str, ...] = ()
    login: bool = False
    tier: str = ""
    key: tuple[str, ...] = ("inst_id",)
    bars: tuple[str, ...] = ()
    bar: str = ""
    inst_types: tuple[str, ...] = INST_TYPES
    inst_id_is: Literal["instrument", "index"] = "instrument"
    depth: int = 0
    flat: type[msgspec.Struct] | None = None
    flatten: Callable[[list[Any]], list[Any]] | None = None
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

    def columns(self, *, many: bool = False) -> tuple[Column, ...]:
        """Return the columns of a table of this channel, in order.

        Parameters
        ----------
        many
            Whether several instruments share the table, which gives it an
            ``inst_id`` column; channels that are not subscribed to by
            instrument have one in any case.
        """
        by_inst = "instId" in self.required
        fields = tuple(
            column
            for column in columns_of(self.table_row)
            if column.name not in ("ts", "inst_id")
        )
        levels = book_columns(self.depth) if self.depth else ()
        named = columns_of(self.table_row)
        first = tuple(column for column in named if column.name == "ts")
        if by_inst:
            first += (INST_ID,) if many else ()
        else:
            first += tuple(column for column in named if column.name == "inst_id")
        tail = () if self.kind == "state" else (RECV, ORIGIN)
        return (*first, *fields, *levels, *tail)

    def column_docs(self) -> dict[str, str]:
        """Return what each column of a single-instrument table holds."""
        docs = field_docs(self.table_row)
        return {
            column.name: column.doc or docs.get(column.name, "")
            for column in self.columns(many=True)
        }


def _whole_book(name: str, depth: int, title: str) -> Channel:
    return Channel(
        name=name,
        title=title,
        path="public",
        kind="series",
        row=rows.BookTop,
        depth=depth,
        doc="order-book-trading-market-data-ws-order-book-channel",
        chart="spread" if depth == 1 else "depth",
    )


CHANNELS: tuple[Channel, ...] = (
    Channel(
        name="tickers",
        title="last price, best prices, 24 hours; at most every 100 ms",
        path="public",
        kind="series",
        row=rows.Ticker,
        doc="order-book-trading-market-data-ws-tickers-channel",
        chart="price",
    ),
    Channel(
        name="trades",
        title="trades, rolled up by taker order and price",
        path="public",
        kind="log",
        row=rows.Trade,
        key=("inst_id", "trade_id"),
        doc="order-book-trading-market-data-ws-trades-channel",
        chart="trades",
    ),
    Channel(
        name="trades-all",
        title="trades, each match on its own",
        path="business",
        kind="log",
        row=rows.SingleTrade,
        key=("inst_id", "trade_id"),
        doc="order-book-trading-market-data-ws-all-trades-channel",
        chart="trades",
    ),
    _whole_book("books5", 5, "best five levels a side, every 100 ms on change"),
    _whole_book("bbo-tbt", 1, "best bid and ask, every 10 ms on change"),
    Channel(
        name="books",
        title="order book of 400 levels a side, changes every 100 ms",
        path="public",
        kind="book",
        row=rows.BookUpdate,
        doc="order-book-trading-market-data-ws-order-book-channel",
        chart="depth",
        instead="okxlab.book(inst_id)",
        rest="/api/v5/market/books",
        levels=400,
    ),
    Channel(
        name="candle",
        title="candles of traded prices",
        path="business",
        kind="bars",
        row=rows.Candle,
        key=("inst_id", "ts"),
        bars=("1s", *_BARS),
        doc="order-book-trading-market-data-ws-candlesticks-channel",
        chart="candles",
    ),
    Channel(
        name="mark-price-candle",
        title="candles of the mark price",
        path="business",
        kind="bars",
        row=rows.PriceCandle,
        key=("inst_id", "ts"),
        bars=(*_BARS, "1Yutc"),
        doc="public-data-websocket-mark-price-candlesticks-channel",
        chart="candles",
    ),
    Channel(
        name="index-candle",
        title="candles of an index",
        path="business",
        kind="bars",
        row=rows.PriceCandle,
        key=("inst_id", "ts"),
        bars=_BARS,
        inst_id_is="index",
        doc="public-data-websocket-index-candlesticks-channel",
        chart="candles",
    ),
    Channel(
        name="mark-price",
        title="mark price, every 200 ms on change",
        path="public",
        kind="series",
        row=rows.MarkPrice,
        doc="public-data-websocket-mark-price-channel",
        chart="price",
    ),
    Channel(
        name="index-tickers",
        title="index price, every 100 ms on change",
        path="public",
        kind="series",
        row=rows.IndexTicker,
        inst_id_is="index",
        doc="public-data-websocket-index-tickers-channel",
        chart="price",
    ),
    Channel(
        name="funding-rate",
        title="funding rate of a swap, every 30 to 90 s",
        path="public",
        kind="series",
        row=rows.FundingRate,
        doc="public-data-websocket-funding-rate-channel",
        chart="funding",
    ),
    Channel(
        name="open-interest",
        title="open interest, every 3 s on change",
        path="public",
        kind="series",
        row=rows.OpenInterest,
        doc="public-data-websocket-open-interest-channel",
        chart="open-interest",
    ),
    Channel(
        name="price-limit",
        title="highest buy and lowest sell price, every 200 ms on change",
        path="public",
        kind="series",
        row=rows.PriceLimit,
        doc="public-data-websocket-price-limit-channel",
        chart="price",
    ),
    Channel(
        name="instruments",
        title="what is listed, kept current",
        path="public",
        kind="state",
        row=rows.Instrument,
        required=("instType",),
        doc="public-data-websocket-instruments-channel",
        chart="table",
    ),
    Channel(
        name="liquidation-orders",
        title="liquidations of a whole kind of instrument, a sample",
        path="public",
        kind="log",
        row=rows.LiquidationOrders,
        flat=rows.Liquidation,
        flatten=rows.lay_flat,
        required=("instType",),
        inst_types=("SWAP", "FUTURES", "MARGIN", "OPTION"),
        key=(),
        doc="public-data-websocket-liquidation-orders-channel",
        chart="liquidations",
    ),
)


@cache
def _by_name() -> dict[str, Channel]:
    found: dict[str, Channel] = {}
    for entry in CHANNELS:
        if not entry.bars:
            found[entry.name] = entry
        for bar in entry.bars:
            name = entry.name + bar
            found[name] = msgspec.structs.replace(entry, name=name, bar=bar)
    return found


def all_names() -> tuple[str, ...]:
    """Return every channel name there is, families with each of their bars."""
    return tuple(_by_name())


def channel(name: str) -> Channel:
    """Return the entry of a channel.

    Parameters
    ----------
    name
        OKX's name, bar included: ``"trades"``, ``"candle1m"``.

    Raises
    ------
    ChannelError
        If there is none of that name; the message has the nearest ones.
    """
    found = _by_name().get(str(name))
    if found is None:
        raise ChannelError(_unknown(name))
    return found


def near_miss(word: str, choices: tuple[str, ...]) -> str:
    """Return ``"; did you mean ...?"`` for the nearest choices, or ``""``.

    Case counts in OKX's names (``1m`` is a minute, ``1M`` a month), but a wrong
    case is the nearest miss there is.
    """
    folded = {choice.lower(): choice for choice in reversed(choices)}
    near = difflib.get_close_matches(word.lower(), list(folded), n=3, cutoff=0.6)
    names = " or ".join(repr(folded[name]) for name in near)
    return f"; did you mean {names}?" if names else ""


def _unknown(name: object) -> str:
    if not isinstance(name, str):
        return (
            f"a channel is a text such as 'trades', not {name!r}; "
            f"okxlab.channels() lists all"
        )
    if _looks_like_instrument(name):
        return (
            f"no channel {name!r}: that looks like an instrument; the instrument "
            f"comes first, as in okxlab.stream({name!r}, 'tickers')"
        )
    family = _family_of(name)
    if family is not None:
        bar = name.removeprefix(family.name)
        what = f"{family.name} needs a bar" if not bar else f"no bar {bar!r}"
        bars = ", ".join(family.bars)
        return f"{what} in channel {name!r}: {family.name} has the bars {bars}" + (
            near_miss(bar, family.bars) if bar else ""
        )
    return (
        f"no channel {name!r}{near_miss(name, all_names())} okxlab.channels() lists all"
    )


def _family_of(name: str) -> Channel | None:
    families = [
        entry for entry in CHANNELS if entry.bars and name.startswith(entry.name)
    ]
    return max(families, key=lambda entry: len(entry.name), default=None)


def _looks_like_instrument(name: str) -> bool:
    return "-" in name and name == name.upper() and name not in _by_name()


def make_arg(entry: Channel, inst_id: str | None = None, **params: str) -> Arg:
    """Check what a user asks for and return the arg to subscribe with.

    Parameters
    ----------
    entry
        The channel.
    inst_id
        Instrument, for channels that are subscribed to by instrument.
    **params
        Other keys in snake case (``inst_type="SWAP"``) or as OKX spells them.

    Raises
    ------
    ChannelError
        If a key is missing, foreign to the channel, or of a wrong value.
    """
    wire = {_camel(key): value for key, value in params.items()}
    if inst_id is not None:
        wire = {"instId": inst_id, **wire}
    known = entry.required + entry.optional
    for key, value in wire.items():
        _check_key(entry, key, known)
        _check_value(entry, key, value)
    missing = [key for key in entry.required if key not in wire]
    if missing:
        raise ChannelError(
            f"channel {entry.name!r} needs {_say(missing[0])}: for example "
            f"{_example(entry)}"
        )
    return Arg(entry.name, **wire)


def _check_key(entry: Channel, key: str, known: tuple[str, ...]) -> None:
    if key in known:
        return
    takes = ", ".join(_say(name) for name in known) or "no argument"
    hint = near_miss(_say(key), tuple(_say(name) for name in known))
    if key == "instId":
        hint = f"; it is not subscribed to by instrument: {_example(entry)}"
    raise ChannelError(
        f"channel {entry.name!r} has no argument {_say(key)}; it takes {takes}{hint}"
    )


def _check_value(entry: Channel, key: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise ChannelError(
            f"{_say(key)} of channel {entry.name!r} is a text that is not empty, "
            f"not {value!r}: for example {_example(entry)}"
        )
    if key == "instType" and value not in entry.inst_types:
        raise ChannelError(
            f"channel {entry.name!r} has no inst_type {value!r}"
            f"{near_miss(value, entry.inst_types)}; it has "
            f"{', '.join(entry.inst_types)}"
        )
    if key == "instId" and _is_channel_name(value):
        raise ChannelError(
            f"{value!r} is a channel, not an instrument: the instrument comes "
            f"first, as in {_example(entry)}"
        )


def _is_channel_name(value: str) -> bool:
    return value in _by_name() or any(value == entry.name for entry in CHANNELS)


def _example(entry: Channel) -> str:
    if "instType" in entry.required:
        inst_type = "SWAP" if "SWAP" in entry.inst_types else entry.inst_types[0]
        return f"okxlab.stream(channel={entry.name!r}, inst_type={inst_type!r})"
    if "instId" in entry.required:
        return f"okxlab.stream('BTC-USDT', {entry.name!r})"
    return f"okxlab.stream(channel={entry.name!r})"


def _camel(key: str) -> str:
    head, *tail = key.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


def _say(key: str) -> str:
    """Return a wire key the way a user types it: ``inst_type``."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in key)
