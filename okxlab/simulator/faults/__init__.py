"""Fault switches: rehearse in a lesson or a test what goes wrong on a real day.

Two kinds of switch.  *At once* (``drop``, ``close``, ``notice``, ``malformed`` ...)
acts on the connections that are open now and returns how many it hit; of these,
``reset_seq`` acts on the books of an instrument.  *Armed*
(``mute_pongs``, ``delay_acks``, ``jump_clock`` ...) waits for its occasion and
returns an :class:`ArmedFault`, which counts its hits, can be lifted, and is a
context manager::

    with simulator.faults.mute_pongs():
        ...                                  # the client must notice by itself
    simulator.faults.skip_seq("BTC-USDT")    # one lost update, then back to normal

Filters narrow a switch: ``path`` ("public", "private", "business"), and where it
makes sense ``channel`` and ``inst_id``.  ``count`` says how often an armed fault
strikes; ``None`` means until it is lifted.

A :class:`BadDay` throws many of them, as its seed says and in virtual time::

    day = simulator.faults.bad_day(seed=3)
    day.plan                                 # what will happen, and when
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.simulator.faults.armed_fault import ArmedFault
from okxlab.simulator.faults.bad_day import KINDS, BadDay, Strike
from okxlab.simulator.faults.clock import ClockFaults
from okxlab.simulator.faults.feed import FeedFaults
from okxlab.simulator.faults.frames import FrameFaults
from okxlab.simulator.faults.network import NetworkFaults
from okxlab.simulator.faults.sessions import SessionFaults

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["KINDS", "ArmedFault", "BadDay", "Faults", "Strike"]


class Faults(NetworkFaults, SessionFaults, FrameFaults, FeedFaults, ClockFaults):
    """All fault switches of one simulator.

    Notes
    -----
    Safe from any thread.  Switches that act at once wait until they have acted
    (a few milliseconds); on a simulator that is not running they hit nothing.
    """

    def bad_day(
        self,
        seed: int = 1,
        *,
        every: float = 30.0,
        lasting: float = 3_600.0,
        kinds: Sequence[str] | None = None,
        inst_ids: Sequence[str] = ("BTC-USDT", "ETH-USDT"),
    ) -> BadDay:
        """Throw faults at random, as a seed says.

        The same arguments give the same plan, and the plan strikes by virtual time:
        with the seed, start and speed of the simulator a whole day can be lived
        through again.

        Parameters
        ----------
        seed
            Seed of the plan.
        every
            Mean time between two faults [virtual s].
        lasting
            How long the day is [virtual s].  It begins at once, or when the
            simulator starts.
        kinds
            Which kinds of fault, of `KINDS`; all of them by default.
        inst_ids
            The instruments that suffer in particular.

        Returns
        -------
        BadDay

        Raises
        ------
        ValueError
            If there is no such kind, or a number makes no sense.

        Examples
        --------
        >>> from okxlab import Simulator
        >>> day = Simulator(speed=0).faults.bad_day(
        ...     seed=3, lasting=60, every=20, kinds=["drop", "notice"]
        ... )
        >>> [strike.switch for strike in day.plan]
        ['notice', 'drop', 'drop', 'notice', 'notice']
        """
        day = BadDay(
            self,
            seed,
            every=every,
            lasting=lasting,
            kinds=kinds,
            inst_ids=inst_ids,
            forget=self._forget_day,
        )
        self._plan(day)
        return day
