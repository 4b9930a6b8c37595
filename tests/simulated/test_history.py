"""okxlab.history against the simulator, whose own record is the truth."""

import warnings

import pandas as pd
import pytest

import okxlab
from okxlab.errors import ChannelError, ExchangeError
from okxlab.history import progress

pytestmark = pytest.mark.simulated

START = 1_790_000_000_000
"""When the market of the tests begins [Unix ms]: 2026-09-21 14:13:20 UTC."""


@pytest.fixture
def market():
    """Give a market that stands still unless it is told to move."""
    with okxlab.Simulator(seed=5, start=START, speed=0) as simulator:
        yield simulator


@pytest.fixture
def lab(market):
    """Give a lab on that market."""
    with okxlab.connect(market) as lab:
        yield lab


def truth(simulator, ask):
    """Return what a function says of the simulator's own market."""
    return simulator._serving.reach(lambda exchange: ask(exchange.market))


def wire_bars(rows):
    """Return wire rows of bars, newest first, as lists of numbers, oldest first."""
    return [[float(one) for one in row[1:-1]] for row in reversed(rows)]


@pytest.mark.parametrize(
    ("family", "inst_id", "bar"),
    [
        ("candle", "BTC-USDT", "1m"),
        ("candle", "BTC-USDT", "1H"),
        ("candle", "BTC-USDT-SWAP", "1Dutc"),
        ("candle", "BTC-USDT", "1W"),
        ("index-candle", "BTC-USDT", "15m"),
        ("mark-price-candle", "BTC-USDT-SWAP", "4H"),
    ],
)
def test_bars_are_those_of_the_exchange(lab, market, family, inst_id, bar):
    """Several pages join without a hole or a double, up to the bar that is open."""
    count = 250 if bar == "1W" else 700
    frame = okxlab.history(inst_id, family + bar, count, progress=False)
    rows = truth(
        market,
        lambda one: one.candles(inst_id, bar, limit=len(frame), family=family),
    )
    prices = frame.drop(columns=["confirm", "recv", "origin"])

    assert lab.streams == ()
    assert [list(row) for row in prices.to_numpy()] == wire_bars(rows)
    assert frame.index.is_monotonic_increasing
    assert frame.index.is_unique
    assert frame["confirm"].tolist() == [True] * (len(frame) - 1) + [False]
    assert len(frame) == count


@pytest.mark.parametrize("bar", ["1M", "3Mutc", "1Dutc", "1s"])
def test_bars_of_all_lengths(lab, market, bar):
    """Months of uneven length, days, and seconds, whose open one REST lacks."""
    frame = lab.history("BTC-USDT", f"candle{bar}", 20, progress=False)
    rows = truth(market, lambda one: one.candles("BTC-USDT", bar, limit=20))

    assert [row[0] for row in reversed(rows)] == [
        str(ts) for ts in frame.index.astype("int64")
    ]


def test_a_stretch_is_half_open(lab):
    """The bar that opens at the start is in it, the one at the end is not."""
    frame = lab.history(
        "BTC-USDT", "candle1H", "2026-09-01", "2026-09-03", progress=False
    )

    assert frame.index[0] == pd.Timestamp("2026-09-01", tz="UTC")
    assert frame.index[-1] == pd.Timestamp("2026-09-02 23:00", tz="UTC")
    assert len(frame) == 48
    assert frame["confirm"].all()


def test_a_duration_counts_back_from_the_end(lab):
    """Thirty days before an end are as many hours."""
    frame = lab.history(
        "BTC-USDT", "candle1H", "30D", "2026-09-03 00:00", progress=False
    )

    assert len(frame) == 30 * 24


def test_frames_are_as_those_of_the_stream(lab, market):
    """Columns and dtypes of the past and of what is live are the same."""
    for inst_id, channel in [
        ("BTC-USDT", "candle1m"),
        ("BTC-USDT", "trades"),
        ("BTC-USDT", "trades-all"),
        ("BTC-USDT", "index-candle1m"),
        ("BTC-USDT-SWAP", "mark-price-candle1m"),
    ]:
        frame = lab.history(inst_id, channel, 5, progress=False)
        stream = lab.stream(inst_id, channel)

        pd.testing.assert_series_equal(frame.dtypes, stream.df.dtypes)
        assert frame.index.dtype == stream.df.index.dtype
        assert frame.index.name == "ts"
        assert set(frame["origin"]) == {"history"}
    assert market.now.timestamp() * 1000 == START


def test_trades_are_those_of_the_exchange(lab, market):
    """The newest trades by number: each id once, each match on its own."""
    frame = lab.history("BTC-USDT", "trades", 450, progress=False)
    rows = truth(market, lambda one: one.trades("BTC-USDT", 450))[::-1]

    assert frame["trade_id"].tolist() == [int(row["tradeId"]) for row in rows]
    assert frame["px"].tolist() == [float(row["px"]) for row in rows]
    assert frame["sz"].tolist() == [float(row["sz"]) for row in rows]
    assert frame["side"].tolist() == [row["side"] for row in rows]
    assert frame["count"].eq(1).all()


def test_trades_of_a_stretch_of_time(lab, market):
    """By time the exchange is asked for the ids at both ends, then by id."""
    end = pd.Timestamp(START - 5_000, unit="ms", tz="UTC")
    frame = lab.history("BTC-USDT", "trades-all", "20s", end, progress=False)
    rows = truth(market, lambda one: one.trades("BTC-USDT", 3_000))[::-1]
    low, high = START - 25_000, START - 5_000
    expected = [row["tradeId"] for row in rows if low <= int(row["ts"]) < high]

    assert [str(one) for one in frame["trade_id"]] == expected
    assert len(frame) > 10


def test_trades_beyond_what_is_kept_warn(lab, market):
    """A start before the first trade that is kept gives all there is, and says so."""
    with pytest.warns(UserWarning, match="only since"):
        frame = lab.history(
            "DOGE-USDT", "trades", "2026-01-01", "2026-09-21 14:10", progress=False
        )
    newest = truth(market, lambda one: one.trades("DOGE-USDT", 500_000))
    end = pd.Timestamp("2026-09-21 14:10", tz="UTC").value // 1_000_000
    expected = [row["tradeId"] for row in newest if int(row["ts"]) < end]

    assert [str(one) for one in frame["trade_id"]] == expected[::-1]
    assert len(expected) > 50


def test_wrong_questions_are_refused_before_they_are_asked(lab):
    """No such channel, no history of it, too many rows, times that make no sense."""
    for inst_id, channel, start, says in [
        ("BTC-USDT", "tickers", "1D", "no history of channel 'tickers'"),
        ("BTC-USDT", "books", "1D", "no history"),
        ("BTC-USDT", "candle5D", "1D", "no history"),
        ("BTC-USDT", "candel1m", "1D", "candle1m"),
        ("BTC-USDT", "candle1s", "90D", r"max_rows=7_776_00\d"),
        ("BTC-USDT", "candle1m", "2027-01-01", "future"),
        ("BTC-USDT", "candle1m", pd.Timestamp("2026-01-01"), "time zone"),
        ("", "candle1m", "1D", "inst_id"),
    ]:
        with pytest.raises(ChannelError, match=says):
            lab.history(inst_id, channel, start, progress=False)


def test_the_exchanges_refusal_is_raised(lab):
    """An instrument that is not listed is for the exchange to know."""
    with pytest.raises(ExchangeError, match="no such instrument"):
        lab.history("NO-SUCH", "candle1m", 10, progress=False)


def test_nothing_at_all_warns(lab):
    """A stretch before the listing is an empty frame with the right dtypes."""
    with pytest.warns(UserWarning, match="nothing"):
        frame = lab.history(
            "BTC-USDT", "candle1H", "2001-01-01", "2001-01-02", progress=False
        )

    assert len(frame) == 0
    assert frame["open"].dtype == "float64"


def test_whole_pages_are_kept_and_not_asked_for_again(lab, market, tmp_path):
    """The second time only the page that is still growing is asked for."""
    asked = {"cache": tmp_path, "progress": False}
    first = lab.history("BTC-USDT", "candle1m", 1_000, **asked)
    kept = sorted(tmp_path.rglob("*.page"))
    calls = count_calls(lab)
    again = lab.history("BTC-USDT", "candle1m", 1_000, **asked)

    pd.testing.assert_frame_equal(first.iloc[:-200], again.iloc[:-200])
    pd.testing.assert_frame_equal(
        first.drop(columns="recv"), again.drop(columns="recv")
    )
    assert len(kept) == 3
    assert calls == ["/api/v5/public/time", "/api/v5/market/candles"]
    assert market.now.timestamp() * 1000 == START


def test_trades_are_kept_too(lab, tmp_path):
    """Pages of trades by id never change once they are full."""
    end = pd.Timestamp(START, unit="ms", tz="UTC")
    asked = {"cache": tmp_path, "progress": False}
    first = lab.history("BTC-USDT", "trades", 350, end, **asked)
    calls = count_calls(lab)
    again = lab.history("BTC-USDT", "trades", 350, end, **asked)

    pd.testing.assert_frame_equal(
        first.drop(columns="recv"), again.drop(columns="recv")
    )
    assert len(calls) <= 3


def test_a_spoilt_page_is_fetched_anew(lab, tmp_path):
    """What lies on disk is believed only as it was written."""
    asked = {"cache": tmp_path, "progress": False}
    first = lab.history("BTC-USDT", "candle1H", 1_000, **asked)
    for path in tmp_path.rglob("*.page"):
        path.write_bytes(path.read_bytes()[:-3])
    again = lab.history("BTC-USDT", "candle1H", 1_000, **asked)

    pd.testing.assert_frame_equal(
        first.drop(columns="recv"), again.drop(columns="recv")
    )


def test_the_page_that_is_open_is_never_kept(lab, market, tmp_path):
    """A bar that was open when it was fetched is asked for again, and has changed."""
    asked = {"cache": tmp_path, "progress": False}
    before = lab.history("BTC-USDT", "candle1m", 3, **asked)
    market.step(120.0)
    after = lab.history("BTC-USDT", "candle1m", 5, **asked)

    assert not before["confirm"].iloc[-1]
    assert after.loc[before.index[-1], "confirm"]
    assert after["confirm"].tolist() == [True] * 4 + [False]


def test_simulators_are_not_kept_in_the_common_place(lab, monkeypatch, tmp_path):
    """The next simulator makes up something else, on the same port perhaps."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    lab.history("BTC-USDT", "candle1H", 1_000, progress=False)

    assert list(tmp_path.rglob("*.page")) == []


def test_a_bar_is_drawn_for_a_long_question(lab, capsys, monkeypatch):
    """The bar goes to the error stream and leaves no thread behind."""
    monkeypatch.setattr(progress, "_DELAY", 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lab.history("BTC-USDT", "trades", 2_000)

    assert "trades BTC-USDT" in capsys.readouterr().err


def count_calls(lab):
    """Return a list that the paths of all later calls are added to."""
    calls = []
    client = lab._rest_client
    ask = client.get

    async def get(path, params=None):
        calls.append(path)
        return await ask(path, params)

    client.get = get
    return calls
