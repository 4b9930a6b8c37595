"""Decimal text, keyed chance and turnover of the simulated market."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest

from okxlab.simulator import draws, pricing
from okxlab.simulator.amounts import Amounts
from okxlab.simulator.listing import listing
from okxlab.simulator.paths import Prices
from okxlab.simulator.wire import Step, Texts, decimal, step

START = 1_795_000_000_000


@pytest.mark.parametrize(
    ("units", "places", "text"),
    [
        (0, 0, "0"),
        (0, 3, "0"),
        (5, 3, "0.005"),
        (1_500, 3, "1.5"),
        (670_000, 1, "67000"),
        (-5, 3, "-0.005"),
        (-1_500, 2, "-15"),
        (10**30 + 1, 30, "1.000000000000000000000000000001"),
    ],
)
def test_decimal_text_has_no_trailing_zeros(units, places, text):
    """Integers become the shortest decimal text, exactly."""
    assert text == decimal(units, places)


@pytest.mark.parametrize("text", ["0.1", "5", "0.25", "0.00000001", "100"])
def test_a_step_reads_what_it_writes(text):
    """The text of one step is the text it was read from."""
    assert text == step(text).text(1)


def test_steps_multiply_and_convert():
    """Tick times lot is the worth of their product."""
    assert Step(25, 3) == Step(1, 1).times(Step(25, 2))
    assert step("0.1").units(4) == 1_000
    with pytest.raises(AssertionError):
        step("0.001").units(2)


def test_texts_are_remembered_within_bounds():
    """A text is written once, and the store never grows beyond its limit."""
    texts = Texts(Step(1, 1))
    for count in range(20_000):
        assert texts[count] == decimal(count, 1)

    assert len(texts) <= 8_000
    assert texts[19_999] is texts[19_999]


def distance_to_tie(values):
    """Return how near any value is to a rounding tie."""
    return min(abs(value % 1 - 0.5) for value in values)


def test_tables_are_the_same_on_every_platform():
    """No entry lies so near a rounding tie that another libm could tip it."""
    middles = [(i + 0.5) / 1024 for i in range(1024)]
    grid = [i / pricing._GRID for i in range(8 * pricing._GRID + 1)]
    exact = {
        "BELL": [NormalDist().inv_cdf(u) * 1000 for u in middles],
        "WAITS": [-math.log1p(-u) * 1000 for u in middles],
        "SIZES": [math.exp(1.4 * z / 1000) * 1000 for z in draws.BELL],
        "SWELL": [100 * 1.06 ** (i - 32) for i in range(64)],
    }
    for name, values in exact.items():
        assert getattr(draws, name) == [round(value) for value in values]
        assert distance_to_tie(values) > 1e-6
    density = [math.exp(-x * x / 2) / math.sqrt(2 * math.pi) * 1e9 for x in grid]
    above = [math.erfc(x / math.sqrt(2)) / 2 * 1e9 for x in grid]
    assert distance_to_tie(density) > 1e-6
    assert distance_to_tie(above) > 1e-6


def test_sources_depend_on_their_key_alone():
    """The same key gives the same bits, a neighbour others; both are pinned."""
    first = draws.source(1, "days", 7).getrandbits(64)

    assert first == draws.source(1, "days", 7).getrandbits(64)
    assert first != draws.source(1, "days", 8).getrandbits(64)
    assert first == 13_441_053_784_484_787_085


@pytest.mark.parametrize("total", [0, 1, 7, 10**12 + 3])
def test_shares_add_up(total):
    """Parts of a whole add up to it and follow their weights."""
    parts = draws.shares(total, [1, 0, 3, 2])

    assert sum(parts) == total
    assert parts[1] == 0
    assert abs(parts[2] - total * 3 // 6) <= 1


def instrument(inst_id):
    """Return the first instrument whose id begins like this."""
    listed = listing(START, lambda one: one.base, many=40)
    return next(one for one in listed if one.inst_id.startswith(inst_id))


def test_spot_turnover_is_in_quote_currency():
    """67000 x 0.5 BTC: base is what was traded, quote what was paid."""
    amounts = Amounts(instrument("BTC-USDT"))
    lots = 50_000_000
    weight = amounts.weigh(lots, 670_000, 0)

    assert amounts.lots(lots) == "0.5"
    assert amounts.base(lots, weight) == "0.5"
    assert amounts.quote(lots, weight) == "33500"
    assert amounts.currency(lots, weight) == "33500"


def test_linear_contracts_are_counted_in_contracts_and_coins():
    """3.5 contracts of 0.01 BTC at 67000.1 are 0.035 BTC."""
    amounts = Amounts(instrument("BTC-USDT-SWAP"))
    weight = amounts.weigh(350, 670_001, 0)

    assert amounts.lots(350) == "3.5"
    assert amounts.currency(350, weight) == amounts.base(350, weight) == "0.035"
    assert amounts.quote(350, weight) == "2345.0035"


def test_inverse_contracts_are_worth_dollars():
    """4 contracts of 100 USD at 50000 are 0.008 BTC."""
    amounts = Amounts(instrument("BTC-USD-SWAP"))
    weight = amounts.weigh(40, 500_000, 0)

    assert amounts.lots(40) == "4"
    assert amounts.base(40, weight) == "0.008"
    assert amounts.quote(40, weight) == "400"
    assert weight == amounts.weigh_all([15, 25], [500_000, 500_000], 0)


def test_options_are_worth_their_underlying():
    """5 contracts of 0.01 BTC at an index of 68000 are 3400 USD."""
    one = instrument("BTC-USD-2")
    amounts = Amounts(one)
    path_price = 68_000 * 10**one.asset.places
    weight = amounts.weigh(5, 123, path_price)

    assert one.inst_type == "OPTION"
    assert amounts.base(5, weight) == "0.05"
    assert amounts.quote(5, weight) == "3400"
    assert weight == amounts.weigh_all([2, 3], [1, 2], path_price)
    assert weight == amounts.weigh_bar(5, Prices(1, 2, 1, 2), path_price)
