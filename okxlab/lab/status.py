"""What a lab is doing, as plain values to look at or to compute with."""

from __future__ import annotations

from typing import Final

import msgspec

from okxlab.views.html import status_html
from okxlab.views.text import aligned

__all__ = ["ChannelCount", "ConnectionStatus", "LabStatus"]

_MOST_STREAMS: Final = 12
"""Streams that a representation names; the others are counted."""
_COLUMNS: Final = ("path", "state", "args", "requests", "waiting", "address", "trouble")


class ConnectionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One connection at the moment it was looked at."""

    path: str
    """``public``, ``private`` or ``business``."""
    url: str
    """Address."""
    state: str
    """``connecting``, ``open``, ``backoff`` (waiting to try again) or ``closed``."""
    args: int
    """Subscriptions it holds."""
    args_limit: int
    """Subscriptions it takes before another connection is opened."""
    requests_left: int
    """What the budget of requests an hour leaves."""
    requests_limit: int
    """Subscribe, unsubscribe and login requests it may make in an hour."""
    waiting: int
    """Subscriptions that wait for the login, the budget or the next request."""
    attempts: int
    """Attempts to connect since the last success."""
    last_error: str
    """Why it broke or could not be made; "" if it never did."""

    @property
    def requests_used(self) -> int:
        """Requests made in the last hour."""
        return self.requests_limit - self.requests_left


class ChannelCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many connections of the account hold a channel, all its programs together."""

    channel: str
    """OKX's name."""
    connections: int
    """What OKX said last."""
    limit: int
    """What OKX allows."""
    exceeded: bool
    """Whether OKX has ended a subscription because of it."""


class LabStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A lab at the moment it was looked at, and how much of its limits is used."""

    environment: str
    """Name of the environment."""
    is_open: bool
    """Whether streams can be opened."""
    login: str
    """``none``, ``given`` (not used yet), ``accepted`` or ``refused`` the last time."""
    streams: tuple[tuple[str, str], ...]
    """Name and status of each open stream, oldest first."""
    connections: tuple[ConnectionStatus, ...]
    """Every connection, by path and age."""
    channel_counts: tuple[ChannelCount, ...]
    """Private channels whose connections OKX counts, in the order of asking."""
    connects_per_second: int
    """New connections a second that the lab allows itself."""
    tls: str
    """``aiofastnet``, or ``stock`` and why: feeds then starve beside a busy cell."""

    def __repr__(self) -> str:
        lines = [self._headline]
        rows = [_COLUMNS, *map(_cells, self.connections)]
        if self.connections:
            lines += [f"  {line}" for line in aligned(rows)]
        lines += [f"  {line}" for line in self._remarks]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return status_html(self)

    @property
    def _headline(self) -> str:
        state = "open" if self.is_open else "closed"
        return (
            f"{self.environment}, {state}: streams {len(self.streams)}, connections "
            f"{len(self.connections)} (at most {self.connects_per_second} new ones a "
            f"second), login {self.login}, TLS {self.tls}"
        )

    @property
    def _remarks(self) -> list[str]:
        counts = [
            f"{one.channel}: {one.connections} of {one.limit} connections of the account"
            + (", too many: OKX has ended a subscription" if one.exceeded else "")
            for one in self.channel_counts
        ]
        streams = [f"{name}: {status}" for name, status in self.streams]
        if len(streams) > _MOST_STREAMS:
            more = len(streams) - _MOST_STREAMS
            streams = [*streams[:_MOST_STREAMS], f"... and {more} more streams"]
        return counts + streams


def _cells(one: ConnectionStatus) -> tuple[str, ...]:
    return (
        one.path,
        one.state,
        f"{one.args} of {one.args_limit}",
        f"{one.requests_used} of {one.requests_limit} an hour",
        str(one.waiting),
        one.url,
        one.last_error,
    )
