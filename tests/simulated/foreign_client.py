"""A client of the simulator that is not ours, on real sockets."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

START = 1_760_000_000_000  # 2025-10-09 08:53:20 UTC
TRADES = {"channel": "trades", "instId": "BTC-USDT"}
BOOKS = {"channel": "books", "instId": "BTC-USDT"}


def request(op, *args):
    """Return the text of a request."""
    return json.dumps({"op": op, "args": args})


def open_path(simulator, path="public", query="", **more):
    """Connect to a path of the simulator."""
    more = {"compression": None, "proxy": None, "ssl": simulator.ssl_context} | more
    return connect(f"{simulator.ws}/ws/v5/{path}{query}", **more)


def receive(ws):
    """Return the next frame, decoded."""
    return json.loads(ws.recv(timeout=5))


def get(simulator, path):
    """Return status and decoded body of a REST call."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=simulator.ssl_context),
    )
    try:
        with opener.open(simulator.rest + path, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def closing(ws):
    """Read until the connection ends, and return how it ended."""
    try:
        while True:
            ws.recv(timeout=5)
    except ConnectionClosed as ended:
        return ended.rcvd


def deaf_client(simulator):
    """Open a WebSocket on a bare socket, which reads only when it is told to."""
    host, _, port = simulator.ws.removeprefix("ws://").rpartition(":")
    raw = socket.create_connection((host, int(port)), timeout=5)
    raw.sendall(
        f"GET /ws/v5/public HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
    )
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += raw.recv(1)

    assert answer.startswith(b"HTTP/1.1 101")
    return raw
