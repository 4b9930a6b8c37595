"""Maintenance of the exchange: announced, begun, ended, now and then called off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.simulator.draws import source
from okxlab.simulator.paths import MINUTE_MS
from okxlab.simulator.timetable.slots import Slots

if TYPE_CHECKING:
    from okxlab.simulator.rest_call import Query
    from okxlab.simulator.timetable.script import Row

__all__ = ["Status"]

_SLOT_MS = 20 * MINUTE_MS
"""Each begins and ends within a slot of its own."""
_SERVICES = (
    ("0", "WebSocket"),
    ("5", "trading"),
    ("6", "block trading"),
    ("7", "trading bots"),
    ("8", "trading account"),
    ("9", "trading product"),
    ("10", "spread trading"),
    ("11", "copy trading"),
    ("99", "market statistics"),
)
_KEPT = 8
"""Slots that REST looks back."""


class Status(Slots):
    """The channel ``status`` and its REST call."""

    channels = frozenset({"status"})
    slot_ms = _SLOT_MS

    def opening(self, channel: str, key: str, ms: int) -> list[Row]:  # noqa: ARG002  # a script's
        """Return the latest change."""
        return [self._latest(ms // _SLOT_MS, ms) or self.rows(ms // _SLOT_MS - 1)[-1]]

    def answer(self, query: Query) -> list[Row]:
        """Answer ``system/status``: each maintenance as it stands, newest first."""
        now, wanted = query.now_ms, query.text("state")
        first = now // _SLOT_MS
        found = [self._latest(slot, now) for slot in range(first, first - _KEPT, -1)]
        return [row for row in found if row and wanted in {None, row["state"]}]

    def _latest(self, slot: int, ms: int) -> Row | None:
        known = [row for row in self.rows(slot) if int(row["ts"]) <= ms]
        return known[-1] if known else None

    def draw(self, slot: int) -> list[Row]:
        """Return the changes of a slot, oldest first."""
        draw = source(self.seed, "status", slot).getrandbits
        number, name = _SERVICES[draw(16) % len(_SERVICES)]
        start = slot * _SLOT_MS
        begin = start + (5 + draw(2)) * MINUTE_MS
        end = begin + (4 + draw(2)) * MINUTE_MS
        opens = end - 2 * MINUTE_MS if draw(1) else 0
        told = [("scheduled", start + 10_000 + draw(15))]
        if draw(3) == 0:
            told.append(("canceled", begin - MINUTE_MS))
        else:
            told.append(("ongoing", begin))
            told += [("pre_open", opens)] if opens else []
            told.append(("completed", end + draw(12)))
        same = {
            "title": f"Upgrade of {name} services",
            "begin": str(begin),
            "end": str(end),
            "preOpenBegin": str(opens or ""),
            "href": "",
            "serviceType": number,
            "system": "unified",
            "scheDesc": "",
            "maintType": "1",
            "env": "1",
        }
        return [{**same, "state": state, "ts": str(ms)} for state, ms in told]
