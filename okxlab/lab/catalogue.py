"""What the exchange lists, by name: each list is loaded once and shared."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from okxlab.lab.instrument_list import instrument_rows, read_list
from okxlab.protocol.channels import FAMILY, INDEX, SPREAD
from okxlab.protocol.columns import Float  # noqa: TC001  # msgspec reads it

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.rest import RestClient

__all__ = ["Catalogue", "Spread", "spread_rows"]

_IN_PARTS: Final = ("OPTION", "EVENTS")
"""Kinds whose instruments REST lists family by family, series by series.  The call
for tickers has no such limit (OKX API v5, "Get tickers")."""
_KEPT: Final = 20 * 60.0
"""How long a list is believed [s]: instruments come and go."""


class Spread(msgspec.Struct, frozen=True, rename="camel"):
    """A row of the list of spreads, as far as it is needed here."""

    sprd_id: str
    tick_sz: Float = ""
    """Step of the price [quote per base]."""


class _Ticker(msgspec.Struct, frozen=True, rename="camel"):
    """A row of the tickers, of which only the name is wanted."""

    inst_id: str


class Catalogue:
    """The names of all that can be subscribed to, kind by kind.

    Parameters
    ----------
    rest
        Where the lists are.
    monotonic
        The time by which a list grows old [s].

    Notes
    -----
    Loop thread.
    """

    def __init__(self, rest: RestClient, monotonic: Callable[[], float]) -> None:
        self._rest = rest
        self._monotonic = monotonic
        self._lists: dict[str, tuple[float, tuple[str, ...]]] = {}
        # Whoever asks first loads a list, the others wait for it.
        self._locks: dict[str, asyncio.Lock] = {}

    async def names(self, kind: str) -> tuple[str, ...]:
        """Return what is listed of a kind.

        Parameters
        ----------
        kind
            A kind of instrument (`INST_TYPES`), or `INDEX`, `SPREAD` or `FAMILY`.

        Returns
        -------
        tuple of str
            In the exchange's order; what is put together here is sorted.

        Raises
        ------
        ExchangeError, ConnectError
            As `RestClient.get`.
        RemoteProtocolError
            If the list cannot be read.
        """
        async with self._locks.setdefault(kind, asyncio.Lock()):
            loaded, names = self._lists.get(kind, (0.0, ()))
            if not names or self._monotonic() - loaded > _KEPT:
                names = await self._load(kind)
                self._lists[kind] = (self._monotonic(), names)
            return names

    async def _load(self, kind: str) -> tuple[str, ...]:
        if kind == SPREAD:
            return tuple(row.sprd_id for row in await spread_rows(self._rest))
        if kind == FAMILY:
            options = await self.names("OPTION")
            # Of BTC-USD-261225-100000-C: the rest is expiry, strike and side.
            return tuple(sorted({one.rsplit("-", 3)[0] for one in options}))
        if kind in _IN_PARTS:
            tickers = await self._rest.get("/api/v5/market/tickers", {"instType": kind})
            return tuple(row.inst_id for row in read_list(tickers, _Ticker, kind))
        if kind == INDEX:
            rows = await instrument_rows(self._rest, "SWAP")
            return tuple(sorted({row.uly for row in rows if row.uly}))
        rows = await instrument_rows(self._rest, kind)
        return tuple(row.inst_id for row in rows if row.inst_id)


async def spread_rows(rest: RestClient, sprd_id: str | None = None) -> list[Spread]:
    """Return the spreads that are listed, or one of them.

    Parameters
    ----------
    rest
        Where the list is.
    sprd_id
        Which one; all by default.

    Raises
    ------
    ExchangeError, ConnectError
        As `RestClient.get`.
    RemoteProtocolError
        If the list cannot be read.
    """
    rows = await rest.get("/api/v5/sprd/spreads", {"sprdId": sprd_id})
    return read_list(rows, Spread, "spreads")
