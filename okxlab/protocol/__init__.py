"""OKX's v5 WebSocket protocol without a socket, a clock or a DataFrame."""
