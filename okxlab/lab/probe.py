"""A connection that is made only to learn whether it, or a login, works."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from okxlab.errors import ConnectError, ConnectionLostError, LoginError
from okxlab.protocol import events as ev

if TYPE_CHECKING:
    from okxlab.lab.connecting import Connector
    from okxlab.lab.login import Login
    from okxlab.protocol.events import Event, Push
    from okxlab.transport import Connection

__all__ = ["probe"]

_LOGIN_FAILED = frozenset({4001, 4007})
"""Close codes: the login failed, the key was changed or deleted."""


async def probe(
    connector: Connector, path: str, login: Login | None = None, seconds: float = 30.0
) -> None:
    """Connect to a path once, log in there if asked to, and close again.

    Parameters
    ----------
    connector
        Makes the connection.
    path
        ``public``, ``private`` or ``business``.
    login
        What to log in with, by the exchange's clock, which it is asked for first;
        None: only the connection is tried.
    seconds
        Longest wait, above 0.

    Raises
    ------
    LoginError
        If the exchange refuses the login.
    ConnectError, ConnectionLostError
        If the path cannot be reached, does not answer in time, or hangs up.
    ChannelError
        If the environment has no such path.
    """
    one = _Probe(login)
    connection = connector.make(path, one)
    try:
        async with asyncio.timeout(seconds):
            if login is not None:
                await login.synchronise()
            connection.start()
            await one.outcome
    except TimeoutError as error:
        if one.refusal is not None:
            raise one.refusal from error
        what = "open" if connection.session is None else "log in"
        raise ConnectError(
            f"{connection.url} did not {what} within {seconds:g} s"
        ) from error
    finally:
        one.stop()
        await connection.close()


class _Probe:
    """Listens to one connection until it is known whether it works."""

    def __init__(self, login: Login | None) -> None:
        self.refusal: LoginError | None = None  # the last one that may pass
        self.outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._login = login
        # Set from a refusal that may pass until the next connection is open.
        self._is_retrying = False
        self._retry: asyncio.Task[None] | None = None

    def opened(self, connection: Connection) -> None:
        """Log in, or be content."""
        self._is_retrying = False
        if self._login is None:
            self._end()
            return
        assert connection.session is not None
        connection.session.login(self._login.credentials, self._login.timestamp())

    def event(self, connection: Connection, event: Event) -> None:
        """Take the answer to the login."""
        if self._login is None:
            return
        if isinstance(event, ev.LoggedIn):
            self._login.accepted()
            self._end()
        elif isinstance(event, ev.LoginRefused):
            if self._login.may_try_again(event):
                self.refusal = self._login.error(event)
                self._is_retrying = True
                self._retry = asyncio.create_task(
                    self._try_again(connection, self._login)
                )
            else:
                self._end(self._login.error(event))

    def lost(
        self, connection: Connection, why: str, code: int | None, alive_us: int
    ) -> None:
        """Give up if the exchange hangs up by itself."""
        del alive_us
        if self._is_retrying:
            return
        if code in _LOGIN_FAILED:
            said = f"{connection.url} hung up on the login: {why} ({code})"
            self._end(LoginError(said, code=str(code), msg=why, arg="login"))
        else:
            said = f"{connection.url} hung up before it had answered: {why}"
            self._end(ConnectionLostError(said, code=code))

    def failed(self, connection: Connection, error: Exception) -> None:
        """Give up at once: somebody waits."""
        why = error.why if isinstance(error, ConnectError) else str(error)
        refused = ConnectError(
            f"{connection.url} cannot be reached: {why}",
            host=urlsplit(connection.url).netloc,
            attempts=1,
            why=why,
        )
        refused.__cause__ = error
        self._end(refused)

    def aged(self, connection: Connection) -> None:
        """Pass over an age that is far longer than a probe takes."""

    def pushed(self, push: Push, recv_us: int) -> None:
        """Pass over rows, which nobody asked for."""

    def stop(self) -> None:
        """Try nothing more."""
        if self._retry is not None:
            self._retry.cancel()

    async def _try_again(self, connection: Connection, login: Login) -> None:
        await login.try_again()
        if self._is_retrying:
            connection.reconnect("a refused login is tried again")

    def _end(self, error: Exception | None = None) -> None:
        if self.outcome.done():
            return
        if error is None:
            self.outcome.set_result(None)
        else:
            self.outcome.set_exception(error)
