"""Replacing an open connection by another one without a moment between them.

Theory of operation.  A renewal dials a second socket beside the open link, and
gives its session all that is wanted.  Once the exchange has acknowledged every arg
and the snapshots are there, the connection goes over to it, and only then is the
old one closed: it is read until the close frame is answered, so that what the
exchange had sent by then is told.  If the successor is refused, dies or takes too
long, the renewal fails and the connection does what it does after a loss.

Events of one arg are passed on from the successor too: it is in them that the
exchange serves what was asked for.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from okxlab.protocol import events as ev
from okxlab.protocol.channels import channel

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.protocol.arg import Arg
    from okxlab.protocol.events import Event, Push
    from okxlab.transport.handover import Handover
    from okxlab.transport.link import Link, Owner

__all__ = ["Renewal", "RenewalError"]

GRACE: Final = 1.0
"""How long an arg that is served may take to begin with what there is [s]; many
channels begin with nothing, and only a book is of no use without."""
_FATAL = (ev.Dead, ev.Rejected, ev.LoginRefused, ev.RequestRefused)


class RenewalError(Exception):
    """The successor of a connection is of no use."""


class Renewal:
    """Two links of one connection, from the second one's beginning on.

    Parameters
    ----------
    old
        The link that is to be let go of.
    owner
        Whom both tell what happens.
    handover
        What of both is passed on.
    wanted
        Returns what the connection is to hold.
    """

    def __init__(
        self,
        old: Link,
        owner: Owner,
        handover: Handover,
        wanted: Callable[[], set[Arg]],
    ) -> None:
        self.old = old
        self.new: Link | None = None
        self._owner = owner
        self._handover = handover
        self._wanted = wanted
        self._served: set[Arg] = set()
        self._moved = asyncio.Event()
        self._failure = ""
        self._is_over = False  # the connection has gone over to the successor
        old.owner = _OldSide(self)

    async def ready(self, seconds: float) -> None:
        """Wait until the successor has what the old link has.

        Raises
        ------
        RenewalError
            If it will not, or not in time.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._until(lambda: self._wanted() <= self._served)
        except TimeoutError:
            missing = len(self._wanted() - self._served)
            raise RenewalError(f"{missing} args were not served in time") from None
        try:
            async with asyncio.timeout(GRACE):
                await self._until(lambda: self._wanted() <= self._handover.taken_over)
        except TimeoutError:
            torn = self._wanted() - self._handover.taken_over
            if any(channel(arg.channel).kind == "book" for arg in torn):
                raise RenewalError("a book has no snapshot") from None

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._moved.clear()
            if self._failure:
                raise RenewalError(self._failure)
            await self._moved.wait()
        if self._failure:
            raise RenewalError(self._failure)

    def go_over(self) -> None:
        """Make the successor the link of the connection."""
        self._is_over = True

    def old_is_over(self) -> None:
        """Pass on what was held back as long as the old link had the word."""
        for push, recv_us in self._handover.old_ended():
            self._owner.pushed(push, recv_us)

    def end(self) -> None:
        """Let each link speak for itself; one of them is to be stopped."""
        for link in (self.old, self.new):
            if link is not None:
                link.owner = self._owner

    # What the successor tells.

    def pushed(self, push: Push, recv_us: int) -> None:
        """Take rows of the successor."""
        self._served.add(push.arg)
        self._moved.set()
        self._pass_on(self._handover.from_new(push, recv_us), recv_us)

    def event(self, event: Event) -> None:
        """Take what the successor's session has recorded."""
        if self._is_over:
            self._owner.event(event)
        elif isinstance(event, _FATAL):
            self._fail(str(event))
        elif not isinstance(event, ev.Unsubscribed):
            if isinstance(event, ev.Subscribed):
                self._served.add(event.arg)
                self._moved.set()
            self._owner.event(event)

    def ended(self, link: Link) -> None:
        """Learn that the successor's socket is no longer open."""
        if self._is_over:
            self._owner.ended(link)
        else:
            self._fail("it was closed again")

    def died(self, link: Link, why: str) -> None:
        """Learn that the successor's session has given up."""
        if self._is_over:
            self._owner.died(link, why)
        else:
            self._fail(why)

    def _fail(self, why: str) -> None:
        self._failure = self._failure or why
        self._moved.set()

    # What the old link tells.

    def pushed_by_old(self, push: Push, recv_us: int) -> None:
        """Take rows of the old link."""
        self._pass_on(self._handover.from_old(push), recv_us)

    def event_of_old(self, event: Event) -> None:
        """Take what the old link's session has recorded, until it is let go of."""
        if not self._is_over or isinstance(event, ev.Malformed):
            self._owner.event(event)

    def old_ended(self, link: Link) -> None:
        """Learn that the old link's socket is no longer open."""
        if not self._is_over:
            self._owner.ended(link)

    def old_died(self, link: Link, why: str) -> None:
        """Learn that the old link's session has given up."""
        if not self._is_over:
            self._owner.died(link, why)

    def _pass_on(self, push: Push | None, recv_us: int) -> None:
        if push is not None:
            self._owner.pushed(push, recv_us)


class _OldSide:
    """Tells a renewal what its old link tells."""

    def __init__(self, renewal: Renewal) -> None:
        self.pushed = renewal.pushed_by_old
        self.event = renewal.event_of_old
        self.ended = renewal.old_ended
        self.died = renewal.old_died
