"""What networks do to connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.simulator.faults.armed_fault import Filter
from okxlab.simulator.faults.switchboard import Switchboard

if TYPE_CHECKING:
    from okxlab.simulator.faults.armed_fault import ArmedFault

__all__ = ["NetworkFaults"]


class NetworkFaults(Switchboard):
    """Switches for the network between client and exchange."""

    def drop(self, *, path: str | None = None) -> int:
        """Break open connections without a close frame, as a network loss does.

        Returns
        -------
        int
            Connections hit.
        """
        return self._each(Filter(path), lambda target: target.abort())

    def half_open(self, *, path: str | None = None) -> ArmedFault:
        """Let nothing out at all, as when the network forgot the connection.

        The socket stays open and the client's frames are read; what would have
        been sent meanwhile is lost.  A connection that has lost something stays
        silent when the fault is lifted: nothing ever comes through behind a hole.

        Parameters
        ----------
        path
            Only connections of this path.
        """
        return self._arm("half_open", Filter(path), None)

    def refuse_connections(
        self, count: int | None = 1, *, status: int = 503, path: str | None = None
    ) -> ArmedFault:
        """Refuse new WebSocket connections with an HTTP status.

        Parameters
        ----------
        count
            Handshakes to refuse; ``None`` for all until lifted.
        status
            HTTP status, for example 403, 429 or 503.
        path
            Only this path.
        """
        return self._arm("refuse_connections", Filter(path), count, status=status)

    def slow_handshake(
        self,
        seconds: float = 3.0,
        *,
        path: str | None = None,
        count: int | None = 1,
    ) -> ArmedFault:
        """Keep new WebSocket connections waiting before they are let in.

        Parameters
        ----------
        seconds
            How long, by the wall clock.
        path
            Only this path.
        count
            Handshakes to slow down; ``None`` for all until lifted.
        """
        return self._arm("slow_handshake", Filter(path), count, seconds=seconds)

    def cut(self, *, path: str | None = None) -> int:
        """Break open connections in the middle of a frame.

        Returns
        -------
        int
            Connections hit.
        """
        return self._each(Filter(path), lambda target: target.cut())

    def flap(
        self, seconds: float = 2.0, *, path: str | None = None, count: int | None = None
    ) -> ArmedFault:
        """Break each new connection after a while.

        Parameters
        ----------
        seconds
            How long it lives, by the wall clock.
        path
            Only connections of this path.
        count
            Connections to break; all until lifted by default.
        """
        return self._arm("flap", Filter(path), count, seconds=seconds)

    def trickle(
        self, seconds: float = 5.0, *, path: str | None = None, count: int | None = None
    ) -> ArmedFault:
        """Let frames out a few bytes at a time (a "slow loris").

        Parameters
        ----------
        seconds
            How long a frame takes, by the wall clock.  What is pushed meanwhile
            waits behind it.
        path
            Only connections of this path.
        count
            Frames to slow down; all until lifted by default.
        """
        return self._arm("trickle", Filter(path), count, seconds=seconds)

    def refuse_rest(
        self,
        count: int | None = 1,
        *,
        status: int = 503,
        code: str = "50001",
        call: str | None = None,
    ) -> ArmedFault:
        """Refuse REST calls.

        Parameters
        ----------
        count
            Calls to refuse; ``None`` for all until lifted.
        status, code
            HTTP status, and OKX's code in the body: 429 goes with "50011".
        call
            Only this call, without ``/api/v5/``: ``"market/history-trades"``.
        """
        where = Filter(None, call)
        return self._arm("refuse_rest", where, count, status=status, code=code)

    def slow_rest(
        self,
        seconds: float = 3.0,
        *,
        call: str | None = None,
        count: int | None = 1,
    ) -> ArmedFault:
        """Answer REST calls late.

        Parameters
        ----------
        seconds
            How late, by the wall clock.
        call
            Only this call, as for `refuse_rest`.
        count
            Calls to answer late; ``None`` for all until lifted.
        """
        return self._arm("slow_rest", Filter(None, call), count, seconds=seconds)
