"""One open connection: what is read goes into its session, what that says out.

A link lives from a handshake to the end of that socket and is never reused.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from okxlab.protocol.events import Dead

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from okxlab.protocol.events import Event, Push
    from okxlab.protocol.session import ClientSession
    from okxlab.runtime import Clock
    from okxlab.transport.socket import Socket

__all__ = ["Link", "Owner"]

_GATHER = 0.01
"""Pause before subscriptions are asked for, so that many share a request [s]."""
_MOST_ROUNDS = 100
"""Turns of the loop for which a deadline may wait for what has arrived."""


class Owner(Protocol):
    """Whom a link tells what happens; raises only where it takes rows."""

    @property
    def pushed(self) -> Callable[[Push, int], None]:
        """What takes rows and their receive time [us since 1970, UTC]."""

    def raised(self, error: Exception) -> None:
        """Take note of what it raised."""

    def event(self, event: Event) -> None:
        """Take what else the session has recorded."""

    def ended(self, link: Link) -> None:
        """Learn that the socket is no longer open."""

    def died(self, link: Link, why: str) -> None:
        """Learn that the session has given the connection up."""


class Link:
    """A socket and its session.

    Parameters
    ----------
    socket
        An open one.
    session
        A new one.
    clock
        Judges deadlines.
    owner
        Is told what happens.

    Attributes
    ----------
    owner : Owner
        As given; another one takes over while the link is being replaced.
    """

    def __init__(
        self, socket: Socket, session: ClientSession, clock: Clock, owner: Owner
    ) -> None:
        self.socket = socket
        self.session = session
        self.opened_at = clock.monotonic()
        self._clock = clock
        self.owner = owner
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._gathering: asyncio.TimerHandle | None = None
        self._is_over = False
        self._is_silent = False
        # Whether this read brought more than rows, so that the session may
        # have something to say or another deadline.
        self._has_news = False
        session.opened(self.opened_at)

    @property
    def is_over(self) -> bool:
        """Whether it was stopped."""
        return self._is_over

    def start(self) -> None:
        """Say what the session wants said and take what has come already."""
        self.speak()
        if not self._is_over:
            self.socket.attach(self)

    def stop(self) -> None:
        """Take and say nothing more; the socket stays as it is."""
        self._is_over = True
        self.socket.detach()
        self.fall_silent()

    def fall_silent(self) -> None:
        """Say nothing more, but take what still comes."""
        self._is_silent = True
        for timer in (self._timer, self._gathering):
            if timer is not None:
                timer.cancel()

    # What the socket has read.

    def receive_text(self, text: str) -> None:
        """Take a text message."""
        session, socket = self.session, self.socket
        push = session.receive_text(text, socket.now)
        if push is None:
            self._has_news = True
        else:
            try:
                self.owner.pushed(push, socket.recv_us)
            except Exception as error:  # noqa: BLE001  # the next rows may be better
                self.owner.raised(error)
        if session.news:
            self._tell(session.events())

    def receive_binary(self, payload: bytes) -> None:
        """Take a message that is no text."""
        self.session.receive_binary(payload, self.socket.now)
        self._tell(self.session.events())

    def read_done(self) -> None:
        """Answer, once everything that came together was taken."""
        if self._has_news and not self._is_over:
            self._has_news = False
            self.speak()

    def ended(self) -> None:
        """Pass on that the socket is no longer open."""
        if not self._is_over:
            self.owner.ended(self)

    def _tell(self, events: Sequence[Event]) -> None:
        self._has_news = True
        for event in events:
            if self._is_over:  # what an event says may lead to a new connection
                return
            self.owner.event(event)
            if isinstance(event, Dead):
                self.owner.died(self, event.why)

    # What the session has to say.

    def speak(self) -> None:
        """Send what the session has to send, and mind its next deadline."""
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        if self._is_over or self._is_silent:
            return
        for text in self.session.text_to_send(self._clock.monotonic()):
            self.socket.say(text)
        self._set_timer()

    def speak_soon(self) -> None:
        """Do the same in a moment, together with what else is wanted by then."""
        if self._gathering is None and not self._is_over and not self._is_silent:
            self._gathering = self._loop.call_later(_GATHER, self.speak)

    # Deadlines.

    def _set_timer(self) -> None:
        due = self.session.next_deadline()
        if self._timer is not None:
            if self._timer.when() == due:
                return
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._timer = self._loop.call_at(due, self._judge, -1, 0)

    def _judge(self, reads: int, rounds: int) -> None:
        """Act on a deadline that has passed, unless something speaks against it.

        A computation that held the GIL, or a laptop that slept, makes deadlines
        pass while messages lie in the socket.  So the loop turns until a whole
        turn has brought nothing more: what this turn polls is read only after
        this very call, hence the second round at least.  Rows push most
        deadlines into the future without moving the timer, so it often turns
        out here that nothing is due.
        """
        self._timer = None
        if self._is_over or self._is_silent:
            return
        now = self._clock.monotonic()
        due = self.session.next_deadline()
        if due is None or due > now:
            self._set_timer()
        elif rounds < 2 or (self.socket.reads != reads and rounds < _MOST_ROUNDS):
            self._loop.call_soon(self._judge, self.socket.reads, rounds + 1)
        else:
            self.session.handle_deadline(now)
            self._tell(self.session.events())
            self.speak()
