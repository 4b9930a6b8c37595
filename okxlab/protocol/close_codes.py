"""What it means when the exchange closes a connection with a code of its own.

OKX API v5, "WebSocket / Close frame", 2026-08-22.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CLOSE_CODES"]

CLOSE_CODES: Final = {
    1009: "a request was longer than it takes",
    4001: "the login failed; see that api_key, secret_key and passphrase are right, and "
    "of this environment and site",
    4002: "a request was not valid",
    4003: "more than 100 keys were to be logged in",
    4004: "it had heard nothing for 30 s",
    4005: "its buffer was full, since this program reads too slowly",
    4006: "something broke on its side",
    4007: "the key was changed or deleted; log in with the new one",
    4008: "too many channels are subscribed to",
    4009: "too many channels are subscribed to on this connection",
}
"""By code, each a part of a sentence about the exchange; not every close frame gives a
reason."""
