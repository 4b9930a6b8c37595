"""What a size means: contracts through their value into currency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pandas as pd

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Terms"]

_AS_TRADED = "base currency (spot) or contracts"


class Terms(msgspec.Struct, frozen=True):
    """The unit of an instrument's sizes and what it is worth.

    Attributes
    ----------
    base, quote
        The currencies of the price, which is quote per base.
    contract
        Value of one contract; None for spot.
    in_quote
        Whether that value is in quote currency: an inverse contract.
    """

    base: str
    quote: str
    contract: float | None = None
    in_quote: bool = False

    @property
    def unit(self) -> str:
        """The unit of sizes."""
        return self.base if self.contract is None else "contracts"

    def in_base(
        self, px: NDArray[np.float64], sz: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return sizes in base currency."""
        if self.contract is None:
            return sz
        value = sz * self.contract
        return value / px if self.in_quote else value

    def in_quote_currency(
        self, px: NDArray[np.float64], sz: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return what sizes are worth at their price in quote currency."""
        if self.in_quote and self.contract is not None:
            return sz * self.contract
        return self.in_base(px, sz) * px

    @classmethod
    def of(cls, instrument: Any) -> Terms:
        """Return the terms of an instrument.

        Parameters
        ----------
        instrument
            A row of `okxlab.instruments`, for example
            ``okxlab.instruments("SWAP").loc["BTC-USDT-SWAP"]``; or a mapping or
            typed row with the same names.

        Raises
        ------
        ValueError
            If it does not say what a size means.
        """
        inst_type = _text(instrument, "inst_type")
        base, _, quote = _text(instrument, "uly").partition("-")
        base = _text(instrument, "base_ccy") or base
        quote = _text(instrument, "quote_ccy") or quote
        if inst_type in ("SPOT", "MARGIN"):
            return cls(base, quote)
        value, currency = _get(instrument, "ct_val"), _text(instrument, "ct_val_ccy")
        if not inst_type or not currency or _is_missing(value):
            raise ValueError(
                "that is no row of an instrument with inst_type, ct_val and "
                "ct_val_ccy: use okxlab.instruments('SWAP').loc['BTC-USDT-SWAP']"
            )
        times = _get(instrument, "ct_mult")
        contract = float(value) * (1.0 if _is_missing(times) else float(times))
        return cls(base, quote, contract, currency != base)


def unit_of(terms: Terms | None) -> str:
    """Return the unit of sizes, also where the instrument is not known."""
    return _AS_TRADED if terms is None else terms.unit


def _get(instrument: Any, name: str) -> Any:
    if isinstance(instrument, pd.Series) or hasattr(instrument, "keys"):
        return instrument.get(name)
    return getattr(instrument, name, None)


def _is_missing(value: Any) -> bool:
    return bool(pd.isna(value)) or value == ""


def _text(instrument: Any, name: str) -> str:
    value = _get(instrument, name)
    return "" if _is_missing(value) else str(value)
