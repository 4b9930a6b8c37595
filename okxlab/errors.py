"""Every exception that okxlab raises.

The tree::

    OkxlabError
      ChannelError (ValueError)         unknown channel, missing or wrong argument
      EnvironmentNameError (ValueError) no such environment or site
      CredentialsError (ValueError)     missing, or refused for this environment
      ProtocolError
        LocalProtocolError              okxlab was about to break a documented rule
        RemoteProtocolError             a frame that cannot be accepted
      ExchangeError                     OKX said no
        LoginError
        SubscriptionError
      TransportError (ConnectionError)
        ConnectError                    no connection could be made
        ConnectionLostError             a connection broke
      StreamError
        StreamClosedError               you closed it
        StreamBrokenError               it failed; the cause is chained
      WaitTimeoutError (TimeoutError)
      MissingExtraError (ImportError)

A message says what happened, where, and what to do next.  A hole in the
incoming rows is not an exception: it is recorded in ``stream.gaps``.
"""

from __future__ import annotations

__all__ = [
    "ChannelError",
    "ConnectError",
    "ConnectionLostError",
    "CredentialsError",
    "EnvironmentNameError",
    "ExchangeError",
    "LocalProtocolError",
    "LoginError",
    "MissingExtraError",
    "OkxlabError",
    "ProtocolError",
    "RemoteProtocolError",
    "StreamBrokenError",
    "StreamClosedError",
    "StreamError",
    "SubscriptionError",
    "TransportError",
    "WaitTimeoutError",
]

_TEXT_LIMIT = 200
"""Characters of a foreign frame kept on an error: enough to recognise it."""


class OkxlabError(Exception):
    """Base of every exception of okxlab."""


class ChannelError(OkxlabError, ValueError):
    """A channel, an argument or a chart of it, or a window does not exist or fit."""


class EnvironmentNameError(OkxlabError, ValueError):
    """There is no environment or site of that name."""


class CredentialsError(OkxlabError, ValueError):
    """Credentials are missing or not usable; the message never holds a value."""


class ProtocolError(OkxlabError):
    """A rule of the wire was broken."""


class LocalProtocolError(ProtocolError):
    """Okxlab was asked to send something that the exchange would refuse."""


class RemoteProtocolError(ProtocolError):
    """A frame from the other side cannot be accepted.

    Attributes
    ----------
    text : str
        The frame, cut to 200 characters.
    path : str
        Where in the frame the trouble is, as a JSON path; "" if unknown.
    code : str
        OKX's error code for such a request; "" where none applies.
    """

    def __init__(
        self, message: str, *, text: str = "", path: str = "", code: str = ""
    ) -> None:
        super().__init__(message)
        self.text = text[:_TEXT_LIMIT]
        self.path = path
        self.code = code


class ExchangeError(OkxlabError):
    """OKX refused a request.

    Attributes
    ----------
    code : str
        OKX's code, for example "60018".
    msg : str
        OKX's own words.
    arg : str
        What was asked for, for example "tickers BTC-USDT"; "" if unknown.
    conn_id : str
        OKX's id of the connection, which its support asks for; "" if unknown.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        msg: str = "",
        arg: str = "",
        conn_id: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.msg = msg
        self.arg = arg
        self.conn_id = conn_id


class LoginError(ExchangeError):
    """OKX refused the login."""


class SubscriptionError(ExchangeError):
    """OKX refused a subscription."""


class TransportError(OkxlabError, ConnectionError):
    """Something between here and the exchange failed."""


class ConnectError(TransportError):
    """No connection could be made.

    Attributes
    ----------
    host : str
        Host and port that were tried.
    attempts : int
        How many attempts failed so far.
    why : str
        What stood in the way, as a part of a sentence; "" if unknown.
    """

    def __init__(
        self, message: str, *, host: str = "", attempts: int = 0, why: str = ""
    ) -> None:
        super().__init__(message)
        self.host = host
        self.attempts = attempts
        self.why = why


class ConnectionLostError(TransportError):
    """An open connection broke.

    Attributes
    ----------
    code : int or None
        Close code of the WebSocket; None if there was no close frame.
    """

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class StreamError(OkxlabError):
    """A stream cannot do what was asked."""


class StreamClosedError(StreamError):
    """The stream was closed by its user."""


class StreamBrokenError(StreamError):
    """The stream failed; ``__cause__`` says why."""


class WaitTimeoutError(OkxlabError, TimeoutError):
    """Fewer rows than wanted came in time.

    Attributes
    ----------
    wanted, received : int
        Rows that were waited for, and rows that came.
    """

    def __init__(self, message: str, *, wanted: int = 0, received: int = 0) -> None:
        super().__init__(message)
        self.wanted = wanted
        self.received = received


class MissingExtraError(OkxlabError, ImportError):
    """An optional package is not installed; the message names the extra."""
