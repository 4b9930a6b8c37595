"""What a client session tells its owner, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from okxlab.protocol.arg import Arg

__all__ = [
    "AckMissing",
    "ConnCount",
    "Dead",
    "Event",
    "LoggedIn",
    "LoginRefused",
    "Malformed",
    "Missed",
    "Notice",
    "Push",
    "Rejected",
    "RequestRefused",
    "Subscribed",
    "Unclaimed",
    "UnknownEvent",
    "Unsubscribed",
]


class Push(msgspec.Struct, gc=False):
    """Rows of a subscribed channel.

    Attributes
    ----------
    arg
        The arg as it was subscribed to.
    rows
        Structs of the channel's flat row, in the order of the message.
    action
        ``snapshot`` or ``update`` on incremental books, else "".
    event_type
        ``snapshot`` or ``event_update`` where a channel says so (``account``,
        ``positions``), else "".
    cur_page, last_page
        Page of such a snapshot, counted from 1, and whether it is the last one;
        0 and True where there are no pages.
    text
        The message itself.
    """

    arg: Arg
    rows: list[Any]
    action: str = ""
    event_type: str = ""
    cur_page: int = 0
    last_page: bool = True
    text: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what is not a push."""


class Subscribed(Event, frozen=True, kw_only=True):
    """OKX acknowledged an arg, or its rows came without an acknowledgement.

    ``dropped`` are wire keys that OKX left out of the acknowledgement: the
    rows are then not narrowed down by them.
    """

    arg: Arg
    dropped: tuple[str, ...] = ()


class Unsubscribed(Event, frozen=True, kw_only=True):
    """OKX acknowledged the end of a subscription."""

    arg: Arg


class Rejected(Event, frozen=True, kw_only=True):
    """OKX refused an arg, at once or after it had been acknowledged."""

    arg: Arg
    code: str
    msg: str
    conn_id: str = ""


class AckMissing(Event, frozen=True, kw_only=True):
    """No acknowledgement came in time; the session asks again."""

    arg: Arg
    tries: int


class LoggedIn(Event, frozen=True, kw_only=True):
    """OKX accepted the login."""


class LoginRefused(Event, frozen=True, kw_only=True):
    """OKX refused the login."""

    code: str
    msg: str
    conn_id: str = ""


class Notice(Event, frozen=True, kw_only=True):
    """OKX announces something; code 64008: this connection closes soon."""

    code: str
    msg: str


class ConnCount(Event, frozen=True, kw_only=True):
    """How many connections of the account hold a channel."""

    channel: str
    count: int
    exceeded: bool = False


class RequestRefused(Event, frozen=True, kw_only=True):
    """A refusal that cannot be pinned on an arg."""

    code: str
    msg: str


class Malformed(Event, frozen=True, kw_only=True):
    """A frame, or a part of one, that could not be read.

    ``lost`` says whether rows were lost by it, ``arg`` whose they were if that
    could still be told.
    """

    why: str
    text: str = ""
    arg: Arg | None = None
    lost: bool = False


class Missed(Event, frozen=True, kw_only=True):
    """Rows of an arg may have been lost, though the connection serves it."""

    arg: Arg
    why: str


class UnknownEvent(Event, frozen=True, kw_only=True):
    """A well-formed message that okxlab does not know."""

    text: str


class Unclaimed(Event, frozen=True, kw_only=True):
    """A push that nobody subscribed to."""

    channel: str


class Dead(Event, frozen=True, kw_only=True):
    """The connection no longer serves; a new one is needed."""

    why: str
