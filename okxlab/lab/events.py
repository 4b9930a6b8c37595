"""What happens to holdings: rows, acknowledgements, refusals, losses.

Everything here runs on the loop thread.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import msgspec

from okxlab.errors import SubscriptionError
from okxlab.history import has_history
from okxlab.lab.status import ChannelCount
from okxlab.protocol import events as ev

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.errors import LoginError
    from okxlab.lab.errands import Errands
    from okxlab.lab.holdings import Holding, Holdings
    from okxlab.lab.instrument_list import NearMisses
    from okxlab.lab.lists import Lists
    from okxlab.lab.login import Login
    from okxlab.protocol.arg import Arg
    from okxlab.protocol.session import ClientSession
    from okxlab.runtime import Clock
    from okxlab.stream.tape import Tape
    from okxlab.transport import Connection

__all__ = ["Events"]

_log = logging.getLogger("okxlab.lab")

_NEAR_MISS_TIMEOUT = 3.0
"""A refusal waits this long for the instrument list that explains it [s]."""
_SERVICE_UPGRADE = "64008"
_MOST_CONNECTIONS = {"fills": 20}
_MOST_CONNECTIONS_ELSE = 30
"""Connections of an account that may hold a channel: OKX API v5, "WebSocket /
Connection count limit", 2026-08-22."""


class Events:
    """Listens to the connections of a lab and tells its tapes.

    Parameters
    ----------
    holdings
        Who wants what.
    lists
        Loads what the wire does not begin with.
    errands
        Where work beside the streams runs.
    clock
        Stamps what happens.
    detach
        Takes a tape out that can be served no more.
    near_misses
        Explains refusals of instruments; None where there are no lists.

    Attributes
    ----------
    login : Login or None
        Credentials for the channels that need them; None without.
    channel_counts : dict of str to ChannelCount
        What OKX said last of the connections of the account, by channel.
    """

    def __init__(
        self,
        holdings: Holdings,
        lists: Lists,
        errands: Errands,
        clock: Clock,
        *,
        detach: Callable[[Tape], None],
        near_misses: NearMisses | None = None,
    ) -> None:
        self._holdings = holdings
        self._by_key = holdings.by_key
        self._lists = lists
        self._errands = errands
        self._clock = clock
        self._detach = detach
        self._near_misses = near_misses
        self.login: Login | None = None
        # Replaced and never changed: any thread reads it.
        self.channel_counts: dict[str, ChannelCount] = {}
        self._noted = 0

    # What the connections tell: transport.Listener.

    def pushed(self, push: ev.Push, recv_us: int) -> None:
        """Write the rows of a push to the tapes that want them."""
        holding = self._by_key.get(push.arg.key)
        if holding is None:
            return
        if not holding.has_begun:
            push = _begin(holding, push)
        if push.rows:
            holding.last = push
            holding.recv_us = recv_us
        for tape in holding.tapes:
            try:
                tape.receive(push, recv_us)
            except Exception as error:  # noqa: BLE001  # it ends this stream only
                _log.exception("a row of %s cannot be stored", push.arg)
                tape.fail(error)
                self._detach(tape)

    def opened(self, connection: Connection) -> None:
        """Log in where that is due; the session subscribes by itself after it."""
        _log.info("%s connected: %d args", connection.url, len(connection.wanted))
        if self._holdings.logs_in(connection) and self.login is not None:
            assert connection.session is not None
            connection.session.login(self.login.credentials, self.login.timestamp())
        for holding in self._holdings.on(connection):
            if holding.resync is not None:
                holding.resync.subscribed()

    def lost(
        self, connection: Connection, why: str, code: int | None, alive_us: int
    ) -> None:
        """Open a gap on every tape that the connection served."""
        reason = f"connection lost: {why}" if code is None else f"{why} ({code})"
        served: dict[Tape, list[Arg]] = {}
        for holding in self._holdings.on(connection):
            holding.is_live = holding.has_begun = False
            self._lists.stop(holding)
            for tape in holding.tapes:
                served.setdefault(tape, []).append(holding.arg)
        for tape, args in served.items():
            tape.lost(args, reason, alive_us)
            tape.trouble = connection.last_error
        for holding in self._holdings.on(connection):
            if holding.resync is not None:
                holding.resync.lost()

    def aged(self, connection: Connection) -> None:
        """Replace a connection that has come to its age."""
        self._renew(connection, "it has come to its age")

    def failed(self, connection: Connection, error: Exception) -> None:
        """Tell the tapes why their connection cannot be made."""
        for tape in self._holdings.tapes_on(connection):
            tape.unreachable(error)

    def event(self, connection: Connection, event: ev.Event) -> None:  # noqa: C901, PLR0912  # a table: one line for each kind
        """Act on what the session has recorded."""
        match event:
            case ev.Subscribed(arg=arg, dropped=dropped):
                self._acknowledged(arg, dropped)
            case ev.Unsubscribed(arg=arg):
                self._left(arg)
            case ev.Rejected():
                self._rejected(event)
            case ev.LoggedIn():
                self._logged_in(connection)
            case ev.LoginRefused():
                self._login_refused(connection, event)
            case ev.Malformed():
                self._malformed(connection, event)
            case ev.Missed(arg=arg, why=why):
                for tape in self._concerned(connection, arg):
                    tape.missed(why, self._now_us, arg)
            case ev.Notice(code=code, msg=msg):
                self._noticed(connection, code, msg)
            case ev.AckMissing(arg=arg, tries=tries):
                self._unanswered(connection, arg, tries)
            case ev.Unclaimed(channel=name):
                self._note(connection, f"rows of {name!r}, which nobody asked for")
            case ev.UnknownEvent(text=text):
                self._note(connection, f"an unknown message: {text}")
            case ev.RequestRefused(code=code, msg=msg):
                self._note(connection, f"a request was refused: {code} {msg}")
            case ev.ConnCount():
                self._counted(event)
            case _:
                _log.debug("%s: %r", connection.url, event)

    def _acknowledged(self, arg: Arg, dropped: tuple[str, ...]) -> None:
        holding = self._holdings.find(arg)
        if holding is None:
            return
        holding.is_live = True
        for tape in holding.tapes:
            tape.acknowledged(arg, dropped, self._now_us)
        if holding.resync is not None:
            holding.resync.acknowledged()
        self._lists.load(holding)

    def _left(self, arg: Arg) -> None:
        holding = self._holdings.find(arg)
        if holding is not None and holding.resync is not None:
            holding.resync.left()

    def _rejected(self, event: ev.Rejected) -> None:
        holding = self._holdings.find(event.arg)
        if holding is not None:
            self._holdings.let_go(holding)
            self._errands.spawn(self._refuse(holding, event))

    async def _refuse(self, holding: Holding, event: ev.Rejected) -> None:
        near = await self._near(holding, event.code)
        error = SubscriptionError(
            f"OKX refused {event.arg}: {event.code} {event.msg}{near}",
            code=event.code,
            msg=event.msg,
            arg=str(event.arg),
            conn_id=event.conn_id,
        )
        _log.warning("%s", error)
        for tape in holding.tapes:
            tape.refused(event.arg, error, self._now_us)

    async def _near(self, holding: Holding, code: str) -> str:
        """Return which instruments or spreads were perhaps meant, if a list tells."""
        inst_id, near = holding.arg.inst_id, self._near_misses
        if near is None or inst_id is None or code != "60018":
            return ""
        is_spread = holding.arg.get("sprdId") is not None
        try:
            async with asyncio.timeout(_NEAR_MISS_TIMEOUT):
                return await (near.of_spread if is_spread else near.of)(inst_id)
        except Exception as error:  # noqa: BLE001  # a hint must not cost the refusal
            _log.info("no instrument list to explain a refusal: %s", error)
            return ""

    def _logged_in(self, connection: Connection) -> None:
        _log.info("%s logged in", connection.url)
        if self.login is not None:
            self.login.accepted()

    def _login_refused(self, connection: Connection, event: ev.LoginRefused) -> None:
        assert self.login is not None
        error = self.login.error(event)
        _log.warning("%s: %s", connection.url, error)
        if self.login.may_try_again(event):
            self._errands.spawn(self._log_in_again(connection, self.login, error))
            return
        for holding in self._holdings.on(connection):
            self._holdings.let_go(holding)
            for tape in holding.tapes:
                tape.refused(holding.arg, error, self._now_us)

    async def _log_in_again(
        self, connection: Connection, login: Login, error: LoginError
    ) -> None:
        for tape in self._holdings.tapes_on(connection):
            tape.note(str(error))
        session = connection.session
        await login.try_again()
        if connection.session is session:  # else it has another chance already
            connection.reconnect(f"the login was refused: {error.code} {error.msg}")

    def _counted(self, event: ev.ConnCount) -> None:
        level = logging.WARNING if event.exceeded else logging.INFO
        _log.log(
            level,
            "%d connections of this account hold %s",
            event.count,
            event.channel,
        )
        counted = ChannelCount(
            channel=event.channel,
            connections=event.count,
            limit=_MOST_CONNECTIONS.get(event.channel, _MOST_CONNECTIONS_ELSE),
            exceeded=event.exceeded,
        )
        self.channel_counts = {**self.channel_counts, event.channel: counted}

    def _malformed(self, connection: Connection, event: ev.Malformed) -> None:
        what = f"a frame that cannot be read: {event.why}"
        self._note(connection, what, event.arg)
        if event.lost:
            for tape in self._concerned(connection, event.arg):
                tape.missed("malformed frame", self._now_us, event.arg)

    def _noticed(self, connection: Connection, code: str, msg: str) -> None:
        _log.warning("%s: notice %s %s", connection.url, code, msg)
        for tape in self._holdings.tapes_on(connection):
            tape.notices += 1
        if code == _SERVICE_UPGRADE:
            self._renew(connection, f"notice {code}: {msg}")

    def _renew(self, connection: Connection, why: str) -> None:
        """Replace a connection before it is let go of."""
        login = self.login if self._holdings.logs_in(connection) else None

        def log_in(session: ClientSession) -> None:
            assert login is not None
            session.login(login.credentials, login.timestamp())

        def heard() -> list[ev.Push]:
            return [one.last for one in self._holdings.on(connection) if one.last]

        connection.renew(why, log_in if login is not None else None, heard)

    def _note(self, connection: Connection, what: str, arg: Arg | None = None) -> None:
        self._noted += 1
        if self._noted & (self._noted - 1) == 0:  # the 1st, 2nd, 4th, 8th ...
            _log.warning("%s: %s (%d so far)", connection.url, what, self._noted)
        for tape in self._concerned(connection, arg):
            tape.note(what)

    def _unanswered(self, connection: Connection, arg: Arg, tries: int) -> None:
        self._note(connection, f"no answer to {arg}, asked {tries} times", arg)
        for tape in self._concerned(connection, arg):
            tape.unanswered(arg, self._now_us)

    def _concerned(self, connection: Connection, arg: Arg | None) -> tuple[Tape, ...]:
        if arg is None:
            return self._holdings.tapes_on(connection)
        holding = self._holdings.find(arg)
        return holding.tapes if holding is not None else ()

    @property
    def _now_us(self) -> int:
        return self._clock.recv_us()


def _begin(holding: Holding, push: ev.Push) -> ev.Push:
    """Note that a holding is served again, and return what of its first push is news.

    OKX begins each subscription to trades with the last one there was.  Tapes of
    trades that are counted know by themselves, and learn from it that nothing is
    missing.
    """
    holding.is_live = holding.has_begun = True
    if has_history(holding.entry):
        return push
    if holding.entry.kind != "log" or holding.last is None or not holding.last.rows:
        return push
    known = getattr(holding.last.rows[-1], "trade_id", None)
    if known is None:
        return push
    rows = [row for row in push.rows if row.trade_id != known]
    return msgspec.structs.replace(push, rows=rows)
