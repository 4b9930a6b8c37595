"""One WebSocket: whole messages out of frames, with the time they were read.

The client of ``websockets`` puts frames into a queue that a task reads.  This
one hands each message to its receiver as soon as its frame is there, which
saves the queue and two turns of the event loop a message; beside a busy cell,
where every turn of the loop waits for the GIL, that is most of the lateness.
Plain frames do not even pass through the library's parser (see `Framing`).
Messages in several frames are put together here too, so that the order stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from websockets.asyncio.client import ClientConnection
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State

from okxlab.transport.framing import Framing

if TYPE_CHECKING:
    from websockets.client import ClientProtocol

    from okxlab.runtime import Clock

__all__ = ["Receiver", "Socket"]

_TEXT = Opcode.TEXT
_MESSAGE_OPCODES = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})
_BLANK_LINE = b"\r\n\r\n"
_MOST_EARLY = 1024 * 1024
_FRAME = 200
"""What a frame takes beside its payload, roughly [bytes]."""


class Receiver(Protocol):
    """Who takes what a socket has read; never raises."""

    def receive_text(self, text: str) -> None:
        """Take a text message."""

    def receive_binary(self, payload: bytes) -> None:
        """Take a binary message, or a text that is no UTF-8."""

    def read_done(self) -> None:
        """Learn that all messages of one read were handed over."""

    def ended(self) -> None:
        """Learn that nothing more will come."""


class Socket(ClientConnection):
    """A client connection of ``websockets`` whose messages go to a receiver.

    Parameters
    ----------
    protocol, **how
        As the library gives them.
    clock
        Stamps what is read.
    longest
        Bytes that a message may have, as the protocol was told.

    Attributes
    ----------
    now : float
        When the last read was made [monotonic s].
    recv_us : int
        The same as a receive time [us since 1970, UTC].  It is taken once a
        read: all that one read brings had arrived by then, however long it
        takes to work through it.
    reads : int
        How many reads brought something.
    broken_by : Exception or None
        What the transport gave as the reason of the end, if anything.
    has_overrun : bool
        Whether more came before anybody took it than is kept; then it is closed.
    """

    def __init__(
        self, protocol: ClientProtocol, *, clock: Clock, longest: int, **how: Any
    ) -> None:
        super().__init__(protocol, **how)
        self.now = clock.monotonic()
        self.recv_us = clock.recv_us()
        self.reads = 0
        self.broken_by: Exception | None = None
        self._clock = clock
        self._framing = Framing(longest)
        self._receiver: Receiver | None = None
        self._is_detached = False
        self.has_overrun = False
        self._early: list[Frame] = []
        self._early_size = 0
        self._parts: bytearray | None = None
        self._parts_are_text = True

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self.protocol.state is State.OPEN

    @property
    def was_answered(self) -> bool:
        """Whether the other side has closed as well: nothing more was under way."""
        return self.protocol.close_rcvd is not None

    def attach(self, receiver: Receiver) -> None:
        """Hand over messages from now on, first those that came before."""
        self._receiver = receiver
        early, self._early = self._early, []
        for frame in early:
            self._receive(frame)
        receiver.read_done()
        if not self.is_open:
            receiver.ended()

    def detach(self) -> None:
        """Hand over nothing more."""
        self._receiver = None
        self._is_detached = True

    def say(self, text: str) -> None:
        """Send a text message, if the connection is still open."""
        if self.is_open:
            self.protocol.send_text(text.encode())
            self.send_data()

    # What the event loop calls.

    def data_received(self, data: bytes) -> None:
        """Take what one read of the socket brought."""
        self.now = self._clock.monotonic()
        self.recv_us = self._clock.recv_us()
        self.reads += 1
        if self.response is None:
            self._shake_hands(data)
        else:
            for piece in self._framing.cut(data):
                if not isinstance(piece, str):
                    super().data_received(piece)
                elif self._receiver is not None:
                    self._receiver.receive_text(piece)
                else:
                    self._keep(Frame(_TEXT, piece.encode()))
        receiver = self._receiver
        if receiver is not None:
            receiver.read_done()
            if not self.is_open:
                receiver.ended()

    def _shake_hands(self, data: bytes) -> None:
        super().data_received(data)
        # What came behind the answer went into the library's parser, and may be torn:
        # it goes on there, unless the answer came in one piece and was all.
        is_all = data.endswith(_BLANK_LINE) and data.count(_BLANK_LINE) == 1
        self._framing.is_over = self.reads > 1 or not is_all

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn from the transport that the connection is gone."""
        self.broken_by = exc
        super().connection_lost(exc)
        if self._receiver is not None:
            self._receiver.ended()

    # What the library calls for each frame.

    def process_event(self, event: Any) -> None:
        """Take one parsed frame, or the answer to the handshake."""
        if self._receiver is None:
            self._process_alone(event)
        elif event.opcode is _TEXT and event.fin:
            self._receive_whole(event.data, is_text=True)
        else:
            self._receive(event)

    def _process_alone(self, event: Any) -> None:
        if self.response is None:
            super().process_event(event)
        else:
            self._keep(event)

    def _keep(self, frame: Frame) -> None:
        """Keep what came before the task that waits for the answer could go on."""
        if self._is_detached:
            return
        self._early_size += len(frame.data) + _FRAME
        if self._early_size <= _MOST_EARLY:
            self._early.append(frame)
        elif not self.has_overrun:
            self.has_overrun = True
            self._early.clear()
            self._framing.is_over = True
            self.protocol.fail(CloseCode.POLICY_VIOLATION)

    def _receive(self, frame: Frame) -> None:
        if frame.opcode not in _MESSAGE_OPCODES:
            return  # the library has answered it, or there is nothing to answer
        if frame.opcode is not Opcode.CONT:
            self._parts = bytearray()
            self._parts_are_text = frame.opcode is _TEXT
        # The protocol lets a continuation through only after a beginning, and
        # limits the sum of all parts.
        assert self._parts is not None
        self._parts += frame.data
        if frame.fin:
            whole, self._parts = self._parts, None
            self._receive_whole(whole, is_text=self._parts_are_text)

    def _receive_whole(self, payload: bytes | bytearray, *, is_text: bool) -> None:
        receiver = self._receiver
        if receiver is None:  # detached by what an earlier message led to
            return
        if is_text:
            try:
                text = payload.decode()
            except UnicodeDecodeError:
                is_text = False
            else:
                receiver.receive_text(text)
                return
        receiver.receive_binary(bytes(payload))
