"""A connection that is kept up: it dials, holds, loses, waits and dials again.

Theory of operation.  A `Connection` lives on the loop thread and has one task.
What it is to hold is the wanted set; every socket gets a new session, which is
given that set.  States::

    connecting   waiting for the gate, dialling
    open         a link carries messages
    backoff      waiting before the next attempt
    closed       by `close`, once and for all

While it is open it may be renewed: then it is ``open`` throughout, and a second
link is readied beside the first one (see `Renewal`).

A socket that is let go of (by `reconnect`, a dead session, a close frame) is
closed in the background and no longer listened to; the next one does not wait
for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import random
from typing import TYPE_CHECKING, Literal

from okxlab.errors import ConnectError, ConnectionLostError
from okxlab.protocol.session import ClientSession, SessionSettings
from okxlab.transport.backoff import Backoff
from okxlab.transport.handover import Handover
from okxlab.transport.renewal import Renewal, RenewalError

if TYPE_CHECKING:
    import ssl as tls
    from collections.abc import Callable, Iterable, KeysView

    from okxlab.environment import Timings
    from okxlab.protocol.arg import Arg
    from okxlab.protocol.events import Event, Push
    from okxlab.runtime import Clock, ConnectGate
    from okxlab.transport.link import Link
    from okxlab.transport.listener import Listener
    from okxlab.transport.socket import Socket

__all__ = ["Connection"]

logger = logging.getLogger("okxlab.transport")

_CLOSE_TIMEOUT = 1.9
"""How long `Connection.close` takes at most [s]."""
_LAG = 5.0
"""How far one connection may be behind another one when rows of both are told
apart [s]."""
_RENEWALS = 6
"""Attempts to replace a connection: with the pauses between them they take about
the minute that OKX gives after its notice."""
_YOUNGEST = 0.9
"""Part of its age at which a connection may be replaced, so that those which were
opened together are not replaced together."""
_stock_tls_reported: set[str] = set()
"""Hosts; one warning each is enough."""

State = Literal["connecting", "open", "backoff", "closed"]


class Connection:
    """One WebSocket connection to one path, kept up until it is closed.

    Parameters
    ----------
    url
        Full address of the path.
    path
        ``public``, ``private`` or ``business``.
    settings
        Timeouts, limits and pauses.
    clock
        The runtime's clock.
    gate
        The runtime's gate, or one with another rate.
    listener
        Is told what happens.
    ssl
        TLS settings; the system's certificates by default.

    Attributes
    ----------
    state : str
        "connecting", "open", "backoff" or "closed".
    attempts : int
        Attempts in a row that failed.
    last_error : TransportError or None
        Why it was lost or could not be opened last.
    opened_at : float or None
        When it was opened last [monotonic s].
    errors : int
        Exceptions that the listener raised.
    renewals : int
        How often it was replaced without having been lost.

    Notes
    -----
    Belongs to the loop thread.
    """

    def __init__(
        self,
        url: str,
        path: str,
        *,
        settings: Timings,
        clock: Clock,
        gate: ConnectGate,
        listener: Listener,
        ssl: tls.SSLContext | None = None,
    ) -> None:
        self.url = url
        self.path = path
        self.state: State = "connecting"
        self.attempts = 0
        self.last_error: ConnectError | ConnectionLostError | None = None
        self.opened_at: float | None = None
        self.errors = 0
        self._settings = settings
        self._clock = clock
        self._gate = gate
        self._listener = listener
        # For the link: rows go on without a step in between.
        self.pushed = listener.pushed
        self._ssl = ssl
        self._wanted: dict[Arg, None] = {}
        self._backoff = Backoff(settings.backoff_initial, settings.backoff_max)
        self._task: asyncio.Task[None] | None = None
        self._link: Link | None = None
        # Pause before the next attempt [s], and what ends it early.
        self._pause = 0.0
        self._wake = asyncio.Event()
        self._has_hurried = False
        self.renewals = 0
        self._renewal: Renewal | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._next_renewal: Callable[[], None] | None = None
        self._aging: asyncio.TimerHandle | None = None
        # Sockets that are let go of, each with the task that closes it.
        self._parting: dict[asyncio.Task[None], Socket] = {}

    # What is wanted of it.

    @property
    def wanted(self) -> KeysView[Arg]:
        """The args it is to hold, in the order of asking."""
        return self._wanted.keys()

    @property
    def session(self) -> ClientSession | None:
        """The session of the open connection, or None."""
        return None if self._link is None else self._link.session

    @property
    def requests_left(self) -> int:
        """How many requests the budget of the last hour leaves."""
        link = self._link  # once: it may be lost while another thread looks
        if link is None:
            return self._settings.requests_per_hour
        return link.session.requests_left(self._clock.monotonic())

    @property
    def waiting(self) -> int:
        """How many args are still to be asked for."""
        link = self._link
        return len(self._wanted) if link is None else link.session.waiting

    def add(self, args: Iterable[Arg]) -> None:
        """Hold these too: at once if open, else as soon as it is."""
        args = list(args)
        self._wanted.update(dict.fromkeys(args))
        for link in self._links:
            link.session.subscribe(args)
            link.speak_soon()

    def remove(self, args: Iterable[Arg]) -> None:
        """Let go of these; one that is not held is passed over."""
        args = list(args)
        for arg in args:
            self._wanted.pop(arg, None)
        for link in self._links:
            link.session.unsubscribe(args)
            link.speak_soon()

    @property
    def _links(self) -> tuple[Link, ...]:
        """The open link and, while it is being replaced, its successor."""
        successor = None if self._renewal is None else self._renewal.new
        links = dict.fromkeys((self._link, successor))
        return tuple(link for link in links if link is not None)

    def flush(self) -> None:
        """Send what the session has to send, after speaking to it directly."""
        if self._link is not None:
            self._link.speak()

    def start(self) -> None:
        """Connect, and stay connected; harmless if it does already."""
        if self._task is None and self.state != "closed":
            self._task = asyncio.get_running_loop().create_task(self._run())

    def reconnect(self, why: str) -> None:
        """Let go of the open connection and open a new one at once.

        While it waits for the next attempt, that is made at once.

        Parameters
        ----------
        why
            For the listener and the log.
        """
        if self._link is None:
            if self.state == "backoff":
                self._wake.set()
            return
        hurry = self._has_proved_itself(self._link) or not self._has_hurried
        self._lose(self._link, why, None)
        if hurry:
            # A second time only after a connection that was good for something:
            # an exchange that sends everyone away must not be asked in a circle.
            self._has_hurried = True
            self._pause = 0.0

    def renew(
        self,
        why: str,
        prepare: Callable[[ClientSession], None] | None = None,
        heard: Callable[[], Iterable[Push]] = tuple,
    ) -> None:
        """Open another connection, and let go of the open one when that is ready.

        If none comes about after some attempts, the open one is used as long as it
        lasts.  While it is being renewed, the successor is renewed after that;
        without an open connection there is nothing to renew: the next attempt is
        made at once.

        Parameters
        ----------
        why
            For the log.
        prepare
            Called with the new session before it subscribes: logs in.
        heard
            Returns what was told last of each arg: it may be told again.
        """
        if self._link is None:
            self.reconnect(why)
        elif self._renewing is not None:
            self._next_renewal = functools.partial(self.renew, why, prepare, heard)
        else:
            self._renewing = asyncio.get_running_loop().create_task(
                self._renew(self._link, why, prepare, heard)
            )

    async def close(self) -> None:
        """Close with code 1000 and end everything, within about 2 s.

        The listener hears nothing more.  May be called more than once.
        """
        self.state = "closed"
        renewing = self._renewing
        self._drop_renewal()
        self._stay_young()
        if self._link is not None:
            self._part(self._link)
            self._link = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if renewing is not None:
            await asyncio.wait([renewing])
        if self._parting:
            await asyncio.wait(self._parting, timeout=_CLOSE_TIMEOUT)
        for socket in self._parting.values():
            socket.transport.abort()
        if self._parting:
            await asyncio.wait(self._parting)

    # The task.

    async def _run(self) -> None:
        while True:
            self.state = "connecting"
            await self._gate.wait()
            try:
                await self._hold(await self._dial())
            except Exception as error:  # noqa: BLE001  # whatever stands in the way now may be gone the next time
                self._fail(error)
            self.state = "backoff"
            await self._rest()

    async def _dial(self) -> Socket:
        from okxlab.transport.dial import dial  # with it comes all of websockets

        return await dial(self.url, self._settings, self._clock, self._ssl)

    async def _hold(self, socket: Socket) -> None:
        from okxlab.transport.link import Link

        session = ClientSession(self.path, _session_settings(self._settings))
        link = Link(socket, session, self._clock, self)
        self._link = link
        self._wake.clear()
        self.attempts = 0
        self.opened_at = link.opened_at
        self.state = "open"
        self._grow_old()
        self._report_opening(socket)
        self._tell(self._listener.opened, self)
        if self._link is link:
            session.subscribe(self._wanted)
            link.start()
        while self.session is not None:  # this link, or its successor
            await self._wake.wait()
            self._wake.clear()
        self._wake.clear()  # it may have been lost before anybody waited

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pause):
                await self._wake.wait()
        self._wake.clear()

    # Renewal.

    async def _renew(
        self,
        old: Link,
        why: str,
        prepare: Callable[[ClientSession], None] | None,
        heard: Callable[[], Iterable[Push]],
    ) -> None:
        backoff = Backoff(self._settings.backoff_initial, self._settings.backoff_max)
        logger.info("%s is being replaced: %s", self.url, why)
        for attempt in range(_RENEWALS):
            if attempt:
                await asyncio.sleep(backoff.pause())
            try:
                renewal = await self._ready(old, prepare, heard)
            except Exception as error:  # noqa: BLE001  # whatever stands in the way
                logger.warning("%s cannot be replaced: %s", self.url, error)
                self._end_renewal()
                if isinstance(error, RenewalError) and error.is_final:
                    break
            else:
                await self._go_over(renewal)
                break
        else:
            logger.warning("%s is used as long as it lasts", self.url)
        if self._link is old:
            self._grow_old()
        following, self._next_renewal = self._next_renewal, None
        self._drop_renewal()
        if following is not None:
            following()

    async def _ready(
        self,
        old: Link,
        prepare: Callable[[ClientSession], None] | None,
        heard: Callable[[], Iterable[Push]],
    ) -> Renewal:
        from okxlab.transport.link import Link

        await self._gate.wait()
        renewal = Renewal(old, self, Handover(heard()), lambda: {*self._wanted})
        self._renewal = renewal
        session = ClientSession(self.path, _session_settings(self._settings))
        socket = await self._dial()
        link = renewal.new = Link(socket, session, self._clock, renewal)
        if prepare is not None:
            prepare(session)
        session.subscribe(self._wanted)
        link.start()
        await renewal.ready(self._settings.login_timeout + self._settings.ack_timeout)
        return renewal

    async def _go_over(self, renewal: Renewal) -> None:
        """Go over to the successor and let go of the old link, reading to its end."""
        old, new = renewal.old, renewal.new
        assert new is not None, "it is ready"
        self._link, self.opened_at = new, new.opened_at
        self.renewals += 1
        self._grow_old()
        logger.info("%s replaced", self.url)
        renewal.go_over()
        old.fall_silent()
        parting = self._close_in_background(old.socket)
        await asyncio.wait([parting], timeout=_CLOSE_TIMEOUT)
        old.stop()
        renewal.old_is_over(is_whole=old.socket.was_answered)
        await asyncio.sleep(_LAG)
        renewal.settle()

    def _drop_renewal(self) -> None:
        """Have nothing to do with a renewal any more, and end it if it goes on."""
        task, self._renewing = self._renewing, None
        if task is not None and task is not asyncio.current_task():
            self._next_renewal = None
            task.cancel()
        self._end_renewal()

    def _end_renewal(self) -> None:
        """Let go of the link that is not, or no longer, the connection's."""
        renewal, self._renewal = self._renewal, None
        if renewal is None:
            return
        renewal.end()
        for link in (renewal.old, renewal.new):
            if link is not None and link is not self._link and not link.is_over:
                self._part(link)

    def _grow_old(self) -> None:
        """Have the open link replaced when it has come to its age."""
        self._stay_young()
        age = self._settings.connection_age * random.uniform(_YOUNGEST, 1.0)  # noqa: S311  # no secret
        loop = asyncio.get_running_loop()
        self._aging = loop.call_later(age, self._tell, self._listener.aged, self)

    def _stay_young(self) -> None:
        if self._aging is not None:
            self._aging.cancel()
            self._aging = None

    # What becomes of it.

    def event(self, event: Event) -> None:
        """Pass on what the session has recorded; for the link."""
        self._tell(self._listener.event, self, event)

    def died(self, link: Link, why: str) -> None:
        """Give up a connection that no longer answers; for the link."""
        if self._link is link:
            self._lose(link, why, None)

    def ended(self, link: Link) -> None:
        """Give up a connection that the other side has ended; for the link."""
        from okxlab.transport.dial import why_ended

        self._lose(link, *why_ended(link.socket, self._settings))

    def _lose(self, link: Link, why: str, code: int | None) -> None:
        lived = self._clock.monotonic() - link.opened_at
        if self._has_proved_itself(link):
            self._backoff.reset()
            self._has_hurried = False
        self._pause = self._backoff.pause()
        self._stay_young()
        if self._renewal is not None and self._renewal.is_over:
            # What is held back was told before the loss.
            self._renewal.old_is_over(is_whole=False)
            self._renewal.settle()
        self._link = None
        self._part(link)
        self._drop_renewal()
        self._wake.set()
        with_code = "" if code is None else f" (close code {code})"
        logger.warning("%s lost after %.1f s: %s%s", self.url, lived, why, with_code)
        self.last_error = ConnectionLostError(
            f"The connection to {self.url} was lost: {why}{with_code}; "
            "okxlab reconnects by itself.",
            code=code,
        )
        self._tell(self._listener.lost, self, why, code, link.socket.recv_us)

    def _fail(self, cause: Exception) -> None:
        from okxlab.transport.dial import host_of, retry_after, why_failed

        self._stay_young()
        if self._link is not None:
            self._part(self._link)
            self._link = None
        self.attempts += 1
        asked = min(retry_after(cause), self._settings.backoff_max)
        self._pause = max(self._backoff.pause(), asked)
        why = why_failed(cause, self._settings)
        logger.warning("%s not connected, attempt %d: %s", self.url, self.attempts, why)
        self.last_error = ConnectError(
            f"{self.url} cannot be reached: {why}; "
            f"attempt {self.attempts}, okxlab goes on trying.",
            host=host_of(self.url),
            attempts=self.attempts,
            why=why,
        )
        self.last_error.__cause__ = cause
        self._tell(self._listener.failed, self, self.last_error)

    def _has_proved_itself(self, link: Link) -> bool:
        lived = self._clock.monotonic() - link.opened_at
        return link.session.frames > 0 and lived >= self._settings.proof

    def _part(self, link: Link) -> None:
        """Close a socket in the background; it is not listened to any more."""
        link.stop()
        self._close_in_background(link.socket)

    def _close_in_background(self, socket: Socket) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(socket.close())
        self._parting[task] = socket
        task.add_done_callback(lambda done: self._parting.pop(done, None))
        return task

    def _report_opening(self, socket: Socket) -> None:
        from okxlab.transport.dial import host_of, is_stock_tls

        host = host_of(self.url)
        logger.info("%s opened", self.url)
        if is_stock_tls(socket) and host not in _stock_tls_reported:
            _stock_tls_reported.add(host)
            logger.warning(
                "TLS to %s is the standard library's: its messages come late "
                "while a cell computes",
                host,
            )

    def _tell(self, method: Callable[..., None], *args: object) -> None:
        try:
            method(*args)
        except Exception as error:  # noqa: BLE001  # a connection outlives its listener's errors
            self.raised(error)

    def raised(self, error: Exception) -> None:
        """Count what the listener raised, and log it now and then; for the link."""
        self.errors += 1
        if self.errors & (self.errors - 1) == 0:  # the 1st, 2nd, 4th, 8th ...
            logger.error(
                "%s: the listener raised (%d times so far)",
                self.url,
                self.errors,
                exc_info=error,
            )


def _session_settings(settings: Timings) -> SessionSettings:
    return SessionSettings(
        ping_interval=settings.ping_interval,
        pong_timeout=settings.pong_timeout,
        ack_timeout=settings.ack_timeout,
        login_timeout=settings.login_timeout,
        requests_per_hour=settings.requests_per_hour,
    )
