"""A bad day: many faults, drawn from a seed, that strike in virtual time."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec

from okxlab.simulator.faults.armed_fault import ArmedFault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from okxlab.simulator.faults import Faults

__all__ = ["KINDS", "BadDay", "Strike"]

_PATHS: Final = ("public", "business", "private", None)
_CODES: Final = (1001, 1012, *range(4001, 4010))
_FED: Final = ("trades", "trades-all", "candle1s", "candle1m", "tickers", "books")
"""Channels that doubled, lost, late and repeated pushes are drawn from."""
_CALLS: Final = (
    "market/trades",
    "market/history-trades",
    "market/candles",
    "market/history-candles",
)
"""REST calls that are refused: those that bring back what was lost."""


class Strike(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of a bad day."""

    at: float
    """When, after the beginning [virtual s]."""
    switch: str
    """Name of the switch of `Faults`."""
    options: dict[str, Any]
    """What it is called with."""
    lasting: float | None = None
    """When it is lifted, after that [virtual s]; None if it ends by itself."""


class BadDay:
    """A plan of faults, and what has become of it; made by `Faults.bad_day`.

    Attributes
    ----------
    plan : tuple of Strike
        What happens, in order of time.

    Notes
    -----
    Safe from any thread; a context manager that lifts it at its end.
    """

    def __init__(
        self,
        faults: Faults,
        seed: int,
        *,
        every: float,
        lasting: float,
        kinds: Sequence[str] | None,
        inst_ids: Sequence[str],
        forget: Callable[[BadDay], None],
    ) -> None:
        self._seed = seed
        self.plan = _make_plan(seed, every, lasting, kinds, tuple(inst_ids))
        self._faults = faults
        self._forget = forget
        # Guards what follows: it is played on the exchange's thread.
        self._lock = threading.Lock()
        self._begin_ms: int | None = None
        self._struck = 0
        # What has yet to be lifted, and when [virtual Unix ms].
        self._lasting: list[tuple[int, ArmedFault]] = []
        self._is_lifted = False

    @property
    def struck(self) -> int:
        """How many faults of the plan have struck."""
        return self._struck

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self._is_lifted or (self._struck == len(self.plan) and not self._lasting)

    def lift(self) -> None:
        """End the day now; harmless if it is over."""
        with self._lock:
            self._is_lifted = True
            lasting, self._lasting = self._lasting, []
        for _, fault in lasting:
            fault.lift()
        self._forget(self)

    def next_ms(self, now_ms: int) -> int | None:
        """Return when something happens next [virtual Unix ms], if anything.

        Parameters
        ----------
        now_ms
            Virtual time; the day begins with it if it has not begun.
        """
        with self._lock:
            if self._begin_ms is None:
                self._begin_ms = now_ms
            dues = [due for due, _ in self._lasting]
            if not self._is_lifted and self._struck < len(self.plan):
                dues.append(self._due_ms(self._begin_ms))
            return min(dues, default=None)

    def play(self, to_ms: int) -> None:
        """Let happen what is due.

        Parameters
        ----------
        to_ms
            Virtual time [Unix ms].
        """
        while (due := self.next_ms(to_ms)) is not None and due <= to_ms:
            self._play_one(due)
        if self.is_over:
            self._forget(self)

    def _play_one(self, due_ms: int) -> None:
        with self._lock:
            for ends_ms, fault in self._lasting:
                if ends_ms == due_ms:
                    self._lasting.remove((ends_ms, fault))
                    fault.lift()
                    return
            if self._is_lifted:
                return
            strike = self.plan[self._struck]
            self._struck += 1
            done = getattr(self._faults, strike.switch)(**strike.options)
            if strike.lasting is not None and isinstance(done, ArmedFault):
                ends_ms = due_ms + round(strike.lasting * 1000)
                self._lasting.append((ends_ms, done))

    def _due_ms(self, begin_ms: int) -> int:
        return begin_ms + round(self.plan[self._struck].at * 1000)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.lift()

    def __repr__(self) -> str:
        return (
            f"<BadDay seed={self._seed}: {self._struck} of {len(self.plan)} faults"
            f"{', over' if self.is_over else ''}>"
        )


def _make_plan(
    seed: int,
    every: float,
    lasting: float,
    kinds: Sequence[str] | None,
    inst_ids: tuple[str, ...],
) -> tuple[Strike, ...]:
    if every <= 0 or lasting < 0:
        raise ValueError(f"every={every!r} and lasting={lasting!r} must be positive")
    if not inst_ids:
        raise ValueError("inst_ids is empty; name an instrument")
    chosen = KINDS if kinds is None else tuple(kinds)
    if not chosen or not set(chosen) <= set(KINDS):
        raise ValueError(f"kinds={kinds!r} must be some of {', '.join(KINDS)}")
    draws = random.Random(f"bad day {seed}")
    plan = []
    at = draws.expovariate(1 / every)
    while at < lasting:
        kind = draws.choice(chosen)
        options, ends = _OPTIONS[kind](draws, draws.choice(inst_ids))
        plan.append(Strike(at=round(at, 3), switch=kind, options=options, lasting=ends))
        at += draws.expovariate(1 / every)
    return tuple(plan)


_Drawn = tuple[dict[str, Any], float | None]
"""Options of a switch, and how long it is armed [virtual s]."""


def _path(draws: random.Random, _: str) -> _Drawn:
    return {"path": draws.choice(_PATHS)}, None


def _counted_path(draws: random.Random, _: str) -> _Drawn:
    return {"path": draws.choice(_PATHS), "count": draws.randint(1, 3)}, 60.0


def _muted(draws: random.Random, _: str) -> _Drawn:
    return {"path": draws.choice(_PATHS)}, draws.uniform(1.0, 20.0)


def _refused(draws: random.Random, _: str) -> _Drawn:
    count, status = draws.randint(1, 5), draws.choice((429, 503))
    return {"count": count, "status": status}, 60.0


def _refused_rest(draws: random.Random, _: str) -> _Drawn:
    status, code = draws.choice(((429, "50011"), (503, "50001")))
    options = {"count": draws.randint(1, 5), "status": status, "code": code}
    return {**options, "call": draws.choice(_CALLS)}, 60.0


def _slow(draws: random.Random, _: str) -> _Drawn:
    return {"seconds": draws.uniform(0.05, 0.5), "count": draws.randint(1, 3)}, 60.0


def _pushes(draws: random.Random, inst_id: str) -> _Drawn:
    count = draws.randint(1, 4)
    return {"inst_id": inst_id, "channel": draws.choice(_FED), "count": count}, 60.0


def _book(draws: random.Random, inst_id: str) -> _Drawn:
    return {"inst_id": inst_id, "count": draws.randint(1, 3)}, 60.0


def _ticker(draws: random.Random, inst_id: str) -> _Drawn:
    return {"inst_id": inst_id, "count": draws.randint(1, 3)}, 60.0


def _burst(draws: random.Random, inst_id: str) -> _Drawn:
    return {"inst_id": inst_id, "times": draws.choice((100, 1_000, 5_000))}, 60.0


def _close(draws: random.Random, _: str) -> _Drawn:
    code = draws.choice(_CODES)
    return {"code": code, "reason": "A bad day", "path": draws.choice(_PATHS)}, None


def _notice(draws: random.Random, _: str) -> _Drawn:
    return {"path": draws.choice(_PATHS), "close_after": 2.0}, None


def _clock(draws: random.Random, _: str) -> _Drawn:
    return {"seconds": draws.uniform(-120.0, 120.0)}, draws.uniform(1.0, 20.0)


def _withheld(draws: random.Random, _: str) -> _Drawn:
    count = draws.randint(1, 5)
    return {"data": draws.random() < 0.5, "count": count}, 60.0


def _instrument(_: random.Random, inst_id: str) -> _Drawn:
    return {"inst_id": inst_id}, None


_OPTIONS: Final[dict[str, Callable[[random.Random, str], _Drawn]]] = {
    "drop": _path,
    "cut": _path,
    "close": _close,
    "notice": _notice,
    "malformed": _path,
    "binary": _path,
    "bad_text": _path,
    "big_frame": _path,
    "unknown_event": _path,
    "unknown_channel": _path,
    "mute_pongs": _muted,
    "half_open": _muted,
    "flap": _counted_path,
    "trickle": _slow,
    "refuse_connections": _refused,
    "slow_handshake": _slow,
    "refuse_rest": _refused_rest,
    "slow_rest": _slow,
    "delay_acks": _slow,
    "withhold_acks": _withheld,
    "delay_logins": _slow,
    "skip_seq": _book,
    "reset_seq": _instrument,
    "duplicate": _pushes,
    "stop_pushing": _pushes,
    "reorder": _pushes,
    "replay": _pushes,
    "blank_numbers": _ticker,
    "burst": _burst,
    "jump_clock": _clock,
}

KINDS: Final = tuple(_OPTIONS)
"""The switches that a bad day is made of.  Refusals of subscriptions and logins are
not among them: they end a stream for good, as they should."""
