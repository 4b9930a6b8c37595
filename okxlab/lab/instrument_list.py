"""What is listed, by REST: typed rows, DataFrames and near misses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from okxlab.errors import RemoteProtocolError
from okxlab.protocol.channels import SPREAD, channel, near_miss
from okxlab.protocol.rows import Instrument
from okxlab.table import make_table, parse_window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pandas as pd

    from okxlab.rest import RestClient

__all__ = ["NearMisses", "instrument_frame", "instrument_rows", "read_list"]

_Row = TypeVar("_Row", bound=msgspec.Struct)


async def instrument_rows(
    rest: RestClient,
    inst_type: str,
    inst_family: str | None = None,
    series_id: str | None = None,
    inst_id: str | None = None,
) -> list[Instrument]:
    """Return the instruments of one type, or one of them, as typed rows.

    Raises
    ------
    ExchangeError, ConnectError
        As `RestClient.get`.
    RemoteProtocolError
        If a value in the list does not fit its field.
    """
    found = await rest.instruments(inst_type, inst_family, series_id, inst_id)
    return read_list(found, Instrument, f"{inst_type} instruments")


def read_list(found: list[Any], row: type[_Row], what: str) -> list[_Row]:
    """Return what REST has listed as typed rows.

    Parameters
    ----------
    found
        The rows as they came.
    row
        Their type.
    what
        What is listed, for the error.

    Raises
    ------
    RemoteProtocolError
        If a value in the list does not fit its field.
    """
    try:
        return [msgspec.convert(one, row, strict=False) for one in found]
    except msgspec.ValidationError as error:
        raise RemoteProtocolError(
            f"the list of {what} cannot be read: {error}"
        ) from error


def instrument_frame(rows: list[Instrument]) -> pd.DataFrame:
    """Return rows as a DataFrame with the dtypes of the instruments channel."""
    entry = channel("instruments")
    table = make_table(
        entry.kind, entry.columns(), window=parse_window(1_000_000), key=entry.key
    )
    table.append(rows, 0)
    return table.snapshot()


class NearMisses:
    """Which instrument was perhaps meant.

    Parameters
    ----------
    names
        Returns what is listed of a kind, as `Catalogue.names`.
    """

    def __init__(self, names: Callable[[str], Awaitable[tuple[str, ...]]]) -> None:
        self._names = names

    async def of(self, inst_id: str) -> str:
        """Return a hint such as ``"; did you mean 'BTC-USDT'?"``.

        Raises
        ------
        ExchangeError, ConnectError
            As `RestClient.get`.
        """
        for inst_type in _likely_types(inst_id):
            hint = near_miss(inst_id, await self._names(inst_type))
            if hint:
                return f"{hint} okxlab.instruments({inst_type!r}) lists all"
        return "; okxlab.instruments('SPOT') lists what there is"

    async def of_spread(self, sprd_id: str) -> str:
        """Return such a hint for a spread; nothing if no spread is like it.

        Raises
        ------
        ExchangeError, ConnectError
            As `RestClient.get`.
        RemoteProtocolError
            If the list cannot be read.
        """
        hint = near_miss(sprd_id, await self._names(SPREAD))
        if not hint and "_" not in sprd_id:
            return (
                "; a spread is named by its two instruments, "
                "for example 'BTC-USDT_BTC-USDT-SWAP'"
            )
        return hint


def _likely_types(inst_id: str) -> tuple[str, ...]:
    """Guess where to look; only a hint hangs on it."""
    if inst_id.upper().endswith("-SWAP"):
        return ("SWAP", "SPOT")
    return ("SPOT", "SWAP") if inst_id.count("-") < 2 else ("SWAP", "FUTURES")
