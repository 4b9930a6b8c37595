"""Fetching a stretch of the past: pages side by side, with patience.

As many pages are under way as the rate limit lets through in the time that an
answer takes; the client keeps the limit itself.  A page that fails because of the
network is tried again with growing pauses; what was fetched before is not lost,
and where pages are kept on disk the next attempt goes on where this one ended.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final

import msgspec

from okxlab.errors import ExchangeError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from okxlab.history.cache import PageCache
    from okxlab.history.source import Page, Source

__all__ = ["Download", "Fetched"]

_SIDE_BY_SIDE: Final = 8
"""Pages under way at once: the slowest call lets 10 through in 2 s, and one that
waits for its turn does so within the time that a call may take."""
_TRIES: Final = 6
_PAUSE_FIRST: Final = 0.5
"""Pause before a page is tried again [s]; it doubles from one to the next."""
_PASSING: Final = frozenset({"50001", "50004", "50011", "50013", "50026", "50040"})
"""Refusals that a later attempt may not meet: busy, too fast, in maintenance."""


class Fetched(msgspec.Struct, frozen=True):
    """The rows of a page.

    Attributes
    ----------
    page
        Which one.
    rows
        Its rows, oldest first.
    recv_us
        Local time of the answer [us since 1970 UTC].
    """

    page: Page
    rows: list[Any]
    recv_us: int


class Download:
    """Fetches one stretch of one source.

    Parameters
    ----------
    source
        Of what.
    cache
        Where pages are kept; None if nowhere.
    now_us
        Returns the local time [us since 1970 UTC].
    pause
        First pause before a page is tried again [s].

    Attributes
    ----------
    pages, done : int
        Pages there are, and those that are there.  Read from any thread.

    Notes
    -----
    Loop thread, but for the two counters.
    """

    def __init__(
        self,
        source: Source,
        cache: PageCache | None,
        now_us: Callable[[], int],
        pause: float = _PAUSE_FIRST,
    ) -> None:
        self._source = source
        self._cache = cache
        self._now_us = now_us
        self._pause = pause
        self._fetched: list[Fetched] = []
        self.pages = 0
        self.done = 0

    async def run(self, low: int, high: int, now_ms: int) -> list[Fetched]:
        """Fetch every page that covers a stretch.

        Parameters
        ----------
        low, high
            The stretch, in the source's places.
        now_ms
            The exchange's time [Unix ms].

        Returns
        -------
        list of Fetched
            Oldest first; the first and the last may reach beyond the stretch.

        Raises
        ------
        ExchangeError, ConnectError, RemoteProtocolError
            If a page cannot be had; the pages before are kept.
        """
        if high <= low:
            return []
        pages = self._source.pages(low, high)
        self.pages = sum(1 for _ in self._source.pages(low, high))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(_SIDE_BY_SIDE, self.pages)):
                    group.create_task(self._work(pages, now_ms))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return sorted(self._fetched, key=lambda one: one.page.low)

    async def _work(self, pages: Iterator[Page], now_ms: int) -> None:
        for page in pages:
            kept = self._cache.read(page) if self._cache is not None else None
            if kept is not None:
                self._fetched.append(Fetched(page, *kept))
                await asyncio.sleep(0)  # other streams have their turn
            else:
                self._fetched.append(await self._fetch(page, now_ms))
            self.done += 1

    async def _fetch(self, page: Page, now_ms: int) -> Fetched:
        rows = await self._patiently(page, now_ms)
        fetched = Fetched(page, rows, self._now_us())
        if self._cache is not None and self._source.is_whole(page, rows, now_ms):
            self._cache.write(page, rows, fetched.recv_us)
        return fetched

    async def _patiently(self, page: Page, now_ms: int) -> list[Any]:
        for attempt in range(_TRIES - 1):
            try:
                return await self._source.fetch(page, now_ms)
            except (TransportError, ExchangeError) as error:
                if isinstance(error, ExchangeError) and error.code not in _PASSING:
                    raise
            await asyncio.sleep(self._pause * 2.0**attempt * random.uniform(0.5, 1.0))  # noqa: S311  # no secret
        return await self._source.fetch(page, now_ms)
