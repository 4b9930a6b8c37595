"""A load in place of a market: as many messages as are asked for.

Each subscription begins as always, with the push that the market has for it.  From
then on that very message is sent again and again, encoded already: only what counts
(trade ids, sequence numbers) goes on, and times are the present, so that a client
finds nothing missing.  Prices and sizes stay.
"""

from __future__ import annotations

import json
import re
from itertools import cycle, islice
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.link import Link

__all__ = ["Load", "Rate", "check_rate"]

Rate = float | Literal["max"]
"""Messages a second over all subscriptions, or as many as are taken."""

_COUNTER: Final = re.compile(r'"(tradeId|seqId|prevSeqId|ts)":("?)(\d+)\2')
_LONGEST_DEBT: Final = 1.0
"""What was not taken in time is sent later, but no more than of so long [s]."""
_AT_ONCE: Final = 500
"""Messages handed to a connection at a stretch, when as many as it takes are."""


def check_rate(rate: object, *, speed: float, trader: str | None) -> None:
    """Refuse a rate that makes no sense, or goes with what needs a market.

    Parameters
    ----------
    rate
        Messages a second, or "max"; None for a market.
    speed, trader
        As for `Simulator`.

    Raises
    ------
    ValueError
        If so.
    """
    if rate is None:
        return
    if rate != "max" and not (
        isinstance(rate, int | float)
        and not isinstance(rate, bool)
        and 0 < rate < float("inf")
    ):
        raise ValueError(
            f'rate={rate!r} must be a number of messages a second above 0, or "max"'
        )
    if speed != 1:
        raise ValueError(
            f"rate={rate!r} and speed={speed:g} do not go together: a load has no "
            "market whose time could run at another speed"
        )
    if trader is not None:
        raise ValueError(
            f"rate={rate!r} and trader={trader!r} do not go together: a load has no "
            "market to trade on"
        )


class Load:
    """What is pushed, to whom and how much of it is due.

    Parameters
    ----------
    rate
        Messages a second over all subscriptions of all connections, in turn;
        "max" for as many as each connection takes.
    wall_ms
        Returns the present [Unix ms], for what the messages carry as time.

    Attributes
    ----------
    rate : float or "max"
        May be set on any thread; 0 pauses.
    sent : int
        Messages handed over so far, without those that subscriptions begin with.
    """

    def __init__(self, rate: Rate, wall_ms: Callable[[], int]) -> None:
        self.rate: Rate = rate
        self.sent = 0
        self._wall_ms = wall_ms
        self._strands: dict[tuple[Link, Arg], _Strand] = {}
        self._turns: Iterator[tuple[tuple[Link, Arg], _Strand]] = iter(())
        self._turns_of: dict[Link, Iterator[_Strand]] = {}
        self._seen: float | None = None
        self._debt = 0.0

    def join(self, link: Link, arg: Arg, text: str) -> None:
        """Begin a subscription.

        Parameters
        ----------
        link, arg
            Whose, and to what.
        text
            The push that it begins with.
        """
        self._strands[link, arg] = _Strand(text)
        self._take_turns()

    def leave(self, link: Link, arg: Arg) -> None:
        """End a subscription; harmless if there is none."""
        if self._strands.pop((link, arg), None) is not None:
            self._take_turns()

    def due(self, now: float) -> dict[Link, bytes]:
        """Return what is to be sent by now at a set rate.

        Parameters
        ----------
        now
            Monotonic time [s].

        Returns
        -------
        dict
            WebSocket frames, one after the other, by connection.
        """
        seen, self._seen = self._seen, now
        rate = self.rate
        if rate == "max" or seen is None or not self._strands:
            self._debt = 0.0
            return {}
        self._debt = min(self._debt + (now - seen) * rate, _LONGEST_DEBT * rate)
        count = int(self._debt)
        self._debt -= count
        self.sent += count
        ts = self._wall_ms()
        frames: dict[Link, list[bytes]] = {}
        for (link, _), strand in islice(self._turns, count):
            frames.setdefault(link, []).append(strand.frame(ts))
        return {link: b"".join(parts) for link, parts in frames.items()}

    def more(self, link: Link) -> bytes:
        """Return what a connection is to get next if it takes all it can.

        Empty if it has no subscriptions, or the rate is a set one.
        """
        if self.rate != "max" or link not in self._turns_of:
            return b""
        ts = self._wall_ms()
        strands = islice(self._turns_of[link], _AT_ONCE)
        self.sent += _AT_ONCE
        return b"".join([strand.frame(ts) for strand in strands])

    def _take_turns(self) -> None:
        self._turns = cycle(list(self._strands.items()))
        of: dict[Link, list[_Strand]] = {}
        for (link, _), strand in self._strands.items():
            of.setdefault(link, []).append(strand)
        self._turns_of = {link: cycle(strands) for link, strands in of.items()}


class _Strand:
    """The messages of one subscription, each made from the one before."""

    def __init__(self, opening: str) -> None:
        text = _as_update(opening)
        counted = list(_COUNTER.finditer(text))
        self._names = [found[1] for found in counted]
        self._template = _COUNTER.sub(r'"\1":\2%d\2', text.replace("%", "%%"))
        known = {found[1]: int(found[3]) for found in _COUNTER.finditer(opening)}
        self._trade_id = known.get("tradeId", 0)
        self._seq_id = known.get("seqId", 0)
        # A row of trades may stand for several, and has the id of the last.
        matches = re.search(r'"count":"(\d+)"', text)
        self._matches = int(matches[1]) if matches else 1
        # Candles and the like: nothing in them counts.
        self._fixed = None if self._names else _framed(self._template % ())

    def frame(self, ts: int) -> bytes:
        """Return the next message as a WebSocket frame."""
        if self._fixed is not None:
            return self._fixed
        values = {
            "tradeId": self._trade_id + self._matches,
            "prevSeqId": self._seq_id,
            "seqId": self._seq_id + 1,
            "ts": ts,
        }
        self._trade_id += self._matches
        self._seq_id += 1
        return _framed(self._template % tuple([values[name] for name in self._names]))


def _as_update(opening: str) -> str:
    """Return a push as it may be sent again: of a book what changes its best bid."""
    push = json.loads(opening)
    if push.get("action") != "snapshot":
        return opening
    (row,) = push["data"]
    row["bids"], row["asks"] = row["bids"][:1], []
    row["prevSeqId"] = row["seqId"]
    return json.dumps({**push, "action": "update"}, separators=(",", ":"))


def _framed(text: str) -> bytes:
    """Return an unfragmented text frame of a server (RFC 6455, section 5.2)."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
