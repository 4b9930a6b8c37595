"""Whatever comes from the wire, a session records it and knows what time it is."""

import json

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from okxlab.protocol import events as ev
from okxlab.protocol.arg import Arg
from okxlab.protocol.session import ClientSession, SessionSettings

ARGS = [
    Arg("trades", instId="BTC-USDT"),
    Arg("trades", instId="ETH-USDT"),
    Arg("tickers", instId="BTC-USDT"),
    Arg("liquidation-orders", instType="SWAP"),
    Arg("candle1m", instId="BTC-USDT"),
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)
keys = st.sampled_from(
    [
        "event",
        "op",
        "id",
        "arg",
        "args",
        "data",
        "code",
        "msg",
        "connId",
        "channel",
        "connCount",
        "action",
    ]
)
envelopes = st.dictionaries(keys, json_values, max_size=6)
wire_args = st.sampled_from([arg.wire() for arg in ARGS]) | st.dictionaries(
    st.sampled_from(["channel", "instId", "uid"]), st.text(max_size=8)
)


def frames():
    """Texts from pure noise to nearly right."""
    events = st.sampled_from(
        [
            "subscribe",
            "unsubscribe",
            "error",
            "login",
            "notice",
            "channel-conn-count",
            "channel-conn-count-error",
            "else",
        ]
    )
    controls = st.fixed_dictionaries(
        {"event": events},
        optional={
            "arg": wire_args,
            "id": st.sampled_from(["s1", "s2", "u1", "login"]) | st.text(max_size=3),
            "code": st.sampled_from(["0", "60012", "60014", "60018", "60011"]),
            "msg": st.sampled_from(
                ["", "channel:trades,instId:BTC-USDT doesn't exist", "channel:trades"]
            ),
            "channel": st.sampled_from(["trades", "orders"]),
            "connCount": st.text(max_size=3),
        },
    )
    pushes = st.fixed_dictionaries({"arg": wire_args, "data": json_values})
    return st.one_of(
        st.text(),
        st.sampled_from(["ping", "pong", "{", "[]", "\x00", '{"event":']),
        st.builds(json.dumps, envelopes),
        st.builds(json.dumps, controls),
        st.builds(json.dumps, pushes),
    )


class SessionFuzz(RuleBasedStateMachine):
    """Anything may be said by either side, at any time."""

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.session = ClientSession(
            settings=SessionSettings(requests_per_hour=5, max_request_bytes=400)
        )
        self.session.opened(self.now)
        self.live = set()

    @rule(args=st.lists(st.sampled_from(ARGS), max_size=5))
    def subscribe(self, args):
        self.session.subscribe(args)

    @rule(args=st.lists(st.sampled_from(ARGS), max_size=5))
    def unsubscribe(self, args):
        self.session.unsubscribe(args)

    @rule(text=frames())
    def receive(self, text):
        push = self.session.receive_text(text, self.now)

        assert push is None or push.arg in ARGS

    @rule(payload=st.binary(max_size=10))
    def receive_binary(self, payload):
        self.session.receive_binary(payload, self.now)

    @rule(seconds=st.floats(0, 4_000))
    def pass_time(self, seconds):
        self.now += seconds

    @rule()
    def send(self):
        for text in self.session.text_to_send(self.now):
            assert len(text.encode()) <= 400

    @rule()
    def wake(self):
        """After its deadline was handled a session has no other one behind it."""
        self.session.handle_deadline(self.now)
        self.session.text_to_send(self.now)
        deadline = self.session.next_deadline()

        assert deadline is None or deadline > self.now

    @rule()
    def look(self):
        for event in self.session.events():
            assert isinstance(event, ev.Event)

    @invariant()
    def the_budget_holds(self):
        assert 0 <= self.session.requests_left(self.now) <= 5


TestSessionFuzz = SessionFuzz.TestCase


@given(st.text())
def test_no_text_raises(text):
    """Pure noise never leaves a session as an exception."""
    session = ClientSession()
    session.opened(0.0)

    assert session.receive_text(text, 0.0) is None
