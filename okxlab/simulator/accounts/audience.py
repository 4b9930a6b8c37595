"""Who listens to which account, and what each subscription gets to hear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from okxlab.protocol.messages import encode_push
from okxlab.simulator.topic import Topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.accounts.accounts import Accounts
    from okxlab.simulator.accounts.desk import Desk
    from okxlab.simulator.accounts.news import News
    from okxlab.simulator.accounts.venue import Venue
    from okxlab.simulator.instruments import Instrument
    from okxlab.simulator.link import Link

__all__ = ["CHANNELS", "COUNTED", "MOST_CONNECTIONS", "Audience"]

CHANNELS = frozenset(
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
"""The private channels that accounts have."""
COUNTED = CHANNELS - {"fills"}
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
            news, desk.news = desk.news, []
            topics = list(self._topics.get(desk.uid, {}).values())
            for one in news:
                for topic in topics:
                    rows = _share(topic.arg, one)
                    if rows:
                        self._send(topic, tuple(topic.links), rows, one.event_type)
                        touched |= topic.links
        return touched

    def tell_regularly(self, ms: int) -> dict[Link, None]:
        """Send the regular pushes of a full second; return who got anything."""
        touched: dict[Link, None] = {}
        for desk in self._accounts.desks:
            for topic in list(self._topics.get(desk.uid, {}).values()):
                every = _interval(topic.arg)
                if not every or ms % every:
                    continue
                rows = self._state(desk, topic.arg, ms)
                if rows:
                    self._send(topic, tuple(topic.links), rows, "snapshot")
                    touched |= topic.links
        return touched

    def _state(self, desk: Desk, arg: Arg, ms: int) -> Rows | None:
        """Return how things stand; None for channels that begin with nothing."""
        write = desk.statements
        if arg.channel == "account":
            return [_of_ccy(write.account(ms), arg.get("ccy"))]
        if arg.channel == "positions":
            return [
                row
                for row in write.positions(ms)
                if _fits(arg, _instrument(self._accounts.venue, row))
            ]
        if arg.channel == "balance_and_position":
            return [write.everything(ms)]
        if arg.channel == "account-greeks":
            ccy = arg.get("ccy")
            return [row for row in write.greeks(ms) if ccy in {None, row["ccy"]}]
        return None

    def _send(
        self, topic: Topic, links: Iterable[Link], rows: Rows, event_type: str
    ) -> None:
        extra: dict[str, object] | None = None
        if topic.arg.channel in {"account", "positions"}:
            extra = {"eventType": event_type}
            if event_type == "snapshot":
                extra |= {"curPage": 1, "lastPage": True}
        self._push(topic, links, encode_push(topic.wire, rows, None, extra))


def _share(arg: Arg, news: News) -> Rows:
    """Return the rows of some news that a subscription is about."""
    if arg.channel != news.channel:
        return []
    ccy = arg.get("ccy")
    if news.channel == "account":
        return [_of_ccy(row, ccy) for row in news.rows]
    if news.channel == "account-greeks":
        return [row for row in news.rows if ccy in {None, row["ccy"]}]
    if news.instrument is not None and not _fits(arg, news.instrument):
        return []
    return news.rows


def _fits(arg: Arg, one: Instrument) -> bool:
    """Tell whether a subscription is about an instrument; an instId decides alone."""
    inst_id = arg.get("instId")
    if inst_id is not None:
        return inst_id == one.inst_id
    return arg.get("instType") in {None, "ANY", one.inst_type} and (
        arg.get("instFamily") in {None, one.family}
    )


def _of_ccy(row: dict[str, Any], ccy: str | None) -> dict[str, Any]:
    if ccy is None:
        return row
    details = [detail for detail in row["details"] if detail["ccy"] == ccy]
    return {**row, "details": details}


def _instrument(venue: Venue, row: dict[str, Any]) -> Instrument:
    return venue.terms(row["instId"]).instrument


def _interval(arg: Arg) -> int:
    """Return how often a channel is pushed regularly [ms]; 0 for never."""
    if arg.channel not in {"account", "positions", "account-greeks"}:
        return 0
    try:
        extra = msgspec.json.decode(arg.get("extraParams") or "{}")
    except msgspec.DecodeError:
        return _REGULAR_MS
    wanted = extra.get("updateInterval") if isinstance(extra, dict) else None
    every = _INTERVALS.get(str(wanted), _REGULAR_MS)
    # The account knows no other interval than none at all.
    return every if arg.channel == "positions" else _REGULAR_MS if every else 0
