"""Paths of underlyings, and the prices of instruments that follow them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from okxlab.simulator.listing import asset, listing
from okxlab.simulator.marks import IndexPrice, MarkPrice
from okxlab.simulator.paths import DAY_MS, HOUR_MS, MINUTE_MS, Path, Prices, remember
from okxlab.simulator.pricing import FINE, Index, Premium, fair_bar, fair_price

START = 1_795_000_000_000
HOUR = START // HOUR_MS
BTC = asset(0)


@pytest.fixture(scope="module")
def path():
    """Return the path of an underlying."""
    return Path(7, BTC.name, BTC.base, BTC.daily)


def hold(parts, whole):
    """Assert that parts are a whole, one after the other."""
    assert parts[0].open == whole.open
    assert parts[-1].close == whole.close
    assert max(part.high for part in parts) == whole.high
    assert min(part.low for part in parts) == whole.low
    assert all(a.close == b.open for a, b in pairwise(parts))
    for part in parts:
        low, high = sorted((part.open, part.close))
        assert part.low <= low <= high <= part.high


def test_a_path_agrees_with_itself_on_all_scales(path):
    """Minutes make hours, steps make minutes; days follow one another."""
    for hour in range(HOUR - 30, HOUR + 30):
        hold(path.minutes(hour), path.hours(hour // 24)[hour % 24])
    for minute in range(HOUR * 60, HOUR * 60 + 200):
        bar, steps = path.minutes(minute // 60)[minute % 60], path.steps(minute)
        assert (steps[0], steps[-1]) == (bar.open, bar.close)
        assert (max(steps), min(steps)) == (bar.high, bar.low)
        assert len(steps) == 300
    for day in range(HOUR // 24 - 600, HOUR // 24):
        assert path.hours(day)[-1].close == path.hours(day + 1)[0].open


def test_a_path_does_not_depend_on_what_was_asked_before(path):
    """Any moment can be looked up by itself, however many came before."""
    moments = [START + i * 7_777_777 for i in range(-40, 40)]
    expected = [path.at(ms) for ms in moments]
    fresh = Path(7, BTC.name, BTC.base, BTC.daily)

    assert expected == [fresh.at(ms) for ms in reversed(moments)][::-1]
    assert expected[0] == path.at(moments[0])


def test_a_path_is_believable(path):
    """Prices stay within reason over years, days move by a few percent at most."""
    opens = [path.hours(day)[0].open for day in range(HOUR // 24 - 2000, HOUR // 24)]
    moves = [abs(b - a) / a for a, b in pairwise(opens)]

    assert 0.2 * BTC.base < min(opens) < max(opens) < 4 * BTC.base
    assert 0.005 < sum(moves) / len(moves) < 0.03
    assert max(moves) < 0.2


def test_seeds_and_assets_have_paths_of_their_own(path):
    """Another seed or asset is another path."""
    others = [Path(8, "BTC", BTC.base, BTC.daily), Path(7, "ETH", BTC.base, BTC.daily)]

    assert len({path.at(START), *(other.at(START) for other in others)}) == 3


def test_remember_drops_the_oldest():
    """A bounded memory forgets what it got first."""
    kept = {}
    for key in range(5):
        remember(kept, key, key, 3)

    assert list(kept) == [2, 3, 4]


def test_a_premium_moves_in_small_steps():
    """From hour to hour a premium wanders by a fraction of its width."""
    premium = Premium(7, "BTC-USDT-SWAP", centre=60_000, width=250_000)
    values = [premium.at(hour) for hour in range(HOUR, HOUR + 500)]

    assert len(set(values)) > 400
    assert max(abs(b - a) for a, b in pairwise(values)) < 250_000
    assert abs(sum(values) // 500 - 60_000) < 100_000


def listed(path):
    """Return the first instruments of a listing."""
    return listing(START, lambda _: path.at(START), many=24)


def test_instruments_of_one_underlying_stay_close(path):
    """Spot and swap are some basis points apart, a future by its carry."""
    fair = {}
    for one in listed(path)[:6]:
        if one.asset == BTC:
            index = Index(7, one.index_id, BTC, path)
            fair[one.inst_id] = fair_price(7, one, index).at(path.at(START), HOUR)
    spot, swap, future = fair.values()
    index_price = path.at(START) * FINE // 10_000

    assert abs(spot - index_price) < index_price * 0.0002
    assert abs(swap - spot) < spot * 0.0005
    assert spot < future < spot * 1.02


def test_options_are_worth_what_they_should(path):
    """Calls rise and puts fall with the path; parity holds to some ticks."""
    options = [one for one in listed(path) if one.inst_type == "OPTION"]
    now = path.at(START)
    values = {}
    for one in options:
        fair = fair_price(7, one, Index(7, one.index_id, BTC, path))
        low, middle, high = (fair.at(now * p // 1000, HOUR) for p in (980, 1000, 1020))
        assert (low > middle > high) == (one.opt_type == "P") == fair.falls
        assert (low < middle < high) == (one.opt_type == "C")
        values[one.strike, one.opt_type] = middle / FINE / 10_000
    strike = options[0].strike
    forward = now / 10**BTC.places
    parity = values[strike, "C"] - values[strike, "P"]
    assert abs(parity - (forward - strike) / forward) < 0.02
    assert values[strike, "C"] > 0.01


def test_far_options_keep_a_price():
    """However far away the strike is, some ticks are left to quote around."""
    path = Path(7, BTC.name, BTC.base, BTC.daily)
    one = next(o for o in listed(path) if o.inst_type == "OPTION")
    fair = fair_price(7, one, Index(7, one.index_id, BTC, path))

    assert fair.at(path.at(START) // 5, HOUR) == 4 * FINE


@pytest.mark.parametrize("place", [0, 6, 15])
def test_bars_of_fair_prices_hold_what_lies_within(path, place):
    """The fair price of any moment lies within its minute's bar."""
    one = listed(path)[place]
    fair = fair_price(7, one, Index(7, one.index_id, BTC, path))
    for minute in range(HOUR * 60, HOUR * 60 + 5):
        bar = fair_bar(fair, path.minutes(HOUR)[minute % 60], HOUR)
        values = [fair.at(step, HOUR) for step in path.steps(minute)]

        assert (max(values), min(values)) == (bar.high, bar.low)
        ticks = fair.ticks(path.steps(minute), HOUR)
        assert ticks == [(value + FINE // 2) // FINE for value in values]


def test_mark_and_limits(path):
    """Marks lie on the fair price, limits around the mark, on whole ticks."""
    one = listed(path)[3]
    mark = MarkPrice(one, path, fair_price(7, one, Index(7, one.index_id, BTC, path)))
    row, limits = mark.row(START + 333), mark.limit_row(START + 333)

    assert row["instType"] == "SWAP"
    assert row["ts"] == str(START + 200)
    assert limits["enabled"] is True
    assert float(limits["sellLmt"]) < float(row["markPx"]) < float(limits["buyLmt"])
    assert float(limits["buyLmt"]) < float(row["markPx"]) * 1.03


def test_the_current_minute_of_an_index_goes_up_to_now(path):
    """The bar of a minute that is not over holds what was seen so far."""
    price = IndexPrice(Index(7, "BTC-USDT", BTC, path))
    minute = START // MINUTE_MS
    price.bars.now_ms = START
    so_far = price.bars.minute(minute)
    seen = [price.at(ms) for ms in range(minute * MINUTE_MS, START + 1, 200)]
    price.bars.now_ms = START + DAY_MS

    assert so_far[:4] == Prices(seen[0], max(seen), min(seen), seen[-1])
    assert price.bars.minute(minute).high >= so_far.high
    assert {*price.row(START)} == {
        "instId",
        "idxPx",
        "open24h",
        "high24h",
        "low24h",
        "sodUtc0",
        "sodUtc8",
        "ts",
    }


def test_a_dollar_index_is_not_the_tether_index(path):
    """BTC-USD differs from BTC-USDT by the price of a USDT, some basis points."""
    tether, dollar = (
        IndexPrice(Index(7, name, BTC, path)) for name in ("BTC-USDT", "BTC-USD")
    )

    assert 0 < dollar.at(START) - tether.at(START) < tether.at(START) * 0.001
