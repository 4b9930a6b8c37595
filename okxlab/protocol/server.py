"""The server half of one connection: what an exchange says, without a socket.

Theory of operation
-------------------
The caller owns the socket and the clock, and decides what exists; this class
knows OKX's manners.  Text from the client goes into :meth:`ServerSession.
receive_text`.  What the exchange must decide comes out of
:meth:`ServerSession.events`, one thing at a time and in the order asked, and is
answered with :meth:`~ServerSession.accept` or :meth:`~ServerSession.refuse`.
What OKX settles by itself (keep-alive, rubbish, a channel on the wrong path, a
private channel without a login, too many requests) never reaches the caller.
Text for the client is fetched with :meth:`ServerSession.text_to_send`.

States: *open* until :attr:`ServerSession.closing` is set, then *closing*: input
is ignored, and the caller sends what is left and closes the socket with the code
given there.  A session is used for one connection and never again.

It shares the codec and the channel registry with the client half and nothing
else, so that each half is a witness against the other.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from okxlab.errors import ChannelError, RemoteProtocolError
from okxlab.protocol import messages
from okxlab.protocol.arg import Arg
from okxlab.protocol.asked import (
    ORDER_OPERATIONS,
    Closing,
    LoginAsked,
    OperationAsked,
    ServerEvent,
    ServerSettings,
    SubscribeAsked,
    UnsubscribeAsked,
)
from okxlab.protocol.channels import channel as find_channel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from okxlab.protocol.channels import Channel

__all__ = [
    "Closing",
    "LoginAsked",
    "OperationAsked",
    "ServerEvent",
    "ServerSession",
    "ServerSettings",
    "SubscribeAsked",
    "UnsubscribeAsked",
]

_HOUR = 3600.0
"""Seconds over which requests are counted."""

_WORDS = {
    "60005": "Invalid apiKey",
    "60009": "Login failed.",
    "60011": "Please log in",
    "60012": "Invalid request: {text}",
    "60013": "Invalid args",
    "60014": "Requests too frequent",
    "60018": (
        "{verb} failed, wrong URL or {arg} doesn't exist. Please use the correct "
        "URL, channel and parameters referring to API document."
    ),
    "60019": "Invalid op: {op}",
    "60028": "The current operation is not supported by this URL",
    "60031": "Multiple logins or repeated logins are not allowed on this endpoint",
    "60033": "Parameter id error",
    "64003": (
        "Your trading fee tier doesn't meet the requirement to access this channel"
    ),
    "64004": (
        "{verb} to {arg} failed: it cannot be held together with books-l2-tbt of "
        "the same instId"
    ),
}
"""OKX's words for a code, as far as frames show them."""


class ServerSession:
    """The protocol state of one connection, seen from the exchange.

    Parameters
    ----------
    path
        "public", "private" or "business".
    conn_id
        The connection's id in every control message; 8 hex digits.
    settings
        Limits.
    now
        Monotonic time of the handshake [s].

    Attributes
    ----------
    path, conn_id : str
        As given.
    logged_in : bool
        Whether a login was accepted.
    answers_pings : bool
        Whether ``ping`` is answered; switched off to play a dead server.
    closing : Closing or None
        Set once the server ends the connection.

    Notes
    -----
    Not for use from several threads.  ``now`` is monotonic seconds everywhere and
    must not decrease.
    """

    def __init__(
        self,
        path: str,
        conn_id: str,
        settings: ServerSettings | None = None,
        *,
        now: float = 0.0,
    ) -> None:
        self.path = path
        self.conn_id = conn_id
        self.logged_in = False
        self.answers_pings = True
        self.closing: Closing | None = None
        self._settings = settings or ServerSettings()
        self._held: dict[Arg, None] = {}
        self._asked: deque[tuple[messages.Request, int]] = deque()
        self._outgoing: list[str] = []
        self._requests: deque[float] = deque()
        self._last_activity = now
        self._close_at: float | None = None

    # Input

    def receive_text(self, text: str, now: float) -> None:
        """Take one text frame from the client; never raises on any text.

        Parameters
        ----------
        text
            The frame as received.
        now
            Monotonic time [s].
        """
        if self.closing is not None:
            return
        self._last_activity = now
        if text == messages.PING:
            if self.answers_pings:
                self._outgoing.append(messages.PONG)
        elif text == messages.PONG:
            return  # An answer to a ping that nobody sent: harmless.
        elif _utf8_length(text) > self._settings.max_request_bytes:
            self.close(1009, "Message too big")
        else:
            self._receive_request(text, now)

    def receive_binary(self, payload: bytes, now: float) -> None:
        """Take one binary frame, which no path but the SBE one has a use for.

        Parameters
        ----------
        payload
            The frame as received.
        now
            Monotonic time [s].
        """
        if self.closing is None:
            self._last_activity = now
            self._send_error("60012", None, text=f"{len(payload)} bytes")

    def handle_deadline(self, now: float) -> None:
        """End the connection if a deadline has passed.

        Parameters
        ----------
        now
            Monotonic time [s].
        """
        if self.closing is not None:
            return
        if self._close_at is not None and now >= self._close_at:
            self.close(1001, "service upgrade")
        elif now >= self._last_activity + self._settings.idle_timeout:
            # Code and text as seen on 2026-09-08.
            self.close(4004, f"No data received in {self._settings.idle_timeout:g}s.")

    def next_deadline(self) -> float | None:
        """Return when :meth:`handle_deadline` is due [monotonic s], if ever."""
        if self.closing is not None:
            return None
        idle = self._last_activity + self._settings.idle_timeout
        return idle if self._close_at is None else min(idle, self._close_at)

    # What the exchange decides

    def events(self) -> Iterator[ServerEvent]:
        """Yield what the client asked for, in the order asked, and drain it.

        Each is to be answered before the next is taken: what is refused without
        asking the caller is refused in its turn, so that the answers come in the
        order of the request.
        """
        while self._asked and self.closing is None:
            request, index = self._asked.popleft()
            event = self._judge(request, index)
            if event is not None:
                yield event

    def accept(self, asked: SubscribeAsked | UnsubscribeAsked) -> bool:
        """Do what was asked and acknowledge it.

        Returns
        -------
        bool
            Whether anything changed: a second subscribe to the same arg is
            acknowledged, but its stream stays single.
        """
        changed = self.register(asked)
        self.acknowledge(asked)
        return changed

    def register(self, asked: SubscribeAsked | UnsubscribeAsked) -> bool:
        """Do what was asked without a word about it; see :meth:`accept`."""
        held = asked.arg in self._held
        if isinstance(asked, SubscribeAsked):
            self._held[asked.arg] = None
            return not held
        self._held.pop(asked.arg, None)
        return held

    def acknowledge(self, asked: SubscribeAsked | UnsubscribeAsked) -> None:
        """Queue the ack of something that was asked."""
        event = "subscribe" if isinstance(asked, SubscribeAsked) else "unsubscribe"
        self._outgoing.append(
            messages.encode_ack(event, asked.arg.wire(), self.conn_id, asked.id)
        )

    def refuse(self, asked: ServerEvent, code: str, msg: str | None = None) -> None:
        """Queue a refusal; after an ack it also ends that subscription.

        Parameters
        ----------
        asked
            What is refused.
        code
            OKX's code, for example "60018".
        msg
            OKX's words; by default those known for the code.
        """
        words: dict[str, str] = {}
        if isinstance(asked, SubscribeAsked | UnsubscribeAsked):
            self._held.pop(asked.arg, None)
            words["arg"] = _arg_in_words(asked.arg.wire())
            words["verb"] = (
                "Subscribe" if isinstance(asked, SubscribeAsked) else "Unsubscribe"
            )
        self._send_error(code, asked.id, msg, **words)

    def accept_login(self) -> None:
        """Let the client in and tell it so."""
        self.logged_in = True
        self._outgoing.append(messages.encode_login(self.conn_id))

    def tell_conn_count(
        self, channel: str, count: int, *, exceeded: bool = False
    ) -> None:
        """Queue how many connections of the account hold a channel.

        Parameters
        ----------
        channel
            One of those that OKX counts.
        count
            How many.
        exceeded
            Whether this is why the subscription is off again.
        """
        self._outgoing.append(
            messages.encode_conn_count(channel, count, self.conn_id, exceeded=exceeded)
        )

    @property
    def held(self) -> tuple[Arg, ...]:
        """What this connection is subscribed to, oldest first."""
        return tuple(self._held)

    def holds(self, arg: Arg) -> bool:
        """Return whether this connection is subscribed to ``arg``."""
        return arg in self._held

    # Output

    def push(self, text: str, now: float) -> None:
        """Queue a push that is encoded already.

        Parameters
        ----------
        text
            The frame.
        now
            Monotonic time [s]; a push counts as activity.
        """
        self._last_activity = now
        self._outgoing.append(text)

    def pushed_past(self, now: float) -> None:
        """Note that pushes were sent without being queued here.

        Parameters
        ----------
        now
            Monotonic time [s]; a push counts as activity.
        """
        self._last_activity = now

    def notice(self, code: str, msg: str, *, close_at: float | None = None) -> None:
        """Queue a notice, and end the connection later if a time is given.

        Parameters
        ----------
        code, msg
            OKX's code and words.
        close_at
            Monotonic time at which the server hangs up [s]; never by default.
        """
        self._outgoing.append(messages.encode_notice(code, msg, self.conn_id))
        if close_at is not None:
            self._close_at = close_at

    def close(self, code: int, reason: str) -> None:
        """End the connection after what is queued; the first reason stands."""
        if self.closing is None:
            self.closing = Closing(code, reason)
            self._asked.clear()

    def text_to_send(self) -> list[str]:
        """Return the frames that are due, oldest first, and drain them."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    # Judging requests

    def _receive_request(self, text: str, now: float) -> None:
        try:
            request = messages.decode_request(text)
        except RemoteProtocolError as error:
            self._send_error(error.code or "60012", None, text=text)
            return
        except (RecursionError, UnicodeError):
            # Thousands of brackets, or half of a surrogate pair.
            self._send_error("60012", None)
            return
        if request.op in ORDER_OPERATIONS:
            self._asked.append((request, 0))
        elif request.op not in {"subscribe", "unsubscribe", "login"}:
            self._send_error("60019", request.id, op=request.op)
        elif not self._spend_request(now):
            self._send_error("60014", request.id)
        elif not request.args:
            self._send_error("60012", request.id, text=text)
        else:
            count = 1 if request.op == "login" else len(request.args)
            self._asked.extend((request, index) for index in range(count))

    def _spend_request(self, now: float) -> bool:
        while self._requests and self._requests[0] <= now - _HOUR:
            self._requests.popleft()
        if len(self._requests) >= self._settings.requests_per_hour:
            return False
        self._requests.append(now)
        return True

    def _judge(self, request: messages.Request, index: int) -> ServerEvent | None:
        if request.op == "login":
            return LoginAsked(request.args, request.id)
        if request.op in ORDER_OPERATIONS:
            if self.logged_in:
                return OperationAsked(request.op, request.args, request.id)
            self._send_error("60011", request.id)
            return None
        return self._judge_arg(request.op, request.args[index], request.id)

    def _judge_arg(
        self, op: str, wire: Mapping[str, Any], request_id: str | None
    ) -> SubscribeAsked | UnsubscribeAsked | None:
        entry = self._entry(wire.get("channel"))
        if entry is None and self.path == "private" and not self.logged_in:
            code = "60011"
        elif entry is None or not _fits(entry, wire):
            code = "60018"
        elif entry.login and not self.logged_in:
            code = "60011"
        else:
            # OKX drops keys that a channel does not have from its ack
            # (liquidation-orders with an instId, 2026-08-11).
            keys = {"channel", *entry.arg_keys}
            arg = Arg.from_wire({k: v for k, v in wire.items() if k in keys})
            asked = SubscribeAsked if op == "subscribe" else UnsubscribeAsked
            return asked(arg, request_id)
        self._send_error(
            code, request_id, arg=_arg_in_words(wire), verb=op.capitalize()
        )
        return None

    def _entry(self, name: object) -> Channel | None:
        """Return the registry's entry if this path serves the channel."""
        if not isinstance(name, str):
            return None
        try:
            entry = find_channel(name)
        except ChannelError:
            return None
        return entry if entry.path == self.path else None

    def _send_error(
        self, code: str, request_id: str | None, msg: str | None = None, **words: str
    ) -> None:
        text = msg if msg is not None else _words_for(code, words)
        self._outgoing.append(
            messages.encode_error(code, text, self.conn_id, request_id)
        )


def _words_for(code: str, words: Mapping[str, str]) -> str:
    known = {"text": "", "op": "", "arg": "", "verb": "", **words}
    return _WORDS.get(code, "Request refused").format_map(known)


def _utf8_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="replace"))


def _fits(entry: Channel, wire: Mapping[str, Any]) -> bool:
    """Return whether an arg has the channel's keys, with texts in them."""
    return (
        all(wire.get(key) for key in entry.required)
        and (not entry.either or any(wire.get(key) for key in entry.either))
        and all(isinstance(wire[key], str) for key in entry.arg_keys if key in wire)
        and wire.get("instType", entry.inst_types[0]) in entry.inst_types
    )


def _arg_in_words(wire: Mapping[str, Any]) -> str:
    """Spell an arg as OKX's messages do: ``channel:books,instId:NOPE-USDT``."""
    rest: Sequence[str] = [f"{k}:{v}" for k, v in wire.items() if k != "channel"]
    return ",".join([f"channel:{wire.get('channel', '')}", *rest])
