"""Replacing an open connection by another one without a moment between them.

Theory of operation.  A renewal dials a second socket beside the open link, and
gives its session all that is wanted.  Once the exchange has acknowledged every arg
and the snapshots are there, the connection goes over to it, and only then is the
old one closed: it is read until the close frame is answered, so that what the
exchange had sent by then is told.  What the successor says meanwhile is held back
(see `Handover`).

If the successor is refused, dies, takes too long or says more than can be held
back, the renewal fails and the old link is used on, as if nothing had been.
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
    from okxlab.transport.seams import Held

__all__ = ["Renewal", "RenewalError"]

GRACE: Final = 1.0
"""How long an arg that is served may take to begin with what there is [s]; many
channels begin with nothing, and only a book is of no use without."""
_REFUSALS = (ev.Rejected, ev.LoginRefused)
_TROUBLES = (ev.Dead, ev.RequestRefused)
_UNSAID = (ev.Unsubscribed, ev.AckMissing)
"""Of no interest to anybody as long as the old link serves."""


class RenewalError(Exception):
    """The successor of a connection is of no use.

    Attributes
    ----------
    is_final : bool
        Whether another one would be of no more use.
    """

    def __init__(self, why: str, *, is_final: bool = False) -> None:
        super().__init__(why)
        self.is_final = is_final


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

    Attributes
    ----------
    old, new : Link
        The two; there is no new one before it is open.
    is_over : bool
        Whether the connection has gone over to the successor.
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
        self.is_over = False
        self._owner = owner
        self._handover = handover
        self._wanted = wanted
        self._served: set[Arg] = set()
        self._moved = asyncio.Event()
        self._failure: RenewalError | None = None
        # What the successor has told of its subscriptions and its login.
        self._deferred: list[Event] = []
        self._has_ended = False  # the old one
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
                await self._until(lambda: self._wanted() <= self._handover.begun)
        except TimeoutError:
            torn = self._wanted() - self._handover.begun
            if any(channel(arg.channel).kind == "book" for arg in torn):
                raise RenewalError("a book has no snapshot") from None

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while self._failure is None and not is_so():
            self._moved.clear()
            await self._moved.wait()
        if self._failure is not None:
            raise self._failure

    def go_over(self) -> None:
        """Make the successor the link of the connection."""
        self.is_over = True
        deferred, self._deferred = self._deferred, []
        for event in deferred:
            self._owner.event(event)

    def old_is_over(self, *, is_whole: bool) -> None:
        """Pass on what was held back as long as the old link had the word.

        Parameters
        ----------
        is_whole
            Whether the old link was read to its end; what was under way is lost if
            it was not, unless the successor has it.
        """
        if self._has_ended:
            return
        self._has_ended = True
        if not is_whole:
            why = "the old connection broke before it was read to its end"
            for arg in self._wanted():
                if self._handover.may_lack(arg):
                    self._owner.event(ev.Missed(arg=arg, why=why))
        self._pass_on(self._handover.old_ended())

    def settle(self) -> None:
        """Pass on what is held back still; the old link is far behind by now."""
        self._pass_on(self._handover.settle())

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
        self._pass_on(self._handover.from_new(push, recv_us))
        self._mind_size()

    def raised(self, error: Exception) -> None:
        """Pass on what was raised about rows of the old link."""
        self._owner.raised(error)

    def event(self, event: Event) -> None:
        """Take what the successor's session has recorded."""
        if self.is_over:
            self._owner.event(event)
        elif isinstance(event, _REFUSALS):
            self._fail(str(event), is_final=True)
        elif isinstance(event, _TROUBLES):
            self._fail(str(event))
        elif isinstance(event, ev.Subscribed | ev.LoggedIn):
            self._deferred.append(event)
            if isinstance(event, ev.Subscribed):
                self._served.add(event.arg)
                self._moved.set()
        elif not isinstance(event, _UNSAID):
            self._owner.event(event)

    def ended(self, link: Link) -> None:
        """Learn that the successor's socket is no longer open."""
        if self.is_over:
            self._owner.ended(link)
        else:
            self._fail("it was closed again")

    def died(self, link: Link, why: str) -> None:
        """Learn that the successor's session has given up."""
        if self.is_over:
            self._owner.died(link, why)
        else:
            self._fail(why)

    def _fail(self, why: str, *, is_final: bool = False) -> None:
        self._failure = self._failure or RenewalError(why, is_final=is_final)
        self._moved.set()

    def _mind_size(self) -> None:
        if not self._handover.is_full:
            return
        why = "more came than can be held back while it is replaced"
        if self.is_over and not self._has_ended:
            assert self.new is not None
            self._owner.died(self.new, why)
        elif not self.is_over:
            self._fail(why)

    # What the old link tells.

    def pushed_by_old(self, push: Push, recv_us: int) -> None:
        """Take rows of the old link."""
        self._handover.from_old(push)
        self._pass_on([(push, recv_us)])
        self._mind_size()

    def event_of_old(self, event: Event) -> None:
        """Take what the old link's session has recorded, until it is let go of."""
        if not self.is_over or isinstance(event, ev.Malformed):
            self._owner.event(event)

    def old_ended(self, link: Link) -> None:
        """Learn that the old link's socket is no longer open."""
        if not self.is_over:
            self._owner.ended(link)

    def old_died(self, link: Link, why: str) -> None:
        """Learn that the old link's session has given up."""
        if not self.is_over:
            self._owner.died(link, why)

    def _pass_on(self, held: list[Held]) -> None:
        for push, recv_us in held:
            try:
                self._owner.pushed(push, recv_us)
            except Exception as error:  # noqa: BLE001  # the next rows may be better
                self._owner.raised(error)


class _OldSide:
    """Tells a renewal what its old link tells."""

    def __init__(self, renewal: Renewal) -> None:
        self.pushed = renewal.pushed_by_old
        self.raised = renewal.raised
        self.event = renewal.event_of_old
        self.ended = renewal.old_ended
        self.died = renewal.old_died
