"""What is listed, and what it says of itself."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest

from okxlab.simulator.instruments import TYPES
from okxlab.simulator.listing import asset, listing

START = 1_795_000_000_000
NEEDED = ("BTC-USDT", "ETH-USDT", "SOL-USDT", "BTC-USDT-SWAP", "ETH-USDT-SWAP")
FORMS = {
    "SPOT": r"[A-Z0-9]+-[A-Z]+",
    "SWAP": r"[A-Z0-9]+-(USDT|USD)-SWAP",
    "FUTURES": r"[A-Z0-9]+-USDT-\d{6}",
    "OPTION": r"(BTC|ETH)-USD-\d{6}-\d+-[CP]",
}
MEMBERS = """
    instType instId instIdCode seriesId uly instFamily groupId category baseCcy
    quoteCcy settleCcy ctVal ctMult ctValCcy ctType optType stk listTime
    auctionEndTime contTdSwTime preMktSwTime openType expTime lever tickSz lotSz
    minSz alias state ruleType maxLmtSz maxMktSz maxTwapSz maxIcebergSz
    maxTriggerSz maxStopSz maxLmtAmt maxMktAmt futureSettlement instCategory upcChg
"""


def listed(many, start=START):
    """Return a listing around typical prices."""
    return listing(start, lambda one: one.base, many=many)


@pytest.mark.parametrize("many", [20, 300, 2_000])
def test_as_many_are_listed_as_asked_for(many):
    """Ids and codes are unique and well-formed, and every type is there."""
    found = listed(many)

    assert many == len(found)
    assert (
        many == len({one.inst_id for one in found}) == len({one.code for one in found})
    )
    assert {*TYPES} == {one.inst_type for one in found[:20]}
    assert {*NEEDED} <= {one.inst_id for one in found[:5]}
    for one in found:
        assert re.fullmatch(FORMS[one.inst_type], one.inst_id)


def test_a_longer_list_begins_with_the_shorter():
    """Asking for more changes nothing of what was listed."""
    assert listed(20) == listed(200)[:20]
    assert listed(3) == listed(20)[:3]


def test_rows_have_every_member_of_the_reference():
    """Each row has all members, as text but for the code and a boolean."""
    for one in listed(60):
        row = one.row("live", 1000)

        assert {*MEMBERS.split()} == {*row}
        assert isinstance(row.pop("instIdCode"), int)
        assert row.pop("futureSettlement") is (one.inst_type == "FUTURES")
        assert row.pop("upcChg") == []
        assert all(isinstance(value, str) for value in row.values())
        assert Decimal(row["minSz"]) % Decimal(row["lotSz"]) == 0
        spot = one.inst_type == "SPOT"
        assert bool(row["baseCcy"]) == spot == (not row["uly"])
        assert bool(row["ctVal"]) != spot
        assert bool(row["expTime"]) == (one.inst_type in {"FUTURES", "OPTION"})
        assert bool(row["stk"]) == bool(row["optType"]) == (one.inst_type == "OPTION")


@pytest.mark.parametrize("start", [START, 1_600_000_000_000, 1_899_999_999_999])
def test_expiries_are_fridays_ahead(start):
    """Futures and options end on a Friday at 08:00 UTC, weeks after the start."""
    for one in listed(120, start):
        if one.exp_ms:
            end = dt.datetime.fromtimestamp(one.exp_ms / 1000, dt.UTC)
            assert (end.isoweekday(), end.hour, end.minute) == (5, 8, 0)
            assert f"{end:%y%m%d}" in one.inst_id
            assert one.exp_ms - start > 20 * 86_400_000
            assert one.list_ms < start


def test_terms_are_those_of_okx():
    """The best known instruments have the contract terms that OKX has."""
    rows = {one.inst_id: one.row("live", 1) for one in listed(20)}

    def terms(inst_id, *names):
        return tuple(rows[inst_id][name] for name in names)

    assert terms("BTC-USDT", "tickSz", "lotSz") == ("0.1", "0.00000001")
    swap = terms("BTC-USDT-SWAP", "tickSz", "ctVal", "ctValCcy", "settleCcy", "ctType")
    assert swap == ("0.1", "0.01", "BTC", "USDT", "linear")
    inverse = terms("BTC-USD-SWAP", "ctVal", "ctValCcy", "settleCcy", "ctType")
    assert inverse == ("100", "USD", "BTC", "inverse")
    assert terms("ETH-USDT-SWAP", "tickSz", "ctVal") == ("0.01", "0.1")


def test_invented_assets_have_prices_and_ticks():
    """Beyond the known ones there are names, prices and ticks all the same."""
    for rank in range(200, 1500, 13):
        one = asset(rank)

        assert re.fullmatch(r"[A-Z]{4,6}X?", one.name)
        assert 1_000 <= Decimal(one.price) / Decimal(one.tick.text(1)) < 100_000
        assert one.base > 0
