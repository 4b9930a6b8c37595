"""The client half of a connection: text in, events and text out, a clock of ours."""

import json

import pytest

from okxlab.protocol import events as ev
from okxlab.protocol.arg import Arg
from okxlab.protocol.auth import Credentials
from okxlab.protocol.session import ClientSession, SessionSettings

BTC = Arg("trades", instId="BTC-USDT")
ETH = Arg("trades", instId="ETH-USDT")
SOL = Arg("trades", instId="SOL-USDT")
TRADE = {
    "instId": "BTC-USDT",
    "tradeId": "7",
    "px": "100.5",
    "sz": "0.25",
    "side": "buy",
    "ts": "1786538760218",
    "count": "2",
    "source": "0",
    "seqId": 11,
}


def opened(*args, **settings):
    """Return a session with its requests sent, and those requests."""
    session = ClientSession("public", SessionSettings(**settings))
    session.opened(0.0)
    session.subscribe(args)
    return session, [json.loads(text) for text in session.text_to_send(0.0)]


def ack(arg, **extra):
    """Write an acknowledgement."""
    return json.dumps(
        {"event": "subscribe", "arg": arg.wire(), "connId": "c0ffee00", **extra}
    )


def push(arg=BTC, *rows, **extra):
    """Write a push."""
    return json.dumps({"arg": arg.wire(), **extra, "data": list(rows or (TRADE,))})


def error(code, msg="no", **extra):
    """Write a refusal."""
    return json.dumps(
        {"event": "error", "code": code, "msg": msg, "connId": "c0ffee00", **extra}
    )


def test_many_args_share_one_request():
    """Args asked for together travel in one request with an id OKX accepts."""
    _, requests = opened(BTC, ETH, SOL)

    assert [[arg.wire() for arg in (BTC, ETH, SOL)]] == [r["args"] for r in requests]
    assert requests[0]["op"] == "subscribe"
    assert requests[0]["id"].isalnum()


def test_a_request_stays_below_the_size_limit():
    """Args that do not fit into one request are spread over several."""
    args = [Arg("trades", instId=f"COIN{n}-USDT") for n in range(2_000)]
    session = ClientSession(settings=SessionSettings(max_request_bytes=65_536))
    session.opened(0.0)
    session.subscribe(args)

    texts = session.text_to_send(0.0)

    assert len(texts) == 2
    assert max(len(text.encode()) for text in texts) <= 65_536
    sent = [arg["instId"] for text in texts for arg in json.loads(text)["args"]]
    assert sent == [arg.inst_id for arg in args]


def test_an_arg_is_asked_for_once():
    """Asking again for what is asked for already sends nothing."""
    session, _ = opened(BTC)
    session.subscribe([BTC])

    assert session.text_to_send(1.0) == []


def test_acks_are_matched_by_arg_and_id():
    """Each arg of a batch is acknowledged on its own, once."""
    session, [request] = opened(BTC, ETH)
    session.receive_text(ack(ETH, id=request["id"]), 0.1)
    session.receive_text(ack(BTC), 0.1)
    session.receive_text(ack(BTC, id=request["id"]), 0.1)

    assert session.events() == [ev.Subscribed(arg=ETH), ev.Subscribed(arg=BTC)]


def test_dropped_keys_of_an_ack_are_told():
    """An ack that leaves out a key says that the stream is wider than asked."""
    arg = Arg("liquidation-orders", instType="SWAP", instFamily="BTC-USDT")
    session, [request] = opened(arg)
    wider = Arg("liquidation-orders", instType="SWAP")
    session.receive_text(ack(wider, id=request["id"]), 0.1)

    assert session.events() == [ev.Subscribed(arg=arg, dropped=("instFamily",))]

    text = push(wider, {"instId": "BTC-USDT-SWAP", "details": [{"sz": "1"}]})
    assert session.receive_text(text, 0.2).arg == arg


def test_data_may_come_before_its_ack():
    """Rows count from the moment the request is out."""
    session, _ = opened(BTC)

    found = session.receive_text(push(), 0.1)

    assert found.arg == BTC
    assert found.rows[0].px == 100.5
    session.receive_text(ack(BTC), 0.2)
    assert session.events() == [ev.Subscribed(arg=BTC)]


def test_the_learnt_route_gives_the_same_rows():
    """The short way of the second push and the long way of the first agree."""
    session, _ = opened(BTC)

    assert session.receive_text(push(), 0.1) == session.receive_text(push(), 0.2)
    assert session.frames == 2


def test_few_routes_of_an_arg_are_learnt():
    """A feed whose texts begin with ever new words is read, and not remembered."""
    session, _ = opened(BTC)
    found = [
        session.receive_text(f'{{"n":{number},{push()[1:]}', 0.1)
        for number in range(50)
    ]
    session.unsubscribe([BTC])

    assert all(one.rows == found[0].rows for one in found)
    assert session._readings == {}


def test_few_of_the_args_that_were_left_are_remembered():
    """Those that were let go last count as known."""
    args = [Arg("trades", instId=f"COIN{n}-USDT") for n in range(1_005)]
    session, _ = opened(*args)
    session.unsubscribe(args)
    session.receive_text(push(args[-1]), 0.1)
    session.receive_text(push(args[0]), 0.1)

    assert session.events() == [ev.Unclaimed(channel="trades")]


def test_an_ack_with_the_prefix_of_a_push_is_an_ack():
    """A control message that begins like a known push is not read as one."""
    session, _ = opened(BTC)
    session.receive_text(push(), 0.1)
    text = json.dumps({"arg": BTC.wire(), "event": "subscribe", "connId": "c0ffee00"})

    assert session.receive_text(text, 0.2) is None
    assert session.events() == [ev.Subscribed(arg=BTC)]


def test_a_refusal_is_pinned_by_the_request():
    """A request of one arg needs nothing in the message."""
    session, [request] = opened(BTC)
    session.receive_text(error("60011", id=request["id"]), 0.1)

    assert session.events() == [
        ev.Rejected(arg=BTC, code="60011", msg="no", conn_id="c0ffee00")
    ]


@pytest.mark.parametrize(
    "msg",
    [
        "Subscribe failed, wrong URL or channel:trades,instId:ETH-USDT doesn't exist.",
        "Wrong URL or channel:trades,instId:ETH-USDT doesn't exist. Please use it.",
        "channel:trades,instId:ETH-USDT doesn't exist",
    ],
)
def test_a_refusal_in_a_batch_is_pinned_by_its_message(msg):
    """The wording changed over the years, what it names did not."""
    session, [request] = opened(BTC, ETH, SOL)
    session.receive_text(error("60018", msg, id=request["id"]), 0.1)
    session.receive_text(ack(BTC, id=request["id"]), 0.1)

    assert [event.arg for event in session.events()] == [ETH, BTC]
    assert session.receive_text(push(SOL), 0.2).arg == SOL


def test_a_refusal_may_come_after_the_ack():
    """An acknowledged arg that is refused later is gone."""
    session, [request] = opened(BTC)
    session.receive_text(ack(BTC, id=request["id"]), 0.1)
    session.receive_text(error("60011", id=request["id"]), 0.2)

    assert [type(event) for event in session.events()] == [ev.Subscribed, ev.Rejected]
    assert session.receive_text(push(), 0.3) is None


def test_one_bad_arg_is_found_by_halving():
    """A batch refused without a name is halved until the bad arg is alone."""
    args = [Arg("trades", instId=f"COIN{n}-USDT") for n in range(100)]
    session, requests = opened(*args)
    bad = args[37]
    asked = 0
    while requests:
        request = requests.pop(0)
        asked += 1
        found = [Arg.from_wire(arg) for arg in request["args"]]
        if bad in found:
            session.receive_text(error("60012", id=request["id"]), 0.1)
        else:
            for arg in found:
                session.receive_text(ack(arg, id=request["id"]), 0.1)
        requests += [json.loads(text) for text in session.text_to_send(0.2)]

    events = session.events()
    rejected = [event.arg for event in events if isinstance(event, ev.Rejected)]
    live = {event.arg for event in events if isinstance(event, ev.Subscribed)}
    assert rejected == [bad]
    assert live == set(args) - {bad}
    assert asked <= 2 * 8


def test_a_refusal_that_names_nothing_is_told():
    """A refusal that belongs to no arg ends none."""
    session, _ = opened(BTC, ETH)
    session.receive_text(error("63999", "Internal"), 0.1)

    assert session.events() == [ev.RequestRefused(code="63999", msg="Internal")]


def test_a_missing_ack_is_asked_for_again_alone():
    """An arg that is not acknowledged in time is repeated with more patience."""
    session, _ = opened(BTC, ETH, ack_timeout=10.0)
    session.receive_text(ack(BTC), 5.0)
    session.events()
    assert session.next_deadline() == 10.0

    session.handle_deadline(10.0)
    [text] = session.text_to_send(10.0)

    assert session.events() == [ev.AckMissing(arg=ETH, tries=1)]
    assert json.loads(text)["args"] == [ETH.wire()]
    session.receive_text("pong", 11.0)
    assert session.next_deadline() == 30.0


def test_rows_make_up_for_a_missing_ack():
    """Data is proof of a subscription whose acknowledgement was lost."""
    session, _ = opened(BTC)
    session.handle_deadline(10.0)
    session.events()
    session.receive_text(push(), 10.5)

    assert session.events() == [ev.Subscribed(arg=BTC)]
    assert session.text_to_send(11.0) == []


def test_data_without_acks_costs_no_budget():
    """Rows prove their args: nothing is asked for twice however long acks stay away."""
    session, _ = opened(BTC, ETH)
    session.receive_text(push(), 1.0)
    session.receive_text(push(), 2.0)
    session.handle_deadline(10.0)
    [text] = session.text_to_send(10.0)

    assert json.loads(text)["args"] == [ETH.wire()]
    assert session.events() == [
        ev.Subscribed(arg=BTC),
        ev.AckMissing(arg=ETH, tries=1),
    ]


def test_an_ack_may_be_later_than_its_timeout():
    """The answer to the first request counts although a second one is on its way."""
    session, [request] = opened(BTC)
    session.handle_deadline(10.0)
    session.events()
    session.receive_text(ack(BTC, id=request["id"]), 10.5)

    assert session.events() == [ev.Subscribed(arg=BTC)]
    assert session.text_to_send(11.0) == []


def test_an_end_that_was_not_yet_said_is_not_forgotten():
    """Leaving, asking and leaving again before anything went out says the end once."""
    session, _ = opened(BTC)
    session.receive_text(ack(BTC), 0.1)
    session.unsubscribe([BTC])
    session.subscribe([BTC])
    session.unsubscribe([BTC])
    [text] = session.text_to_send(0.2)

    assert json.loads(text)["op"] == "unsubscribe"


def test_silence_is_answered_by_one_ping():
    """After the ping interval exactly one ping is out until something comes."""
    session, _ = opened(ping_interval=20.0, pong_timeout=10.0)
    assert session.next_deadline() == 20.0

    session.handle_deadline(20.0)
    session.handle_deadline(21.0)

    assert session.text_to_send(21.0) == ["ping"]
    assert session.next_deadline() == 30.0
    session.receive_text("pong", 22.0)
    assert session.next_deadline() == 42.0
    assert session.events() == []


def test_no_pong_means_dead():
    """A connection on which nothing answers the ping is given up, once."""
    session, _ = opened()
    session.handle_deadline(20.0)
    session.handle_deadline(30.0)
    session.handle_deadline(31.0)

    assert session.events() == [ev.Dead(why="no answer to ping within 10 s")]
    assert session.next_deadline() is None


def test_a_days_silence_is_kept_alive():
    """Twenty-four quiet hours need a ping each interval and nothing else."""
    session, _ = opened()
    now, pings = 0.0, 0
    while now < 86_400:
        now = session.next_deadline()
        session.handle_deadline(now)
        assert session.text_to_send(now) == ["ping"]
        session.receive_text("pong", now + 0.1)
        pings += 1

    assert pings == 4_299
    assert session.events() == []


def test_an_inbound_ping_is_answered():
    """Should OKX ever ask, it gets its pong."""
    session, _ = opened()
    session.receive_text("ping", 1.0)

    assert session.text_to_send(1.0) == ["pong"]


def test_the_budget_of_an_hour_is_kept():
    """The request over the budget waits for the hour to pass; none is lost."""
    session = ClientSession(settings=SessionSettings(requests_per_hour=3))
    session.opened(0.0)
    args = [Arg("trades", instId=f"COIN{n}-USDT") for n in range(5)]
    for moment, arg in enumerate(args[:3]):
        session.subscribe([arg])
        assert len(session.text_to_send(float(moment))) == 1
    for arg in args[:3]:
        session.receive_text(ack(arg), 3.0)

    session.subscribe(args[3:])
    assert session.text_to_send(10.0) == []
    assert session.requests_left(10.0) == 0
    assert session.waiting == 2
    session.receive_text("pong", 3_590.0)
    assert session.next_deadline() == 3_600.0
    [text] = session.text_to_send(3_600.0)

    assert [arg["instId"] for arg in json.loads(text)["args"]] == [
        "COIN3-USDT",
        "COIN4-USDT",
    ]


def test_too_frequent_is_waited_out():
    """Code 60014 holds all requests for a while and repeats the refused one."""
    session, [request] = opened(BTC)
    session.receive_text(error("60014", id=request["id"]), 1.0)

    assert session.text_to_send(2.0) == []
    [text] = session.text_to_send(61.0)
    assert json.loads(text)["args"] == [BTC.wire()]
    assert session.events() == []


def test_unsubscribe_drops_late_rows_silently():
    """Rows under way after the end of a subscription are no trouble."""
    session, _ = opened(BTC)
    session.receive_text(ack(BTC), 0.1)
    session.receive_text(push(), 0.2)
    session.events()
    session.unsubscribe([BTC])
    [text] = session.text_to_send(0.3)

    assert json.loads(text)["op"] == "unsubscribe"
    assert json.loads(text)["args"] == [BTC.wire()]
    assert session.receive_text(push(), 0.4) is None
    assert session.events() == []
    gone = json.dumps({"event": "unsubscribe", "arg": BTC.wire(), "connId": "c"})
    session.receive_text(gone, 0.5)
    assert session.events() == [ev.Unsubscribed(arg=BTC)]


def test_what_was_never_sent_is_not_unsubscribed():
    """An arg let go of before its request went out leaves no trace."""
    session = ClientSession()
    session.opened(0.0)
    session.subscribe([BTC, ETH])
    session.unsubscribe([BTC, SOL])

    [text] = session.text_to_send(0.0)
    assert json.loads(text)["args"] == [ETH.wire()]


def test_an_unsubscribe_without_an_answer_is_let_be():
    """Whether OKX answers every unsubscribe is not known: nothing waits for it."""
    session, _ = opened(BTC)
    session.receive_text(ack(BTC), 0.1)
    session.unsubscribe([BTC])
    session.text_to_send(1.0)
    session.events()
    session.receive_text("pong", 11.0)
    session.handle_deadline(11.0)

    assert session.text_to_send(11.0) == []
    assert session.next_deadline() == 31.0


def test_a_refused_unsubscribe_does_not_end_a_new_subscription():
    """An error about leaving says nothing about the arg asked for since."""
    session, _ = opened(BTC)
    session.receive_text(ack(BTC), 0.1)
    session.unsubscribe([BTC])
    [leaving] = session.text_to_send(0.2)
    session.subscribe([BTC])
    session.text_to_send(0.3)
    session.events()
    session.receive_text(error("60018", id=json.loads(leaving)["id"]), 0.4)

    assert session.events() == []
    assert session.receive_text(push(), 0.5).arg == BTC


def test_login_comes_before_everything_else():
    """Nothing is asked for until OKX has accepted the login."""
    session = ClientSession("private")
    session.opened(0.0)
    session.subscribe([BTC])
    session.login(Credentials("key", "secret", "pass"), "1704876947")
    [text] = session.text_to_send(0.0)

    login = json.loads(text)
    assert login["op"] == "login"
    assert login["args"][0]["timestamp"] == "1704876947"
    session.receive_text('{"event":"login","code":"0","msg":"","connId":"c"}', 0.1)
    assert session.events() == [ev.LoggedIn()]
    assert json.loads(session.text_to_send(0.2)[0])["op"] == "subscribe"


def test_a_refused_login_is_told():
    """The answer to a login is matched by what is under way, not by an arg."""
    session = ClientSession("private")
    session.opened(0.0)
    session.login(Credentials("key", "secret", "pass"), "1704876947")
    session.text_to_send(0.0)
    session.receive_text(error("60009", "Login failed."), 0.1)

    assert session.events() == [
        ev.LoginRefused(code="60009", msg="Login failed.", conn_id="c0ffee00")
    ]


def test_a_login_without_an_answer_is_the_end():
    """A connection that does not answer a login is given up."""
    session = ClientSession("private", SessionSettings(login_timeout=5.0))
    session.opened(0.0)
    session.login(Credentials("key", "secret", "pass"), "1704876947")
    session.text_to_send(0.0)
    session.handle_deadline(5.0)

    assert session.events() == [ev.Dead(why="no answer to login within 5 s")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"event":"notice","code":"64008","msg":"soon","connId":"c"}',
            ev.Notice(code="64008", msg="soon"),
        ),
        (
            '{"event":"channel-conn-count","channel":"orders","connCount":"2"}',
            ev.ConnCount(channel="orders", count=2),
        ),
        (
            '{"event":"surprise","connId":"c"}',
            ev.UnknownEvent(text='{"event":"surprise","connId":"c"}'),
        ),
        ('{"id":"1","op":"order"}', ev.UnknownEvent(text='{"id":"1","op":"order"}')),
        ("[]", ev.Malformed),
        ("{", ev.Malformed),
        ("", ev.Malformed),
        ('{"arg":3,"data":[]}', ev.Malformed),
        (
            '{"arg":{"channel":"trades","instId":"X-Y"},"data":[]}',
            ev.Unclaimed(channel="trades"),
        ),
        (
            '{"arg":{"channel":"no-such"},"data":[{}]}',
            ev.Unclaimed(channel="no-such"),
        ),
    ],
)
def test_foreign_messages_are_recorded(text, expected):
    """Whatever comes, the session lives on and says what it was."""
    session, _ = opened(BTC)

    assert session.receive_text(text, 0.1) is None
    [event] = session.events()
    assert event == expected or type(event) is expected
    assert session.receive_text(push(), 0.2).arg == BTC


def test_a_connection_count_over_the_limit_ends_the_channel():
    """The event names a channel only: every arg of it is off."""
    session, _ = opened(BTC, Arg("tickers", instId="BTC-USDT"))
    session.receive_text(
        '{"event":"channel-conn-count-error","channel":"trades","connCount":"30"}', 0.1
    )

    counted, rejected = session.events()
    assert counted == ev.ConnCount(channel="trades", count=30, exceeded=True)
    assert rejected.arg == BTC


def test_a_binary_frame_is_recorded():
    """Binary frames have no place on these paths and end nothing."""
    session, _ = opened(BTC)
    session.receive_binary(b"\x00" * 9, 0.1)

    [event] = session.events()
    assert event.why == "a binary frame of 9 bytes"


@pytest.mark.parametrize(
    ("row", "field", "lost"),
    [
        ({**TRADE, "px": "abc"}, "px", False),
        ({**TRADE, "px": {"deep": 1}}, "px", False),
        ({**TRADE, "side": 5}, "side", False),
    ],
)
def test_one_bad_value_costs_only_itself(row, field, lost):
    """A value that does not fit is missing; the rest of the row is kept."""
    session, _ = opened(BTC)

    found = session.receive_text(push(BTC, row, TRADE), 0.1)

    assert getattr(found.rows[0], field) == ""
    assert found.rows[0].trade_id == 7
    assert len(found.rows) == 2
    [event] = session.events()
    assert (event.arg, event.lost) == (BTC, lost)


@pytest.mark.parametrize("depth", [10_000, 100_000])
def test_bottomless_nesting_is_only_malformed(depth):
    """Neither the long way nor the learnt one is led into a recursion."""
    session, _ = opened(BTC)
    pit = "[" * depth + "]" * depth
    for _ in range(2):
        for text in (
            push().replace('"source": "0"', f'"new": {pit}'),
            push()[:-1] + f', "new": {pit}}}',
            pit,
        ):
            session.receive_text(text, 0.1)
        session.receive_text(push(), 0.1)

    assert {type(event) for event in session.events()} == {ev.Malformed}
    assert session.receive_text(push(), 0.2).arg == BTC


def test_a_row_that_is_none_is_told_as_lost():
    """What cannot be a row at all is left out, and the loss is told."""
    session, _ = opened(BTC)

    found = session.receive_text(push(BTC, TRADE, "nonsense"), 0.1)

    assert len(found.rows) == 1
    [event] = session.events()
    assert event.lost


def test_unknown_and_missing_fields_are_tolerated():
    """OKX adds and drops keys without notice."""
    session, _ = opened(BTC)

    [row] = session.receive_text(push(BTC, {"px": "1", "brandNew": [1]}), 0.1).rows

    assert row.px == 1.0
    assert row.sz == ""
    assert row.seq_id == -1


def test_a_push_that_names_less_goes_to_the_instrument_of_its_rows():
    """Published pushes exist that repeat only the channel."""
    session, _ = opened(BTC, ETH)
    text = json.dumps({"arg": {"channel": "trades"}, "data": [TRADE]})

    assert session.receive_text(text, 0.1).arg == BTC


def test_ten_megabytes_are_read():
    """A very large frame is only a large frame."""
    session, _ = opened(BTC)

    found = session.receive_text(push(BTC, *[TRADE] * 70_000), 0.1)

    assert len(found.rows) == 70_000
