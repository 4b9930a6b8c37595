"""WebSocket connections that are kept up: socket to session and back."""

from okxlab.transport.backoff import Backoff
from okxlab.transport.connection import Connection
from okxlab.transport.listener import Listener

__all__ = ["Backoff", "Connection", "Listener"]
