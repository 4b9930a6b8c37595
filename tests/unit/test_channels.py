"""The registry, walked as a whole, and what it says to a slip of the pen."""

import re

import msgspec
import pytest

from okxlab.errors import ChannelError
from okxlab.protocol.arg import Arg
from okxlab.protocol.channels import CHANNELS, INST_TYPES, all_names, channel, make_arg
from okxlab.protocol.columns import Level, columns_of, field_docs
from okxlab.protocol.rows import RpiLevel, SpreadLevel

ENTRIES = [channel(entry.names[0]) for entry in CHANNELS]


def structs_of(row):
    """Return a struct and those in its lists."""
    found = {row}
    for field in msgspec.structs.fields(row):
        inner = getattr(field.type, "__args__", (None,))[0]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            found |= structs_of(inner)
    return found


FLAT = sorted({entry.table_row for entry in CHANNELS}, key=lambda row: row.__name__)
STRUCTS = sorted(
    {*FLAT}.union(*(structs_of(entry.row) for entry in CHANNELS)),
    key=lambda row: row.__name__,
)

# Where OKX's camel case does not follow from the snake case, or the reverse.
ODD_NAMES = {
    "open_24h": "open24h",
    "high_24h": "high24h",
    "low_24h": "low24h",
    "vol_24h": "vol24h",
    "vol_ccy_24h": "volCcy24h",
    "from_": "from",
    **{
        f"{greek}_{kind.lower()}": f"{greek}{kind}"
        for greek in ("delta", "gamma", "theta", "vega")
        for kind in ("BS", "PA")
    },
}


def snake(wire):
    """Return the snake case of a camel-case name."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in wire)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_is_whole(entry):
    """An entry has a title, a page, columns with words, and a time index."""
    columns = entry.columns(many=True)
    names = [column.name for column in columns]
    log = [column.name for column in entry.update_columns()]

    assert entry.title
    assert entry.url.startswith("https://www.okx.com/docs-v5/")
    assert len(set(names)) == len(names)
    assert set(entry.key) <= set(names)
    assert all(entry.column_docs()[name] for name in names)
    assert log[0] == "ts"
    assert log[-2:] == ["recv", "origin"]
    if entry.kind == "state":
        assert entry.key
        assert set(names) == set(log) - {"recv", "origin"} - {"ts"} | (
            {"ts"} & {*names}
        )
    else:
        assert names == log


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_what_an_entry_says_fits_together(entry):
    """Facts of one entry do not contradict one another."""
    columns = {column.name: column for column in entry.update_columns()}
    keys = entry.arg_keys

    assert len(set(keys)) == len(keys)
    # Of what is asked for by instrument it says which kinds have one at all.
    assert {"instType", "instId"} & {*keys} or entry.inst_types == INST_TYPES
    assert set(entry.inst_types) <= {*INST_TYPES, "ANY"}
    assert entry.login or entry.path != "private"
    assert entry.login or not entry.tier
    assert bool(entry.instead) == (entry.kind == "book")
    assert columns["ts"].kind == "ms"
    assert columns["ts"].doc
    assert entry.kind == "state" or not (entry.opens or entry.paged or entry.ends_by)
    assert bool(entry.ends_by) == bool(entry.ends_at)
    if entry.ends_by and columns[entry.ends_by].kind == "category":
        assert set(entry.ends_at) < set(columns[entry.ends_by].categories)
    for name in entry.key:
        assert columns[name].kind in ("str", "int64", "ms", "category")


def test_only_what_has_no_time_is_stamped_here():
    """Where OKX sends a time, ``ts`` is it; elsewhere the time of receipt."""
    stamped = {entry.name for entry in ENTRIES if not entry.time}

    assert stamped == {
        "instruments",
        "event-contract-markets",
        "copytrading-lead-notification",
    }
    for entry in ENTRIES:
        has_time = any(
            column.name == "ts" or column.name.endswith("_time")
            for column in columns_of(entry.table_row)
            if column.name not in ("list_time", "exp_time", "fix_time")
        )
        assert has_time or entry.name in stamped


@pytest.mark.parametrize("row", STRUCTS, ids=lambda row: row.__name__)
def test_wire_names_and_attributes_round_trip(row):
    """Snake case to camel case and back, for every field of every struct."""
    for field in msgspec.structs.fields(row):
        expected = ODD_NAMES.get(field.name)

        if expected is not None:
            assert field.encode_name == expected
        elif not row.__struct_config__.array_like:
            assert snake(field.encode_name) == field.name


@pytest.mark.parametrize(
    "row",
    # A level of a book is believed as a whole or not at all.
    [row for row in STRUCTS if not row.__name__.endswith("Level")],
    ids=lambda row: row.__name__,
)
def test_every_field_may_be_missing(row):
    """A frame without any of the fields is a row in which all is missing."""
    empty = "[]" if row.__struct_config__.array_like else "{}"

    assert msgspec.json.decode(empty, type=row) == row()


@pytest.mark.parametrize("row", FLAT, ids=lambda row: row.__name__)
def test_every_column_is_documented(row):
    """Each field that becomes a column has a text below it."""
    assert {column.name for column in columns_of(row)} <= set(field_docs(row))


# OKX's documentation of 2026-08-22, and its changelog to 2026-09-30; books-elp ended
# on 2026-10-31.
PUBLIC = """
adl-warning bbo-tbt books books-l2-tbt books-rpi books5 books50-l2-tbt
call-auction-details estimated-price event-contract-markets funding-rate index-tickers
instruments liquidation-orders mark-price open-interest opt-summary option-trades
price-limit status tickers trades
"""
PRIVATE = """
account account-greeks balance_and_position fills liquidation-warning orders positions
"""
BUSINESS = """
block-tickers candle index-candle mark-price-candle public-block-trades
public-struc-block-trades sprd-bbo-tbt sprd-books-l2-tbt sprd-books5 sprd-candle
sprd-public-trades sprd-tickers trades-all
"""
BUSINESS_WITH_LOGIN = """
algo-advance algo-recurring-buy copytrading-lead-notification deposit-info
economic-calendar grid-orders-contract grid-orders-spot grid-positions grid-sub-orders
orders-algo quotes rfqs sprd-orders sprd-trades struc-block-trades withdrawal-info
"""
TIERS = {
    "books-l2-tbt": "VIP4",
    "books50-l2-tbt": "VIP4",
    "fills": "VIP4",
    "economic-calendar": "VIP1",
}


def test_the_registry_has_every_channel_of_okx():
    """No channel is missing or on another path, none is invented."""
    found = {(entry.name, entry.path, entry.login) for entry in CHANNELS}

    assert found == {
        *((name, "public", name in TIERS) for name in PUBLIC.split()),
        *((name, "private", True) for name in PRIVATE.split()),
        *((name, "business", False) for name in BUSINESS.split()),
        *((name, "business", True) for name in BUSINESS_WITH_LOGIN.split()),
    }
    assert {entry.name: entry.tier for entry in CHANNELS if entry.tier} == TIERS


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


def test_levels_are_read_by_position():
    """The third value is dead, or a size, or the number of orders already."""
    plain = msgspec.json.decode('["1.5","2","0","3"]', type=Level, strict=False)
    rpi = msgspec.json.decode('["1.5","2","1","3"]', type=RpiLevel, strict=False)
    spread = msgspec.json.decode('["-1.5","2","3"]', type=SpreadLevel, strict=False)

    assert (plain.px, plain.sz, plain.orders) == (1.5, 2.0, 3)
    assert (rpi.px, rpi.sz, rpi.organic_sz, rpi.orders) == (1.5, 2.0, 1.0, 3)
    assert (spread.px, spread.sz, spread.orders) == (-1.5, 2.0, 3)


def test_spreads_are_subscribed_to_by_their_own_key():
    """The first argument of a spread's channel is ``sprdId``."""
    entry = channel("sprd-tickers")
    names = [column.name for column in entry.columns(many=True)]

    assert make_arg(entry, "A_B") == Arg("sprd-tickers", sprdId="A_B")
    assert make_arg(entry, sprd_id="A_B").inst_id == "A_B"
    assert names[:2] == ["ts", "sprd_id"]
    assert "sprd_id" not in [column.name for column in entry.columns()]


def test_one_of_several_keys_is_enough():
    """An option's trades are had by instrument or by family, or by both."""
    entry = channel("option-trades")
    by_family = make_arg(entry, inst_family="BTC-USD")
    both = make_arg(entry, "BTC-USD-260925-70000-C", inst_family="BTC-USD")

    assert by_family.wire() == {
        "channel": "option-trades",
        "instType": "OPTION",
        "instFamily": "BTC-USD",
    }
    assert both.inst_id == "BTC-USD-260925-70000-C"


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
        ("books-elp", "ended channel 'books-elp' on 2026-10-31; use 'books-rpi'"),
        ("sprd-candle1s", "no bar '1s'"),
        ("position", "'positions'"),
        ("balance-and-position", "'balance_and_position'"),
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
        ("books", None, {}, "for example okxlab.book('BTC-USDT')"),
        ("books-rpi", 5, {}, "okxlab.book('BTC-USDT', channel='books-rpi')"),
        ("tickers", "trades", {}, "'trades' is a channel, not an instrument"),
        ("tickers", "candle", {}, "'candle' is a channel"),
        ("tickers", "BTC-USDT", {"inst_typ": "SWAP"}, "did you mean 'inst_id'?"),
        ("tickers", "BTC-USDT", {"ccy": "BTC"}, "has no argument ccy"),
        ("liquidation-orders", "BTC-USDT-SWAP", {}, "has no argument inst_id"),
        ("liquidation-orders", None, {}, "needs inst_type"),
        ("liquidation-orders", None, {"inst_type": "SPOT"}, "has no inst_type 'SPOT'"),
        ("instruments", None, {"inst_type": "swap"}, "did you mean 'SWAP'?"),
        ("status", "BTC-USDT", {}, "it takes no argument"),
        ("orders", None, {}, "needs inst_type: for example okxlab.stream(channel="),
        ("orders", "tickers", {"inst_type": "SPOT"}, "'tickers' is a channel"),
        ("fills", None, {"inst_type": "SPOT"}, "did you mean 'inst_id'?"),
        ("option-trades", None, {}, "needs inst_id or inst_family"),
        ("option-trades", None, {"inst_type": "SWAP"}, "has no inst_type 'SWAP'"),
        ("estimated-price", "BTC-USD-260925", {}, "inst_type='SWAP'"),
        ("opt-summary", None, {}, "inst_family='BTC-USD'"),
        ("sprd-tickers", None, {}, "okxlab.stream('BTC-USDT_BTC-USDT-SWAP', 'sprd-t"),
        ("grid-positions", None, {}, "needs algo_id"),
        ("account", None, {"ccy": ""}, "ccy='BTC'"),
        ("account", None, {"extra_params": "0"}, "a JSON object as a text"),
        ("account", None, {"extra_params": "{"}, "updateInterval"),
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


def test_extra_parameters_are_a_json_text():
    """OKX takes them as a text inside the arg."""
    text = '{"updateInterval": "0"}'

    arg = make_arg(channel("positions"), inst_type="ANY", extra_params=text)

    assert arg.wire()["extraParams"] == text


@pytest.mark.parametrize("entry", CHANNELS, ids=lambda entry: entry.name)
def test_an_error_shows_a_call_that_is_right(entry):
    """What the message about a missing or empty argument shows would work."""
    entry = channel(entry.names[0])
    wrong = entry.arg_keys or ("ccy",)
    for key in wrong:
        with pytest.raises(ChannelError) as caught:
            make_arg(entry, **{key: ""})

        if entry.arg_keys:
            call = re.search(r"okxlab\.\w+\((.*)\)$", str(caught.value))[1]
            args, options = eval(f"_split({call})", {"_split": lambda *a, **k: (a, k)})
            channel_name = options.pop("channel", None) or (*args, "books")[1]
            assert channel_name == entry.name
            assert make_arg(entry, *args[:1], **options)
