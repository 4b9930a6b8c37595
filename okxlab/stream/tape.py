"""The written side of a stream: its table, its gaps and its counters.

A tape is written on the loop thread only.  The notebook reads it from any
thread without a lock: tables publish snapshots, counters are plain numbers.
Waiters are woken through one condition, which the loop thread takes only while
somebody waits.

Each arg of a tape is ``connecting`` (nothing was heard yet), ``waiting``
(acknowledged, no rows), ``live``, ``reconnecting``, ``refused`` or, of a book,
``resyncing`` (torn, and waiting for a new snapshot); the tape's
own status is what all of them together come to, and ``lagging`` where they are
live and a consumer of the rows does not keep up.
"""

from __future__ import annotations

import logging
import math
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from okxlab.gaps import GapLedger
from okxlab.history import has_history
from okxlab.protocol.events import Push
from okxlab.stream.stats import Stats
from okxlab.table import make_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.gaps import Gap
    from okxlab.history import Asked
    from okxlab.protocol.arg import Arg
    from okxlab.protocol.channels import Channel
    from okxlab.protocol.columns import Column
    from okxlab.runtime import ClockOffset
    from okxlab.stream.loading import Load
    from okxlab.stream.overload import Overload
    from okxlab.table import Table, Window

__all__ = ["Tape"]

_log = logging.getLogger("okxlab.stream")

_SAMPLES = 11
"""One sample a second: the rate is over ten seconds."""
_MILLION = 1_000_000


class Tape:
    """Rows of one stream as they come in.

    Parameters
    ----------
    entry
        The channel.
    args
        What is subscribed to; several instruments make several args.
    window
        Rows or duration to keep.
    many
        Whether the table has an ``inst_id`` column.
    lag_known
        Whether exchange time runs with this machine's clock.
    columns
        Columns of the table; by default those of the channel's rows.
    """

    # Much is read and written once a message: a slot is near, a dictionary is not.
    # What only one kind of tape has lies in its dictionary.
    __slots__ = (
        "_append",
        "_changed",
        "_changing",
        "_lag_known",
        "_listeners",
        "_overloads",
        "_samples",
        "_states",
        "_unanswered",
        "_unsettled",
        "_waiters",
        "args",
        "closed",
        "conflated",
        "dropped",
        "entry",
        "errors",
        "failure",
        "frames",
        "gaps",
        "last_error",
        "latest",
        "loads",
        "log",
        "notices",
        "offset",
        "reconnects",
        "recv_us",
        "resyncs",
        "skipped",
        "table",
        "trouble",
    )

    def __init__(
        self,
        entry: Channel,
        args: tuple[Arg, ...],
        window: Window,
        *,
        many: bool = False,
        lag_known: bool = True,
        columns: tuple[Column, ...] = (),
    ) -> None:
        self.entry = entry
        self.args = args
        self.gaps = GapLedger(_why_not_healed(entry))
        self.table = make_table(
            entry.kind if entry.kind != "book" else "series",
            columns or entry.columns(many=many),
            window=window,
            key=entry.key,
        )
        # What comes in, one row after the other: for a state its changes.
        self.log: Table = self.table
        self.latest: Any = None
        # How far the past is that was asked for last, by arg; read anywhere.
        self.loads: dict[Arg, Load] = {}
        self.recv_us = 0
        self.frames = 0
        self.reconnects = 0
        self.resyncs = 0
        self.errors = 0
        self.notices = 0
        self.skipped = 0
        self.conflated = 0
        self.dropped = 0
        self.last_error = ""
        self.trouble: Exception | None = None  # the last failure to connect
        self.failure: Exception | None = None  # refused for good, or broken
        self.closed = False
        self.offset: ClockOffset | None = None  # the exchange's clock against ours
        self._append = self.table.append
        has_time = entry.kind in ("log", "series", "book") and bool(entry.time)
        self._lag_known = lag_known and has_time
        self._states = dict.fromkeys(args, "connecting")
        self._unsettled = True  # some arg is not live, or a gap is open
        self._unanswered: set[Arg] = set()  # asked for in vain so far
        self._samples: deque[tuple[float, int]] = deque(maxlen=_SAMPLES)
        self._changed = threading.Condition()
        self._waiters = 0
        # Guards changes of _listeners, which come from any thread; the loop
        # thread reads them without it.
        self._changing = threading.Lock()
        self._listeners: tuple[Callable[[list[Any]], None], ...] = ()
        # Consumers that have lost rows; replaced and never changed.
        self._overloads: tuple[Overload, ...] = ()

    # Written on the loop thread.

    def receive(self, push: Push, recv_us: int) -> None:
        """Take the rows of one message.

        Parameters
        ----------
        push
            Rows of one of the args.
        recv_us
            Receive time [us since 1970 UTC].
        """
        rows = push.rows
        if rows:
            self._append(rows, recv_us, push.arg.inst_id)
            self.latest = rows[-1]
        self.recv_us = recv_us
        self.frames += 1
        if self._unsettled:
            self._set(push.arg, "live", recv_us)
        if self._waiters or self._listeners:
            self._wake(rows)

    def _write(self, arg: Arg, rows: list[Any], recv_us: int) -> None:
        """Write the rows of one message that are news, and count the message."""
        Tape.receive(self, Push(arg, rows), recv_us)

    def load(
        self, rows: list[Any], recv_us: int, arg: Arg, asked_us: int | None = None
    ) -> None:
        """Take rows that came by REST; to a state they are all there is.

        Parameters
        ----------
        rows
            The rows.
        recv_us
            Receive time [us since 1970 UTC].
        arg
            The arg that they are of.
        asked_us
            When they were asked for: a state keeps what it has heard since.
        """
        del asked_us  # a log and its history do not contradict each other
        if rows:
            self._append(rows, recv_us, arg.inst_id, 1)
            self.latest = rows[-1]
            self._wake(rows)

    def ask(self, asked: Asked) -> None:
        """Want so much of the past as well.

        Parameters
        ----------
        asked
            How much.
        """
        raise AssertionError(f"{self.entry.name} has no past, so that {asked} is none")

    def stop_asking(self) -> None:
        """Want the past no more that is not there yet."""

    def grow(self, window: Window) -> None:
        """Keep at least so much from now on."""
        self.log.grow(window)

    def catch_up(self, other: Tape, arg: Arg, recv_us: int) -> None:
        """Take over what another tape of an arg knows and nobody will repeat.

        Only a state has that.

        Parameters
        ----------
        other
            The tape that has the arg already.
        arg
            The arg that the two share.
        recv_us
            The time [us since 1970 UTC].
        """

    def acknowledged(self, arg: Arg, dropped: tuple[str, ...], now_us: int) -> None:
        """Note that the exchange serves an arg."""
        self.dropped += len(dropped)
        if dropped:
            self.last_error = (
                f"the exchange ignores {', '.join(dropped)} of {arg}: "
                f"the rows are not narrowed down by it"
            )
            _log.warning("%s", self.last_error)
        if self._states.get(arg) not in ("live", "refused"):
            self._set(arg, self._after_ack(), now_us)

    def _after_ack(self) -> str:
        """Return the state of an arg that is served and has no rows yet."""
        return "waiting"

    def lost(self, args: list[Arg], why: str, alive_us: int) -> None:
        """Note that a connection of these args broke: a gap begins."""
        heard = [arg for arg in args if self._states.get(arg) in ("live", "waiting")]
        self.reconnects += 1
        self._unsettled = True
        for arg in args:
            if self._states.get(arg) not in (None, "refused", "connecting"):
                self._states[arg] = "reconnecting"
        if heard:
            self._doubt(self.gaps.open(why, alive_us), heard)
        self._wake([])

    def missed(self, why: str, now_us: int, arg: Arg | None = None) -> None:
        """Note a frame that was lost to this tape since the last one.

        Parameters
        ----------
        why
            What happened, in a few words.
        now_us
            Receive time [us since 1970 UTC].
        arg
            Whose frame it was; None if that cannot be told.
        """
        gap = self.gaps.add(why, min(self.recv_us or now_us, now_us), now_us)
        self._doubt(gap, list(self.args) if arg is None else [arg])

    def unanswered(self, arg: Arg, now_us: int) -> None:
        """Note that a subscription is not acknowledged in time: a gap begins.

        Parameters
        ----------
        arg
            Which one.
        now_us
            The time [us since 1970 UTC].
        """
        state = self._states.get(arg)
        if arg in self._unanswered or state not in ("connecting", "reconnecting"):
            return
        self._unanswered.add(arg)
        self._unsettled = True
        reason = f"no answer to the subscription of {arg}"
        self._doubt(self.gaps.open(reason, min(self.recv_us or now_us, now_us)), [arg])

    def note(self, error: str) -> None:
        """Count something that went wrong without ending the stream."""
        self.errors += 1
        self.last_error = error

    def lose(self, overload: Overload, rows: int) -> None:
        """Note that a consumer will not get some rows: it does not keep up.

        Parameters
        ----------
        overload
            Whose.
        rows
            How many.
        """
        others = (one for one in self._overloads if one is not overload)
        self._overloads = (*(one for one in others if one.is_behind), overload)
        self.skipped += rows
        overload.lose(rows, self.gaps, self.recv_us)

    def refused(self, arg: Arg, error: Exception, now_us: int) -> None:
        """Note that the exchange refuses an arg for good."""
        self.note(str(error))
        self._states[arg] = "refused"
        self._unanswered.discard(arg)
        if all(state == "refused" for state in self._states.values()):
            self.fail(error)
        self._settle(now_us)

    def fail(self, error: Exception) -> None:
        """End the stream: what it has stays readable."""
        self.failure = error
        self._wake([])

    def unreachable(self, error: Exception) -> None:
        """Note that an attempt to connect failed; it goes on."""
        self.trouble = error
        self.note(str(error))

    def close(self) -> None:
        """End the stream because its user says so."""
        self.closed = True
        self._wake([])

    def sample(self, now: float) -> None:
        """Remember how many rows there are by now, once a second."""
        self._samples.append((now, self.log.mark))

    def _doubt(self, gap: Gap, args: list[Arg]) -> None:
        """Note of which args rows may be missing since a gap."""

    def _set(self, arg: Arg, state: str, now_us: int) -> None:
        if self._states.get(arg) == state:
            return
        self._states[arg] = state
        self._unanswered.discard(arg)
        self.trouble = None
        self._settle(now_us)

    def _settle(self, now_us: int) -> None:
        """End the gap if nothing is being reconnected any more."""
        states = set(self._states.values()) - {"refused"}
        if states <= {"live", "waiting", "connecting"} and not self._unanswered:
            self.gaps.close(now_us)
        self._unsettled = states != {"live"}
        self._wake([])

    def _wake(self, rows: list[Any]) -> None:
        for listener in self._listeners:
            listener(rows)
        if self._waiters:
            with self._changed:
                self._changed.notify_all()

    # Read on any thread.

    @property
    def status(self) -> str:
        """What the stream is doing, in one word."""
        if self.closed:
            return "closed"
        if self.failure is not None:
            states = set(self._states.values())
            return "refused" if states == {"refused"} else "failed"
        states = set(self._states.values()) - {"refused"}
        for state in ("reconnecting", "resyncing", "live", "waiting"):
            if state in states:
                is_behind = any(one.is_behind for one in self._overloads)
                return "lagging" if state == "live" and is_behind else state
        return "connecting"

    @property
    def is_over(self) -> bool:
        """Whether no more rows will come."""
        return self.closed or self.failure is not None

    @property
    def lag(self) -> float:
        """Receive time less exchange time of the newest row [s], or NaN.

        Both by the exchange's clock, as far as it is known.
        """
        ts = getattr(self.latest, self.entry.time, None)
        if not self._lag_known or not ts:
            return math.nan
        ahead_us = 0.0 if self.offset is None else self.offset.us
        return float(self.recv_us + ahead_us - ts * 1_000) / _MILLION

    @property
    def rate(self) -> float:
        """Rows a second over the last ten seconds, or NaN."""
        samples = tuple(self._samples)
        if len(samples) < 2:
            return math.nan
        (began, before), (ended, after) = samples[0], samples[-1]
        return (after - before) / (ended - began) if ended > began else math.nan

    def stats(self) -> Stats:
        """Return a copy of the counters."""
        return Stats(
            frames=self.frames,
            rows=self.log.mark,
            rate=self.rate,
            lag=self.lag,
            gaps=len(self.gaps),
            reconnects=self.reconnects,
            resyncs=self.resyncs,
            skipped=self.skipped,
            conflated=self.conflated,
            dropped=self.dropped,
            errors=self.errors,
            notices=self.notices,
            last_error=self.last_error,
        )

    def listen(self, listener: Callable[[list[Any]], None]) -> None:
        """Call a function on the loop thread after rows or a change of status."""
        with self._changing:
            self._listeners = (*self._listeners, listener)

    def unlisten(self, listener: Callable[[list[Any]], None]) -> None:
        """Stop calling a function; one that was not called is passed over."""
        with self._changing:
            kept = tuple(one for one in self._listeners if one != listener)
            self._listeners = kept

    def wait_for(self, done: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is so, or some seconds have passed.

        Returns
        -------
        Whether it is so.
        """
        with self._changed:
            self._waiters += 1
            try:
                return self._changed.wait_for(done, seconds)
            finally:
                self._waiters -= 1


def _why_not_healed(entry: Channel) -> str:
    """Return what every gap of a channel that cannot be healed says."""
    if entry.kind in ("book", "state") or has_history(entry):
        return ""
    return f"nothing to heal {entry.name} from"
