"""An order book from a snapshot and changes, which never serves a torn level.

Theory of operation.  A book is in one of three states::

    waiting      nothing to show yet: no snapshot has come
    synced       what it shows is what the exchange had
    resyncing    it was torn and shows nothing until a new snapshot comes

A change belongs to the book only if its ``prevSeqId`` is the ``seqId`` of the
last one.  That covers quiet times (both ids equal, no levels) and the reset
after a maintenance (a ``seqId`` below its ``prevSeqId``); ids of one book do not
grow by one and need not grow at all.  Anything else tears it.

While it is not synced, changes are kept aside for `OrderBook.join`, which takes
a snapshot that was asked for by REST and continues from there.  A pushed
snapshot makes them obsolete.

Whole books (``books5``, ``bbo-tbt``) come whole in every row and cannot be torn;
their ids only tell what is older than what is there.

Sources: OKX API v5, "WS / Order book channel" (2026-08-22); the plan of
2026-02-12 to replace pushed snapshots by REST.
"""

from __future__ import annotations

import threading
from typing import Any, Literal

from okxlab.book.checksum import Texts, checksum
from okxlab.book.figures import BookFigures, Levels
from okxlab.book.side import Side
from okxlab.book.top import TopOfBook, top_of

__all__ = ["OrderBook", "State"]

State = Literal["waiting", "synced", "resyncing"]

_MOST_KEPT_ASIDE = 600
"""A minute of a book that changes every 100 ms."""
_LATE_MS = 1_000
"""How much later than a REST snapshot a change that it holds may be made [ms]: ten
times the interval of the channel."""
_TRIES = 200
_PAUSE = 0.0005
"""What a reader waits when it comes in the middle of an update [s]: an update takes
about 10 us, but a thread that was interrupted in one needs the GIL to go on."""
_never = threading.Event()


class OrderBook(BookFigures):
    """One order book.

    Parameters
    ----------
    whole
        Whether every row is a whole book, as those of ``books5`` are.

    Attributes
    ----------
    state : str
        ``waiting``, ``synced`` or ``resyncing``.
    why : str
        Why it is torn, or was torn last; "" if it never was.
    tears : int
        How often it was torn.
    ignored : int
        Rows that were not used: while it was not synced, or older than the book.

    Notes
    -----
    One thread writes (`apply`, `join`, `tear`); any thread may read, without a
    lock: one that is held when a cell is interrupted, a debugger stops or the
    process forks would never be released.  Instead the writer counts up before
    and after every change, and a reader whose copy was taken at an odd count,
    or across a change of it, copies again.  One that has no luck, because updates
    come as fast as they can be applied, asks the writer to leave a copy after
    the next.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self.state: State = "waiting"
        self.why = ""
        self.tears = 0
        self.ignored = 0
        self._whole = whole
        self._bids = Side()
        self._asks = Side()
        self._seq_id = -1
        self._ts: Any = ""
        self._top: TopOfBook | None = None
        # Odd while a change is under way.
        self._version = 0
        # Set by readers, reset by the writer; and what it has left for them.
        self._is_asked = False
        self._left = -1, Levels()
        # Changes that came while the book was not synced, each the next of the
        # one before; and the time before which no snapshot can precede them.
        self._aside: list[Any] = []
        self._not_before = 0
        # After a REST snapshot its time [ms], until the first change has joined.
        self._joining: int | None = None
        # Price and size as sent, by price: None if any of them is not known.
        self._bid_texts: dict[float, tuple[str, str]] | None = None
        self._ask_texts: dict[float, tuple[str, str]] | None = None

    # Written by one thread.

    def apply(self, row: Any, action: str = "", texts: Texts | None = None) -> bool:
        """Take one row of the channel.

        Parameters
        ----------
        row
            As decoded: a `BookUpdate`, one of its kin, or a whole `BookTop`.
        action
            ``snapshot`` or ``update``, as sent along; whole books come without.
        texts
            The row's levels as sent, if it carries a checksum: it is verified
            if all levels since the snapshot came with theirs.

        Returns
        -------
        bool
            Whether levels of the book were written.  If not, `state` tells the
            difference between a quiet row and a torn book.
        """
        if self._whole:
            return self._take_whole(row)
        if action == "snapshot" or (not action and row.prev_seq_id == -1):
            self._aside.clear()
            self._joining = None
            return self._replace(row, texts)
        if self.state != "synced":
            self._keep_aside(row)
            return False
        if row.prev_seq_id == self._seq_id:
            self._joining = None
        elif not self._joins(row):
            return False
        return self._merge(row, texts)

    def join(self, row: Any) -> bool:
        """Take a snapshot that came by REST, and the changes that follow it.

        Parameters
        ----------
        row
            The answer, as a row: with ``seq_id`` and ``ts``.

        Returns
        -------
        bool
            Whether the book is synced now.  If not, the snapshot was older than
            the first change that was kept aside, or these do not continue it:
            ask for a newer one.
        """
        if self.is_synced:
            return True
        aside = self._aside
        if (row.ts or 0) < self._not_before:
            return False
        if aside and row.seq_id < aside[0].prev_seq_id:
            return False
        self._aside = []
        tears, why = self.tears, self.why
        self._replace(row, None)
        self._joining = row.ts or 0
        for change in aside:
            self.apply(change, "update")
        if not self.is_synced:
            # What was torn is the same as before, not another book.
            self.tears, self.why = tears, why
        return self.is_synced

    def tear(self, why: str) -> None:
        """Show nothing until a new snapshot comes.

        Parameters
        ----------
        why
            In a few words; for `why`.
        """
        self._aside = []
        self._not_before = 0
        self._joining = None
        self._bid_texts = self._ask_texts = None
        if self.state == "waiting":
            return
        if self.state == "synced":
            self.tears += 1
            self.why = why
        self._version += 1
        self.state = "resyncing"
        self._top = None
        self._bids, self._asks = Side(), Side()
        self._seq_id = -1
        self._version += 1
        if self._is_asked:
            self._serve()

    def _replace(self, row: Any, texts: Texts | None) -> bool:
        self._version += 1
        try:
            self._bids.replace(row.bids)
            self._asks.replace(row.asks)
            self._note(row)
            self.state = "synced"
        finally:
            self._version += 1
        if self._is_asked:
            self._serve()
        self._not_before = 0
        self._bid_texts = self._ask_texts = None
        if texts is not None:
            self._bid_texts, self._ask_texts = {}, {}
            self._verify(row, texts)
        return self.state == "synced"

    def _merge(self, row: Any, texts: Texts | None) -> bool:
        bids, asks = row.bids, row.asks
        self._version += 1
        try:
            self._bids.merge(bids)
            self._asks.merge(asks)
            self._note(row)
        finally:
            self._version += 1
        if self._is_asked:
            self._serve()
        if self._bid_texts is not None:
            self._verify(row, texts)
            return self.state == "synced"
        return bool(bids or asks)

    def _note(self, row: Any) -> None:
        """Remember where in the sequence the book is, and what is on top."""
        self._ts = row.ts
        self._seq_id = row.seq_id
        bids, asks = self._bids, self._asks
        self._top = top_of(
            bids.levels[bids.prices[-1]] if bids.prices else None,
            asks.levels[asks.prices[0]] if asks.prices else None,
            row.ts,
            row.seq_id,
        )

    def _take_whole(self, row: Any) -> bool:
        if self.state == "synced" and not self._is_newer(row):
            self.ignored += 1
            return False
        return self._replace(row, None)

    def _is_newer(self, row: Any) -> bool:
        """Tell whether a whole book is newer than this one.

        Ids start anew after a maintenance, so a lower one is believed if the
        clock of the exchange says that it is later.
        """
        if row.seq_id > self._seq_id:
            return True
        is_later = (row.ts or 0) > (self._ts or 0)
        if row.seq_id == self._seq_id != -1:
            return False
        return is_later

    def _joins(self, row: Any) -> bool:
        """Decide on a change whose ``prevSeqId`` is not the book's ``seqId``."""
        seq_id, prev_seq_id = row.seq_id, row.prev_seq_id
        if self._joining is not None and seq_id >= prev_seq_id:
            # The first after a REST snapshot may begin before it and end behind
            # it: sizes are absolute, so that what is repeated does no harm.
            if prev_seq_id <= self._seq_id < seq_id:
                self._joining = None
                return True
            # One that ends before it is contained in it.  But not for ever: ids
            # that began anew look the same.
            if seq_id <= self._seq_id and (row.ts or 0) <= self._joining + _LATE_MS:
                self.ignored += 1
                return False
        self.tear(f"prevSeqId {prev_seq_id} does not follow seqId {self._seq_id}")
        self._keep_aside(row)
        return False

    def _keep_aside(self, row: Any) -> None:
        self.ignored += 1
        aside = self._aside
        if aside and aside[-1].seq_id != row.prev_seq_id:
            aside.clear()
        if row.seq_id < row.prev_seq_id:
            # Ids begin anew: a snapshot from before has higher ones and would
            # seem to be newer.
            aside.clear()
            self._not_before = row.ts or 0
            return
        aside.append(row)
        if len(aside) > _MOST_KEPT_ASIDE:
            del aside[: _MOST_KEPT_ASIDE // 2]

    def _verify(self, row: Any, texts: Texts | None) -> None:
        """Compare the checksum, if there is one and all texts are known."""
        bid_texts, ask_texts = self._bid_texts, self._ask_texts
        if texts is None or bid_texts is None or ask_texts is None:
            self._bid_texts = self._ask_texts = None
            return
        for kept, levels, sent in (
            (bid_texts, row.bids, texts.bids),
            (ask_texts, row.asks, texts.asks),
        ):
            kept.update(
                (level.px, (text[0], text[1]))
                for level, text in zip(levels, sent, strict=True)
            )
        expected = getattr(row, "checksum", 0)  # books-rpi has none
        if not expected:
            return
        found = checksum(
            [bid_texts[px] for px in self._bids.prices[:-26:-1]],
            [ask_texts[px] for px in self._asks.prices[:25]],
        )
        if found != expected:
            self.tear(f"checksum {found}, the exchange has {expected}")

    # Read by any thread.

    @property
    def top(self) -> TopOfBook | None:
        """The best level of each side as a row; None while not synced."""
        return self._top

    @property
    def is_synced(self) -> bool:
        """Whether the book is what the exchange had."""
        return self.state == "synced"

    @property
    def seq_id(self) -> int | None:
        """Place of the book in the exchange's sequence; None while not synced."""
        top = self._top
        return None if top is None else top.seq_id

    def read(self, n: int | None = None) -> Levels:
        """Return the best levels of both sides at one moment.

        Parameters
        ----------
        n
            Greatest number of levels a side; all by default.

        Returns
        -------
        Levels
            Best first; empty while not synced.
        """
        asked_at = self._version
        for _ in range(_TRIES):
            before = self._version
            if not before & 1:
                try:
                    found = self._copy(n)
                except (KeyError, RuntimeError, IndexError):
                    if self._version == before:
                        raise  # no change came: it is our own mistake
                else:
                    if self._version == before:
                        return found
            version, left = self._left
            if version > asked_at:
                return Levels(left.bids[:n], left.asks[:n], left.ts, left.seq_id)
            self._is_asked = True
            _never.wait(_PAUSE)
        return Levels()  # a copy of the process, made in the middle of a change

    def _serve(self) -> None:
        """Leave a copy for readers; writer only."""
        self._is_asked = False
        self._left = self._version, self._copy(None)

    def _copy(self, n: int | None) -> Levels:
        if self._top is None:
            return Levels()
        bids, asks = self._bids, self._asks
        last = None if n is None else -n - 1
        # Slices and maps over C functions: nothing else runs in the middle.
        return Levels(
            list(map(bids.levels.__getitem__, bids.prices[:last:-1])),
            list(map(asks.levels.__getitem__, asks.prices[:n])),
            self._ts,
            self._seq_id,
        )

    def __repr__(self) -> str:
        counts = f"{len(self._bids.prices)} bids, {len(self._asks.prices)} asks"
        return f"<OrderBook {self.state}: {counts}, seq_id {self._seq_id}>"
