"""okxlab's own way from a message to its row, as users run it, without a socket.

Nothing is bypassed: the link takes the text, the session routes and decodes it,
the lab's listener finds who wants it, and the tape that `Lab.stream` makes writes
it.  Only the socket is missing, which says when a message was read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.environment import Environment
from okxlab.lab.connecting import Connector
from okxlab.lab.router import Router
from okxlab.protocol.channels import channel
from okxlab.protocol.session import ClientSession
from okxlab.runtime import Clock, Runtime
from okxlab.stream.book_tape import BookTape
from okxlab.stream.sifted import make_tape
from okxlab.table import parse_window
from okxlab.transport.link import Link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from okxlab.protocol.arg import Arg
    from okxlab.stream.tape import Tape

__all__ = ["WayIn"]

_NOWHERE = Environment("ws://127.0.0.1:9")
"""Nobody listens at the discard port, and nothing is ever started here."""


class _Read:
    """What a link asks of its socket: when the last read was made."""

    def __init__(self, clock: Clock) -> None:
        self.now = clock.monotonic()
        self.recv_us = clock.recv_us()
        self.reads = 1

    def say(self, text: str) -> None:
        """Nobody is there to hear it."""

    def attach(self, link: Link) -> None:
        """The messages come by hand."""

    def detach(self) -> None:
        """Nothing more comes anyway."""


class WayIn:
    """A lab's way in for some args, each with a stream of its own.

    Parameters
    ----------
    args
        What is subscribed to.
    window
        Rows of each stream.
    """

    def __init__(self, args: Iterable[Arg], window: int = 10_000) -> None:
        self.runtime = Runtime()
        self.tapes: dict[Arg, Tape] = {}
        self.take: Callable[[str], None] = self.runtime.call(
            self._open, tuple(args), window
        )

    def _open(self, args: tuple[Arg, ...], window: int) -> Callable[[str], None]:
        clock = self.runtime.clock
        router = Router(_NOWHERE, self.runtime, None, Connector(_NOWHERE, self.runtime))
        for arg in args:
            self.tapes[arg] = _tape(arg, window)
            router.attach(self.tapes[arg])
        for connection in router._holdings.connections:
            connection._task.cancel()
        # One link for all: which path a message came on makes no difference to it.
        session = ClientSession(connection.path)
        session.subscribe(args)
        link = Link(_Read(clock), session, clock, connection)
        connection._link = link
        link.speak()
        link._timer.cancel()
        router._pulse.stop()
        return link.receive_text

    @property
    def frames(self) -> int:
        """Messages that the streams have taken."""
        return sum(tape.frames for tape in self.tapes.values())

    @property
    def is_well(self) -> bool:
        """Whether nothing was torn, lost or left out."""
        return not any(
            tape.errors or tape.resyncs or len(tape.gaps)
            for tape in self.tapes.values()
        )

    def close(self) -> None:
        """End its threads."""
        self.runtime.close()


def _tape(arg: Arg, window: int) -> Tape:
    entry = channel(arg.channel)
    if entry.kind == "book":
        return BookTape(entry, arg, parse_window(window))
    return make_tape(entry, (arg,), parse_window(window))
