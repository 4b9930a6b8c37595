"""When instruments change: the rows of the ``instruments`` channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.simulator.change import Change
from okxlab.simulator.grid import points
from okxlab.simulator.paths import MINUTE_MS

if TYPE_CHECKING:
    from collections.abc import Collection

    from okxlab.simulator.instruments import Instrument

__all__ = ["Notices", "instrument_row"]

_TURN_MINUTES = 10
"""How long the greatest market order of an instrument stays the same."""
_MARKET_SIZES = 100
"""Greatest market order in median order sizes, to be multiplied by 4 to 7."""


class Notices:
    """Tells every minute which instruments have changed.

    Parameters
    ----------
    instruments
        All of them, in listing order.
    """

    def __init__(self, instruments: Collection[Instrument]) -> None:
        self._instruments = instruments

    def run(
        self, kinds: set[str], after_ms: int, to_ms: int, out: list[Change]
    ) -> None:
        """Tell what falls due in (after_ms, to_ms].

        Parameters
        ----------
        kinds
            The instrument types that are watched.
        after_ms, to_ms
            The stretch of time [Unix ms].
        out
            Where the changes go.
        """
        for ms in points(after_ms, to_ms, MINUTE_MS):
            for kind in sorted(kinds):
                changed = [
                    instrument_row(one, ms)
                    for one in self._instruments
                    if one.inst_type == kind and _has_changed(one, ms)
                ]
                if changed:
                    out.append(Change(ms, "instruments", kind, changed))


def instrument_row(one: Instrument, ms: int) -> dict[str, Any]:
    """Return the instrument row of a moment [Unix ms]."""
    state = "expired" if one.is_expired(ms) else "live"
    return one.row(state, _most_market(one, ms))


def _most_market(one: Instrument, ms: int) -> int:
    """Return the greatest market order, set anew every ten minutes [lots]."""
    turn = (ms // MINUTE_MS + one.code) // _TURN_MINUTES
    times = 4 + ((turn * 2_654_435_761 + one.code * 40_503) >> 9 & 3)
    return max(one.temper.median * _MARKET_SIZES * times, one.least)


def _has_changed(one: Instrument, ms: int) -> bool:
    """Tell whether an instrument row changed within the last minute."""
    before = ms - MINUTE_MS
    if one.is_expired(ms):
        return not one.is_expired(before)
    return _most_market(one, ms) != _most_market(one, before)
