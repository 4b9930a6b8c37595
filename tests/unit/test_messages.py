"""The codec: one case table for both directions."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okxlab.errors import RemoteProtocolError
from okxlab.protocol import messages as m

ARG = {"channel": "trades", "instId": "BTC-USDT"}

REQUESTS = [
    (
        m.Request(op="subscribe", args=(ARG,), id="s1"),
        '{"id":"s1","op":"subscribe","args":[{"channel":"trades","instId":"BTC-USDT"}]}',
    ),
    (m.Request(op="unsubscribe"), '{"op":"unsubscribe","args":[]}'),
]

CONTROLS = [
    (
        m.encode_ack("subscribe", ARG, "c0ffee00", "s1"),
        m.Control(event="subscribe", arg=ARG, conn_id="c0ffee00", id="s1"),
    ),
    (
        m.encode_error("60018", "no", "c0ffee00"),
        m.Control(event="error", code="60018", msg="no", conn_id="c0ffee00"),
    ),
    (
        m.encode_notice("64008", "soon", "c0ffee00"),
        m.Control(event="notice", code="64008", msg="soon", conn_id="c0ffee00"),
    ),
    (
        m.encode_login("c0ffee00"),
        m.Control(event="login", code="0", conn_id="c0ffee00"),
    ),
    (
        m.encode_conn_count("orders", 30, "c0ffee00", exceeded=True),
        m.Control(
            event="channel-conn-count-error",
            channel="orders",
            conn_count="30",
            conn_id="c0ffee00",
        ),
    ),
]


@pytest.mark.parametrize(("request_", "text"), REQUESTS)
def test_requests_in_both_directions(request_, text):
    """What the client writes is what the server reads."""
    assert m.encode_request(request_) == text
    assert m.decode_request(text) == request_


@pytest.mark.parametrize(("text", "control"), CONTROLS)
def test_controls_in_both_directions(text, control):
    """What the server writes is what the client reads."""
    assert m.decode_control(text) == control


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "60012"),
        ("[]", "60012"),
        ("null", "60012"),
        ("{}", "60012"),
        ('{"op":5}', "60012"),
        ('{"op":"subscribe","args":{}}', "60013"),
        ('{"op":"subscribe","args":["trades"]}', "60013"),
        ('{"op":"subscribe","args":[],"id":"a-b"}', "60033"),
        ('{"op":"subscribe","args":[],"id":"ä"}', "60033"),
        ('{"op":"subscribe","args":[],"id":"' + "x" * 33 + '"}', "60033"),
    ],
)
def test_rubbish_is_refused_with_okx_own_code(text, code):
    """A request that is none names the code that OKX answers with."""
    with pytest.raises(RemoteProtocolError) as caught:
        m.decode_request(text)

    assert caught.value.code == code


def test_a_push_has_its_action_only_where_there_is_one():
    """Only incremental books say ``action``."""
    assert json.loads(m.encode_push(ARG, [{"px": "1"}])) == {
        "arg": ARG,
        "data": [{"px": "1"}],
    }
    assert list(json.loads(m.encode_push(ARG, [], "update", {"curPage": 1}))) == [
        "arg",
        "action",
        "curPage",
        "data",
    ]


@given(
    names=st.lists(st.text(min_size=1, max_size=40), max_size=60),
    limit=st.integers(400, 2_000),
)
def test_split_args_keeps_order_and_limit(names, limit):
    """Groups are in order, complete, and no request is over the limit."""
    args = [{"channel": "trades", "instId": name} for name in names]

    groups = m.split_args(args, limit)

    assert [arg for group in groups for arg in group] == args
    for group in groups:
        request = m.Request(op="unsubscribe", args=group, id="0" * 32)
        size = len(m.encode_request(request).encode())
        assert size <= limit or len(group) == 1
