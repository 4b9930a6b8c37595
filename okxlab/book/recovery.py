"""How a torn book gets a new snapshot, without a socket and without a clock.

Theory of operation.  There are two ways.  *Resubscribing*: unsubscribe, wait for
the answer, subscribe, wait for the snapshot that is then pushed.  It costs two
of the 480 requests that a connection has an hour.  *Fetching*: ask for the whole
book by REST and continue from there with the changes that were kept aside
meanwhile; that costs none.  A book is fetched when less than a quarter of the
budget is left, and when a pushed snapshot stays away, the first one included.
But only if the exchange is known to serve the subscription: a book by REST that
no updates follow would look good and grow old.

States::

    idle       synced, or the connection is down and will subscribe anew
    pausing    waiting before the next attempt
    leaving    unsubscribed, the answer is due
    asking     subscribed, the snapshot is due
    fetching   asked by REST, the answer is due

There is one attempt at a time, whatever arrives meanwhile.  A book that is torn
again soon after it recovered waits longer each time, so that one that cannot be
kept does not spend the budget of the others.

The owner hands in what happened with the time (`now`, monotonic seconds), then
does the steps that `take` has and comes back at `next_deadline`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["Recovery", "RecoverySettings", "Step"]

State = Literal["idle", "pausing", "leaving", "asking", "fetching"]
Step = Literal["unsubscribe", "subscribe", "fetch"]

_FETCHES_IN_A_ROW = 5


class RecoverySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a recovery is.

    Attributes
    ----------
    ack_timeout
        How long the answer to an unsubscribe may take [s].
    snapshot_timeout
        How long a snapshot may stay away after a subscribe [s]; longer and longer
        where REST is no help, or else asking again would use up the budget.
    fetch_timeout
        How long the answer of REST may take [s].
    fetch_pause
        Pause before a snapshot that was too old is asked for again [s], longer
        each time; OKX makes a new one every 50 ms.
    pause_initial, pause_max
        Pause before a book that was torn again is recovered [s]; doubles from
        the first to the last.
    calm
        A book that holds for so long is taken for a good one again [s].
    reserve
        Part of the budget of requests that resubscribing leaves alone.
    """

    ack_timeout: float = 2.0
    snapshot_timeout: float = 2.5
    fetch_timeout: float = 2.5
    fetch_pause: float = 0.1
    pause_initial: float = 0.1
    pause_max: float = 2.0
    calm: float = 10.0
    reserve: float = 0.25


class Recovery:
    """The way back of one book.

    Parameters
    ----------
    can_fetch
        Whether REST has the book.
    settings
        How patient it is.

    Attributes
    ----------
    state : str
        ``idle``, ``pausing``, ``leaving``, ``asking`` or ``fetching``.
    attempts : int
        Attempts since the book was torn.
    way : str
        ``resubscribed`` or ``fetched``: the last attempt; "" before the first.
    """

    def __init__(
        self, *, can_fetch: bool, settings: RecoverySettings | None = None
    ) -> None:
        self.state: State = "idle"
        self.attempts = 0
        self.way = ""
        self._can_fetch = can_fetch
        self._settings = settings or RecoverySettings()
        self._due: float | None = None
        self._steps: list[Step] = []
        self._fetch_next = False
        self._pause = 0.0
        self._synced_at: float | None = None

    # What happens.

    def subscribed(self, now: float) -> None:
        """Note that a snapshot is due: the connection subscribes to the book."""
        self._steps.clear()
        self.way = "resubscribed"
        self._enter("asking", now + self._settings.snapshot_timeout)

    def torn(self, now: float) -> None:
        """Note that the book is torn; nothing new while a recovery goes on."""
        if self.state != "idle":
            return
        settings = self._settings
        calm = self._synced_at is None or now - self._synced_at >= settings.calm
        self.attempts = 0
        self._fetch_next = False
        if calm:
            self._pause = 0.0
        else:
            longer = max(2 * self._pause, settings.pause_initial)
            self._pause = min(longer, settings.pause_max)
        self._enter("pausing", now + self._pause)

    def left(self, now: float) -> None:
        """Note that the exchange has confirmed the unsubscribe."""
        if self.state == "leaving":
            self._ask(now)

    def synced(self, now: float) -> None:
        """Note that the book is good again, whoever is to thank for it."""
        self._synced_at = now
        self._enter("idle", None)

    def fetched(self, now: float) -> None:
        """Note that the answer of REST was of no use: too old, or a refusal."""
        if self.state == "fetching":
            pause = self._settings.fetch_pause * self.attempts
            self._enter("pausing", now + min(pause, self._settings.pause_max))
            # Where REST is of no use for long, the other way may be.
            self._fetch_next = self.attempts % _FETCHES_IN_A_ROW != 0

    def lost(self) -> None:
        """Note that the connection broke; it subscribes anew by itself."""
        self._enter("idle", None)

    # Time.

    def next_deadline(self) -> float | None:
        """Return when `handle_deadline` is due [monotonic s]; None if never."""
        return self._due

    def handle_deadline(
        self, now: float, budget: float, *, is_served: bool = True
    ) -> None:
        """Do what is due.

        Parameters
        ----------
        now
            Monotonic time [s].
        budget
            Part of the budget of requests that is left, 0 to 1.
        is_served
            Whether the exchange has acknowledged the last subscribe, or sent
            something since.
        """
        if self._due is None or now < self._due:
            return
        if self.state == "leaving":
            # Whether OKX answers every unsubscribe is not established.
            self._ask(now)
            return
        if self.state == "asking":
            self._fetch_next = is_served
            self._attempt(now, budget if is_served else 1.0)
            return
        if self.state == "fetching":
            self._fetch_next = False
        self._attempt(now, budget)

    def take(self) -> list[Step]:
        """Return what is to be done now, in order, and forget it."""
        steps, self._steps = self._steps, []
        return steps

    def _attempt(self, now: float, budget: float) -> None:
        self.attempts += 1
        short = budget < self._settings.reserve
        if self._can_fetch and (self._fetch_next or short):
            self.way = "fetched"
            self._steps.append("fetch")
            self._enter("fetching", now + self._settings.fetch_timeout)
        else:
            self.way = "resubscribed"
            self._steps.append("unsubscribe")
            self._enter("leaving", now + self._settings.ack_timeout)

    def _ask(self, now: float) -> None:
        self._steps.append("subscribe")
        longer = 1 if self._can_fetch else 2 ** min(max(self.attempts - 2, 0), 5)
        self._enter("asking", now + self._settings.snapshot_timeout * longer)

    def _enter(self, state: State, due: float | None) -> None:
        self.state = state
        self._due = due

    def __repr__(self) -> str:
        return f"<Recovery {self.state}, attempt {self.attempts}>"
