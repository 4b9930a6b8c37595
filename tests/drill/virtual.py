"""A whole client on virtual time: its real loop code, without sockets or waiting.

The loop's clock jumps to the next timer as soon as there is nothing else to do.
Between okxlab and the exchange stands a wire in memory, which hands over texts in
their order; everything on either side of it is the real thing.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections import Counter
from types import SimpleNamespace
from urllib.parse import urlsplit

from okxlab.rest import RestClient, _Answer
from okxlab.runtime import Clock, ConnectGate
from okxlab.simulator.market_calls import answer

LATENCY = 0.005
"""From the exchange to the client [virtual s]."""


class _Jumping(selectors.DefaultSelector):
    """A selector that never waits: it moves the clock instead."""

    loop: VirtualLoop

    def select(self, timeout=None):
        """Return what is ready now; if nothing is, it is later."""
        ready = super().select(0)
        if not ready and timeout:
            self.loop.now_ns += math.ceil(timeout * 1e9) + 1
        elif not ready and timeout is None:
            raise RuntimeError("nothing is left to wait for")
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose seconds take no time."""

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000
        selector = _Jumping()
        selector.loop = self
        super().__init__(selector)

    def time(self):
        """Return the virtual time [s]."""
        return self.now_ns / 1e9


class World:
    """One exchange, and what a router needs to live beside it.

    Parameters
    ----------
    exchange
        The far end.
    start_ms
        Its time when the loop's is 1 s.
    """

    def __init__(self, exchange, start_ms) -> None:
        self.loop = asyncio.get_running_loop()
        self.exchange = exchange
        self.clock = Clock(
            monotonic_ns=lambda: self.loop.now_ns,
            wall_ns=lambda: start_ms * 1_000_000 + self.loop.now_ns - 1_000_000_000,
        )
        self.requests = Counter()
        self.runtime = SimpleNamespace(
            loop=self.loop, clock=self.clock, gate=ConnectGate(3)
        )

    async def dial(self, url, _settings, clock, _ssl):
        """Open a connection; in the place of `okxlab.transport.dial.dial`."""
        await asyncio.sleep(LATENCY)
        path = urlsplit(url).path.rpartition("/")[2]
        return MemorySocket(self, path, clock)

    def advance(self, by_ms):
        """Let the market go on, and everything that has fallen due be sent."""
        now = self.clock.monotonic()
        market = self.exchange.market
        self.exchange.advance(market.now_ms + by_ms, now)
        self.exchange.handle_deadlines(now)


class MemorySocket:
    """A connection that was opened: what `Link` asks of a socket."""

    def __init__(self, world, path, clock) -> None:
        self.now = clock.monotonic()
        self.recv_us = clock.recv_us()
        self.reads = 0
        self.broken_by = None
        self.protocol = SimpleNamespace(close_rcvd=None, parser_exc=None)
        self.transport = self
        self.is_open = True
        self._world = world
        self._path = path
        self._exchange = exchange = world.exchange
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._receiver = None
        self._is_due = False
        self._link = exchange.connect(path, self.now)
        self._link.wake = self._wake

    def get_extra_info(self, _name):
        """Return nothing: there is no TLS here."""

    def attach(self, receiver):
        """Hand over messages from now on."""
        self._receiver = receiver
        self._wake()

    def detach(self):
        """Hand over nothing more."""
        self._receiver = None

    def say(self, text):
        """Send a text message."""
        if self.is_open:
            self._world.requests[self._path] += text != "ping"
            self._loop.call_later(LATENCY, self._arrive, text)

    async def close(self):
        """Let go of the connection."""
        self.is_open = False
        self._exchange.disconnect(self._link)

    def _arrive(self, text):
        if self.is_open:
            self._exchange.receive(self._link, text, self._clock.monotonic())

    def _wake(self):
        if not self._is_due:
            self._is_due = True
            self._loop.call_later(LATENCY, self._deliver)

    def _deliver(self):
        self._is_due = False
        self.now, self.recv_us = self._clock.monotonic(), self._clock.recv_us()
        self.reads += 1
        ends = self._link.is_ending
        for frame in self._link.frames_to_send():
            if self._receiver is not None:
                self._receiver.receive_text(frame)
        if self._receiver is not None:
            self._receiver.read_done()
        if ends and self.is_open:
            self.is_open = False
            self.broken_by = ConnectionResetError()
            if self._receiver is not None:
                self._receiver.ended()


class MemoryRest(RestClient):
    """The REST client, limits and refusals included, on an exchange in memory.

    Parameters
    ----------
    world
        Where the exchange is.
    delays
        Yields how long the next answer is under way [s]; infinite for one that
        never comes.
    """

    def __init__(self, world, delays) -> None:
        super().__init__("http://exchange.invalid")
        self.asked = 0
        self._world = world
        self._delays = delays

    async def _attempt(self, path, query, sign, deadline, attempts):
        assert sign is None, "books are public"
        self.asked += 1
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._limit(path, query).reserve(loop.time()))
        delay = next(self._delays)
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.sleep(LATENCY)
                exchange = self._world.exchange
                found = answer(exchange.market, path, query, exchange.calls)
                await asyncio.sleep(delay)
        except TimeoutError as error:
            raise self._unreachable("gave no answer", attempts) from error
        return _Answer(status=found.status, text=found.body, retry_after="")
