"""Streams against a real socket: what a notebook does, and what may go wrong."""

import asyncio
import threading

import pandas as pd
import pytest

import okxlab
from okxlab import errors

PATIENCE = 30.0
"""Longest wait for something that must happen [s]; slow machines are no bug."""


@pytest.fixture
def lab(simulator):
    """Give a lab on the shared simulator, not held back by OKX's connect rate."""
    environment = okxlab.Environment(
        simulator.ws, simulator.rest, connects_per_second=100
    )
    with okxlab.connect(environment) as lab:
        yield lab


@pytest.fixture
def own():
    """Give a simulator to be disturbed, and a lab on it."""
    with okxlab.Simulator(seed=3) as simulator:
        environment = okxlab.Environment(
            simulator.ws,
            simulator.rest,
            backoff_initial=0.05,
            backoff_max=0.2,
            connects_per_second=100,
        )
        with okxlab.connect(environment) as lab:
            yield simulator, lab


def until(stream, condition):
    """Wait until something is so; streams wake their waiters on every change."""
    assert stream._tape.wait_for(condition, PATIENCE), (stream, stream.stats)


@pytest.mark.usefixtures("lab")
def test_the_first_line_of_the_readme():
    """A ticker stream fills a typed frame, without await and without a loop."""
    stream = okxlab.stream("BTC-USDT")

    came = stream.wait(3, timeout=PATIENCE)

    assert len(came) >= 3
    assert stream.status == "live"
    assert stream.df.index.dtype == "datetime64[ms, UTC]"
    assert stream.df["last"].dtype == "float64"
    assert stream.df["last"].notna().all()
    assert list(stream.df.columns) == list(
        okxlab.channels("tickers").index.drop(["ts", "inst_id"])
    )
    assert stream.latest.last == stream.df["last"].iloc[-1] or len(stream.df) >= 3


@pytest.mark.parametrize(
    ("inst_id", "channel"),
    [
        ("BTC-USDT", "trades"),
        ("BTC-USDT", "trades-all"),
        ("BTC-USDT", "books5"),
        ("BTC-USDT", "bbo-tbt"),
        ("BTC-USDT", "candle1m"),
        ("BTC-USDT-SWAP", "mark-price-candle1m"),
        ("BTC-USDT", "index-candle1m"),
        ("BTC-USDT-SWAP", "mark-price"),
        ("BTC-USDT", "index-tickers"),
        ("BTC-USDT-SWAP", "funding-rate"),
        ("BTC-USDT-SWAP", "open-interest"),
        ("BTC-USDT-SWAP", "price-limit"),
    ],
)
def test_every_instrument_channel_brings_rows(lab, inst_id, channel):
    """Each channel arrives on its own path with the dtypes of the registry."""
    stream = lab.stream(inst_id, channel)
    before = stream.df.dtypes

    stream.wait(1, timeout=PATIENCE)

    pd.testing.assert_series_equal(before, stream.df.dtypes)
    assert len(stream.df)
    assert stream.stats.errors == 0


def test_instruments_as_a_stream_and_as_a_list(lab):
    """The state channel holds the whole list, however little is pushed."""
    stream = lab.stream(channel="instruments", inst_type="SPOT")
    # Not `wait`: the list may have come before the call.
    assert stream._tape.wait_for(lambda: len(stream.df) > 0, PATIENCE)
    listed = lab.instruments("SPOT")

    assert "BTC-USDT" in stream.df.index
    assert set(listed.index) == set(stream.df.index)
    assert listed.dtypes.equals(stream.df.dtypes)


def test_events_are_listed_series_by_series(lab):
    """The stream shows which series there are, and the list wants one of them."""
    stream = lab.stream(channel="instruments", inst_type="EVENTS")
    # Not `wait`: the list may have come before the call.
    assert stream._tape.wait_for(lambda: len(stream.df) > 0, PATIENCE)
    series = stream.df["series_id"].iloc[0]
    listed = lab.instruments("EVENTS", series_id=series)

    assert set(listed["series_id"]) == {series}
    assert set(listed.index) <= set(stream.df.index)
    with pytest.raises(errors.ChannelError, match="series_id="):
        lab.instruments("EVENTS")
    with pytest.raises(errors.ChannelError, match="inst_family="):
        lab.instruments("OPTION")


@pytest.mark.parametrize("kind", ["OPTION", "EVENTS"])
def test_no_list_is_asked_for_that_okx_would_refuse(own, kind):
    """Neither at first nor after a reconnect: what is pushed is the whole list."""
    simulator, lab = own
    stream = lab.stream(channel="instruments", inst_type=kind)
    stream.wait(1, timeout=PATIENCE)
    simulator.faults.drop()
    until(stream, lambda: stream.stats.reconnects == 1 and stream.status == "live")
    # A list would have been asked for before this answer came.
    lab.instruments("SPOT")

    assert not stream.df.empty
    assert stream.stats.last_error == ""


def test_many_instruments_make_one_frame(lab):
    """A list of instruments is one stream with an inst_id column."""
    stream = lab.stream(["BTC-USDT", "ETH-USDT", "BTC-USDT"], "tickers")
    until(stream, lambda: len(set(stream.df["inst_id"])) == 2)

    assert stream.inst_ids == ("BTC-USDT", "ETH-USDT")
    assert stream.df.columns[0] == "inst_id"


def test_asking_again_gives_the_same_stream(lab):
    """Run the cell again: same object, a larger window grows it."""
    stream = lab.stream("BTC-USDT", "trades", window=10)

    assert lab.stream("BTC-USDT", "trades", window=5) is stream
    assert lab.stream("BTC-USDT", "trades") is stream
    assert lab.stream("ETH-USDT", "trades") is not stream
    assert lab.streams.count(stream) == 1


def test_a_closed_stream_is_closed_for_everyone_and_starts_anew(lab):
    """After a close the rows stay readable and the next call is a new stream."""
    stream = lab.stream("BTC-USDT", "books5")
    stream.wait(1, timeout=PATIENCE)
    stream.close()
    stream.close()

    assert stream.status == "closed"
    assert len(stream.df)
    with pytest.raises(errors.StreamClosedError, match=r"okxlab\.stream\('BTC-USDT'"):
        stream.wait(1)
    again = lab.stream("BTC-USDT", "books5")
    assert again is not stream
    again.wait(1, timeout=PATIENCE)


def test_with_closes_at_the_outermost_end(lab):
    """Nested uses count; the last one to end closes."""
    with lab.stream("ETH-USDT") as outer:
        with lab.stream("ETH-USDT") as inner:
            assert inner is outer
        assert outer.status != "closed"

    assert outer.status == "closed"


def test_a_snapshot_does_not_change(lab):
    """Rows that come later, and writing into a frame, leave the other side alone."""
    stream = lab.stream("BTC-USDT", "trades")
    stream.wait(1, timeout=PATIENCE)
    frame = stream.df
    kept = frame.copy(deep=True)
    stream.wait(2, timeout=PATIENCE)
    pd.testing.assert_frame_equal(kept, frame)

    frame.iloc[:, :] = frame.iloc[:, :]
    frame["px"] = 0.0

    assert (stream.df["px"] > 0).all()


def test_callbacks_get_new_rows_and_may_fail(lab):
    """A raising callback is counted and called again; stop ends it."""
    stream = lab.stream("BTC-USDT", "trades")
    enough = threading.Event()
    frames = []

    @stream.on_update
    def collect(frame):
        frames.append(frame)
        if len(frames) >= 3:
            enough.set()
        raise RuntimeError("mine")

    assert enough.wait(PATIENCE)
    collect.stop()
    assert collect.errors >= 2
    assert str(collect.last_error) == "mine"
    ids = pd.concat(frames)["trade_id"]
    assert ids.is_monotonic_increasing
    assert ids.is_unique


def test_waiting_inside_a_callback_is_refused(lab):
    """It would wait for itself."""
    stream = lab.stream("BTC-USDT", "trades")
    caught = []
    done = threading.Event()

    def waits(_):
        try:
            stream.wait(1)
        except errors.OkxlabError as error:
            caught.append(error)
        done.set()

    with_stop = stream.on_update(waits)
    assert done.wait(PATIENCE)
    with_stop.stop()
    assert "would wait for itself" in str(caught[0])


def test_async_iteration_yields_typed_rows(lab):
    """Each new row once, in order, in the user's own loop."""
    stream = lab.stream("BTC-USDT", "trades")

    async def take(count):
        found = []
        async for row in stream:
            found.append(row)
            if len(found) == count:
                return found
        return found

    rows = asyncio.run(asyncio.wait_for(take(3), PATIENCE))

    assert [row.trade_id for row in rows] == sorted({row.trade_id for row in rows})


def test_async_iteration_ends_with_the_stream(lab):
    """A close wakes and ends the loop."""
    stream = lab.stream("BTC-USDT", "trades")

    async def count():
        found = 0
        async for _ in stream:
            found += 1
            stream.close()
        return found

    assert asyncio.run(asyncio.wait_for(count(), PATIENCE)) >= 1


def test_an_instrument_that_does_not_exist_is_refused_with_the_near_miss(lab):
    """The exchange's refusal is raised where the user waits, and says what to do."""
    stream = lab.stream("BTC-USDTT")

    with pytest.raises(errors.SubscriptionError, match="'BTC-USDT'") as caught:
        stream.wait(1, timeout=PATIENCE)

    assert caught.value.code == "60018"
    assert stream.status == "refused"
    assert stream.df.empty
    assert stream.latest is None
    assert lab.stream("BTC-USDTT") is not stream


def test_one_bad_instrument_among_many(lab):
    """The others are served, the refusal is on record."""
    stream = lab.stream(["BTC-USDT", "NOPE-USDT", "ETH-USDT"], "tickers")
    until(stream, lambda: len(set(stream.df["inst_id"])) == 2 and stream.stats.errors)

    assert stream.status == "live"
    assert "NOPE-USDT" in stream.stats.last_error


@pytest.mark.parametrize(
    ("args", "options", "said"),
    [
        (("BTC-USDT", "trade"), {}, "'trades'"),
        (("trades", "BTC-USDT"), {}, "the instrument comes first"),
        (("BTC-USDT", "books"), {}, r"okxlab\.book"),
        (("BTC-USDT", "candle1h"), {}, "'1H'"),
        (([], "trades"), {}, "empty"),
        ((3, "trades"), {}, "is a text that is not empty, not 3"),
        ((), {}, "needs inst_id"),
        (("BTC-USDT",), {"window": "15 parsecs"}, "15 parsecs"),
        (("BTC-USDT",), {"window": 0}, "0"),
        (("BTC-USDT",), {"ccy": "BTC"}, "no argument ccy"),
    ],
)
def test_bad_calls_are_answered_at_once(lab, args, options, said):
    """What cannot be right never reaches the wire."""
    with pytest.raises(errors.ChannelError, match=said):
        lab.stream(*args, **options)


def test_wrong_environment_names_have_a_near_miss():
    """Unknown environments and sites say which there are."""
    with pytest.raises(errors.EnvironmentNameError, match="simulator"):
        okxlab.connect("simulater")
    with pytest.raises(errors.EnvironmentNameError, match="eea"):
        okxlab.connect("live", site="eu")


def test_a_dropped_connection_is_mended_and_ledgered(own):
    """The stream comes back by itself; the hole is in gaps, and logged."""
    simulator, lab = own
    stream = lab.stream("BTC-USDT", "trades")
    stream.wait(1, timeout=PATIENCE)
    simulator.faults.drop()
    until(stream, lambda: stream.stats.reconnects == 1)
    stream.wait(1, timeout=PATIENCE)
    until(stream, lambda: stream.status == "live")

    [gap] = stream.gaps.to_dict("records")
    assert gap["start"] <= gap["end"]
    assert "lost" in gap["reason"]
    assert stream.stats.gaps == 1


def test_a_closed_full_stop_is_one(free_port):
    """What is said of a network that is away reads as sentences do."""
    lab = okxlab.connect(f"ws://127.0.0.1:{free_port}")
    with lab:
        stream = lab.stream("BTC-USDT")
        until(stream, lambda: stream.error is not None)
        with pytest.raises(errors.WaitTimeoutError) as caught:
            stream.wait(timeout=0)

    assert "goes on trying.  Without" in str(caught.value)


def test_a_service_notice_costs_nothing(own):
    """Notice 64008 is answered with a new connection before the old one is closed."""
    simulator, lab = own
    stream = lab.stream("BTC-USDT", "trades")
    stream.wait(1, timeout=PATIENCE)
    simulator.faults.notice("64008")
    [connection] = lab._router_or_none._holdings.connections
    until(stream, lambda: connection.renewals == 1)
    stream.wait(1, timeout=PATIENCE)

    assert stream.stats.notices == 1
    assert stream.stats.reconnects == 0
    assert stream.gaps.empty


@pytest.mark.parametrize(
    "fault", ["malformed", "binary", "big_frame", "unknown_event", "unknown_channel"]
)
def test_rubbish_on_the_wire_is_counted_and_survived(own, fault):
    """Nothing raises in the thread, the stream lives on."""
    simulator, lab = own
    stream = lab.stream("BTC-USDT", "trades")
    stream.wait(1, timeout=PATIENCE)
    getattr(simulator.faults, fault)()
    until(stream, lambda: stream.stats.errors >= 1)

    stream.wait(1, timeout=PATIENCE)
    assert stream.status == "live"
    assert stream.stats.last_error


def test_an_exchange_that_is_not_there(free_port):
    """The stream returns at once; waiting says which host, how often, what else."""
    environment = okxlab.Environment(
        f"ws://127.0.0.1:{free_port}", backoff_initial=0.01, backoff_max=0.02
    )
    with okxlab.connect(environment) as lab:
        stream = lab.stream("BTC-USDT")
        until(stream, lambda: stream.error is not None)
        assert stream.status == "connecting"

        with pytest.raises(errors.WaitTimeoutError) as caught:
            stream.wait(1, timeout=0.05)

    assert f"127.0.0.1:{free_port}" in str(caught.value)
    assert 'okxlab.connect("simulator")' in str(caught.value)
    assert isinstance(caught.value.__cause__, errors.ConnectError)
    assert caught.value.__cause__.attempts >= 1
    assert (caught.value.wanted, caught.value.received) == (1, 0)


def test_subscriptions_are_spread_over_connections(simulator):
    """No connection holds more args than allowed; each path is opened on use."""
    environment = okxlab.Environment(
        simulator.ws, simulator.rest, args_per_connection=4
    )
    names = ["tickers", "trades", "books5", "bbo-tbt", "candle1m"]
    with okxlab.connect(environment) as lab:
        streams = [lab.stream("BTC-USDT", name) for name in names]
        streams += [lab.stream("ETH-USDT", name) for name in names]
        for stream in streams:
            until(stream, lambda stream=stream: stream.status == "live")
        found = sorted((one.path, one.args) for one in lab.status.connections)
        assert found == [("business", 2), ("public", 4), ("public", 4)]
        for stream in streams[:5]:
            stream.close()
        until(streams[9], lambda: len(lab.status.connections) == 2)

    assert lab.status.connections == ()


def test_connect_with_equal_arguments_is_the_same_lab(simulator):
    """The newest lab is current, the old one stays open."""
    with okxlab.connect(simulator) as first:
        other = okxlab.connect(okxlab.Environment(simulator.ws))
        assert okxlab.current_lab() is other
        assert okxlab.connect(simulator) is first
        assert okxlab.current_lab() is first
        assert other.is_open
        other.close()

    assert okxlab.connect(simulator) is not first
    okxlab.current_lab().close()


def test_representations_say_what_there_is(lab):
    """Short, escaped, and never an error."""
    stream = lab.stream("BTC-USDT", "trades")
    stream.wait(1, timeout=PATIENCE)

    assert repr(stream).startswith("<Stream trades BTC-USDT, live: ")
    assert "BTC-USDT</b>" in stream._repr_html_()
    assert "<table" in stream._repr_html_()
    assert repr(lab).startswith("<Lab ")
    assert "1 streams" in repr(lab) or "streams" in repr(lab)


def test_leaving_an_iteration_leaves_nothing_behind(lab):
    """After a break nobody collects rows any more."""
    stream = lab.stream("BTC-USDT", "trades")

    async def first():
        async for row in stream:
            return row
        return None

    row = asyncio.run(asyncio.wait_for(first(), PATIENCE))
    stream.wait(1, timeout=PATIENCE)

    assert row.trade_id > 0
    assert stream._tape._listeners == ()


def test_a_tape_that_cannot_be_written_fails_alone(lab):
    """An error inside okxlab ends its stream with the cause, and no other."""
    stream, other = lab.stream("BTC-USDT", "trades"), lab.stream("ETH-USDT", "trades")
    stream.wait(1, timeout=PATIENCE)

    def broken(*_):
        raise RuntimeError("inside")

    stream._tape._append = broken
    with pytest.raises(errors.StreamBrokenError, match="inside") as caught:
        stream.wait(1_000, timeout=PATIENCE)

    assert isinstance(caught.value.__cause__, RuntimeError)
    assert stream.status == "failed"
    assert lab.stream("BTC-USDT", "trades") is not stream
    other.wait(1, timeout=PATIENCE)


def test_no_trade_is_told_twice_after_a_reconnect(own):
    """Each subscription begins with the last trade, which may be known already."""
    simulator, lab = own
    stream = lab.stream(["BTC-USDT", "SOL-USDT"], "trades")
    until(stream, lambda: len(set(stream.df["inst_id"])) == 2)
    simulator.faults.drop()
    until(stream, lambda: stream.stats.reconnects == 1 and stream.status == "live")
    stream.wait(1, timeout=PATIENCE)

    assert not stream.df.reset_index().duplicated(["inst_id", "trade_id"]).any()


def test_no_trade_is_told_twice_however_often_nothing_is_new():
    """Reconnects between which nothing was traded do not wear out what is known."""
    with (
        okxlab.Simulator(seed=3, speed=0) as still,
        okxlab.connect(
            okxlab.Environment(still.ws, still.rest, backoff_initial=0.05)
        ) as lab,
    ):
        stream = lab.stream(
            channel="option-trades", inst_type="OPTION", inst_family="BTC-USD"
        )
        until(stream, lambda: stream.stats.frames >= 1)
        for count in (1, 2, 3):
            frames = stream.stats.frames
            still.faults.drop()
            until(stream, lambda n=count: stream.stats.reconnects == n)
            until(stream, lambda n=frames: stream.stats.frames > n)

        assert len(stream.df) > 0
        assert not stream.df.duplicated(["inst_id", "trade_id"]).any()


def test_a_stream_that_shares_a_broken_subscription_does_not_look_live(own):
    """What was heard before the connection broke is not replayed as news."""
    simulator, lab = own
    stream = lab.stream("BTC-USDT", "books5")
    stream.wait(1, timeout=PATIENCE)
    simulator.stop()
    until(stream, lambda: stream.status == "reconnecting")
    other = lab.stream(["BTC-USDT"], "books5")

    assert other is not stream
    assert other.df.empty
    assert other.status == "connecting"


def test_a_book_with_a_fee_tier_needs_credentials_at_once(lab):
    """Where a login is needed and none can be made, nothing is subscribed to."""
    with pytest.raises(errors.CredentialsError, match="credentials="):
        lab.book("BTC-USDT", channel="books-l2-tbt")
