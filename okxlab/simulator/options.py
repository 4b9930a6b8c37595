"""Rows of options: their trades with the market around them, and their greeks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.simulator.greeks import Contract, greeks, implied
from okxlab.simulator.marks import IndexPrice, MarkPrice
from okxlab.simulator.paths import HOUR_MS

if TYPE_CHECKING:
    from okxlab.simulator.instruments import Instrument
    from okxlab.simulator.past import Trade
    from okxlab.simulator.pricing import Index, OptionFair
    from okxlab.simulator.quotes import Quotes

__all__ = ["OptionRows", "fixed"]

_PLACES = 10
"""Decimal places of greeks and volatilities, as many as all platforms agree on."""
_LEAST_VOLATILITY = 1e-4


def fixed(value: float, places: int = _PLACES) -> str:
    """Write a number as decimal text without trailing zeros."""
    text = f"{value:.{places}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


class OptionRows:
    """Writes the rows of one option.

    Parameters
    ----------
    instrument, index, fair
        The option, the index it follows, and how it is priced.
    quotes
        Writes its prices and sizes.
    """

    def __init__(
        self, instrument: Instrument, index: Index, fair: OptionFair, quotes: Quotes
    ) -> None:
        self._instrument = instrument
        self._fair = fair
        self._path = index.path
        self._quotes = quotes
        self._mark = MarkPrice(instrument, index.path, fair)
        self._index = IndexPrice(index)
        self._tick = instrument.tick.unit / 10**instrument.tick.places

    def trade(self, trade: Trade) -> dict[str, Any]:
        """Return the ``option-trades`` row of a match."""
        one, px, ms = self._instrument, self._quotes.prices, trade.ms
        contract = self._contract(ms)
        price = trade.tick * self._tick * contract.forward
        return {
            "fillVol": fixed(implied(contract, price)),
            "fwdPx": fixed(contract.forward),
            "idxPx": self._index.step.text(self._index.at(ms)),
            "instFamily": one.family,
            "instId": one.inst_id,
            "markPx": self._mark.step.text(self._mark.at(ms)),
            "optType": one.opt_type,
            "px": px[trade.tick],
            "side": "buy" if trade.lots > 0 else "sell",
            "sz": self._quotes.sizes[abs(trade.lots)],
            "tradeId": str(trade.trade_id),
            "ts": str(ms),
        }

    def summary(self, ms: int, bid: int | None, ask: int | None) -> dict[str, Any]:
        """Return the ``opt-summary`` row of a moment.

        Parameters
        ----------
        ms
            When [Unix ms].
        bid, ask
            The best prices [ticks]; None if there is none.

        Returns
        -------
        dict
            Greeks in coin (``delta``) are those of the price in coin as the
            forward changes by its own size, as OKX has them: of a price ``V`` in
            coin and a forward ``F``, ``F dV/dF`` and ``F² d²V/dF²``.
        """
        contract = self._contract(ms)
        forward = contract.forward
        mark = self._mark.at(ms) * self._mark.step.unit / 10**self._mark.step.places
        volatility = max(implied(contract, mark * forward), _LEAST_VOLATILITY)
        dollar = greeks(contract, volatility)

        def implied_by(tick: int | None) -> str:
            price = 0.0 if tick is None else tick * self._tick * forward
            return fixed(implied(contract, price))

        return {
            "instType": self._instrument.inst_type,
            "instId": self._instrument.inst_id,
            "uly": self._instrument.family,
            "delta": fixed(dollar.delta - mark),
            "gamma": fixed(forward * dollar.gamma - 2 * dollar.delta + 2 * mark),
            "vega": fixed(dollar.vega / forward),
            "theta": fixed(dollar.theta / forward),
            "lever": fixed(1 / mark),
            "markVol": fixed(volatility),
            "bidVol": implied_by(bid),
            "askVol": implied_by(ask),
            "realVol": "",
            "deltaBS": fixed(dollar.delta),
            "gammaBS": fixed(dollar.gamma),
            "thetaBS": fixed(dollar.theta),
            "vegaBS": fixed(dollar.vega),
            "ts": str(ms),
            "fwdPx": fixed(forward),
            "volLv": fixed(self._fair.volatility(ms // HOUR_MS)),
        }

    def _contract(self, ms: int) -> Contract:
        hour = ms // HOUR_MS
        return Contract(
            forward=self._fair.forward(self._path.at(ms), hour),
            strike=float(self._instrument.strike),
            years=self._fair.years(hour),
            is_call=self._instrument.opt_type == "C",
        )
