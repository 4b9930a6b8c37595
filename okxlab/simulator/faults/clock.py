"""What happens to the exchange's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.simulator.faults.armed_fault import Filter
from okxlab.simulator.faults.switchboard import Switchboard

if TYPE_CHECKING:
    from okxlab.simulator.faults.armed_fault import ArmedFault

__all__ = ["ClockFaults"]


class ClockFaults(Switchboard):
    """Switches for the clock that the exchange stamps and judges by."""

    def jump_clock(self, seconds: float = 60.0) -> ArmedFault:
        """Let the exchange's clock jump; it jumps back when this is lifted.

        What is pushed is stamped by it (``ts``), ``public/time`` tells it, and
        logins and signed requests are judged by it.  Trading goes on: bars open when
        they should, and what REST has of the past has its true times.

        Parameters
        ----------
        seconds
            How far ahead; below 0 it is set back.
        """
        return self._arm("jump_clock", Filter(), None, seconds=seconds)
