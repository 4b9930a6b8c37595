"""A feed over TLS beside a busy cell: how late its messages come, and how many.

A process of its own sends trades over ``wss://`` on loopback, one message a TLS
record as OKX does.  The main thread runs a pure-Python loop all the while.  At a set
rate each message says when it was due: lateness is the time from due to decoded, so
what a starved reader makes the sender wait for counts too.  Flat out okxlab's messages
become rows of a stream, and all of them have to be there.  The effect of stock TLS is
bimodal, therefore the figures are the worst of several runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import socket
import threading
import time
from typing import TYPE_CHECKING, NamedTuple, Self

from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

import okxlab
from okxlab.environment import Timings
from okxlab.protocol.arg import Arg
from okxlab.runtime import ConnectGate, Runtime
from okxlab.simulator.certificate import make_certificate
from okxlab.transport import Connection
from tests.bench.figures import Figure

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from multiprocessing.connection import Connection as Pipe

    from okxlab.protocol.events import Push
    from okxlab.simulator.certificate import Certificate

RATE = 2_000
"""Messages a second at which lateness is measured."""
SECONDS = 5.0
RUNS = 8
_BEGINNING = 30.0
"""How long a reader may take to get its first message beside a busy cell [s]."""
FLOOD = 100_000
"""Messages of a run that goes as fast as the reader takes them."""

_ARG = Arg("trades", instId="BTC-USDT")
_HEAD = (
    '{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT",'
    '"tradeId":"%d","px":"67012.3","sz":"0.00125","side":"buy","ts":"1795365000000",'
    '"count":"1","source":"0","seqId":%d}]}'
)


class Load(NamedTuple):
    """What the sender sends to one client.

    Trade ids are due times [us]; or, as fast as the client reads, they are counted.
    """

    count: int
    rate: float  # 0: as fast as the client reads


class Outcome(NamedTuple):
    """One run."""

    received: int
    seconds: float
    lateness: list[float]  # [s], sorted

    @property
    def per_second(self) -> float:
        return self.received / self.seconds

    def quantile(self, part: float) -> float:
        """Return a quantile of the lateness [s]."""
        if not self.lateness:
            return float("inf")
        return self.lateness[
            min(int(part * len(self.lateness)), len(self.lateness) - 1)
        ]


# The sender, in a process of its own.


def serve(pipe: Pipe, certificate: Certificate) -> None:
    """Serve the loads that come through the pipe, one client each, until None."""
    context = certificate.server_context()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        pipe.send(listening.getsockname()[1])
        while (load := pipe.recv()) is not None:
            plain, _ = listening.accept()
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with (
                contextlib.suppress(OSError),  # the client has seen enough
                plain,
                context.wrap_socket(plain, server_side=True) as peer,
            ):
                _handshake(peer)
                _send(peer, load)
                peer.recv(1_000)  # until the client closes


def _handshake(peer: ssl.SSLSocket) -> None:
    protocol = ServerProtocol()
    asked: list[object] = []
    while not asked:
        protocol.receive_data(peer.recv(65_536))
        asked = protocol.events_received()
    protocol.send_response(protocol.accept(asked[0]))
    peer.sendall(b"".join(protocol.data_to_send()))
    peer.recv(65_536)  # the subscription


def _send(peer: ssl.SSLSocket, load: Load) -> None:
    pause = threading.Event()
    begin = time.monotonic()
    for number in range(load.count):
        due = begin + number / load.rate if load.rate else time.monotonic()
        early = due - time.monotonic()
        if early > 0:
            pause.wait(early)
        text = _HEAD % (int(due * 1e6) if load.rate else number + 1, number)
        peer.sendall(Frame(Opcode.TEXT, text.encode()).serialize(mask=False))


# The readers, in a thread of this process.


class _Filling:
    """A stream that is filled, as its user has it."""

    def __init__(self, count: int, stream: okxlab.Stream) -> None:
        self._count = count
        self._stream = stream

    @property
    def has_begun(self) -> bool:
        return self._stream.stats.frames > 0

    @property
    def is_done(self) -> bool:
        return self._stream.stats.frames >= self._count

    @property
    def outcome(self) -> Outcome:
        frame = self._stream.df
        if frame.empty:
            return Outcome(0, 1.0, [])
        taken = frame.recv.iloc[-1] - frame.recv.iloc[0]
        return Outcome(len(frame), max(taken.total_seconds(), 1e-6), [])


class _Reading:
    """What one reader has got so far; also the listener of okxlab's connection."""

    def __init__(self, count: int) -> None:
        self.lateness: list[float] = []
        self.count = count
        self.begun = 0.0
        self.ended = 0.0
        self.is_done = False

    @property
    def has_begun(self) -> bool:
        return bool(self.lateness)

    def take(self, due_us: int) -> None:
        now = time.monotonic()
        if not self.lateness:
            self.begun = now
        self.lateness.append(now - due_us / 1e6)
        self.ended = now
        self.is_done = len(self.lateness) == self.count

    @property
    def outcome(self) -> Outcome:
        late = sorted(self.lateness)
        return Outcome(len(late), max(self.ended - self.begun, 1e-9), late)

    def pushed(self, push: Push, _recv_us: int) -> None:
        for row in push.rows:
            self.take(row.trade_id)

    def event(self, *_args: object) -> None:
        """Nothing else is of interest."""

    opened = aged = lost = failed = event


@contextlib.contextmanager
def _okxlab_reader(url: str, context: ssl.SSLContext, load: Load):
    reader = _connection_reader if load.rate else _stream_reader
    with reader(url, context, load) as reading:
        yield reading


@contextlib.contextmanager
def _stream_reader(url: str, context: ssl.SSLContext, load: Load):
    address = url.removesuffix("/ws/v5/public")
    environment = okxlab.Environment(address, ssl_context=context)
    with okxlab.connect(environment) as lab:
        stream = lab.stream("BTC-USDT", "trades", window=load.count)
        yield _Filling(load.count, stream)


@contextlib.contextmanager
def _connection_reader(url: str, context: ssl.SSLContext, load: Load):
    runtime, reading = Runtime(), _Reading(load.count)

    def start() -> Connection:
        connection = Connection(
            url,
            "public",
            settings=Timings(),
            clock=runtime.clock,
            gate=ConnectGate(),
            listener=reading,
            ssl=context,
        )
        connection.add([_ARG])
        connection.start()
        return connection

    connection = runtime.call(start)
    try:
        yield reading
    finally:
        runtime.submit(connection.close())
        runtime.close()


@contextlib.contextmanager
def _stock_reader(url: str, context: ssl.SSLContext, load: Load):
    """Read as one would with websockets alone, and only find the due time."""
    reading = _Reading(load.count)

    async def read() -> None:
        async with connect(
            url, ssl=context, compression=None, ping_interval=None, close_timeout=1
        ) as peer:
            await peer.send("subscribe")
            async for text in peer:
                begin = text.index('tradeId":"') + 10
                reading.take(int(text[begin : text.index('"', begin)]))

    loop = asyncio.new_event_loop()
    task = loop.create_task(read())
    thread = threading.Thread(target=lambda: loop.run_until_complete(_quiet(task)))
    thread.start()
    try:
        yield reading
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()


async def _quiet(task: asyncio.Task[None]) -> None:
    with contextlib.suppress(asyncio.CancelledError, OSError, EOFError):
        await task


READERS: dict[str, Callable[..., contextlib.AbstractContextManager]] = {
    "okxlab": _okxlab_reader,
    "websockets, stock TLS": _stock_reader,
}


class Exchange:
    """The sending process; one at a time reads from it."""

    def __enter__(self) -> Self:
        spawn = multiprocessing.get_context("spawn")
        certificate = make_certificate()
        self._pipe, far = spawn.Pipe()
        self._process = spawn.Process(target=serve, args=(far, certificate))
        self._process.start()
        self._url = f"wss://127.0.0.1:{self._pipe.recv()}/ws/v5/public"
        self._context = certificate.client_context
        return self

    def __exit__(self, *args: object) -> None:
        self._pipe.send(None)
        self._process.join()

    def run(self, reader: str, load: Load, patience: float) -> Outcome:
        """Let a reader read a load beside a busy main thread.

        Parameters
        ----------
        reader
            A key of `READERS`.
        load
            What it is sent.
        patience
            How long it may take from the first message on [s].
        """
        self._pipe.send(load)
        with READERS[reader](self._url, self._context, load) as reading:
            _compute_until(lambda: reading.has_begun, _BEGINNING)
            _compute_until(lambda: reading.is_done, patience)
            return reading.outcome


def _compute_until(is_done: Callable[[], bool], patience: float) -> None:
    """Be a cell that computes: pure Python, never waiting."""
    deadline = time.monotonic() + patience
    number = 0
    while not is_done() and time.monotonic() < deadline:
        for _ in range(10_000):
            number += 1


def measure(*, short: bool = False) -> dict[str, dict[str, float]]:
    """Return the worst figures of all runs, by reader.

    Parameters
    ----------
    short
        Only show that it works: one run of a fraction of a second.

    Returns
    -------
    dict
        By reader: "median" and "p99" lateness [s] at 2,000 messages a second,
        and, when sent as fast as they are read, "per_second" and how many were
        "missing" in the end.
    """
    runs, seconds, flood = (1, 0.2, 1_000) if short else (RUNS, SECONDS, FLOOD)
    paced = Load(int(RATE * seconds), RATE)
    outcomes: dict[str, list[tuple[Outcome, Outcome]]] = {name: [] for name in READERS}
    with Exchange() as exchange:
        for _ in range(runs):  # interleaved: the machine's speed drifts
            for name in READERS:
                late = exchange.run(name, paced, 2 * seconds + 2)
                fast = exchange.run(name, Load(flood, 0), 2 * seconds + 2)
                outcomes[name].append((late, fast))
    return {
        name: {
            "median": max(late.quantile(0.5) for late, _ in found),
            "p99": max(late.quantile(0.99) for late, _ in found),
            "per_second": min(fast.per_second for _, fast in found),
            "missing": max(flood - fast.received for _, fast in found),
        }
        for name, found in outcomes.items()
    }


def figures(*, short: bool = False) -> list[Figure]:
    """Return the lateness of a feed over TLS beside a busy cell, and its speed."""
    lines = []
    for reader, found in measure(short=short).items():
        ours = reader == "okxlab"
        title = f"{reader} over wss:// beside a busy cell"
        for quantile, at_most in (("median", 5.0), ("p99", 50.0)):
            lines.append(
                Figure(
                    f"{title}, {RATE:,}/s: {quantile} lateness",
                    found[quantile] * 1e3,
                    "ms",
                    f"worst of {RUNS} runs",
                    at_most if ours else None,
                )
            )
        lines.append(
            Figure(
                f"{title}, flat out",
                found["per_second"],
                "a second",
                f"worst of {RUNS} runs",
                None,
                at_least=20_000.0 if ours else None,
            )
        )
        if ours:
            missing = found["missing"]
            lines.append(Figure(f"{title}, flat out: missing", missing, "rows", "", 0))
    return lines
