"""Tells the stories of one account: which rows are due, and which are in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from okxlab.simulator.accounts.scripted.algos import ALGOS
from okxlab.simulator.accounts.scripted.blocks import BLOCKS
from okxlab.simulator.accounts.scripted.bots import BOTS
from okxlab.simulator.accounts.scripted.funds import FUNDS
from okxlab.simulator.accounts.scripted.grids import GRIDS
from okxlab.simulator.accounts.scripted.spread_orders import SPREAD_ORDERS
from okxlab.simulator.accounts.scripted.story import Life
from okxlab.simulator.draws import source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okxlab.simulator.accounts.account import Account
    from okxlab.simulator.accounts.scripted.story import Story, Thing
    from okxlab.simulator.accounts.venue import Venue

__all__ = ["REGULAR", "SCRIPTED", "STATES", "Stories"]

_STORIES: Final = (*ALGOS, *FUNDS, *GRIDS, *BOTS, *BLOCKS, *SPREAD_ORDERS)

SCRIPTED: Final = frozenset(
    thing.channel for story in _STORIES for thing in story.things
)
"""The private channels that are scripted."""
_BY_CHANNEL: Final = {
    channel: tuple(
        story
        for story in _STORIES
        if any(thing.channel == channel for thing in story.things)
    )
    for channel in SCRIPTED
}
REGULAR: Final = frozenset(
    {"grid-orders-spot", "grid-orders-contract", "algo-recurring-buy"}
)
"""Those that are pushed regularly besides (reference, 2.2)."""
STATES: Final = REGULAR | {"algo-advance", "grid-positions", "grid-sub-orders"}
"""Those that begin with what is in force."""

Rows = list[dict[str, Any]]


class Stories:
    """The stories of one account.

    Parameters
    ----------
    account
        Whose.
    venue
        Where prices come from.
    """

    def __init__(self, account: Account, venue: Venue) -> None:
        self._account = account
        self._venue = venue
        self._lives: dict[str, dict[int, Life]] = {one.name: {} for one in _STORIES}
        # So that not all of them begin at once.
        self._shifts = {
            one.name: source(venue.seed, account.uid, one.name).getrandbits(16)
            % one.every_s
            for one in _STORIES
        }

    def due(self, channel: str, ms: int) -> Rows:
        """Return the rows that are due on a channel at a full second [Unix ms]."""
        return [
            thing.row(life, ms)
            for life, thing in self._things(channel, ms)
            if thing.has_step(ms - life.begin_ms)
        ]

    def state(self, channel: str, ms: int) -> Rows:
        """Return the rows that are in force on a channel."""
        return [
            thing.row(life, ms)
            for life, thing in self._things(channel, ms)
            if thing.is_alive(ms - life.begin_ms)
        ]

    def _things(self, channel: str, ms: int) -> Iterator[tuple[Life, Thing]]:
        for story in _BY_CHANNEL[channel] if self._venue.pairs else ():
            if story.in_demo or not self._account.simulated:
                for life in self._living(story, ms):
                    for thing in story.things:
                        if thing.channel == channel:
                            yield life, thing

    def _living(self, story: Story, ms: int) -> list[Life]:
        """Return the tellings of a story that are not over, oldest first."""
        shift = self._shifts[story.name]
        newest, since = divmod(ms // 1000 - shift, story.every_s)
        oldest = newest - max(story.length_s - since, 0) // story.every_s
        kept = self._lives[story.name]
        if list(kept) != list(range(oldest, newest + 1)):
            self._lives[story.name] = kept = {
                number: kept.get(number) or self._begin(story, number)
                for number in range(oldest, newest + 1)
            }
        return list(kept.values())

    def _begin(self, story: Story, number: int) -> Life:
        begin_ms = (number * story.every_s + self._shifts[story.name]) * 1000
        return Life(story, self._account, self._venue, number, begin_ms)
