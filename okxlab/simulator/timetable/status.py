"""Maintenance of the exchange: announced, begun, ended, now and then called off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.simulator.change import Change
from okxlab.simulator.draws import source
from okxlab.simulator.paths import MINUTE_MS, remember

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.query import Query
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


class Status:
    """The channel ``status`` and its REST call.

    Parameters
    ----------
    seed
        What it is drawn from.
    """

    channels = frozenset({"status"})

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._slots: dict[int, list[Row]] = {}

    def find(self, arg: Arg, now_ms: int) -> str | None:  # noqa: ARG002  # a script's
        """Return the one key there is."""
        return ""

    def opening(self, channel: str, key: str, ms: int) -> list[Row]:  # noqa: ARG002  # a script's
        """Return the latest change."""
        return [self._latest(ms // _SLOT_MS, ms) or self._slot(ms // _SLOT_MS - 1)[-1]]

    def changes(
        self,
        channel: str,
        keys: Collection[str],  # noqa: ARG002  # there is but one
        after_ms: int,
        to_ms: int,
    ) -> Iterator[Change]:
        """Yield each change of a maintenance."""
        for slot in range(after_ms // _SLOT_MS, to_ms // _SLOT_MS + 1):
            for row in self._slot(slot):
                if after_ms < int(row["ts"]) <= to_ms:
                    yield Change(int(row["ts"]), channel, "", [row])

    def answer(self, query: Query) -> list[Row]:
        """Answer ``system/status``: each maintenance as it stands, newest first."""
        now, wanted = query.now_ms, query.text("state")
        first = now // _SLOT_MS
        found = [self._latest(slot, now) for slot in range(first, first - _KEPT, -1)]
        return [row for row in found if row and wanted in {None, row["state"]}]

    def _latest(self, slot: int, ms: int) -> Row | None:
        known = [row for row in self._slot(slot) if int(row["ts"]) <= ms]
        return known[-1] if known else None

    def _slot(self, slot: int) -> list[Row]:
        kept = self._slots.get(slot)
        if kept is None:
            kept = remember(self._slots, slot, self._draw(slot), 64)
        return kept

    def _draw(self, slot: int) -> list[Row]:
        """Return the changes of a slot, oldest first."""
        draw = source(self._seed, "status", slot).getrandbits
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
