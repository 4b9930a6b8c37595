"""The hostile list, one item at a time: what each costs, and that nothing is wrong."""

import threading

import pytest

import okxlab
from okxlab.errors import LoginError, SubscriptionError
from tests.soak.stage import KEY, START_MS, TIMINGS

pytestmark = pytest.mark.simulated

PATIENCE = 60.0
"""Longest wait for something that must happen [s]; slow machines are no bug."""


@pytest.fixture
def market():
    """Give a market that moves when it is told to."""
    with okxlab.Simulator(seed=11, start=START_MS, speed=0) as simulator:
        yield simulator


@pytest.fixture
def lab(market):
    """Give a lab on that market which comes back quickly, and waits for answers."""
    environment = okxlab.Environment(
        market.ws, market.rest, **TIMINGS | {"ack_timeout": 30.0}
    )
    with okxlab.connect(environment) as lab:
        yield lab


def until(stream, condition):
    """Wait until something is so; streams wake their waiters on every change."""
    assert stream._tape.wait_for(condition, PATIENCE), (stream, stream.stats)


def until_served(*streams):
    """Wait until every subscription was acknowledged."""
    for stream in streams:
        until(stream, lambda one=stream: one.status in ("waiting", "live"))


def test_a_burst_of_100_000_messages_arrives_whole(lab, market):
    """Each message is taken, and the last one counts."""
    stream = lab.stream("BTC-USDT")
    until_served(stream)
    burst = market.faults.burst(100_000, "BTC-USDT")
    while not burst.hits:
        market.step(0.5)
    before = stream.stats.rows
    until(stream, lambda: stream.stats.rows >= 100_000)

    assert before >= 0
    assert stream.stats.frames >= 100_000
    assert stream.status == "live"
    assert stream.stats.errors == 0


def test_one_bad_arg_among_a_hundred_costs_only_itself():
    """The others are subscribed to; the bad one is named."""
    with (
        okxlab.Simulator(seed=2, start=START_MS, speed=0, instruments=300) as market,
        okxlab.connect(market) as lab,
    ):
        names = list(lab.instruments("SPOT").index)
        names += list(lab.instruments("SWAP").index)
        names = [*names[:50], "NOPE-USDT", *names[50:99]]
        stream = lab.stream(names, "price-limit")
        until(stream, lambda: stream.status in ("waiting", "live"))
        states = stream._tape._states
        until(stream, lambda: set(states.values()) <= {"waiting", "live", "refused"})
        refused = [arg.inst_id for arg, one in states.items() if one == "refused"]

        assert len(names) == 100
        assert refused == ["NOPE-USDT"]
        assert "NOPE-USDT" in stream.stats.last_error


def test_a_refusal_after_the_ack_ends_the_stream(lab, market):
    """An ack is no promise: the refusal behind it is told."""
    market.faults.refuse_acks(after_ack=True, count=1)
    stream = lab.stream("BTC-USDT")
    with pytest.raises(SubscriptionError):
        stream.wait(1, timeout=PATIENCE)

    assert stream.status == "refused"


def test_numbers_that_are_empty_are_missing(lab, market):
    """They are NaN, never 0, and what follows is not touched."""
    stream = lab.stream("BTC-USDT")
    until_served(stream)
    blanking = market.faults.blank_numbers("BTC-USDT")
    while not blanking.hits:
        market.step(0.2)
    market.step(2.0)
    until(stream, lambda: stream.df["last"].isna().any())
    until(stream, lambda: stream.df["last"].notna().iloc[-1])
    frame = stream.df

    assert frame["last"].isna().sum() == frame["ask_px"].isna().sum() == 1
    assert not (frame["last"] == 0).any()


def test_rows_of_a_channel_nobody_asked_for_are_let_be(lab, market):
    """Not even of a channel that exists."""
    stream = lab.stream("BTC-USDT")
    until_served(stream)
    text = (
        '{"arg":{"channel":"trades","instId":"ETH-USDT"},"data":[{"instId":"ETH-USDT",'
        '"tradeId":"1","px":"1","sz":"1","side":"buy","ts":"1","count":"1"}]}'
    )
    sent = market.faults.send(text)
    market.step(3.0)
    until(stream, lambda: stream.stats.rows > 1)

    assert sent == 1
    assert set(stream.df.get("inst_id", ["BTC-USDT"])) == {"BTC-USDT"}
    assert stream.status == "live"


@pytest.mark.parametrize("fault", ["refuse_logins", "revoke_logins"])
def test_a_login_that_is_taken_away_is_told(market, fault):
    """The private stream ends with the reason; public ones go on."""
    environment = okxlab.Environment(market.ws, market.rest, **TIMINGS)
    with okxlab.connect(environment, credentials=KEY) as lab:
        ticker = lab.stream("BTC-USDT")
        until_served(ticker)
        if fault == "revoke_logins":
            private = lab.stream(channel="account")
            until(private, lambda: len(private) > 0)
            market.faults.revoke_logins()
        else:
            market.faults.refuse_logins(code="60005", msg="Invalid apiKey")
            private = lab.stream(channel="account")
        until(private, lambda: private.status in ("refused", "failed"))
        with pytest.raises(LoginError) as told:
            private.wait(1, timeout=PATIENCE)
        market.step(2.0)
        until(ticker, lambda: ticker.status == "live")

    assert "60005" in str(told.value)


def test_a_login_that_is_late_is_waited_for(market):
    """An answer within the time that is allowed is an answer."""
    environment = okxlab.Environment(market.ws, market.rest, **TIMINGS)
    late = market.faults.delay_logins(0.5)
    with okxlab.connect(environment, credentials=KEY) as lab:
        private = lab.stream(channel="account")
        until(private, lambda: len(private) > 0)

        assert late.hits == 1
        assert private.stats.reconnects == 0


def test_a_jump_of_the_exchange_s_clock_costs_a_login_at_most(market):
    """It is refused by a time that is wrong now, and tried again by the right one."""
    environment = okxlab.Environment(market.ws, market.rest, **TIMINGS)
    with okxlab.connect(environment, credentials=KEY) as lab:
        private = lab.stream(channel="account")
        until(private, lambda: len(private) > 0)
        for jump in (100.0, -100.0, 100.0, -100.0, 0.0):  # more than a login's attempts
            with market.faults.jump_clock(jump):
                before = private.stats.reconnects
                market.faults.drop(path="private")
                until(private, lambda n=before: private.stats.reconnects > n)
                until(private, lambda: private.status == "live")

        assert "60006" in private.stats.last_error
        assert private.status == "live"


def test_a_jump_of_the_exchange_s_clock_is_measured():
    """The exchange is asked again what time it is, and the lag is right by that."""
    with okxlab.Simulator(seed=11) as market, okxlab.connect(market) as lab:
        stream = lab.stream("BTC-USDT")
        until(stream, lambda: stream.stats.rows > 0)
        until(stream, lambda: stream._tape.offset.error_us < 1e6)
        with market.faults.jump_clock(60.0):
            until(stream, lambda: stream._tape.offset.us > 50e6)
            until(stream, lambda: abs(stream.stats.lag) < 2.0)

        assert len(stream.gaps) == stream.stats.reconnects == 0


def test_a_busy_main_thread_costs_no_row(market):
    """A cell that computes holds the interpreter, and the feed goes on beside it."""
    # The exchange is in this process and waits for the interpreter as well.
    environment = okxlab.Environment(
        market.ws, market.rest, **TIMINGS | {"pong_timeout": 10.0}
    )
    with okxlab.connect(environment) as lab:
        _compute_beside(lab, market)


def _compute_beside(lab, market):
    stream = lab.stream("BTC-USDT", "trades")
    until_served(stream)
    market.step(2.0)
    until(stream, lambda: len(stream) > 0)
    done = threading.Event()

    def play():
        for _ in range(60):
            market.step(0.5)
        done.set()

    playing = threading.Thread(target=play)
    playing.start()
    total = 0
    while not done.is_set():  # many times the ping interval
        total += sum(range(20_000))
    playing.join()
    row = market._serving.reach(lambda exchange: exchange.market.trades("BTC-USDT", 1))
    newest = int(row[0]["tradeId"])
    until(stream, lambda: stream.df["trade_id"].iloc[-1] == newest)

    assert total > 0
    assert stream.stats.reconnects == 0
    assert (stream.df["origin"] == "live").all()
    assert (
        stream.df["count"].sum()
        == newest - stream.df["trade_id"].iloc[0] + (stream.df["count"].iloc[0])
    )


def test_callbacks_that_block_or_raise_cost_no_row(lab, market):
    """They harm nobody but themselves, and are counted."""
    stream = lab.stream("BTC-USDT", "trades")
    released, entered = threading.Event(), threading.Event()

    @stream.on_update
    def block(_):
        entered.set()
        released.wait(PATIENCE)

    @stream.on_update
    def fail(_):
        raise RuntimeError("mine")

    until_served(stream)
    market.step(2.0)
    assert entered.wait(PATIENCE)
    for _ in range(20):
        market.step(0.5)
    row = market._serving.reach(lambda exchange: exchange.market.trades("BTC-USDT", 1))
    until(stream, lambda: stream.df["trade_id"].iloc[-1] == int(row[0]["tradeId"]))
    released.set()
    for callback in (block, fail):
        callback.stop()

    assert len(stream.gaps) == 0
    assert stream.status == "live"


def test_two_thousand_subscriptions_come_back():
    """They are shared out over connections, and are all there after a loss."""
    with okxlab.Simulator(seed=2, start=START_MS, speed=0, instruments=1_400) as market:
        environment = okxlab.Environment(
            market.ws, market.rest, backoff_initial=0.02, connects_per_second=100
        )
        with okxlab.connect(environment) as lab:
            names = [
                name
                for kind in ("SPOT", "SWAP")
                for name in lab.instruments(kind).index
            ][:1_000]
            streams = [lab.stream(names, one) for one in ("mark-price", "price-limit")]
            until_all(streams)
            connections = len(lab.status.connections)
            before = [stream.stats.reconnects for stream in streams]
            dropped = market.faults.drop()
            for stream, count in zip(streams, before, strict=True):
                until(stream, lambda s=stream, n=count: s.stats.reconnects > n)
            until_all(streams)

            assert [len(stream._tape.args) for stream in streams] == [1_000, 1_000]
            assert dropped == connections == 9


def until_all(streams):
    """Wait until every arg of every stream is served."""
    for stream in streams:
        states = stream._tape._states
        until(stream, lambda s=states: set(s.values()) <= {"waiting", "live"})
