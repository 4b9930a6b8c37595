"""What a client asks of the server half, and what the server half lives by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from okxlab.protocol.arg import Arg

__all__ = [
    "ORDER_OPERATIONS",
    "Closing",
    "LoginAsked",
    "OperationAsked",
    "ServerEvent",
    "ServerSettings",
    "SubscribeAsked",
    "UnsubscribeAsked",
]

ORDER_OPERATIONS = frozenset(
    {
        "order",
        "batch-orders",
        "cancel-order",
        "batch-cancel-orders",
        "amend-order",
        "batch-amend-orders",
        "mass-cancel",
    }
)
"""What ``op`` may be besides subscribe, unsubscribe and login (reference, 10)."""


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The limits a server keeps for one connection; the defaults are OKX's."""

    idle_timeout: float = 30.0
    """Seconds without any frame in either direction until close 4004."""
    requests_per_hour: int = 480
    """Subscribe, unsubscribe and login requests; one more is refused (60014)."""
    max_request_bytes: int = 65_536
    """Longest request [bytes of UTF-8]; a longer one is answered by close 1009."""


class SubscribeAsked(msgspec.Struct, frozen=True):
    """The client wants a channel; answer with ``accept`` or ``refuse``."""

    arg: Arg
    """What it wants, without keys that the channel does not have."""
    id: str | None = None
    """The request's id, to be echoed."""


class UnsubscribeAsked(msgspec.Struct, frozen=True):
    """The client lets go of a channel; answer with ``accept`` or ``refuse``."""

    arg: Arg
    """What it lets go of."""
    id: str | None = None
    """The request's id, to be echoed."""


class LoginAsked(msgspec.Struct, frozen=True):
    """The client shows keys; answer with ``accept_login`` or ``refuse``."""

    args: tuple[dict[str, Any], ...]
    """One object per key, as sent."""
    id: str | None = None
    """The request's id."""


class OperationAsked(msgspec.Struct, frozen=True):
    """The client, logged in, wants an order operation done."""

    op: str
    """One of ``ORDER_OPERATIONS``."""
    args: tuple[dict[str, Any], ...]
    """One object per order, as sent."""
    id: str | None = None
    """The request's id, to be echoed."""


ServerEvent = SubscribeAsked | UnsubscribeAsked | LoginAsked | OperationAsked


class Closing(msgspec.Struct, frozen=True):
    """Why and how the server ends the connection."""

    code: int
    """Close code of the WebSocket."""
    reason: str
    """Text of the close frame."""
