"""The client half of one connection, without a socket and without a clock.

Theory of operation.  A session lives as long as one connection and is never
reused.  Its owner says what is wanted (`subscribe`, `unsubscribe`, `login`),
hands in each text message with the time it came, and after each call sends what
`text_to_send` has and looks at `events`.  Nothing raises on what comes from the
wire: it is recorded.

Data counts as proof of a subscription: it may come before the acknowledgement
and even without one.  A refusal may come at any time, also after the
acknowledgement, and names no arg: it is pinned on one by the id of the request
and by what the message says.

Keep-alive: after ``ping_interval`` without a message the session sends ``ping``;
if nothing at all comes within ``pong_timeout`` the connection is dead.

Sources: OKX API v5, "WebSocket / Connect, Login, Subscribe", 2026-08-22.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from okxlab.errors import ChannelError
from okxlab.protocol import events as ev
from okxlab.protocol.arg import Arg
from okxlab.protocol.auth import Credentials, conceal, login_arg
from okxlab.protocol.channels import channel
from okxlab.protocol.messages import (
    PING,
    PONG,
    Control,
    Request,
    decode_control,
    encode_request,
)
from okxlab.protocol.pushes import UNREADABLE, Envelope, Routes, decode_rows
from okxlab.protocol.requests import Requests

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ClientSession", "SessionSettings"]

_TOO_FREQUENT = "60014"
_TOO_FREQUENT_PAUSE = 60.0
"""Pause after OKX said 60014, eight times the mean of 480 an hour [s]."""
_LOGIN_ID = "login"
_TEXT_LIMIT = 200
"""Characters of a foreign text kept in an event."""


class SessionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a session is and how much it may ask.

    Attributes
    ----------
    ping_interval
        Silence after which ``ping`` is sent [s]; OKX closes after 30.
    pong_timeout
        Silence after a ``ping`` that means the connection is dead [s].
    ack_timeout, login_timeout
        How long an answer may take [s].
    requests_per_hour
        Subscribe, unsubscribe and login requests a connection may make.
    max_request_bytes
        Greatest length of a request.
    """

    ping_interval: float = 20.0
    pong_timeout: float = 10.0
    ack_timeout: float = 10.0
    login_timeout: float = 10.0
    requests_per_hour: int = 480
    max_request_bytes: int = 65_536


class ClientSession:
    """The client half of one connection.

    Parameters
    ----------
    path
        ``public``, ``private`` or ``business``; for reports only.
    settings
        Timeouts and limits.

    Attributes
    ----------
    frames : int
        Messages received.
    last_received : float
        When the last one came [monotonic s].
    news : list of Event
        What `events` is going to return: whether there is anything can be told
        without a call, once a message.
    """

    def __init__(
        self, path: str = "public", settings: SessionSettings | None = None
    ) -> None:
        self.path = path
        self.settings = settings or SessionSettings()
        self.frames = 0
        self.last_received = 0.0
        self.conn_id = ""
        self.dead = False
        self._requests = Requests(
            self.settings.ack_timeout,
            self.settings.requests_per_hour,
            self.settings.max_request_bytes,
        )
        self._routes = Routes()
        self._readings = self._routes.readings
        self._out: list[str] = []
        self.news: list[ev.Event] = []
        self._pong_due: float | None = None
        self._login: tuple[Credentials, str] | None = None
        self._credentials: Credentials | None = None  # what was said here
        self._login_due: float | None = None
        self._login_refused = False  # then nothing more is asked for here

    # What the owner wants.

    def opened(self, now: float) -> None:
        """Start the clock: the handshake is done."""
        self.last_received = now

    def subscribe(self, args: Iterable[Arg]) -> None:
        """Ask for args; one that is asked for already is left as it is."""
        self._requests.ask(args)

    def unsubscribe(self, args: Iterable[Arg]) -> None:
        """Let go of args; one that was never asked for is passed over."""
        for arg in args:
            if self._requests.leave(arg):
                self._routes.forget(arg)

    def login(self, credentials: Credentials, timestamp: str) -> None:
        """Log in; requests wait until OKX has answered.

        Parameters
        ----------
        credentials
            The key to log in with.
        timestamp
            Unix time in whole seconds, of now.
        """
        self._login = (credentials, timestamp)
        self._credentials = credentials

    # What comes in.

    def receive_text(self, text: str, now: float) -> ev.Push | None:
        """Take one text message.

        Parameters
        ----------
        text
            The message.
        now
            Monotonic time it came [s].

        Returns
        -------
        Push or None
            The rows, if it is a push of a subscribed arg; everything else is
            answered or waits in `events`.
        """
        self.frames += 1
        self.last_received = now
        self._pong_due = None
        reading = self._readings.get(text.partition("}")[0])
        if reading is not None:
            try:
                return reading(text)
            except UNREADABLE:  # the long way finds out why
                return self._receive_other(text, now)
        return self._receive_other(text, now)

    def receive_binary(self, payload: bytes, now: float) -> None:
        """Take a binary message, which OKX never sends on these paths."""
        self.frames += 1
        self.last_received = now
        self._pong_due = None
        self._tell(ev.Malformed(why=f"a binary frame of {len(payload)} bytes"))

    def _receive_other(self, text: str, now: float) -> ev.Push | None:
        if text == PONG:
            return None
        if text == PING:
            self._out.append(PONG)
            return None
        try:
            envelope = _envelope.decode(text)
        except UNREADABLE as error:
            text = self._shown(text)
            self._tell(ev.Malformed(why=str(error), text=text, lost=True))
            return None
        if envelope.event:
            self._receive_control(text, now)
        elif envelope.arg is not None and bytes(envelope.data):
            return self._receive_push(text, envelope.arg, envelope)
        else:
            self._tell(ev.UnknownEvent(text=self._shown(text)))
        return None

    def _receive_push(
        self, text: str, on_wire: dict[str, object], envelope: Envelope
    ) -> ev.Push | None:
        named = Arg.from_wire(on_wire)
        try:
            entry = channel(named.channel)
        except ChannelError:
            self._tell(ev.Unclaimed(channel=named.channel[:_TEXT_LIMIT]))
            return None
        rows, troubles = decode_rows(entry, envelope.data, named)
        arg = self._owner_of(named, rows)
        if arg is None:
            if named not in self._requests.left:
                self._tell(ev.Unclaimed(channel=named.channel))
            return None
        self.news += [msgspec.structs.replace(one, arg=arg) for one in troubles]
        if arg == named:
            self._routes.learn(text, on_wire, arg)
        self._requests.hear(arg)
        if self._requests.is_overdue(arg) and self._requests.make_live(arg):
            self._tell(ev.Subscribed(arg=arg))
        return ev.Push(
            arg,
            rows,
            envelope.action,
            envelope.event_type,
            envelope.cur_page,
            envelope.last_page,
            text,
        )

    def _owner_of(self, named: Arg, rows: list[object]) -> Arg | None:
        if named in self._requests.asked:
            return named
        # Some pushes repeat less than the whole arg; the rows then tell more.
        owners = [arg for arg in self._requests.asked if named.covers(arg)]
        if len(owners) > 1:
            inst_ids = {getattr(row, "inst_id", None) for row in rows}
            owners = [arg for arg in owners if {arg.get("instId")} == inst_ids]
        return owners[0] if len(owners) == 1 else None

    # Control messages.

    def _receive_control(self, text: str, now: float) -> None:
        try:
            message = decode_control(text)
        except msgspec.MsgspecError as error:
            self._tell(ev.Malformed(why=str(error), text=self._shown(text)))
            return
        self.conn_id = message.conn_id or self.conn_id
        match message.event:
            case "subscribe" | "unsubscribe":
                self._receive_ack(message)
            case "error":
                self._receive_error(message, now)
            case "login":
                self._login_due = None
                self._tell(ev.LoggedIn())
            case "notice":
                msg = self._concealed(message.msg)
                self._tell(ev.Notice(code=message.code, msg=msg))
            case "channel-conn-count" | "channel-conn-count-error":
                self._receive_conn_count(message)
            case _:
                self._tell(ev.UnknownEvent(text=self._shown(text)))

    def _receive_ack(self, message: Control) -> None:
        named = Arg.from_wire(message.arg or {})
        if message.event == "unsubscribe":
            if self._requests.end(named):
                self._tell(ev.Unsubscribed(arg=named))
            return
        found = self._requests.acknowledge(named, message.id)
        if found is not None:
            self._tell(ev.Subscribed(arg=found[0], dropped=found[1]))

    def _receive_conn_count(self, message: Control) -> None:
        digits = message.conn_count[:9]
        count = int(digits) if digits.isdecimal() else 0
        exceeded = message.event.endswith("-error")
        name = message.channel
        self._tell(ev.ConnCount(channel=name, count=count, exceeded=exceeded))
        if exceeded:
            msg = f"{count} connections of this account hold the channel"
            held = [arg for arg in self._requests.asked if arg.channel == name]
            for arg in held:
                self._reject(arg, message.event, msg)

    def _receive_error(self, message: Control, now: float) -> None:
        code, msg, request_id = message.code, self._concealed(message.msg), message.id
        if self._login_due is not None and request_id in (None, _LOGIN_ID):
            # Nothing else is under way while a login is.
            self._login_due = None
            self._login_refused = True
            self._tell(ev.LoginRefused(code=code, msg=msg, conn_id=message.conn_id))
            return
        if code == _TOO_FREQUENT and self._requests.hold(
            request_id, now + _TOO_FREQUENT_PAUSE
        ):
            return
        arg = self._requests.pin(request_id, msg)
        if arg is not None:
            self._reject(arg, code, msg)
        elif not self._requests.halve(request_id):
            self._tell(ev.RequestRefused(code=code, msg=msg))

    def _shown(self, text: str) -> str:
        """Return as much of a foreign text as belongs into an event."""
        return self._concealed(text)[:_TEXT_LIMIT]

    def _concealed(self, text: str) -> str:
        return text if self._credentials is None else conceal(text, self._credentials)

    def _reject(self, arg: Arg, code: str, msg: str) -> None:
        if self._requests.drop(arg):
            self._routes.forget(arg)
            self._tell(ev.Rejected(arg=arg, code=code, msg=msg, conn_id=self.conn_id))

    # Time.

    def next_deadline(self) -> float | None:
        """Return when `handle_deadline` is due [monotonic s]; None if dead."""
        if self.dead:
            return None
        quiet = self.last_received + self.settings.ping_interval
        due = [quiet if self._pong_due is None else self._pong_due]
        if self._login_due is not None:
            due.append(self._login_due)
        elif self._login is not None:
            due.append(self._requests.may_send_at())
        asking = self._requests.next_due(may_send=self._may_ask)
        if asking is not None:
            due.append(asking)
        return min(due)

    def handle_deadline(self, now: float) -> None:
        """Do what is due: ping, give up, or ask again.

        To be called when `next_deadline` has passed and everything that had
        arrived by then was handed in.
        """
        if self.dead:
            return
        if self._pong_due is not None and now >= self._pong_due:
            self._die(f"no answer to ping within {self.settings.pong_timeout:g} s")
        elif self._login_due is not None and now >= self._login_due:
            self._die(f"no answer to login within {self.settings.login_timeout:g} s")
        else:
            self._ping_if_quiet(now)
            self.news += [
                ev.AckMissing(arg=arg, tries=tries) if tries else ev.Subscribed(arg=arg)
                for arg, tries in self._requests.overdue(now)
            ]

    def _ping_if_quiet(self, now: float) -> None:
        quiet_since = self.last_received + self.settings.ping_interval
        if self._pong_due is None and now >= quiet_since:
            self._out.append(PING)
            self._pong_due = now + self.settings.pong_timeout

    def _die(self, why: str) -> None:
        self.dead = True
        self._tell(ev.Dead(why=why))

    # What goes out.

    def text_to_send(self, now: float) -> list[str]:
        """Return the texts to send now, in order, and forget them.

        Requests beyond the budget stay behind; `next_deadline` says until when.
        """
        if self._login is not None and now >= self._requests.may_send_at():
            self._send_login(*self._login, now)
        if self._may_ask:
            self._out += self._requests.take(now)
        texts, self._out = self._out, []
        return texts

    @property
    def _may_ask(self) -> bool:
        waits = self._login is not None or self._login_due is not None
        return not (waits or self._login_refused)

    def _send_login(self, credentials: Credentials, timestamp: str, now: float) -> None:
        arg = login_arg(credentials, timestamp)
        self._login = None
        self._login_due = now + self.settings.login_timeout
        self._requests.pay(now)
        self._out.append(encode_request(Request(op="login", args=(arg,), id=_LOGIN_ID)))

    def requests_left(self, now: float) -> int:
        """Return how many requests the budget of the last hour leaves."""
        return self._requests.left_in_budget(now)

    @property
    def waiting(self) -> int:
        """How many args wait for the login, the budget or the next send."""
        return len(self._requests)

    def events(self) -> list[ev.Event]:
        """Return what happened since the last call, in order."""
        happened, self.news = self.news, []
        return happened

    def _tell(self, event: ev.Event) -> None:
        self.news.append(event)


_envelope = msgspec.json.Decoder(Envelope)
