"""Tapes that know what follows: what they write, leave out and put on record."""

import pytest

from okxlab.history.times import parse_asked
from okxlab.protocol.arg import Arg
from okxlab.protocol.channels import channel
from okxlab.protocol.events import Push
from okxlab.protocol.rows import Candle, SingleTrade, Trade
from okxlab.stream.bars import BarTape
from okxlab.stream.funding import FundingTape
from okxlab.stream.sifted import make_tape
from okxlab.stream.tape import Tape
from okxlab.stream.trades import TradeTape
from okxlab.table import parse_window

BTC = Arg("trades", instId="BTC-USDT")
ETH = Arg("trades", instId="ETH-USDT")
BAR = Arg("candle1m", instId="BTC-USDT")
MONTH = Arg("candle1Mutc", instId="BTC-USDT")
START = 1_790_000_000_000
MINUTE = 60_000
SECOND = 1_000_000


def trades(*args):
    """Return a tape of trades."""
    args = args or (BTC,)
    window = parse_window(100)
    return TradeTape(channel("trades"), args, window, many=len(args) > 1)


def trade(last, count=1, ts=None):
    """Return a row of trades."""
    when = START + last if ts is None else ts
    return Trade(ts=when, trade_id=last, px=float(last), sz=1.0, count=count)


def match(number):
    """Return a match as REST has it."""
    return SingleTrade(ts=START + number, trade_id=number, px=float(number), sz=1.0)


def candle(minute, closed, close=1.0, vol=1.0):
    """Return a bar of a minute."""
    return Candle(START + minute * MINUTE, 1.0, 2.0, 0.5, close, vol, 1.0, 1.0, closed)


def push(tape, *rows, arg=BTC, at=1):
    """Let rows come."""
    tape.receive(Push(arg, list(rows)), at * SECOND)


def record(tape):
    """Return the ledger without its times."""
    frame = tape.gaps.snapshot()
    return [
        (
            row.reason,
            None if row.missing is not row.missing else row.missing,
            row.healed,
        )
        for row in frame.fillna({"missing": -1}).itertuples()
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("trades", TradeTape),
        ("trades-all", TradeTape),
        ("candle1m", BarTape),
        ("index-candle1H", BarTape),
        ("funding-rate", FundingTape),
        ("tickers", Tape),
        ("option-trades", Tape),
    ],
)
def test_channels_that_are_counted_have_such_a_tape(name, kind):
    """Trades and bars follow one another; nothing else promises to."""
    tape = make_tape(channel(name), (), parse_window(10))

    assert type(tape) is kind


def test_rows_that_follow_leave_no_trace():
    """Aggregates whose counts join on are written and no more."""
    tape = trades()
    push(tape, trade(10), trade(14, 4), trade(15))
    push(tape, trade(16))

    assert tape.table.snapshot()["trade_id"].to_list() == [10, 14, 15, 16]
    assert len(tape.gaps) == 0


def test_a_hole_is_counted_and_told():
    """A row further on opens a gap with the number of matches between."""
    tape, told = trades(), []
    tape.on_hole = told.append
    push(tape, trade(10), at=1)
    push(tape, trade(19, 3), at=5)
    frame = tape.gaps.snapshot()

    assert told == [BTC]
    assert tape.missing(BTC) == [(11, 17)]
    assert record(tape) == [("trade ids do not follow", 6, False)]
    assert frame["start"].iloc[0].timestamp() == 1
    assert frame["end"].iloc[0].timestamp() == 5


def test_a_hole_is_filled_and_the_gap_healed():
    """REST rows that are there already are left out; the rest stand in order."""
    tape = trades()
    push(tape, trade(10))
    push(tape, trade(14, 2))
    before = tape.table.snapshot()
    gained = tape.fill(BTC, [match(i) for i in range(5, 20)], 9 * SECOND)
    frame = tape.table.snapshot()

    assert gained == 2
    assert frame["trade_id"].to_list() == [10, 11, 12, 14]
    assert frame["origin"].to_list() == ["live", "history", "history", "live"]
    assert frame["count"].to_list() == [1, 1, 1, 2]
    assert before["trade_id"].to_list() == [10, 14]
    assert record(tape) == [("trade ids do not follow", 2, True)]
    assert tape.gaps.snapshot()["how"].to_list() == ["refilled from REST"]
    assert tape.latest.trade_id == 14


def test_a_lost_connection_that_cost_nothing_says_so():
    """The repeated last trade after a reconnect is proof that none was missed."""
    tape = trades()
    push(tape, trade(10))
    tape.lost([BTC], "connection lost", 2 * SECOND)
    tape.acknowledged(BTC, (), 3 * SECOND)
    waiting = record(tape)
    push(tape, trade(10), at=4)

    assert waiting == [("connection lost", -1, False)]
    assert record(tape) == [("connection lost", 0, True)]
    assert tape.repeats == 1
    assert len(tape.table) == 1


def test_what_a_lost_connection_cost_is_counted_in_its_gap():
    """The hole belongs to the gap that was opened, not to another one."""
    tape = trades()
    push(tape, trade(10))
    tape.lost([BTC], "connection lost", 2 * SECOND)
    tape.acknowledged(BTC, (), 3 * SECOND)
    push(tape, trade(15), at=4)

    assert record(tape) == [("connection lost", 4, False)]


def test_a_silent_arg_is_in_doubt_of_so_many_gaps_only():
    """Older ones stay open to doubt for good, and the ledger says why."""
    tape = trades()
    push(tape, trade(1))
    for _ in range(1_001):
        tape.missed("malformed frame", 2)
    push(tape, trade(2))
    gaps = tape.gaps.snapshot()

    assert gaps["healed"].tolist() == [False] + [True] * 1_000
    assert "1,000 gaps came after it" in gaps["how"].iloc[0]


def test_rows_from_rest_are_no_sign_of_life():
    """A hole that is filled while the connection is lost again settles only itself."""
    tape = trades()
    push(tape, trade(10), trade(12))
    tape.lost([BTC], "connection lost", 2 * SECOND)
    tape.fill(BTC, [match(11)], 3 * SECOND)
    between = record(tape)
    tape.acknowledged(BTC, (), 3 * SECOND)
    push(tape, trade(15), at=4)

    assert between == [
        ("trade ids do not follow", 1, True),
        ("connection lost", -1, False),
    ]
    assert record(tape)[1] == ("connection lost", 2, False)


def test_a_gap_of_many_instruments_is_healed_when_all_are():
    """One gap for the connection; each instrument has its own ids."""
    tape = trades(BTC, ETH)
    push(tape, trade(10))
    push(tape, trade(500), arg=ETH)
    tape.lost([BTC, ETH], "connection lost", 2 * SECOND)
    for arg in (BTC, ETH):
        tape.acknowledged(arg, (), 3 * SECOND)
    push(tape, trade(12), at=4)
    push(tape, trade(503), arg=ETH, at=4)
    counted = record(tape)
    tape.fill(BTC, [match(11)], 5 * SECOND)
    half = record(tape)
    tape.fill(ETH, [match(501), match(502)], 5 * SECOND)
    frame = tape.table.snapshot()

    assert counted == [("connection lost", 3, False)]
    assert half == [("connection lost", 3, False)]
    assert record(tape) == [("connection lost", 3, True)]
    assert frame[frame["inst_id"] == "ETH-USDT"]["trade_id"].to_list() == [
        500,
        501,
        502,
        503,
    ]


def test_what_cannot_be_had_stays_on_record():
    """A hole that is given up is not asked for again, and the gap says why."""
    tape = trades()
    push(tape, trade(10), trade(20), trade(30))
    tape.fill(BTC, [match(12)], 5 * SECOND)
    tape.give_up(BTC, "OKX does not have it", below=22)
    half = tape.missing(BTC)
    tape.give_up(BTC, "OKX does not have it")
    frame = tape.gaps.snapshot()

    assert half == [(22, 30)]
    assert tape.missing(BTC) == []
    assert frame["missing"].to_list() == [18]
    assert frame["healed"].to_list() == [False]
    assert frame["how"].to_list() == ["OKX does not have it"]


def test_doubles_are_left_out_and_late_rows_take_their_place():
    """A message that comes twice is written once, one that comes late where it was."""
    tape, heard = trades(), []
    tape.listen(heard.extend)
    push(tape, trade(10), trade(11))
    push(tape, trade(10), trade(11))
    push(tape, trade(13))
    push(tape, trade(12))
    frame = tape.table.snapshot()

    assert frame["trade_id"].to_list() == [10, 11, 12, 13]
    assert set(frame["origin"]) == {"live"}
    assert [row.trade_id for row in heard] == [10, 11, 13, 12]
    assert record(tape) == [("trade ids do not follow", 1, True)]
    assert tape.gaps.snapshot()["how"].to_list() == ["came late"]


def test_an_aggregate_that_is_half_there_is_left_to_rest():
    """It cannot be divided, and no match is to be counted twice."""
    tape = trades()
    push(tape, trade(10))
    push(tape, trade(20))
    tape.fill(BTC, [match(i) for i in range(11, 15)], 2 * SECOND)
    push(tape, trade(17, 5), at=3)
    missing = tape.missing(BTC)
    tape.fill(BTC, [match(i) for i in range(11, 20)], 4 * SECOND)

    assert missing == [(15, 20)]
    assert tape.table.snapshot()["trade_id"].to_list() == list(range(10, 21))


def test_history_comes_first_and_joins_on():
    """Rows before the first live one, without those that are there already."""
    tape, told = trades(), []
    tape.on_hole = told.append
    tape.ask(parse_asked(5))
    tape.ask(parse_asked(5))
    push(tape, trade(20))
    tape.fill(BTC, [match(i) for i in range(15, 22)], SECOND, is_past=True)

    assert told == [BTC]
    assert tape.table.snapshot()["trade_id"].to_list() == list(range(15, 21))
    assert len(tape.gaps) == 0


def test_history_may_come_before_the_first_live_row():
    """A quiet market shows its past at once; the live rows follow it."""
    tape = trades()
    tape.fill(BTC, [match(i) for i in range(15, 18)], SECOND, is_past=True)
    latest = tape.latest
    push(tape, trade(17))
    push(tape, trade(19))

    assert latest.trade_id == 17
    assert tape.table.snapshot()["trade_id"].to_list() == [15, 16, 17, 19]
    assert tape.missing(BTC) == [(18, 19)]


def test_ids_that_begin_anew_are_taken_and_put_on_record():
    """An exchange that counts from the start again does not silence the stream."""
    tape = trades()
    push(tape, trade(1_000))
    push(tape, trade(5, ts=START + 60_000))
    push(tape, trade(6, ts=START + 60_001))

    assert tape.table.snapshot()["trade_id"].to_list() == [1_000, 5, 6]
    assert record(tape) == [("trade ids began anew", -1, False)]


def test_a_clock_that_jumps_is_no_new_count_of_ids():
    """What is old or late stays so, whatever time the exchange has stamped on it."""
    tape = trades()
    push(tape, *(trade(n, ts=START + n) for n in range(100, 104)))
    push(tape, trade(104, ts=START - 60_000))  # set back
    push(tape, trade(103, ts=START + 103))  # and a repeat from before
    push(tape, trade(106, ts=START + 106))
    push(tape, trade(105, ts=START + 90_000))  # a late one, stamped far ahead

    assert tape.table.snapshot()["trade_id"].tolist() == list(range(100, 107))
    assert [reason for reason, *_ in record(tape)] == ["trade ids do not follow"]
    assert tape.gaps.snapshot()["healed"].all()


def test_each_instrument_has_a_time_of_its_own():
    """A busy instrument does not make the repeated trade of a quiet one look new."""
    tape = trades(BTC, ETH)
    push(tape, trade(10, ts=START + 90_000))
    push(tape, trade(500, ts=START), arg=ETH)
    push(tape, trade(10, ts=START + 90_000))

    assert len(tape.table) == 2
    assert len(tape.gaps) == 0


def test_rows_without_a_count_are_written_as_they_come():
    """OKX's layout of before 2025 cannot be chained, and is believed."""
    tape = trades()
    push(tape, trade(10, ""))
    push(tape, trade(15, ""))
    push(tape, trade(15))
    push(tape, trade(16, ""))

    assert tape.table.snapshot()["trade_id"].to_list() == [10, 15, 15, 16]
    assert len(tape.gaps) == 0


def bars(*args):
    """Return a tape of bars."""
    return BarTape(
        channel((args or (BAR,))[0].channel), args or (BAR,), parse_window(99)
    )


def test_bars_that_follow_leave_no_trace():
    """Open, growing, closed, the next one."""
    tape = bars()
    for minute, closed in [(0, False), (0, False), (0, True), (1, False), (1, True)]:
        push(tape, candle(minute, closed), arg=BAR)
    push(tape, candle(2, closed=True), candle(3, closed=False), arg=BAR)

    assert len(tape.table) == 4
    assert len(tape.gaps) == 0


def test_bars_that_are_missing_or_never_closed_are_counted():
    """The bar whose end was not seen and the ones that were not seen at all."""
    tape = bars()
    push(tape, candle(0, closed=False), arg=BAR)
    push(tape, candle(3, closed=False), arg=BAR, at=2)
    counted = record(tape)
    tape.fill(BAR, [candle(i, closed=True) for i in range(-3, 3)], 3 * SECOND)
    frame = tape.table.snapshot()

    assert counted == [("bars do not follow one another", 3, False)]
    assert record(tape) == [("bars do not follow one another", 3, True)]
    assert frame["confirm"].to_list() == [True, True, True, False]
    assert frame["origin"].to_list() == ["history"] * 3 + ["live"]


def test_an_open_bar_never_replaces_a_closed_one():
    """A message that was held up on the way is older than what it would replace."""
    tape = bars()
    push(tape, candle(0, closed=True, close=5.0), candle(1, closed=False), arg=BAR)
    push(tape, candle(0, closed=False, close=3.0), arg=BAR)
    tape.fill(BAR, [candle(0, closed=False), candle(1, closed=False, close=7.0)], 9)
    kept = tape.table.snapshot()
    push(tape, candle(0, closed=True, close=6.0), arg=BAR)

    assert kept["close"].to_list() == [5.0, 1.0]
    assert tape.table.snapshot()["close"].to_list() == [6.0, 1.0]
    assert tape.repeats == 1


def test_an_update_of_less_volume_is_older_than_what_is_there():
    """A replayed update of the open bar is left out; the next one and the end are not."""
    tape = bars()
    push(tape, candle(0, closed=False, close=2.0, vol=5.0), arg=BAR)
    push(tape, candle(0, closed=False, close=1.0, vol=4.0), arg=BAR)
    replayed = tape.table.snapshot()
    push(tape, candle(0, closed=False, close=3.0, vol=""), arg=BAR)
    unsaid = tape.table.snapshot()
    push(tape, candle(0, closed=True, close=4.0, vol=3.0), arg=BAR)
    push(tape, candle(1, closed=False, close=5.0, vol=0.5), arg=BAR)

    assert replayed["close"].to_list() == [2.0]
    assert unsaid["close"].to_list() == [3.0]
    assert tape.table.snapshot()["close"].to_list() == [4.0, 5.0]
    assert tape.repeats == 1


def test_months_follow_one_another():
    """Bars of uneven length are joined by the calendar."""
    tape = bars(MONTH)
    january, february, march = 1_767_225_600_000, 1_769_904_000_000, 1_772_323_200_000
    for ts, closed in [(january, True), (february, True), (march, False)]:
        row = Candle(ts, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, closed)
        push(tape, row, arg=MONTH)

    assert len(tape.gaps) == 0


def test_a_subscription_without_an_answer_is_a_gap():
    """Rows may be coming that nobody sends here; the gap ends with the answer."""
    tape = trades()
    tape.unanswered(BTC, 5 * SECOND)
    tape.unanswered(BTC, 6 * SECOND)
    lasting = tape.gaps.snapshot()["end"].isna().to_list()
    tape.acknowledged(BTC, (), 9 * SECOND)
    push(tape, trade(1), at=10)

    assert lasting == [True]
    assert tape.gaps.snapshot()["end"].notna().all()
    assert len(tape.gaps) == 1


def test_streams_without_a_past_say_that_nothing_heals_them():
    """A gap of tickers stays, and says why from the start."""
    arg = Arg("tickers", instId="BTC-USDT")
    tape = Tape(channel("tickers"), (arg,), parse_window(10))
    tape.acknowledged(arg, (), 1)
    tape.lost([arg], "connection lost", 2)

    assert tape.gaps.snapshot()["how"].to_list() == ["nothing to heal tickers from"]
