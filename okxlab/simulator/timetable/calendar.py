"""Figures of the economy: what is expected, what comes out, what is revised."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from okxlab.simulator.draws import BELL, source
from okxlab.simulator.paths import DAY_MS, MINUTE_MS
from okxlab.simulator.timetable.slots import Slots
from okxlab.simulator.wire import decimal

if TYPE_CHECKING:
    from okxlab.simulator.timetable.script import Row

__all__ = ["Calendar"]

_SLOT_MS = 5 * MINUTE_MS
"""One figure in each."""
_RELEASE_MS = 3 * MINUTE_MS
"""When in its slot it comes out."""
_REVISION_MS = 4 * MINUTE_MS


class _Figure(NamedTuple):
    """A figure that comes out regularly."""

    region: str
    category: str
    event: str
    ccy: str
    unit: str
    middle: int
    """A usual value [tenths]."""
    width: int
    """How far it strays [tenths]."""
    importance: str


_FIGURES = (
    _Figure("United States", "Inflation Rate", "Inflation Rate YoY", "", "%", 29, 3, "3"),
    _Figure("United States", "Non Farm Payrolls", "Non Farm Payrolls", "", "K", 1500, 600, "3"),
    _Figure("United States", "Interest Rate", "Fed Interest Rate Decision", "", "%", 45, 3, "3"),
    _Figure("Euro Area", "Manufacturing PMI", "Manufacturing PMI Final", "", "", 485, 12, "2"),
    _Figure("Germany", "Retail Sales", "Retail Sales MoM", "", "%", 3, 8, "2"),
    _Figure("Japan", "Household Spending", "Household Spending YoY", "", "%", 10, 20, "1"),
    _Figure("China", "Balance of Trade", "Balance of Trade", "USD", "B", 820, 90, "3"),
    _Figure("United Kingdom", "Unemployment Rate", "Unemployment Rate", "", "%", 43, 2, "2"),
)  # fmt: skip


class Calendar(Slots):
    """The channel ``economic-calendar``: forecasts, releases and revisions."""

    channels = frozenset({"economic-calendar"})
    slot_ms = _SLOT_MS

    def opening(self, channel: str, key: str, ms: int) -> list[Row]:  # noqa: ARG002  # a script's
        """Return nothing: the channel begins with the next change."""
        return []

    def draw(self, slot: int) -> list[Row]:
        """Return what is told of the figure of a slot, oldest first."""
        draw = source(self.seed, "calendar", slot).getrandbits
        figure = _FIGURES[draw(16) % len(_FIGURES)]
        before, forecast, actual, revised = (
            figure.middle + BELL[draw(10)] * figure.width // 1000 for _ in range(4)
        )
        start = slot * _SLOT_MS
        release = start + _RELEASE_MS
        day = release // DAY_MS * DAY_MS
        row = {
            "calendarId": str(slot),
            "date": str(release),
            "region": figure.region,
            "category": figure.category,
            "event": figure.event,
            "refDate": str(day - 30 * DAY_MS),
            "actual": "",
            "previous": _text(figure, before),
            "forecast": _text(figure, forecast),
            "importance": figure.importance,
            "prevInitial": "",
            "ccy": figure.ccy,
            "unit": figure.unit,
            "ts": str(start + 20_000 + draw(14)),
        }
        out = {**row, "actual": _text(figure, actual), "ts": str(release + draw(10))}
        told = [row, out]
        if draw(1):
            told.append({
                **out,
                "previous": _text(figure, revised),
                "prevInitial": out["previous"],
                "ts": str(start + _REVISION_MS + draw(12)),
            })  # fmt: skip
        return told


def _text(figure: _Figure, tenths: int) -> str:
    number = decimal(abs(tenths), 1)
    sign = "-" if tenths < 0 else ""
    currency = "$ " if figure.ccy else ""
    gap = " " if figure.unit in {"B", "K"} else ""
    return f"{sign}{currency}{number}{gap}{figure.unit}"
