"""All spreads of a market, each traded in a pit that is made when first needed."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from okxlab.simulator.candles import page
from okxlab.simulator.change import Change
from okxlab.simulator.matching import WINDOW_LEVELS
from okxlab.simulator.spreads.calls import calls_of
from okxlab.simulator.spreads.listing import spreads_of
from okxlab.simulator.spreads.pit import BOOK, SpreadPit
from okxlab.simulator.spreads.pricing import SpreadFair
from okxlab.simulator.spreads.rows import bar_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.floor import Floor
    from okxlab.simulator.rest_call import Call
    from okxlab.simulator.spreads.listing import Spread

__all__ = ["CHANNELS", "SpreadBoard"]

CHANNELS = frozenset(
    {BOOK, "sprd-bbo-tbt", "sprd-books5", "sprd-tickers", "sprd-public-trades"}
)
"""Channels that every spread has, beside its candles."""

_LAG_MS = 5000
"""How far pits that nobody watches may fall behind; then they catch up."""
_APART_MS = 300
"""They catch up one after another, so that no advance bears them all."""


class SpreadBoard:
    """The spreads of a market.

    Parameters
    ----------
    seed, start_ms
        The market's.
    floor
        Where the legs are traded.
    book_text
        Whether book changes carry what a checksum covers.

    Attributes
    ----------
    now_ms
        Virtual time [Unix ms].
    calls
        REST calls about spreads, by path.

    Notes
    -----
    As `Market`: not thread-safe, moved by `advance` alone, and what is watched
    never alters what happens.  Methods that take an sprdId raise KeyError if there
    is none such.
    """

    def __init__(
        self, seed: int, start_ms: int, floor: Floor, *, book_text: bool = False
    ) -> None:
        self.now_ms = start_ms
        self._seed = seed
        self._start_ms = start_ms
        self._floor = floor
        self._book_text = book_text
        found = spreads_of(floor.listed.values())
        self.listed: dict[str, Spread] = {one.sprd_id: one for one in found}
        """Every spread, expired ones too, in listing order."""
        self._pits: dict[str, SpreadPit] = {}
        self._watched: dict[tuple[str, str], int] = {}
        self.calls: Mapping[str, Call] = calls_of(self)

    def live(self) -> list[str]:
        """Return the ids of the spreads that are not over."""
        listed = self.listed.items()
        return [one for one, it in listed if not it.terms.is_expired(self.now_ms)]

    def find(self, arg: Arg) -> str | None:
        """Return the sprdId of an arg that it `knows`."""
        sprd_id = arg.get("sprdId")
        known = sprd_id is not None and self.knows(arg.channel, sprd_id)
        return sprd_id if known else None

    def advance(self, to_ms: int) -> list[Change]:
        """Let virtual time pass; return what is watched and fell due, oldest first."""
        out: list[Change] = []
        self.now_ms = to_ms
        for place, sprd_id in enumerate(self.listed):
            pit = self._pits.get(sprd_id)
            lag = to_ms - (pit.now_ms if pit else self._start_ms)
            if pit and pit.is_watched:
                pit.run(to_ms, out)
            elif lag > _LAG_MS + place * _APART_MS:
                self.pit(sprd_id)
        out.sort(key=attrgetter("ts"))
        return out

    def knows(self, channel: str, sprd_id: str) -> bool:
        """Tell whether there is this channel for this spread, which is not over."""
        spread = self.listed.get(sprd_id)
        if spread is None or spread.terms.is_expired(self.now_ms):
            return False
        return channel in CHANNELS or bar_of(channel) is not None

    def watch(self, channel: str, sprd_id: str) -> None:
        """Ask for the changes of one channel and spread from now on; counted."""
        if not self.knows(channel, sprd_id):
            raise KeyError((channel, sprd_id))
        key = channel, sprd_id
        self._watched[key] = self._watched.get(key, 0) + 1
        if self._watched[key] == 1:
            self.pit(sprd_id).watch(channel)

    def unwatch(self, channel: str, sprd_id: str) -> None:
        """Take back one `watch`; harmless if there is none."""
        count = self._watched.pop((channel, sprd_id), 0)
        if count > 1:
            self._watched[channel, sprd_id] = count - 1
        elif count:
            self.pit(sprd_id).unwatch(channel)

    def opening(self, channel: str, sprd_id: str) -> Change | None:
        """Return the first push of a channel: how things stand, or the last trade."""
        if not self.knows(channel, sprd_id):
            raise KeyError((channel, sprd_id))
        pit = self.pit(sprd_id)
        rows = [pit.first(channel)]
        if channel != BOOK:
            return Change(self.now_ms, channel, sprd_id, rows)
        text = pit.window.text() if self._book_text else ""
        return Change(self.now_ms, channel, sprd_id, rows, "snapshot", text)

    def pit(self, sprd_id: str) -> SpreadPit:
        """Return where a spread is traded, brought up to now."""
        pit = self._pits.get(sprd_id)
        if pit is None:
            pit = self._pits[sprd_id] = self._make_pit(self.listed[sprd_id])
        if pit.now_ms < self.now_ms:
            pit.run(self.now_ms, [])
        return pit

    def rows(
        self,
        *,
        base_ccy: str | None = None,
        inst_id: str | None = None,
        sprd_id: str | None = None,
        state: str | None = None,
    ) -> list[dict[str, Any]]:
        """Return the rows of ``sprd/spreads``, in listing order."""
        rows = [
            one.row(self.now_ms)
            for one in self.listed.values()
            if inst_id in {None, *(leg.inst_id for leg in one.legs)}
            and sprd_id in {None, one.sprd_id}
            and base_ccy in {None, one.terms.asset.name}
        ]
        return [row for row in rows if state in {None, row["state"]}]

    def book(self, sprd_id: str, depth: int = WINDOW_LEVELS) -> dict[str, Any]:
        """Return the book as the first row of its channel has it."""
        return self.pit(sprd_id).window.snapshot(depth)

    def ticker(self, sprd_id: str) -> dict[str, Any]:
        """Return the ticker row of one spread."""
        return self.pit(sprd_id).ticker()

    def trades(self, sprd_id: str, limit: int = 500) -> list[dict[str, Any]]:
        """Return the last trades, newest first, some from before the start as well."""
        return self.pit(sprd_id).trades(limit)

    def candles(
        self,
        sprd_id: str,
        bar: str = "1m",
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[list[str]]:
        """Return bars, newest first; the newest may still be open.

        Parameters
        ----------
        sprd_id, bar
            The spread, and the name of the bar.
        after, before
            Only bars that open before and after these moments [Unix ms].
        limit
            Greatest number of rows.
        """
        pit = self.pit(sprd_id)
        pit.record.roll(self.now_ms)
        return page(
            pit.series, bar, self.now_ms, after=after, before=before, limit=limit
        )

    def _make_pit(self, spread: Spread) -> SpreadPit:
        first, second = spread.legs
        floor, path = self._floor, self._floor.indices[first.index_id].path
        fair = SpreadFair(floor.linear_fair(first), floor.linear_fair(second), path)
        return SpreadPit(
            self._seed, spread, path, fair, self._start_ms, book_text=self._book_text
        )
