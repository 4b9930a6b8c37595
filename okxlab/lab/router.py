"""The loop-thread side of a lab: which connection holds which arg for whom.

Theory of operation.  A *holding* is one arg on the wire and the tapes that want
it; streams that share an arg share its holding.  A holding lives on one
connection of its path; a connection takes ``args_per_connection`` of them, then
another one is opened.  What the tapes want is kept here and in the connection's
wanted set, so that it outlives every single connection: after a reconnect the
session subscribes anew and the tapes only see the hole in between.

Everything here runs on the loop thread.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from okxlab.environment import Timings
from okxlab.errors import (
    LoginError,
    OkxlabError,
    SubscriptionError,
    TransportError,
)
from okxlab.lab.instrument_list import NearMisses, instrument_rows
from okxlab.lab.status import ConnectionStatus
from okxlab.protocol import events as ev
from okxlab.runtime import ConnectGate
from okxlab.transport import Connection

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from okxlab.environment import Environment
    from okxlab.lab.login import Login
    from okxlab.protocol.arg import Arg
    from okxlab.protocol.channels import Channel
    from okxlab.rest import RestClient
    from okxlab.runtime import Runtime
    from okxlab.stream.tape import Tape

__all__ = ["Router"]

_log = logging.getLogger("okxlab.lab")

_NEAR_MISS_TIMEOUT = 3.0
"""A refusal waits this long for the instrument list that explains it [s]."""
_REFRESH = 20 * 60.0
"""Pushes of ``instruments`` are incremental without a promise of completeness
(OKX changelog 2026-09-30), so the list is loaded anew from time to time [s]."""
_SERVICE_UPGRADE = "64008"


class _Holding:
    """One arg on the wire and the tapes that want it."""

    __slots__ = ("arg", "connection", "entry", "is_live", "last", "recv_us", "tapes")

    def __init__(self, arg: Arg, entry: Channel) -> None:
        self.arg = arg
        self.entry = entry
        self.connection: Connection | None = None
        self.tapes: tuple[Tape, ...] = ()
        self.is_live = False
        self.last: ev.Push | None = None
        self.recv_us = 0


class Router:
    """Connections, holdings and the events between them.

    Parameters
    ----------
    environment
        Where to connect.
    runtime
        Whose loop thread this lives on.
    rest
        For instrument lists; None where the environment has no REST address.
    login
        Credentials for the channels that need them; None without.
    """

    def __init__(
        self,
        environment: Environment,
        runtime: Runtime,
        rest: RestClient | None,
        login: Login | None = None,
    ) -> None:
        self._environment = environment
        self._runtime = runtime
        self._rest = rest
        self._login = login
        self._near_misses = None if rest is None else NearMisses(rest)
        self._gate = _gate_for(environment, runtime)
        self._holdings: dict[Arg, _Holding] = {}
        self._connections: dict[Connection, int] = {}  # with the args each holds
        self._logging_in: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._tick: asyncio.TimerHandle | None = None
        self._noted = 0
        self.tapes: tuple[Tape, ...] = ()

    # What the lab wants.

    def attach(self, tape: Tape) -> None:
        """Serve a tape from now on."""
        self.tapes = (*self.tapes, tape)
        if self._tick is None:
            self._sample()
        new: dict[Connection, list[Arg]] = {}
        for arg in tape.args:
            holding = self._holdings.get(arg)
            if holding is None:
                holding = self._hold(arg, tape.entry)
                assert holding.connection is not None
                new.setdefault(holding.connection, []).append(arg)
            holding.tapes = (*holding.tapes, tape)
            self._catch_up(holding, tape)
        for connection, args in new.items():
            connection.add(args)
            self._start(connection)
        if tape.entry.name == "instruments" and self._rest is not None:
            self._spawn(self._keep_instruments(tape, self._rest))

    def detach(self, tape: Tape) -> None:
        """Serve a tape no more and let go of what nobody else wants."""
        self.tapes = tuple(one for one in self.tapes if one is not tape)
        if not self.tapes and self._tick is not None:
            self._tick.cancel()
            self._tick = None
        for arg in tape.args:
            holding = self._holdings.get(arg)
            if holding is None:
                continue
            holding.tapes = tuple(one for one in holding.tapes if one is not tape)
            if not holding.tapes:
                self._let_go(holding)

    async def close(self) -> None:
        """Close every connection in order; within about 2 s."""
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        for task in self._tasks:
            task.cancel()
        for connection in tuple(self._connections):
            self._end(connection)
        closing: list[Any] = [*self._closing, *self._tasks]
        if self._rest is not None:
            closing.append(self._rest.close())
        await asyncio.gather(*closing, return_exceptions=True)
        self._holdings.clear()

    def status(self) -> tuple[ConnectionStatus, ...]:
        """Return what each connection is doing."""
        return tuple(
            ConnectionStatus(
                path=connection.path,
                url=connection.url,
                state=connection.state,
                args=len(connection.wanted),
                requests_left=connection.requests_left,
                attempts=connection.attempts,
                last_error=str(connection.last_error or ""),
            )
            for connection in self._connections
        )

    def _hold(self, arg: Arg, entry: Channel) -> _Holding:
        holding = self._holdings[arg] = _Holding(arg, entry)
        holding.connection = self._connection_with_room(entry.path, entry.login)
        self._connections[holding.connection] += 1
        return holding

    def _connection_with_room(self, path: str, logs_in: bool) -> Connection:
        limit = self._environment.timings.args_per_connection
        for connection, held in self._connections.items():
            if connection.path != path or held >= limit:
                continue
            # A login that fails must not take public channels with it.
            if (connection in self._logging_in) == logs_in:
                return connection
        connection = Connection(
            self._environment.url(path),
            path,
            settings=self._environment.timings,
            clock=self._runtime.clock,
            gate=self._gate,
            listener=self,
            ssl=self._environment.ssl_context,
        )
        self._connections[connection] = 0
        if logs_in:
            self._logging_in.add(connection)
        return connection

    def _start(self, connection: Connection) -> None:
        if connection in self._logging_in and self._login is not None:
            self._spawn(self._start_in_time(connection, self._login))
        else:
            connection.start()

    async def _start_in_time(self, connection: Connection, login: Login) -> None:
        """Start once the exchange's clock is known: a login is signed with it."""
        await login.synchronise()
        if connection in self._connections:
            connection.start()

    def _catch_up(self, holding: _Holding, tape: Tape) -> None:
        """Give a tape that shares an arg what the wire will not repeat."""
        if holding.is_live:
            tape.acknowledged(holding.arg, (), self._now_us)
        if holding.last is not None and holding.entry.kind in ("series", "bars"):
            tape.receive(holding.last, holding.recv_us)
        for other in holding.tapes:
            if other is not tape:
                tape.catch_up(other, holding.arg, self._now_us)
                break
        connection = holding.connection
        if connection is not None and isinstance(connection.last_error, TransportError):
            tape.trouble = connection.last_error

    def _let_go(self, holding: _Holding) -> None:
        self._holdings.pop(holding.arg, None)
        connection, holding.connection = holding.connection, None
        assert connection is not None
        connection.remove([holding.arg])
        self._connections[connection] -= 1
        if not self._connections[connection]:
            self._end(connection)

    def _end(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
        self._logging_in.discard(connection)
        closing = self._runtime.loop.create_task(connection.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    # What the connections tell: transport.Listener.

    def pushed(self, _: Connection, push: ev.Push, recv_us: int) -> None:
        """Write the rows of a push to the tapes that want them."""
        holding = self._holdings.get(push.arg)
        if holding is None:
            return
        holding.is_live = True
        holding.last = push
        holding.recv_us = recv_us
        for tape in holding.tapes:
            try:
                tape.receive(push, recv_us)
            except Exception as error:  # noqa: BLE001  # it ends this stream only
                _log.exception("a row of %s cannot be stored", push.arg)
                tape.fail(error)
                self.detach(tape)

    def opened(self, connection: Connection) -> None:
        """Log in where that is due; the session subscribes by itself after it."""
        _log.info("%s connected: %d args", connection.url, len(connection.wanted))
        if connection in self._logging_in and self._login is not None:
            assert connection.session is not None
            connection.session.login(self._login.credentials, self._login.timestamp())

    def lost(
        self, connection: Connection, why: str, code: int | None, alive_us: int
    ) -> None:
        """Open a gap on every tape that the connection served."""
        reason = f"connection lost: {why}" if code is None else f"{why} ({code})"
        served: dict[Tape, list[Arg]] = {}
        for holding in self._held_by(connection):
            holding.is_live = False
            for tape in holding.tapes:
                served.setdefault(tape, []).append(holding.arg)
        for tape, args in served.items():
            tape.lost(args, reason, alive_us)

    def failed(self, connection: Connection, error: Exception) -> None:
        """Tell the tapes why their connection cannot be made."""
        for tape in self._tapes_of(connection):
            tape.unreachable(error)

    def event(self, connection: Connection, event: ev.Event) -> None:
        """Act on what the session has recorded."""
        match event:
            case ev.Subscribed(arg=arg, dropped=dropped):
                self._acknowledged(arg, dropped)
            case ev.Rejected():
                self._rejected(event)
            case ev.LoggedIn():
                self._logged_in(connection)
            case ev.LoginRefused():
                self._login_refused(connection, event)
            case ev.Malformed():
                self._malformed(connection, event)
            case ev.Notice(code=code, msg=msg):
                self._noticed(connection, code, msg)
            case ev.AckMissing(arg=arg, tries=tries):
                self._note(connection, f"no answer to {arg}, asked {tries} times", arg)
            case ev.Unclaimed(channel=name):
                self._note(connection, f"rows of {name!r}, which nobody asked for")
            case ev.UnknownEvent(text=text):
                self._note(connection, f"an unknown message: {text}")
            case ev.RequestRefused(code=code, msg=msg):
                self._note(connection, f"a request was refused: {code} {msg}")
            case ev.ConnCount(channel=name, count=count):
                _log.info("%d connections of this account hold %s", count, name)
            case _:
                _log.debug("%s: %r", connection.url, event)

    def _acknowledged(self, arg: Arg, dropped: tuple[str, ...]) -> None:
        holding = self._holdings.get(arg)
        if holding is None:
            return
        holding.is_live = True
        for tape in holding.tapes:
            tape.acknowledged(arg, dropped, self._now_us)
        if holding.entry.name == "instruments" and self._rest is not None:
            # What changed while nobody listened is pushed to nobody.
            self._spawn(self._load_instruments(holding, self._rest))

    def _rejected(self, event: ev.Rejected) -> None:
        holding = self._holdings.get(event.arg)
        if holding is not None:
            self._let_go(holding)
            self._spawn(self._refuse(holding, event))

    async def _refuse(self, holding: _Holding, event: ev.Rejected) -> None:
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
            tape.refused(event.arg, error)

    async def _near(self, holding: _Holding, code: str) -> str:
        """Return which instruments were perhaps meant, if the list tells."""
        inst_id = holding.arg.get("instId")  # spreads are not in the list
        if self._near_misses is None or inst_id is None or code != "60018":
            return ""
        try:
            async with asyncio.timeout(_NEAR_MISS_TIMEOUT):
                return await self._near_misses.of(inst_id)
        except (OkxlabError, TimeoutError) as error:
            _log.info("no instrument list to explain a refusal: %s", error)
            return ""

    def _logged_in(self, connection: Connection) -> None:
        _log.info("%s logged in", connection.url)
        if self._login is not None:
            self._login.accepted()

    def _login_refused(self, connection: Connection, event: ev.LoginRefused) -> None:
        assert self._login is not None
        error = self._login.error(event)
        _log.warning("%s: %s", connection.url, error)
        if self._login.may_try_again(event):
            self._spawn(self._log_in_again(connection, self._login, error))
            return
        for holding in self._held_by(connection):
            self._let_go(holding)
            for tape in holding.tapes:
                tape.refused(holding.arg, error)

    async def _log_in_again(
        self, connection: Connection, login: Login, error: LoginError
    ) -> None:
        for tape in self._tapes_of(connection):
            tape.note(str(error))
        await login.synchronise()
        connection.reconnect(f"the login was refused: {error.code} {error.msg}")

    def _malformed(self, connection: Connection, event: ev.Malformed) -> None:
        what = f"a frame that cannot be read: {event.why}"
        self._note(connection, what, event.arg)
        if event.lost:
            for tape in self._concerned(connection, event.arg):
                tape.missed("malformed frame", self._now_us)

    def _noticed(self, connection: Connection, code: str, msg: str) -> None:
        _log.warning("%s: notice %s %s", connection.url, code, msg)
        for tape in self._tapes_of(connection):
            tape.notices += 1
        if code == _SERVICE_UPGRADE:
            connection.reconnect(f"notice {code}: {msg}")

    def _note(self, connection: Connection, what: str, arg: Arg | None = None) -> None:
        self._noted += 1
        if self._noted & (self._noted - 1) == 0:  # the 1st, 2nd, 4th, 8th ...
            _log.warning("%s: %s (%d so far)", connection.url, what, self._noted)
        for tape in self._concerned(connection, arg):
            tape.note(what)

    def _concerned(self, connection: Connection, arg: Arg | None) -> tuple[Tape, ...]:
        if arg is None:
            return self._tapes_of(connection)
        holding = self._holdings.get(arg)
        return holding.tapes if holding is not None else ()

    def _held_by(self, connection: Connection) -> list[_Holding]:
        return [
            holding
            for holding in self._holdings.values()
            if holding.connection is connection
        ]

    def _tapes_of(self, connection: Connection) -> tuple[Tape, ...]:
        tapes = [tape for held in self._held_by(connection) for tape in held.tapes]
        return tuple(dict.fromkeys(tapes))

    # What runs beside.

    async def _keep_instruments(self, tape: Tape, rest: RestClient) -> None:
        """Load the whole list again from time to time."""
        while True:
            await asyncio.sleep(_REFRESH)
            if tape not in self.tapes:
                return
            for holding in [self._holdings[arg] for arg in tape.args]:
                await self._load_instruments(holding, rest)

    async def _load_instruments(self, holding: _Holding, rest: RestClient) -> None:
        asked_us = self._now_us
        try:
            rows = await instrument_rows(rest, holding.arg.get("instType") or "")
        except OkxlabError as error:
            for tape in holding.tapes:
                tape.note(f"the list of instruments cannot be loaded: {error}")
        else:
            for tape in holding.tapes:
                tape.load(rows, self._now_us, holding.arg, asked_us)

    def _sample(self) -> None:
        now = self._runtime.clock.monotonic()
        for tape in self.tapes:
            tape.sample(now)
        self._tick = self._runtime.loop.call_later(1.0, self._sample)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._runtime.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("work beside the streams failed", exc_info=task.exception())

    @property
    def _now_us(self) -> int:
        return self._runtime.clock.recv_us()


def _gate_for(environment: Environment, runtime: Runtime) -> ConnectGate:
    """Return the gate that all labs at OKX's own rate share, or one of its own."""
    per_second = environment.timings.connects_per_second
    if per_second == Timings().connects_per_second:
        return runtime.gate
    return ConnectGate(per_second)
