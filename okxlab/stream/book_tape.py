"""The written side of a book: its levels, the history of its top, its resyncs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.book import OrderBook
from okxlab.book.checksum import read_texts
from okxlab.book.top import TOP_COLUMNS
from okxlab.stream.resync_log import ResyncLog
from okxlab.stream.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.protocol.arg import Arg
    from okxlab.protocol.channels import Channel
    from okxlab.protocol.events import Push
    from okxlab.stream.level_history import LevelHistory
    from okxlab.table import Window

__all__ = ["BookTape"]

_FROM_REST = 1
"""Code of the ``history`` origin."""


class BookTape(Tape):
    """A book as it comes in, with one row of history for each change.

    Parameters
    ----------
    entry
        The channel: an incremental book, or whole books.
    arg
        What is subscribed to.
    window
        Rows or duration of the history to keep.
    lag_known
        Whether exchange time runs with this machine's clock.

    Attributes
    ----------
    book : OrderBook
        Written here, read anywhere.
    log : ResyncLog
        When it was torn, and how it came back.
    on_change : callable or None
        Called when the book was torn or is synced again: whoever brings it back
        sits here.
    """

    def __init__(
        self, entry: Channel, arg: Arg, window: Window, *, lag_known: bool = True
    ) -> None:
        super().__init__(
            entry, (arg,), window, lag_known=lag_known, columns=TOP_COLUMNS
        )
        self.book = OrderBook(whole=entry.kind != "book")
        self.resync_log = ResyncLog()
        self.on_change: Callable[[], None] | None = None
        self._arg = arg
        self._may_have_checksum = "checksum" in entry.row.__struct_fields__
        self._histories: tuple[LevelHistory, ...] = ()

    # Written on the loop thread.

    def receive(self, push: Push, recv_us: int) -> None:
        """Take one message: apply its rows and record the top after each."""
        book, action = self.book, push.action
        before = book.state
        tops: list[Any] = []
        for place, row in enumerate(push.rows):
            texts = None
            if self._may_have_checksum and row.checksum:
                texts = read_texts(push.text)[place]
            if book.apply(row, action, texts):
                tops.append(book.top)
        if tops:
            self._append(tops, recv_us)
            self.latest = tops[-1]
            for history in self._histories:
                history.take(book, recv_us)
        self.frames += 1
        if book.state != before:
            self._follow(before, recv_us)
        self.recv_us = recv_us
        if self._waiters or self._listeners:
            self._wake(tops)

    def join(self, row: Any, recv_us: int, how: str = "", attempts: int = 0) -> bool:
        """Take a snapshot that came by REST; return whether the book is synced.

        Parameters
        ----------
        row
            The answer, as a row of the channel.
        recv_us
            Receive time [us since 1970 UTC].
        how, attempts
            For the log.
        """
        before = self.book.state
        if before == "synced" or not self.book.join(row):
            return self.book.is_synced
        self.resync_log.tell(how, attempts)
        self._append([self.book.top], recv_us, None, _FROM_REST)
        self.latest = self.book.top
        self._follow(before, recv_us)
        self.recv_us = recv_us
        return True

    def lost(self, args: list[Arg], why: str, alive_us: int) -> None:
        """Note that the connection broke: nothing is known until a snapshot."""
        if self.book.is_synced:
            self.resync_log.begin(why, alive_us)
            self.latest = None
        self.resync_log.tell("reconnected", 1)
        self.book.tear(why)
        super().lost(args, why, alive_us)

    def missed(self, why: str, now_us: int, arg: Arg | None = None) -> None:
        """Note a lost frame.

        If it cannot be told whose it was, the chain of the book will tell.
        """
        if arg is not None and self.book.is_synced:
            self.book.tear(why)
            self._follow("synced", now_us)

    def keep(self, history: LevelHistory) -> None:
        """Record levels from now on."""
        self._histories = (*self._histories, history)

    def leave(self, history: LevelHistory) -> None:
        """Record levels no more."""
        self._histories = tuple(one for one in self._histories if one is not history)

    def _follow(self, before: str, now_us: int) -> None:
        """Note that the state of the book has changed."""
        book = self.book
        if book.is_synced:
            if before == "resyncing":
                self.resyncs += 1
                self.resync_log.end(now_us)
            self._set(self._arg, "live", now_us)
        else:
            self.latest = None
            start_us = self.recv_us or now_us
            self.resync_log.begin(book.why, start_us)
            self.gaps.open(book.why, start_us)
            self._set(self._arg, "resyncing", now_us)
        if self.on_change is not None:
            self.on_change()

    def _after_ack(self) -> str:
        return "waiting" if self.book.state == "waiting" else "resyncing"
