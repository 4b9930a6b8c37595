"""Whole lists by REST, where the wire tells changes only.

Everything here runs on the loop thread.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from okxlab.errors import OkxlabError
from okxlab.lab.instrument_list import instrument_rows

if TYPE_CHECKING:
    from okxlab.lab.errands import Errands
    from okxlab.lab.holdings import Holding, Holdings
    from okxlab.rest import RestClient
    from okxlab.runtime import Clock
    from okxlab.stream.tape import Tape

__all__ = ["Lists"]

_REFRESH = 20 * 60.0
"""Pushes of ``instruments`` are incremental without a promise of completeness
(OKX changelog 2026-09-30), so the list is loaded anew from time to time [s]."""


class Lists:
    """Loads the lists that the tapes of a lab need.

    Parameters
    ----------
    holdings
        Who wants what.
    errands
        Where loading runs.
    rest
        Where the lists are; None where the environment has no REST address.
    clock
        Stamps what was loaded.
    """

    def __init__(
        self,
        holdings: Holdings,
        errands: Errands,
        rest: RestClient | None,
        clock: Clock,
    ) -> None:
        self._holdings = holdings
        self._errands = errands
        self._rest = rest
        self._clock = clock

    def keep(self, tape: Tape) -> None:
        """See to it that a tape's list is loaded anew from time to time."""
        if tape.entry.name == "instruments" and self._rest is not None:
            self._errands.spawn(self._keep_instruments(tape, self._rest))

    def load(self, holding: Holding) -> None:
        """Load what the exchange, which serves an arg from now on, will not push."""
        if holding.entry.name == "instruments" and self._rest is not None:
            # What changed while nobody listened is pushed to nobody.
            self._errands.spawn(self._load_instruments(holding, self._rest))

    async def _keep_instruments(self, tape: Tape, rest: RestClient) -> None:
        while True:
            await asyncio.sleep(_REFRESH)
            held = [self._holdings.find(arg) for arg in tape.args]
            wanted = [one for one in held if one is not None and tape in one.tapes]
            if not wanted:
                return
            for holding in wanted:
                await self._load_instruments(holding, rest)

    async def _load_instruments(self, holding: Holding, rest: RestClient) -> None:
        asked_us = self._clock.recv_us()
        try:
            rows = await instrument_rows(rest, holding.arg.get("instType") or "")
        except OkxlabError as error:
            for tape in holding.tapes:
                tape.note(f"the list of instruments cannot be loaded: {error}")
        else:
            for tape in holding.tapes:
                tape.load(rows, self._clock.recv_us(), holding.arg, asked_us)
