"""The simulated exchange: sessions, a market and faults; no socket, no clock.

The caller says when it is: virtual time moves by :meth:`Exchange.advance`, and
``now``, monotonic seconds, goes in with every call.  Fed the same calls, two
exchanges of one seed and start send the same bytes.
"""

from __future__ import annotations

import hashlib
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import msgspec

from okxlab.protocol.asked import LoginAsked, SubscribeAsked, UnsubscribeAsked
from okxlab.protocol.messages import PING, encode_push
from okxlab.protocol.server import ServerSession
from okxlab.simulator.accounts.account import Account
from okxlab.simulator.accounts.accounts import GRID_MS, Accounts
from okxlab.simulator.accounts.audience import CHANNELS, Audience
from okxlab.simulator.accounts.members import Members
from okxlab.simulator.checksum import book_checksum
from okxlab.simulator.echoes import Echoes, blanked
from okxlab.simulator.faults import Faults
from okxlab.simulator.late_acks import LateAcks
from okxlab.simulator.link import QUEUE_LIMIT, Link
from okxlab.simulator.market import Market
from okxlab.simulator.spreads.board import SpreadBoard
from okxlab.simulator.stamps import Stamps
from okxlab.simulator.standing import StandingMarket
from okxlab.simulator.timetable import make_timetable
from okxlab.simulator.topics import Topics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from okxlab.protocol.arg import Arg
    from okxlab.protocol.asked import ServerEvent, ServerSettings
    from okxlab.simulator.change import Change
    from okxlab.simulator.faults.armed_fault import Filter
    from okxlab.simulator.late_acks import LateAck
    from okxlab.simulator.load import Load
    from okxlab.simulator.rest_call import Call, Query
    from okxlab.simulator.source import Source
    from okxlab.simulator.topic import Topic

__all__ = ["Checksum", "Exchange"]

Checksum = Literal["zero", "legacy"]

_DEEPEST: Final = "books-l2-tbt"
_RIVALS: Final = frozenset({"books", "books50-l2-tbt"})


class Exchange:
    """An OKX v5 exchange without sockets.

    Parameters
    ----------
    seed
        Seed of the market and of the connection ids.
    start_ms
        Virtual time at the beginning [Unix ms].
    instruments
        How many instruments are listed.
    checksum
        What ``books`` carries: "zero" as OKX sends since June 2026, or "legacy", the
        signed CRC-32 of before.
    accounts
        Who may log in; one with the simulator's own key by default.
    wall
        Returns the Unix time that logins are judged by [s]; virtual time by default.
    simulated
        Whether this is demo trading, which refuses keys of live trading.
    faults
        Fault switches; a set of its own by default, which acts where it is called.
    settings
        Limits of a connection.
    queue_limit
        Bytes that may wait for a slow reader before it is closed with 4005.
    load
        Is told who begins with what, and pushes from then on; the market then
        stands still.

    Raises
    ------
    ValueError
        If ``checksum`` is neither of the two, or two accounts have one key.

    Attributes
    ----------
    market : Market
        What is traded.
    spreads : SpreadBoard
        Its instruments against each other.
    sources : list of Source
        Everything that has public channels, the market first.
    accounts : Accounts
        Who trades.
    faults, load
        As given.

    Notes
    -----
    Belongs to one thread; only its ``faults`` may be used from others.
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        start_ms: int,
        instruments: int = 20,
        checksum: Checksum = "zero",
        accounts: Iterable[Account] | None = None,
        wall: Callable[[], float] | None = None,
        simulated: bool = False,
        faults: Faults | None = None,
        settings: ServerSettings | None = None,
        queue_limit: int = QUEUE_LIMIT,
        load: Load | None = None,
    ) -> None:
        if checksum not in get_args(Checksum):
            raise ValueError(f'checksum={checksum!r} must be "zero" or "legacy"')
        self.faults = Faults() if faults is None else faults
        self.market = Market(
            seed,
            start_ms=start_ms,
            instruments=instruments,
            book_text=checksum == "legacy",
        )
        self.spreads = SpreadBoard(
            seed, start_ms, self.market.floor, book_text=checksum == "legacy"
        )
        timetable = make_timetable(seed, self.market)
        self.sources: list[Source] = [self.market, self.spreads, timetable]
        given = (Account(),) if accounts is None else accounts
        self.accounts = Accounts(
            given, self.market, wall, simulated=simulated, ahead=self._clock_ahead
        )
        self._stamps = Stamps(self.faults)
        self._audience = Audience(self.accounts, self._push)
        self._members = Members(self.accounts, self._audience, self.faults)
        self._settings = settings
        self._queue_limit = queue_limit
        self.load = load
        self._origin = f"{seed}/{start_ms}"
        self._opened = 0
        self._now = 0.0
        self._links: dict[Link, None] = {}
        told = self.sources
        if load is not None:
            told = [StandingMarket(self.market), *self.sources[1:]]
        self._topics = Topics(told)
        self._late = LateAcks()
        self._echoes = Echoes()
        if faults is None:
            # Whoever brings its own says by itself on which thread they are to act.
            self.faults.attach(lambda run: run(self))

    # Connections

    def connect(self, path: str, now: float) -> Link:
        """Open a connection.

        Parameters
        ----------
        path
            "public", "private" or "business".
        now
            Monotonic time [s].
        """
        self._now = now
        self._opened += 1
        digest = hashlib.sha256(f"{self._origin}/{self._opened}".encode())
        session = ServerSession(path, digest.hexdigest()[:8], self._settings, now=now)
        link = Link(session, lambda: self._now, self._queue_limit)
        self._links[link] = None
        return link

    def disconnect(self, link: Link) -> None:
        """Forget a connection, whoever ended it; harmless if it is forgotten."""
        if link not in self._links:
            return
        for arg in link.session.held:
            self._leave(link, arg)
        self._late.forget(link)
        self._members.forget(link)
        self._links.pop(link, None)

    def receive(self, link: Link, frame: str | bytes, now: float) -> None:
        """Take one frame from a client and do all that it asks for.

        Parameters
        ----------
        link
            The connection.
        frame
            The frame as received: str for text, bytes for binary.
        now
            Monotonic time [s].
        """
        self.hear(link, frame, now)
        while self.decide(link, now):
            pass

    def hear(self, link: Link, frame: str | bytes, now: float) -> None:
        """Take one frame from a client; a ping is answered, a request is put by.

        Parameters
        ----------
        link, frame, now
            As for :meth:`receive`.
        """
        self._now = now
        session = link.session
        if isinstance(frame, bytes):
            session.receive_binary(frame, now)
        else:
            session.answers_pings = frame != PING or not self._strikes(
                "mute_pongs", link
            )
            session.receive_text(frame, now)
        self._settle(link)

    def decide(self, link: Link, now: float) -> bool:
        """Do the next thing that a client asked for.

        Parameters
        ----------
        link, now
            As for :meth:`receive`.

        Returns
        -------
        bool
            Whether there was one.
        """
        self._now = now
        asked = next(link.session.events(), None)
        if asked is not None:
            self._decide(link, asked)
        self._settle(link)
        return asked is not None

    def targets(self, where: Filter) -> Sequence[Link]:
        """Return the open connections that a fault is meant for, oldest first."""
        return [link for link in self._links if _is_meant(link, where)]

    def reset_seq(self, inst_id: str) -> int:
        """Let the sequence of an instrument or spread begin anew; 0 if none is."""
        if inst_id in self.spreads.live():
            self.spreads.pit(inst_id).flow.restart_seq()
        elif self.market.instrument(inst_id) is not None:
            self.market.pit(inst_id).flow.restart_seq()
        else:
            return 0
        return 1

    @property
    def links(self) -> tuple[Link, ...]:
        """The open connections, oldest first."""
        return tuple(self._links)

    @property
    def is_watched(self) -> bool:
        """Whether anybody is subscribed to anything, or an account is at work."""
        return not self._topics.is_empty or self._has_accounts_at_work

    @property
    def calls(self) -> dict[str, Call]:
        """The REST calls that are not up to the market, by path without ``/api/v5/``."""
        calls = {name: call for one in self.sources for name, call in one.calls.items()}
        return {**calls, "public/time": self._tell_time}

    # Time

    def advance(self, to_ms: int, now: float) -> None:
        """Let virtual time pass and push what falls due.

        Parameters
        ----------
        to_ms
            The new virtual time [Unix ms]; not before the present one.
        now
            Monotonic time [s].
        """
        self._now = now
        while (due := self.faults.next_ms(self.market.now_ms)) is not None:
            if due > to_ms:
                break
            self._pass_to(max(due, self.market.now_ms))
            self.faults.play(due, self)
        self._pass_to(to_ms)

    def _pass_to(self, to_ms: int) -> None:
        """Let time pass in which no fault is planned."""
        while self._has_accounts_at_work and self.accounts.next_ms() <= to_ms:
            self._move(self.accounts.next_ms())
        self._move(to_ms)

    def _move(self, to_ms: int) -> None:
        """Let time pass in which accounts need not be looked after but at the end."""
        is_due = self.accounts.next_ms() <= to_ms
        touched: dict[Link, None] = {}
        changes = [change for one in self.sources for change in one.advance(to_ms)]
        for change in sorted(changes, key=attrgetter("ts")):
            touched |= self._publish(change)
        self.accounts.book()
        if is_due and to_ms % GRID_MS == 0:
            self.accounts.look_after(to_ms)
            touched |= self._audience.tell() | self._audience.tell_regularly(to_ms)
        else:
            touched |= self._audience.tell()
        for link in touched:
            self._settle(link)

    @property
    def _has_accounts_at_work(self) -> bool:
        return self.accounts.is_busy or not self._audience.is_empty

    def tell_accounts(self) -> None:
        """Push what has become of accounts since the last push."""
        for link in self._audience.tell():
            self._settle(link)

    def next_deadline(self) -> float | None:
        """Return when :meth:`handle_deadlines` is due [monotonic s], if ever."""
        dues = [link.session.next_deadline() for link in self._links]
        dues.append(self._late.next_due())
        return min((due for due in dues if due is not None), default=None)

    def handle_deadlines(self, now: float) -> None:
        """Close the silent connections and send the acks that were held back.

        Parameters
        ----------
        now
            Monotonic time [s].
        """
        self._now = now
        self._send_late(self._late.take_due(now))
        for link in self.links:
            link.session.handle_deadline(now)
            if link.is_ending:
                self._settle(link)

    # Deciding

    def _decide(self, link: Link, asked: ServerEvent) -> None:
        if isinstance(asked, SubscribeAsked):
            self._decide_subscribe(link, asked)
        elif isinstance(asked, UnsubscribeAsked):
            self._decide_unsubscribe(link, asked)
        elif isinstance(asked, LoginAsked) and (
            late := self.faults.take("delay_logins", path=link.path)
        ):
            self._late.delay(link, asked, self._now + late["seconds"])
        else:
            self._members.decide(link, asked, self._now)
            self.tell_accounts()

    def _decide_subscribe(self, link: Link, asked: SubscribeAsked) -> None:
        if not self._knows(asked.arg):
            link.session.refuse(asked, "60018")
            return
        if not self._members.admits(link, asked.arg):
            link.session.refuse(asked, "64003")
            return
        if _clashes(link, asked.arg):
            link.session.refuse(asked, "64004")
            return
        lost = self._take("withhold_acks", link, asked.arg)
        if lost is not None:
            if lost["data"]:
                self._join(link, asked)
            return
        refusal = self._take("refuse_acks", link, asked.arg)
        if refusal is not None:
            if refusal["after_ack"]:
                link.session.acknowledge(asked)
            self._leave(link, asked.arg)
            link.session.refuse(asked, refusal["code"], refusal["msg"])
            return
        self._acknowledge(link, asked)
        self._join(link, asked)

    def _decide_unsubscribe(self, link: Link, asked: UnsubscribeAsked) -> None:
        # What is held may have expired since.
        if not (link.session.holds(asked.arg) or self._knows(asked.arg)):
            link.session.refuse(asked, "60018")
            return
        lost = self._take("withhold_acks", link, asked.arg)
        if lost is None or lost["data"]:
            self._leave(link, asked.arg)
            link.session.register(asked)
        if lost is None:
            self._acknowledge(link, asked)

    def _knows(self, arg: Arg) -> bool:
        """Tell whether an arg can be had at all."""
        if arg.channel in CHANNELS:
            return self._audience.knows(arg)
        return self._topics.knows(arg)

    def _acknowledge(
        self, link: Link, asked: SubscribeAsked | UnsubscribeAsked
    ) -> None:
        delay = self._take("delay_acks", link, asked.arg)
        if delay is None:
            link.session.acknowledge(asked)
        elif delay["pushes"] is None:
            self._late.delay(link, asked, self._now + delay["seconds"])
        else:
            self._late.await_pushes(link, asked, delay["pushes"])

    # Subscriptions

    def _join(self, link: Link, asked: SubscribeAsked) -> None:
        """Register a subscription and send its first push, in one step.

        An update between the two, or before the snapshot, would break every book.
        """
        if asked.arg.channel in CHANNELS:
            self._members.join(link, asked)
            return
        if not link.session.register(asked):
            return
        topic, opening = self._topics.join(link, asked.arg)
        if opening is not None:
            text = self._encode(topic, opening)
            self._push(topic, [link], text)
            if self.load is not None:
                self.load.join(link, asked.arg, text)

    def _leave(self, link: Link, arg: Arg) -> None:
        if arg.channel in CHANNELS:
            self._members.leave(link, arg)
            return
        self._topics.leave(link, arg)
        if self.load is not None:
            self.load.leave(link, arg)

    # Pushing

    def _publish(self, change: Change) -> dict[Link, None]:
        """Send a change to whoever listens; return them."""
        reached: dict[Link, None] = {}
        for topic in self._topics.reached(change):
            reached |= self._publish_to(topic, change)
        return reached

    def _publish_to(self, topic: Topic, change: Change) -> dict[Link, None]:
        where = {"channel": change.channel, "inst_id": topic.inst_id}
        if change.action and self.faults.take("skip_seq", **where) is not None:
            return {}
        if self.faults.take("blank_numbers", **where) is not None:
            change = msgspec.structs.replace(change, rows=blanked(change.rows))
        self._stamps.ahead(change.ts)
        # Encoded once, whoever many listen.
        text = self._encode(topic, change)
        listeners = topic.links.copy()
        if self.faults.take("reorder", **where) is not None:
            self._echoes.add(topic, text, 1)
        else:
            self._push(topic, listeners, text)
            for again in self._echoes.count(topic):
                self._push(topic, listeners, again)
        if self.faults.take("duplicate", **where) is not None:
            self._push(topic, listeners, text)
        replay = self.faults.take("replay", **where)
        if replay is not None:
            self._echoes.add(topic, text, replay["later"])
        burst = self.faults.take("burst", **where)
        if burst is not None:
            for link in listeners:
                link.repeat(text, burst["times"])
        return listeners

    def _push(self, topic: Topic, links: Iterable[Link], text: str) -> None:
        for link in links:
            if self._take("stop_pushing", link, topic.arg) is None:
                link.session.push(text, self._now)
                if self._late:
                    self._send_late(self._late.count_push(link, topic.arg))

    def _send_late(self, due: list[LateAck]) -> None:
        for late in due:
            if isinstance(late.asked, LoginAsked):
                self._members.decide(late.link, late.asked, self._now)
                self.tell_accounts()
            else:
                late.link.session.acknowledge(late.asked)
            self._settle(late.link)

    # Faults and ends

    def _clock_ahead(self) -> float:
        """Return how far the clock has jumped ahead [s]."""
        # What is of this millisecond has been stamped.
        return self._stamps.ahead(self.market.now_ms + 1) / 1000

    def _tell_time(self, _: Query) -> list[Any]:
        return [{"ts": str(self.market.now_ms + round(self._clock_ahead() * 1000))}]

    def _encode(self, topic: Topic, change: Change) -> str:
        rows = self._stamps.stamped(change.rows)
        if change.text:
            rows = [{**row, "checksum": book_checksum(change.text)} for row in rows]
        return encode_push(topic.wire, rows, change.action or None)

    def _take(self, kind: str, link: Link, arg: Arg) -> dict[str, Any] | None:
        return self.faults.take(
            kind, path=link.path, channel=arg.channel, inst_id=arg.inst_id
        )

    def _strikes(self, kind: str, link: Link) -> bool:
        return self.faults.take(kind, path=link.path) is not None

    def _settle(self, link: Link) -> None:
        """Queue what the session said; let go of a connection that ends."""
        link.collect(lose=link.is_aborted or self._strikes("half_open", link))
        if link.is_ending:
            self.disconnect(link)


def _clashes(link: Link, arg: Arg) -> bool:
    """Tell whether a connection may not hold an arg beside what it holds.

    A tick-by-tick book of 400 levels excludes the other books of its instrument.
    """
    if arg.channel not in _RIVALS | {_DEEPEST}:
        return False
    rivals = _RIVALS if arg.channel == _DEEPEST else {_DEEPEST}
    inst_id = arg.get("instId")
    return any(
        held.channel in rivals and held.get("instId") == inst_id
        for held in link.session.held
    )


def _is_meant(link: Link, where: Filter) -> bool:
    args = link.session.held
    return where.path in {None, link.path} and (
        (where.channel is None and where.inst_id is None)
        or any(
            where.channel in {None, arg.channel}
            and where.inst_id in {None, arg.inst_id}
            for arg in args
        )
    )
