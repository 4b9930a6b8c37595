"""Logging in: the exchange's clock, and refusals in words.

Which code means what is OKX's table of 2026-08-22; which cause is the likely one
is what users of other clients found out (wrong region: 60032, wrong environment:
50101, a timestamp used twice: 60006).
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from okxlab.errors import (
    CredentialsError,
    ExchangeError,
    LoginError,
    OkxlabError,
    TransportError,
)
from okxlab.protocol.auth import Credentials, conceal, rest_headers
from okxlab.transport import Backoff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from okxlab.environment import Environment
    from okxlab.protocol.events import LoginRefused
    from okxlab.rest import RestClient
    from okxlab.runtime import Clock

__all__ = ["Login", "check_credentials", "no_rest", "private_path"]

_log = logging.getLogger("okxlab.lab")

_EXPIRED = "60006"
_PASSING = frozenset({_EXPIRED, "60023", "60014", "63999"})
"""Codes after which another attempt with a fresh timestamp makes sense."""
_MOST_ATTEMPTS = 3
_JUMP = 5.0
"""A skew that changed by so much [s] says why a login was refused."""
_OTHER_ENVIRONMENT = "50101"
_REQUEST_EXPIRED = "50102"
_OF_KEYS = "501"
"""Codes of REST that begin so are about the key, its signature or its rights."""

_LIKELY = {
    "60004": "the clock: the timestamp is not one",
    "60005": "the key: OKX does not know this api_key",
    "60006": "the clock: this machine's time is more than 30 s off the exchange's",
    "60007": "the secret_key: the signature does not match",
    "60009": "the key, its secret_key or its passphrase",
    "60023": "the pace: too many logins in a short time",
    "60024": "the passphrase: it is the one chosen when the key was made, not the "
    "password of the account",
    "60026": "the kind of login: keys and tokens cannot be mixed",
    "60031": "the connection: it is logged in already",
    "60032": "the site or the key: a key works only on the site its account was "
    "made at, okxlab.connect(..., site='global' | 'eea' | 'us')",
    "50100": "the key: its rights were taken back, or it has none to read",
    "50102": "the clock: this machine's time is more than 30 s off the exchange's",
    "50105": "the passphrase",
    "50110": "the network address: the key is bound to others",
    "50111": "the key",
    "50113": "the secret_key: the signature does not match",
    "50119": "the key: it does not exist, on this site at least",
    "50120": "the key: it has no right to read; give it one on OKX's page of keys",
}


class Login:
    """The credentials of a lab and the clock they are signed with.

    Parameters
    ----------
    credentials
        The key.
    environment
        Where it is used, for messages.
    rest
        Tells the exchange's time; None: this machine's is used as it is.
    clock
        This machine's.

    Attributes
    ----------
    skew : float
        Exchange time less this machine's time [s].
    state : str
        ``given``, ``accepted`` or ``refused``: what became of it the last time.

    Notes
    -----
    Belongs to the loop thread.
    """

    def __init__(
        self,
        credentials: Credentials,
        environment: Environment,
        rest: RestClient | None,
        clock: Clock,
    ) -> None:
        self.credentials = credentials
        self.skew = 0.0
        self.state = "given"
        self._environment = environment
        self._rest = rest
        self._clock = clock
        self._attempts = 0
        # Whether the exchange's clock could not be read though it should be there.
        self._is_timeless = False
        timings = environment.timings
        self._backoff = Backoff(timings.backoff_initial, timings.backoff_max)

    async def synchronise(self) -> None:
        """Measure the skew; a clock that cannot be read is logged, not fatal."""
        if self._rest is None:
            return
        self._is_timeless = True
        before = self._clock.recv_us()
        try:
            there_ms = await self._rest.time()
        except OkxlabError as error:
            _log.warning("logging in by this machine's clock: %s", error)
            return
        self._is_timeless = False
        here_us = (before + self._clock.recv_us()) / 2
        before_s, self.skew = self.skew, there_ms / 1e3 - here_us / 1e6
        if abs(self.skew - before_s) > _JUMP:
            # A clock has jumped: attempts by the old time say nothing of the key.
            self._attempts = 0

    async def try_again(self) -> None:
        """Get ready for another attempt: by the exchange's clock, or after a pause."""
        await self.synchronise()
        if self._is_timeless:
            await asyncio.sleep(self._backoff.pause())

    def timestamp(self) -> str:
        """Return the exchange's time for a login: Unix time in whole seconds."""
        return str(int(self._now()))

    def iso_timestamp(self) -> str:
        """Return the exchange's time for a REST request: ISO with milliseconds."""
        now = datetime.fromtimestamp(self._now(), UTC)
        return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def accepted(self) -> None:
        """Note a login that worked."""
        self.state = "accepted"
        self._attempts = 0
        self._backoff.reset()

    def may_try_again(self, refusal: LoginRefused) -> bool:
        """Tell whether another attempt makes sense, and count it.

        A timestamp that was refused while the exchange's clock cannot be read says
        nothing of the key, so that such an attempt does not count.
        """
        self.state = "refused"
        if refusal.code == _EXPIRED and self._is_timeless:
            return True
        self._attempts += 1
        return refusal.code in _PASSING and self._attempts < _MOST_ATTEMPTS

    def error(self, refusal: LoginRefused) -> LoginError:
        """Return what to raise where the user stands."""
        return self._error(refusal.code, refusal.msg, "login", refusal.conn_id)

    def _error(self, code: str, msg: str, arg: str, conn_id: str = "") -> LoginError:
        what = "the login" if arg == "login" else f"the signed request {arg}"
        msg = conceal(msg, self.credentials)
        return LoginError(
            f"OKX refused {what} to {self._environment.name!r} "
            f"(site {self._environment.site!r}): {code} {msg.rstrip('.')}; the likely "
            f"cause is {self._likely_cause(code)}",
            code=code,
            msg=msg,
            arg=arg,
            conn_id=conn_id,
        )

    def _likely_cause(self, code: str) -> str:
        if code == _OTHER_ENVIRONMENT:
            here, there = (
                ("demo", "live") if self._environment.simulated else ("live", "demo")
            )
            return (
                f"the environment: this is a {there} key, which works with "
                f"okxlab.connect({there!r}, ...) only, and {self._environment.name!r} "
                f"takes {here} keys"
            )
        return _LIKELY.get(code, "the key, its secret_key or its passphrase")

    async def ask(
        self, path: str, params: Mapping[str, str | int | None] | None = None
    ) -> list[Any]:
        """Make a signed REST request; okxlab only reads.

        Parameters
        ----------
        path
            For example ``"/api/v5/trade/orders-pending"``.
        params
            Arguments with OKX's own names; those that are None are left out.

        Returns
        -------
        list
            The rows as OKX sent them, numbers still text.

        Raises
        ------
        LoginError
            If OKX refuses the key or the signature.
        ExchangeError, RemoteProtocolError, TransportError
            As `RestClient.get`; also if the environment has no REST address.
        """
        if self._rest is None:
            raise no_rest(self._environment)
        for is_last in (False, True):
            try:
                return await self._rest.get(path, params, sign=self._headers)
            except ExchangeError as error:
                if error.code == _REQUEST_EXPIRED and not is_last:
                    await self.synchronise()
                elif error.code.startswith(_OF_KEYS):
                    raise self._error(error.code, error.msg, error.arg) from None
                else:
                    raise
        raise AssertionError("the last attempt answers or raises")

    def _headers(self, path: str) -> dict[str, str]:
        return rest_headers(self.credentials, self.iso_timestamp(), path)

    def _now(self) -> float:
        return self._clock.recv_us() / 1e6 + self.skew


def check_credentials(given: object) -> None:
    """Refuse what are no credentials, without showing what it is.

    Raises
    ------
    CredentialsError
        If they were not made by `Credentials`.
    """
    if not isinstance(given, Credentials):
        raise CredentialsError(
            "credentials are okxlab.Credentials(api_key, secret_key, passphrase) or "
            f"okxlab.Credentials.from_env(), not of type {type(given).__name__}"
        )


def private_path(environment: Environment) -> str:
    """Return the path of an environment that a login is tried on.

    Raises
    ------
    CredentialsError
        If there is none.
    """
    for path in ("private", "business"):
        if getattr(environment, path) is not None:
            return path
    raise CredentialsError(
        f"the environment {environment.name!r} has public addresses only, so that "
        f"there is nothing to log in to; give it one: "
        f"okxlab.Environment(..., private='ws://...')"
    )


def no_rest(environment: Environment) -> TransportError:
    """Return what to raise where REST is needed and the environment has none."""
    return TransportError(
        f"the environment {environment.name!r} has no REST address; give one: "
        f"okxlab.Environment(..., rest='http://127.0.0.1:9000')"
    )
