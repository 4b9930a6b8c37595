"""Candle rows: those of the past on request, those of now as they grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from okxlab.simulator.bars import BARS, Bar, gather, join, span
from okxlab.simulator.grid import SLOW_MS
from okxlab.simulator.paths import MINUTE_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from okxlab.simulator.bars import Bars

__all__ = ["LiveBars", "Series", "page", "split_channel"]

Row = list[str]


class Series(Protocol):
    """One price of one instrument, as candles: trades, mark or index."""

    first_ms: int
    """Where its history begins [Unix ms]."""

    @property
    def bars(self) -> Bars:
        """Its whole minutes, hours and days."""

    def write(self, bar: Bar) -> Row:
        """Return the members of a row between its time and ``confirm``."""

    def short(self, start_ms: int, end_ms: int) -> Bar:
        """Return the bar of a stretch within a minute."""

    def is_kept(self, start_ms: int, end_ms: int) -> bool:
        """Tell whether the bar of a stretch can be given at all."""


def split_channel(channel: str) -> tuple[str, str] | None:
    """Split the name of a candle channel into family and bar; None if it is none."""
    for family, bars in BARS.items():
        if channel.startswith(family) and channel[len(family) :] in bars:
            return family, channel[len(family) :]
    return None


def page(
    series: Series,
    bar: str,
    now_ms: int,
    *,
    after: int | None,
    before: int | None,
    limit: int,
) -> list[Row]:
    """Return candle rows, newest first.

    Parameters
    ----------
    series
        Of what.
    bar
        Bar name, such as ``"1m"``.
    now_ms
        The bar that holds this moment is the newest there is, and open.
    after, before
        Only bars that open before and after these moments [Unix ms].
    limit
        Greatest number of rows.
    """
    newest = now_ms if after is None else min(after - 1, now_ms)
    oldest = series.first_ms if before is None else max(before + 1, series.first_ms)
    rows: list[Row] = []
    opens, closes = span(bar, max(newest, 0))
    while opens >= oldest and len(rows) < limit and series.is_kept(opens, closes):
        rows.append(_row(series, opens, closes, now_ms))
        opens, closes = span(bar, opens - 1)
    return rows


class _LiveBar:
    """The bar of one candle channel that is open now.

    Parameters
    ----------
    series, bar
        Of what, and its name.
    now_ms
        The moment it is looked at first [Unix ms].
    """

    def __init__(self, series: Series, bar: str, now_ms: int) -> None:
        self._series = series
        self._bar = bar
        self._whole: Bar | None = None
        self.opens, self.closes = span(bar, now_ms)
        self._upto = self.opens

    def row(self, now_ms: int) -> Row:
        """Return the row of the open bar as of a moment before it closes."""
        return [str(self.opens), *self._series.write(self._grown(now_ms)), "0"]

    def close(self) -> Row:
        """Return the row of the bar, which is over, and open the next one."""
        bar = self._grown(self.closes - 1)
        row = [str(self.opens), *self._series.write(bar), "1"]
        self.opens, self.closes = span(self._bar, self.closes)
        self._whole, self._upto = None, self.opens
        return row

    def _grown(self, now_ms: int) -> Bar:
        """Return the bar so far; its whole minutes are put together only once."""
        if self.closes - self.opens < MINUTE_MS:
            return self._series.short(self.opens, now_ms + 1)
        minute = now_ms // MINUTE_MS * MINUTE_MS
        if minute > self._upto:
            grown = gather(self._series.bars, self._upto, minute, now_ms)
            self._whole = join(self._whole, grown) if self._whole else grown
            self._upto = minute
        current = self._series.bars.minute(minute // MINUTE_MS)
        return join(self._whole, current) if self._whole else current


class LiveBars:
    """The watched candle channels of one series.

    Parameters
    ----------
    series
        Of what.
    """

    def __init__(self, series: Series) -> None:
        self._series = series
        self._live: dict[str, _LiveBar] = {}

    def __bool__(self) -> bool:
        """Tell whether any is watched."""
        return bool(self._live)

    def watch(self, channel: str, bar: str, now_ms: int) -> None:
        """Tell the bars of a channel from now on."""
        self._live[channel] = _LiveBar(self._series, bar, now_ms)
        self._live = dict(sorted(self._live.items()))  # not in order of watching

    def unwatch(self, channel: str) -> None:
        """Tell the bars of a channel no longer; harmless if it is none."""
        self._live.pop(channel, None)

    def row(self, channel: str, bar: str, now_ms: int) -> Row:
        """Return the row of the bar that is open now, watched or not."""
        live = self._live.get(channel) or _LiveBar(self._series, bar, now_ms)
        return live.row(now_ms)

    def told(self, ms: int, moved: Callable[[int], bool]) -> Iterator[tuple[str, Row]]:
        """Yield the rows that a full second brings, each with its channel.

        Parameters
        ----------
        ms
            The second [Unix ms].
        moved
            Tells whether anything moved in the second before.
        """
        for channel, live in self._live.items():
            if ms == live.closes:
                yield channel, live.close()
            elif live.opens == ms - SLOW_MS or moved(ms):
                yield channel, live.row(ms)


def _row(series: Series, opens: int, closes: int, now_ms: int) -> Row:
    if closes - opens < MINUTE_MS:
        bar = series.short(opens, min(closes, now_ms + 1))
    else:
        end = min(closes, now_ms // MINUTE_MS * MINUTE_MS + MINUTE_MS)
        bar = gather(series.bars, opens, end, now_ms)
    return [str(opens), *series.write(bar), "1" if closes <= now_ms else "0"]
