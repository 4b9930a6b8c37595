"""One client's connection: its session and what still has to reach the socket."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from okxlab.protocol.server import ServerSession

__all__ = ["Link"]

QUEUE_LIMIT = 16 * 1024 * 1024
"""Bytes that may wait for a slow reader before it is closed with 4005."""


class _Burst(msgspec.Struct):
    """A frame that is to be sent many times."""

    frame: str
    left: int


def _nobody() -> None:
    """Stand in for a server that wants to be woken."""


class Link:
    """One connection as the exchange holds it.

    Parameters
    ----------
    session
        Its protocol state.
    clock
        Returns the exchange's monotonic time [s].
    limit
        Bytes that may wait to be sent.

    Attributes
    ----------
    session : ServerSession
        Its protocol state.
    is_aborted : bool
        Whether the socket is to be broken without a word.
    is_cut : bool
        Whether it is to be broken in the middle of a frame.
    wake : callable
        Called whenever there is something new to send or to end; set by the server.

    Notes
    -----
    Belongs to the thread of its exchange.
    """

    def __init__(
        self,
        session: ServerSession,
        clock: Callable[[], float],
        limit: int = QUEUE_LIMIT,
    ) -> None:
        self.session = session
        self.is_aborted = False
        self.is_cut = False
        self._is_lost = False  # TCP never goes on behind a hole
        self.wake: Callable[[], None] = _nobody
        self._clock = clock
        self._limit = limit
        self._outgoing: deque[str | bytes | _Burst] = deque()
        self._waiting = 0

    @property
    def path(self) -> str:
        """The path that it was opened on."""
        return self.session.path

    @property
    def is_logged_in(self) -> bool:
        """Whether somebody has logged in on it."""
        return self.session.logged_in

    @property
    def is_ending(self) -> bool:
        """Whether nothing more is to be pushed on it."""
        return self.is_aborted or self.session.closing is not None

    @property
    def waiting(self) -> int:
        """Characters and bytes that have not been handed to the socket."""
        return self._waiting

    # The exchange's side

    def collect(self, *, lose: bool = False) -> None:
        """Queue what the session has to say.

        Parameters
        ----------
        lose
            Throw it away instead, as a network does that forgot the connection, and
            whatever comes after it too.
        """
        texts = self.session.text_to_send()
        self._is_lost = self._is_lost or bool(texts and lose)
        if texts and not self._is_lost:
            self._queue(texts)
        elif self.is_ending:
            self.wake()

    def send(self, frame: str | bytes) -> None:
        """Queue a frame of any content, after what the session said before."""
        self.collect()
        self._queue([frame])

    def repeat(self, frame: str, times: int) -> None:
        """Queue a frame many times, after what the session said before.

        It is kept once, and counts once for what may wait.
        """
        self.collect()
        self._queue([frame])
        if times > 1 and self._outgoing:
            self._outgoing[-1] = _Burst(frame, times)

    def notice(self, code: str, msg: str, close_after: float | None) -> None:
        """Queue a notice and perhaps hang up later.

        Parameters
        ----------
        code, msg
            Code and words.
        close_after
            Seconds until the close; None for never.
        """
        close_at = None if close_after is None else self._clock() + close_after
        self.session.notice(code, msg, close_at=close_at)
        self.collect()

    def close(self, code: int, reason: str) -> None:
        """End it with a close frame, after what is queued."""
        self.session.close(code, reason)
        self.collect()

    def abort(self) -> None:
        """Break it without a word; what is queued is lost."""
        self.is_aborted = True
        self._discard()
        self.wake()

    def cut(self) -> None:
        """Break it in the middle of a frame; what is queued is lost."""
        self.is_cut = True
        self.abort()

    def _queue(self, frames: Sequence[str | bytes]) -> None:
        if self._is_lost:
            return
        self._outgoing.extend(frames)
        self._waiting += sum(map(len, frames))
        if self._waiting > self._limit:
            self._discard()
            self.session.close(4005, "Buffer full")
        self.wake()

    def _discard(self) -> None:
        self._outgoing.clear()
        self._waiting = 0

    # The server's side

    def next_frame(self) -> str | bytes | None:
        """Return the next frame for the socket, text for str; None if none waits."""
        if not self._outgoing:
            return None
        first = self._outgoing[0]
        if isinstance(first, _Burst) and first.left > 1:
            first.left -= 1
            return first.frame
        self._outgoing.popleft()
        frame = first.frame if isinstance(first, _Burst) else first
        self._waiting -= len(frame)
        return frame

    def frames_to_send(self) -> list[str | bytes]:
        """Return all frames that wait, oldest first, and drain them."""
        frames = []
        while (frame := self.next_frame()) is not None:
            frames.append(frame)
        return frames
