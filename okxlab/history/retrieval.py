"""A question about the past, and the work of answering it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from okxlab.errors import ChannelError
from okxlab.history.cache import PageCache
from okxlab.history.calls import MarketCalls
from okxlab.history.download import Download, Fetched
from okxlab.history.frames import clipped
from okxlab.history.sources import check_history, make_source
from okxlab.history.times import Asked, parse_asked
from okxlab.protocol.channels import channel as find_channel
from okxlab.protocol.channels import make_arg

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from okxlab.history.calls import Rest
    from okxlab.history.source import Source
    from okxlab.protocol.channels import Channel

__all__ = ["Past", "Request", "Retrieval"]


class Request:
    """A stretch of the past of one channel of one instrument.

    Parameters
    ----------
    inst_id
        Instrument, or index for ``index-candle...``.
    channel
        OKX's name of the channel.
    start, end
        As for `parse_asked`.
    max_rows
        Most rows that are fetched.

    Attributes
    ----------
    entry : Channel
        The channel.
    asked : Asked
        The stretch.
    name : str
        Channel and instrument in a few words.

    Raises
    ------
    ChannelError
        If there is no such channel, it has no history, or the stretch cannot be
        read.
    """

    def __init__(
        self,
        inst_id: str,
        channel: str,
        start: object,
        end: object = None,
        *,
        max_rows: int = 1_000_000,
    ) -> None:
        self.entry: Channel = find_channel(channel)
        check_history(self.entry)
        self.name = str(make_arg(self.entry, inst_id))
        self.inst_id = inst_id
        self.asked: Asked = parse_asked(start, end)
        self.max_rows = max_rows

    def check_size(self, rows: int) -> None:
        """Refuse more rows than were agreed to.

        Parameters
        ----------
        rows
            How many the stretch holds at most.

        Raises
        ------
        ChannelError
            If they are too many.
        """
        if rows > self.max_rows:
            raise ChannelError(
                f"this stretch of {self.name} holds up to {rows:,} rows, more than "
                f"max_rows={self.max_rows:_}: ask for a shorter one, or give "
                f"max_rows={rows:_} and {rows * 100 // 1_000_000:,} MB of memory"
            )


class Past(msgspec.Struct, frozen=True):
    """What a retrieval has brought.

    Attributes
    ----------
    source
        Of what.
    fetched
        The rows that were asked for, page by page, oldest first.
    missing
        Rows that OKX does not have between the first and the last.
    is_cut
        Whether OKX does not go back as far as was asked.
    """

    source: Any
    fetched: list[Fetched]
    missing: int
    is_cut: bool

    @property
    def rows(self) -> list[Any]:
        """All rows, oldest first."""
        return [row for one in self.fetched for row in one.rows]


class Retrieval:
    """Answers one request.

    Parameters
    ----------
    request
        The question.
    cache_at
        Directory for whole pages; None for none.
    exchange
        What tells this exchange from others, whose pages are not its own.
    now_us
        Returns the local time [us since 1970 UTC].

    Attributes
    ----------
    pages, done : int
        Pages there are, and those that are there; read from any thread.
    """

    def __init__(
        self,
        request: Request,
        cache_at: Path | None,
        exchange: str,
        now_us: Callable[[], int],
    ) -> None:
        self._request = request
        self._cache_at = cache_at
        self._exchange = exchange
        self._now_us = now_us
        self._download: Download | None = None
        self.cache: PageCache | None = None

    @property
    def pages(self) -> int:
        """Pages there are."""
        return self._download.pages if self._download is not None else 0

    @property
    def done(self) -> int:
        """Pages that are there."""
        return self._download.done if self._download is not None else 0

    async def run(self, rest: Rest) -> Past:
        """Do it; on the loop thread.

        Parameters
        ----------
        rest
            Who asks.

        Raises
        ------
        ChannelError
            If the stretch begins in the future or holds too many rows.
        ExchangeError, ConnectError, RemoteProtocolError
            If a page cannot be had.
        """
        request = self._request
        source = make_source(MarketCalls(rest), request.entry, request.inst_id)
        if self._cache_at is not None:
            key = (self._exchange, request.entry.name, request.inst_id)
            self.cache = PageCache(self._cache_at, key, source.row)
        now_ms = await rest.time()
        times = request.asked.bounds(now_ms)
        rows = request.asked.rows
        low, high = await source.stretch(*times, rows)
        low = max(low, 0)  # the exchange knows nothing before 1970
        request.check_size(rows or source.most(low, high))
        self._download = Download(source, self.cache, self._now_us)
        fetched = await self._download.run(low, high, now_ms)
        fetched = clipped(source, fetched, (low, high), times, rows)
        return _past(source, fetched, times[0], rows)


def _past(
    source: Source, fetched: list[Fetched], start_ms: int | None, wanted: int | None
) -> Past:
    rows = [row for one in fetched for row in one.rows]
    if start_ms is None:
        is_cut = len(rows) < (wanted or 0)
    else:
        is_cut = source.is_cut(rows, start_ms)
    return Past(source, fetched, source.missing(rows), is_cut)
