"""The steps of prices as the exchange lists them, asked for beside everything else."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any, Final

from okxlab.errors import OkxlabError
from okxlab.lab.catalogue import spread_rows
from okxlab.lab.instrument_list import instrument_rows

if TYPE_CHECKING:
    from okxlab.lab.errands import Errands
    from okxlab.rest import RestClient
    from okxlab.runtime import Runtime

__all__ = ["Ticks"]

_log = logging.getLogger("okxlab.lab")

_AGAIN: Final = 60.0
"""After how long what could not be had is asked for again [s]."""


class _Ask:
    """One question, and whether it is answered."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.ended = threading.Event()


class Ticks:
    """The smallest step of the price, instrument by instrument.

    Parameters
    ----------
    rest
        Where the lists are.
    errands
        Where asking runs.
    runtime
        Whose loop thread asks, and whose clock is followed.
    """

    def __init__(self, rest: RestClient, errands: Errands, runtime: Runtime) -> None:
        self._rest = rest
        self._errands = errands
        self._runtime = runtime
        # Written on the loop thread, read anywhere; a step never changes while
        # anybody looks at its chart.
        self._known: dict[str, float] = {}
        # Of two threads that ask at once both may be heard, which does no harm.
        self._asks: dict[str, _Ask] = {}

    def get(
        self, name: str, *, is_spread: bool = False, patience: float = 0.0
    ) -> float | None:
        """Return the step of a price as far as it is known; any thread.

        What is not known is asked for, once and in the background.

        Parameters
        ----------
        name
            An instrument, or a spread.
        is_spread
            Which of the two.
        patience
            How long after the first asking the answer is worth a wait [s].
        """
        known = self._known.get(name)
        if known is not None or not self._runtime.is_running:
            return known
        now = self._runtime.clock.monotonic()
        ask = self._asks.get(name)
        if ask is None or (ask.ended.is_set() and now - ask.began > _AGAIN):
            ask = self._asks[name] = _Ask(now)
            # Threads of the user may outlive okxlab's.
            with contextlib.suppress(OkxlabError):
                self._runtime.post(self._begin, name, is_spread, ask)
        ask.ended.wait(max(ask.began + patience - now, 0.0))
        return self._known.get(name)

    # On the loop thread.

    def _begin(self, name: str, is_spread: bool, ask: _Ask) -> None:
        self._errands.spawn(self._fetch(name, ask, is_spread=is_spread))

    async def _fetch(self, name: str, ask: _Ask, *, is_spread: bool) -> None:
        try:
            rows: list[Any] = (
                await spread_rows(self._rest, name)
                if is_spread
                else await instrument_rows(self._rest, *_place_of(name), inst_id=name)
            )
            for row in rows:
                if isinstance(row.tick_sz, float) and row.tick_sz > 0:
                    self._known[name] = row.tick_sz
        except OkxlabError as error:
            _log.debug("the step of the price of %s is not known: %s", name, error)
        finally:
            ask.ended.set()


def _place_of(inst_id: str) -> tuple[str, str | None]:
    """Return the list that an instrument is in: its kind and, if need be, family."""
    parts = inst_id.split("-")
    if parts[-1] in ("C", "P"):
        return "OPTION", inst_id.rsplit("-", 3)[0]
    if parts[-1] == "SWAP":
        return "SWAP", None
    return ("SPOT" if len(parts) == 2 else "FUTURES"), None
