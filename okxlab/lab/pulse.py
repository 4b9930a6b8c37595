"""What a lab does once a second: rates, the exchange's clock, a look for sleep.

Everything here runs on the loop thread.
"""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Final

from okxlab.errors import OkxlabError
from okxlab.runtime import ClockOffset, SleepWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from okxlab.lab.errands import Errands
    from okxlab.rest import RestClient
    from okxlab.runtime import Runtime
    from okxlab.stream.tape import Tape

__all__ = ["Pulse"]

_log = logging.getLogger("okxlab.lab")

_FIRST: Final = 2.0
"""The exchange's clock is asked for when the first streams run [s]: it is not what
anybody waits for."""
_EVERY: Final = 600.0
_SAMPLES: Final = 3
_STRANGE: Final = 5.0
"""Where all that is heard seems to be so late, or to come from so far in the future
[s], a clock may have jumped; then the exchange's is asked for at once ..."""
_STRANGE_EVERY: Final = 30.0
"""... but not more often than this [s]: perhaps rows are late."""
_LATELY_US: Final = 2_000_000


class Pulse:
    """Beats while there are tapes.

    Parameters
    ----------
    runtime
        Whose loop thread this lives on.
    errands
        Where the exchange's clock is asked for.
    rest
        Tells the exchange's time; None: the two clocks count as one.
    woken
        Called with a reason when the machine slept.

    Attributes
    ----------
    offset : ClockOffset
        The exchange's clock against this machine's.
    """

    def __init__(
        self,
        runtime: Runtime,
        errands: Errands,
        rest: RestClient | None,
        woken: Callable[[str], None],
    ) -> None:
        self.offset = ClockOffset()
        self.watch = SleepWatch()
        self._runtime = runtime
        self._errands = errands
        self._rest = rest
        self._woken = woken
        self._tick: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None
        self._asked = 0.0

    def start(self, tapes: Callable[[], Iterable[Tape]]) -> None:
        """Beat from now on; harmless if it does already.

        Parameters
        ----------
        tapes
            Returns the tapes there are.
        """
        if self._tick is None:
            self._beat(tapes)
        if self._asking is None and self._rest is not None:
            self._asking = self._errands.spawn(self._keep_asking(self._rest))

    def stop(self) -> None:
        """Beat no more."""
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    def _beat(self, tapes: Callable[[], Iterable[Tape]]) -> None:
        clock = self._runtime.clock
        now = clock.monotonic()
        for tape in tapes():
            tape.sample(now)
        wall_us = clock.recv_us()
        slept = self.watch.slept(now, wall_us)
        heard = [one for one in tapes() if one.recv_us > wall_us - _LATELY_US]
        lags = [abs(one.lag) for one in heard if not math.isnan(one.lag)]
        is_strange = min(lags, default=0.0) > _STRANGE
        if slept or (is_strange and now > self._asked + _STRANGE_EVERY):
            self._ask_anew(now)
        if slept:
            self._woken(f"this machine slept for {slept:.0f} s, or its clock was set")
        self._tick = self._runtime.loop.call_later(1.0, self._beat, tapes)

    def _ask_anew(self, now: float) -> None:
        """Forget what is known of the exchange's clock, and ask again."""
        self._asked = now
        self.offset.forget()
        if self._asking is not None and self._rest is not None:
            self._asking.cancel()
            self._asking = self._errands.spawn(self._keep_asking(self._rest))

    async def _keep_asking(self, rest: RestClient) -> None:
        await asyncio.sleep(_FIRST)
        while True:
            for _ in range(_SAMPLES):
                await self._ask(rest)
            await asyncio.sleep(_EVERY)

    async def _ask(self, rest: RestClient) -> None:
        asked_us = self._runtime.clock.recv_us()
        try:
            there_ms = await rest.time()
        except OkxlabError as error:
            _log.info("the exchange's clock cannot be read: %s", error)
        else:
            self.offset.add(asked_us, there_ms, self._runtime.clock.recv_us())
