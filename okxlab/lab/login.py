"""Logging in: the exchange's clock, and refusals in words.

Which code means what is OKX's table of 2026-08-22; which cause is the likely one
is what users of other clients found out (wrong region: 60032, wrong environment:
50101, a timestamp used twice: 60006).
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from okxlab.errors import LoginError, OkxlabError

if TYPE_CHECKING:
    from okxlab.environment import Environment
    from okxlab.protocol.auth import Credentials
    from okxlab.protocol.events import LoginRefused
    from okxlab.rest import RestClient
    from okxlab.runtime import Clock

__all__ = ["Login"]

_log = logging.getLogger("okxlab.lab")

_EXPIRED = "60006"
_PASSING = frozenset({_EXPIRED, "60023", "60014", "63999"})
"""Codes after which another attempt with a fresh timestamp makes sense."""
_MOST_ATTEMPTS = 3

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
    "50101": "the environment: a demo key works only with okxlab.connect('demo') and "
    "a live key only with okxlab.connect('live')",
    "50105": "the passphrase",
    "50110": "the network address: the key is bound to others",
    "50111": "the key",
    "50113": "the secret_key: the signature does not match",
    "50119": "the key: it does not exist, on this site at least",
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
        self._environment = environment
        self._rest = rest
        self._clock = clock
        self._attempts = 0

    async def synchronise(self) -> None:
        """Measure the skew; a clock that cannot be read is logged, not fatal."""
        if self._rest is None:
            return
        before = self._clock.recv_us()
        try:
            there_ms = await self._rest.time()
        except OkxlabError as error:
            _log.warning("logging in by this machine's clock: %s", error)
            return
        here_us = (before + self._clock.recv_us()) / 2
        self.skew = there_ms / 1e3 - here_us / 1e6

    def timestamp(self) -> str:
        """Return the exchange's time for a login: Unix time in whole seconds."""
        return str(int(self._now()))

    def iso_timestamp(self) -> str:
        """Return the exchange's time for a REST request: ISO with milliseconds."""
        now = datetime.fromtimestamp(self._now(), UTC)
        return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def accepted(self) -> None:
        """Note a login that worked."""
        self._attempts = 0

    def may_try_again(self, refusal: LoginRefused) -> bool:
        """Tell whether another attempt makes sense, and count it."""
        self._attempts += 1
        return refusal.code in _PASSING and self._attempts < _MOST_ATTEMPTS

    def error(self, refusal: LoginRefused) -> LoginError:
        """Return what to raise where the user stands."""
        likely = _LIKELY.get(refusal.code, "the key, its secret_key or its passphrase")
        return LoginError(
            f"OKX refused the login to {self._environment.name!r} "
            f"(site {self._environment.site!r}): {refusal.code} {refusal.msg}; the "
            f"likely cause is {likely}",
            code=refusal.code,
            msg=refusal.msg,
            arg="login",
            conn_id=refusal.conn_id,
        )

    def _now(self) -> float:
        return self._clock.recv_us() / 1e6 + self.skew
