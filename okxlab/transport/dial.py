"""Opening a WebSocket, and saying in words what stood in the way."""

from __future__ import annotations

import functools
import logging
import socket as sockets
import ssl as tls
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    InvalidHandshake,
    InvalidMessage,
    InvalidProxyStatus,
    InvalidStatus,
    PayloadTooBig,
    ProxyError,
)

from okxlab._version import __version__
from okxlab.environment import is_loopback
from okxlab.protocol.close_codes import CLOSE_CODES
from okxlab.transport.socket import Socket

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.environment import Timings
    from okxlab.runtime import Clock

__all__ = ["dial", "host_of", "is_stock_tls", "retry_after", "why_ended", "why_failed"]

CLOSE_TIMEOUT = 1.5
"""How long the other side may take to answer a close frame [s]."""
_HAPPY_EYEBALLS = 0.25
"""Head start of one address family over the other (RFC 8305, section 5) [s]."""
_NO_STATUS = 1005

# The library's own messages go where okxlab's go, never to a notebook's page.
_logger = logging.getLogger("okxlab.websockets")
# Its debug records show every frame, a login with its key among them: they are
# dropped whatever level somebody sets.
_logger.addFilter(lambda record: record.levelno > logging.DEBUG)
_logger.setLevel(logging.INFO)


async def dial(
    url: str, settings: Timings, clock: Clock, ssl: tls.SSLContext | None
) -> Socket:
    """Open a WebSocket.

    Parameters
    ----------
    url
        Address, ``ws://`` or ``wss://``.  On this machine no proxy is used,
        elsewhere those of the environment are.
    settings
        ``connect_timeout`` and ``max_message_bytes`` of them.
    clock
        Stamps what is read.
    ssl
        TLS settings; the system's certificates by default.

    Returns
    -------
    Socket
        An open connection.

    Raises
    ------
    Exception
        Whatever stood in the way: `why_failed` puts it into words.
    """
    how: dict[str, Any] = {}
    if url.startswith("wss:"):
        how["ssl"] = ssl or _default_tls()
    opened = await connect(
        url,
        compression=None,
        user_agent_header=f"okxlab/{__version__}",
        proxy=None if is_loopback(url) else True,
        open_timeout=settings.connect_timeout,
        ping_interval=None,  # OKX wants a text ping, which the session sends
        close_timeout=CLOSE_TIMEOUT,
        max_size=settings.max_message_bytes,
        max_queue=None,  # there is no queue: see Socket
        logger=_logger,
        create_connection=cast(
            "type[ClientConnection]",
            functools.partial(Socket, clock=clock, longest=settings.max_message_bytes),
        ),
        # asyncio's race of address families loses the socket that has just won
        # if it is cancelled in that moment; here there is nothing to race for.
        happy_eyeballs_delay=None if is_loopback(url) else _HAPPY_EYEBALLS,
        **how,
    )
    return cast("Socket", opened)


@functools.cache
def _default_tls() -> tls.SSLContext:
    # Once a process: reading the system's certificates takes some 20 ms.
    return tls.create_default_context()


def is_stock_tls(socket: Socket) -> bool:
    """Tell whether reads of a socket give up the GIL record by record."""
    return isinstance(socket.transport.get_extra_info("ssl_object"), tls.SSLObject)


def why_failed(error: Exception, settings: Timings) -> str:
    """Say why a connection could not be opened, and what may help.

    Parameters
    ----------
    error
        What `dial` raised.
    settings
        What it was given.

    Returns
    -------
    str
        A part of a sentence.
    """
    for kind, say in _REASONS:
        if isinstance(error, kind):
            return say(error, settings)
    return f"{type(error).__name__}: {error}"


# The first kind that fits is taken, so the narrower ones come first.
_REASONS: tuple[tuple[type[Exception], Callable[[Any, Timings], str]], ...] = (
    (
        InvalidStatus,
        lambda error, _: (
            f"the handshake was refused with HTTP {error.response.status_code}"
            + _hint(error.response.status_code)
        ),
    ),
    (
        InvalidProxyStatus,
        lambda error, _: f"the proxy refused with HTTP {error.response.status_code}",
    ),
    (ProxyError, lambda error, _: f"the proxy failed ({error})"),
    (
        InvalidMessage,
        lambda *_: "the other side ended the handshake; is a WebSocket server there?",
    ),
    (InvalidHandshake, lambda error, _: f"the handshake failed ({error})"),
    (
        tls.SSLCertVerificationError,
        lambda error, _: f"its certificate is not trusted ({error.verify_message})",
    ),
    (tls.SSLError, lambda error, _: f"TLS failed ({error})"),
    (
        sockets.gaierror,
        lambda *_: "its name cannot be resolved; is there a network?",
    ),
    (
        TimeoutError,
        lambda _, settings: f"no answer within {settings.connect_timeout:g} s",
    ),
    (
        ConnectionRefusedError,
        lambda *_: "nobody listens there (connection refused)",
    ),
    (ConnectionError, lambda *_: "the connection was reset"),
    (
        OSError,
        lambda error, _: error.strerror or str(error) or type(error).__name__,
    ),
)


def _hint(status: int) -> str:
    if status == 429:
        return " (too many connections from this address)"
    if status in (403, 451):
        return " (not served to this address; perhaps another site is: site=)"
    if status == 503:
        return " (the exchange is not available; see okx.com/status)"
    return ""


def retry_after(error: Exception) -> float:
    """Return how long a refusal asks to wait [s]; 0 if it does not say."""
    if not isinstance(error, InvalidStatus):
        return 0.0
    said = error.response.headers.get("Retry-After", "")
    return float(said) if said.isdecimal() else 0.0


def why_ended(socket: Socket, settings: Timings) -> tuple[str, int | None]:
    """Say why an open connection ended.

    Parameters
    ----------
    socket
        One that is no longer open.
    settings
        What `dial` was given.

    Returns
    -------
    why : str
        A part of a sentence.
    code : int or None
        Close code; None if there was no close frame.
    """
    if socket.has_overrun:
        return "more came with the handshake than is kept", None
    protocol = socket.protocol
    received, broken = protocol.close_rcvd, protocol.parser_exc
    if isinstance(broken, PayloadTooBig):
        limit = settings.max_message_bytes
        return f"a message was longer than max_message_bytes={limit}", 1009
    if received is not None:
        reason = received.reason or CLOSE_CODES.get(received.code)
        code = None if received.code == _NO_STATUS else int(received.code)
        return "closed by the exchange" + (f": {reason}" if reason else ""), code
    if broken is not None and not isinstance(broken, EOFError):
        sent = protocol.close_sent
        code = None if sent is None else int(sent.code)
        return f"its frames cannot be read ({broken})", code
    cause = socket.broken_by
    if isinstance(cause, ConnectionError):
        return "the connection was reset", None
    ended = "the connection ended without a close frame"
    return ended if cause is None else f"the connection broke ({cause})", None


def host_of(url: str) -> str:
    """Return host and port of an address, for messages."""
    return urlsplit(url).netloc
