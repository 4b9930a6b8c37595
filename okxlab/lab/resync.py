"""Bringing one book back: the steps of its recovery, on its connection."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from okxlab.book.recovery import Recovery
from okxlab.errors import ExchangeError, ProtocolError, TransportError

if TYPE_CHECKING:
    import asyncio

    from okxlab.environment import Timings
    from okxlab.protocol.arg import Arg
    from okxlab.rest import RestClient
    from okxlab.runtime import Runtime
    from okxlab.stream.book_tape import BookTape
    from okxlab.stream.tape import Tape
    from okxlab.transport import Connection

__all__ = ["Resync"]

_log = logging.getLogger("okxlab.lab")

_MOST_PATIENCE = 3_600.0
"""Longest silence of a book that is only ever heard of when it is asked for [s]."""
_MOST_ROUNDS = 100
"""Turns of the loop for which a judgement may wait for what has arrived."""


class Resync:
    """The recovery of one book, carried out.

    Parameters
    ----------
    tape
        The book.
    connection
        Holds its arg.
    runtime
        Whose loop thread this lives on.
    rest
        Answers with whole books; None where the environment has no REST.
    timings
        What the connection may ask, and how long a book may be silent.

    Notes
    -----
    A synced book of which nothing is heard for long, on a connection that lives,
    is torn as well: the exchange speaks of quiet books too, so it has forgotten
    this subscription.  If a new one brings a snapshot and then nothing again, this
    exchange does not speak of this quiet book, and the next silence may last
    twice as long.
    """

    def __init__(
        self,
        tape: BookTape,
        connection: Connection,
        runtime: Runtime,
        rest: RestClient | None,
        timings: Timings,
    ) -> None:
        self._tape = tape
        self._arg: Arg = tape.args[0]
        self._connection = connection
        self._runtime = runtime
        self._rest = rest
        self._requests_per_hour = timings.requests_per_hour
        self._silence = self._patience = timings.book_silence
        self._recovery = Recovery(can_fetch=rest is not None and bool(tape.entry.rest))
        self._timer: asyncio.TimerHandle | None = None
        self._listening: asyncio.Handle | None = None
        self._frames_synced = 0  # when the book was synced last
        self._fetching: asyncio.Task[None] | None = None
        # Whether the last subscribe was acknowledged, and the frames before it.
        self._is_acknowledged = False
        self._frames = 0
        tape.on_change = self._changed

    def is_of(self, tape: Tape) -> bool:
        """Tell whether this is the recovery of a tape, not of its successor."""
        return self._tape is tape

    # What happens, on the loop thread.

    def subscribed(self) -> None:
        """Expect a snapshot: the connection subscribes to the book now."""
        self._mark()
        self._recovery.subscribed(self._now)
        self._go()

    def acknowledged(self) -> None:
        """Note that the exchange serves the book."""
        self._is_acknowledged = True

    def left(self) -> None:
        """Go on after the exchange has confirmed the unsubscribe."""
        self._recovery.left(self._now)
        self._go()

    def lost(self) -> None:
        """Leave the rest to the next connection."""
        self._recovery.lost()
        self._go()
        if self._arg not in self._connection.wanted:
            self._connection.add([self._arg])

    def stop(self) -> None:
        """Do nothing more."""
        self._tape.on_change = None
        self._recovery.lost()
        self._go()
        self._listen(None)

    def _changed(self) -> None:
        if self._tape.book.is_synced:
            self._recovery.synced(self._now)
            self._frames_synced = self._tape.frames
            self._listen(self._patience)
        else:
            _log.info("%s is torn: %s", self._arg, self._tape.book.why)
            self._recovery.torn(self._now)
        self._act()

    # Steps and time.

    def _act(self) -> None:
        left = self._connection.requests_left
        # Who unsubscribes must be able to subscribe again.
        budget = left / self._requests_per_hour if left > 1 else 0.0
        is_served = self._is_acknowledged or self._tape.frames > self._frames
        self._recovery.handle_deadline(self._now, budget, is_served=is_served)
        self._go()

    # Silence.

    def _listen(self, seconds: float | None) -> None:
        """Look in so many seconds whether the book has been heard of; None: never."""
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None
        if seconds is not None:
            call = self._runtime.loop.call_later
            self._listening = call(seconds, self._doubt, -1, 0)

    def _doubt(self, frames: int, rounds: int) -> None:
        """Tear the book if nothing was heard, once all that has arrived was read.

        As with every deadline the loop turns until a whole turn has brought nothing
        more, for after a long computation or a sleep the news lie in the socket.
        """
        self._listening = None
        session = self._connection.session
        if not self._tape.book.is_synced or session is None:
            return
        now_us = self._runtime.clock.recv_us()
        quiet = (now_us - self._tape.recv_us) / 1e6
        if quiet < self._patience:
            self._listen(self._patience - quiet)
        elif rounds < 2 or (session.frames != frames and rounds < _MOST_ROUNDS):
            later = self._runtime.loop.call_soon
            self._listening = later(self._doubt, session.frames, rounds + 1)
        else:
            has_spoken = self._tape.frames > self._frames_synced
            longer = min(2 * self._patience, _MOST_PATIENCE)
            self._patience = self._silence if has_spoken else longer
            self._tape.missed(f"nothing heard for {quiet:.0f} s", now_us, self._arg)

    def _mark(self) -> None:
        self._is_acknowledged = False
        self._frames = self._tape.frames

    def _go(self) -> None:
        for step in self._recovery.take():
            self._tape.resync_log.tell(self._recovery.way, self._recovery.attempts)
            if step == "unsubscribe":
                self._connection.remove([self._arg])
            elif step == "subscribe":
                self._mark()
                self._connection.add([self._arg])
            else:
                self._fetch()
        if self._recovery.state != "fetching" and self._fetching is not None:
            self._fetching.cancel()
            self._fetching = None
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._recovery.next_deadline()
        if due is not None:
            wait = max(due - self._now, 0.0)
            self._timer = self._runtime.loop.call_later(wait, self._act)

    def _fetch(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
        assert self._rest is not None
        self._fetching = self._runtime.loop.create_task(self._ask(self._rest))

    async def _ask(self, rest: RestClient) -> None:
        entry = self._tape.entry
        try:
            rows = await rest.get(
                entry.rest, {"instId": self._arg.inst_id, "sz": entry.levels}
            )
            found = msgspec.convert(rows, list[entry.row], strict=False)  # type: ignore[name-defined]  # known at run time
            row = found[0]
        except (
            ExchangeError,
            TransportError,
            ProtocolError,
            msgspec.ValidationError,
            IndexError,
        ) as error:
            self._tape.note(f"{self._arg} cannot be fetched by REST: {error}")
        else:
            self._fetching = None  # what follows must not cancel what runs
            recovery = self._recovery
            now_us = self._runtime.clock.recv_us()
            if self._tape.join(row, now_us, recovery.way, recovery.attempts):
                return
        self._fetching = None
        self._recovery.fetched(self._now)
        self._go()

    @property
    def _now(self) -> float:
        return self._runtime.clock.monotonic()
