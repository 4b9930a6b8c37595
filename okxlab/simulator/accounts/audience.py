"""Who listens to which account, and what each subscription gets to hear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from okxlab.protocol.messages import encode_push
from okxlab.simulator.accounts.pages import pages
from okxlab.simulator.accounts.scripted.stories import (
    REGULAR,
    SCRIPTED,
    STATES,
)
from okxlab.simulator.accounts.shares import of_ccy, scripted_share, share, told_of
from okxlab.simulator.topic import Topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.accounts.accounts import Accounts
    from okxlab.simulator.accounts.desk import Desk
    from okxlab.simulator.link import Link

__all__ = ["CHANNELS", "COUNTED", "MOST_CONNECTIONS", "OWN", "Audience"]

OWN = frozenset(
    {
        "account",
        "account-greeks",
        "balance_and_position",
        "fills",
        "liquidation-warning",
        "orders",
        "positions",
    }
)
"""The private channels that tell what accounts do."""
CHANNELS = OWN | SCRIPTED
"""All private channels."""
_IN_PAGES = frozenset({"account", "positions"})
"""Those whose snapshots come in pages, with an ``eventType`` beside."""
COUNTED = OWN - {"fills"}
"""Those of which OKX counts the connections (reference, 7.5)."""
MOST_CONNECTIONS = 30
"""Connections of one account that may hold a channel."""
_REGULAR_MS = 5000
_INTERVALS = {"0": 0, "2000": 2000, "3000": 3000, "4000": 4000}
"""``updateInterval`` of positions; 0 is no regular push at all."""

Rows = list[dict[str, Any]]


class Audience:
    """The subscriptions to private channels.

    Parameters
    ----------
    accounts
        The accounts.
    push
        Sends a text of a topic to some of its links.
    """

    def __init__(
        self,
        accounts: Accounts,
        push: Callable[[Topic, Iterable[Link], str], None],
    ) -> None:
        self._accounts = accounts
        self._push = push
        self._topics: dict[str, dict[Arg, Topic]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nobody is subscribed to anything."""
        return not any(self._topics.values())

    def knows(self, arg: Arg) -> bool:
        """Tell whether an arg can be had: its instrument, if any, exists."""
        inst_id = arg.get("instId")
        return arg.channel in CHANNELS and (
            inst_id is None or self._accounts.venue.instrument(inst_id) is not None
        )

    def connections(self, desk: Desk, channel: str) -> dict[Link, None]:
        """Return the connections of an account that hold a channel."""
        topics = self._topics.get(desk.uid, {})
        return {
            link: None
            for arg, topic in topics.items()
            if arg.channel == channel
            for link in topic.links
        }

    def join(self, link: Link, desk: Desk, arg: Arg) -> None:
        """Take a connection in, and send it how things stand."""
        topics = self._topics.setdefault(desk.uid, {})
        topic = topics.setdefault(arg, Topic(arg, desk.uid))
        topic.links[link] = None
        rows = self._state(desk, arg, self._accounts.venue.now_ms)
        if rows is not None:
            self._send(topic, [link], rows, "snapshot")

    def leave(self, link: Link, desk: Desk, arg: Arg) -> None:
        """Let go of a connection; harmless if it is not there."""
        topics = self._topics.get(desk.uid, {})
        topic = topics.get(arg)
        if topic is not None:
            topic.links.pop(link, None)
            if not topic.links:
                del topics[arg]

    def tell(self) -> dict[Link, None]:
        """Send what has become due on accounts; return who got anything."""
        touched: dict[Link, None] = {}
        for desk in self._accounts.desks:
            news = desk.take_news()
            topics = list(self._topics.get(desk.uid, {}).values())
            for one in news:
                for topic in topics:
                    rows = share(topic.arg, one)
                    if rows:
                        self._send(topic, tuple(topic.links), rows, one.event_type)
                        touched |= topic.links
        return touched

    def tell_regularly(self, ms: int) -> dict[Link, None]:
        """Send the regular pushes of a full second; return who got anything."""
        touched: dict[Link, None] = {}
        for desk in self._accounts.desks:
            for topic in list(self._topics.get(desk.uid, {}).values()):
                for rows in self._due(desk, topic.arg, ms):
                    self._send(topic, tuple(topic.links), rows, "snapshot")
                    touched |= topic.links
        return touched

    def _due(self, desk: Desk, arg: Arg, ms: int) -> list[Rows]:
        """Return what a full second brings by itself, push by push."""
        due: list[Rows] = []
        if arg.channel in SCRIPTED:
            # One thing a push, as on OKX.
            told = desk.stories.due(arg.channel, ms)
            due += [[row] for row in scripted_share(arg, self._accounts.venue, told)]
        every = _interval(arg)
        if every and ms % every == 0:
            rows = self._state(desk, arg, ms)
            due += [rows] if rows else []
        return due

    def _state(self, desk: Desk, arg: Arg, ms: int) -> Rows | None:
        """Return how things stand; None for channels that begin with nothing."""
        write, venue = desk.statements, self._accounts.venue
        if arg.channel == "account":
            return [of_ccy(write.account(ms), arg.get("ccy"))]
        if arg.channel == "positions":
            return told_of(arg, venue, write.positions(ms))
        if arg.channel == "balance_and_position":
            return [write.everything(ms)]
        if arg.channel == "account-greeks":
            ccy = arg.get("ccy")
            return [row for row in write.greeks(ms) if ccy in {None, row["ccy"]}]
        if arg.channel in STATES:
            rows = desk.stories.state(arg.channel, ms)
            return scripted_share(arg, venue, rows)
        return None

    def _send(
        self, topic: Topic, links: Iterable[Link], rows: Rows, event_type: str
    ) -> None:
        channel = topic.arg.channel
        if channel not in _IN_PAGES:
            self._push(topic, links, encode_push(topic.wire, rows))
            return
        links = tuple(links)
        extra: dict[str, object] = {"eventType": event_type}
        if event_type != "snapshot":
            self._push(topic, links, encode_push(topic.wire, rows, None, extra))
            return
        parts = pages(channel, rows)
        for number, part in enumerate(parts, 1):
            extra |= {"curPage": number, "lastPage": number == len(parts)}
            self._push(topic, links, encode_push(topic.wire, part, None, extra))


def _interval(arg: Arg) -> int:
    """Return how often a channel is pushed regularly [ms]; 0 for never."""
    if arg.channel in REGULAR:
        return _REGULAR_MS
    if arg.channel not in {"account", "positions", "account-greeks"}:
        return 0
    try:
        extra = msgspec.json.decode(arg.get("extraParams") or "{}")
    except (msgspec.DecodeError, RecursionError):
        return _REGULAR_MS
    wanted = extra.get("updateInterval") if isinstance(extra, dict) else None
    every = _INTERVALS.get(str(wanted), _REGULAR_MS)
    # The account knows no other interval than none at all.
    return every if arg.channel == "positions" else _REGULAR_MS if every else 0
