"""What a client has asked for on one connection, and what became of it.

An arg goes through ``queued`` (waiting for the login, the budget or the next
send), ``sent`` (waiting for its acknowledgement) and ``live``.  Requests carry
as many args as fit; one that is refused as a whole is halved until the bad arg
stands alone, and an arg whose acknowledgement stays away is asked for again,
alone, with twice the patience.
"""

from __future__ import annotations

import itertools
import re
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from okxlab.protocol.messages import Request, encode_request, split_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from okxlab.protocol.arg import Arg

__all__ = ["Requests"]

_HOUR = 3600.0
_MOST_DOUBLINGS = 5
"""An ack timeout of 10 s becomes 320 s and stays there."""
_MOST_KEPT = 1_000
"""Requests remembered for late refusals: two hours of a spent budget."""
_MOST_LEFT = 1_000
"""Args remembered that were let go: what comes late comes within seconds."""
# The message reads "channel:books,instId:NOPE-USDT doesn't exist" since 2023;
# what stands before it changed twice, so nothing else is relied upon.
_NAMED_IN_MSG = re.compile(r"channel:\s*([^,\s]+)(?:,instId:([^,\s]+))?")


class _Asked(msgspec.Struct):
    state: str = "queued"
    tries: int = 0
    heard: bool = False


class _Sent(msgspec.Struct):
    op: str
    args: dict[Arg, None]  # in the order in which they were sent
    open: dict[Arg, None]
    due: float


class Requests:
    """Args asked for, requests sent and the budget they are paid from.

    Parameters
    ----------
    ack_timeout
        How long the first acknowledgement of an arg may take [s].
    per_hour
        Requests that the connection may make in an hour.
    max_bytes
        Greatest length of a request.
    """

    def __init__(self, ack_timeout: float, per_hour: int, max_bytes: int) -> None:
        self.asked: dict[Arg, _Asked] = {}
        self.left: dict[Arg, None] = {}  # pushes of these are late, not foreign
        self.held_until = 0.0
        self._ack_timeout = ack_timeout
        self._per_hour = per_hour
        self._max_bytes = max_bytes
        # What is to be said of which arg; only those of one group share a request.
        self._queue: dict[tuple[str, Arg], int] = {}
        self._groups = 0
        self._sent: dict[str, _Sent] = {}
        self._count = 0
        self._times: deque[float] = deque()

    # What the owner wants.

    def ask(self, args: Iterable[Arg]) -> None:
        """Queue args that are not asked for yet."""
        for arg in args:
            if arg not in self.asked:
                self.asked[arg] = _Asked()
                self.left.pop(arg, None)
                self._queue["subscribe", arg] = 0

    def leave(self, arg: Arg) -> bool:
        """Let go of an arg; False if it was never asked for."""
        asked = self.asked.pop(arg, None)
        if asked is None:
            return False
        self.left[arg] = None
        if len(self.left) > _MOST_LEFT:
            del self.left[next(iter(self.left))]
        was_sent = asked.state != "queued" or asked.tries > 0
        self._unqueue(arg)
        self._settle(arg)
        if was_sent:
            self._queue.setdefault(("unsubscribe", arg), 0)
        return True

    # What the other side answers.

    def acknowledge(
        self, named: Arg, request_id: str | None
    ) -> tuple[Arg, tuple[str, ...]] | None:
        """Take an acknowledgement.

        Returns
        -------
        The arg it is of and the wire keys that it leaves out, or None if it is
        a repeated one or of an arg that was let go since.
        """
        sent = self._sent.get(request_id or "")
        among: Mapping[Arg, object] = sent.args if sent else self.asked
        if named in among and named in self.asked:
            arg: Arg | None = named
        else:
            covered = (one for one in among if named.channel and named.covers(one))
            arg = next((one for one in covered if one in self.asked), None)
        if arg is None or not self.make_live(arg):
            return None
        kept = dict(named.params)
        return arg, tuple(key for key, _ in arg.params if key not in kept)

    def make_live(self, arg: Arg) -> bool:
        """Count an arg as acknowledged; False if it was before."""
        self._settle(arg)
        self._unqueue(arg)
        asked = self.asked.get(arg)
        if asked is None or asked.state == "live":
            return False
        asked.state = "live"
        return True

    def hear(self, arg: Arg) -> None:
        """Note that rows came for an arg: proof enough, should no answer come."""
        self.asked[arg].heard = True

    def is_overdue(self, arg: Arg) -> bool:
        """Tell whether an acknowledgement of the arg has stayed away."""
        asked = self.asked[arg]
        return asked.tries > 0 and asked.state != "live"

    def end(self, named: Arg) -> bool:
        """Take the acknowledgement of an unsubscribe; False if none was due."""
        for sent in self._sent.values():
            if sent.op == "unsubscribe" and named in sent.open:
                del sent.open[named]
                return True
        return False

    def pin(self, request_id: str | None, msg: str) -> Arg | None:
        """Return the arg that a refusal is about, if that can be told.

        A refusal names no arg.  It is pinned by the request, where that had one
        arg, else by what the message says of channel and instrument.
        """
        sent = self._sent.get(request_id or "")
        if sent is not None and sent.op == "unsubscribe":
            return None
        if sent is not None and len(sent.args) == 1:
            return next(iter(sent.args))
        said = _NAMED_IN_MSG.search(msg)
        if said is None:
            return None
        name, inst_id = said.groups()
        found = [
            arg
            for arg in (sent.args if sent else self.asked)
            if arg.channel == name and inst_id in (None, arg.get("instId"))
        ]
        if len(found) > 1 and sent is not None:
            found = [arg for arg in found if arg in sent.open]
        return found[0] if len(found) == 1 else None

    def drop(self, arg: Arg) -> bool:
        """Forget an arg that was refused; False if it was not asked for."""
        self._settle(arg)
        self._unqueue(arg)
        return self.asked.pop(arg, None) is not None

    def halve(self, request_id: str | None) -> bool:
        """Ask for the open args of a refused request again, in two requests.

        Returns
        -------
        False if there is nothing to halve.
        """
        sent = self._sent.get(request_id or "")
        if sent is None or not sent.open:
            return False
        if sent.op == "unsubscribe":
            sent.open.clear()  # refused or not, its rows are no longer taken
            return True
        args = tuple(sent.open)
        middle = len(args) // 2
        self._repeat(sent, args[:middle])
        self._repeat(sent, args[middle:])
        return True

    def hold(self, request_id: str | None, until: float) -> bool:
        """Send nothing before a time; ask again for a request refused now.

        Returns
        -------
        False if the request is not known.
        """
        self.held_until = max(self.held_until, until)
        sent = self._sent.get(request_id or "")
        if sent is not None:
            self._repeat(sent, tuple(sent.open))
        return sent is not None

    # Time.

    def next_due(self, *, may_send: bool) -> float | None:
        """Return when `overdue` or `take` has something to do [monotonic s]."""
        due = [sent.due for sent in self._sent.values() if sent.open]
        if self._queue and may_send:
            due.append(self.may_send_at())
        return min(due, default=None)

    def overdue(self, now: float) -> list[tuple[Arg, int]]:
        """Queue again what was not acknowledged in time.

        Args that rows came for count as acknowledged.  The others of a request
        are asked for in two halves: a bad one among them is soon alone.

        Returns
        -------
        The args, each with the number of tries that failed; 0 if its rows were
        proof enough.
        """
        found = []
        for sent in tuple(self._sent.values()):
            if not sent.open or now < sent.due:
                continue
            if sent.op == "unsubscribe":
                sent.open.clear()  # whether OKX answers these is not established
                continue
            proved = [arg for arg in sent.open if self.asked[arg].heard]
            found += [(arg, 0) for arg in proved if self.make_live(arg)]
            missing = tuple(sent.open)
            for arg in missing:
                self.asked[arg].tries += 1
                found.append((arg, self.asked[arg].tries))
            middle = len(missing) // 2
            self._repeat(sent, missing[:middle])
            self._repeat(sent, missing[middle:])
        return found

    def take(self, now: float) -> list[str]:
        """Return the requests that may be sent now, as texts."""
        texts = []
        while self._queue and now >= self.may_send_at():
            op, args = self._first_of_a_kind()
            fitting = split_args([arg.wire() for arg in args], self._max_bytes)[0]
            texts.append(self._send(op, args[: len(fitting)], now))
            for arg in args[: len(fitting)]:
                del self._queue[op, arg]
        return texts

    def pay(self, now: float) -> None:
        """Count one request of the budget."""
        self._times.append(now)
        while len(self._times) > self._per_hour:
            self._times.popleft()

    def left_in_budget(self, now: float) -> int:
        """Return how many requests the last hour leaves."""
        return self._per_hour - sum(time > now - _HOUR for time in tuple(self._times))

    def may_send_at(self) -> float:
        """Return the earliest time of the next request [monotonic s]."""
        if len(self._times) < self._per_hour:
            return self.held_until
        return max(self.held_until, self._times[0] + _HOUR)

    def __len__(self) -> int:
        return len(self._queue)

    def _first_of_a_kind(self) -> tuple[str, tuple[Arg, ...]]:
        """Return what is to be said next, and of which args."""
        (op, _), group = next(iter(self._queue.items()))
        run = itertools.takewhile(
            lambda item: (item[0][0], item[1]) == (op, group), self._queue.items()
        )
        return op, tuple(arg for (_, arg), _ in run)

    def _send(self, op: str, args: tuple[Arg, ...], now: float) -> str:
        self._count += 1
        self.pay(now)
        asked = [self.asked[arg] for arg in args if op == "subscribe"]
        for one in asked:
            one.state = "sent"
        tries = min(max((one.tries for one in asked), default=0), _MOST_DOUBLINGS)
        due = now + self._ack_timeout * 2**tries
        request_id = f"{op[0]}{self._count}"
        sent = dict.fromkeys(args)
        self._sent[request_id] = _Sent(op, sent, sent.copy(), due)
        if len(self._sent) > _MOST_KEPT:
            del self._sent[next(iter(self._sent))]
        wire = tuple(arg.wire() for arg in args)
        return encode_request(Request(op=op, args=wire, id=request_id))

    def _repeat(self, sent: _Sent, args: tuple[Arg, ...]) -> None:
        self._groups += 1
        for arg in args:
            sent.open.pop(arg, None)
            if sent.op == "subscribe":
                self.asked[arg].state = "queued"
            self._queue.setdefault((sent.op, arg), self._groups)

    def _settle(self, arg: Arg) -> None:
        for sent in self._sent.values():
            if sent.op == "subscribe":
                sent.open.pop(arg, None)

    def _unqueue(self, arg: Arg) -> None:
        """Ask for an arg no more; an end of it that is still to be said stays."""
        self._queue.pop(("subscribe", arg), None)
