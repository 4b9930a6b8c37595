"""The registry, walked as a whole, and what it says to a slip of the pen."""

import msgspec
import pytest

from okxlab.errors import ChannelError
from okxlab.protocol.channels import CHANNELS, all_names, channel, make_arg
from okxlab.protocol.columns import Level, columns_of, field_docs

ENTRIES = [channel(entry.names[0]) for entry in CHANNELS]
STRUCTS = sorted(
    {entry.row for entry in CHANNELS} | {entry.table_row for entry in CHANNELS},
    key=lambda row: row.__name__,
)

# Where OKX's camel case does not follow from the snake case, or the reverse.
ODD_NAMES = {
    "open_24h": "open24h",
    "high_24h": "high24h",
    "low_24h": "low24h",
    "vol_24h": "vol24h",
    "vol_ccy_24h": "volCcy24h",
}


def snake(wire):
    """Return the snake case of a camel-case name."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in wire)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_is_whole(entry):
    """An entry has a title, a page, columns with words, and a time index."""
    columns = entry.columns(many=True)
    names = [column.name for column in columns]

    assert entry.title
    assert entry.url.startswith("https://www.okx.com/docs-v5/")
    assert len(set(names)) == len(names)
    assert set(entry.key) <= set(names)
    assert all(entry.column_docs()[name] for name in names)
    if entry.kind != "state":
        assert names[0] == "ts"
        assert names[-2:] == ["recv", "origin"]


@pytest.mark.parametrize("row", STRUCTS, ids=lambda row: row.__name__)
def test_wire_names_and_attributes_round_trip(row):
    """Snake case to camel case and back, for every field of every struct."""
    for field in msgspec.structs.fields(row):
        expected = ODD_NAMES.get(field.name)

        if expected is not None:
            assert field.encode_name == expected
        elif not row.__struct_config__.array_like:
            assert snake(field.encode_name) == field.name


@pytest.mark.parametrize("row", STRUCTS, ids=lambda row: row.__name__)
def test_every_field_is_documented_and_may_be_missing(row):
    """A frame without any of the fields is a row in which all is missing."""
    empty = "[]" if row.__struct_config__.array_like else "{}"

    assert msgspec.json.decode(empty, type=row) == row()
    assert {column.name for column in columns_of(row)} <= set(field_docs(row))


def test_every_name_is_found_again():
    """Families are looked up with their bar, everything else by its name."""
    assert len(set(all_names())) == len(all_names())
    for name in all_names():
        entry = channel(name)
        assert entry.name == name
        assert entry.family + entry.bar == name


def test_book_rows_are_laid_flat():
    """Five levels a side make thirty columns, bids before asks."""
    names = [column.name for column in channel("books5").columns()]

    assert names[:5] == ["ts", "seq_id", "bid_px_1", "bid_sz_1", "bid_orders_1"]
    assert names[-5:-2] == ["ask_px_5", "ask_sz_5", "ask_orders_5"]
    assert len(names) == 2 + 30 + 2


def test_a_level_is_read_by_position():
    """Price, size, a dead value, the number of orders; all of them texts."""
    level = msgspec.json.decode('["1.5","2","0","3"]', type=Level, strict=False)

    assert (level.px, level.sz, level.orders) == (1.5, 2.0, 3)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("trade", "'trades'"),
        ("ticker", "'tickers'"),
        ("Trades", "'trades'"),
        ("books-5", "'books5'"),
        ("candle", "needs a bar"),
        ("candle1min", "'1m'"),
        ("candle1h", "'1H'"),
        ("candle90m", "no bar '90m'"),
        ("index-candle2h", "'2H'"),
        ("mark-price-candle1s", "no bar '1s'"),
        ("BTC-USDT", "the instrument comes first"),
        ("no such thing at all", "okxlab.channels() lists all"),
        (None, "a channel is a text"),
        (3, "a channel is a text"),
    ],
)
def test_an_unknown_channel_is_answered_with_the_near_miss(name, said):
    """The error has what was meant, or says where to look."""
    with pytest.raises(ChannelError) as caught:
        channel(name)

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "inst_id", "params", "said"),
    [
        ("tickers", None, {}, "needs inst_id"),
        ("tickers", "", {}, "not empty"),
        ("tickers", 5, {}, "not 5"),
        ("tickers", "trades", {}, "'trades' is a channel, not an instrument"),
        ("tickers", "candle", {}, "'candle' is a channel"),
        ("tickers", "BTC-USDT", {"inst_typ": "SWAP"}, "did you mean 'inst_id'?"),
        ("tickers", "BTC-USDT", {"ccy": "BTC"}, "has no argument ccy"),
        ("liquidation-orders", "BTC-USDT-SWAP", {}, "has no argument inst_id"),
        ("liquidation-orders", None, {}, "needs inst_type"),
        ("liquidation-orders", None, {"inst_type": "SPOT"}, "has no inst_type 'SPOT'"),
        ("instruments", None, {"inst_type": "swap"}, "did you mean 'SWAP'?"),
    ],
)
def test_a_wrong_argument_is_answered_with_the_next_step(name, inst_id, params, said):
    """Missing, foreign and swapped arguments say what to write instead."""
    with pytest.raises(ChannelError) as caught:
        make_arg(channel(name), inst_id, **params)

    assert said in str(caught.value)


def test_arguments_may_be_written_either_way():
    """Snake case as everywhere, or as OKX spells it."""
    entry = channel("instruments")

    assert make_arg(entry, inst_type="SWAP") == make_arg(entry, instType="SWAP")
