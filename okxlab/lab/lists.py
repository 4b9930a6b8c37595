"""Whole lists by REST, where the wire tells changes only.

Everything here runs on the loop thread.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from okxlab.errors import OkxlabError, TransportError
from okxlab.lab.instrument_list import instrument_rows
from okxlab.lab.open_orders import open_orders
from okxlab.transport import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from okxlab.environment import Timings
    from okxlab.lab.errands import Errands
    from okxlab.lab.holdings import Holding, Holdings
    from okxlab.lab.login import Login
    from okxlab.protocol.channels import Channel
    from okxlab.rest import RestClient
    from okxlab.runtime import Clock
    from okxlab.stream.tape import Tape

    Ask = Callable[[], Coroutine[Any, Any, list[Any]]]

__all__ = ["Lists"]

_log = logging.getLogger("okxlab.lab")

_REFRESH = 20 * 60.0
"""Pushes of ``instruments`` are incremental without a promise of completeness
(OKX changelog 2026-09-30), so the list is loaded anew from time to time [s]."""


_IN_PARTS = frozenset({"OPTION", "EVENTS"})
"""Listed by REST family by family, series by series: OKX API v5, "REST / Get
instruments".  What the subscription begins with has to do."""


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
    timings
        Pauses before a list that did not come is asked for again.

    Attributes
    ----------
    login : Login or None
        Whose orders; None without credentials.
    """

    def __init__(
        self,
        holdings: Holdings,
        errands: Errands,
        rest: RestClient | None,
        clock: Clock,
        timings: Timings,
    ) -> None:
        self.login: Login | None = None
        self._holdings = holdings
        self._errands = errands
        self._rest = rest
        self._clock = clock
        self._timings = timings
        # One at a time for each: an older answer must not follow a newer one.
        self._loading: dict[Holding, asyncio.Task[None]] = {}

    def keep(self, tape: Tape) -> None:
        """See to it that a tape's list is loaded anew from time to time."""
        if tape.entry.name == "instruments" and self._rest is not None:
            self._errands.spawn(self._refresh(tape))

    def load(self, holding: Holding) -> None:
        """Load what the exchange, which serves an arg from now on, will not push."""
        ask = self._ask_for(holding)
        if ask is None:
            if _begins_by_rest(holding.entry):
                for tape in holding.tapes:
                    tape.note(f"{holding.arg} begins empty: there is no REST to ask")
            return
        self.stop(holding)
        task = self._errands.spawn(self._load(holding, ask))
        self._loading[holding] = task
        task.add_done_callback(lambda done: self._forget(holding, done))

    def stop(self, holding: Holding) -> None:
        """Expect no list any more: the exchange no longer serves the arg."""
        task = self._loading.pop(holding, None)
        if task is not None:
            task.cancel()

    def _forget(self, holding: Holding, task: asyncio.Task[None]) -> None:
        if self._loading.get(holding) is task:
            del self._loading[holding]

    def _ask_for(self, holding: Holding) -> Ask | None:
        """Return how to ask for the list of a holding, if it has one."""
        entry, arg, rest, login = holding.entry, holding.arg, self._rest, self.login
        if rest is None:
            return None
        if entry.name == "instruments":
            kind = arg.get("instType") or ""
            # What changed while nobody listened is pushed to nobody.
            return None if kind in _IN_PARTS else lambda: instrument_rows(rest, kind)
        if _begins_by_rest(entry) and login is not None:
            return lambda: open_orders(login, entry, arg)
        return None

    async def _refresh(self, tape: Tape) -> None:
        while True:
            await asyncio.sleep(_REFRESH)
            held = [self._holdings.find(arg) for arg in tape.args]
            wanted = [one for one in held if one is not None and tape in one.tapes]
            if not wanted:
                return
            for holding in wanted:
                self.load(holding)

    async def _load(self, holding: Holding, ask: Ask) -> None:
        backoff = Backoff(self._timings.backoff_initial, self._timings.backoff_max)
        while holding.connection is not None:
            asked_us = self._clock.recv_us()
            try:
                rows = await ask()
            except OkxlabError as error:
                _log.warning("the list of %s cannot be loaded: %s", holding.arg, error)
                for tape in holding.tapes:
                    tape.note(f"the list of {holding.arg} cannot be loaded: {error}")
                if not isinstance(error, TransportError):
                    return  # asked again, it would be refused again
            else:
                for tape in holding.tapes:
                    tape.load(rows, self._clock.recv_us(), holding.arg, asked_us)
                return
            await asyncio.sleep(backoff.pause())


def _begins_by_rest(entry: Channel) -> bool:
    return entry.kind == "state" and bool(entry.rest)
