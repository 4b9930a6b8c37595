"""The server half of a connection: text in, text out, a clock in the argument."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okxlab.protocol.arg import Arg
from okxlab.protocol.asked import LoginAsked, OperationAsked, SubscribeAsked
from okxlab.protocol.channels import CHANNELS
from okxlab.protocol.server import ServerSession, ServerSettings

TICKERS = {"channel": "tickers", "instId": "BTC-USDT"}
TRADES = {"channel": "trades", "instId": "BTC-USDT"}


def _session(path="public", **settings):
    return ServerSession(path, "0a1b2c3d", ServerSettings(**settings), now=0.0)


def _request(op, *args, **more):
    return json.dumps({"op": op, "args": list(args), **more})


def _answers(server, text, now=0.0):
    """Feed a text, accept all that is asked, and return the decoded answers."""
    server.receive_text(text, now)
    for asked in server.events():
        server.accept(asked)
    return [json.loads(frame) for frame in server.text_to_send()]


def _codes(server, text, now=0.0):
    return [answer.get("code") for answer in _answers(server, text, now)]


def test_ping_before_anything_else():
    """The bare text ping is answered by the bare text pong at once."""
    server = _session()
    server.receive_text("ping", 0.0)

    assert server.text_to_send() == ["pong"]


def test_ping_while_muted():
    """A server that plays dead leaves pings unanswered."""
    server = _session()
    server.answers_pings = False
    server.receive_text("ping", 0.0)

    assert server.text_to_send() == []


def test_stray_pong():
    """A pong that nobody asked for is no request and no error."""
    server = _session()
    server.receive_text("pong", 0.0)

    assert server.text_to_send() == []


def test_one_ack_per_arg_in_the_order_sent():
    """Each arg of a request gets its own ack with the request's id."""
    got = _answers(_session(), _request("subscribe", TICKERS, TRADES, id="q1"))

    assert got == [
        {"id": "q1", "event": "subscribe", "arg": arg, "connId": "0a1b2c3d"}
        for arg in (TICKERS, TRADES)
    ]


def test_ack_without_id():
    """A request without an id gets acks without one."""
    (ack,) = _answers(_session(), _request("subscribe", TICKERS))

    assert ack == {"event": "subscribe", "arg": TICKERS, "connId": "0a1b2c3d"}


def test_unsubscribe_is_acknowledged_and_ends_the_stream():
    """After an unsubscribe nothing is held any more."""
    server = _session()
    _answers(server, _request("subscribe", TICKERS))
    (ack,) = _answers(server, _request("unsubscribe", TICKERS, id="2"))

    assert ack["event"] == "unsubscribe"
    assert ack["id"] == "2"
    assert server.held == ()


def test_unsubscribe_of_what_was_never_subscribed():
    """Letting go of nothing is acknowledged: clients wait for an answer."""
    (ack,) = _answers(_session(), _request("unsubscribe", TICKERS))

    assert ack["event"] == "unsubscribe"


def test_second_subscribe_does_not_double():
    """The second subscribe to an arg is acknowledged, and changes nothing."""
    server = _session()
    server.receive_text(_request("subscribe", TICKERS, TICKERS), 0.0)
    changed = [server.accept(asked) for asked in server.events()]

    assert changed == [True, False]
    assert len(server.text_to_send()) == 2
    assert server.held == (Arg("tickers", instId="BTC-USDT"),)


def _arg_of(entry):
    values = {"instType": entry.inst_types[0], "instId": "BTC-USDT"}
    wanted = (*entry.required, *entry.either[:1])
    return {"channel": entry.names[0], **{key: values.get(key, "X") for key in wanted}}


def _logged_in(path):
    server = _session(path)
    server.accept_login()
    server.text_to_send()
    return server


@pytest.mark.parametrize("entry", CHANNELS, ids=lambda entry: entry.name)
def test_every_channel_on_its_own_path_only(entry):
    """The registry's path takes a channel, the two others refuse it."""
    arg = _arg_of(entry)
    text = _request("subscribe", arg)
    others = {"public", "private", "business"} - {entry.path}

    (ack,) = _answers(_logged_in(entry.path), text)
    refused = [_codes(_logged_in(path), text) for path in others]

    assert ack["arg"] == arg
    assert refused == [["60018"], ["60018"]]


@pytest.mark.parametrize("entry", CHANNELS, ids=lambda entry: entry.name)
def test_login_is_demanded_where_the_registry_says(entry):
    """Without a login, 60011 on channels with one; on /private whatever is asked."""
    text = _request("subscribe", _arg_of(entry))

    codes = _codes(_session(entry.path), text)

    assert codes == (["60011"] if entry.login else [None])
    assert _codes(_session("private"), text) == ["60011"]


@pytest.mark.parametrize(
    "entry", [entry for entry in CHANNELS if entry.either], ids=lambda entry: entry.name
)
def test_one_of_several_keys_is_demanded(entry):
    """Any of them is enough, none of them is 60018."""
    base = {"channel": entry.name, "instType": entry.inst_types[0]}
    texts = [_request("subscribe", base | {key: "X"}) for key in entry.either]

    assert _codes(_session(entry.path), _request("subscribe", base)) == ["60018"]
    assert [_codes(_session(entry.path), text) for text in texts] == [[None]] * 2


def test_refusal_text_of_an_unknown_channel():
    """60018 has OKX's words, from which clients read channel and instrument."""
    arg = {"channel": "candle1m", "instId": "BTC-USDT"}
    (error,) = _answers(_session("public"), _request("subscribe", arg))

    assert error == {
        "event": "error",
        "code": "60018",
        "msg": "Subscribe failed, wrong URL or channel:candle1m,instId:BTC-USDT "
        "doesn't exist. Please use the correct URL, channel and parameters "
        "referring to API document.",
        "connId": "0a1b2c3d",
    }


def test_caller_refuses_an_instrument():
    """What exists is the caller's to say; the words are the session's."""
    server = _session()
    server.receive_text(
        _request("subscribe", {"channel": "books", "instId": "NOPE-USDT"}, id="ob1"),
        0.0,
    )
    for asked in server.events():
        server.refuse(asked, "60018")
    (error,) = map(json.loads, server.text_to_send())

    assert error["id"] == "ob1"
    assert "channel:books,instId:NOPE-USDT doesn't exist" in error["msg"]


def test_one_bad_arg_leaves_the_others():
    """A bad arg in the middle is refused in its turn; the rest is acknowledged."""
    bad = {"channel": "tickers", "instType": "SPOT"}
    got = _answers(_session(), _request("subscribe", TICKERS, bad, TRADES))

    assert [answer["event"] for answer in got] == ["subscribe", "error", "subscribe"]


@pytest.mark.parametrize(
    "arg",
    [
        {"channel": "tickers"},
        {"channel": "tickers", "instId": ""},
        {"channel": "tickers", "instId": 7},
        {"channel": 7, "instId": "BTC-USDT"},
        {"instId": "BTC-USDT"},
        {"channel": "instruments", "instType": "SOUP"},
        {"channel": "candle7m", "instId": "BTC-USDT"},
        {},
    ],
)
def test_args_that_fit_no_channel(arg):
    """A missing, empty or wrong key reads like an unknown channel."""
    assert _codes(_session(), _request("subscribe", arg)) == ["60018"]


def test_foreign_keys_are_dropped_from_the_ack():
    """OKX drops keys that a channel does not have, without a word."""
    arg = {"channel": "liquidation-orders", "instType": "SWAP", "instId": "X"}
    (ack,) = _answers(_session(), _request("subscribe", arg))

    assert ack["arg"] == {"channel": "liquidation-orders", "instType": "SWAP"}


def test_private_channel_without_login():
    """On the private path nothing is to be had before a login."""
    arg = {"channel": "orders", "instType": "SPOT"}

    assert _codes(_session("private"), _request("subscribe", arg)) == ["60011"]


def test_order_operation_without_login():
    """Orders need a login too."""
    assert _codes(_session("private"), _request("order", {"sz": "1"})) == ["60011"]


def test_login_then_order_operation():
    """After an accepted login an order operation reaches the caller."""
    server = _session("private")
    server.receive_text(_request("login", {"apiKey": "k"}), 0.0)
    server.receive_text(_request("order", {"sz": "1"}, id="7"), 0.0)
    seen = []
    for asked in server.events():
        seen.append(asked)
        if isinstance(asked, LoginAsked):
            server.accept_login()

    assert seen == [
        LoginAsked(({"apiKey": "k"},), None),
        OperationAsked("order", ({"sz": "1"},), "7"),
    ]
    assert json.loads(server.text_to_send()[0])["event"] == "login"


def test_orders_that_wait_are_bounded():
    """Whoever sends faster than it is answered is told so."""
    server = _session("private")
    server.receive_text(_request("login", {"apiKey": "k"}), 0.0)
    for _ in range(1_005):
        server.receive_text(_request("order", {"sz": "1"}), 0.0)
    told = [json.loads(text)["code"] for text in server.text_to_send()]

    assert told == ["60014"] * 6


def test_refused_login():
    """A refused login is an error with OKX's code, and the connection lives on."""
    server = _session("private")
    server.receive_text(_request("login", {"apiKey": "k"}), 0.0)
    for asked in server.events():
        server.refuse(asked, "60009")
    (error,) = map(json.loads, server.text_to_send())

    assert (error["event"], error["code"], error["msg"]) == (
        "error",
        "60009",
        "Login failed.",
    )
    assert server.closing is None
    assert not server.logged_in


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "60012"),
        ("hello", "60012"),
        ("[1]", "60012"),
        ('{"op":7}', "60012"),
        ('{"op":"subscribe","argss":[]}', "60012"),
        ('{"op":"subscribe","args":[]}', "60012"),
        ('{"op":"subscribe","args":{}}', "60013"),
        ('{"op":"subscribe","args":["tickers"]}', "60013"),
        ('{"op":"dance","args":[]}', "60019"),
        ('{"op":"subscribe","args":[{}],"id":"a-b"}', "60033"),
        ('{"op":"subscribe","args":[{}],"id":"' + "a" * 33 + '"}', "60033"),
        ("[" * 60_000, "60012"),
        ("\ud800", "60012"),
    ],
)
def test_requests_that_are_none(text, code):
    """Rubbish gets OKX's code for it, with the connection's id."""
    (error,) = _answers(_session(), text)

    assert (error["event"], error["code"]) == ("error", code)
    assert error["connId"] == "0a1b2c3d"


def test_rubbish_is_echoed():
    """60012 repeats the whole request."""
    (error,) = _answers(_session(), '{"op" : 7}')

    assert error["msg"] == 'Invalid request: {"op" : 7}'


def test_binary_frame():
    """A binary frame is refused, and the connection lives on."""
    server = _session()
    server.receive_binary(b"\x00", 0.0)

    assert json.loads(server.text_to_send()[0])["code"] == "60012"
    assert server.closing is None


def test_request_over_the_frame_limit():
    """A request over 64 KB ends the connection with 1009."""
    server = _session()
    server.receive_text(_request("subscribe", *[TICKERS] * 1500), 0.0)

    assert server.closing.code == 1009


def test_request_of_many_args_under_the_limit():
    """Hundreds of args in one request are one request."""
    server = _session(requests_per_hour=1)

    assert len(_answers(server, _request("subscribe", *[TICKERS] * 1000))) == 1000


def test_request_budget():
    """One request more than an hour allows is refused, until the hour is over."""
    server = _session(requests_per_hour=2)
    text = _request("subscribe", TICKERS)
    got = [_codes(server, text, now)[0] for now in (0.0, 10.0, 20.0, 3600.0, 3601.0)]

    assert got == [None, None, "60014", None, "60014"]


def test_silence_ends_with_4004():
    """After 30 s without a frame in either direction the server hangs up."""
    server = _session()
    server.receive_text("ping", 10.0)
    server.push("{}", 15.0)
    due = server.next_deadline()
    server.handle_deadline(44.9)
    before = server.closing
    server.handle_deadline(45.0)

    assert due == 45.0
    assert before is None
    assert (server.closing.code, server.closing.reason) == (
        4004,
        "No data received in 30s.",
    )
    assert server.next_deadline() is None


def test_notice_with_a_close_after_it():
    """A service notice may be followed by a close, which wins over silence."""
    server = _session()
    server.notice("64008", "soon", close_at=5.0)
    due = server.next_deadline()
    server.handle_deadline(5.0)

    assert due == 5.0
    assert json.loads(server.text_to_send()[0]) == {
        "event": "notice",
        "code": "64008",
        "msg": "soon",
        "connId": "0a1b2c3d",
    }
    assert server.closing.code == 1001


def test_nothing_is_heard_while_closing():
    """Once closing, frames are ignored; the first reason stands."""
    server = _session()
    server.receive_text(_request("subscribe", TICKERS), 0.0)
    server.close(4006, "first")
    server.close(4001, "second")
    server.receive_text("ping", 1.0)
    server.receive_binary(b"", 1.0)
    server.handle_deadline(99.0)

    assert list(server.events()) == []
    assert server.text_to_send() == []
    assert server.closing.code == 4006


def test_refusal_after_the_ack():
    """A refusal after an ack ends the subscription."""
    server = _session()
    server.receive_text(_request("subscribe", TICKERS), 0.0)
    for asked in server.events():
        server.accept(asked)
        server.refuse(asked, "60011", "Please log in.")
    ack, error = map(json.loads, server.text_to_send())

    assert ack["event"] == "subscribe"
    assert error["msg"] == "Please log in."
    assert not server.holds(Arg("tickers", instId="BTC-USDT"))


def test_data_before_the_ack():
    """A caller may register first and acknowledge late."""
    server = _session()
    server.receive_text(_request("subscribe", TICKERS), 0.0)
    (asked,) = server.events()
    server.register(asked)
    server.push('{"data":[]}', 0.0)
    server.acknowledge(asked)
    push, ack = server.text_to_send()

    assert isinstance(asked, SubscribeAsked)
    assert push == '{"data":[]}'
    assert json.loads(ack)["event"] == "subscribe"


@given(st.lists(st.text() | st.binary(), max_size=5))
def test_no_input_raises(frames):
    """Whatever a client sends, the session answers or is silent; it never raises."""
    server = _session()
    for now, frame in enumerate(frames):
        if isinstance(frame, str):
            _answers(server, frame, float(now))
        else:
            server.receive_binary(frame, float(now))

    assert server.next_deadline() is not None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_no_json_raises(value):
    """Nor does any JSON in the place of the args."""
    server = _session()
    _answers(server, json.dumps({"op": "subscribe", "args": [value], "id": value}))
    _answers(server, json.dumps({"op": "subscribe", "args": [{"channel": value}]}))
    _answers(server, json.dumps({"op": value, "args": value}))

    assert server.closing is None
