"""The loop-thread side of a lab: from what the tapes want to what is connected.

Theory of operation.  `Holdings` knows which connection holds which arg for whom,
`Events` acts on what the connections tell, and the router brings tapes in and
out.  What the tapes want outlives every single connection: after a reconnect the
session subscribes anew and the tapes only see the hole in between.

Everything here runs on the loop thread.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from okxlab.history import cache_directory, exchange_key
from okxlab.lab.connecting import Connector
from okxlab.lab.errands import Errands
from okxlab.lab.events import Events
from okxlab.lab.healer import Healer
from okxlab.lab.holdings import Holdings
from okxlab.lab.instrument_list import NearMisses
from okxlab.lab.lists import Lists
from okxlab.lab.pulse import Pulse
from okxlab.lab.resync import Resync
from okxlab.lab.status import ChannelCount, ConnectionStatus
from okxlab.stream.book_tape import BookTape

if TYPE_CHECKING:
    from okxlab.environment import Environment
    from okxlab.lab.holdings import Holding
    from okxlab.lab.login import Login
    from okxlab.protocol.arg import Arg
    from okxlab.rest import RestClient
    from okxlab.runtime import Runtime
    from okxlab.stream.tape import Tape
    from okxlab.transport import Connection

__all__ = ["Router"]


class Router:
    """Brings tapes onto connections and off them again.

    Parameters
    ----------
    environment
        Where to connect.
    runtime
        Whose loop thread this lives on.
    rest
        For instrument lists; None where the environment has no REST address.
    connector
        Makes the connections; by default one of its own.
    """

    def __init__(
        self,
        environment: Environment,
        runtime: Runtime,
        rest: RestClient | None,
        connector: Connector | None = None,
    ) -> None:
        self._environment = environment
        self._runtime = runtime
        self._rest = rest
        self.login: Login | None = None  # read on any thread
        self._connector = connector or Connector(environment, runtime)
        self._errands = Errands(runtime.loop)
        self._holdings = Holdings(
            self._connect, environment.timings.args_per_connection
        )
        self._healer = Healer(
            rest,
            self._errands,
            runtime.clock,
            exchange=exchange_key(environment),
            cache_at=cache_directory(True, environment),
        )
        self._lists = Lists(
            self._holdings, self._errands, rest, runtime.clock, environment.timings
        )
        self._events = Events(
            self._holdings,
            self._lists,
            self._errands,
            runtime.clock,
            detach=self.detach,
            near_misses=None if rest is None else NearMisses(rest),
        )
        self._pulse = Pulse(runtime, self._errands, rest, self._woken)
        self.tapes: tuple[Tape, ...] = ()

    def use(self, login: Login) -> None:
        """Log in with this from now on, and anew where another one is in use."""
        is_other = self.login is not None and (
            self.login.credentials != login.credentials
        )
        self.login = self._events.login = self._lists.login = login
        if is_other:
            self._events.channel_counts = {}  # they were those of another account
        for connection in self._holdings.connections:
            if is_other and self._holdings.logs_in(connection):
                connection.reconnect("other credentials are to be used")

    def attach(self, tape: Tape) -> None:
        """Serve a tape from now on."""
        self.tapes = (*self.tapes, tape)
        tape.offset = self._pulse.offset
        self._pulse.start(lambda: self.tapes)
        new: dict[Connection, list[Arg]] = {}
        for arg in tape.args:
            holding = self._holdings.find(arg)
            if holding is None:
                holding, connection = self._holdings.hold(arg, tape.entry)
                new.setdefault(connection, []).append(arg)
            holding.tapes = (*holding.tapes, tape)
            self._catch_up(holding, tape)
            if isinstance(tape, BookTape):
                self._watch_over(holding, tape)
        for connection, args in new.items():
            connection.add(args)
            self._start(connection)
        self._lists.keep(tape)
        self._healer.watch(tape)

    def detach(self, tape: Tape) -> None:
        """Serve a tape no more and let go of what nobody else wants."""
        self.tapes = tuple(one for one in self.tapes if one is not tape)
        self._healer.leave(tape)
        if not self.tapes:
            self._pulse.stop()
        for arg in tape.args:
            holding = self._holdings.find(arg)
            if holding is None:
                continue
            holding.tapes = tuple(one for one in holding.tapes if one is not tape)
            if holding.resync is not None and holding.resync.is_of(tape):
                self._leave_alone(holding)
            if not holding.tapes:
                self._holdings.let_go(holding)

    async def close(self) -> None:
        """Close every connection in order; within about 2 s."""
        self._pulse.stop()
        closing = [self._holdings.close(), self._errands.close()]
        if self._rest is not None:
            closing.append(self._rest.close())
        await asyncio.gather(*closing, return_exceptions=True)

    def status(self) -> tuple[ConnectionStatus, ...]:
        """Return what each connection is doing; on any thread."""
        timings = self._environment.timings
        return tuple(
            ConnectionStatus(
                path=connection.path,
                url=connection.url,
                state=connection.state,
                args=len(connection.wanted),
                args_limit=timings.args_per_connection,
                requests_left=connection.requests_left,
                requests_limit=timings.requests_per_hour,
                waiting=connection.waiting,
                attempts=connection.attempts,
                last_error=str(connection.last_error or ""),
            )
            for connection in self._holdings.connections
        )

    def channel_counts(self) -> tuple[ChannelCount, ...]:
        """Return what OKX says of the account's connections; on any thread."""
        return tuple(self._events.channel_counts.values())

    def _connect(self, path: str) -> Connection:
        return self._connector.make(path, self._events)

    def _start(self, connection: Connection) -> None:
        if self._holdings.logs_in(connection) and self.login is not None:
            self._errands.spawn(self._start_in_time(connection, self.login))
        else:
            connection.start()

    async def _start_in_time(self, connection: Connection, login: Login) -> None:
        """Start once the exchange's clock is known: a login is signed with it."""
        await login.synchronise()
        if connection in self._holdings.connections:
            connection.start()

    def _catch_up(self, holding: Holding, tape: Tape) -> None:
        """Give a tape that shares an arg what the wire will not repeat."""
        now_us = self._runtime.clock.recv_us()
        if holding.is_live:
            tape.acknowledged(holding.arg, (), now_us)
            # What was last heard before a connection broke is no news.
            if holding.last is not None and holding.entry.kind in ("series", "bars"):
                tape.receive(holding.last, holding.recv_us)
        for other in holding.tapes:
            if other is not tape:
                tape.catch_up(other, holding.arg, now_us)
                break
        connection = holding.connection
        if connection is not None and connection.state != "open":
            tape.trouble = connection.last_error

    def _watch_over(self, holding: Holding, tape: BookTape) -> None:
        """See to it that a book comes back when it is torn."""
        connection = holding.connection
        if connection is None:
            return
        if holding.resync is not None:
            holding.resync.stop()
        holding.resync = Resync(
            tape,
            connection,
            self._runtime,
            self._rest,
            self._environment.timings,
        )
        if connection.state == "open" and not tape.book.is_synced:
            holding.resync.subscribed()

    def _leave_alone(self, holding: Holding) -> None:
        """Watch over a book no more; rows of it may be wanted still."""
        assert holding.resync is not None
        holding.resync.stop()
        holding.resync = None
        connection, arg = holding.connection, holding.arg
        if holding.tapes and connection is not None and arg not in connection.wanted:
            connection.add([arg])

    def _woken(self, why: str) -> None:
        """Make every connection anew: those from before the sleep are dead."""
        for connection in self._holdings.connections:
            connection.reconnect(why)
