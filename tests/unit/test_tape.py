"""The written side of a stream, without a network."""

import math

import pytest

from okxlab.errors import SubscriptionError
from okxlab.protocol.arg import Arg
from okxlab.protocol.channels import channel
from okxlab.protocol.events import Push
from okxlab.protocol.rows import Trade
from okxlab.stream.tape import Tape
from okxlab.table import parse_window

BTC = Arg("trades", instId="BTC-USDT")
ETH = Arg("trades", instId="ETH-USDT")
SECOND = 1_000_000


def tape(*args, **options):
    """Return a tape of trades."""
    return Tape(channel("trades"), args or (BTC,), parse_window(100), **options)


def trade(number=1, ts=1_790_000_000_000):
    """Return a trade."""
    return Trade(ts=ts, trade_id=number, px=100.0 + number, sz=1.0, side="buy")


def test_the_life_of_a_tape():
    """Connecting, waiting, live, reconnecting, live again, closed."""
    one = tape()
    seen = [one.status]
    one.acknowledged(BTC, (), 0)
    seen.append(one.status)
    one.receive(Push(BTC, [trade()]), 1 * SECOND)
    seen.append(one.status)
    one.lost([BTC], "connection lost: reset", 2 * SECOND)
    seen.append(one.status)
    one.acknowledged(BTC, (), 3 * SECOND)
    seen.append(one.status)
    one.receive(Push(BTC, [trade(2)]), 4 * SECOND)
    seen.append(one.status)
    one.close()
    seen.append(one.status)

    assert seen == [
        "connecting",
        "waiting",
        "live",
        "reconnecting",
        "waiting",
        "live",
        "closed",
    ]


def test_a_gap_is_from_the_last_sign_of_life_to_the_new_subscription():
    """Start, end and reason of a hole are on record."""
    one = tape()
    one.receive(Push(BTC, [trade()]), 1 * SECOND)
    one.lost([BTC], "connection lost: reset", 2 * SECOND)
    open_gap = one.gaps.snapshot()
    one.acknowledged(BTC, (), 5 * SECOND)
    [closed] = one.gaps.snapshot().to_dict("records")

    assert open_gap["end"].isna().all()
    assert closed["start"].timestamp() == 2
    assert closed["end"].timestamp() == 5
    assert closed["reason"] == "connection lost: reset"


def test_no_gap_before_the_first_subscription():
    """What was never served cannot be missing."""
    one = tape()
    one.lost([BTC], "connection lost: reset", 2 * SECOND)

    assert len(one.gaps) == 0
    assert one.status == "connecting"


def test_one_gap_spans_all_instruments():
    """A second loss before the first is mended belongs to the same hole."""
    one = tape(BTC, ETH, many=True)
    one.receive(Push(BTC, [trade()]), 1 * SECOND)
    one.receive(Push(ETH, [trade()]), 1 * SECOND)
    one.lost([BTC], "first", 2 * SECOND)
    one.lost([ETH], "second", 3 * SECOND)
    one.receive(Push(BTC, [trade(2)]), 4 * SECOND)
    assert one.gaps.snapshot()["end"].isna().all()
    one.receive(Push(ETH, [trade(2)]), 5 * SECOND)

    [gap] = one.gaps.snapshot().to_dict("records")
    assert (gap["start"].timestamp(), gap["end"].timestamp()) == (2, 5)
    assert one.status == "live"


def test_one_refused_instrument_does_not_end_the_others():
    """Only when all are refused is the stream refused."""
    one = tape(BTC, ETH, many=True)
    one.receive(Push(BTC, [trade()]), 1 * SECOND)
    error = SubscriptionError("no", code="60018")
    one.refused(ETH, error, 2 * SECOND)
    assert (one.status, one.failure, one.stats().errors) == ("live", None, 1)
    one.refused(BTC, error, 2 * SECOND)

    assert one.status == "refused"
    assert one.failure is error
    assert len(one.table) == 1


def test_lag_is_receive_time_less_exchange_time():
    """Known for logs and series where clocks agree, else NaN."""
    one, other = tape(), tape(lag_known=False)
    ts = 1_790_000_000_000
    for each in (one, other):
        each.receive(Push(BTC, [trade(ts=ts)]), ts * 1_000 + 250_000)

    assert one.lag == pytest.approx(0.25)
    assert math.isnan(other.lag)
    assert math.isnan(tape().lag)


def test_rate_is_rows_a_second():
    """Counted over the samples of the last ten seconds."""
    one = tape()
    one.sample(100.0)
    assert math.isnan(one.rate)
    for second in range(1, 21):
        one.receive(Push(BTC, [trade(), trade()]), second * SECOND)
        one.sample(100.0 + second)

    assert one.rate == 2.0


def test_listeners_hear_of_rows():
    """Whoever listens is called with the rows of each message."""
    one, heard = tape(), []
    one.listen(heard.append)
    one.receive(Push(BTC, [trade(1)]), 1)
    one.unlisten(heard.append)
    one.receive(Push(BTC, [trade(2)]), 2)

    assert [row.trade_id for rows in heard for row in rows] == [1]
    assert one.latest.trade_id == 2


def test_dropped_keys_are_counted_and_said():
    """A stream that is wider than asked for says so."""
    one = tape()
    one.acknowledged(BTC, ("instFamily",), 0)

    assert one.stats().dropped == 1
    assert "instFamily" in one.stats().last_error
