"""Fault switches: rehearse in a lesson or a test what goes wrong on a real day.

Two kinds of switch.  *At once* (``drop``, ``close``, ``notice``, ``malformed`` ...)
acts on the connections that are open now and returns how many it hit; of these,
``reset_seq`` acts on the books of an instrument.  *Armed*
(``mute_pongs``, ``delay_acks``, ``skip_seq`` ...) waits for its occasion and
returns an :class:`ArmedFault`, which counts its hits, can be lifted, and is a
context manager::

    with simulator.faults.mute_pongs():
        ...                                  # the client must notice by itself
    simulator.faults.skip_seq("BTC-USDT")    # one lost update, then back to normal

Filters narrow a switch: ``path`` ("public", "private", "business"), and where it
makes sense ``channel`` and ``inst_id``.  ``count`` says how often an armed fault
strikes; ``None`` means until it is lifted.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from okxlab.simulator.armed_fault import ArmedFault, Filter

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.simulator.armed_fault import Target, Targets

__all__ = ["Faults"]

_NOTICE = "The connection will soon be closed for a service upgrade. Please reconnect."
"""OKX's words for notice 64008, as published."""


class Faults:
    """All fault switches of one simulator.

    Notes
    -----
    Safe from any thread.  Switches that act at once wait until they have acted
    (a few milliseconds); on a simulator that is not running they hit nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Written under the lock, read without it: the dict and the tuples in it are
        # replaced and never changed, so a reader sees the old or the new state.
        self._armed: dict[str, tuple[ArmedFault, ...]] = {}
        self._reach: Callable[[Callable[[Targets], int]], int] | None = None

    @property
    def armed(self) -> tuple[ArmedFault, ...]:
        """The armed faults, in the order of their kinds."""
        return tuple(fault for faults in self._armed.values() for fault in faults)

    def clear(self) -> None:
        """Lift every armed fault."""
        for fault in self.armed:
            fault.lift()

    # At once

    def drop(self, *, path: str | None = None) -> int:
        """Break open connections without a close frame, as a network loss does.

        Returns
        -------
        int
            Connections hit.
        """
        return self._each(Filter(path), lambda target: target.abort())

    def close(
        self,
        code: int = 4006,
        reason: str = "Abnormal disconnection",
        *,
        path: str | None = None,
    ) -> int:
        """End open connections with a close frame.

        Parameters
        ----------
        code, reason
            What the close frame says; OKX's own are 4001 to 4009.
        path
            Only connections of this path.

        Returns
        -------
        int
            Connections hit.
        """
        return self._each(Filter(path), lambda target: target.close(code, reason))

    def notice(
        self,
        code: str = "64008",
        msg: str = _NOTICE,
        *,
        close_after: float | None = None,
        path: str | None = None,
    ) -> int:
        """Send a service notice; OKX hangs up 60 s after a 64008.

        Parameters
        ----------
        code, msg
            Code and words.
        close_after
            Seconds until the server closes the connection; it stays by default.
        path
            Only connections of this path.

        Returns
        -------
        int
            Connections hit.
        """
        return self._each(
            Filter(path), lambda target: target.notice(code, msg, close_after)
        )

    def send(
        self,
        frame: str | bytes,
        *,
        path: str | None = None,
        channel: str | None = None,
        inst_id: str | None = None,
    ) -> int:
        """Send a frame of any content: a text frame for str, binary for bytes.

        Parameters
        ----------
        frame
            What to send, as it is.
        path, channel, inst_id
            Only connections of this path, or subscribed to this.

        Returns
        -------
        int
            Connections hit.
        """
        return self._each(
            Filter(path, channel, inst_id), lambda target: target.send(frame)
        )

    def malformed(self, *, path: str | None = None) -> int:
        """Send a text frame that is not JSON; return the connections hit."""
        return self.send('{"arg":{"channel":"tickers","instId":', path=path)

    def binary(self, *, path: str | None = None) -> int:
        """Send a binary frame, as only the SBE path has them; return the hits."""
        return self.send(b"\x00\x01\xfe\xff", path=path)

    def big_frame(self, size: int = 10_000_000, *, path: str | None = None) -> int:
        """Send an event of ``size`` bytes that means nothing; return the hits."""
        frame = '{"event":"padding","msg":"' + "x" * size
        return self.send(frame[: size - 2] + '"}', path=path)

    def unknown_event(self, *, path: str | None = None) -> int:
        """Send an event that no documentation has; return the connections hit."""
        return self.send('{"event":"weather","code":"0","msg":"sunny"}', path=path)

    def unknown_channel(self, *, path: str | None = None) -> int:
        """Send a push of a channel that nobody asked for; return the hits."""
        return self.send(
            '{"arg":{"channel":"no-such-channel","instId":"BTC-USDT"},'
            '"data":[{"instId":"BTC-USDT","ts":"0"}]}',
            path=path,
        )

    def reset_seq(self, inst_id: str) -> int:
        """Let the sequence numbers of an instrument begin anew, as after maintenance.

        The next update of each of its books has a ``seqId`` below its
        ``prevSeqId``, which is still that of the update before: nothing is lost, and
        a client that asks for growing numbers is wrong.  Trades go by the new
        numbers too.

        Parameters
        ----------
        inst_id
            The instrument, or a spread.

        Returns
        -------
        int
            1 if there is such an instrument, else 0.
        """
        return self._run(lambda exchange: exchange.reset_seq(inst_id))

    # Armed

    def mute_pongs(
        self, *, path: str | None = None, count: int | None = None
    ) -> ArmedFault:
        """Leave ``ping`` unanswered, while data goes on.

        Parameters
        ----------
        path
            Only connections of this path.
        count
            Pings to ignore; all until lifted by default.
        """
        return self._arm("mute_pongs", Filter(path), count)

    def delay_acks(
        self,
        seconds: float = 1.0,
        *,
        pushes: int | None = None,
        path: str | None = None,
        channel: str | None = None,
        inst_id: str | None = None,
        count: int | None = None,
    ) -> ArmedFault:
        """Send the data of a subscription first and its ack late.

        Parameters
        ----------
        seconds
            How late, by the wall clock.
        pushes
            Instead: after how many frames of that channel.
        path, channel, inst_id
            Only subscriptions like this.
        count
            Acks to delay; all until lifted by default.
        """
        where = Filter(path, channel, inst_id)
        return self._arm("delay_acks", where, count, seconds=seconds, pushes=pushes)

    def withhold_acks(
        self,
        *,
        data: bool = False,
        path: str | None = None,
        channel: str | None = None,
        inst_id: str | None = None,
        count: int | None = None,
    ) -> ArmedFault:
        """Never answer a request.

        Parameters
        ----------
        data
            Whether the subscription takes place all the same; if not, the request
            is lost altogether.
        path, channel, inst_id
            Only subscriptions like this.
        count
            Requests to swallow; all until lifted by default.
        """
        where = Filter(path, channel, inst_id)
        return self._arm("withhold_acks", where, count, data=data)

    def refuse_acks(
        self,
        code: str = "60018",
        msg: str | None = None,
        *,
        after_ack: bool = False,
        path: str | None = None,
        channel: str | None = None,
        inst_id: str | None = None,
        count: int | None = None,
    ) -> ArmedFault:
        """Refuse subscriptions with an error.

        Parameters
        ----------
        code, msg
            OKX's code and words; by default the words known for the code.
        after_ack
            Acknowledge first and refuse then, as OKX has been seen to do.
        path, channel, inst_id
            Only subscriptions like this.
        count
            Requests to refuse; all until lifted by default.
        """
        where = Filter(path, channel, inst_id)
        return self._arm(
            "refuse_acks", where, count, code=code, msg=msg, after_ack=after_ack
        )

    def refuse_logins(
        self,
        code: str = "60009",
        msg: str = "Login failed.",
        *,
        path: str | None = None,
        count: int | None = 1,
    ) -> ArmedFault:
        """Refuse logins, right or wrong.

        Parameters
        ----------
        code, msg
            OKX's code and words.
        path
            Only logins on this path.
        count
            Logins to refuse; ``None`` for all until lifted.
        """
        return self._arm("refuse_logins", Filter(path), count, code=code, msg=msg)

    def skip_seq(
        self,
        inst_id: str | None = None,
        *,
        channel: str | None = "books",
        count: int | None = 1,
    ) -> ArmedFault:
        """Lose updates of a book, so that its sequence numbers no longer join on.

        Parameters
        ----------
        inst_id
            Only this instrument.
        channel
            Only this channel.
        count
            Updates to lose.
        """
        return self._arm("skip_seq", Filter(None, channel, inst_id), count)

    def duplicate(
        self,
        inst_id: str | None = None,
        *,
        channel: str | None = None,
        count: int | None = 1,
    ) -> ArmedFault:
        """Send a push twice.

        Parameters
        ----------
        inst_id, channel
            Only pushes like this.
        count
            Pushes to double.
        """
        return self._arm("duplicate", Filter(None, channel, inst_id), count)

    def stop_pushing(
        self,
        inst_id: str | None = None,
        *,
        channel: str | None = None,
        path: str | None = None,
        count: int | None = None,
    ) -> ArmedFault:
        """Hold back data, while acks and pongs go on.

        Parameters
        ----------
        inst_id, channel, path
            Only pushes like this.
        count
            Pushes to lose; all until lifted by default.
        """
        return self._arm("stop_pushing", Filter(path, channel, inst_id), count)

    def half_open(self, *, path: str | None = None) -> ArmedFault:
        """Let nothing out at all, as when the network forgot the connection.

        The socket stays open and the client's frames are read; what would have
        been sent meanwhile is lost.

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

    # For the exchange and the server

    def attach(self, reach: Callable[[Callable[[Targets], int]], int] | None) -> None:
        """Say how to run something where the connections live; None: nowhere."""
        self._reach = reach

    def take(
        self,
        kind: str,
        *,
        path: str | None = None,
        channel: str | None = None,
        inst_id: str | None = None,
    ) -> dict[str, Any] | None:
        """Let an armed fault strike, if there is one for this occasion.

        Returns
        -------
        dict or None
            The options of the switch; None if nothing strikes.

        Notes
        -----
        Costs one dictionary look-up while no fault of the kind is armed.
        """
        for fault in self._armed.get(kind, ()):
            options = fault.strike(path, channel, inst_id)
            if options is not None:
                return options
        return None

    def _arm(
        self, kind: str, where: Filter, count: int | None, **options: Any
    ) -> ArmedFault:
        fault = ArmedFault(kind, where, count, options, self._forget)
        with self._lock:
            self._armed = {**self._armed, kind: (*self._armed.get(kind, ()), fault)}
        return fault

    def _forget(self, fault: ArmedFault) -> None:
        with self._lock:
            rest = tuple(f for f in self._armed.get(fault.kind, ()) if f is not fault)
            armed = {k: v for k, v in self._armed.items() if k != fault.kind}
            self._armed = {**armed, fault.kind: rest} if rest else armed

    def _run(self, act: Callable[[Targets], int]) -> int:
        return 0 if self._reach is None else self._reach(act)

    def _each(self, where: Filter, act: Callable[[Target], None]) -> int:
        def run(targets: Targets) -> int:
            hit = targets.targets(where)
            for target in hit:
                act(target)
            return len(hit)

        return self._run(run)
