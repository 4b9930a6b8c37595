"""A market that stands still, for a load to begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.change import Change
    from okxlab.simulator.market import Market
    from okxlab.simulator.rest_call import Call

__all__ = ["StandingMarket"]


class StandingMarket:
    """What a market's channels begin with, had at once for any number of instruments.

    To make the day and the book of one instrument takes tens of milliseconds.  A
    load has no use for hundreds of them: all instruments of a type begin with what
    the first of them that is asked for begins with, under names of their own.

    Parameters
    ----------
    market
        The market; what is asked of it is made as always.

    Attributes
    ----------
    calls
        Those of the market.
    """

    def __init__(self, market: Market) -> None:
        self.calls: Mapping[str, Call] = market.calls
        self._market = market
        # By channel and type of instrument.
        self._models: dict[tuple[str, str], Change | None] = {}

    def find(self, arg: Arg) -> str | None:
        """Return the key of what an arg is about, as the market does."""
        return self._market.find(arg)

    def watch(self, channel: str, key: str) -> None:
        """Do nothing: nothing goes on."""

    def unwatch(self, channel: str, key: str) -> None:
        """Do nothing, as `watch`."""

    def opening(self, channel: str, key: str) -> Change | None:
        """Return the first push of a channel."""
        one = self._market.instrument(key)
        if one is None:  # a family or a type
            return self._first(channel, key)
        kind = (channel, one.inst_type)
        if kind not in self._models:
            self._models[kind] = self._first(channel, key)
        model = self._models[kind]
        if model is None:
            return None
        rows = [_renamed(row, key) for row in model.rows]
        return msgspec.structs.replace(model, key=key, rows=rows)

    def advance(self, to_ms: int) -> list[Change]:  # noqa: ARG002  # it stands still
        """Tell nothing, whatever the time."""
        return []

    def _first(self, channel: str, key: str) -> Change | None:
        # A deep book has a text to check only while it is watched.
        self._market.watch(channel, key)
        try:
            return self._market.opening(channel, key)
        finally:
            self._market.unwatch(channel, key)


def _renamed(row: Any, inst_id: str) -> Any:
    """Return a row of another instrument; bars and books name none."""
    return row | {"instId": inst_id} if "instId" in row else row
