"""What a lab is doing, as plain values to look at or to compute with."""

from __future__ import annotations

import msgspec

from okxlab.views.html import status_html

__all__ = ["ConnectionStatus", "LabStatus"]


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
    requests_left: int
    """What the budget of requests an hour leaves."""
    attempts: int
    """Attempts to connect since the last success."""
    last_error: str
    """Why it broke or could not be made; "" if it never did."""


class LabStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A lab at the moment it was looked at."""

    environment: str
    """Name of the environment."""
    is_open: bool
    """Whether streams can be opened."""
    streams: tuple[tuple[str, str], ...]
    """Name and status of each open stream, oldest first."""
    connections: tuple[ConnectionStatus, ...]
    """Every connection, by path and age."""
    tls: str
    """``aiofastnet``, or ``stock`` and why: feeds then starve beside a busy cell."""

    def _repr_html_(self) -> str:
        return status_html(self)
