"""What is listed, by REST: typed rows, DataFrames and near misses."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from okxlab.errors import RemoteProtocolError
from okxlab.protocol.channels import channel, near_miss
from okxlab.protocol.rows import Instrument
from okxlab.table import make_table, parse_window

if TYPE_CHECKING:
    import pandas as pd

    from okxlab.rest import RestClient

__all__ = ["NearMisses", "instrument_frame", "instrument_rows"]


async def instrument_rows(
    rest: RestClient,
    inst_type: str,
    inst_family: str | None = None,
    series_id: str | None = None,
) -> list[Instrument]:
    """Return the instruments of one type as typed rows.

    Raises
    ------
    ExchangeError, ConnectError
        As `RestClient.get`.
    RemoteProtocolError
        If a value in the list does not fit its field.
    """
    found = await rest.instruments(inst_type, inst_family, series_id)
    try:
        return msgspec.convert(found, list[Instrument], strict=False)
    except msgspec.ValidationError as error:
        raise RemoteProtocolError(
            f"the list of {inst_type} instruments cannot be read: {error}"
        ) from error


def instrument_frame(rows: list[Instrument]) -> pd.DataFrame:
    """Return rows as a DataFrame with the dtypes of the instruments channel."""
    entry = channel("instruments")
    table = make_table(
        entry.kind, entry.columns(), window=parse_window(1_000_000), key=entry.key
    )
    table.append(rows, 0)
    return table.snapshot()


_SPREADS = "spreads"
"""Under which the ids of spreads are kept, beside those of instrument types."""


class _Spread(msgspec.Struct, rename="camel"):
    """A row of the list of spreads, as far as a hint needs it."""

    sprd_id: str


class NearMisses:
    """Which instrument was perhaps meant; loads each list once.

    Parameters
    ----------
    rest
        Where the lists are.
    """

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self._lists: dict[str, tuple[str, ...]] = {}
        # One refusal loads a list, the others of the same request wait for it.
        self._lock = asyncio.Lock()

    async def of(self, inst_id: str) -> str:
        """Return a hint such as ``"; did you mean 'BTC-USDT'?"``.

        Raises
        ------
        ExchangeError, ConnectError
            As `RestClient.get`.
        """
        for inst_type in _likely_types(inst_id):
            hint = near_miss(inst_id, await self._list(inst_type))
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
        async with self._lock:
            if _SPREADS not in self._lists:
                rows = await self._rest.get("/api/v5/sprd/spreads", {})
                try:
                    found = msgspec.convert(rows, list[_Spread])
                except msgspec.ValidationError as error:
                    raise RemoteProtocolError(
                        f"the list of spreads cannot be read: {error}"
                    ) from error
                self._lists[_SPREADS] = tuple(row.sprd_id for row in found)
        hint = near_miss(sprd_id, self._lists[_SPREADS])
        if not hint and "_" not in sprd_id:
            return (
                "; a spread is named by its two instruments, "
                "for example 'BTC-USDT_BTC-USDT-SWAP'"
            )
        return hint

    async def _list(self, inst_type: str) -> tuple[str, ...]:
        async with self._lock:
            if inst_type not in self._lists:
                rows = await instrument_rows(self._rest, inst_type)
                ids = tuple(row.inst_id for row in rows if row.inst_id)
                self._lists[inst_type] = ids
            return self._lists[inst_type]


def _likely_types(inst_id: str) -> tuple[str, ...]:
    """Guess where to look; only a hint hangs on it."""
    if inst_id.upper().endswith("-SWAP"):
        return ("SWAP", "SPOT")
    return ("SPOT", "SWAP") if inst_id.count("-") < 2 else ("SWAP", "FUTURES")
