"""Whom a connection tells what happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from okxlab.protocol.events import Event, Push
    from okxlab.transport.connection import Connection

__all__ = ["Listener"]


class Listener(Protocol):
    """What a connection calls, on the loop thread.

    Methods return quickly and do not raise; what one raises all the same is
    logged and counted in ``connection.errors``.
    """

    def pushed(self, push: Push, recv_us: int) -> None:
        """Take rows; on which connection they came makes no difference.

        Parameters
        ----------
        push
            The rows and the arg they belong to.
        recv_us
            When the socket read that brought them began [us since 1970, UTC].
        """

    def event(self, connection: Connection, event: Event) -> None:
        """Take anything else that the session has recorded, in order."""

    def opened(self, connection: Connection) -> None:
        """Learn that the connection is open; nothing has been sent on it yet."""

    def lost(
        self, connection: Connection, why: str, code: int | None, alive_us: int
    ) -> None:
        """Learn that an open connection is no more; another one is tried.

        Parameters
        ----------
        connection
            The connection.
        why
            What happened, in words.
        code
            Close code of the WebSocket; None if there was no close frame.
        alive_us
            When something came in last [us since 1970, UTC].
        """

    def aged(self, connection: Connection) -> None:
        """Learn that the connection has come to its age: `Connection.renew` it.

        Whoever leaves it as it is will not be told again.
        """

    def failed(self, connection: Connection, error: Exception) -> None:
        """Learn that an attempt to connect failed; it goes on trying.

        Parameters
        ----------
        connection
            The connection.
        error
            A `ConnectError` with what stood in the way as its cause.
        """
