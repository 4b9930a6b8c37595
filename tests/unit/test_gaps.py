"""okxlab.gaps: the ledger of what is or may be missing."""

from __future__ import annotations

import pandas as pd
import pytest

from okxlab.gaps import Gap, GapLedger

SECOND = 1_000_000
DTYPES = {
    "start": "datetime64[us, UTC]",
    "end": "datetime64[us, UTC]",
    "reason": "str",
    "missing": "Int64",
    "healed": "bool",
    "how": "str",
}


def test_ledger_begins_empty():
    """Without a gap there is a frame without rows, of the same dtypes as later."""
    ledger = GapLedger()
    empty = ledger.snapshot()
    ledger.open("connection lost", 5 * SECOND)
    lasting = ledger.snapshot()
    ledger.close(7 * SECOND)
    over = ledger.snapshot()

    assert len(empty) == 0
    for frame in (empty, lasting, over):
        assert all(frame.dtypes == pd.Series(DTYPES))


def test_gap_lasts_until_it_is_closed():
    """The end of a gap is NaT while it lasts."""
    ledger = GapLedger()
    opened = ledger.open("connection lost", 5 * SECOND)
    lasting = ledger.snapshot()
    closed = ledger.close(7 * SECOND)
    over = ledger.snapshot()

    assert opened == Gap("connection lost", 5 * SECOND)
    assert opened.is_open
    assert closed == Gap("connection lost", 5 * SECOND, 7 * SECOND)
    assert not closed.is_open
    assert not ledger.is_open
    assert lasting["end"].isna().all()
    assert over["start"].to_list() == [pd.Timestamp(5, unit="s", tz="UTC")]
    assert over["end"].to_list() == [pd.Timestamp(7, unit="s", tz="UTC")]
    assert over["reason"].to_list() == ["connection lost"]


def test_trouble_in_a_gap_begins_no_other():
    """While a gap lasts, opening one returns it with its reason and its start."""
    ledger = GapLedger()
    first = ledger.open("connection lost", 5 * SECOND)
    ledger.add("sequence break", 1 * SECOND, 2 * SECOND)

    assert ledger.open("no pong", 6 * SECOND) is first
    assert ledger.is_open
    assert len(ledger) == 2
    assert ledger.close(9 * SECOND) == Gap("connection lost", 5 * SECOND, 9 * SECOND)
    assert ledger.open("no pong", 11 * SECOND) == Gap("no pong", 11 * SECOND, number=2)
    assert len(ledger) == 3


def test_closing_without_a_gap_does_nothing():
    """A first connection closes no gap."""
    ledger = GapLedger()

    assert ledger.close(SECOND) is None
    assert len(ledger) == 0


def test_gap_never_ends_before_it_begins():
    """A clock that differs makes a gap of no length, not one of less."""
    ledger = GapLedger()
    ledger.open("connection lost", 5 * SECOND)

    assert ledger.close(4 * SECOND) == Gap("connection lost", 5 * SECOND, 5 * SECOND)
    with pytest.raises(ValueError, match="before"):
        ledger.add("sequence break", 2, 1)


def test_snapshot_is_the_users_own():
    """Later gaps leave a frame alone, and writing into it leaves the ledger alone."""
    ledger = GapLedger()
    ledger.add("sequence break", 1, 2)
    frame = ledger.snapshot()
    kept = frame.copy()
    ledger.add("connection lost", 3, 4)
    pd.testing.assert_frame_equal(kept, frame)
    frame.loc[0, "reason"] = "mine"

    assert ledger.snapshot()["reason"].to_list() == [
        "sequence break",
        "connection lost",
    ]


def test_what_becomes_of_a_gap_is_written_down():
    """Rows lost, whether they were put back, and how."""
    ledger = GapLedger()
    first = ledger.add("connection lost", 1 * SECOND, 2 * SECOND)
    second = ledger.add("connection lost", 3 * SECOND, 4 * SECOND)
    ledger.change(first.number, missing=12)
    before = ledger.snapshot()
    ledger.change(first.number, is_healed=True, how="refilled")

    after = ledger.snapshot()

    assert before["missing"].to_list() == [12, pd.NA]
    assert before["healed"].to_list() == [False, False]
    assert after["healed"].to_list() == [True, False]
    assert after["how"].fillna("").to_list() == ["refilled", ""]
    assert ledger.unhealed == 1
    assert ledger.find(second.number) == second


def test_a_stream_that_cannot_be_healed_says_why():
    """The reason stands there from the start."""
    ledger = GapLedger("OKX keeps no history of tickers")
    ledger.add("connection lost", 1, 2)

    assert ledger.snapshot()["how"].to_list() == ["OKX keeps no history of tickers"]


def test_only_the_newest_gaps_are_kept():
    """A connection that flaps for days does not fill the memory."""
    ledger = GapLedger(bound=3)
    numbers = [ledger.add("lost", i, i).number for i in range(5)]
    lasting = ledger.open("lost", 9)
    for i in range(3):
        ledger.add("torn", i, i)

    assert numbers == [0, 1, 2, 3, 4]
    assert ledger.find(1) is None
    assert ledger.change(1, missing=5) is None
    assert len(ledger) == 9
    assert len(ledger.snapshot()) == 3
    assert ledger.find(lasting.number) is None
    assert ledger.close(20) is None
    assert not ledger.is_open
    assert ledger.open("lost again", 30).number == 9
