"""Who holds what on which connection.

A *holding* is one arg on the wire and the tapes that want it; streams that share
an arg share its holding.  A holding lives on one connection of its path; a
connection takes ``args_per_connection`` of them, then another one is opened.
What the tapes want is kept here and in the connection's wanted set, so that it
outlives every single connection.

Everything here runs on the loop thread.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.lab.resync import Resync
    from okxlab.protocol.arg import Arg
    from okxlab.protocol.channels import Channel
    from okxlab.protocol.events import Push
    from okxlab.stream.tape import Tape
    from okxlab.transport import Connection

__all__ = ["Holding", "Holdings"]


class Holding:
    """One arg on the wire and the tapes that want it.

    Attributes
    ----------
    connection
        Where it lives; None once nobody wants it any more.
    has_begun
        Whether a push has come since the connection was lost last.
    is_live
        Whether the exchange serves it now.
    last, recv_us
        What came last, and when [us since 1970 UTC].
    resync
        Brings an incremental book back; None for everything else.
    """

    __slots__ = (
        "arg",
        "connection",
        "entry",
        "has_begun",
        "is_live",
        "last",
        "recv_us",
        "resync",
        "tapes",
    )

    def __init__(self, arg: Arg, entry: Channel) -> None:
        self.arg = arg
        self.entry = entry
        self.connection: Connection | None = None
        self.has_begun = False
        self.tapes: tuple[Tape, ...] = ()
        self.is_live = False
        self.last: Push | None = None
        self.recv_us = 0
        self.resync: Resync | None = None


class Holdings:
    """All holdings of a lab and the connections they live on.

    Parameters
    ----------
    connect
        Makes a connection to a path, not started.
    args_per_connection
        How many holdings one connection takes.

    Attributes
    ----------
    by_key : dict
        Every holding, by the `Arg.key` of its arg; for reading, once a message.
    """

    def __init__(
        self, connect: Callable[[str], Connection], args_per_connection: int
    ) -> None:
        self._connect = connect
        self._limit = args_per_connection
        self.by_key: dict[str, Holding] = {}
        self._connections: dict[Connection, int] = {}  # with the args each holds
        self._logging_in: set[Connection] = set()
        self._closing: set[asyncio.Task[None]] = set()

    # What there is.

    def find(self, arg: Arg) -> Holding | None:
        """Return the holding of an arg, if somebody wants it."""
        return self.by_key.get(arg.key)

    def on(self, connection: Connection) -> list[Holding]:
        """Return what lives on a connection."""
        return [
            holding
            for holding in self.by_key.values()
            if holding.connection is connection
        ]

    def tapes_on(self, connection: Connection) -> tuple[Tape, ...]:
        """Return the tapes that a connection serves, each once."""
        tapes = [tape for holding in self.on(connection) for tape in holding.tapes]
        return tuple(dict.fromkeys(tapes))

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Every connection, oldest first; readable on any thread."""
        return tuple(self._connections)

    def logs_in(self, connection: Connection) -> bool:
        """Tell whether a connection carries channels that need a login."""
        return connection in self._logging_in

    # What changes.

    def hold(self, arg: Arg, entry: Channel) -> tuple[Holding, Connection]:
        """Find a place for an arg that nobody has wanted so far."""
        connection = self._with_room(entry.path, entry.login)
        holding = self.by_key[arg.key] = Holding(arg, entry)
        holding.connection = connection
        self._connections[connection] += 1
        return holding, connection

    def let_go(self, holding: Holding) -> None:
        """Give up an arg, and its connection if that was the last one."""
        self.by_key.pop(holding.arg.key, None)
        if holding.resync is not None:
            holding.resync.stop()
        connection, holding.connection = holding.connection, None
        assert connection is not None
        connection.remove([holding.arg])
        self._connections[connection] -= 1
        if not self._connections[connection]:
            self._end(connection)

    async def close(self) -> None:
        """Close every connection in order; within about 2 s."""
        for connection in self.connections:
            self._end(connection)
        await asyncio.gather(*self._closing, return_exceptions=True)
        self.by_key.clear()

    def _with_room(self, path: str, logs_in: bool) -> Connection:
        for connection, held in self._connections.items():
            if connection.path != path or held >= self._limit:
                continue
            # A login that fails must not take public channels with it.
            if self.logs_in(connection) == logs_in:
                return connection
        connection = self._connect(path)
        self._connections[connection] = 0
        if logs_in:
            self._logging_in.add(connection)
        return connection

    def _end(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
        self._logging_in.discard(connection)
        closing = asyncio.get_running_loop().create_task(connection.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
