"""Serves an exchange on the loopback interface: WebSocket and REST on one port.

Everything here runs on one asyncio loop.  The exchange decides what is sent; a
task for each connection carries it to the socket, so that a slow reader delays
nobody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import sys
import time
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, WSMsgType, web
from aiohttp.client_exceptions import ClientConnectionResetError

from okxlab.simulator.accounts.signed import answer_signed, is_signed
from okxlab.simulator.market_calls import PREFIX, Answer, answer, envelope, prepare
from okxlab.simulator.pace import Pace

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from okxlab.simulator.exchange import Exchange
    from okxlab.simulator.link import Link
    from okxlab.simulator.load import Load

__all__ = ["HOST", "Server"]

HOST = "127.0.0.1"
"""Loopback only: the simulator is nobody else's business."""

LOGGER = logging.getLogger("okxlab.simulator")

_TICK = 0.01
"""Pause between two looks at the clock while somebody listens [s]: the shortest
cadence of a channel (bbo-tbt)."""
_IDLE_TICK = 0.05
"""The same while nobody listens [s]."""
_SLICE_MS = 200
"""Virtual time moved at a stretch [ms]."""
_BUDGET = 0.05
"""Longest stretch of moving virtual time [s], so that pings are answered."""
_BREATH = 0.01
"""A request that took so long [s] is followed by a pause that lets others in."""
_PATIENCE = 0.4
"""Wait for a client to take what is queued and to answer a close frame [s]."""
_WRITE_LIMIT = 64 * 1024
"""Bytes written before it is checked whether the client still reads."""
_LOAD_LIMIT = 256 * 1024
"""Bytes of a load that may wait for a client that does not read as fast."""
_READ_LIMIT = 1024 * 1024
"""Longest frame and longest line of a request read at all; far shorter ones are
refused in OKX's words."""

# SO_LINGER, on and with no time: the kernel sends a reset instead of a goodbye.
# Windows has shorts where others have ints.
_RESET = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Server:
    """One exchange on one port.

    Parameters
    ----------
    make_exchange
        Makes what is served.
    speed
        Virtual seconds in a second; 0 if time moves by :meth:`step` alone.
    follows_present
        Whether virtual time is the present: after the machine slept a new exchange
        is made then.  Otherwise virtual time goes on where it stood.
    pace
        The clocks; by default the real ones.

    Attributes
    ----------
    exchange : Exchange
        What is served now.
    errors : int
        How often the clock's work has failed: what was due then was not pushed.

    Notes
    -----
    All methods belong to the loop that it was opened on.
    """

    def __init__(
        self,
        make_exchange: Callable[[], Exchange],
        speed: float,
        *,
        follows_present: bool = False,
        pace: Pace | None = None,
    ) -> None:
        self.exchange = make_exchange()
        self.errors = 0
        self._make_exchange = make_exchange
        self._speed = speed
        self._follows_present = follows_present
        self._pace = pace or Pace(self.exchange.market.now_ms, speed)
        self._peers: dict[_Peer, None] = {}
        self._runner: web.AppRunner | None = None
        self._clock: asyncio.Task[None] | None = None

    async def open(self, port: int, context: ssl.SSLContext | None) -> int:
        """Listen, and start the clock.

        Parameters
        ----------
        port
            Port; 0 for any free one.
        context
            TLS; None for plain TCP.

        Returns
        -------
        int
            The port.

        Raises
        ------
        OSError
            If the port is taken.
        """
        app = web.Application()
        app.router.add_get("/ws/v5/{path:public|private|business}", self._websocket)
        app.router.add_get(PREFIX + "{call:.+}", self._rest)
        app.router.add_post(PREFIX + "{call:.+}", self._rest)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=LOGGER,
            shutdown_timeout=_PATIENCE,
            max_line_size=_READ_LIMIT,
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, port, ssl_context=context)
        await site.start()
        self._clock = asyncio.create_task(self._run_clock(), name="the clock")
        return int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Say goodbye to all connections and let go of every socket."""
        if self._clock is not None:
            self._clock.cancel()
            await asyncio.wait([self._clock])
        peers = tuple(self._peers)
        for peer in peers:
            peer.link.close(1001, "The simulator was stopped")
        if peers:
            await asyncio.wait(
                [asyncio.ensure_future(peer.gone.wait()) for peer in peers],
                timeout=3 * _PATIENCE,
            )
        for peer in peers:
            peer.abort()
        if self._runner is not None:
            await self._runner.cleanup()

    async def step(self, by_ms: int) -> None:
        """Move virtual time and hand all that falls due to the sockets.

        Parameters
        ----------
        by_ms
            How far [ms].
        """
        end = self.exchange.market.now_ms + by_ms
        while self.exchange.market.now_ms < end:
            to_ms = min(end, self.exchange.market.now_ms + _SLICE_MS)
            self.exchange.advance(to_ms, self._pace.now())
            await asyncio.sleep(0)
            for peer in tuple(self._peers):
                await peer.flushed.wait()

    def catch_up(self) -> bool:
        """Move virtual time to where the wall clock says that it is.

        Returns
        -------
        bool
            Whether it got there; not if the machine is too slow for the speed.
        """
        if self._pace.has_slept():
            self._wake_up()
        if self.exchange.load is not None:
            return True  # there is no market that could be late
        market, due_ms = self.exchange.market, self._pace.due_ms()
        give_up = time.monotonic() + _BUDGET
        while market.now_ms < due_ms and self._speed:
            if time.monotonic() >= give_up:
                return False
            to_ms = min(due_ms, market.now_ms + _SLICE_MS)
            try:
                self.exchange.advance(to_ms, self._pace.now())
            except Exception as error:  # noqa: BLE001  # a market goes on, whatever becomes of one slice
                self._count(error)
                break
        return True

    def _wake_up(self) -> None:
        """Go on after the machine slept, which no connection outlives.

        To generate the market of a whole night would take minutes.
        """
        LOGGER.info("the machine slept; connections are dropped")
        for peer in tuple(self._peers):
            peer.link.abort()
        if self._follows_present:
            self.exchange = self._make_exchange()
        self._pace.restart(self.exchange.market.now_ms)

    def forget(self, peer: _Peer) -> None:
        """Let go of a connection that is gone."""
        peer.exchange.disconnect(peer.link)
        self._peers.pop(peer, None)

    def hear(self, peer: _Peer, frame: str | bytes) -> None:
        """Hand a frame of a client to its exchange."""
        peer.exchange.hear(peer.link, frame, self._pace.now())

    def decide(self, peer: _Peer) -> bool:
        """Let the exchange do the next thing that a client asked for, if any."""
        self.catch_up()
        return peer.exchange.decide(peer.link, self._pace.now())

    async def _run_clock(self) -> None:
        while True:
            try:
                pause = self._tick()
            except Exception as error:  # noqa: BLE001  # without a clock all would stand still
                self._count(error)
                pause = _IDLE_TICK
            await asyncio.sleep(pause)

    def _tick(self) -> float:
        """Do what is due; return the pause until the next look at the clock [s]."""
        has_caught_up = self.catch_up()
        now, due = self._pace.now(), self.exchange.next_deadline()
        if due is not None and due <= now:
            self.exchange.handle_deadlines(now)
        load = self.exchange.load
        is_insatiable = load is not None and self._push_load(load)
        if is_insatiable or not has_caught_up:
            return 0
        return _TICK if self._speed and self.exchange.is_watched else _IDLE_TICK

    def _count(self, error: Exception) -> None:
        self.errors += 1
        if self.errors & (self.errors - 1) == 0:  # the 1st, 2nd, 4th, 8th ...
            LOGGER.error(
                "the clock failed (%d times so far): %r",
                self.errors,
                error,
                exc_info=error,
            )

    def _push_load(self, load: Load) -> bool:
        """Hand over what is due; return whether there is more for the taking."""
        now = self._pace.now()
        waiting = [peer for peer in self._peers if peer.has_room]
        # Nothing is due while a client lags behind: none is to miss a message.
        due = load.due(now) if len(waiting) == len(self._peers) else {}
        for peer in waiting:
            peer.stream(due.get(peer.link) or load.more(peer.link), now)
        return load.rate == "max" and bool(waiting)

    async def _rest(self, request: web.Request) -> web.Response:
        faults, call = self.exchange.faults, request.path.removeprefix(PREFIX)
        slow = faults.take("slow_rest", channel=call)
        if slow is not None:
            await asyncio.sleep(slow["seconds"])
        refusal = faults.take("refuse_rest", channel=call)
        if refusal is not None:
            body = envelope(refusal["code"], "Service temporarily unavailable", [])
            return web.Response(
                status=refusal["status"], body=body, content_type="application/json"
            )
        for _ in prepare(self.exchange.market, request.path, request.query):
            await asyncio.sleep(0)
        is_post = request.method == "POST"
        sent = (await request.read()).decode(errors="replace") if is_post else None
        self.catch_up()
        if is_signed(request.path, request.method):
            got = answer_signed(
                self.exchange.accounts,
                request.path,
                request.query,
                headers=request.headers,
                target=request.raw_path,
                body=sent,
            )
            self.exchange.tell_accounts()
        elif is_post:
            got = Answer(405, envelope("405", "Request method not supported", []))
        else:
            exchange = self.exchange
            got = answer(exchange.market, request.path, request.query, exchange.calls)
        return web.Response(
            status=got.status, body=got.body, content_type="application/json"
        )

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        faults = self.exchange.faults
        slow = faults.take("slow_handshake", path=path)
        if slow is not None:
            await asyncio.sleep(slow["seconds"])
        refusal = faults.take("refuse_connections", path=path)
        if refusal is not None:
            return web.Response(status=refusal["status"])
        ws = web.WebSocketResponse(
            timeout=_PATIENCE, max_msg_size=_READ_LIMIT, writer_limit=_WRITE_LIMIT
        )
        if not ws.can_prepare(request):
            return web.Response(status=426, text="This path speaks WebSocket.")
        try:
            await ws.prepare(request)
        except ConnectionResetError:  # it did not wait so long
            return ws
        peer = _Peer(self, self.exchange.connect(path, self._pace.now()), ws, request)
        self._peers[peer] = None
        flap = faults.take("flap", path=path)
        breaking = None
        if flap is not None:
            loop = asyncio.get_running_loop()
            breaking = loop.call_later(flap["seconds"], peer.link.abort)
        await peer.run()
        if breaking is not None:
            breaking.cancel()
        return ws


def _report(task: asyncio.Task[None]) -> None:
    """Log what ended a task that is not to end by itself."""
    if not task.cancelled() and (error := task.exception()) is not None:
        LOGGER.error("%s failed: %r", task.get_name(), error, exc_info=error)


def framed(payload: bytes, kind: WSMsgType) -> bytes:
    """Return a WebSocket frame as a server sends it (RFC 6455, 5.2)."""
    first, size = 0x80 | kind, len(payload)
    if size < 126:
        head = struct.pack("!BB", first, size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, 126, size)
    else:
        head = struct.pack("!BBQ", first, 127, size)
    return head + payload


class _Peer:
    """One open WebSocket and the link that says what goes over it."""

    def __init__(
        self,
        server: Server,
        link: Link,
        ws: web.WebSocketResponse,
        request: web.Request,
    ) -> None:
        self.link = link
        self.exchange = server.exchange
        self.gone = asyncio.Event()
        # Set while nothing waits for the socket.
        self.flushed = asyncio.Event()
        self.flushed.set()
        self._server = server
        self._ws = ws
        self._transport = request.transport
        self._news = asyncio.Event()
        self._requests = asyncio.Event()
        self._ending: asyncio.Task[None] | None = None
        link.wake = self._wake

    async def run(self) -> None:
        """Read until the connection ends, while tasks of its own decide and write."""
        tasks = [
            asyncio.create_task(self._write(), name="sending"),
            asyncio.create_task(self._serve(), name="serving a request"),
        ]
        for task in tasks:
            task.add_done_callback(self._give_up_after)
        try:
            async for message in self._ws:
                if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    self._server.hear(self, message.data)
                    self._requests.set()
        finally:
            self._server.forget(self)
            for task in tasks:
                task.cancel()
            # aiohttp closes the socket when this returns: the close frame comes first.
            await asyncio.wait([*tasks, *([self._ending] if self._ending else [])])
            self.flushed.set()
            self.gone.set()

    @property
    def has_room(self) -> bool:
        """Whether a load may go on: what it was sent has nearly been taken.

        Nothing may wait in the queue, since a load goes past it.
        """
        transport = self._transport
        return (
            transport is not None
            and self.flushed.is_set()
            and not self.link.is_ending
            and transport.get_write_buffer_size() < _LOAD_LIMIT
        )

    def stream(self, frames: bytes, now: float) -> None:
        """Send frames that are encoded already, past queue and writer."""
        if frames and self._transport is not None:
            self._transport.write(frames)
            self.link.session.pushed_past(now)

    def abort(self) -> None:
        """Break the connection with a reset, as a network loss does."""
        if self._transport is None:
            return
        raw: socket.socket | None = self._transport.get_extra_info("socket")
        if raw is None or raw.fileno() < 0:
            # It is closed already: all the better.  asyncio cannot abort a transport
            # that closed itself after its last buffered byte.
            return
        with contextlib.suppress(OSError):  # The other side was faster.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def _give_up_after(self, task: asyncio.Task[None]) -> None:
        """End the connection if a task of it failed: nothing would answer any more."""
        _report(task)
        if not task.cancelled() and task.exception() is not None:
            self.link.close(WSCloseCode.INTERNAL_ERROR, "Internal error")

    def _wake(self) -> None:
        self.flushed.clear()
        self._news.set()
        if self.link.is_ending and self._ending is None:
            # Not in the writer, which a client that does not read may hold up.
            self._ending = asyncio.create_task(self._end())

    async def _serve(self) -> None:
        """Do what is asked, one thing at a time, so that pings are answered between.

        The history of an instrument is made when it is asked for first, and that
        takes a while.
        """
        while True:
            await self._requests.wait()
            self._requests.clear()
            while True:
                began = time.monotonic()
                if not self._server.decide(self):
                    break
                is_long = time.monotonic() - began > _BREATH
                await asyncio.sleep(_BREATH if is_long else 0)

    async def _write(self) -> None:
        # When the client goes away, reading finds out as well and ends it.
        with contextlib.suppress(ClientConnectionResetError):
            while True:
                await self._news.wait()
                self._news.clear()
                while (frame := self.link.next_frame()) is not None:
                    await self._send(frame)
                self.flushed.set()

    async def _send(self, frame: str | bytes) -> None:
        kind = WSMsgType.TEXT if isinstance(frame, str) else WSMsgType.BINARY
        # Half a character stands in a text as a lone surrogate.
        payload = (
            frame.encode(errors="surrogateescape") if isinstance(frame, str) else frame
        )
        slow = self.exchange.faults.take("trickle", path=self.link.path)
        if slow is None or self._transport is None:
            await self._ws.send_frame(payload, kind)
            return
        raw = framed(payload, kind)
        pieces = min(len(raw), max(2, round(slow["seconds"] / _BREATH)))
        size = -(-len(raw) // pieces)
        for begin in range(0, len(raw), size):
            self._transport.write(raw[begin : begin + size])
            await asyncio.sleep(slow["seconds"] / pieces)

    async def _end(self) -> None:
        closing = self.link.session.closing
        if self.link.is_aborted or closing is None:
            if self.link.is_cut and self._transport is not None:
                half = framed(b'{"arg":{"channel":"tickers","instId"', WSMsgType.TEXT)
                self._transport.write(half[:-10])
            self.abort()
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self.flushed.wait()
        await self._ws.close(
            code=closing.code, message=closing.reason.encode(), drain=False
        )
        if self._ws.close_code in {None, WSCloseCode.ABNORMAL_CLOSURE}:
            self.abort()  # No answer: what it has not read, it will not read.
