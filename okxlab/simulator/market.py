"""The simulated market: seeded, in virtual time, without clock or socket.

`Market` holds every instrument and is moved by `Market.advance` alone.  What
happened on the way comes back as `Change` objects, one for each push that a
subscriber of that channel would get, in the order in which they are due.  Only
what is watched (`Market.watch`) is turned into changes; watching never alters
what happens.

How it is made: `paths` draws the price of each underlying as a function of time,
`pricing` makes fair prices of it, `flow` and `matching` let random traders meet
around them in a `pit` for each instrument, `record` keeps what happened there and
`past` invents what happened before; `bars` and `candles` sum that up, `marks` and
`derived` tell what follows from the path alone, `options` what follows for options,
`window` and `tick_books` show books as the wire does, `listing` says what there is
and `notices` when that changes; the `floor` holds it all together, and `market_rows`
is what it can be asked.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from okxlab.simulator.candles import split_channel
from okxlab.simulator.change import Change
from okxlab.simulator.floor import Floor
from okxlab.simulator.instruments import TYPES
from okxlab.simulator.levels import BOOKS
from okxlab.simulator.market_rows import MarketRows
from okxlab.simulator.notices import Notices
from okxlab.simulator.quotes import first_ms
from okxlab.simulator.wire import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.derived import Derived
    from okxlab.simulator.instruments import Instrument
    from okxlab.simulator.pit import Pit
    from okxlab.simulator.rest_call import Call

__all__ = ["Market"]

_BY_TYPE = {
    "instruments": {*TYPES, "MARGIN"},
    "liquidation-orders": {"SWAP", "FUTURES", "MARGIN", "OPTION"},
}
"""Channels whose key is an instType, and the types that they have."""
_OF_OPTIONS = {"option-trades", "opt-summary"}
"""Channels of options, by family; trades by instrument as well."""
_OF_SOME = {
    "funding-rate": {"SWAP"},
    "open-interest": {*TYPES} - {"SPOT"},
    "option-trades": {"OPTION"},
}
"""Channels of instruments of some types."""
_OF_ALL = {"trades", "trades-all", "tickers", "books", "books5", "bbo-tbt"}
_OF_ALL |= BOOKS | {"mark-price", "price-limit"}
"""Channels that every instrument has."""


class Market(MarketRows):
    """A seeded market in virtual time.

    Parameters
    ----------
    seed
        Any integer.  The same seed and start give the same market, byte for byte.
    start_ms
        Virtual time at which live trading begins [Unix ms].  History before it
        exists.
    instruments
        How many instruments to list; at least 1.
    book_text
        Put the text that a legacy checksum covers on each ``books`` change.

    Attributes
    ----------
    now_ms
        Virtual time [Unix ms].
    calls
        None: REST is answered by asking the market, see `answers`.

    Raises
    ------
    ValueError
        If fewer than one instrument is asked for, or a start before 2020, when
        nothing is listed.

    Notes
    -----
    Not thread-safe: one thread moves and reads it.  A method that takes an instId
    raises KeyError if there is no such instrument.
    """

    def __init__(
        self,
        seed: int,
        *,
        start_ms: int,
        instruments: int = 20,
        book_text: bool = False,
    ) -> None:
        if instruments < 1:
            raise ValueError(f"a market needs an instrument, not {instruments}")
        if start_ms < first_ms(None):
            raise ValueError(f"nothing is listed before 2020, so not at {start_ms}")
        self.seed = seed
        self.start_ms = start_ms
        self.now_ms = start_ms
        self.calls: Mapping[str, Call] = {}
        self._watched: dict[tuple[str, str], int] = {}
        self._book_text = book_text
        self._floor = Floor(seed, start_ms, instruments, book_text=book_text)
        self._notices = Notices(self._floor.listed.values())

    @property
    def floor(self) -> Floor:
        """Where it all happens; for what is made of its instruments."""
        return self._floor

    def advance(self, to_ms: int) -> list[Change]:
        """Let virtual time pass.

        Parameters
        ----------
        to_ms
            The new virtual time [Unix ms]; not before `now_ms`.

        Returns
        -------
        list of Change
            Everything watched that fell due in (now_ms, to_ms], oldest first.
            Advancing in one step or in many gives the same changes.

        Raises
        ------
        ValueError
            If ``to_ms`` lies before `now_ms`.
        """
        if to_ms < self.now_ms:
            raise ValueError(f"time runs forward: {to_ms} is before {self.now_ms}")
        after_ms, self.now_ms = self.now_ms, to_ms
        out: list[Change] = []
        self._floor.run(after_ms, to_ms, out)
        kinds = {key for channel, key in self._watched if channel == "instruments"}
        self._notices.run(kinds, after_ms, to_ms, out)
        out.sort(key=attrgetter("ts"))
        return _in_one_go(out)

    def find(self, arg: Arg) -> str | None:
        """Return the instId, else the family or type, of an arg that it `knows`."""
        keys = ("instId", "instFamily", "instType")
        key = next((found for k in keys if (found := arg.get(k))), None)
        return key if key is not None and self.knows(arg.channel, key) else None

    def watch(self, channel: str, key: str) -> None:
        """Ask for the changes of one channel and instrument from now on.

        Counted: as many `unwatch` calls end it.  For ``books``, watching and
        taking `book` without an `advance` in between makes the next change
        follow that snapshot (its ``prevSeqId`` is the snapshot's ``seqId``).

        Parameters
        ----------
        channel
            Channel name as OKX spells it.
        key
            The instId (for index channels the index, such as ``"BTC-USDT"``), the
            instType for ``instruments`` and ``liquidation-orders``, or the
            instFamily for channels of options.

        Raises
        ------
        KeyError
            If `knows` says no.
        """
        if not self.knows(channel, key):
            raise KeyError((channel, key))
        count = self._watched[channel, key] = self._watched.get((channel, key), 0) + 1
        if count == 1:
            for place in self._places(channel, key):
                place.watch(channel, self.now_ms)

    def unwatch(self, channel: str, key: str) -> None:
        """Take back one `watch`; harmless if there is none."""
        count = self._watched.pop((channel, key), 0)
        if count > 1:
            self._watched[channel, key] = count - 1
        elif count:
            for place in self._places(channel, key):
                place.unwatch(channel)

    def knows(self, channel: str, key: str) -> bool:
        """Tell whether the market has this channel for this instrument or type.

        False means that the exchange answers 60018: no such channel, no such
        instrument, or a channel that the instrument does not have (a funding
        rate of a spot pair, a candle of a bar that does not exist), or no longer.
        """
        if channel in _BY_TYPE:
            return key in _BY_TYPE[channel]
        family = (split_channel(channel) or ("", ""))[0]
        if channel == "index-tickers" or family == "index-candle":
            return key in self._floor.indices
        one = self.instrument(key)
        if one is None:
            family_of = self._floor.live(self.now_ms, "OPTION", key)
            return channel in _OF_OPTIONS and any(family_of)
        kinds = _OF_SOME.get(channel, set())
        return bool(family) or channel in _OF_ALL or one.inst_type in kinds

    def first(self, channel: str, key: str) -> list[Any]:
        """Return the rows of the first push after subscribing.

        Returns
        -------
        list
            Wire rows as they stand now: the last trade for ``trades``, the current
            bar for candles, a snapshot with ``prevSeqId`` -1 for ``books``.  Empty
            where OKX sends nothing at first (``liquidation-orders``).

        Raises
        ------
        KeyError
            If `knows` says no.
        """
        if not self.knows(channel, key):
            raise KeyError((channel, key))
        if channel in _BY_TYPE:
            return self.instruments(key) if channel == "instruments" else []
        if channel in _OF_OPTIONS:
            return self._first_of_options(channel, key)
        (place,) = self._places(channel, key)
        return [place.first(channel, self.now_ms)]

    def opening(self, channel: str, key: str) -> Change | None:
        """Return the first push of a channel: `first` and what goes with it."""
        rows = self.first(channel, key)
        if not rows:
            return None
        if channel not in BOOKS:
            return Change(self.now_ms, channel, key, rows)
        text = self.pit(key).text(channel) if self._book_text else ""
        return Change(self.now_ms, channel, key, rows, "snapshot", text)

    def inst_ids(self, inst_type: str | None = None) -> list[str]:
        """Return the ids of the listed instruments, of all types by default."""
        return [one.inst_id for one in self._floor.live(self.now_ms, inst_type)]

    def instrument(self, named: object) -> Instrument | None:
        """Return an instrument that is traded now; None if there is no such one.

        Parameters
        ----------
        named
            Its instId or, as a number, its instIdCode; nothing else names one.
        """
        if isinstance(named, int):
            live = self._floor.live(self.now_ms)
            return next((one for one in live if one.code == named), None)
        one = self._floor.listed.get(named) if isinstance(named, str) else None
        return None if one is None or one.is_expired(self.now_ms) else one

    @property
    def listed(self) -> Mapping[str, Instrument]:
        """Every instrument by its id, expired ones too, in listing order."""
        return self._floor.listed

    def pit(self, inst_id: str) -> Pit:
        """Return where an instrument is traded, brought up to now.

        What is done there must leave its flow alone.
        """
        return self._floor.pit(inst_id, self.now_ms)

    def value(self, channel: str, key: str, ms: int) -> object:
        """Return what follows from the path at a moment, as whole numbers.

        Parameters
        ----------
        channel
            ``"mark-price"`` [1/10 tick], ``"price-limit"`` [ticks: buy, sell] or
            ``"index-tickers"`` [steps of `index_step`].
        key
            The instrument or index.
        ms
            The moment [Unix ms].
        """
        floor = self._floor
        derived = floor.index_price if channel == "index-tickers" else floor.mark
        return derived(key).states[channel].value(ms)

    def price_text(self, channel: str, key: str, ms: int) -> str:
        """Return a mark price or an index of a moment as decimal text.

        Parameters
        ----------
        channel, key, ms
            As for `value`; ``"mark-price"`` or ``"index-tickers"``.
        """
        price = cast("int", self.value(channel, key, ms))
        if channel == "index-tickers":
            return self.index_step(key).text(price)
        tick = self.listed[key].tick
        return Step(tick.unit, tick.places + 1).text(price)

    def mark_open(self, inst_id: str, minute: int) -> int:
        """Return the mark price at the opening of a minute [1/10 tick].

        Cheaper than `value` for minutes far apart.
        """
        return self._floor.mark(inst_id).series.bars.minute(minute).open

    def index_step(self, index_id: str) -> Step:
        """Return the worth of one step of an index."""
        return self._floor.indices[index_id].asset.tick

    def index_ids(self) -> list[str]:
        """Return the ids of the indices, such as ``"BTC-USDT"``."""
        return list(self._floor.indices)

    def _first_of_options(self, channel: str, key: str) -> list[dict[str, Any]]:
        """Return the newest trade, or a row of each option of a family."""
        pits = [
            self.pit(one.inst_id)
            for one in self._floor.live(self.now_ms, "OPTION")
            if key in {one.inst_id, one.family}
        ]
        if channel == "opt-summary":
            return [pit.summary(self.now_ms) for pit in pits]
        last = max(pits, key=lambda pit: pit.record.last_trade().ms)
        return [last.option_trade(last.record.last_trade())]

    def _places(self, channel: str, key: str) -> list[Pit] | list[Derived]:
        """Return what tells a channel."""
        if channel == "instruments":
            return []
        if channel == "liquidation-orders":
            kept = self._floor.listed.values()
            ids = [one.inst_id for one in kept if one.inst_type == key]
            return [self._floor.pit(inst_id, self.now_ms) for inst_id in ids]
        if channel in _OF_OPTIONS and key not in self._floor.listed:
            kept = self._floor.listed.values()
            ids = [
                o.inst_id for o in kept if (o.inst_type, o.family) == ("OPTION", key)
            ]
            return [self._floor.pit(inst_id, self.now_ms) for inst_id in ids]
        if channel.startswith("index-"):
            return [self._floor.index_price(key)]
        if channel.startswith(("mark-price", "price-limit")):
            return [self._floor.mark(key)]
        return [self._floor.pit(key, self.now_ms)]


def _in_one_go(changes: list[Change]) -> list[Change]:
    """Make one push of what all options of a family tell at a moment."""
    summaries: dict[tuple[int, str], Change] = {}
    told = []
    for change in changes:
        if change.channel != "opt-summary":
            told.append(change)
        elif (whole := summaries.get((change.ts, change.key))) is not None:
            whole.rows.extend(change.rows)
        else:
            summaries[change.ts, change.key] = change
            told.append(change)
    return told
