"""Warnings that a security fund runs low, and the auto-deleveraging that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from okxlab.simulator.change import Change
from okxlab.simulator.draws import source
from okxlab.simulator.grid import points
from okxlab.simulator.paths import MINUTE_MS, remember
from okxlab.simulator.wire import decimal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.instruments import Instrument
    from okxlab.simulator.timetable.script import Row

__all__ = ["Adl"]

_SLOT_MS = 10 * MINUTE_MS
"""A family has one warning in a slot, or none."""
_EVERY_MS = 1000
_KINDS = ("SWAP", "FUTURES", "OPTION")
_UNUSED = ("ccy", "maxBal", "maxBalTs", "adlType", "adlBal", "adlRecBal", "decRate",
           "adlRate", "adlRecRate")  # fmt: skip
"""Members that OKX sends empty."""
_PLACES = 16


class _Scare(NamedTuple):
    """One warning of one family."""

    begin: int
    end: int
    adl: int
    """From when on positions are closed [Unix ms]; after the end if never."""
    fund: int
    """What is in the fund at the beginning [1/100 USDT]."""


class Adl:
    """The channel ``adl-warning``.

    Parameters
    ----------
    seed
        What it is drawn from.
    listed
        The instruments, which tell the families.

    Notes
    -----
    Keys are the type, or the type and the family: ``"SWAP/BTC-USDT"``.
    """

    channels = frozenset({"adl-warning"})

    def __init__(self, seed: int, listed: Mapping[str, Instrument]) -> None:
        self._seed = seed
        families = {(o.inst_type, o.family) for o in listed.values()}
        self._families = sorted(pair for pair in families if pair[0] in _KINDS)
        self._scares: dict[tuple[str, str, int], _Scare | None] = {}

    def find(self, arg: Arg, now_ms: int) -> str | None:  # noqa: ARG002  # a script's
        """Return the type, or type and family if there is such a one."""
        kind, family = arg.get("instType") or "", arg.get("instFamily")
        if family is None:
            return kind
        return f"{kind}/{family}" if (kind, family) in self._families else None

    def opening(self, channel: str, key: str, ms: int) -> list[Row]:  # noqa: ARG002  # a script's
        """Return the families in trouble; nothing while all is normal."""
        rows = [self._row(*pair, ms) for pair in self._within(key)]
        return [row for row in rows if row]

    def changes(
        self, channel: str, keys: Collection[str], after_ms: int, to_ms: int
    ) -> Iterator[Change]:
        """Yield a row a second of each family in trouble."""
        due = points(after_ms, to_ms, _EVERY_MS)
        within = (pair for key in keys for pair in self._within(key))
        families = sorted(set(within)) if due else []
        for ms in due:
            for kind, family in families:
                row = self._row(kind, family, ms)
                if row:
                    key = f"{kind}/{family}"
                    yield Change(ms, channel, key, [row], wider=(kind,))

    def _within(self, key: str) -> list[tuple[str, str]]:
        return [pair for pair in self._families if key in {pair[0], "/".join(pair)}]

    def _row(self, kind: str, family: str, ms: int) -> Row | None:
        scare = self._scare(kind, family, ms // _SLOT_MS)
        if scare is None or not scare.begin <= ms < scare.end:
            return None
        left = scare.fund - scare.fund * (ms - scare.begin) // (2 * _SLOT_MS)
        return {
            "instType": kind,
            "instFamily": family,
            "state": "adl" if ms >= scare.adl else "warning",
            "bal": decimal(left * 10 ** (_PLACES - 2) + ms * 7919 % 10**14, _PLACES),
            **dict.fromkeys(_UNUSED, ""),
            "ts": str(ms),
        }

    def _scare(self, kind: str, family: str, slot: int) -> _Scare | None:
        key = (kind, family, slot)
        if key not in self._scares:
            remember(self._scares, key, self._draw(*key), 4 * len(self._families) + 64)
        return self._scares[key]

    def _draw(self, kind: str, family: str, slot: int) -> _Scare | None:
        draw = source(self._seed, "adl", kind, family, slot).getrandbits
        if draw(1):
            return None
        begin = slot * _SLOT_MS + (draw(16) % 300 + 30) * 1000
        end = begin + (45 + draw(7)) * 1000
        adl = (begin + end) // 2 if draw(1) else end
        return _Scare(begin, end, adl, 10_000_000 + draw(34))
