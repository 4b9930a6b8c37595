"""What options are worth and how that changes, against books and by hand."""

from __future__ import annotations

import math

import pytest

from okxlab.simulator.greeks import Contract, greeks, implied, worth
from okxlab.simulator.market import Market
from okxlab.simulator.options import fixed

START = 1_760_000_000_000
CALL = Contract(forward=100.0, strike=105.0, years=0.25, is_call=True)
PUT = CALL._replace(is_call=False)


def slope(function, at, by):
    """Return the slope of a function at a point, by a small step both ways."""
    return (function(at + by) - function(at - by)) / (2 * by)


def test_worth_at_the_money():
    """At the money a call is worth F (2 N(s/2) - 1): 3.9878 for 10 % in all."""
    at_the_money = Contract(100.0, 100.0, 1.0, is_call=True)

    assert worth(at_the_money, 0.1) == pytest.approx(3.98776, abs=1e-5)


def test_calls_and_puts_differ_by_the_forward():
    """Call minus put is forward minus strike, whatever the volatility."""
    for volatility in (0.05, 0.5, 2.0):
        assert worth(CALL, volatility) - worth(PUT, volatility) == pytest.approx(-5.0)


@pytest.mark.parametrize("option", [CALL, PUT])
@pytest.mark.parametrize("volatility", [0.05, 0.4, 1.5])
def test_implied_is_the_way_back(option, volatility):
    """The volatility found from a price is the one that it was made with."""
    assert implied(option, worth(option, volatility)) == pytest.approx(volatility)


def test_no_volatility_explains_too_low_a_price():
    """Below what exercise would bring there is none."""
    assert implied(PUT, 5.0) == 0.0
    assert implied(CALL, 0.0) == 0.0


@pytest.mark.parametrize("option", [CALL, PUT])
def test_greeks_are_slopes(option):
    """Delta, gamma, vega and theta are those of the price, by small steps."""

    def by_forward(forward):
        return worth(option._replace(forward=forward), 0.6)

    found = greeks(option, 0.6)

    assert found.delta == pytest.approx(slope(by_forward, 100.0, 1e-4), rel=1e-6)
    assert found.gamma == pytest.approx(
        slope(lambda f: slope(by_forward, f, 1e-2), 100.0, 1e-2), rel=1e-4
    )
    assert found.vega == pytest.approx(
        slope(lambda v: worth(option, v), 0.6, 1e-5) / 100, rel=1e-6
    )
    assert found.theta == pytest.approx(
        -slope(lambda t: worth(option._replace(years=t), 0.6), 0.25, 1e-5) / 365,
        rel=1e-6,
    )


def test_summaries_agree_with_the_price_in_coin():
    """Delta and gamma in coin are slopes of the price in coin, times the forward."""
    market = Market(7, start_ms=START)
    for row in market.first("opt-summary", "BTC-USD"):
        one = market.instrument(row["instId"])
        forward, volatility = float(row["fwdPx"]), float(row["markVol"])
        years = (one.exp_ms - START // 3_600_000 * 3_600_000) / (365 * 86_400_000)
        option = Contract(
            forward, float(one.strike), years, is_call=one.opt_type == "C"
        )

        def in_coin(at, option=option, volatility=volatility):
            return worth(option._replace(forward=at), volatility) / at

        delta = slope(in_coin, forward, 1.0) * forward
        bend = slope(lambda at, f=in_coin: slope(f, at, 10.0), forward, 10.0)
        assert float(row["delta"]) == pytest.approx(delta, rel=1e-4)
        assert float(row["gamma"]) == pytest.approx(bend * forward**2, rel=1e-3)
        assert in_coin(forward) == pytest.approx(1 / float(row["lever"]), rel=1e-5)


def test_a_summary_is_whole():
    """All options of a family in one go, with each member that OKX documents."""
    market = Market(7, start_ms=START)
    rows = market.first("opt-summary", "BTC-USD")
    market.watch("opt-summary", "BTC-USD")
    changes = market.advance(START + 3_000)

    assert [row["instId"] for row in rows] == market.inst_ids("OPTION")
    assert len(changes) == 3
    for change in changes:
        assert [row["instId"] for row in change.rows] == market.inst_ids("OPTION")
    for row in rows:
        bid, mark, ask = (float(row[key]) for key in ("bidVol", "markVol", "askVol"))
        assert set(row) == {
            "instType", "instId", "uly", "delta", "gamma", "vega", "theta", "lever",
            "markVol", "bidVol", "askVol", "realVol", "deltaBS", "gammaBS", "thetaBS",
            "vegaBS", "ts", "fwdPx", "volLv",
        }  # fmt: skip
        assert all(isinstance(value, str) for value in row.values())
        assert bid < mark < ask
        assert row["realVol"] == ""


def test_option_trades_have_the_market_around_them():
    """The trade's volatility is about that of the mark; ids follow each other."""
    market = Market(7, start_ms=START)
    market.watch("option-trades", "BTC-USD")
    rows = [change.rows[0] for change in market.advance(START + 120_000)]
    by_id = {}
    for row in rows:
        by_id.setdefault(row["instId"], []).append(int(row["tradeId"]))

    assert len(rows) > 20
    assert {row["optType"] for row in rows} == {"C", "P"}
    for row in rows:
        assert set(row) == {
            "fillVol", "fwdPx", "idxPx", "instFamily", "instId", "markPx", "optType",
            "px", "side", "sz", "tradeId", "ts",
        }  # fmt: skip
        assert 0.1 < float(row["fillVol"]) < 1.5
        assert math.isclose(float(row["px"]), float(row["markPx"]), rel_tol=0.2)
    for ids in by_id.values():
        assert ids == list(range(ids[0], ids[0] + len(ids)))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-1e-12, "0"), (1.5, "1.5"), (-0.25, "-0.25"), (3.0, "3")],
)
def test_fixed(value, text):
    """Decimal text without exponent, trailing zeros or a sign of nothing."""
    assert fixed(value) == text
