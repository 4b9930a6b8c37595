"""The market-data calls of OKX's REST interface, with typed rows.

Paging is the same everywhere: answers come newest first, ``after`` asks for what
is older and ``before`` for what is newer, both exclusive.  ``before`` alone gives
the newest page and not the next one, so a stretch is asked for with both.
OKX API v5, "Market Data" and "Public Data".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeVar

import msgspec

from okxlab.errors import RemoteProtocolError
from okxlab.protocol.columns import Float, Ms, Text
from okxlab.protocol.rows import Candle, FundingRate, PriceCandle, SingleTrade
from okxlab.protocol.rows.base import InstType, Row

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CANDLE_LIMITS",
    "HISTORY_TRADES_LIMIT",
    "RECENT_BARS",
    "TRADES_LIMIT",
    "MarketCalls",
    "Rest",
]

RowT = TypeVar("RowT", bound=msgspec.Struct)

CANDLE_LIMITS: Final = {"candle": 300, "index-candle": 100, "mark-price-candle": 100}
"""Bars in one answer at most, for each family."""
TRADES_LIMIT: Final = 500
"""Newest trades in one answer at most."""
HISTORY_TRADES_LIMIT: Final = 100
"""Trades of a stretch in one answer at most."""
FUNDING_LIMIT: Final = 400
"""Payments of funding in one answer at most."""
RECENT_BARS: Final = 1_440
"""Bars that the calls for recent bars reach back."""

_CANDLE_CALLS: Final = {
    "candle": ("candles", "history-candles"),
    "index-candle": ("index-candles", "history-index-candles"),
    "mark-price-candle": ("mark-price-candles", "history-mark-price-candles"),
}


class Rest(Protocol):
    """Who asks: a `RestClient`."""

    async def get(
        self, path: str, params: Mapping[str, str | int | None] | None = None
    ) -> list[Any]:
        """Ask, and return the rows as they were sent."""

    async def time(self) -> int:
        """Return the exchange's time [Unix ms]."""


class _Payment(Row, frozen=True):
    """One payment of funding, as the history has it."""

    inst_type: InstType = ""
    inst_id: Text = ""
    method: Text = ""
    formula_type: Text = ""
    funding_rate: Float = ""
    realized_rate: Float = ""
    funding_time: Ms = ""


class MarketCalls:
    """Trades, bars and funding of the past.

    Parameters
    ----------
    rest
        Who asks; it keeps the rate limits.

    Notes
    -----
    Loop thread.  Every call raises what `RestClient.get` raises, and
    RemoteProtocolError if a row cannot be read.
    """

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def time(self) -> int:
        """Return the exchange's time [Unix ms]."""
        return await self._rest.time()

    async def trades(
        self, inst_id: str, limit: int = TRADES_LIMIT
    ) -> list[SingleTrade]:
        """Return the newest trades.

        Parameters
        ----------
        inst_id
            Instrument.
        limit
            How many at most, up to `TRADES_LIMIT`.

        Returns
        -------
        list of SingleTrade
            Oldest first, each match on its own.
        """
        asked: dict[str, str | int | None] = {"instId": inst_id, "limit": limit}
        return await self._rows("/api/v5/market/trades", asked, SingleTrade)

    async def history_trades(
        self,
        inst_id: str,
        *,
        after: int | None = None,
        before: int | None = None,
        by: Literal["trade_id", "ts"] = "trade_id",
        limit: int = HISTORY_TRADES_LIMIT,
    ) -> list[SingleTrade]:
        """Return trades of the last three months.

        Parameters
        ----------
        inst_id
            Instrument.
        after, before
            Only trades older and newer than this id or time [ms]; a time has no
            ``before``.
        by
            What the two mean.
        limit
            How many at most, the newest of them, up to `HISTORY_TRADES_LIMIT`.

        Returns
        -------
        list of SingleTrade
            Oldest first.
        """
        asked = {
            "instId": inst_id,
            "type": 1 if by == "trade_id" else 2,
            "after": after,
            "before": before,
            "limit": limit,
        }
        return await self._rows("/api/v5/market/history-trades", asked, SingleTrade)

    async def candles(
        self,
        family: str,
        inst_id: str,
        bar: str,
        *,
        after: int | None = None,
        before: int | None = None,
        recent: bool = False,
    ) -> list[Candle] | list[PriceCandle]:
        """Return bars.

        Parameters
        ----------
        family
            ``candle``, ``index-candle`` or ``mark-price-candle``.
        inst_id
            Instrument or index.
        bar
            OKX's name of the bar, for example ``"1H"``.
        after, before
            Only bars that open before and after these times [Unix ms].
        recent
            Ask the call that knows the newest `RECENT_BARS` bars only, the one
            that is still open among them, and which has the higher rate.

        Returns
        -------
        list of Candle or PriceCandle
            Oldest first, at most as many as `CANDLE_LIMITS` says, the newest.
        """
        asked = {
            "instId": inst_id,
            "bar": bar,
            "after": after,
            "before": before,
            "limit": CANDLE_LIMITS[family],
        }
        path = f"/api/v5/market/{_CANDLE_CALLS[family][0 if recent else 1]}"
        if family == "candle":
            return await self._rows(path, asked, Candle)
        return await self._rows(path, asked, PriceCandle)

    async def funding_rates(
        self, inst_id: str, *, after: int | None = None, before: int | None = None
    ) -> list[FundingRate]:
        """Return payments of funding of the last three months.

        Parameters
        ----------
        inst_id
            Instrument.
        after, before
            Only payments made before and after these times [Unix ms].

        Returns
        -------
        list of FundingRate
            Oldest first: ``ts`` and ``funding_time`` are when it was paid,
            ``funding_rate`` the forecast and ``sett_funding_rate`` what was paid.
        """
        asked = {
            "instId": inst_id,
            "after": after,
            "before": before,
            "limit": FUNDING_LIMIT,
        }
        path = "/api/v5/public/funding-rate-history"
        return [_as_rate(one) for one in await self._rows(path, asked, _Payment)]

    async def _rows(
        self, path: str, asked: dict[str, str | int | None], row: type[RowT]
    ) -> list[RowT]:
        sent = await self._rest.get(path, asked)
        try:
            rows = msgspec.convert(sent, list[row], strict=False)  # type: ignore[valid-type]  # a type at run time
        except msgspec.ValidationError as error:
            raise RemoteProtocolError(
                f"the answer of {path} cannot be read: {error}", text=str(sent)
            ) from error
        found: list[RowT] = rows
        found.reverse()
        return found


def _as_rate(payment: _Payment) -> FundingRate:
    return FundingRate(
        ts=payment.funding_time,
        inst_type=payment.inst_type,
        inst_id=payment.inst_id,
        method=payment.method,
        formula_type=payment.formula_type,
        funding_rate=payment.funding_rate,
        funding_time=payment.funding_time,
        sett_state="settled",
        sett_funding_rate=payment.realized_rate,
    )
