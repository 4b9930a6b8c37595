"""WebSocket connections that are kept up: socket to session and back."""

from okxlab.transport.connection import Connection
from okxlab.transport.listener import Listener

__all__ = ["Connection", "Listener"]
