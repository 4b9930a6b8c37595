"""What all fault switches share: what is armed, and how to reach connections."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from okxlab.simulator.faults.armed_fault import ArmedFault, Filter

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.simulator.faults.armed_fault import Target, Targets
    from okxlab.simulator.faults.bad_day import BadDay

__all__ = ["Switchboard"]


class Switchboard:
    """The armed faults, and the way to where connections live.

    Notes
    -----
    Safe from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Written under the lock, read without it: the dict and the tuples in it are
        # replaced and never changed, so a reader sees the old or the new state.
        self._armed: dict[str, tuple[ArmedFault, ...]] = {}
        self._reach: Callable[[Callable[[Targets], int]], int] | None = None
        # Under the lock; replaced, never changed.
        self._days: tuple[BadDay, ...] = ()
        # The thread that plays a day, and what it reaches without asking anybody.
        self._playing: tuple[int, Targets] | None = None

    @property
    def armed(self) -> tuple[ArmedFault, ...]:
        """The armed faults, in the order of their kinds."""
        return tuple(fault for faults in self._armed.values() for fault in faults)

    def clear(self) -> None:
        """Lift every armed fault, and end every bad day."""
        for day in self._days:
            day.lift()
        for fault in self.armed:
            fault.lift()

    # For the exchange and the server

    def attach(self, reach: Callable[[Callable[[Targets], int]], int] | None) -> None:
        """Say how to run something where the connections live; None: nowhere."""
        self._reach = reach

    def take(
        self,
        kind: str,
        *,
        path: str | None = None,
        channel: str | None = None,
        inst_id: str | None = None,
    ) -> dict[str, Any] | None:
        """Let an armed fault strike, if there is one for this occasion.

        Returns
        -------
        dict or None
            The options of the switch; None if nothing strikes.

        Notes
        -----
        Costs one dictionary look-up while no fault of the kind is armed.
        """
        for fault in self._armed.get(kind, ()):
            options = fault.strike(path, channel, inst_id)
            if options is not None:
                return options
        return None

    def next_ms(self, now_ms: int) -> int | None:
        """Return when the next planned fault strikes [virtual ms], if one does.

        Parameters
        ----------
        now_ms
            Virtual time [Unix ms]: a day that is new begins with it.
        """
        return min(
            (due for day in self._days if (due := day.next_ms(now_ms)) is not None),
            default=None,
        )

    def play(self, to_ms: int, targets: Targets) -> None:
        """Let the planned faults strike that are due, on the exchange's thread.

        Parameters
        ----------
        to_ms
            Virtual time [Unix ms].
        targets
            What they strike.
        """
        self._playing = (threading.get_ident(), targets)
        try:
            for day in self._days:
                day.play(to_ms)
        finally:
            self._playing = None

    def _plan(self, day: BadDay) -> None:
        with self._lock:
            self._days = (*self._days, day)

    def _forget_day(self, day: BadDay) -> None:
        with self._lock:
            self._days = tuple(one for one in self._days if one is not day)

    def _arm(
        self, kind: str, where: Filter, count: int | None, **options: Any
    ) -> ArmedFault:
        fault = ArmedFault(kind, where, count, options, self._forget)
        with self._lock:
            self._armed = {**self._armed, kind: (*self._armed.get(kind, ()), fault)}
        return fault

    def _forget(self, fault: ArmedFault) -> None:
        with self._lock:
            rest = tuple(f for f in self._armed.get(fault.kind, ()) if f is not fault)
            armed = {k: v for k, v in self._armed.items() if k != fault.kind}
            self._armed = {**armed, fault.kind: rest} if rest else armed

    def _run(self, act: Callable[[Targets], int]) -> int:
        playing = self._playing
        if playing is not None and playing[0] == threading.get_ident():
            return act(playing[1])
        return 0 if self._reach is None else self._reach(act)

    def _each(self, where: Filter, act: Callable[[Target], None]) -> int:
        def run(targets: Targets) -> int:
            hit = targets.targets(where)
            for target in hit:
                act(target)
            return len(hit)

        return self._run(run)
