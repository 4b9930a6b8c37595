"""What holders of contracts pay and hold: funding rate and open interest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.simulator.draws import source
from okxlab.simulator.paths import HOUR_MS, remember
from okxlab.simulator.wire import decimal

if TYPE_CHECKING:
    from okxlab.simulator.amounts import Amounts
    from okxlab.simulator.instruments import Instrument
    from okxlab.simulator.pricing import Premium

__all__ = ["Funding", "OpenInterest"]

_PERIOD_MS = 8 * HOUR_MS
_PLACES = 16
_INTEREST: int = 10 ** (_PLACES - 4)
"""Interest a period: 0.01 %."""
_DAMPED: int = 2 * 10 ** (_PLACES - 5)
"""How far interest may pull the rate from the premium: 0.002 %."""
_MOST: int = 375 * 10 ** (_PLACES - 5)
"""Greatest rate a period: 0.375 %."""
_SAMPLES = 60
"""Minutes over which the premium is averaged, with fading memory."""
_HISTORY = 270
"""Payments that OKX remembers: those of three months."""
_HELD_HOURS = 30
"""Hours of usual volume that are held as open positions."""


class Funding:
    """The funding rate of a perpetual swap, from its premium over the index.

    Parameters
    ----------
    instrument
        The swap.
    premium
        The premium it trades at, as drawn; what came before the start follows it.
    start_ms
        When the market starts [Unix ms].
    """

    def __init__(self, instrument: Instrument, premium: Premium, start_ms: int) -> None:
        self._inst_id = instrument.inst_id
        self._inst_type = instrument.inst_type
        self._period = start_ms // _PERIOD_MS
        self._drawn = premium
        self._paid: dict[int, int] = {}
        self._premium = premium.at(start_ms // HOUR_MS) * 10 ** (_PLACES - 9)
        self._settled = self._before_start(self._period)

    def sample(self, ms: int, middle: int, index: int) -> None:
        """Take one look a minute at the middle of the book and the index.

        Parameters
        ----------
        ms
            When [Unix ms].
        middle, index
            Both in the same unit.
        """
        if ms // _PERIOD_MS != self._period:
            self._period, self._settled = ms // _PERIOD_MS, _rate(self._premium)
            remember(self._paid, self._period, self._settled, _HISTORY)
        seen = (middle - index) * 10**_PLACES // index
        self._premium += (seen - self._premium) // _SAMPLES

    def row(self, ms: int) -> dict[str, Any]:
        """Return the ``funding-rate`` row of a moment."""
        period = ms // _PERIOD_MS
        rate = _rate(self._premium)
        settled = self._settled if period == self._period else rate
        return {
            "instType": self._inst_type,
            "instId": self._inst_id,
            "method": "current_period",
            "formulaType": "withRate",
            "fundingRate": decimal(rate, _PLACES),
            "nextFundingRate": "",
            "fundingTime": str((period + 1) * _PERIOD_MS),
            "nextFundingTime": str((period + 2) * _PERIOD_MS),
            "minFundingRate": decimal(-_MOST, _PLACES),
            "maxFundingRate": decimal(_MOST, _PLACES),
            "interestRate": decimal(_INTEREST, _PLACES),
            "impactValue": "20000",
            "settState": "settled",
            "settFundingRate": decimal(settled, _PLACES),
            "premium": decimal(self._premium, _PLACES),
            "ts": str(ms),
        }

    def history(self, ms: int) -> list[dict[str, Any]]:
        """Return the rates paid in the last three months, newest first."""
        last = ms // _PERIOD_MS
        rows = []
        for period in range(last, last - _HISTORY, -1):
            rate = self._paid_at(period)
            rows.append({
                "formulaType": "withRate",
                "fundingRate": decimal(rate, _PLACES),
                "fundingTime": str(period * _PERIOD_MS),
                "instId": self._inst_id,
                "instType": self._inst_type,
                "method": "current_period",
                "realizedRate": decimal(rate, _PLACES),
            })  # fmt: skip
        return rows

    def _paid_at(self, period: int) -> int:
        """Return the rate paid at the beginning of a period."""
        if period > self._period:
            return _rate(self._premium)  # no minute was looked at since
        return (
            self._paid[period] if period in self._paid else self._before_start(period)
        )

    def _before_start(self, period: int) -> int:
        before = self._drawn.at(period * (_PERIOD_MS // HOUR_MS))
        return _rate(before * 10 ** (_PLACES - 9))


class OpenInterest:
    """The contracts held in one derivative.

    Parameters
    ----------
    seed
        The market's.
    instrument, amounts
        The derivative, and how it is counted.
    start_ms
        When the market starts [Unix ms].
    """

    def __init__(
        self, seed: int, instrument: Instrument, amounts: Amounts, start_ms: int
    ) -> None:
        temper = instrument.temper
        draw = source(seed, instrument.inst_id, "held", start_ms).getrandbits
        hourly = temper.median * 3_600_000_000 // temper.mean_us // 4
        self._usual: int = max(hourly * _HELD_HOURS, 100 * instrument.least)
        self._lots = self._usual * (900 + draw(8)) // 1024
        self._instrument = instrument
        self._amounts = amounts

    def trade(self, lots: int, seq: int, *, forced: bool) -> None:
        """Count a taker: opening, closing or passing a position on.

        Parameters
        ----------
        lots
            How much it traded.
        seq
            Its sequence number, which decides what it was.
        forced
            Whether it was a liquidation, which closes.
        """
        kind = (seq * 2_654_435_761 >> 8) & 3
        if forced or kind == 0:
            self._lots = max(self._lots - lots, self._usual // 2)
        elif kind == 1:
            self._lots += lots if self._lots < self._usual * 2 else -lots

    def row(self, ms: int, tick: int, path_price: int) -> dict[str, Any]:
        """Return the ``open-interest`` row of a moment.

        Parameters
        ----------
        ms
            When [Unix ms].
        tick, path_price
            The last price, and that of the underlying, for what it is worth.
        """
        weight = self._amounts.weigh(self._lots, tick, path_price)
        return {
            "instType": self._instrument.inst_type,
            "instId": self._instrument.inst_id,
            "oi": self._amounts.lots(self._lots),
            "oiCcy": self._amounts.base(self._lots, weight),
            "oiUsd": self._amounts.quote(self._lots, weight),
            "ts": str(ms),
        }


def _rate(premium: int) -> int:
    """Return the rate for a premium, both in units of ``10**-_PLACES``."""
    pulled = min(max(_INTEREST - premium, -_DAMPED), _DAMPED)
    return min(max(premium + pulled, -_MOST), _MOST)
